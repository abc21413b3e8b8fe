package referrals

import (
	"testing"
	"time"

	"shubbak/platform/clock"
)

// ordinary is the ordinary week on both sides.
func ordinary() Calendars {
	c := counted(clock.Ordinary().History())
	return Calendars{Sender: c, Receiver: c}
}

// edited is the ordinary week until an instant, and what change makes of it from
// then on.
func edited(at time.Time, change func(c *clock.Calendar)) Calendars {
	after := clock.Ordinary()
	after.Off = map[clock.Date]bool{}
	change(&after)
	c := counted(clock.History{{Calendar: clock.Ordinary()}, {From: at, Calendar: after}})
	return Calendars{Sender: c, Receiver: c}
}

func off(year int, month time.Month, day int) func(c *clock.Calendar) {
	return func(c *clock.Calendar) { c.Off[clock.DateFrom(year, month, day)] = true }
}

func TestARecallPausesTheClockBeforeIt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]Command{"refused": RefuseRecall, "taken back": UndoRecall} {
		t.Run(name+" with time left", func(t *testing.T) {
			t.Parallel()
			// Three of ten days are used when the recall comes; two days later seven are left.
			m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"}, [2]string{"recall", "2026-11-26 12:00"},
				[2]string{string(end), "2026-11-30 12:00"})
			if m.r.DueFor != "start" || m.due() != "2026-12-09 12:00" || m.r.DueUsed != 3*workingDay || m.r.Held != nil {
				t.Errorf("due %s for %s with %v used", m.due(), m.r.DueFor, m.r.DueUsed)
			}
		})
		t.Run(name+" when the time was over", func(t *testing.T) {
			t.Parallel()
			m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"}, [2]string{"recall", "2026-12-15 12:00"},
				[2]string{string(end), "2026-12-16 12:00"})
			if m.due() != "2026-12-07 12:00" || !m.r.Overdue(m.now) {
				t.Errorf("due %s: the recall gave new time to who had used it", m.due())
			}
		})
	}
	t.Run("it stays the same deadline", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"})
		key := m.r.DueKey
		for _, s := range [][2]string{{"recall", "2026-11-26 12:00"}, {"refuse-recall", "2026-11-30 12:00"}, {"recall", "2026-12-01 12:00"}, {"undo-recall", "2026-12-02 12:00"}} {
			m.now = at(t, s[1])
			if err := m.do(Command(s[0])); err != nil {
				t.Fatal(err)
			}
		}
		if m.r.DueKey != key || key == "" || m.r.DueUsed != 4*workingDay {
			t.Errorf("%q became %q with %v used", key, m.r.DueKey, m.r.DueUsed)
		}
	})
	t.Run("a report's month goes on too", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"}, [2]string{"start", "2026-11-24 09:00"},
			[2]string{"recall", "2026-12-04 09:00"}, [2]string{"refuse-recall", "2026-12-08 09:00"})
		if m.due() != "2026-12-28 09:00" {
			t.Errorf("due %s, want twenty days after the answer", m.due())
		}
	})
	t.Run("an appointment is read anew", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"}, [2]string{"schedule", "2026-11-24 09:00"})
		before, key := m.due(), m.r.DueKey
		for _, s := range [][2]string{{"recall", "2026-11-25 09:00"}, {"refuse-recall", "2026-11-26 09:00"}} {
			m.now = at(t, s[1])
			if err := m.do(Command(s[0])); err != nil {
				t.Fatal(err)
			}
		}
		if m.due() != before || m.r.DueKey != key {
			t.Errorf("due %s, before the recall %s", m.due(), before)
		}
	})
}

func TestADraftsPriorityGivesItsDeadline(t *testing.T) {
	t.Parallel()
	m := newMachine() // begun on Monday at 11:00 of the wall clock
	for _, c := range []struct{ priority, due string }{{"urgent", "2026-11-24 11:00"}, {"emergency", "2026-11-23 13:00"}, {"routine", "2026-11-26 11:00"}} {
		m.now = m.now.Add(time.Hour)
		m.r.Priority = c.priority
		m.r.Reprioritised(ordinary(), m.now)
		if m.due() != c.due {
			t.Errorf("%s: due %s, want %s", c.priority, m.due(), c.due)
		}
	}
}

