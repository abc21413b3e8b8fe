package main

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/outbox"
	"shubbak/web"
)

// housekeeping asks for the removal of what has served its time: once an hour over
// all replicas, told to one tenant because the work is everybody's.
type housekeeping struct {
	Teller string `json:"teller"`
}

// EventName is stored.
func (housekeeping) EventName() string { return "platform.housekeeping" }

// Audience is one tenant, whichever is first.
func (h housekeeping) Audience() []string { return []string{h.Teller} }

// Order is any.
func (housekeeping) Order() (string, int64) { return "", 0 }

// trims are all rows that have served their time.
func (a *app) trims() []db.Trim {
	out := append(outbox.Trims(), web.Trims()...)
	for _, m := range a.modules {
		out = append(out, m.Trims...)
	}
	return out
}

func (a *app) housekeeping() (outbox.Schedule, []outbox.Subscription) {
	schedule := outbox.Schedule{Name: "platform.housekeeping", Every: time.Hour, Event: func(ctx context.Context) (outbox.Event, error) {
		list, err := a.registry.All(ctx)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return housekeeping{list[0].ID.String()}, nil
	}}
	rows := outbox.On("platform.trim", func(ctx context.Context, _ outbox.Delivery, _ housekeeping) error {
		for _, t := range a.trims() {
			n, err := a.db.Trim(ctx, t, a.clock.Now())
			if err != nil {
				return err
			}
			if n > 0 {
				a.log.Info("housekeeping", "table", t.Table, "rows", n)
			}
		}
		return nil
	})
	objects := outbox.On("documents.sweep", func(ctx context.Context, _ outbox.Delivery, _ housekeeping) error {
		n, err := a.documents.Sweep(ctx)
		if n > 0 {
			a.log.Info("housekeeping", "objects", n)
		}
		return err
	})
	rows.Outside, objects.Outside = true, true // many short transactions, each its own
	return schedule, []outbox.Subscription{rows, objects}
}
