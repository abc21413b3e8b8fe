package agreements

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Create begins a draft. Where it says nothing of articles it has the usual ones of
// its kind.
func (s *Service) Create(ctx context.Context, t Text) (a Agreement, err error) {
	actor := tenants.From(ctx)
	if !slices.ContainsFunc(t.Parties, func(p PartyText) bool { return p.Tenant == actor.Tenant.Slug }) {
		t.Parties = append([]PartyText{{Party: Party{Tenant: actor.Tenant.Slug}}}, t.Parties...)
	}
	if t.Articles == nil {
		if t.Articles, err = template(t.Kind); err != nil {
			return a, err
		}
	}
	now := s.Clock.Now()
	a = Agreement{ID: ids.New[ids.Agreement](), TenantID: actor.Tenant.ID, Version: 1, CreatedAt: now, StateSince: now, Alerted: 1000}
	if err := s.check(ctx, &t); err != nil {
		return a, err
	}
	return a, s.DB.InTx(ctx, func(ctx context.Context) error { return s.begin(ctx, &a, t, "created") })
}

// begin writes a new agreement in draft.
func (s *Service) begin(ctx context.Context, a *Agreement, t Text, event string) error {
	now := s.Clock.Now()
	var err error
	if a.Number, err = nextNumber(ctx, now.In(clock.Casablanca()).Year(), s.DB.Postgres()); err != nil {
		return err
	}
	a.show(t)
	e := a.become(Draft, event, now)
	e.FromState = ""
	if err := insertAgreement(ctx, *a); err != nil {
		return err
	}
	if err := s.writeText(ctx, *a, t, 0, false, event); err != nil {
		return err
	}
	return s.record(ctx, *a, []Event{e})
}

// show copies to the row what lists and Permits read of a text.
func (a *Agreement) show(t Text) {
	a.Kind, a.TitleAr, a.TitleFr, a.Object, a.ObjectFr = t.Kind, t.Title.Ar, t.Title.Fr, t.Object.Ar, t.Object.Fr
	a.EffectiveOn, a.EndsOn, a.Renewal, a.NoticeDays = t.EffectiveOn, t.EndsOn, t.Renewal, t.NoticeDays
	a.Parties = nil
	for _, p := range t.Parties {
		a.Parties = append(a.Parties, p.Party)
	}
}

// compose makes the text of an agreement that was written before texts were kept.
func (s *Service) compose(ctx context.Context, f Full) Text {
	t := Text{Kind: f.Kind, Title: Title{f.TitleAr, f.TitleFr}, Object: Body{f.Object, f.ObjectFr}, Articles: []Article{}, EffectiveOn: f.EffectiveOn, EndsOn: f.EndsOn, Renewal: f.Renewal, NoticeDays: f.NoticeDays}
	for _, p := range f.Parties {
		t.Parties = append(t.Parties, PartyText{Party: p})
	}
	for _, x := range f.Scopes {
		t.Scopes = append(t.Scopes, ScopeText{ID: x.ID, From: s.Tenants.Slug(ctx, x.FromTenant), To: s.Tenants.Slug(ctx, x.ToTenant), Needs: x.Needs, Services: x.Services, Priorities: x.Priorities, Population: x.Population})
	}
	for _, x := range f.Sharing {
		t.Sharing = append(t.Sharing, ShareText{From: s.Tenants.Slug(ctx, x.FromTenant), To: s.Tenants.Slug(ctx, x.ToTenant), Slice: x.Slice, Categories: x.Categories})
	}
	t.Quotas, t.Obligations = f.Quotas, f.Obligations
	return t
}

// textOf gives one version as it was written, with its hash.
func (s *Service) textOf(ctx context.Context, a Agreement, version int64) (t Text, hash string, err error) {
	r, err := textRowOf(ctx, a.ID, version)
	if db.NoRows(err) && a.Sequence == 0 && version == a.Version {
		f := Full{Agreement: a}
		if f.Scopes, err = scopesOf(ctx, a.ID); err != nil {
			return t, "", err
		}
		if f.Sharing, err = sharingOf(ctx, a.ID); err != nil {
			return t, "", err
		}
		t = s.compose(ctx, f)
		b, err := t.Canonical()
		return t, HashOf(b), err
	}
	if err != nil {
		return t, "", gone(err)
	}
	return t, r.SHA256, json.Unmarshal([]byte(r.Content), &t)
}

