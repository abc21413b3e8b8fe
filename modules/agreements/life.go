package agreements

import (
	"slices"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// Command is what somebody does to an agreement, in the contract's words.
type Command string

// The commands, and what time does by itself.
const (
	Submit      Command = "submit"
	Negotiate   Command = "negotiate"
	Approve     Command = "approve"
	OpenSigning Command = "open-signing"
	Sign        Command = "sign"
	Visa        Command = "visa"
	Suspend     Command = "suspend"
	Resume      Command = "resume"
	Renew       Command = "renew"
	Object      Command = "object"
	Terminate   Command = "terminate"
	Amend       Command = "amend"
	Abandon     Command = "abandon"

	enforce Command = "enforce"
	expiry  Command = "expiring"
	expire  Command = "expire"
	tacitly Command = "renew-tacitly"
	succeed Command = "succeed" // the agreement that renews it has come into force
	lapse   Command = "lapse"   // a termination's day has come
)

// By is who may give a command.
type By string

// Who acts: the coordinator of the tenant that keeps it, a coordinator or
// administrator of any party, a signatory for its party, or time.
const (
	Keeper    By = "keeper"
	EachParty By = "party"
	Signatory By = "signatory"
	System    By = "system"
)

// same stands in the table for a command that leaves the state to what follows.
const same State = "="

// Rule is one line of the table of states.
type Rule struct {
	By    By
	From  []State
	To    State
	Event string
}

// Table is the whole state machine (domain.md §3). A line whose To is `same` moves
// the state, if at all, by what the agreement itself says: whether all have signed,
// whether a visa is wanted, which day it is.
var Table = map[Command]Rule{
	Submit:      {Keeper, []State{Draft}, InternalReview, "submitted"},
	Negotiate:   {Keeper, []State{InternalReview}, Negotiation, "negotiation_opened"},
	Approve:     {Keeper, []State{Negotiation}, Approved, "approved"},
	OpenSigning: {Keeper, []State{Approved}, Signing, "signing_opened"},
	Sign:        {Signatory, []State{Signing}, same, "party_signed"},
	Visa:        {Keeper, []State{AwaitingVisa}, Signed, "visa_given"},
	Suspend:     {EachParty, running, Suspended, "suspended"},
	Resume:      {EachParty, []State{Suspended}, same, "resumed"},
	Renew:       {Keeper, running, same, "renewal_begun"},
	Object:      {EachParty, running, same, "objected"},
	Terminate:   {EachParty, []State{InForce, Expiring, Suspended}, same, "termination_given"},
	Amend:       {Keeper, running, same, "amendment_begun"},
	Abandon:     {Keeper, []State{Draft, InternalReview, Negotiation}, Abandoned, "abandoned"},
	enforce:     {System, []State{Signed}, InForce, "in_force"},
	expiry:      {System, []State{InForce}, Expiring, "expiring"},
	expire:      {System, []State{InForce, Expiring, Suspended}, Expired, "expired"},
	tacitly:     {System, running, InForce, "renewed_tacitly"},
	succeed:     {System, []State{InForce, Expiring, Suspended, Expired}, Renewed, "renewed"},
	lapse:       {System, []State{InForce, Expiring, Suspended}, Terminated, "terminated"},
}

// Event is one line of an agreement's history; sequences have no gap.
type Event struct {
	AgreementID ids.ID[ids.Agreement] `bun:",pk"`
	Sequence    int64                 `bun:",pk"`
	TenantID    ids.ID[ids.Tenant]
	Event       string
	FromState   State
	ToState     State
	Version     int64
	Party       string             // of a signature
	Subject     string             // the service of a quota
	Reason      string             // words
	Days        int                // of an alert
	ByTenant    ids.ID[ids.Tenant] `bun:",nullzero"`
	ByUser      ids.ID[ids.User]   `bun:",nullzero"`
	At          time.Time
}

// May reports whether a command is possible in the present state.
func (a *Agreement) May(c Command) bool {
	if slices.Contains([]Command{Renew, Object, Amend}, c) && !a.ParentID.IsZero() {
		return false // an amendment has become part of another text
	}
	return slices.Contains(Table[c].From, a.State)
}

func (a *Agreement) illegal(c Command) error {
	return &fault.Error{Code: fault.IllegalTransition, Data: map[string]any{"state": string(a.State), "command": string(c)}}
}

// note writes an event without a change of state.
func (a *Agreement) note(event string, now time.Time) Event {
	a.Sequence++
	return Event{AgreementID: a.ID, Sequence: a.Sequence, TenantID: a.TenantID, Event: event, FromState: a.State, ToState: a.State, Version: a.Version, At: now}
}

// become changes the state, with its event.
func (a *Agreement) become(to State, event string, now time.Time) Event {
	e := a.note(event, now)
	if e.ToState = to; to != a.State {
		a.State, a.StateSince = to, now
	}
	return e
}

// move applies a command's line: a state changes only here, in become, and only with
// an event.
func (a *Agreement) move(c Command, now time.Time) (Event, error) {
	if !a.May(c) {
		return Event{}, a.illegal(c)
	}
	rule := Table[c]
	if rule.To == same {
		return a.note(rule.Event, now), nil
	}
	return a.become(rule.To, rule.Event, now), nil
}

// HasSigned notes one more signature; with the last of all parties it is signed, or
// waits for the visa that the text asks for.
func (a *Agreement) HasSigned(party string, all, visa bool, now time.Time) ([]Event, error) {
	e, err := a.move(Sign, now)
	if err != nil {
		return nil, err
	}
	e.Party = party
	out := []Event{e}
	if all {
		to := Signed
		if visa {
			to = AwaitingVisa
		}
		out = append(out, a.become(to, "signed", now))
	}
	return out, nil
}

// Resumed goes back to the state that the dates say.
func (a *Agreement) Resumed(today string, now time.Time) (Event, error) {
	if a.State == Suspended && a.EndsOn < today {
		return Event{}, a.illegal(Resume)
	}
	e, err := a.move(Resume, now)
	if err != nil {
		return e, err
	}
	e.ToState = InForce
	if a.expiresFrom() <= today {
		e.ToState = Expiring
	}
	a.State, a.StateSince = e.ToState, now
	return e, nil
}

// Terminated ends it on a day, at once where the day is today.
func (a *Agreement) Terminated(on, today, reason string, now time.Time) ([]Event, error) {
	e, err := a.move(Terminate, now)
	if err != nil {
		return nil, err
	}
	e.Reason, a.Reason, a.TerminatesOn = reason, reason, on
	out := []Event{e}
	if on <= today {
		last, err := a.move(lapse, now)
		if err != nil {
			return nil, err
		}
		out = append(out, last)
	}
	return out, nil
}

// Day adds days to a date.
func Day(date string, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, days).Format(time.DateOnly)
}

