package referrals

import (
	"testing"
	"time"

	"shubbak/platform/clock"
)

// at is an instant of the desk's wall clock.
func at(t testing.TB, local string) time.Time {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", local, clock.Casablanca())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// due is the deadline as the desk's wall clock shows it.
func (m *machine) due() string { return m.r.DueAt.In(m.zone).Format("2006-01-02 15:04") }

// walk gives commands at wall-clock times and stops at the first that fails.
func walk(t *testing.T, priority string, steps ...[2]string) *machine {
	t.Helper()
	m := newMachine()
	m.r.Priority = priority
	m.r.DueFor = "" // the draft's own deadline is of the routine machine
	for _, s := range steps {
		m.now = at(t, s[1])
		if err := m.do(Command(s[0])); err != nil {
			t.Fatalf("%s at %s: %v", s[0], s[1], err)
		}
	}
	return m
}

func TestDueDates(t *testing.T) {
	t.Parallel()
	// 2026-11-23 is a Monday; a working day is 08:30 to 16:30.
	for name, c := range map[string]struct {
		priority string
		steps    [][2]string
		act, due string
	}{
		"a referral is acknowledged within one working day": {"routine", [][2]string{{"send", "2026-11-23 10:00"}}, "acknowledge", "2026-11-24 10:00"},
		"a weekend does not count":                          {"routine", [][2]string{{"send", "2026-11-27 15:00"}}, "acknowledge", "2026-11-30 15:00"},
		"a referral of Sunday begins on Monday":             {"routine", [][2]string{{"send", "2026-11-29 11:00"}}, "acknowledge", "2026-11-30 16:30"},
		"an urgent one has two working hours":               {"urgent", [][2]string{{"send", "2026-11-23 15:30"}}, "acknowledge", "2026-11-24 09:30"},
		"an emergency has fifteen real minutes":             {"emergency", [][2]string{{"send", "2026-11-28 23:50"}}, "acknowledge", "2026-11-29 00:05"},
		"a decision has three working days":                 {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"acknowledge", "2026-11-23 11:00"}}, "decide", "2026-11-26 10:00"},
		"an urgent decision has one":                        {"urgent", [][2]string{{"send", "2026-11-23 10:00"}, {"acknowledge", "2026-11-23 11:00"}}, "decide", "2026-11-24 10:00"},
		"an emergency is decided in two real hours":         {"emergency", [][2]string{{"send", "2026-11-28 23:00"}, {"acknowledge", "2026-11-28 23:10"}}, "decide", "2026-11-29 01:00"},
		"a question is answered in three working days":      {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"ask", "2026-11-23 12:00"}}, "answer", "2026-11-26 12:00"},
		"a service starts within ten working days":          {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}}, "start", "2026-12-07 12:00"},
		"an urgent service within three":                    {"urgent", [][2]string{{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}}, "start", "2026-11-26 12:00"},
		"a report is due every thirty days": {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}, {"start", "2026-11-24 09:00"}, {"report", "2026-12-01 09:00"}},
			"report", "2026-12-31 09:00"},
		"an outcome is confirmed in fourteen": {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}, {"complete", "2026-11-24 09:00"}}, "confirm", "2026-12-08 09:00"},
		"a recall is answered in two working days": {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}, {"recall", "2026-11-27 09:00"}},
			"recall", "2026-12-01 09:00"},
		"an end has no deadline": {"routine", [][2]string{{"send", "2026-11-23 10:00"}, {"decline", "2026-11-23 12:00"}}, "", "0001-01-01 00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := walk(t, c.priority, c.steps...)
			if c.act == "" {
				if !m.r.DueAt.IsZero() || m.r.DueFor != "" {
					t.Errorf("due %s for %q", m.due(), m.r.DueFor)
				}
				return
			}
			if m.r.DueFor != c.act || m.due() != c.due {
				t.Errorf("due %s for %s, want %s for %s", m.due(), m.r.DueFor, c.due, c.act)
			}
		})
	}
}

func TestTheDecisionsClock(t *testing.T) {
	t.Parallel()
	t.Run("pauses_while_the_sender_is_asked", func(t *testing.T) {
		t.Parallel()
		// Two hours of three days are used when the question comes; the answer comes
		// two days later and leaves 22 working hours.
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"ask", "2026-11-23 12:00"}, [2]string{"answer", "2026-11-25 12:00"})
		if m.due() != "2026-11-30 10:00" || m.r.DecideUsed != 2*time.Hour {
			t.Errorf("due %s with %v used", m.due(), m.r.DecideUsed)
		}
	})
	t.Run("adds_up_over_two_questions", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"ask", "2026-11-23 12:00"}, [2]string{"answer", "2026-11-24 08:30"},
			[2]string{"ask", "2026-11-24 11:30"}, [2]string{"answer", "2026-11-25 08:30"})
		if m.r.DecideUsed != 5*time.Hour || m.due() != "2026-11-27 11:30" {
			t.Errorf("due %s with %v used", m.due(), m.r.DecideUsed)
		}
	})
	t.Run("runs_on_when_an_acceptance_is_undone", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"}, [2]string{"undo-accept", "2026-11-23 13:00"})
		if m.due() != "2026-11-26 10:00" {
			t.Errorf("due %s", m.due())
		}
	})
	t.Run("pauses_in_real_time_for_an_emergency", func(t *testing.T) {
		t.Parallel()
		m := walk(t, "emergency", [2]string{"send", "2026-11-28 22:00"}, [2]string{"ask", "2026-11-28 22:30"}, [2]string{"answer", "2026-11-29 02:00"})
		if m.due() != "2026-11-29 03:30" {
			t.Errorf("due %s", m.due())
		}
	})
}

