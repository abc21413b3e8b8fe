package referrals

import (
	"context"
	"time"

	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// calendarsFor finds the working time of a unit.
type calendarsFor = func(context.Context, tenants.ID, ids.ID[ids.Unit], time.Time) (Calendar, error)

func oldestView(rows []View, now time.Time) time.Time {
	for i := range rows {
		now = rows[i].row.since(now)
	}
	return now
}

// clock is the one deadline that a list shows of a referral: what must be done next,
// or, to a receiver that waits for the sender, its own clock, which stands still.
func (s *Service) clock(ctx context.Context, v *web.View, r Referral, as policies.Relation, of calendarsFor) (*web.Clock, error) {
	if r.DueAt.IsZero() || !r.State.Open() && r.State != Completed {
		return nil, nil
	}
	if k := stands(v, r); k != nil && as == policies.Receiver && r.State == InfoRequested {
		return k, nil
	}
	c, err := s.calendars(ctx, &r, v.Now, of)
	if err != nil {
		return nil, err
	}
	k := bar(v, r.deadline(), c.acting(&r), v.T("referrals.due."+r.DueFor))
	return &k, nil
}

// bar is a deadline with how much of its term has been used. A term that was
// stored before terms were is taken as real time.
func bar(v *web.View, d Deadline, c Calendar, what string) web.Clock {
	if d.Term <= 0 {
		return v.Clock(d.Since, d.At, what)
	}
	return v.ClockUsed(d.At, d.used(c, v.Now), d.Term, what)
}

// stands is the clock of a referral that is paused now: the decision while the
// sender is asked, any other while a recall is answered. Nil when none is.
func stands(v *web.View, r Referral) *web.Clock {
	var k web.Clock
	switch {
	case r.State == InfoRequested && r.DecideSince.IsZero():
		d := r.decision()
		k = v.Paused(d.Used, d.Term, v.T("referrals.paused.asked", "Act", v.T("referrals.due.decide")))
	case r.State == RecallRequested && r.Held != nil:
		k = v.Paused(r.Held.Used, r.Held.Term, v.T("referrals.due."+r.Held.For))
	default:
		return nil
	}
	return &k
}

// clocks are the deadlines of a referral's page: the next act, behind a first answer
// the decision, and what stands still meanwhile; with when the next act is due.
func (s *Service) clocks(ctx context.Context, v *web.View, r Referral, as policies.Relation) (out []web.Clock, until string, err error) {
	if r.DueAt.IsZero() || !r.IsOpen && r.State != Completed {
		return nil, "", nil
	}
	c, err := s.calendars(ctx, &r, v.Now, s.calendarOf)
	if err != nil {
		return nil, "", err
	}
	comma := ", "
	if v.Lang == i18n.Arabic {
		comma = "، "
	}
	until = v.T("referrals.until", "When", when(v, r.DueAt))
	what := v.T("referrals.due."+r.DueFor) + comma + until
	unsure, err := s.unsure(ctx, v, r)
	if err != nil {
		return nil, "", err
	}
	if unsure != "" {
		what += " · " + unsure
	}
	out = append(out, bar(v, r.deadline(), c.acting(&r), what))
	if r.State == Sent && as == policies.Receiver && !r.DecideSince.IsZero() {
		d := r.decision()
		d.At = c.Receiver.in(d.Unit).Add(d.Since, d.Term)
		out = append(out, bar(v, d, c.Receiver, v.T("referrals.due.decide")))
	}
	if k := stands(v, r); k != nil {
		out = append(out, *k)
	}
	return out, until, nil
}

// unsure says that a deadline is counted over days that are still an estimate.
func (s *Service) unsure(ctx context.Context, v *web.View, r Referral) (string, error) {
	if r.DueUnit == realUnit || !r.DueAt.After(v.Now) {
		return "", nil
	}
	unit := r.ToUnit
	if r.OwnerTenant == r.FromTenant {
		unit = r.FromUnit
	}
	list, err := s.Calendars.Expected(ctx, r.OwnerTenant, unit, v.Now, r.DueAt)
	if err != nil || len(list) == 0 {
		return "", err
	}
	name := list[0].Name.In(v.Lang)
	if list[0].Ramadan {
		name = v.T("referrals.due.ramadan")
	}
	return v.T("referrals.due.expected", "Name", name), nil
}
