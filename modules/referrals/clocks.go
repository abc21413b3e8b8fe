package referrals

import (
	"slices"
	"time"
)

// Counter counts one kind of time; clock.Count satisfies it.
type Counter interface {
	Add(t time.Time, d time.Duration) time.Time
	Between(a, b time.Time) time.Duration
}

// Calendar is how one unit counts its working time: Hours as its door stands open,
// Days so that every working day is worth workingDay.
type Calendar struct{ Hours, Days Counter }

// Calendars are those of the two units of a referral.
type Calendars struct{ Sender, Receiver Calendar }

// workingDay is what Days counts for one working day, of whatever length.
const workingDay = 8 * time.Hour

// realTime runs day and night.
type realTime struct{}

func (realTime) Add(t time.Time, d time.Duration) time.Time { return t.Add(d) }

func (realTime) Between(a, b time.Time) time.Duration { return max(b.Sub(a), 0) }

// The units that a term is counted in. They are stored.
const (
	realUnit  = "real"
	hoursUnit = "hours"
	daysUnit  = "days"
)

func (c Calendar) in(unit string) Counter {
	switch unit {
	case hoursUnit:
		return c.Hours
	case daysUnit:
		return c.Days
	}
	return realTime{}
}

// term is a deadline of domain.md §2, "Clocks": working days, working hours, or
// real time.
type term struct {
	days  int
	hours int
	real  time.Duration
}

func (t term) unit() string {
	switch {
	case t.days > 0:
		return daysUnit
	case t.hours > 0:
		return hoursUnit
	}
	return realUnit
}

func (t term) length() time.Duration {
	return time.Duration(t.days)*workingDay + time.Duration(t.hours)*time.Hour + t.real
}

func (t term) from(c Calendar, at time.Time) time.Time {
	return whole(c.in(t.unit()).Add(at, t.length()))
}

// whole is an instant as both databases store it.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

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

// decides is the key of the one decision of a referral: its clock pauses and goes
// on, and stays the same deadline.
const decides = "decide"

// Deadline is one act that somebody owes. Used is what was consumed of Term before
// Since: it is stored, never recomputed from an edited calendar.
type Deadline struct {
	Key   string        `json:"key"` // names it as long as it stands, however it moves
	For   string        `json:"for"`
	At    time.Time     `json:"at"`
	Since time.Time     `json:"since"`
	Unit  string        `json:"unit"`
	Term  time.Duration `json:"term"`
	Used  time.Duration `json:"used"`
}

func (r *Referral) deadline() Deadline {
	return Deadline{r.DueKey, r.DueFor, r.DueAt, r.DueSince, r.DueUnit, r.DueTerm, r.DueUsed}
}

func (r *Referral) put(d Deadline, c Calendar, now time.Time) {
	r.DueKey, r.DueFor, r.DueAt, r.DueSince, r.DueUnit, r.DueTerm, r.DueUsed = d.Key, d.For, d.At, d.Since, d.Unit, d.Term, d.Used
	r.RingAt = d.ring(c, now)
}

// used is how much of the term has been consumed at an instant.
func (d Deadline) used(c Calendar, now time.Time) time.Duration {
	return d.Used + c.in(d.Unit).Between(d.Since, now)
}

// warnsAt is when three quarters of the term are used.
func (d Deadline) warnsAt(c Calendar) time.Time {
	return whole(c.in(d.Unit).Add(d.Since, d.Term/4*3-d.Used))
}

// ring is when somebody has to be told next: at the warning, then at the breach.
func (d Deadline) ring(c Calendar, now time.Time) time.Time {
	if d.At.IsZero() {
		return time.Time{}
	}
	if warn := d.warnsAt(c); warn.After(now) && warn.Before(d.At) {
		return warn
	}
	return d.At
}

// acts is what is owed in each open state, and after completion.
var acts = map[State]string{Draft: "finish", AwaitingConsent: "consent", AwaitingApproval: "approve", Sent: "acknowledge", Acknowledged: "decide",
	InfoRequested: "answer", Accepted: "start", Waitlisted: "place", Scheduled: "attendance", NoShow: "reschedule", InProgress: "report", OnHold: "resume",
	Completed: "confirm", RecallRequested: "recall"}

// acting is the calendar of the unit that must act.
func (c Calendars) acting(r *Referral) Calendar {
	if r.OwnerTenant == r.FromTenant {
		return c.Sender
	}
	return c.Receiver
}

