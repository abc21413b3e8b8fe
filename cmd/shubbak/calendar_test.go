package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
)

// monday moves the world to ten o'clock of a Monday some weeks ahead, in a year
// without holidays, so that the test counts the same on any day.
func (w *world) monday() time.Time {
	w.t.Helper()
	for _, admin := range []string{"admin@hospital.demo", "admin@coordination.demo"} {
		u := w.as(admin)
		u.api("PATCH", "/calendar", map[string]any{"version": u.get("/calendar").want(200).at("version"), "holidays": []any{}, "ramadan": []any{}}).want(200)
	}
	day := testNow().In(clock.Casablanca()).AddDate(0, 0, 21)
	for day.Weekday() != time.Monday {
		day = day.AddDate(0, 0, 1)
	}
	return w.set(time.Date(day.Year(), day.Month(), day.Day(), 10, 0, 0, 0, clock.Casablanca()))
}

// set moves the world to an instant; every session of before has ended by then.
func (w *world) set(at time.Time) time.Time {
	w.t.Helper()
	w.clock.Set(at)
	w.mu.Lock()
	w.tokens = map[string]string{}
	w.mu.Unlock()
	return at
}

// due is the deadline of a referral on the wall clock, as the actor's list shows it.
func (u user) due(id string) string {
	u.w.t.Helper()
	for _, box := range []string{"in", "out"} {
		for _, x := range u.get("/referrals?limit=200&box=" + box).want(200).at("items").([]any) {
			if m := x.(map[string]any); m["id"] == id {
				at, err := time.Parse(time.RFC3339, fmt.Sprint(m["due_at"]))
				if err != nil {
					u.w.t.Fatal(err)
				}
				return at.In(clock.Casablanca()).Format("Mon 15:04")
			}
		}
	}
	u.w.t.Fatal("no such referral")
	return ""
}

func TestAHolidayMovesOpenDeadlines(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		now := w.monday()
		passed := w.as("worker@coordination.demo").sent(nil)
		w.set(now.Add(25 * time.Hour))
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@hospital.demo")
		open, urgent := desk.sent(nil), desk.sent(map[string]any{"priority": "emergency"})
		if got := desk.due(open)[:6]; got != "Wed 11" {
			t.Fatalf("due %s", got)
		}
		before := map[string]string{passed: desk.due(passed), urgent: desk.due(urgent)}
		day := func(n int) string { return now.AddDate(0, 0, n).Format(time.DateOnly) }
		version := admin.get("/calendar").want(200).at("version")
		off := func(n int) []any {
			return []any{map[string]any{"from": day(n), "expected": true, "name": map[string]any{"ar": "عيد", "fr": "Aïd", "en": "Eid"}}}
		}
		admin.api("PATCH", "/calendar", map[string]any{"version": version, "holidays": off(2)}).want(200)
		admin.api("PATCH", "/calendar", map[string]any{"version": version, "holidays": off(3)}).code(409, "version_conflict")
		w.settled()
		if got := desk.due(open)[:6]; got != "Thu 11" {
			t.Errorf("Wednesday is off: due %s", got)
		}
		a := admin.get("/calendar").want(200)
		admin.api("PATCH", "/calendar", map[string]any{"version": a.at("version"), "holidays": off(3)}).want(200)
		w.settled()
		if got := desk.due(open)[:6]; got != "Wed 11" {
			t.Errorf("it was moved to Thursday: due %s", got)
		}
		for id, was := range before {
			if got := desk.due(id); got != was {
				t.Errorf("a deadline that had passed, or runs in real time, moved from %s to %s", was, got)
			}
		}
		unit := admin.get("/calendar/units").want(200)
		id := unit.text("items.0.id")
		admin.api("PATCH", "/calendar/units/"+id, map[string]any{"version": unit.at("items.0.version"), "always": true}).want(200)
		w.settled()
		if got := desk.due(open); got < "Wed 10:50" || got > "Wed 11:10" {
			t.Errorf("a ward that never closes has 24 hours for it: due %s", got)
		}
		admin.api("PATCH", "/calendar/units/"+id, map[string]any{"version": 2, "week": []any{}}).code(422, "invalid")
		admin.api("PATCH", "/calendar", map[string]any{"version": admin.get("/calendar").at("version"), "week": []any{}}).code(422, "invalid")
		w.as("head@hospital.demo").get("/calendar").code(403, "forbidden")
		w.as("admin@coordination.demo").get("/calendar/units/"+id).code(404, "not_found")
	})
}

