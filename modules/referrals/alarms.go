package referrals

import (
	"context"
	"time"

	"shubbak/modules/calendars"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

// The two notices of a deadline: at three quarters of its term, and when it has
// passed (domain.md §2, "Clocks").
const (
	reminder = "reminder"
	overdue  = "overdue"
)

// alarms is how many deadlines one delivery takes on.
const alarms = 200

// Ringing asks tenants to tell whose deadline is near or has passed.
type Ringing struct {
	Tenants []string `json:"-"`
}

// EventName is stored.
func (Ringing) EventName() string { return "referrals.clocks" }

// Audience is the tenants that own such a deadline.
func (r Ringing) Audience() []string { return r.Tenants }

// Order is any: an alarm is written once, whoever comes first.
func (Ringing) Order() (string, int64) { return "", 0 }

// ringing finds the tenants in which a clock rings now; it asks once a minute, and
// where nothing rings no row is written.
func (s *Service) ringing(ctx context.Context) (outbox.Event, error) {
	now := s.Clock.Now()
	minute := now.Unix() / 60
	if s.asked.Load() == minute {
		return nil, nil
	}
	var r Ringing
	err := s.DB.ReadAsSystem(ctx, "whose clocks ring now", func(ctx context.Context) (err error) {
		r.Tenants, err = ringingTenants(ctx, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.asked.Store(minute)
	if len(r.Tenants) == 0 {
		return nil, nil
	}
	return r, nil
}

// ring tells of the deadlines of one tenant; it runs as that tenant. Each alarm is a
// row of its own, so a deadline that moves, or is told of twice, rings once.
func (s *Service) ring(ctx context.Context, _ outbox.Delivery, _ Ringing) error {
	now := s.Clock.Now()
	rows, err := ringingNow(ctx, now, alarms)
	if err != nil {
		return err
	}
	of := s.calendarsOnce(oldest(rows, now))
	for _, x := range rows {
		r, rang := x.Referral, x.RingAt
		c, err := s.calendars(ctx, &r, now, of)
		if err != nil {
			return err
		}
		if r.Recount(c, now) && r.RingAt.After(now) {
			// The calendar moved it while somebody acted on an older one.
			if err := setClock(ctx, r, x.DueAt); err != nil {
				return err
			}
			continue
		}
		kind, next := reminder, r.DueAt
		if !r.DueAt.After(now) {
			kind, next = overdue, time.Time{}
		}
		fresh, err := insertAlarm(ctx, alarmRow{ReferralID: r.ID, DueKey: r.DueKey, Kind: kind, FromTenant: r.FromTenant, ToTenant: r.ToTenant, At: now})
		if err != nil {
			return err
		}
		// A danger that nobody answers has an alarm of its own, for more people.
		if fresh && !(r.Danger && kind == overdue && r.DueFor == acts[Sent]) {
			m := s.moved(r, Event{Event: kind, Sequence: r.Sequence, ReasonCode: r.DueFor})
			m.Owner = r.OwnerTenant
			if err := s.Bus.Publish(ctx, m); err != nil {
				return err
			}
		}
		if err := setRing(ctx, r.ID, rang, next); err != nil {
			return err
		}
	}
	if len(rows) == alarms {
		return s.Bus.Publish(ctx, Ringing{Tenants: []string{db.Tenant(ctx)}})
	}
	return nil
}

// recounting goes on with the next batch of deadlines after a calendar's edit.
type recounting struct {
	Tenant ids.ID[ids.Tenant] `json:"tenant"`
	After  string             `json:"after"`
}

func (recounting) EventName() string      { return "referrals.recounting" }
func (r recounting) Audience() []string   { return []string{r.Tenant.String()} }
func (recounting) Order() (string, int64) { return "", 0 }

// recount moves the open deadlines of the tenant's units to where its calendar puts
// them now. Those that have passed stay, and so does all time that was used: the
// calendar's own history counts it.
func (s *Service) recount(ctx context.Context, _ outbox.Delivery, _ calendars.Changed) error {
	return s.recountAfter(ctx, "")
}

func (s *Service) recountOn(ctx context.Context, _ outbox.Delivery, e recounting) error {
	return s.recountAfter(ctx, e.After)
}

func (s *Service) recountAfter(ctx context.Context, after string) error {
	now := s.Clock.Now()
	rows, err := owed(ctx, now, after, alarms)
	if err != nil {
		return err
	}
	of := s.calendarsOnce(oldest(rows, now))
	for _, x := range rows {
		r := x.Referral
		c, err := s.calendars(ctx, &r, now, of)
		if err != nil {
			return err
		}
		if !r.Recount(c, now) {
			continue
		}
		if err := setClock(ctx, r, x.DueAt); err != nil {
			return err
		}
	}
	if len(rows) < alarms {
		return nil
	}
	return s.Bus.Publish(ctx, recounting{Tenant: tenants.Current(ctx), After: rows[len(rows)-1].ID.String()})
}

// oldest is since when the clocks of some referrals run.
func oldest(rows []row, now time.Time) time.Time {
	for i := range rows {
		now = rows[i].since(now)
	}
	return now
}

// RunClocks tells at once of the deadlines of the tenant of ctx.
func (s *Service) RunClocks(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return s.ring(ctx, outbox.Delivery{}, Ringing{}) })
}
