package referrals

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"pgregory.net/rapid"
)

// line is one line of the contract's table of commands, written a second time so
// that a change of the code alone is seen.
type line struct {
	command, by, from, to, event string
}

// contract is "Referral commands", with the states of domain.md §2 for what the
// system does. "=" is no change, "<" the state before the recall.
var contract = []line{
	{"send", "sender", "draft awaiting_consent", "sent", "sent"},
	{"approve", "sender", "awaiting_approval", "sent", "sent"},
	{"return", "sender", "awaiting_approval", "draft", "returned"},
	{"acknowledge", "receiver", "sent", "acknowledged", "acknowledged"},
	{"ask", "receiver", "sent acknowledged", "info_requested", "info_requested"},
	{"answer", "sender", "info_requested", "acknowledged", "answered"},
	{"accept", "receiver", "sent acknowledged info_requested", "accepted", "accepted"},
	{"undo-accept", "receiver", "accepted", "acknowledged", "acceptance_undone"},
	{"decline", "receiver", "sent acknowledged info_requested", "declined", "declined"},
	{"redirect", "receiver", "sent acknowledged info_requested", "redirected", "redirected"},
	{"waitlist", "receiver", "sent acknowledged accepted", "waitlisted", "waitlisted"},
	{"schedule", "receiver", "accepted waitlisted scheduled no_show", "scheduled", "scheduled"},
	{"no-show", "receiver", "scheduled", "no_show", "no_show"},
	{"start", "receiver", "accepted waitlisted scheduled no_show", "in_progress", "started"},
	{"hold", "receiver", "in_progress", "on_hold", "held"},
	{"resume", "receiver", "on_hold", "in_progress", "resumed"},
	{"report", "receiver", "accepted waitlisted scheduled in_progress on_hold", "=", "reported"},
	{"complete", "receiver", "accepted scheduled in_progress on_hold", "completed", "completed"},
	{"fail", "receiver", "accepted waitlisted scheduled no_show in_progress on_hold", "failed", "failed"},
	{"confirm", "sender", "completed", "outcome_confirmed", "outcome_confirmed"},
	{"recall", "sender", "draft awaiting_consent awaiting_approval sent acknowledged info_requested", "recalled", "recalled"},
	{"recall", "sender", "accepted waitlisted scheduled no_show in_progress on_hold", "recall_requested", "recall_requested"},
	{"confirm-recall", "receiver", "recall_requested", "recalled", "recalled"},
	{"refuse-recall", "receiver", "recall_requested", "<", "recall_refused"},
	{"undo-recall", "sender", "recall_requested", "<", "recall_undone"},
	{"assign", "receiver", "sent acknowledged info_requested accepted waitlisted scheduled no_show in_progress on_hold recall_requested", "=", "assigned"},
	{"mark-error", "sender", "draft awaiting_consent awaiting_approval sent acknowledged info_requested recalled", "entered_in_error", "entered_in_error"},
	{"expire", "system", "sent acknowledged info_requested", "expired", "expired"},
	{"withdraw", "system", "draft awaiting_consent awaiting_approval sent acknowledged info_requested accepted waitlisted scheduled no_show in_progress on_hold recall_requested", "recalled", "recalled"},
}

// flat gives a table as (command, from) → by, to, event.
func flat(add func(put func(command, from string, rest [3]string))) map[[2]string][3]string {
	out := map[[2]string][3]string{}
	add(func(command, from string, rest [3]string) { out[[2]string{command, from}] = rest })
	return out
}

func TestTheTableIsTheContracts(t *testing.T) {
	t.Parallel()
	want := flat(func(put func(string, string, [3]string)) {
		for _, l := range contract {
			for _, from := range strings.Fields(l.from) {
				put(l.command, from, [3]string{l.by, l.to, l.event})
			}
		}
	})
	got := flat(func(put func(string, string, [3]string)) {
		for c, rules := range Table {
			for _, r := range rules {
				for _, from := range r.From {
					put(string(c), string(from), [3]string{string(r.By), string(r.To), r.Event})
				}
			}
		}
	})
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s from %s: by, to, event = %v, the contract says %v", k[0], k[1], got[k], w)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s from %s stands in the table and not in the contract", k[0], k[1])
		}
	}
}

