package referrals

import (
	"slices"
	"time"
)

// Calendar counts working time; clock.Week satisfies it.
type Calendar interface {
	Add(t time.Time, working time.Duration) time.Time
	Between(a, b time.Time) time.Duration
	Day() time.Duration
}

// term is a deadline of domain.md §2, "Clocks": working days, working hours, or
// real time.
type term struct {
	days  int
	hours int
	real  time.Duration
}

func (t term) from(c Calendar, at time.Time) time.Time {
	if t.real > 0 {
		return at.Add(t.real)
	}
	return c.Add(at, t.working(c))
}

func (t term) working(c Calendar) time.Duration {
	return time.Duration(t.days)*c.Day() + time.Duration(t.hours)*time.Hour
}

// terms by act and priority; an urgent or emergency term that is missing falls
// back to the one before it.
var deadlines = map[string]map[string]term{
	"finish":      {"routine": {days: 3}, "urgent": {days: 1}, "emergency": {hours: 2}}, // a draft
	"consent":     {"routine": {real: 14 * 24 * time.Hour}, "urgent": {days: 1}},
	"approve":     {"routine": {days: 1}},
	"acknowledge": {"routine": {days: 1}, "urgent": {hours: 2}, "emergency": {real: 15 * time.Minute}},
	"decide":      {"routine": {days: 3}, "urgent": {days: 1}, "emergency": {real: 2 * time.Hour}},
	"answer":      {"routine": {days: 3}, "urgent": {days: 1}},
	"start":       {"routine": {days: 10}, "urgent": {days: 3}},
	"place":       {"routine": {real: 30 * 24 * time.Hour}}, // on the waiting list, without an estimate
	"attendance":  {"routine": {days: 1}},                   // after the appointment
	"reschedule":  {"routine": {days: 10}, "urgent": {days: 3}},
	"report":      {"routine": {real: 30 * 24 * time.Hour}},
	"resume":      {"routine": {real: 30 * 24 * time.Hour}},
	"confirm":     {"routine": {real: 14 * 24 * time.Hour}},
	"recall":      {"routine": {days: 2}},
	"news":        {"routine": {days: 10}, "urgent": {days: 3}, "emergency": {days: 1}}, // of a letter: ask the person
}

func termOf(act, priority string) term {
	byPriority := deadlines[act]
	for i := len(Priorities) - 1; i >= 0; i-- {
		if Priorities[i] == priority {
			for ; i >= 0; i-- {
				if t, ok := byPriority[Priorities[i]]; ok {
					return t
				}
			}
		}
	}
	return byPriority["routine"]
}

// expireAfter is when an undecided referral ends by itself.
const expireAfter = 30 * 24 * time.Hour

// zone is that of appointments.
type zone = *time.Location

// SetDue sets owner's deadline after a change. The decision's clock pauses while
// the sender is asked: consumed time is stored, never recomputed.
func (r *Referral) SetDue(c Calendar, z zone, now time.Time) {
	act := map[State]string{Draft: "finish", AwaitingConsent: "consent", AwaitingApproval: "approve", Sent: "acknowledge", Acknowledged: "decide",
		InfoRequested: "answer", Accepted: "start", Waitlisted: "place", Scheduled: "attendance", NoShow: "reschedule", InProgress: "report", OnHold: "resume",
		Completed: "confirm", RecallRequested: "recall"}[r.State]
	if r.Letter() && r.State.Open() && !slices.Contains(unsent, r.State) {
		act = "news"
		if !r.DueAt.IsZero() && r.DueFor == act {
			r.DueFor = "" // each thing that is heard starts the wait anew
		}
	}
	// An act that changes no state moves no deadline: assigning somebody is no answer.
	// An appointment that moved is read anew.
	if act != "" && act == r.DueFor && !r.DueAt.IsZero() && act != "attendance" {
		return
	}
	r.DueFor, r.DueSince = act, now
	if act == "" {
		r.DueAt, r.DueSince = time.Time{}, time.Time{}
		return
	}
	t := termOf(act, r.Priority)
	r.DueAt = t.from(c, now)
	switch r.State {
	case Sent:
		r.DecideSince, r.DecideUsed = now, 0
	case InfoRequested:
		if !r.DecideSince.IsZero() {
			r.DecideUsed += used(c, t, termOf("decide", r.Priority), r.DecideSince, now)
			r.DecideSince = time.Time{}
		}
	case Acknowledged:
		if r.DecideSince.IsZero() {
			r.DecideSince = now
		}
		r.DueSince = r.DecideSince
		if t.real > 0 {
			r.DueAt = r.DecideSince.Add(t.real - r.DecideUsed)
		} else {
			r.DueAt = c.Add(r.DecideSince, max(t.working(c)-r.DecideUsed, time.Minute))
		}
	case Waitlisted:
		if d, err := time.ParseInLocation(time.DateOnly, r.Estimate, z); err == nil {
			r.DueAt = d.UTC()
		}
	case Scheduled:
		if at, ok := Instant(r.StartsLocal, z); ok {
			r.DueAt = t.from(c, at)
		}
	}
}

func used(c Calendar, _, decide term, since, now time.Time) time.Duration {
	if decide.real > 0 {
		return now.Sub(since)
	}
	return c.Between(since, now)
}

// Overdue reports whether the deadline has passed.
func (r *Referral) Overdue(now time.Time) bool { return !r.DueAt.IsZero() && r.DueAt.Before(now) }

// Instant is the moment of a wall-clock time in a zone. A time that does not exist
// or exists twice is moved to the later one (domain.md §1).
func Instant(local string, z zone) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		t, err := time.Parse(layout, local)
		if err != nil {
			continue
		}
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, z)
		for _, d := range []time.Duration{2 * time.Hour, time.Hour} { // the same wall clock again, later
			if later := at.Add(d); later.In(z).Format("2006-01-02T15:04:05") == t.Format("2006-01-02T15:04:05") {
				return later.UTC(), true
			}
		}
		return at.UTC(), true
	}
	return time.Time{}, false
}
