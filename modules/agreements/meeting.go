package agreements

import (
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// MeetingState is a state of a committee's meeting.
type MeetingState string

// The states. Minutes that are closed stay as they are: a correction is a note beside
// them.
const (
	Planned   MeetingState = "planned"
	Held      MeetingState = "held"
	Closed    MeetingState = "closed"
	CalledOff MeetingState = "cancelled"
)

// MeetingCommand is what somebody does to a meeting.
type MeetingCommand string

// The commands.
const (
	Hold         MeetingCommand = "hold"
	CloseMinutes MeetingCommand = "close"
	CallOff      MeetingCommand = "cancel"
)

// MeetingRule is one line of the table of states, with the event of the history.
type MeetingRule struct {
	From  []MeetingState
	To    MeetingState
	Event string
}

// MeetingTable is the whole state machine.
var MeetingTable = map[MeetingCommand]MeetingRule{
	Hold:         {[]MeetingState{Planned}, Held, "meeting_held"},
	CloseMinutes: {[]MeetingState{Held}, Closed, "minutes_closed"},
	CallOff:      {[]MeetingState{Planned}, CalledOff, "meeting_cancelled"},
}

// The closed lists of a meeting.
var (
	MeetingKinds = []string{"steering", "follow_up"}
	Presences    = []string{"present", "excused", "absent"}
)

// Label is words in three languages.
type Label struct {
	Ar string `json:"ar" validate:"max=500"`
	Fr string `json:"fr" validate:"max=500"`
	En string `json:"en" validate:"max=500"`
}

// AgendaItem is a line that the work itself puts on the agenda.
type AgendaItem struct {
	Kind  string // obligation: late or not met; clock: breached
	Key   string // of what it is about: the same key never stands twice on an agenda
	Title Label
	Facts string // figures and dates, without personal data
}

// typed is the kind of a line that somebody wrote.
const typed = "typed"

// AgendaLine is a line of an agenda, as it stood when it was put there.
type AgendaLine struct {
	ID    ids.ID[ids.Entry] `json:"id"`
	Kind  string            `json:"kind"`
	Key   string            `json:"key,omitempty"`
	Title Label             `json:"title"`
	Facts string            `json:"facts,omitempty"`
}

// Attendee is somebody who was asked to a meeting for a party.
type Attendee struct {
	Party    string `json:"party" validate:"required,max=300"`
	Name     string `json:"name" validate:"required,max=200"`
	Quality  string `json:"quality" validate:"max=200"`
	Presence string `json:"presence" validate:"required,oneof=present excused absent"`
}

// Decision is one thing decided, with who does it and by when. Its task's state is
// written by the tenant that has the task.
type Decision struct {
	ID          ids.ID[ids.Decision] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	MeetingID   ids.ID[ids.Meeting]
	TenantID    ids.ID[ids.Tenant] // who keeps the agreement
	OwnerID     ids.ID[ids.Tenant] `bun:",nullzero"` // none: an outside body has no portal
	Party       string
	UserID      ids.ID[ids.User] `bun:",nullzero"` // of the keeper's own people
	Words       string
	DueOn       string
	Position    int
	State       string // of its task; "" before the minutes are closed, or where there is none
}

// Meeting is one meeting of a committee on an agreement.
type Meeting struct {
	ID          ids.ID[ids.Meeting] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	TenantID    ids.ID[ids.Tenant] // who keeps the agreement
	Version     int64
	State       MeetingState
	Kind        string
	StartsLocal string // wall clock, YYYY-MM-DDTHH:MM
	Zone        string
	Place       string
	Agenda      []AgendaLine
	Attendance  []Attendee
	MinutesAr   string
	MinutesFr   string
	Reason      string // why it was called off
	CreatedAt   time.Time
	ChangedAt   time.Time
	ClosedAt    time.Time  `bun:",nullzero"`
	Decisions   []Decision `bun:"-"`
}

// Starts is the instant of its wall-clock time. A time that does not exist or exists
// twice is moved to the later one (domain.md §1).
func (m *Meeting) Starts(zone *time.Location) (time.Time, bool) {
	t, err := time.Parse(localTime, m.StartsLocal)
	if err != nil {
		return time.Time{}, false
	}
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, zone)
	for _, d := range []time.Duration{2 * time.Hour, time.Hour} { // the same wall clock again, later
		if later := at.Add(d); later.In(zone).Format(localTime) == m.StartsLocal {
			return later.UTC(), true
		}
	}
	return at.UTC(), true
}

const localTime = "2006-01-02T15:04"

// Day is the day on which it takes place.
func (m *Meeting) Day() string {
	day, _, _ := strings.Cut(m.StartsLocal, "T")
	return day
}

// May reports whether a command is possible in the present state.
func (m *Meeting) May(c MeetingCommand) bool { return slices.Contains(MeetingTable[c].From, m.State) }

// Open reports whether anything of it may still be written.
func (m *Meeting) Open() bool { return m.State == Planned || m.State == Held }

func (m *Meeting) illegal(c MeetingCommand) error {
	return &fault.Error{Code: fault.IllegalTransition, Data: map[string]any{"state": string(m.State), "command": string(c)}}
}

