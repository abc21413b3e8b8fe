package referrals

import (
	"context"
	"slices"
	"time"

	"shubbak/modules/accounts"
	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

type accountsStaff = accounts.Staff

// relations is how the actor stands to a referral. It stands here, not in the
// domain file, which knows no actor.
func relations(a tenants.Actor, r Referral) []policies.Relation {
	var out []policies.Relation
	if a.Tenant == nil {
		return nil
	}
	if r.FromTenant == a.Tenant.ID && a.Reaches(r.FromUnit) {
		out = append(out, policies.Sender)
	}
	if r.FromTenant == a.Tenant.ID && r.State == AwaitingApproval && r.Exception {
		out = append(out, policies.Arbiter)
	}
	if r.Letter() && r.FromTenant == a.Tenant.ID && !r.SentAt.IsZero() && a.Reaches(r.FromUnit) {
		return append(out, policies.Receiver) // the sender's unit acts for a body that is not there
	}
	if r.ToTenant == a.Tenant.ID && !r.SentAt.IsZero() && a.Reaches(r.ToUnit) {
		out = append(out, policies.Receiver)
		if r.OwnerUser == a.User {
			out = append(out, policies.Assignee)
		}
	}
	return out
}

// reach loads a referral that the actor may read, and refuses what this relation
// may not: not_found outside, forbidden inside.
func (s *Service) reach(ctx context.Context, id ID, p policies.Permission) (Referral, error) {
	var r Referral
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		r, err = byID(ctx, id)
		return err
	})
	if err != nil {
		return r, err
	}
	a := tenants.From(ctx)
	rels := relations(a, r)
	if len(rels) == 0 || !s.Law.Allow(a, read, rels...) {
		return r, fault.New(fault.NotFound)
	}
	if p == actPermission(Approve) || p == actPermission(Return) {
		// An exception is judged by the coordinator, everything else by the supervisor.
		rels = slices.DeleteFunc(rels, func(x policies.Relation) bool {
			return r.Exception && x == policies.Sender || !r.Exception && x == policies.Arbiter
		})
	}
	if !s.Law.Allow(a, p, rels...) {
		return r, fault.New(fault.Forbidden)
	}
	return r, nil
}

// side tells as whom the actor reads: in the first of these relations in which the
// law lets one of the actor's roles read. A coordinator reaches every desk, and
// still reads a referral only as the judge of an exception.
func (s *Service) side(a tenants.Actor, r Referral) policies.Relation {
	rels := relations(a, r)
	for _, x := range []policies.Relation{policies.Sender, policies.Receiver} {
		if slices.Contains(rels, x) && s.Law.Allow(a, read, x) {
			return x
		}
	}
	if slices.Contains(rels, policies.Assignee) {
		return policies.Receiver
	}
	return policies.Arbiter
}

// Get opens a referral. For the receiver it opens the slices that stand open, and
// writes the disclosure and the audit entry before it returns.
func (s *Service) Get(ctx context.Context, id ID) (View, error) {
	return s.show(ctx, false, func(ctx context.Context) (Referral, error) { return s.reach(ctx, id, read) })
}

// After is what a command answers: the card alone until somebody has opened the
// person, so that an acceptance can still be taken back.
func (s *Service) After(ctx context.Context, id ID) (View, error) {
	return s.show(ctx, true, func(ctx context.Context) (Referral, error) { return byID(ctx, id) })
}

// Card shows a referral without opening anything: the page after an acceptance.
func (s *Service) Card(ctx context.Context, id ID) (View, error) {
	var v View
	var fields []string
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := s.reach(ctx, id, read)
		if err != nil {
			return err
		}
		v, fields, err = s.card(ctx, r)
		return err
	})
	if err != nil {
		return View{}, err
	}
	return v, s.opened(ctx, v, fields)
}

// opened writes what was read into the audit log before it is given away.
func (s *Service) opened(ctx context.Context, v View, fields []string) error {
	return s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "referral", ID: v.ID.String(), Fields: fields})
}

// show reads what the actor may see, in one transaction; only what a receiver opens
// is written in one of its own.
func (s *Service) show(ctx context.Context, after bool, load func(ctx context.Context) (Referral, error)) (View, error) {
	a := tenants.From(ctx)
	var r Referral
	var v View
	var fields []string
	var open []policies.Slice
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if r, err = load(ctx); err != nil {
			return err
		}
		side := s.side(a, r)
		// The judge of an exception has no part in it once it is judged.
		judged := after && !s.Law.Allow(a, read, relations(a, r)...)
		switch {
		case judged || side == policies.Arbiter || after && side == policies.Receiver && r.OpenedAt.IsZero():
		case side == policies.Sender:
			v, fields, err = s.own(ctx, r)
			return err
		default:
			open = r.openNow(s.Clock.Now())
		}
		if len(open) <= 1 {
			v, fields, err = s.card(ctx, r)
		}
		return err
	})
	switch {
	case err != nil:
		return View{}, err
	case len(open) > 1:
		return s.showOpen(ctx, r, open)
	}
	return v, s.opened(ctx, v, fields)
}

