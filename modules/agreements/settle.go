package agreements

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/tenants"
)

// settled makes the clauses of an agreement act once nothing is missing but its first
// day; an amendment becomes part of its parent.
func (s *Service) settled(ctx context.Context, a *Agreement, events []Event, now time.Time) error {
	if a.State == Signed {
		t, _, err := s.textOf(ctx, *a, a.Version)
		if err != nil {
			return err
		}
		if a.ParentID.IsZero() {
			a.HasQuotas = len(t.Quotas) > 0
			err = s.putClauses(ctx, *a, t)
		} else {
			err = s.merge(ctx, *a, t, now)
		}
		if err != nil {
			return err
		}
		if e := a.Tick(s.today(), now); e != nil {
			events = append(events, *e)
			if err := s.followed(ctx, *a, now); err != nil {
				return err
			}
		}
	}
	return s.finish(ctx, a, events)
}

// putClauses writes the rows that Permits, quotas and obligations read.
func (s *Service) putClauses(ctx context.Context, a Agreement, t Text) error {
	f := Full{Agreement: a}
	known := map[string]tenants.ID{}
	for _, p := range t.Parties {
		if p.Tenant == "" {
			continue
		}
		x, err := s.Tenants.BySlug(ctx, p.Tenant)
		if err != nil {
			return err
		}
		if x != nil {
			known[p.Tenant] = x.ID
		}
	}
	for _, x := range t.Scopes {
		f.Scopes = append(f.Scopes, Scope{FromTenant: known[x.From], ToTenant: known[x.To], Needs: x.Needs, Services: x.Services, Priorities: x.Priorities, Population: t.narrowed(x.Population)})
	}
	for _, x := range t.Sharing {
		if x.Purpose == "" || x.Purpose == "referral" {
			f.Sharing = append(f.Sharing, Sharing{FromTenant: known[x.From], ToTenant: known[x.To], Slice: x.Slice, Categories: x.Categories})
		}
	}
	f.Quotas, f.Obligations = t.Quotas, t.Obligations
	return putClauses(ctx, f)
}

// narrowed fills what a scope does not say of its population from the agreement's own.
func (t Text) narrowed(p Population) Population {
	if p.AgeMin == nil {
		p.AgeMin = t.Population.AgeMin
	}
	if p.AgeMax == nil {
		p.AgeMax = t.Population.AgeMax
	}
	if p.Sex == "" {
		p.Sex = t.Population.Sex
	}
	if len(p.Situations) == 0 {
		p.Situations = t.Population.Situations
	}
	for _, list := range [][]string{t.Population.Communes, t.Territory} {
		if len(p.Communes) == 0 {
			p.Communes = list
		}
	}
	return p
}

// merge writes a signed amendment into the agreement that it amends: its next version.
func (s *Service) merge(ctx context.Context, child Agreement, amended Text, now time.Time) error {
	parent, err := lock(ctx, child.ParentID)
	if err != nil {
		return err
	}
	if parent.State.Ended() {
		return parent.illegal(Amend)
	}
	base, _, err := s.textOf(ctx, parent, child.BasedOn)
	if err != nil {
		return err
	}
	present, _, err := s.textOf(ctx, parent, parent.Version)
	if err != nil {
		return err
	}
	t, err := Rebase(base, present, amended)
	if err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return err
	}
	parent.Version++
	if parent.EndsOn != t.EndsOn {
		parent.Alerted = 1000
	}
	parent.show(t)
	parent.HasQuotas = len(t.Quotas) > 0
	if err := s.writeText(ctx, parent, t, 0, true, "amended"); err != nil {
		return err
	}
	if err := s.putClauses(ctx, parent, t); err != nil {
		return err
	}
	if parent.TenantID == tenants.Current(ctx) {
		if err := s.shareWith(ctx, parent, t); err != nil {
			return err
		}
	}
	return s.finish(ctx, &parent, []Event{parent.note("amended", now)})
}

// followed ends the agreement that one just come into force takes the place of.
func (s *Service) followed(ctx context.Context, a Agreement, now time.Time) error {
	if a.RenewsID.IsZero() || a.State != InForce {
		return nil
	}
	old, err := lock(ctx, a.RenewsID)
	if err != nil {
		return err
	}
	if !old.May(succeed) {
		return nil // ended another way meanwhile
	}
	e, err := old.move(succeed, now)
	if err != nil {
		return err
	}
	return s.finish(ctx, &old, []Event{e})
}

// amendmentsEnd lets the amendments of an agreement that has ended end with it.
func (s *Service) amendmentsEnd(ctx context.Context, a Agreement) error {
	if !a.State.Ended() || a.State == Abandoned || !a.ParentID.IsZero() {
		return nil
	}
	list, err := relatives(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.ParentID != a.ID || r.State != InForce {
			continue
		}
		child, err := lock(ctx, r.ID)
		if err != nil {
			return err
		}
		e := child.become(a.State, map[State]string{Expired: "expired", Renewed: "renewed", Terminated: "terminated"}[a.State], s.Clock.Now())
		child.DueOn = ""
		if err := save(ctx, child); err != nil {
			return err
		}
		if err := s.record(ctx, child, []Event{e}); err != nil {
			return err
		}
	}
	return nil
}

// agrees refuses a text whose annex contradicts that of another agreement in the same
// time: same direction, a need of both, and another answer to what a slice may hold.
// Nobody could say which of the two a referral goes by.
func (s *Service) agrees(ctx context.Context, a Agreement, t Text) error {
	others, err := overlapping(ctx, a)
	if err != nil {
		return err
	}
	for _, o := range others {
		text, _, err := s.textOf(ctx, o, o.Version)
		if err != nil {
			return err
		}
		if from, to, found := contradiction(t, text); found {
			return &fault.Error{Code: fault.Invalid, Key: "agreements.fault.contradicts_these", Args: map[string]any{"Number": a.Number, "Other": o.Number},
				Fields: []fault.Field{{Field: "sharing", Code: "contradicts", Key: "agreements.fault.contradicts", Args: map[string]any{"Number": a.Number, "Other": o.Number}}},
				Data:   map[string]any{"agreements": []map[string]any{{"id": a.ID, "number": a.Number}, {"id": o.ID, "number": o.Number}}, "from": from, "to": to}}
		}
	}
	return nil
}

// contradiction finds a direction in which two texts share a need and not the annex.
func contradiction(a, b Text) (from, to string, found bool) {
	for _, x := range a.Scopes {
		for _, y := range b.Scopes {
			if x.From != y.From || x.To != y.To || !slices.ContainsFunc(x.Needs, func(n string) bool { return slices.Contains(y.Needs, n) }) {
				continue
			}
			if a.annex(x.From, x.To) != b.annex(x.From, x.To) {
				return x.From, x.To, true
			}
		}
	}
	return "", "", false
}

// annex is what may be shared in one direction, in one form.
func (t Text) annex(from, to string) string {
	var out []string
	for _, x := range t.Sharing {
		if x.From == from && x.To == to && len(x.Categories) > 0 && (x.Purpose == "" || x.Purpose == "referral") {
			c := slices.Sorted(slices.Values(x.Categories))
			out = append(out, x.Slice+":"+strings.Join(slices.Compact(c), ","))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ";")
}
