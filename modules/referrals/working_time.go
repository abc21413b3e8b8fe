package referrals

import (
	"context"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// calendarOf is the working time of a unit of either side, with what stood since an
// instant.
func (s *Service) calendarOf(ctx context.Context, tenant tenants.ID, unit ids.ID[ids.Unit], since time.Time) (Calendar, error) {
	h, err := s.Calendars.For(ctx, tenant, unit, since)
	return counted(h), err
}

func counted(h clock.History) Calendar { return Calendar{Hours: h.Hours(), Days: h.Days()} }

// since is from when on the clocks of a referral may ask its calendars.
func (r *Referral) since(now time.Time) time.Time {
	for _, t := range []time.Time{r.DueSince, r.DecideSince} {
		if !t.IsZero() && t.Before(now) {
			now = t
		}
	}
	return now
}

// calendars gives those that the clocks of a referral need now: that of the unit
// that must act, and the receiver's wherever its clock may have to pause.
func (s *Service) calendars(ctx context.Context, r *Referral, now time.Time, of calendarsFor) (c Calendars, err error) {
	since := r.since(now)
	if r.OwnerTenant == r.FromTenant {
		if c.Sender, err = of(ctx, r.FromTenant, r.FromUnit, since); err != nil {
			return c, err
		}
	}
	if r.OwnerTenant != r.FromTenant || r.State == InfoRequested || r.answered {
		c.Receiver, err = of(ctx, r.ToTenant, r.ToUnit, since)
	}
	return c, err
}

// setDue sets the deadline after a change.
func (s *Service) setDue(ctx context.Context, r *Referral, now time.Time) (err error) {
	var c Calendars
	if acts[r.State] != "" || r.answered {
		if c, err = s.calendars(ctx, r, now, s.calendarOf); err != nil {
			return err
		}
	}
	r.SetDue(c, s.zone, now)
	return nil
}

// reprioritise counts a draft's deadline by the priority that it has now.
func (s *Service) reprioritise(ctx context.Context, r *Referral, now time.Time) error {
	c, err := s.calendars(ctx, r, now, s.calendarOf)
	r.Reprioritised(c, now)
	return err
}

// calendarsOnce remembers the calendars of a batch or a page: most of its referrals
// are of a few units. Its calendars hold since an instant that no clock is older than.
func (s *Service) calendarsOnce(since time.Time) calendarsFor {
	type place struct {
		tenant tenants.ID
		unit   ids.ID[ids.Unit]
	}
	known := map[place]Calendar{}
	return func(ctx context.Context, t tenants.ID, u ids.ID[ids.Unit], _ time.Time) (Calendar, error) {
		if c, ok := known[place{t, u}]; ok {
			return c, nil
		}
		c, err := s.calendarOf(ctx, t, u, since)
		if err == nil {
			known[place{t, u}] = c
		}
		return c, err
	}
}