// NoticeUntil is the last day on which tacit renewal can be objected to.
func (a *Agreement) NoticeUntil() string { return Day(a.EndsOn, -a.NoticeDays) }

// Alerts are the days before the end on which somebody is told, once each.
var Alerts = []int{90, 30, 7, 0}

// shortestNotice is the window before the end in which an agreement counts as
// expiring where its own notice is shorter.
const shortestNotice = 30

func (a *Agreement) expiresFrom() string { return Day(a.EndsOn, -max(a.NoticeDays, shortestNotice)) }

// alert is the alert that is due on a day, -1 for none: of several that were missed
// only the nearest is given.
func (a *Agreement) alert(today string) int {
	due := -1
	for _, days := range Alerts {
		if days < a.Alerted && Day(a.EndsOn, -days) <= today && today <= a.EndsOn {
			due = days
		}
	}
	return due
}

// Tick does one thing that time has to do on a day; nil when there is none.
func (a *Agreement) Tick(today string, now time.Time) *Event {
	done := func(c Command) *Event {
		e, err := a.move(c, now)
		if err != nil {
			return nil
		}
		return &e
	}
	merged := !a.ParentID.IsZero() // its text lives in its parent, which has the clock
	switch {
	case a.State == Signed && a.EffectiveOn <= today:
		return done(enforce)
	case merged || !slices.Contains(Table[lapse].From, a.State):
		return nil
	case a.TerminatesOn != "" && a.TerminatesOn <= today:
		return done(lapse)
	case a.EndsOn < today && a.RenewsItself():
		a.EffectiveOn, a.EndsOn = nextTerm(a.EffectiveOn, a.EndsOn)
		a.Alerted = 1000
		a.Version++
		return done(tacitly)
	case a.EndsOn < today:
		return done(expire)
	case a.State == Suspended:
		return nil
	case a.State == InForce && a.expiresFrom() <= today:
		return done(expiry)
	}
	if days := a.alert(today); days >= 0 {
		a.Alerted = days
		e := a.note("alert", now)
		e.Days = days
		return &e
	}
	return nil
}

// Plan says when time next does something to it.
func (a *Agreement) Plan() {
	var days []string
	switch {
	case a.State == Signed:
		days = []string{a.EffectiveOn}
	case !a.ParentID.IsZero():
	case a.State == InForce, a.State == Expiring, a.State == Suspended:
		days = append(days, Day(a.EndsOn, 1))
		if a.TerminatesOn != "" {
			days = append(days, a.TerminatesOn)
		}
		if a.State == InForce {
			days = append(days, a.expiresFrom())
		}
		for _, n := range Alerts {
			if n < a.Alerted && a.State != Suspended {
				days = append(days, Day(a.EndsOn, -n))
			}
		}
	}
	a.DueOn = ""
	if len(days) > 0 {
		a.DueOn = slices.Min(days)
	}
}

// nextTerm is a term of the same length that follows another.
func nextTerm(from, to string) (string, string) {
	a, err1 := time.Parse(time.DateOnly, from)
	b, err2 := time.Parse(time.DateOnly, to)
	if err1 != nil || err2 != nil {
		return from, to
	}
	start := b.AddDate(0, 0, 1)
	// A term of whole years or months keeps its day, whatever February says.
	months := (start.Year()-a.Year())*12 + int(start.Month()-a.Month())
	if a.AddDate(0, months, 0).Equal(start) {
		return start.Format(time.DateOnly), start.AddDate(0, months, -1).Format(time.DateOnly)
	}
	return start.Format(time.DateOnly), start.Add(b.Sub(a)).Format(time.DateOnly)
}
