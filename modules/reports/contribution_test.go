package reports

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/ids"

	"pgregory.net/rapid"
)

// drawn is what histories are drawn from: a few agreements, parties and persons, so that
// referrals meet in the same figures.
type drawn struct {
	agreements []ids.ID[ids.Agreement]
	tenants    []ids.ID[ids.Tenant]
	persons    []ids.ID[ids.Person]
}

func someWorld() drawn {
	var d drawn
	for range 2 {
		d.agreements = append(d.agreements, ids.New[ids.Agreement]())
	}
	for range 3 {
		d.tenants, d.persons = append(d.tenants, ids.New[ids.Tenant]()), append(d.persons, ids.New[ids.Person]())
	}
	return d
}

// history walks the referrals' own table from the first send on, so that nothing is
// counted that cannot happen.
func (d drawn) history(t *rapid.T) referrals.Course {
	c := referrals.Course{Referral: ids.New[ids.Referral](), Agreement: rapid.SampledFrom(d.agreements).Draw(t, "agreement"), From: d.tenants[0], To: rapid.SampledFrom(d.tenants[1:]).Draw(t, "to"),
		Person: rapid.SampledFrom(d.persons).Draw(t, "person"), Danger: rapid.Bool().Draw(t, "danger"), Exception: rapid.Bool().Draw(t, "exception")}
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 400*24).Draw(t, "begins")) * time.Hour)
	state, before := referrals.State("draft"), referrals.State("")
	commands := slices.Sorted(maps.Keys(referrals.Table))
	step := func(event string, to referrals.State) {
		at = at.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "hours")) * time.Hour)
		c.Steps = append(c.Steps, referrals.Step{Event: event, To: to, At: at, Late: rapid.Bool().Draw(t, "late")})
	}
	step("created", state)
	for range rapid.IntRange(1, 14).Draw(t, "steps") {
		rule, ok := referrals.Rule{}, false
		command := rapid.SampledFrom(commands).Draw(t, "command")
		for _, r := range referrals.Table[command] {
			if slices.Contains(r.From, state) {
				rule, ok = r, true
				break
			}
		}
		if !ok {
			continue
		}
		to := rule.To
		if !slices.Contains(referrals.States, to) {
			if to = state; state == "recall_requested" && rule.Event != "assigned" {
				to = before
			}
		}
		if command == referrals.Waitlist && state != referrals.Accepted {
			step("accepted", referrals.Accepted)
		}
		if to == "recall_requested" {
			before = state
		}
		step(rule.Event, to)
		state = to
	}
	return c
}

// register holds figures as the database does: a person is a row of its own, which
// changes a figure with its first referral and its last.
type register struct {
	sums  map[string][2]int64
	times map[string]int64
	given map[ids.ID[ids.Referral]][]given
}

func newRegister() *register {
	return &register{map[string][2]int64{}, map[string]int64{}, map[ids.ID[ids.Referral]][]given{}}
}

func (r *register) take(t interface{ Fatalf(string, ...any) }, c referrals.Course) {
	now := contribution(c, c.Person.String(), clock.Casablanca())
	for _, g := range difference(r.given[c.Referral], now) {
		if g.Token != "" {
			key := fmt.Sprint(c.Agreement, g.Party, g.Unit, g.Span, g.Token)
			r.times[key] += g.Num
			if r.times[key] != max(g.Num, 0) {
				continue
			}
		}
		key := fmt.Sprint(c.Agreement, " ", g.Party, " ", g.Indicator, " ", g.Unit, " ", g.Span)
		v := r.sums[key]
		v[0], v[1] = v[0]+g.Num, v[1]+g.Den
		if v[0] < 0 || v[1] < 0 || v[1] > 0 && v[0] > v[1] {
			t.Fatalf("%s is %d of %d", key, v[0], v[1])
		}
		if r.sums[key] = v; v == [2]int64{} {
			delete(r.sums, key)
		}
	}
	r.given[c.Referral] = now
}