func TestAHolidayMovedUnderAnOpenDeadline(t *testing.T) {
	t.Parallel()
	t.Run("moves_what_has_not_passed", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"acknowledge", "2026-11-23 11:00"}) // due on Thursday at ten
		m.now = at(t, "2026-11-24 09:00")
		c := edited(m.now, off(2026, 11, 25))
		if !m.r.Recount(c, m.now) || m.due() != "2026-11-27 10:00" {
			t.Errorf("due %s", m.due())
		}
		if m.r.Recount(c, m.now.Add(time.Hour)) {
			t.Error("counted again it moved again")
		}
	})
	t.Run("gives_no_used_time_back", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"acknowledge", "2026-11-23 11:00"})
		m.now = at(t, "2026-11-25 12:00") // on the third day Monday and Tuesday are said to have been holidays
		if m.r.Recount(edited(m.now, func(c *clock.Calendar) { off(2026, 11, 23)(c); off(2026, 11, 24)(c) }), m.now) {
			t.Errorf("due %s: what was used counts as it was used", m.due())
		}
	})
	t.Run("and_stands_when_it_has_passed", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}) // due on Tuesday at ten
		m.now = at(t, "2026-11-24 11:00")
		if m.r.Recount(edited(at(t, "2026-11-23 12:00"), off(2026, 11, 24)), m.now) || m.due() != "2026-11-24 10:00" {
			t.Errorf("due %s", m.due())
		}
	})
	t.Run("and_pauses_count_by_what_stood", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"})
		c := edited(at(t, "2026-11-24 10:00"), off(2026, 11, 23))
		m.now = at(t, "2026-11-25 10:00")
		if _, err := m.r.move(Ask, m.now); err != nil {
			t.Fatal(err)
		}
		m.r.SetDue(c, m.zone, m.now)
		if m.r.DecideUsed != 2*workingDay {
			t.Errorf("%v used, want two days", m.r.DecideUsed)
		}
	})
	t.Run("real_time_moves_for_nobody", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "emergency", [2]string{"send", "2026-11-23 10:00"})
		if m.r.Recount(edited(m.now, off(2026, 11, 23)), m.now) {
			t.Errorf("due %s", m.due())
		}
	})
}

func TestEachSideCountsInItsOwnCalendar(t *testing.T) {
	t.Parallel()
	always := counted(clock.Calendar{Zone: clock.Casablanca(), Always: true}.History())
	m := newMachine()
	both := Calendars{Sender: ordinary().Sender, Receiver: always}
	do := func(local string, c Command) {
		t.Helper()
		m.now = at(t, local)
		var err error
		if c == Send {
			_, err = m.r.Sent(Send, m.now)
		} else {
			_, err = m.r.move(c, m.now)
		}
		if err != nil {
			t.Fatal(err)
		}
		m.r.SetDue(both, m.zone, m.now)
	}
	do("2026-11-29 03:00", Send) // a Sunday, to a ward that never closes
	if m.due() != "2026-11-30 03:00" {
		t.Errorf("acknowledge due %s", m.due())
	}
	do("2026-11-29 09:00", Ask)
	if m.due() != "2026-12-02 16:30" { // the desk opens on Monday
		t.Errorf("answer due %s", m.due())
	}
	do("2026-11-30 10:00", Answer)
	if m.due() != "2026-12-03 04:00" || m.r.DecideUsed != 2*time.Hour { // six of 72 hours are used, worth two of 24
		t.Errorf("decide due %s with %v used", m.due(), m.r.DecideUsed)
	}
}

func TestAClockRingsAtThreeQuartersAndAtTheEnd(t *testing.T) {
	t.Parallel()
	rings := func(m *machine) string { return m.r.RingAt.In(m.zone).Format("2006-01-02 15:04") }
	m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"})
	if rings(m) != "2026-11-23 16:00" {
		t.Errorf("acknowledge rings %s", rings(m))
	}
	if got := m.r.deadline().ring(ordinary().Receiver, at(t, "2026-11-23 16:10")); !got.Equal(m.r.DueAt) {
		t.Errorf("after the warning it rings %s, want at the deadline", got)
	}
	for name, c := range map[string]struct {
		priority string
		steps    [][2]string
		want     string
	}{
		"an emergency after eleven minutes and a quarter": {"emergency", [][2]string{{"send", "2026-11-28 23:50"}}, "2026-11-29 00:01"},
		"an answer in its third day":                      {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"ask", "2026-11-23 12:00"}}, "2026-11-25 14:00"},
		"a decision that was paused keeps what it used": {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"ask", "2026-11-24 10:00"}, {"answer", "2026-11-25 10:00"}},
			"2026-11-26 12:00"},
	} {
		if m := walk(t, c.priority, c.steps...); rings(m) != c.want {
			t.Errorf("%s: rings %s, want %s", name, rings(m), c.want)
		}
	}
}

func TestAClockThatIsSetBackUsesNothing(t *testing.T) {
	t.Parallel()
	m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"ask", "2026-11-23 09:00"}, [2]string{"answer", "2026-11-22 09:00"})
	if m.r.DecideUsed != 0 || m.r.DueAt.IsZero() {
		t.Errorf("%v used, due %s", m.r.DecideUsed, m.due())
	}
}
