package agreements

import (
	"context"
	"errors"
	"slices"

	"shubbak/platform/ids"
	"shubbak/platform/outbox"
)

// Dawned says that time does something to agreements of some tenants.
type Dawned struct {
	Tenants []string `json:"-"`
}

// EventName is stored.
func (Dawned) EventName() string { return "agreements.dawned" }

// Audience is who keeps them.
func (d Dawned) Audience() []string { return d.Tenants }

// Order is any: whatever is due is done once.
func (Dawned) Order() (string, int64) { return "", 0 }

func (s *Service) subscriptions() []outbox.Subscription {
	kept := outbox.On("agreements.kept", s.keepLonger)
	kept.Only = func(e outbox.Event, _ string) bool {
		m, ok := e.(Moved)
		return ok && slices.Contains(longer, m.Event)
	}
	return []outbox.Subscription{
		kept,
		// Outside of a transaction: each agreement has one of its own, so that nobody who
		// sends under one of them waits for the others.
		{Name: "agreements.dawned", Event: Dawned{}.EventName(), Outside: true, Run: func(ctx context.Context, _ outbox.Delivery) error { return s.RunDays(ctx) }},
		outbox.On("agreements.filled", s.noteFilled),
		outbox.On("agreements.decided", s.taskOfDecision),
		{Name: "agreements.code", Event: coded{}.EventName(), Outside: true, Run: s.mailCode},
	}
}

func (s *Service) schedules() []outbox.Schedule {
	return []outbox.Schedule{{Name: "agreements.days", Every: minute, Event: s.dawn}}
}

// dawn finds the tenants that keep an agreement with something due today. It asks once
// a minute, and where nothing is due no row is written.
func (s *Service) dawn(ctx context.Context) (outbox.Event, error) {
	now := s.Clock.Now().Unix() / 60
	if s.asked.Load() == now {
		return nil, nil
	}
	var d Dawned
	err := s.DB.ReadAsSystem(ctx, "whose agreements have something due today", func(ctx context.Context) (err error) {
		d.Tenants, err = dueTenants(ctx, s.today())
		return err
	})
	if err != nil {
		return nil, err
	}
	s.asked.Store(now)
	if len(d.Tenants) == 0 {
		return nil, nil
	}
	return d, nil
}

// atOnce bounds what one delivery does.
const atOnce = 50

// RunDays does what time has to do for the tenant of ctx, each agreement in a transaction
// of its own. The row's lock and its next day make it once, however many replicas ask.
func (s *Service) RunDays(ctx context.Context) error {
	var list []ids.ID[ids.Agreement]
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		list, err = due(ctx, s.today(), atOnce)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range list { // one that fails holds up no other
		err = errors.Join(err, s.DB.InTx(ctx, func(ctx context.Context) error { return s.tickOne(ctx, id) }))
	}
	return err
}

func (s *Service) tickOne(ctx context.Context, id ids.ID[ids.Agreement]) error {
	a, err := lock(ctx, id)
	if err != nil {
		return err
	}
	now, today := s.Clock.Now(), s.today()
	var events []Event
	for {
		version := a.Version
		e := a.Tick(today, now)
		if e == nil {
			break
		}
		events = append(events, *e)
		if a.Version != version { // tacit renewal: the same words, other dates
			t, _, err := s.textOf(ctx, a, version)
			if err != nil {
				return err
			}
			t.EffectiveOn, t.EndsOn = a.EffectiveOn, a.EndsOn
			if err := s.writeText(ctx, a, t, 0, true, "renewed_tacitly"); err != nil {
				return err
			}
		}
		if err := s.followed(ctx, a, now); err != nil {
			return err
		}
	}
	return s.finish(ctx, &a, events)
}
