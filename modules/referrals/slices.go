package referrals

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/platform/vault"
	"shubbak/policies"
)

// Identity is the content of the slice `identity`; phones, commune and address are
// there only where the category `contact` may be shared too.
type Identity struct {
	GivenNameAr    string         `json:"given_name_ar,omitempty"`
	FamilyNameAr   string         `json:"family_name_ar,omitempty"`
	GivenName      string         `json:"given_name,omitempty"`
	FamilyName     string         `json:"family_name,omitempty"`
	Alias          string         `json:"alias,omitempty"`
	Sex            string         `json:"sex" validate:"required"`
	BirthDate      string         `json:"birth_date,omitempty"`
	BirthPrecision string         `json:"birth_precision" validate:"required"`
	Phones         []people.Phone `json:"phones,omitempty"`
	Commune        string         `json:"commune,omitempty"`
	Address        string         `json:"address,omitempty"`
}

// DisplayName is the name in the reader's script, else in the other.
func (i Identity) DisplayName(arabic bool) string {
	return people.Person{GivenNameAr: i.GivenNameAr, FamilyNameAr: i.FamilyNameAr, GivenName: i.GivenName, FamilyName: i.FamilyName, Alias: i.Alias}.DisplayName(arabic)
}

// Social is the content of the slice `social`.
type Social struct {
	Reason  string   `json:"reason" validate:"required"`
	Domains []string `json:"domains,omitempty"`
}

// identityOf is what a receiver may know of a person; contact adds how to reach
// them: phones that are safe, and nothing of one that is not.
func identityOf(p people.Person, contact bool) Identity {
	i := Identity{GivenNameAr: p.GivenNameAr, FamilyNameAr: p.FamilyNameAr, GivenName: p.GivenName, FamilyName: p.FamilyName, Alias: p.Alias,
		Sex: p.Sex, BirthDate: p.BirthDate, BirthPrecision: p.BirthPrecision}
	if !contact {
		return i
	}
	for _, ph := range p.Private.Phones {
		if ph.Safe {
			i.Phones = append(i.Phones, ph)
		}
	}
	i.Commune, i.Address = p.Commune, p.Private.Address
	return i
}

// ownIdentity is what the sender sees: everything.
func ownIdentity(p people.Person) Identity {
	i := identityOf(p, true)
	i.Phones = p.Private.Phones
	return i
}

// setCard fills the anonymous card: no name, no initials, no words.
func (s *Service) setCard(r *Referral, p people.Person, now time.Time) {
	r.CardAgeBand = "unknown"
	if years, ok := p.Age(now.In(s.zone)); ok {
		r.CardAgeBand = people.AgeBand(years)
	}
	r.CardSex, r.CardDistrict, r.CardLanguage = p.Sex, s.terms.District(p.Commune), ""
	if len(p.Private.Languages) > 0 {
		r.CardLanguage = p.Private.Languages[0]
	}
}

// profile is what rules may ask about a person.
func profile(p people.Person, now time.Time) terms.Profile {
	age, ok := p.Age(now)
	return terms.Profile{Age: age, AgeKnown: ok, Sex: p.Sex, Commune: p.Commune, Situations: p.Private.Situations}
}

// Profile reads what rules may ask about a person of the tenant of ctx.
func (s *Service) Profile(ctx context.Context, id ids.ID[ids.Person]) (terms.Profile, error) {
	p, err := s.People.Load(ctx, id)
	return profile(p, s.Clock.Now().In(s.zone)), err
}

func slicePlace(id ID, slice policies.Slice) string {
	return "referral_slices." + string(slice) + ":" + id.String()
}

// putSocial seals the reason; the sender reads it always, the receiver once the
// slice is open.
func (s *Service) putSocial(ctx context.Context, r Referral, social Social) error {
	row, err := s.seal(ctx, r, policies.Social, social)
	if err != nil {
		return err
	}
	return putSlices(ctx, []sliceRow{row})
}

// identitySlices seals what this referral may ever show of who the person is.
func (s *Service) identitySlices(ctx context.Context, r Referral, p people.Person) ([]sliceRow, error) {
	g := r.grant()
	if !g.Identity {
		return nil, nil
	}
	full := identityOf(p, g.Contact)
	identity, err := s.seal(ctx, r, policies.Identity, full)
	if err != nil {
		return nil, err
	}
	name, err := s.seal(ctx, r, policies.Name, full.names())
	return []sliceRow{identity, name}, err
}

// names is what stays after the end: the display name in both scripts.
func (i Identity) names() Identity {
	return Identity{GivenNameAr: i.GivenNameAr, FamilyNameAr: i.FamilyNameAr, GivenName: i.GivenName, FamilyName: i.FamilyName, Alias: i.Alias}
}

// seal is a slice as it is kept.
func (s *Service) seal(ctx context.Context, r Referral, slice policies.Slice, value any) (sliceRow, error) {
	sealed, err := s.Vault.SealJSON(ctx, r.KeyID, slicePlace(r.ID, slice), value)
	return sliceRow{ReferralID: r.ID, Slice: slice, FromTenant: r.FromTenant, Payload: sealed}, err
}

