package referrals

import (
	"context"
	"time"

	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/outbox"
)

// Daily asks every tenant to do what time does: expire what nobody decided, close
// what has stood open for thirty days.
type Daily struct {
	Tenants []string `json:"-"`
}

// EventName is stored.
func (Daily) EventName() string { return "referrals.daily" }

// Audience is every tenant.
func (d Daily) Audience() []string { return d.Tenants }

// Order is any.
func (Daily) Order() (string, int64) { return "", 0 }

func (s *Service) subscriptions() []outbox.Subscription {
	return []outbox.Subscription{
		outbox.On("referrals.refresh", s.refresh),
		outbox.On("referrals.daily", s.daily),
		outbox.On("referrals.alarm", s.alarm),
		outbox.On("referrals.ring", s.ring),
		outbox.On("referrals.recount", s.recount),
		outbox.On("referrals.recount_on", s.recountOn),
	}
}

func (s *Service) schedules() []outbox.Schedule {
	return []outbox.Schedule{s.watch(), {Name: "referrals.clocks", Every: time.Minute, Event: s.ringing}, {Name: "referrals.daily", Every: time.Hour, Event: func(ctx context.Context) (outbox.Event, error) {
		list, err := s.Tenants.All(ctx)
		if err != nil {
			return nil, err
		}
		d := Daily{}
		for _, t := range list {
			d.Tenants = append(d.Tenants, t.ID.String())
		}
		return d, nil
	}}}
}

// refresh writes what is shared of a person again after their record changed.
func (s *Service) refresh(ctx context.Context, _ outbox.Delivery, e people.Changed) error {
	p, err := s.People.Load(ctx, e.Person)
	if fault.Has(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := openOf(ctx, e.Person)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.SentAt.IsZero() {
			continue // written when it is sent
		}
		identity, err := s.identitySlices(ctx, r, p)
		if err != nil {
			return err
		}
		if err := putSlices(ctx, identity); err != nil {
			return err
		}
		s.setCard(&r, p, s.Clock.Now())
		if err := setCard(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// daily runs as one tenant. A referral that somebody decides at this moment is
// left to its decision.
func (s *Service) daily(ctx context.Context, _ outbox.Delivery, _ Daily) error {
	now := s.Clock.Now()
	rows, err := undecidedBefore(ctx, now.Add(-expireAfter), 200)
	if err != nil {
		return err
	}
	for _, x := range rows {
		r := x.Referral
		loaded := r.Version
		e, err := r.move(Expire, now)
		if err != nil {
			return err
		}
		if err := s.save(ctx, &r, loaded, now, false); fault.Has(err, fault.VersionConflict) {
			continue
		} else if err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "expire", Object: "referral", ID: r.ID.String()}); err != nil {
			return err
		}
		if err := s.record(ctx, &r, []Event{e}); err != nil {
			return err
		}
	}
	return closeSlices(ctx, now.Add(-keepOpen))
}

// RunDaily does the daily work of the tenant of ctx at once.
func (s *Service) RunDaily(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return s.daily(ctx, outbox.Delivery{}, Daily{}) })
}
