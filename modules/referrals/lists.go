package referrals

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// Search is the query of a list.
type Search struct {
	Box     string
	States  []State
	Open    bool
	Decide  bool
	Danger  bool
	Person  ids.ID[ids.Person] // of the sender's register
	Review  bool               // dangers of the sender that are not reviewed
	Overdue bool
	Number  string
	Need    string
	Partner ids.ID[ids.Tenant] // the other side
	Mine    bool               // in: assigned to the reader; out: written by the reader
	Due     bool               // the most pressing first; of open ones, for all others have no deadline
}

// restrict builds the filter with what the actor's roles may reach.
func (s *Service) restrict(ctx context.Context, q Search) filter {
	a := tenants.From(ctx)
	f := filter{need: q.Need, partner: q.Partner, due: q.Due, box: q.Box, states: q.States, open: q.Open, decide: q.Decide, danger: q.Danger, person: q.Person, review: q.Review, overdue: q.Overdue, number: q.Number, units: a.Units, now: s.Clock.Now()}
	only := !s.Law.Allow(a, read, policies.Receiver) && s.Law.Allow(a, read, policies.Assignee)
	if only || q.Mine && q.Box != "out" {
		f.assignee = a.User
		f.none = only && q.Box == "out" // what is assigned to somebody was received
		f.box = "in"
	} else if q.Mine {
		f.sender = a.User
	}
	if !s.Law.Allow(a, read, policies.Sender) && !s.Law.Allow(a, read, policies.Assignee) && s.Law.Allow(a, read, policies.Arbiter) {
		// The coordinator sees exceptions that wait, and nothing else.
		f.none = q.Box == "in"
		f.box, f.states = "out", []State{AwaitingApproval}
	}
	return f
}

// List gives a page of referrals. It opens nothing: rows hold the card, and the
// identity where somebody of the unit has opened it before. The page is one audit
// entry with its ids.
func (s *Service) List(ctx context.Context, q Search, page web.PageOf) ([]View, error) {
	var rows []Referral
	var out []View
	a := tenants.From(ctx)
	after, err := placeOf(q, page.After)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if rows, err = list(ctx, s.restrict(ctx, q), after, page.Limit+1); err != nil {
			return err
		}
		content, err := s.nameable(ctx, a, rows)
		if err != nil {
			return err
		}
		out, err = s.views(ctx, rows, content, nil)
		return err
	})
	if err != nil || len(out) == 0 {
		return out, err
	}
	seen := make([]string, 0, len(rows))
	for _, r := range rows[:min(len(rows), page.Limit)] {
		seen = append(seen, r.ID.String())
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "referral", IDs: seen})
}

// key names a row to the list that shows it: a cursor holds it.
func (q Search) key(v View) string {
	if q.Due {
		return v.row.DueAt.UTC().Format(time.RFC3339Nano) + " " + v.ResourceID()
	}
	return v.ResourceID()
}

// placeOf reads such a key.
func placeOf(q Search, key string) (p place, err error) {
	if p.id = key; q.Due && key != "" {
		due, id, _ := strings.Cut(key, " ")
		if p.due, err = time.Parse(time.RFC3339Nano, due); err != nil || id == "" {
			return p, web.Malformed("after")
		}
		p.id = id
	}
	return p, nil
}

// nameable reads who the persons are whom a list may name: those whose identity
// somebody of the unit has opened, and those whose name stays after the end.
func (s *Service) nameable(ctx context.Context, a tenants.Actor, rows []Referral) (map[ID]contents, error) {
	now := s.Clock.Now()
	var which []ID
	for _, r := range rows {
		if r.ToTenant != a.Tenant.ID {
			continue
		}
		open := r.openNow(now)
		if slices.Contains(open, policies.Name) || !r.OpenedAt.IsZero() && slices.Contains(open, policies.Identity) {
			which = append(which, r.ID)
		}
	}
	if len(which) == 0 {
		return nil, nil
	}
	found, err := slicesOf(ctx, which...)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, slices.DeleteFunc(found, func(r sliceRow) bool { return r.Slice != policies.Identity && r.Slice != policies.Name }))
}

// Count counts at most 100 referrals of each search.
func (s *Service) Count(ctx context.Context, searches ...Search) (n []int, err error) {
	filters := make([]filter, len(searches))
	for i, q := range searches {
		filters[i] = s.restrict(ctx, q)
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		n, err = countUpTo(ctx, filters...)
		return err
	})
	return n, err
}

