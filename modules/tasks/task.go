package tasks

import (
	"slices"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// State is a state of domain.md §5.
type State string

// The states.
const (
	Todo      State = "todo"
	Doing     State = "doing"
	Blocked   State = "blocked"
	Done      State = "done"
	Cancelled State = "cancelled"
)

// States lists every state in the order of a life.
var States = []State{Todo, Doing, Blocked, Done, Cancelled}

var ends = []State{Done, Cancelled}

// Ended reports that nothing more happens to it.
func (s State) Ended() bool { return slices.Contains(ends, s) }

// Command is what somebody does to a task, in the contract's words.
type Command string

// The commands.
const (
	Start  Command = "start"
	Finish Command = "done"
	Block  Command = "block"
	Cancel Command = "cancel"
)

// Commands lists them in the order of the buttons.
var Commands = []Command{Start, Finish, Block, Cancel}

// Rule is one line of the table of states.
type Rule struct {
	From []State
	To   State
}

// Table is the whole state machine (domain.md §5).
var Table = map[Command]Rule{
	Start:  {[]State{Todo, Blocked}, Doing},
	Finish: {[]State{Doing}, Done},
	Block:  {[]State{Todo, Doing}, Blocked},
	Cancel: {[]State{Todo, Doing, Blocked}, Cancelled},
}

// The kinds of records that a task may be about.
var SubjectKinds = []string{"agreement", "referral", "person"}

// Task is something that one user of a tenant has to do by a day. Overdue is computed,
// never stored.
type Task struct {
	ID        ids.ID[ids.Task] `bun:",pk"`
	TenantID  ids.ID[ids.Tenant]
	Version   int64
	State     State
	Subject   string // kind:id, "" for none
	About     string // the kind alone
	Number    string // of the subject's register
	Source    string `bun:",nullzero"` // what made it, once: decision:id
	Assignee  ids.ID[ids.User]
	UnitID    ids.ID[ids.Unit] `bun:",nullzero"` // where the assignee works; none: the whole tenant
	GivenBy   ids.ID[ids.User] `bun:",nullzero"`
	DueOn     string           // YYYY-MM-DD, a day of the tenant's zone
	CreatedAt time.Time
	ChangedAt time.Time
	ClosedAt  time.Time `bun:",nullzero"`

	Title  string `bun:"-"`
	Reason string `bun:"-"` // why it is blocked or was cancelled
}

// May reports whether a command is possible in the present state.
func (t *Task) May(c Command) bool { return slices.Contains(Table[c].From, t.State) }

// Apply gives a command; the reason of a block stays until work goes on.
func (t *Task) Apply(c Command, reason string, now time.Time) error {
	if !t.May(c) {
		return &fault.Error{Code: fault.IllegalTransition, Data: map[string]any{"state": string(t.State), "command": string(c)}}
	}
	t.State, t.Reason, t.ChangedAt = Table[c].To, reason, now
	t.Version++
	if t.State.Ended() {
		t.ClosedAt = now
	}
	return nil
}

// Overdue reports whether its day has passed and it is still to be done.
func (t *Task) Overdue(today string) bool { return !t.State.Ended() && t.DueOn < today }

// maxTitle and maxReason are lengths in signs.
const (
	maxTitle  = 500
	maxReason = 1000
)