func TestOpenStatesAreTheOnesOfTheDomain(t *testing.T) {
	t.Parallel()
	open := strings.Fields("draft awaiting_consent awaiting_approval sent acknowledged info_requested accepted waitlisted scheduled no_show in_progress on_hold recall_requested")
	for _, s := range States {
		if s.Open() != slices.Contains(open, string(s)) {
			t.Errorf("%s: open is %v", s, s.Open())
		}
	}
	if len(States) != 21 {
		t.Errorf("%d states, the domain has 21", len(States))
	}
}

func TestEveryStateIsReachableAndLeftOnlyByRule(t *testing.T) {
	t.Parallel()
	reached := map[State]bool{Draft: true, AwaitingConsent: true, AwaitingApproval: true}
	for _, rules := range Table {
		for _, r := range rules {
			reached[r.To] = true
			for _, from := range r.From {
				if !from.Open() && from != Completed && from != Recalled {
					t.Errorf("%s is an end and has a way out", from)
				}
			}
		}
	}
	for _, s := range States {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

// machine drives one referral and remembers what the invariants are about.
type machine struct {
	r      Referral
	now    time.Time
	events []Event
	zone   *time.Location
}

func newMachine() *machine {
	m := &machine{zone: clock.Casablanca(), now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	m.r = Referral{ID: ids.New[ids.Referral](), FromTenant: ids.New[ids.Tenant](), ToTenant: ids.New[ids.Tenant](), Priority: "routine"}
	m.events = append(m.events, m.r.Created(m.now))
	m.r.SetDue(ordinary(), m.zone, m.now)
	return m
}

// do gives a command as the service does, and keeps its events.
func (m *machine) do(c Command) error {
	var out []Event
	one := func(e Event, err error) error { out = append(out, e); return err }
	var err error
	switch c {
	case Send, Approve:
		err = one(m.r.Sent(c, m.now))
	case Accept:
		err = one(m.r.Acceptance(m.now))
	case UndoAccept:
		err = one(m.r.AcceptanceUndone(m.now))
	case Waitlist:
		out, err = m.r.Waitlisting("", m.now)
	case Withdraw:
		err = one(m.r.ConsentWithdrawn(m.now))
	case Schedule:
		m.r.StartsLocal = m.now.In(m.zone).AddDate(0, 0, 5).Format("2006-01-02T15:04")
		err = one(m.r.move(c, m.now))
	case "await-consent":
		err = one(m.r.NeedsConsent(m.now))
	case "await-approval":
		err = one(m.r.NeedsApproval(false, m.now))
	default:
		err = one(m.r.move(c, m.now))
	}
	if err == nil {
		m.events = append(m.events, out...)
		m.r.SetDue(ordinary(), m.zone, m.now)
	}
	return err
}

// check names the first invariant of domain.md §2 that does not hold.
func (m *machine) check(t interface{ Fatalf(string, ...any) }) {
	r := m.r
	if !slices.Contains(States, r.State) {
		t.Fatalf("%q is no state", r.State)
	}
	if r.IsOpen != r.State.Open() {
		t.Fatalf("%s: the stored open is %v", r.State, r.IsOpen)
	}
	if r.IsOpen && (r.OwnerTenant != r.FromTenant && r.OwnerTenant != r.ToTenant) {
		t.Fatalf("%s has no owner", r.State)
	}
	senders := []State{Draft, AwaitingConsent, AwaitingApproval, InfoRequested}
	if r.IsOpen && (r.OwnerTenant == r.FromTenant) != slices.Contains(senders, r.State) {
		t.Fatalf("%s is owned by the wrong side", r.State)
	}
	if due := !r.DueAt.IsZero(); due != (r.IsOpen || r.State == Completed) {
		t.Fatalf("%s: due date %v", r.State, r.DueAt)
	}
	if r.IsOpen == !r.EndedAt.IsZero() {
		t.Fatalf("%s: ended at %v", r.State, r.EndedAt)
	}
	last := m.events[len(m.events)-1]
	if last.ToState != r.State || r.Sequence != int64(len(m.events)) {
		t.Fatalf("the state is %s with %d events, the last one says %s as number %d", r.State, len(m.events), last.ToState, last.Sequence)
	}
	for i, e := range m.events {
		if e.Sequence != int64(i+1) {
			t.Fatalf("event %d has the sequence %d", i+1, e.Sequence)
		}
		if i > 0 && e.FromState != m.events[i-1].ToState {
			t.Fatalf("event %d leaves %s, the one before led to %s", i+1, e.FromState, m.events[i-1].ToState)
		}
	}
	if r.State == Accepted && r.AcceptedAt.IsZero() || slices.Contains(undecided, r.State) && (r.SentAt.IsZero() || !r.AcceptedAt.IsZero()) {
		t.Fatalf("%s: sent at %v, accepted at %v", r.State, r.SentAt, r.AcceptedAt)
	}
}

func TestNoSequenceOfCommandsLeavesAnIllegalState(t *testing.T) {
	t.Parallel()
	all := slices.Sorted(maps.Keys(Table))
	all = append(all, "await-consent", "await-approval")
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		m.r.Priority = rapid.SampledFrom(Priorities).Draw(t, "priority")
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.now = m.now.Add(time.Duration(rapid.IntRange(0, 30*3600).Draw(t, "seconds")) * time.Second)
			if m.r.State == Accepted && rapid.Bool().Draw(t, "opened") {
				m.r.OpenedAt = m.now
			}
			c := rapid.SampledFrom(all).Draw(t, "command")
			before, count := m.r, len(m.events)
			_, possible := m.r.Rule(c)
			err := m.do(c)
			switch {
			case err == nil:
				m.took(t, c, before, m.events[count:])
			case !fault.Has(err, fault.IllegalTransition):
				t.Fatalf("%s: %v", c, err)
			case len(m.events) != count || m.r.State != before.State || m.r.Sequence != before.Sequence:
				t.Fatalf("a refused %s changed something", c)
			case possible && c != UndoAccept:
				t.Fatalf("%s was refused in %s, where the table allows it", c, before.State)
			}
			m.check(t)
		}
	})
}