func (s *Service) card(ctx context.Context, r Referral) (v View, fields []string, err error) {
	var content map[ID]contents
	fields = []string{"card"}
	if slices.Contains(r.openNow(s.Clock.Now()), policies.Name) {
		if content, err = s.nameable(ctx, tenants.From(ctx), []Referral{r}); err != nil {
			return v, nil, err
		}
		fields = append(fields, "name")
	}
	list, err := s.views(ctx, []Referral{r}, content, nil)
	if err != nil {
		return v, nil, err
	}
	return list[0], fields, nil
}

// own is the sender's view: everything it wrote.
func (s *Service) own(ctx context.Context, r Referral) (v View, fields []string, err error) {
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return v, nil, err
	}
	list, err := s.views(ctx, []Referral{r}, nil, map[ids.ID[ids.Person]]people.Person{p.ID: p})
	if err != nil {
		return v, nil, err
	}
	v = list[0]
	id := ownIdentity(p)
	v.Identity = &id
	rows, err := slicesOf(ctx, r.ID)
	if err != nil {
		return v, nil, err
	}
	c, err := s.open(ctx, rows)
	if err != nil {
		return v, nil, err
	}
	v.Social, v.Call = c[r.ID].Social, c[r.ID].Call
	v.Documents, err = s.documents(ctx, r)
	return v, []string{"card", "identity", "social", "documents"}, err
}

// showOpen is the receiver's view with the slices that stand open. The disclosure
// register has one line per user, slice, referral and day.
func (s *Service) showOpen(ctx context.Context, r Referral, open []policies.Slice) (View, error) {
	a, now := tenants.From(ctx), s.Clock.Now()
	day := now.In(s.zone).Format(time.DateOnly)
	var rows []sliceRow
	known := false
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		have, err := disclosed(ctx, r.ID, a.User, day)
		if err != nil {
			return err
		}
		known = !r.OpenedAt.IsZero()
		for _, o := range []policies.Slice{policies.Identity, policies.Social} {
			known = known && (!slices.Contains(open, o) || slices.Contains(have, string(o)))
		}
		if known {
			rows, err = slicesOf(ctx, r.ID)
		}
		return err
	})
	if err == nil && !known {
		err = s.DB.InTx(ctx, func(ctx context.Context) error {
			// The mark locks the row: whatever closes the slices waits, or is seen here.
			if err := markOpened(ctx, r.ID, a.User, now); err != nil {
				return err
			}
			if r, err = byID(ctx, r.ID); err != nil {
				return err
			}
			open = r.openNow(now)
			if rows, err = slicesOf(ctx, r.ID); err != nil || len(rows) == 0 {
				return err
			}
			var lines []disclosureRow
			for _, x := range rows {
				lines = append(lines, disclosureRow{ReferralID: r.ID, What: string(x.Slice), UserID: a.User, Day: day, Slice: x.Slice, FromTenant: r.FromTenant, ToTenant: r.ToTenant, PersonID: r.PersonID, At: now, Role: roleOf(a), AgreementID: r.AgreementID})
			}
			return insertDisclosures(ctx, lines)
		})
	}
	if err != nil {
		return View{}, err
	}
	list, err := s.views(ctx, []Referral{r}, nil, nil)
	if err != nil {
		return View{}, err
	}
	v := list[0]
	c, err := s.open(ctx, rows)
	if err != nil {
		return v, err
	}
	fields := []string{"card"}
	if slices.Contains(open, policies.Identity) && c[r.ID].Identity != nil {
		v.Identity = c[r.ID].Identity
		fields = append(fields, "identity")
	}
	if slices.Contains(open, policies.Call) && c[r.ID].Call != nil {
		v.Call = c[r.ID].Call
		fields = append(fields, "call")
	}
	if slices.Contains(open, policies.Social) && c[r.ID].Social != nil {
		v.Social = c[r.ID].Social
		fields = append(fields, "social")
	}
	if slices.Contains(open, policies.Documents) {
		if v.Documents, err = s.documents(ctx, r); err != nil {
			return v, err
		}
		fields = append(fields, "documents")
	}
	return v, s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "referral", ID: r.ID.String(), Fields: fields})
}
