package referrals

import (
	"slices"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// State is a state of domain.md §2.
type State string

// The states.
const (
	Draft            State = "draft"
	AwaitingConsent  State = "awaiting_consent"
	AwaitingApproval State = "awaiting_approval"
	Sent             State = "sent"
	Acknowledged     State = "acknowledged"
	InfoRequested    State = "info_requested"
	Accepted         State = "accepted"
	Waitlisted       State = "waitlisted"
	Scheduled        State = "scheduled"
	NoShow           State = "no_show"
	InProgress       State = "in_progress"
	OnHold           State = "on_hold"
	Completed        State = "completed"
	OutcomeConfirmed State = "outcome_confirmed"
	Declined         State = "declined"
	Redirected       State = "redirected"
	Failed           State = "failed"
	RecallRequested  State = "recall_requested"
	Recalled         State = "recalled"
	Expired          State = "expired"
	EnteredInError   State = "entered_in_error"
)

// States lists every state in the order of domain.md.
var States = []State{Draft, AwaitingConsent, AwaitingApproval, Sent, Acknowledged, InfoRequested, Accepted, Waitlisted, Scheduled, NoShow, InProgress, OnHold,
	Completed, OutcomeConfirmed, Declined, Redirected, Failed, RecallRequested, Recalled, Expired, EnteredInError}

var (
	unsent    = []State{Draft, AwaitingConsent, AwaitingApproval}
	undecided = []State{Sent, Acknowledged, InfoRequested}
	running   = []State{Accepted, Waitlisted, Scheduled, NoShow, InProgress, OnHold}
	decisions = []State{Accepted, Declined, Redirected}
	ended     = []State{Completed, OutcomeConfirmed, Declined, Redirected, Failed, Recalled, Expired, EnteredInError}
)

// Open reports whether something is still to be done in this state.
func (s State) Open() bool { return !slices.Contains(ended, s) }

// Side is who acts.
type Side string

// The sides of a referral.
const (
	Sender   Side = "sender"
	Receiver Side = "receiver"
	System   Side = "system"
)

// Command is what somebody does to a referral, in the contract's words.
type Command string

// The commands. Expire and Withdraw are the system's own.
const (
	Send          Command = "send"
	Approve       Command = "approve"
	Return        Command = "return"
	Acknowledge   Command = "acknowledge"
	Ask           Command = "ask"
	Answer        Command = "answer"
	Accept        Command = "accept"
	UndoAccept    Command = "undo-accept"
	Decline       Command = "decline"
	Redirect      Command = "redirect"
	Waitlist      Command = "waitlist"
	Schedule      Command = "schedule"
	MarkNoShow    Command = "no-show"
	Start         Command = "start"
	Hold          Command = "hold"
	Resume        Command = "resume"
	Report        Command = "report"
	Complete      Command = "complete"
	Fail          Command = "fail"
	Confirm       Command = "confirm"
	Recall        Command = "recall"
	ConfirmRecall Command = "confirm-recall"
	RefuseRecall  Command = "refuse-recall"
	UndoRecall    Command = "undo-recall"
	Assign        Command = "assign"
	MarkError     Command = "mark-error"
	Expire        Command = "expire"
	Withdraw      Command = "withdraw"
)

// same and before stand in the table for "no change" and "the state before".
const (
	same   State = "="
	before State = "<"
)

// Rule is one line of the table of states: who may move it from where to where,
// and the event that is written.
type Rule struct {
	By    Side
	From  []State
	To    State
	Event string
}

// Table is the whole state machine. A command may have several lines; the first
// whose From holds the state applies.
var Table = map[Command][]Rule{
	Send:          {{Sender, []State{Draft, AwaitingConsent}, Sent, "sent"}},
	Approve:       {{Sender, []State{AwaitingApproval}, Sent, "sent"}},
	Return:        {{Sender, []State{AwaitingApproval}, Draft, "returned"}},
	Acknowledge:   {{Receiver, []State{Sent}, Acknowledged, "acknowledged"}},
	Ask:           {{Receiver, []State{Sent, Acknowledged}, InfoRequested, "info_requested"}},
	Answer:        {{Sender, []State{InfoRequested}, Acknowledged, "answered"}},
	Accept:        {{Receiver, undecided, Accepted, "accepted"}},
	UndoAccept:    {{Receiver, []State{Accepted}, Acknowledged, "acceptance_undone"}},
	Decline:       {{Receiver, undecided, Declined, "declined"}},
	Redirect:      {{Receiver, undecided, Redirected, "redirected"}},
	Waitlist:      {{Receiver, []State{Accepted, Sent, Acknowledged}, Waitlisted, "waitlisted"}},
	Schedule:      {{Receiver, []State{Accepted, Waitlisted, Scheduled, NoShow}, Scheduled, "scheduled"}},
	MarkNoShow:    {{Receiver, []State{Scheduled}, NoShow, "no_show"}},
	Start:         {{Receiver, []State{Accepted, Waitlisted, Scheduled, NoShow}, InProgress, "started"}},
	Hold:          {{Receiver, []State{InProgress}, OnHold, "held"}},
	Resume:        {{Receiver, []State{OnHold}, InProgress, "resumed"}},
	Report:        {{Receiver, []State{Accepted, Waitlisted, Scheduled, InProgress, OnHold}, same, "reported"}},
	Complete:      {{Receiver, []State{Accepted, Scheduled, InProgress, OnHold}, Completed, "completed"}},
	Fail:          {{Receiver, running, Failed, "failed"}},
	Confirm:       {{Sender, []State{Completed}, OutcomeConfirmed, "outcome_confirmed"}},
	Recall:        {{Sender, slices.Concat(unsent, undecided), Recalled, "recalled"}, {Sender, running, RecallRequested, "recall_requested"}},
	ConfirmRecall: {{Receiver, []State{RecallRequested}, Recalled, "recalled"}},
	RefuseRecall:  {{Receiver, []State{RecallRequested}, before, "recall_refused"}},
	UndoRecall:    {{Sender, []State{RecallRequested}, before, "recall_undone"}},
	Assign:        {{Receiver, slices.Concat(undecided, running, []State{RecallRequested}), same, "assigned"}},
	MarkError:     {{Sender, slices.Concat(unsent, undecided, []State{Recalled}), EnteredInError, "entered_in_error"}},
	Expire:        {{System, undecided, Expired, "expired"}},
	Withdraw:      {{System, slices.Concat(unsent, undecided, running, []State{RecallRequested}), Recalled, "recalled"}},
}

// Priorities, from the least to the most pressing.
var Priorities = []string{"routine", "urgent", "emergency"}

// The closed lists of reasons and outcomes: the glossary's keys without prefix. A
// test proves that each has its words and that no words are without a code.
var (
	DeclineReasons = []string{"out_of_scope", "no_capacity", "not_eligible", "outside_area", "incomplete", "duplicate", "person_refused", "unreachable",
		"already_served", "needs_other", "service_closed", "consent_missing", "needs_assessment", "lacks_resources", "conflict_of_interest", "other"}
	FailReasons   = []string{"no_show", "unreachable", "dropped_out", "person_refused", "not_eligible", "moved", "deceased", "lacks_resources", "service_closed", "other"}
	HoldReasons   = []string{"person_away", "awaiting_papers", "service_interrupted", "other"}
	RecallReasons = []string{"person_request", "need_met", "other_service", "wrong_details", "consent_withdrawn", "filled_elsewhere"}
	Outcomes      = []string{"service_delivered", "partial", "no_show", "attended", "dropped_out", "transferred", "enrolled_training", "apprenticeship", "diploma",
		"artisan_card", "coop_created", "job", "consultation", "hospitalised", "outpatient", "discharged", "sheltered", "family_reunited", "papers", "autonomous", "moved", "deceased"}
	ByWhom  = []string{"provider", "person", "system"}
	Results = []string{"met", "partly_met", "unmet"}
)

// Referral is one request of one tenant to another for one person. Both sides see
// the same row; what the receiver may read of the person stands in slices.
type Referral struct {
	ID             ids.ID[ids.Referral] `bun:",pk"`
	Number         string               `bun:",nullzero"` // the sender's register, from the first send on
	ReceiverNumber string
	FromTenant     ids.ID[ids.Tenant]
	ToTenant       ids.ID[ids.Tenant]
	FromUnit       ids.ID[ids.Unit] `bun:",nullzero"`
	ToUnit         ids.ID[ids.Unit] `bun:",nullzero"`
	FromUser       ids.ID[ids.User]
	FromHanded     bool // who sent it has left: the unit answers for it
	PersonID       ids.ID[ids.Person]
	KeyID          ids.ID[ids.Key] // the person's key, under which everything sealed here stands
	ServiceID      ids.ID[ids.Service]
	OrganizationID ids.ID[ids.Organization] `bun:",nullzero"` // an outside body: the referral is a letter, and to_tenant is the sender's own
	Need           string
	Priority       string
	Basis          string
	ConsentID      ids.ID[ids.Consent]   `bun:",nullzero"`
	AgreementID    ids.ID[ids.Agreement] `bun:",nullzero"`
	ParentID       ids.ID[ids.Referral]  `bun:",nullzero"`
	Exception      bool                  // sent, or to be sent, outside the agreement
	Danger         bool                  // immediate danger: nothing is asked first
	AlarmedAt      time.Time             `bun:",nullzero"` // nobody had answered after fifteen minutes
	ReviewDue      time.Time             `bun:",nullzero"` // by when the sender's supervisor reviews a danger
	ReviewedAt     time.Time             `bun:",nullzero"`
	ReviewedBy     ids.ID[ids.User]      `bun:",nullzero"`
	Informed       string                // of the person: yes, later, would_endanger

	State        State
	Version      int64
	Sequence     int64
	IsOpen       bool
	ToDecide     bool // a negative end that the sender has not settled
	BeforeRecall State
	OwnerTenant  ids.ID[ids.Tenant]
	OwnerUser    ids.ID[ids.User] `bun:",nullzero"` // the receiver's assignee
	DueAt        time.Time        `bun:",nullzero"`
	DueFor       string           // which act: acknowledge, decide, answer, start, …
	DueSince     time.Time        `bun:",nullzero"` // since when that clock runs
	DueKey       string           // names the deadline as long as it stands
	DueUnit      string           // what DueTerm and DueUsed count: real, hours, days
	DueTerm      time.Duration
	DueUsed      time.Duration // consumed before DueSince
	RingAt       time.Time     `bun:",nullzero"` // when somebody has to be told next
	Held         *Deadline     `bun:",nullzero"` // the clock that a recall has stopped
	DecideSince  time.Time     `bun:",nullzero"` // since when the decision's clock runs; zero while paused
	DecideUsed   time.Duration // working time consumed before the last pause
	ReasonCode   string
	ByWhom       string
	Outcome      string
	Result       string
	Aftercare    string              // after a withdrawal: keep or cancel the service, as the person said
	RedirectTo   ids.ID[ids.Service] `bun:",nullzero"`
	StartsLocal  string              // 2026-12-14T10:00 in the receiver's zone
	Place        string
	Bring        string
	Estimate     string

	OpenSlices    string // ",card,identity," as policies.Join writes it
	Grant         string // JSON of policies.Grant, fixed at send
	Wanted        string // ",identity," as the sender chose; "" for all that is allowed
	CardAgeBand   string
	CardSex       string
	CardDistrict  string
	CardLanguage  string
	CardTriage    map[string]string
	CardDocuments int

	CreatedAt  time.Time
	SentAt     time.Time        `bun:",nullzero"`
	AcceptedAt time.Time        `bun:",nullzero"`
	OpenedAt   time.Time        `bun:",nullzero"` // a slice above the card was opened by the receiver
	OpenedBy   ids.ID[ids.User] `bun:",nullzero"`
	EndedAt    time.Time        `bun:",nullzero"`

	answered     bool // by the change at hand
	answeredLate bool
}

// Sender is who answers for it on the sending side in person, zero for the unit.
func (r *Referral) Sender() ids.ID[ids.User] {
	if r.FromHanded {
		return ids.ID[ids.User]{}
	}
	return r.FromUser
}

// Event is one line of a referral's history; sequences are 1, 2, 3 … without a gap.
type Event struct {
	ReferralID ids.ID[ids.Referral] `bun:",pk"`
	Sequence   int64                `bun:",pk"`
	FromTenant ids.ID[ids.Tenant]
	ToTenant   ids.ID[ids.Tenant]
	Event      string
	FromState  State
	ToState    State
	ByTenant   ids.ID[ids.Tenant] `bun:",nullzero"`
	ByUser     ids.ID[ids.User]   `bun:",nullzero"`
	ByRole     string
	At         time.Time
	ReasonCode string
	Source     string // of a letter: who said so: person, slip, phone
	Late       bool   // the deadline that it answers had passed; of a decision, that of the decision
}

// Letter reports that the person carries a letter to an outside body: the desk owns
// every state and records what it hears (domain.md §2, "Outside services").
func (r *Referral) Letter() bool { return !r.OrganizationID.IsZero() }

// Rule finds the line of the table that applies to a command now.
func (r *Referral) Rule(c Command) (Rule, bool) {
	for _, rule := range Table[c] {
		if slices.Contains(rule.From, r.State) {
			return rule, true
		}
	}
	return Rule{}, false
}

// illegal says that a command is not possible in this state.
func (r *Referral) illegal(c Command) error {
	return &fault.Error{Code: fault.IllegalTransition, Data: map[string]any{"state": string(r.State), "command": string(c)}}
}

// move applies a command's line: a state changes only here, and only with an event.
func (r *Referral) move(c Command, now time.Time) (Event, error) {
	rule, ok := r.Rule(c)
	if !ok {
		return Event{}, r.illegal(c)
	}
	to := rule.To
	switch to {
	case same:
		to = r.State
	case before:
		to = r.BeforeRecall
	}
	if to == RecallRequested && r.State != RecallRequested {
		r.BeforeRecall = r.State
	}
	return r.become(to, rule.Event, now), nil
}

// become writes the event of a change and what follows from the state itself.
func (r *Referral) become(to State, event string, now time.Time) Event {
	e := Event{ReferralID: r.ID, FromTenant: r.FromTenant, ToTenant: r.ToTenant, Event: event, FromState: r.State, ToState: to, At: now, Late: r.Overdue(now)}
	r.answered = r.answered || slices.Contains(undecided, r.State) && slices.Contains(decisions, to)
	r.Sequence++
	e.Sequence = r.Sequence
	wasOpen := r.IsOpen
	if event == "reported" && to == InProgress {
		r.DueFor = "" // the next report is due from this one
	}
	r.State, r.IsOpen = to, to.Open()
	switch to {
	case Sent, Acknowledged, Accepted, Waitlisted, Scheduled, NoShow, InProgress, OnHold, RecallRequested:
		r.OwnerTenant = r.ToTenant
	default:
		r.OwnerTenant = r.FromTenant
	}
	if wasOpen && !r.IsOpen {
		r.EndedAt = now
		r.ToDecide = to == Declined || to == Redirected || to == Failed || to == Expired
	}
	return e
}

// Created is the first event of a new draft.
func (r *Referral) Created(now time.Time) Event {
	r.CreatedAt, r.OwnerTenant = now, r.FromTenant
	r.IsOpen = true
	e := r.become(Draft, "created", now)
	e.FromState = ""
	return e
}

// NeedsConsent puts a complete referral aside until the person has agreed.
func (r *Referral) NeedsConsent(now time.Time) (Event, error) {
	if r.State != Draft && r.State != AwaitingConsent {
		return Event{}, r.illegal(Send)
	}
	return r.become(AwaitingConsent, "consent_awaited", now), nil
}

// NeedsApproval puts a complete referral before the sender's supervisor, or an
// exception before the coordinator.
func (r *Referral) NeedsApproval(exception bool, now time.Time) (Event, error) {
	if r.State != Draft && r.State != AwaitingConsent {
		return Event{}, r.illegal(Send)
	}
	r.Exception = exception
	return r.become(AwaitingApproval, "approval_awaited", now), nil
}

// Sent hands it to the receiver: by Send, or by Approve from awaiting_approval.
func (r *Referral) Sent(c Command, now time.Time) (Event, error) {
	e, err := r.move(c, now)
	if err == nil {
		r.SentAt = now
	}
	return e, err
}

// Acceptance takes the person on.
func (r *Referral) Acceptance(now time.Time) (Event, error) {
	e, err := r.move(Accept, now)
	if err == nil {
		r.AcceptedAt, r.OpenedAt, r.OpenedBy = now, time.Time{}, ids.ID[ids.User]{}
	}
	return e, err
}

// undoWindow is how long an acceptance can be taken back (real hours).
const undoWindow = 24 * time.Hour

// AcceptanceUndone takes an acceptance back while nobody has opened the person.
func (r *Referral) AcceptanceUndone(now time.Time) (Event, error) {
	if !r.OpenedAt.IsZero() || now.Sub(r.AcceptedAt) > undoWindow {
		return Event{}, r.illegal(UndoAccept)
	}
	e, err := r.move(UndoAccept, now)
	if err == nil {
		r.AcceptedAt = time.Time{}
	}
	return e, err
}

// Waitlisting accepts first where nobody has, so it may write two events.
func (r *Referral) Waitlisting(estimate string, now time.Time) ([]Event, error) {
	rule, ok := r.Rule(Waitlist)
	if !ok {
		return nil, r.illegal(Waitlist)
	}
	var out []Event
	if r.State != Accepted {
		e, err := r.Acceptance(now)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	r.Estimate = estimate
	return append(out, r.become(rule.To, rule.Event, now)), nil
}

// take takes a letter back, in any open state: the desk owns it.
func (r *Referral) take(now time.Time) (Event, error) {
	if _, ok := r.Rule(Recall); !ok {
		return Event{}, r.illegal(Recall)
	}
	return r.become(Recalled, "recalled", now), nil
}

// ConsentWithdrawn ends an open referral whose basis is the withdrawn consent.
func (r *Referral) ConsentWithdrawn(now time.Time) (Event, error) {
	e, err := r.move(Withdraw, now)
	if err == nil {
		r.ReasonCode, e.ReasonCode = "consent_withdrawn", "consent_withdrawn"
	}
	return e, err
}

// Has reports whether the receiver has ever taken the person on.
func (r *Referral) WasAccepted() bool { return !r.AcceptedAt.IsZero() }

// Undecided reports whether the receiver has still to answer: until then no text
// of the sender may name the person.
func (r *Referral) Undecided() bool { return !r.WasAccepted() }