// took checks what one command that went through has done.
func (m *machine) took(t *rapid.T, c Command, before Referral, written []Event) {
	want := 1
	if c == Waitlist && before.State != Accepted {
		want = 2
	}
	if len(written) != want {
		t.Fatalf("%s from %s wrote %d events, want %d", c, before.State, len(written), want)
	}
	switch c {
	case RefuseRecall, UndoRecall:
		if m.r.State != before.BeforeRecall || !slices.Contains(running, m.r.State) {
			t.Fatalf("%s led to %s, before the recall it was %s", c, m.r.State, before.BeforeRecall)
		}
	case UndoAccept:
		if !before.OpenedAt.IsZero() || m.now.Sub(before.AcceptedAt) > 24*time.Hour {
			t.Fatalf("an acceptance of %v, opened at %v, was undone at %v", before.AcceptedAt, before.OpenedAt, m.now)
		}
	case Assign, Report:
		if m.r.State != before.State {
			t.Fatalf("%s changed the state", c)
		}
	}
}

func TestUndoAccept(t *testing.T) {
	t.Parallel()
	accepted := func(t *testing.T) *machine {
		m := newMachine()
		for _, c := range []Command{Send, Accept} {
			if err := m.do(c); err != nil {
				t.Fatal(err)
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		later  time.Duration
		opened bool
		want   bool
	}{
		"works at once":                          {0, false, true},
		"works at the last minute of the day":    {24 * time.Hour, false, true},
		"is too late after 24 real hours":        {24*time.Hour + time.Second, false, false},
		"is refused once somebody has opened it": {time.Minute, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := accepted(t)
			m.now = m.now.Add(c.later)
			if c.opened {
				m.r.OpenedAt = m.now
			}
			if err := m.do(UndoAccept); (err == nil) != c.want {
				t.Fatalf("undo: %v", err)
			}
			if c.want && (m.r.State != Acknowledged || m.r.WasAccepted()) {
				t.Errorf("after it: %s, accepted at %v", m.r.State, m.r.AcceptedAt)
			}
		})
	}
}

func TestWaitlistingASentReferralAcceptsItFirst(t *testing.T) {
	t.Parallel()
	m := newMachine()
	_ = m.do(Send)
	if err := m.do(Waitlist); err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range m.events[2:] {
		names = append(names, e.Event)
	}
	if !slices.Equal(names, []string{"accepted", "waitlisted"}) || m.r.AcceptedAt.IsZero() {
		t.Errorf("events %v, accepted at %v", names, m.r.AcceptedAt)
	}
}

func TestAWithdrawalSaysWhy(t *testing.T) {
	t.Parallel()
	m := newMachine()
	_ = m.do(Send)
	_ = m.do(Accept)
	if err := m.do(Withdraw); err != nil {
		t.Fatal(err)
	}
	if e := m.events[len(m.events)-1]; m.r.State != Recalled || e.ReasonCode != "consent_withdrawn" || m.r.ToDecide {
		t.Errorf("%s, reason %q, to decide %v", m.r.State, e.ReasonCode, m.r.ToDecide)
	}
}