// writeText stores the text of the present version; old, if not 0, is a version that
// nobody else has seen and that it takes the place of.
func (s *Service) writeText(ctx context.Context, a Agreement, t Text, old int64, kept bool, why string) error {
	b, err := t.Canonical()
	if err != nil {
		return err
	}
	actor := tenants.From(ctx)
	r := textRow{AgreementID: a.ID, Version: a.Version, TenantID: a.TenantID, Content: string(b), SHA256: HashOf(b), Kept: kept, Why: why, ByUser: actor.User, At: s.Clock.Now()}
	if !actor.User.IsZero() {
		r.ByTenant = tenants.Current(ctx)
	}
	if old != 0 {
		return replaceText(ctx, old, r)
	}
	return insertText(ctx, r)
}

// reach locks an agreement that the actor may see; not_found for any other.
func (s *Service) reach(ctx context.Context, id ids.ID[ids.Agreement]) (Agreement, error) {
	a, err := lock(ctx, id)
	if err != nil {
		return a, gone(err)
	}
	if !a.State.Settled() && !s.maySeeDrafts(ctx) {
		return a, fault.New(fault.NotFound)
	}
	return a, nil
}

// Edit changes the text. Whoever edits says which version they saw; 0 adds something
// whatever the version. While signing it voids every signature, in this transaction.
func (s *Service) Edit(ctx context.Context, id ids.ID[ids.Agreement], version int64, what string, change func(t *Text) error) (a Agreement, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if a, err = s.reach(ctx, id); err != nil {
			return err
		}
		if a.TenantID != tenants.Current(ctx) {
			return fault.New(fault.Forbidden)
		}
		if version != 0 && a.Version != version {
			return fault.New(fault.VersionConflict)
		}
		if !a.State.Editable() {
			return a.illegal("edit")
		}
		t, _, err := s.textOf(ctx, a, a.Version)
		if err != nil {
			return err
		}
		if err := change(&t); err != nil {
			return err
		}
		return s.rewrite(ctx, &a, t, what)
	})
	return a, err
}

// rewrite makes a changed text the next version.
func (s *Service) rewrite(ctx context.Context, a *Agreement, t Text, what string) error {
	if err := s.check(ctx, &t); err != nil {
		return err
	}
	now, old := s.Clock.Now(), a.Version
	a.Version++
	a.show(t)
	// A draft that was never handed on is written over; every other version stays.
	fresh, err := textRowOf(ctx, a.ID, old)
	if err != nil && !db.NoRows(err) {
		return err
	}
	if err != nil || fresh.Kept {
		old = 0
	}
	if err := s.writeText(ctx, *a, t, old, a.State != Draft, what); err != nil {
		return err
	}
	if err := s.shareWith(ctx, *a, t); err != nil {
		return err
	}
	e := a.note("edited", now)
	e.Reason = what
	if a.State == Signing {
		if err := s.agrees(ctx, *a, t); err != nil {
			return err
		}
		e.Event = "text_changed"
		if _, err := voidSignatures(ctx, a.ID, now); err != nil {
			return err
		}
	}
	if err := save(ctx, *a); err != nil {
		return err
	}
	return s.record(ctx, *a, []Event{e})
}

// shareWith lets the parties of a text see it once negotiation has begun, and nobody
// who is a party no more.
func (s *Service) shareWith(ctx context.Context, a Agreement, t Text) error {
	list := []tenants.ID{a.TenantID}
	if a.SharedFrom > 0 {
		members, err := s.members(ctx, t)
		if err != nil {
			return err
		}
		list = append(list, members...)
	}
	for _, id := range list {
		if err := addParty(ctx, a, id); err != nil {
			return err
		}
	}
	return keepParties(ctx, a.ID, list)
}

// members are the tenants among the parties.
func (s *Service) members(ctx context.Context, t Text) (out []tenants.ID, err error) {
	for _, p := range t.Parties {
		if p.Tenant == "" {
			continue
		}
		x, err := s.Tenants.BySlug(ctx, p.Tenant)
		if err != nil {
			return nil, err
		}
		if x != nil {
			out = append(out, x.ID)
		}
	}
	return out, nil
}