func (s *Service) count(ctx context.Context, q Search) (int, error) {
	n, err := s.Count(ctx, q)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// views turns rows into what the actor may see of them, with a query per kind of
// neighbour, never per row. known are the persons of its own side, nil to read them.
func (s *Service) views(ctx context.Context, rows []Referral, content map[ID]contents, known map[ids.ID[ids.Person]]people.Person) ([]View, error) {
	a, now := tenants.From(ctx), s.Clock.Now()
	var services []ids.ID[ids.Service]
	var persons []ids.ID[ids.Person]
	for _, r := range rows {
		services = append(services, r.ServiceID)
		if s.side(a, r) == policies.Sender {
			persons = append(persons, r.PersonID)
		}
	}
	names, err := s.Directory.ByIDs(ctx, services)
	if err != nil {
		return nil, err
	}
	var bodies []ids.ID[ids.Organization]
	for _, r := range rows {
		if r.Letter() {
			bodies = append(bodies, r.OrganizationID)
		}
	}
	outside, err := s.Directory.Organizations(ctx, bodies...)
	if err != nil {
		return nil, err
	}
	if known == nil {
		if known, err = s.People.Listed(ctx, persons); err != nil {
			return nil, err
		}
	}
	out := make([]View, len(rows))
	for i, r := range rows {
		out[i] = s.view(ctx, a, r, names[r.ServiceID], now)
		if r.Letter() {
			out[i].To, out[i].Own, out[i].OpenSlices = Party{Organization: outside[r.OrganizationID].Ref()}, nil, []policies.Slice{}
		}
		if s.side(a, r) == policies.Sender {
			out[i].PersonID = r.PersonID
			if p, ok := known[r.PersonID]; ok {
				id := identityOf(p, false)
				out[i].Identity = &id
			}
		} else if c := content[r.ID]; slices.Contains(r.openNow(now), policies.Name) {
			if who := cmp.Or(c.Kept, c.Identity); who != nil {
				out[i].DisplayName = who.DisplayName(a.Lang == i18n.Arabic)
			}
		} else if c.Identity != nil {
			out[i].Identity = c.Identity
		}
	}
	return out, s.outcomes(ctx, a, out)
}

// outcomes puts the clinical outcomes that the actor's own institution recorded in the
// place of the words that the other side reads (domain.md §2, "Codes").
func (s *Service) outcomes(ctx context.Context, a tenants.Actor, views []View) error {
	at := map[ID]int{}
	for i, v := range views {
		if v.Outcome == delivered && v.row.ToTenant == a.Tenant.ID && !v.row.Letter() {
			at[v.ID] = i
		}
	}
	if len(at) == 0 {
		return nil
	}
	var notes []noteRow
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		notes, err = outcomesOf(ctx, slices.Collect(maps.Keys(at)))
		return err
	})
	if err != nil {
		return err
	}
	sealed := make([][]byte, len(notes))
	for i, n := range notes {
		sealed[i] = n.Sealed
	}
	if err := s.prefetch(ctx, sealed); err != nil {
		return err
	}
	for _, n := range notes {
		text, err := s.Vault.Open(ctx, notePlace(n.ReferralID, n.Sequence, n.Kind), n.Sealed)
		if err != nil {
			return err
		}
		views[at[n.ReferralID]].Outcome = string(text)
	}
	return nil
}

func (s *Service) view(ctx context.Context, a tenants.Actor, r Referral, service directory.Service, now time.Time) View {
	slug := func(id ids.ID[ids.Tenant]) string { return s.Tenants.Slug(ctx, id) }
	v := View{ID: r.ID, Number: r.Number, ReceiverNumber: r.ReceiverNumber, State: r.State, Version: r.Version, Need: r.Need, Priority: r.Priority, Basis: r.Basis,
		Service: ServiceRef{r.ServiceID, service.Name()}, From: Party{Tenant: slug(r.FromTenant), Unit: r.FromUnit}, To: Party{Tenant: slug(r.ToTenant), Unit: r.ToUnit},
		Owner: Owner{Tenant: slug(r.OwnerTenant)}, Overdue: r.Overdue(now), Agreement: r.AgreementID,
		Card:    Card{AgeBand: r.CardAgeBand, Sex: r.CardSex, District: r.CardDistrict, Language: r.CardLanguage, Triage: r.CardTriage, Documents: r.CardDocuments},
		Outcome: r.Outcome, ReasonCode: r.ReasonCode, ByWhom: r.ByWhom, Result: r.Result, ParentID: r.ParentID, Estimate: r.Estimate, DueFor: r.DueFor, row: r}
	v.Danger = r.Danger
	if r.Danger && r.FromTenant == a.Tenant.ID {
		v.Review = reviewOf(r)
	}
	open := []policies.Slice{}
	if !r.SentAt.IsZero() {
		open = policies.Visible(r.openNow(now))
		if len(open) == 0 {
			open = []policies.Slice{policies.Card}
		}
		v.SentAt = &r.SentAt
	}
	v.OpenSlices = open
	if !r.DueAt.IsZero() {
		v.DueAt = &r.DueAt
	}
	switch r.OwnerTenant {
	case r.FromTenant:
		v.Owner.Unit = r.FromUnit
		if a.Tenant.ID == r.FromTenant {
			v.Owner.User = r.Sender()
		}
	default:
		v.Owner.Unit = r.ToUnit
		if a.Tenant.ID == r.ToTenant {
			v.Owner.User = r.OwnerUser
		}
	}
	if r.StartsLocal != "" {
		v.Appointment = &Appointment{StartsAtLocal: r.StartsLocal, Zone: s.zone.String(), Place: r.Place, Bring: r.Bring}
	}
	if r.Aftercare != "" {
		goesOn := r.Aftercare == "keep"
		v.Continue = &goesOn
	}
	if !r.RedirectTo.IsZero() {
		v.RedirectTo = r.RedirectTo
	}
	if r.ToTenant == a.Tenant.ID {
		v.Own = &Own{Assignee: r.OwnerUser}
	}
	return v
}