func TestAssigningMovesNoDeadline(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][][2]string{
		"before it is acknowledged":  {{"send", "2026-11-23 10:00"}},
		"after acceptance":           {{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}},
		"while it waits for a place": {{"send", "2026-11-23 10:00"}, {"waitlist", "2026-11-23 12:00"}},
		"while it is in progress":    {{"send", "2026-11-23 10:00"}, {"accept", "2026-11-23 12:00"}, {"start", "2026-11-24 09:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := walk(t, "routine", steps...)
			before := m.due()
			m.now = at(t, "2026-11-24 16:00")
			if err := m.do(Assign); err != nil {
				t.Fatal(err)
			}
			if m.due() != before {
				t.Errorf("due %s, before the assignment %s", m.due(), before)
			}
		})
	}
}

func TestAnAppointmentsDeadline(t *testing.T) {
	t.Parallel()
	m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"}, [2]string{"accept", "2026-11-23 12:00"})
	give := func(local string) {
		t.Helper()
		m.r.StartsLocal = local
		if _, err := m.r.move(Schedule, m.now); err != nil {
			t.Fatal(err)
		}
		m.r.SetDue(ordinary(), m.zone, m.now)
	}
	give("2026-12-10T10:00")
	if m.r.DueFor != "attendance" || m.due() != "2026-12-11 10:00" {
		t.Errorf("due %s for %s, want the working day after the appointment", m.due(), m.r.DueFor)
	}
	give("2026-12-11T15:00") // moved to a Friday
	if m.due() != "2026-12-14 15:00" {
		t.Errorf("after the move: due %s", m.due())
	}
}

func TestAWaitingListsEstimate(t *testing.T) {
	t.Parallel()
	for estimate, want := range map[string]string{"2027-01-15": "2027-01-15 00:00", "": "2026-12-23 10:00", "soon": "2026-12-23 10:00"} {
		m := walk(t, "routine", [2]string{"send", "2026-11-23 10:00"})
		if _, err := m.r.Waitlisting(estimate, m.now); err != nil {
			t.Fatal(err)
		}
		m.r.SetDue(ordinary(), m.zone, m.now)
		if m.due() != want {
			t.Errorf("estimate %q: due %s, want %s", estimate, m.due(), want)
		}
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	m := walk(t, "emergency", [2]string{"send", "2026-11-23 10:00"})
	for later, want := range map[time.Duration]bool{0: false, 15 * time.Minute: false, 15*time.Minute + time.Second: true} {
		if m.r.Overdue(m.now.Add(later)) != want {
			t.Errorf("%v later: overdue is %v", later, !want)
		}
	}
	var none Referral
	if none.Overdue(time.Now()) {
		t.Error("a referral without a deadline is overdue")
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	z := clock.Casablanca()
	// Morocco is at UTC+1, and at UTC in Ramadan: in 2026 from 15 February 03:00 to
	// 22 March 02:00.
	for local, want := range map[string]string{
		"2026-12-14T10:00":    "2026-12-14T09:00:00Z",
		"2026-12-14T10:00:30": "2026-12-14T09:00:30Z",
		"2026-03-01T10:00":    "2026-03-01T10:00:00Z", // in Ramadan
		"2026-02-15T02:30":    "2026-02-15T02:30:00Z", // twice: the later one
		"2026-03-22T02:30":    "2026-03-22T02:30:00Z", // never: the later reading
		"2026-03-22T01:59":    "2026-03-22T01:59:00Z",
		"2026-03-22T03:00":    "2026-03-22T02:00:00Z",
	} {
		got, ok := Instant(local, z)
		if !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, want %s", local, got.Format(time.RFC3339), want)
		}
	}
	for _, bad := range []string{"", "2026-12-14", "2026-12-14T10:00Z", "2026-12-14T10:00+01:00", "2026-02-30T10:00", "2026-12-14T25:00", "14/12/2026 10:00", "2026-12-14 10:00"} {
		if at, ok := Instant(bad, z); ok {
			t.Errorf("%q was read as %s", bad, at)
		}
	}
}
