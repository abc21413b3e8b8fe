package referrals

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/audit"
	"shubbak/policies"
)

// Preview shows the sender what the receiver sees at each stage.
func (s *Service) Preview(ctx context.Context, id ID) (PreviewView, error) {
	r, err := s.reach(ctx, id, preview)
	if err != nil {
		return PreviewView{}, err
	}
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return PreviewView{}, err
	}
	now := s.Clock.Now()
	g := r.grant()
	if r.SentAt.IsZero() {
		if g, _, err = s.wouldGrant(ctx, r, now); err != nil {
			return PreviewView{}, err
		}
		s.setCard(&r, p, now)
	}
	v := s.stages(r, g, identityOf(p, g.Contact))
	return v, s.Audit.Opened(ctx, audit.Entry{Action: "preview", Object: "referral", ID: id.String()})
}

// wouldGrant is the grant that sending now would fix, and the annex that it follows.
func (s *Service) wouldGrant(ctx context.Context, r Referral, now time.Time) (g policies.Grant, annex policies.Annex, err error) {
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return g, annex, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		prof, err := s.Profile(ctx, r.PersonID)
		if err != nil {
			return err
		}
		permit, _, err := s.Agreements.Permits(ctx, r.FromTenant, r.asked(prof))
		if err != nil {
			return err
		}
		consented, err := s.consent(ctx, &r, recipient.Slug, now)
		annex = permit.Annex
		if r.Exception {
			annex = exceptionAnnex
		}
		g = policies.Share(annex, r.Basis, consented, policies.Split(r.Wanted), recipient.Declared().Care)
		return err
	})
	return g, annex, err
}

// stages lists, in the order in which they open, the slices and their fields.
func (s *Service) stages(r Referral, g policies.Grant, id Identity) PreviewView {
	v := PreviewView{}
	add := func(state State, slice policies.Slice, fields ...string) {
		v.Stages = append(v.Stages, Stage{State: state, Slice: slice, Fields: fields})
	}
	card := []string{"need", "service", "priority"}
	for field, value := range map[string]string{"age_band": r.CardAgeBand, "sex": r.CardSex, "district": r.CardDistrict, "language": r.CardLanguage} {
		if value != "" {
			card = append(card, field)
		}
	}
	if len(r.CardTriage) > 0 {
		card = append(card, "triage")
	}
	if r.CardDocuments > 0 {
		card = append(card, "documents")
	}
	slices.Sort(card[3:])
	add(Sent, policies.Card, card...)
	for _, x := range g.Open(policies.Started) {
		switch x {
		case policies.Identity:
			add(Accepted, x, id.fields()...)
		case policies.Social:
			add(Accepted, x, "reason")
		case policies.Documents:
			add(Accepted, x, "name", "content")
		case policies.Summary:
			add(InProgress, x, "summary")
		}
	}
	return v
}

func (i Identity) fields() []string {
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"given_name_ar", i.GivenNameAr != ""}, {"family_name_ar", i.FamilyNameAr != ""}, {"given_name", i.GivenName != ""}, {"family_name", i.FamilyName != ""}, {"alias", i.Alias != ""},
		{"sex", true}, {"birth_date", i.BirthDate != ""}, {"birth_precision", true}, {"phones", len(i.Phones) > 0}, {"commune", i.Commune != ""}, {"address", i.Address != ""}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}