// contents are the slices of one referral that the reader may open now.
type contents struct {
	Identity *Identity
	Social   *Social
	Kept     *Identity // the names alone, after the end
	Call     *Call     // of an immediate danger
}

// prefetch reads the keys of what will be opened, in one query.
func (s *Service) prefetch(ctx context.Context, sealed [][]byte) error {
	keys := make([]vault.KeyID, len(sealed))
	for i, x := range sealed {
		k, err := vault.KeyOf(x)
		if err != nil {
			return err
		}
		keys[i] = k
	}
	return s.Vault.Prefetch(ctx, keys...)
}

// open unseals slices of a page of referrals, keys in one query.
func (s *Service) open(ctx context.Context, rows []sliceRow) (map[ID]contents, error) {
	sealed := make([][]byte, len(rows))
	for i, r := range rows {
		sealed[i] = r.Payload
	}
	if err := s.prefetch(ctx, sealed); err != nil {
		return nil, err
	}
	out := map[ID]contents{}
	for _, r := range rows {
		c := out[r.ReferralID]
		var err error
		switch r.Slice {
		case policies.Identity:
			c.Identity = &Identity{}
			err = s.Vault.OpenJSON(ctx, slicePlace(r.ReferralID, r.Slice), r.Payload, c.Identity)
		case policies.Call:
			c.Call = &Call{}
			err = s.Vault.OpenJSON(ctx, slicePlace(r.ReferralID, r.Slice), r.Payload, c.Call)
		case policies.Name:
			c.Kept = &Identity{}
			err = s.Vault.OpenJSON(ctx, slicePlace(r.ReferralID, r.Slice), r.Payload, c.Kept)
		case policies.Social:
			c.Social = &Social{}
			err = s.Vault.OpenJSON(ctx, slicePlace(r.ReferralID, r.Slice), r.Payload, c.Social)
		}
		if err != nil {
			return nil, err
		}
		out[r.ReferralID] = c
	}
	return out, nil
}

// exceptionAnnex is what an exception to the agreement opens at most: card and
// identity (domain.md §3).
var exceptionAnnex = policies.Annex{policies.Identity: {policies.CatIdentity, policies.CatContact}}

// grant is what was fixed at send.
func (r *Referral) grant() policies.Grant {
	var g policies.Grant
	_ = json.Unmarshal([]byte(r.Grant), &g) // "" is the empty grant
	return g
}

func (r *Referral) setGrant(g policies.Grant) {
	b, _ := json.Marshal(g)
	r.Grant = string(b)
}

// stage is how far the referral has come, as far as sharing is concerned.
func (r *Referral) stage() policies.Stage {
	s := r.State
	if s == RecallRequested {
		s = r.BeforeRecall
	}
	switch s {
	case Draft, AwaitingConsent, AwaitingApproval:
		return policies.Unsent
	case Sent, Acknowledged, InfoRequested:
		return policies.Sent
	case Accepted, Waitlisted, Scheduled, NoShow:
		return policies.Accepted
	case InProgress, OnHold, Completed, OutcomeConfirmed, Failed:
		// Completion and failure leave the slices open for thirty days.
		return policies.Started
	case EnteredInError:
		return policies.Closed
	}
	return r.afterEnd()
}

// afterEnd is the stage once nothing is open any more.
func (r *Referral) afterEnd() policies.Stage {
	if r.WasAccepted() {
		return policies.Kept
	}
	return policies.Closed
}

// keepOpen is how long slices stay open after completion or failure.
const keepOpen = 30 * 24 * time.Hour

// setOpen writes which slices stand open after a change of state. A closed referral
// has not even the card: messages and notes of the other side close with it.
func (r *Referral) setOpen(now time.Time) {
	at := r.stage()
	if !r.EndedAt.IsZero() && now.Sub(r.EndedAt) > keepOpen {
		at = r.afterEnd() // a late confirmation opens nothing again
	}
	r.OpenSlices = policies.Join(r.grant().Open(at))
}

// openNow is what the receiver may open at an instant: the thirty days after the
// end count even before the housekeeping has run.
func (r *Referral) openNow(now time.Time) []policies.Slice {
	if !r.EndedAt.IsZero() && now.Sub(r.EndedAt) > keepOpen {
		return r.grant().Open(r.afterEnd())
	}
	return policies.Split(r.OpenSlices)
}

var phoneLike = regexp.MustCompile(`[+0-9٠-٩][0-9٠-٩ .\-()]{7,}[0-9٠-٩]`)

// checkAnonymous refuses a text of the sender that would tell the receiver who the
// person is before acceptance (domain.md §4: the name check).
func (s *Service) checkAnonymous(field, text string, p people.Person) error {
	hit := people.Mentions(text, p.Names()...)
	if id := p.Private.NationalID; len(id) >= 4 {
		squeezed := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "").Replace(text))
		hit = hit || strings.Contains(squeezed, id)
	}
	for _, m := range phoneLike.FindAllString(text, -1) {
		if _, ok := people.NormalPhone(m); ok {
			hit = true
		}
	}
	if hit {
		return fault.In(field, "identifies_person")
	}
	return nil
}
