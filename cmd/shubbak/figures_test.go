package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"shubbak/platform/db"
)

// TestFiguresEqualARecount acts at random, several at once, and counts again from the
// events once everything has been delivered.
func TestFiguresEqualARecount(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		recount := func(when string) int {
			t.Helper()
			w.settled()
			n, wrong, err := w.reports.Recount(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if len(wrong) > 0 {
				t.Errorf("%s: %d figures differ: %v", when, len(wrong), wrong[:min(len(wrong), 5)])
			}
			return n
		}
		before := recount("the demo network")
		if before == 0 {
			t.Fatal("nothing was counted")
		}
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(worker), 7))
				desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
				person := desk.person(nil)
				desk.consent(person, "hospital")
				for range 4 {
					id := desk.refer(person, nil).want(201).text("id")
					w.wander(r, desk, hospital, id)
				}
			})
		}
		all.Wait()
		if after := recount("after acts at random"); after != before+16 {
			t.Errorf("%d referrals were counted, want %d more than %d", after, 16, before)
		}

		// A figure that is wrong is found.
		if err := w.db.AsSystem(context.Background(), "a test spoils a figure", func(ctx context.Context) error {
			return spoil(ctx)
		}); err != nil {
			t.Fatal(err)
		}
		if _, wrong, _ := w.reports.Recount(context.Background()); len(wrong) == 0 {
			t.Error("a spoilt figure is not found")
		}
	})
}

// wander takes one referral to some end, by one of the ways.
func (w *world) wander(r *rand.Rand, desk, hospital user, id string) {
	w.t.Helper()
	do := func(u user, command string, body map[string]any) bool {
		return u.do(id, command, body).Status == 200
	}
	if r.IntN(2) == 0 {
		do(hospital, "acknowledge", nil)
	}
	switch r.IntN(5) {
	case 0:
		do(desk, "recall", map[string]any{"reason": "need_met"})
		return
	case 1:
		do(hospital, "decline", map[string]any{"reason": "no_capacity", "by_whom": "provider"})
		return
	case 2:
		do(hospital, "accept", nil)
		do(hospital, "undo-accept", nil)
		do(hospital, "decline", map[string]any{"reason": "not_eligible", "by_whom": "provider"})
		return
	}
	do(hospital, "accept", nil)
	do(hospital, "start", nil)
	if r.IntN(2) == 0 {
		do(hospital, "fail", map[string]any{"reason": "moved"})
		return
	}
	do(hospital, "complete", map[string]any{"outcome": "consultation"})
	if r.IntN(2) == 0 {
		do(desk, "confirm", map[string]any{"result": []string{"met", "unmet"}[r.IntN(2)]})
	}
}

func spoil(ctx context.Context) error {
	_, err := db.Conn(ctx).NewRaw("update agreement_figures set num = num + 1 where indicator = 'sent' and unit = 'day' and span = (select max(span) from agreement_figures where indicator = 'sent' and unit = 'day')").Exec(ctx)
	return err
}