// told counts a user's notices of one event about one referral.
func (u user) told(event, referral string) (n int) {
	u.w.t.Helper()
	for _, x := range u.get("/notifications?limit=200").want(200).at("items").([]any) {
		m := x.(map[string]any)
		if m["event"] == event && m["subject"].(map[string]any)["id"] == referral {
			n++
		}
	}
	return n
}

func TestRemindersComeOnceEach(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		now := w.monday()
		w.settled()
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil) // to be acknowledged by Tuesday at ten
		sound := func(at time.Time) {
			t.Helper()
			w.set(at)
			var wg sync.WaitGroup
			for range 4 { // the schedule may run on every replica, and again after a crash
				wg.Go(func() {
					if err := w.referrals.RunClocks(db.As(context.Background(), w.tenantID("hospital"))); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		ring := func(at time.Time) {
			t.Helper()
			sound(at)
			w.settled()
		}
		expect := func(when string, email string, reminders, overdue int) {
			t.Helper()
			u := w.as(email)
			if a, b := u.told("referral.reminder", id), u.told("referral.overdue", id); a != reminders || b != overdue {
				t.Errorf("%s: %s has %d reminders and %d notices of the breach, want %d and %d", when, email, a, b, reminders, overdue)
			}
		}
		const intake, worker = "intake@hospital.demo", "worker@coordination.demo"
		ring(now.Add(5 * time.Hour))
		expect("before three quarters", intake, 0, 0)
		ring(now.Add(6*time.Hour + 5*time.Minute))
		expect("after three quarters", intake, 1, 0)
		expect("after three quarters", worker, 0, 0)
		sound(now.Add(-time.Hour)) // the clock jumps back: what was published before it waits for its hour
		ring(now.Add(7 * time.Hour))
		expect("after a clock that jumped", intake, 1, 0)
		ring(now.Add(24*time.Hour + 5*time.Minute))
		expect("after the breach", intake, 1, 1)
		ring(now.Add(48 * time.Hour))
		expect("a day later", intake, 1, 1)
		expect("a day later", worker, 0, 0)
		late := w.as(intake).get("/referrals?box=in&overdue=1&limit=200").want(200)
		found := false
		for _, x := range late.at("items").([]any) {
			m := x.(map[string]any)
			if m["overdue"] != true {
				t.Error("the filter shows what is not late")
			}
			found = found || m["id"] == id
		}
		if !found {
			t.Error("the filter does not show what is late")
		}
		// The question turns the obligation round: the desk's user is reminded, then its unit.
		w.as(intake).do(id, "ask", map[string]any{"text": "Depuis quand ?"}).want(200)
		const colleague = "worker2@coordination.demo"  // of the same desk
		w.set(now.AddDate(0, 0, 4).Add(3 * time.Hour)) // of three working days from Wednesday at ten
		w.runClocks("coordination")
		expect("when the answer is near", worker, 1, 0)
		expect("when the answer is near", colleague, 0, 0)
		w.set(now.AddDate(0, 0, 9))
		w.runClocks("coordination")
		expect("when the answer is late", worker, 1, 1)
		expect("when the answer is late", colleague, 0, 1)
		expect("the receiver hears nothing more", intake, 1, 1)
	})
}

func (w *world) runClocks(tenant string) {
	w.t.Helper()
	if err := w.referrals.RunClocks(db.As(context.Background(), w.tenantID(tenant))); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
}

// TestTheScheduleFindsWhatRings: nobody calls the job but the schedule.
func TestTheScheduleFindsWhatRings(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(map[string]any{"priority": "emergency"}) // fifteen minutes
		w.clock.Shift(12 * time.Minute)
		intake := w.as("intake@hospital.demo")
		w.eventually("somebody is reminded", func() bool { return intake.told("referral.reminder", id) > 0 })
		w.clock.Shift(16 * time.Minute)
		w.eventually("somebody hears of the breach", func() bool { return intake.told("referral.overdue", id) > 0 })
		w.settled()
		if a, b := intake.told("referral.reminder", id), intake.told("referral.overdue", id); a != 1 || b != 1 {
			t.Errorf("%d reminders, %d notices of the breach", a, b)
		}
	})
}