// SetDue sets the owner's deadline after a change, in the calendar of the unit that
// must act. The decision's clock pauses while the sender is asked, and any clock of
// the receiver while a recall is answered.
func (r *Referral) SetDue(c Calendars, z zone, now time.Time) {
	act := acts[r.State]
	if r.Letter() && act != "" && !slices.Contains(unsent, r.State) {
		// Nobody on the other side owes anything: the desk asks the person, and each
		// thing that it hears begins the wait anew.
		t := termOf("news", r.Priority)
		r.put(Deadline{Key: "news-" + itoa(r.Sequence), For: "news", At: t.from(c.Sender, now), Since: now, Unit: t.unit(), Term: t.length()}, c.Sender, now)
		return
	}
	if r.answered {
		t, used := termOf("decide", r.Priority), r.DecideUsed
		if !r.DecideSince.IsZero() {
			used += c.Receiver.in(t.unit()).Between(r.DecideSince, now)
		}
		r.answeredLate = used > t.length()
	}
	// An act that changes no state moves no deadline: assigning somebody is no answer.
	// An appointment that moved is read anew.
	if act != "" && act == r.DueFor && !r.DueAt.IsZero() && act != "attendance" {
		r.Recount(c, now)
		return
	}
	last := r.deadline()
	back := r.Held
	r.Held = nil
	if r.State == RecallRequested && last.For != "" {
		last.Used = last.used(c.Receiver, now)
		r.Held = &last
	}
	if act == "" {
		r.put(Deadline{}, Calendar{}, now)
		return
	}
	own := c.acting(r)
	t := termOf(act, r.Priority)
	d := Deadline{Key: act + "-" + itoa(r.Sequence), For: act, Since: now, Unit: t.unit(), Term: t.length()}
	d.At = t.from(own, now)
	switch r.State {
	case Sent:
		r.DecideSince, r.DecideUsed = now, 0
	case InfoRequested:
		if !r.DecideSince.IsZero() {
			r.DecideUsed += c.Receiver.in(termOf("decide", r.Priority).unit()).Between(r.DecideSince, now)
			r.DecideSince = time.Time{}
		}
	case Acknowledged:
		if r.DecideSince.IsZero() {
			r.DecideSince = now
		}
		d = r.decision()
		d.At = whole(own.in(d.Unit).Add(d.Since, max(d.Term-d.Used, time.Minute)))
	case Waitlisted:
		if day, err := time.ParseInLocation(time.DateOnly, r.Estimate, z); err == nil {
			d.At, d.Unit, d.Term = day.UTC(), realUnit, max(day.Sub(now), time.Minute)
		} else {
			d = d.resumed(back, own, now)
		}
	case Scheduled:
		if at, ok := Instant(r.StartsLocal, z); ok {
			d.Key, d.Since, d.At = act+"-"+r.StartsLocal, at, t.from(own, at)
			if back != nil {
				last = *back
			}
			if last.Key == d.Key && !last.At.After(now) {
				d = last // what has passed stays
			}
		}
	default:
		d = d.resumed(back, own, now)
	}
	r.put(d, own, now)
}

// decision is the deadline of the first answer, which runs from the sending on.
func (r *Referral) decision() Deadline {
	t := termOf("decide", r.Priority)
	return Deadline{Key: decides, For: "decide", Since: r.DecideSince, Unit: t.unit(), Term: t.length(), Used: r.DecideUsed}
}

// resumed goes on where the same deadline stood before a recall: the pause gives no
// new time to whoever had used theirs.
func (d Deadline) resumed(held *Deadline, c Calendar, now time.Time) Deadline {
	if held == nil || held.For != d.For {
		return d
	}
	d = *held
	if left := d.Term - d.Used; left > 0 {
		d.Since, d.At = now, whole(c.in(d.Unit).Add(now, left))
	}
	return d
}

// Recount moves a deadline that has not passed to where the calendar puts it now.
func (r *Referral) Recount(c Calendars, now time.Time) (moved bool) {
	d, own := r.deadline(), c.acting(r)
	if d.Unit == realUnit || d.Term == 0 || !d.At.After(now) {
		return false
	}
	least := time.Duration(1)
	if d.Key == decides {
		least = time.Minute
	}
	at := whole(own.in(d.Unit).Add(d.Since, max(d.Term-d.Used, least)))
	if at.Equal(d.At) {
		return false
	}
	d.At = at
	r.put(d, own, now)
	return true
}

// Reprioritised gives a draft the term of its new priority, from when it was begun.
func (r *Referral) Reprioritised(c Calendars, now time.Time) {
	d, t := r.deadline(), termOf("finish", r.Priority)
	if d.For != "finish" {
		return
	}
	d.Unit, d.Term, d.At = t.unit(), t.length(), t.from(c.Sender, d.Since)
	r.put(d, c.Sender, now)
}

// Overdue reports whether the deadline has passed.
func (r *Referral) Overdue(now time.Time) bool { return !r.DueAt.IsZero() && r.DueAt.Before(now) }

// wallClocks are how a local time is written.
var wallClocks = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// Instant is the moment of a wall-clock time in a zone. A time that does not exist
// or exists twice is moved to the later one (domain.md §1).
func Instant(local string, z zone) (time.Time, bool) {
	at, _, ok := instant(local, z)
	return at, ok
}

// wallClock is what the clock on the wall says at that moment: the same, unless there is no
// such time on that day.
func wallClock(local string, z zone) string {
	at, layout, ok := instant(local, z)
	if !ok {
		return local
	}
	return at.In(z).Format(layout)
}

func instant(local string, z zone) (at time.Time, layout string, ok bool) {
	for _, layout := range wallClocks {
		t, err := time.Parse(layout, local)
		if err != nil {
			continue
		}
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, z)
		for _, d := range []time.Duration{2 * time.Hour, time.Hour} { // the same wall clock again, later
			if later := at.Add(d); later.In(z).Format("2006-01-02T15:04:05") == t.Format("2006-01-02T15:04:05") {
				return later.UTC(), layout, true
			}
		}
		return at.UTC(), layout, true
	}
	return time.Time{}, "", false
}