// Apply gives a command. A meeting is held from its hour on, and its minutes are closed
// with words and with who was there.
func (m *Meeting) Apply(c MeetingCommand, reason string, zone *time.Location, now time.Time) error {
	if !m.May(c) {
		return m.illegal(c)
	}
	var f fault.Collect
	switch c {
	case Hold:
		if at, ok := m.Starts(zone); !ok || at.After(now) {
			return &fault.Error{Code: fault.IllegalTransition, Key: "agreements.fault.not_begun", Data: map[string]any{"state": string(m.State), "command": string(c)}}
		}
	case CloseMinutes:
		if len(m.Attendance) == 0 {
			f.Add("attendance", "required")
		}
		if m.MinutesAr == "" && m.MinutesFr == "" {
			f.Add("minutes", "required")
		}
		m.ClosedAt = now
	case CallOff:
		m.Reason = reason
	}
	if err := f.Err(); err != nil {
		return err
	}
	m.State, m.ChangedAt = MeetingTable[c].To, now
	m.Version++
	return nil
}

// Fill puts lines on the agenda that do not stand there yet, after those that do.
func (m *Meeting) Fill(items []AgendaItem) (added int) {
	for _, x := range items {
		if slices.ContainsFunc(m.Agenda, func(l AgendaLine) bool { return l.Kind == x.Kind && l.Key == x.Key }) {
			continue
		}
		m.Agenda = append(m.Agenda, AgendaLine{ids.New[ids.Entry](), x.Kind, x.Key, x.Title, x.Facts})
		added++
	}
	return added
}

// Shift moves a line of the agenda up or down by one.
func (m *Meeting) Shift(line ids.ID[ids.Entry], by int) {
	i := slices.IndexFunc(m.Agenda, func(l AgendaLine) bool { return l.ID == line })
	if j := i + by; i >= 0 && j >= 0 && j < len(m.Agenda) {
		m.Agenda = slices.Clone(m.Agenda)
		m.Agenda[i], m.Agenda[j] = m.Agenda[j], m.Agenda[i]
	}
}

// Lengths of what is typed, in signs, and how many lines a part may have.
const (
	maxPlace    = 300
	maxMinutes  = 20000
	maxLine     = 500
	maxDecision = 500
	maxLines    = 100
)

// Check names what is wrong with a meeting. parties are the keys of the agreement's.
func (m *Meeting) Check(parties []string) error {
	var f fault.Collect
	words := func(field, value string, limit int, needed bool) {
		if needed && strings.TrimSpace(value) == "" {
			f.Add(field, "required")
		} else if len([]rune(value)) > limit {
			f.Add(field, "too_long")
		}
	}
	if !slices.Contains(MeetingKinds, m.Kind) {
		f.Add("kind", "unknown_code")
	}
	if m.StartsLocal == "" {
		f.Add("starts_at_local", "required")
	} else if _, ok := m.Starts(time.UTC); !ok {
		f.Add("starts_at_local", "malformed")
	}
	words("place", m.Place, maxPlace, true)
	words("minutes.ar", m.MinutesAr, maxMinutes, false)
	words("minutes.fr", m.MinutesFr, maxMinutes, false)
	for field, n := range map[string]int{"agenda": len(m.Agenda), "attendance": len(m.Attendance), "decisions": len(m.Decisions)} {
		if n > maxLines {
			f.Add(field, "too_long")
		}
	}
	for i, l := range m.Agenda {
		at := index("agenda", i)
		if l.Title.Ar == "" && l.Title.Fr == "" {
			f.Add(at+".title", "required")
		}
		for _, s := range []string{l.Title.Ar, l.Title.Fr, l.Title.En} {
			words(at+".title", s, maxLine, false)
		}
	}
	for i, x := range m.Attendance {
		at := index("attendance", i)
		if !slices.Contains(parties, x.Party) {
			own(&f, at+".party", "no_party")
		}
		words(at+".name", x.Name, 200, true)
		words(at+".quality", x.Quality, 200, false)
		if !slices.Contains(Presences, x.Presence) {
			f.Add(at+".presence", "unknown_code")
		}
	}
	m.checkDecisions(&f, parties)
	return f.Err()
}

func (m *Meeting) checkDecisions(f *fault.Collect, parties []string) {
	for i, d := range m.Decisions {
		at := index("decisions", i)
		switch {
		case strings.TrimSpace(d.Words) == "":
			f.Add(at+".text", "required")
		case len([]rune(d.Words)) > maxDecision:
			f.Add(at+".text", "too_long")
		}
		switch {
		case d.Party == "":
			f.Add(at+".party", "required")
		case !slices.Contains(parties, d.Party):
			own(f, at+".party", "no_party")
		}
		_, err := time.Parse(time.DateOnly, d.DueOn)
		switch {
		case d.DueOn == "":
			f.Add(at+".due_on", "required")
		case err != nil:
			f.Add(at+".due_on", "malformed")
		case d.DueOn < m.Day():
			own(f, at+".due_on", "before_meeting")
		}
	}
}

// Changed names what may not be changed in the present state: before it is held a
// meeting has no attendance, minutes or decisions, afterwards it keeps its time and
// place.
func (m *Meeting) Changed(before Meeting) error {
	var f fault.Collect
	early := func(field string, same bool) {
		if m.State == Planned && !same {
			own(&f, field, "not_held")
		}
	}
	early("attendance", slices.Equal(m.Attendance, before.Attendance))
	early("minutes", m.MinutesAr == before.MinutesAr && m.MinutesFr == before.MinutesFr)
	early("decisions", slices.Equal(m.Decisions, before.Decisions))
	if m.State == Held && (m.StartsLocal != before.StartsLocal || m.Place != before.Place || m.Kind != before.Kind) {
		return m.illegal("move")
	}
	return f.Err()
}