// TestFiguresInAnyOrderEqualOneFold: however often and in whatever order the histories
// are read on their way, and however far each has come, the figures at the end are those
// of the whole histories read once.
func TestFiguresInAnyOrderEqualOneFold(t *testing.T) {
	d := someWorld()
	rapid.Check(t, func(t *rapid.T) {
		var all []referrals.Course
		for range rapid.IntRange(1, 8).Draw(t, "referrals") {
			all = append(all, d.history(t))
		}
		want := newRegister()
		for _, c := range all {
			want.take(t, c)
		}

		// Each history as far as it had come at some moments; the last is the whole one.
		var deliveries []referrals.Course
		for _, c := range all {
			for range rapid.IntRange(0, 6).Draw(t, "times") {
				part := c
				part.Steps = c.Steps[:rapid.IntRange(1, len(c.Steps)).Draw(t, "as far as")]
				deliveries = append(deliveries, part)
			}
		}
		got := newRegister()
		for _, c := range rapid.Permutation(deliveries).Draw(t, "order") {
			got.take(t, c)
		}
		for _, c := range rapid.Permutation(slices.Concat(all, all)).Draw(t, "last") {
			got.take(t, c)
		}
		if !maps.Equal(got.sums, want.sums) {
			t.Fatalf("the figures are\n%v, of one fold\n%v", got.sums, want.sums)
		}
	})
}

func TestDifferenceOfTheSameIsNothing(t *testing.T) {
	d := someWorld()
	rapid.Check(t, func(t *rapid.T) {
		c := d.history(t)
		g := contribution(c, "p", clock.Casablanca())
		if left := difference(g, g); len(left) != 0 {
			t.Fatalf("%v", left)
		}
		if !slices.IsSortedFunc(difference(nil, g), compare) {
			t.Fatal("two that add at once could wait for each other")
		}
	})
}

func TestWhatAReferralGives(t *testing.T) {
	from, to := ids.New[ids.Tenant](), ids.New[ids.Tenant]()
	day := func(n int) time.Time { return time.Date(2026, 12, n, 10, 0, 0, 0, time.UTC) }
	step := func(n int, event string, late bool) referrals.Step {
		return referrals.Step{Event: event, To: referrals.State(event), At: day(n), Late: late}
	}
	of := func(g []given, indicator string) string {
		for _, x := range g {
			if x.Indicator == indicator && (x.Unit == agreements.UnitMonth || x.Unit == "month") {
				return fmt.Sprintf("%d/%d", x.Num, x.Den)
			}
		}
		return ""
	}
	for name, c := range map[string]struct {
		steps []referrals.Step
		want  map[string]string
	}{
		"in time":                 {[]referrals.Step{step(1, "sent", false), step(2, "accepted", false)}, map[string]string{"answered_in_time": "1/1", "accepted": "1/1", "completed": "", persons: ""}},
		"late":                    {[]referrals.Step{step(1, "sent", false), step(9, "declined", true)}, map[string]string{"answered_in_time": "0/1", "accepted": "0/1"}},
		"never answered":          {[]referrals.Step{step(1, "sent", false), step(30, "expired", false)}, map[string]string{"answered_in_time": "0/1", "accepted": "0/1"}},
		"recalled before":         {[]referrals.Step{step(1, "sent", false), step(2, "recalled", false)}, map[string]string{"answered_in_time": "", "accepted": "", agreements.CountSent: "1/0"}},
		"undone, then declined":   {[]referrals.Step{step(1, "sent", false), step(2, "accepted", false), step(2, "acceptance_undone", false), step(3, "declined", false)}, map[string]string{"answered_in_time": "1/1", "accepted": "0/1"}},
		"undone, not yet decided": {[]referrals.Step{step(1, "sent", false), step(2, "accepted", false), step(2, "acceptance_undone", false)}, map[string]string{"answered_in_time": "", "accepted": ""}},
		"completed":               {[]referrals.Step{step(1, "sent", false), step(2, "accepted", false), step(5, "completed", false)}, map[string]string{"completed": "1/0", "outcomes_confirmed": "0/1", persons: "1/0"}},
		"confirmed":               {[]referrals.Step{step(1, "sent", false), step(2, "accepted", false), step(3, "started", false), step(5, "completed", false), step(6, "outcome_confirmed", false)}, map[string]string{"outcomes_confirmed": "1/1", persons: "1/0"}},
		"written in error":        {[]referrals.Step{step(1, "sent", false), step(2, "entered_in_error", false)}, map[string]string{agreements.CountSent: ""}},
		"never sent":              {[]referrals.Step{step(1, "created", false)}, map[string]string{agreements.CountSent: ""}},
	} {
		got := contribution(referrals.Course{Referral: ids.New[ids.Referral](), Agreement: ids.New[ids.Agreement](), From: from, To: to, Steps: c.steps}, "p", clock.Casablanca())
		for indicator, want := range c.want {
			if of(got, indicator) != want {
				t.Errorf("%s: %s is %q, want %q", name, indicator, of(got, indicator), want)
			}
		}
	}
}