// check names what is wrong with a text, its codes among it, and gives new parts
// their ids.
func (s *Service) check(ctx context.Context, t *Text) error {
	for i := range t.Articles {
		newID(&t.Articles[i].ID)
	}
	for i := range t.Scopes {
		newID(&t.Scopes[i].ID)
	}
	for i := range t.Quotas {
		newID(&t.Quotas[i].ID)
	}
	for i := range t.Obligations {
		newID(&t.Obligations[i].ID)
	}
	var f fault.Collect
	if err := t.Check(); err != nil {
		var known *fault.Error
		if !asFault(err, &known) {
			return err
		}
		for _, x := range known.Fields {
			f.AddField(x)
		}
	}
	for i, p := range t.Parties {
		if p.Tenant == "" {
			continue
		}
		if x, err := s.Tenants.BySlug(ctx, p.Tenant); err != nil {
			return err
		} else if x == nil {
			f.Add(index("parties", i)+".tenant", "unknown_code")
		}
	}
	if actor := tenants.From(ctx); actor.Tenant != nil && !t.isTenant(actor.Tenant.Slug) {
		own(&f, "parties", "not_among_parties")
	}
	for i, x := range t.Scopes {
		at := index("scopes", i)
		for j, n := range x.Needs {
			if !s.terms.Need(n) {
				f.Add(at+"."+index("needs", j), "unknown_code")
			}
		}
		s.checkPopulation(&f, at+".population", x.Population)
	}
	s.checkPopulation(&f, "population", t.Population)
	for i, c := range t.Territory {
		if _, ok := s.terms.Commune(c); !ok {
			f.Add(index("territory", i), "unknown_code")
		}
	}
	for i, q := range t.Quotas {
		if q.Limit < 1 {
			f.Add(index("quotas", i)+".limit", "out_of_range")
		}
	}
	if err := s.checkServices(ctx, t, &f); err != nil {
		return err
	}
	return f.Err()
}

func (s *Service) checkPopulation(f *fault.Collect, at string, p Population) {
	if p.AgeMin != nil && (*p.AgeMin < 0 || *p.AgeMin > 120) {
		f.Add(at+".age_min", "out_of_range")
	}
	if p.AgeMax != nil && (*p.AgeMax < 0 || *p.AgeMax > 120) {
		f.Add(at+".age_max", "out_of_range")
	}
	if p.AgeMin != nil && p.AgeMax != nil && *p.AgeMin > *p.AgeMax {
		f.Add(at+".age_max", "nobody_can")
	}
	if p.Sex != "" && p.Sex != "female" && p.Sex != "male" {
		f.Add(at+".sex", "unknown_code")
	}
	for i, c := range p.Communes {
		if _, ok := s.terms.Commune(c); !ok {
			f.Add(at+"."+index("communes", i), "unknown_code")
		}
	}
	for i, c := range p.Situations {
		if !s.terms.Situation(c) {
			f.Add(at+"."+index("situations", i), "unknown_code")
		}
	}
}

func newID(id *ids.ID[ids.Entry]) {
	if id.IsZero() {
		*id = ids.New[ids.Entry]()
	}
}

// record writes what happened: history, audit chain, news.
func (s *Service) record(ctx context.Context, a Agreement, events []Event) error {
	actor := tenants.From(ctx)
	var audience []tenants.ID
	for _, e := range events {
		if e.ByUser = actor.User; !actor.User.IsZero() {
			e.ByTenant = tenants.Current(ctx)
		}
		if err := insertEvent(ctx, e); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: e.Event, Object: "agreement", ID: a.ID.String(), Fields: []string{string(e.ToState)}}); err != nil {
			return err
		}
		if audience == nil {
			var err error
			if audience, err = s.audience(ctx, a); err != nil {
				return err
			}
		}
		if err := s.Bus.Publish(ctx, s.moved(a, e, audience)); err != nil {
			return err
		}
	}
	return nil
}

// audience is who may know of it: its keeper, and the other parties from negotiation on.
func (s *Service) audience(ctx context.Context, a Agreement) ([]tenants.ID, error) {
	out := []tenants.ID{a.TenantID}
	if a.SharedFrom == 0 {
		return out, nil
	}
	var t Text
	for _, p := range a.Parties {
		t.Parties = append(t.Parties, PartyText{Party: p})
	}
	members, err := s.members(ctx, t)
	for _, m := range members {
		if m != a.TenantID {
			out = append(out, m)
		}
	}
	return out, err
}

// blank reports words that say nothing.
func blank(s string) bool { return strings.TrimSpace(s) == "" }

// blank reports an article without a word.
func (x Article) blank() bool {
	return i18n.Blank(x.Title.Ar + x.Title.Fr + x.Body.Ar + x.Body.Fr)
}

// check names an article that says nothing, by its title.
func (x Article) check(f *fault.Collect, at string) {
	if x.blank() {
		f.Add(at+"title", "required")
	}
}
