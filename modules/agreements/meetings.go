package agreements

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

// Owner is somebody of a tenant who can be given the task of a decision.
type Owner struct {
	ID   ids.ID[ids.User]
	Name i18n.Words
}

// DecisionTask is the task of one decision.
type DecisionTask struct {
	Decision  ids.ID[ids.Decision]
	Agreement ids.ID[ids.Agreement]
	Number    string // of the agreement
	Words     string
	DueOn     string
	Assignee  ids.ID[ids.User] // zero: an administrator of the tenant of ctx
}

// Tasks makes the tasks of decisions; wire.go satisfies it.
type Tasks interface {
	// Decided makes one task in the tenant of ctx, in the caller's transaction; again it
	// changes nothing.
	Decided(ctx context.Context, t DecisionTask) error
}

// Note is a correction of minutes that are closed: they stay, it stands beside them.
type Note struct {
	ID          ids.ID[ids.Message] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	MeetingID   ids.ID[ids.Meeting]
	TenantID    ids.ID[ids.Tenant]
	UserID      ids.ID[ids.User]
	Body        string
	At          time.Time
}

// decided says that a party other than the keeper has something to do. It holds ids.
type decided struct {
	Decision ids.ID[ids.Decision] `json:"decision"`
	Number   string               `json:"number"`
	Owner    ids.ID[ids.Tenant]   `json:"owner"`
}

// EventName is stored.
func (decided) EventName() string { return "agreement.decided" }

// Audience is who has to do it.
func (d decided) Audience() []string { return []string{d.Owner.String()} }

// Order is any: each decision stands for itself.
func (decided) Order() (string, int64) { return "", 0 }

// zone is the tenant's; the wall clock of a meeting is read in it.
func meetingZone() *time.Location { return clock.Casablanca() }

// toMeet locks an agreement whose meetings the actor writes.
func (s *Service) toMeet(ctx context.Context, id ids.ID[ids.Agreement]) (Agreement, error) {
	a, err := s.reach(ctx, id)
	if err != nil {
		return a, err
	}
	if !s.Law.Allow(tenants.From(ctx), meet, s.Relations(ctx, a)...) {
		return a, fault.New(fault.Forbidden)
	}
	return a, nil
}

// PlanMeeting calls a committee together. Its agenda begins with what the work puts
// there. version, if not 0, is the agreement's that was seen.
func (s *Service) PlanMeeting(ctx context.Context, id ids.ID[ids.Agreement], version int64, m Meeting) (Meeting, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.toMeet(ctx, id)
		if err != nil {
			return err
		}
		if version != 0 && a.Version != version {
			return fault.New(fault.VersionConflict)
		}
		if a.State.Ended() {
			return a.illegal("meet")
		}
		now := s.Clock.Now()
		lines := m.Agenda
		m.ID, m.AgreementID, m.TenantID, m.Version, m.State, m.Zone, m.CreatedAt, m.ChangedAt, m.Agenda = ids.New[ids.Meeting](), id, a.TenantID, 1, Planned, meetingZone().String(), now, now, nil
		if err := s.fill(ctx, &m); err != nil {
			return err
		}
		m.Agenda = append(m.Agenda, lines...)
		if err := m.Check(keysOf(a.Parties)); err != nil {
			return err
		}
		if at, _ := m.Starts(meetingZone()); at.Before(now) {
			return fault.In("starts_at_local", "in_the_past")
		}
		if err := insertMeeting(ctx, m); err != nil {
			return err
		}
		return s.tellMeeting(ctx, &a, m, "meeting_planned")
	})
	return m, err
}

// fill asks the work what belongs on the agenda.
func (s *Service) fill(ctx context.Context, m *Meeting) error {
	if s.Agenda == nil {
		return nil
	}
	items, err := s.Agenda(ctx, m.AgreementID)
	m.Fill(items)
	return err
}

// tellMeeting writes what happened to a meeting into the agreement's history, which
// tells the parties.
func (s *Service) tellMeeting(ctx context.Context, a *Agreement, m Meeting, event string) error {
	if err := s.Audit.Did(ctx, audit.Entry{Action: event, Object: "meeting", ID: m.ID.String(), Fields: []string{string(m.State)}}); err != nil {
		return err
	}
	e := a.note(event, s.Clock.Now())
	e.Reason = m.StartsLocal
	if err := save(ctx, *a); err != nil {
		return err
	}
	return s.record(ctx, *a, []Event{e})
}

func keysOf(parties []Party) []string {
	out := make([]string, len(parties))
	for i, p := range parties {
		out[i] = p.Key()
	}
	return out
}

// writing is an open meeting that the actor writes, at the version that was seen.
func (s *Service) writing(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], version int64) (a Agreement, m Meeting, err error) {
	if a, err = s.toMeet(ctx, id); err != nil {
		return a, m, err
	}
	if m, err = meetingByID(ctx, id, which); err != nil {
		return a, m, gone(err)
	}
	if m.Version != version {
		return a, m, fault.New(fault.VersionConflict)
	}
	return a, m, nil
}

// ChangeMeeting writes a part of a meeting: time, place and agenda while it is planned,
// attendance, minutes and decisions once it was held.
func (s *Service) ChangeMeeting(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], version int64, what string, change func(m *Meeting) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, m, err := s.writing(ctx, id, which, version)
		if err != nil {
			return err
		}
		if !m.Open() {
			return m.illegal("edit")
		}
		before := m
		before.Decisions, before.Attendance = slices.Clone(m.Decisions), slices.Clone(m.Attendance)
		if err := change(&m); err != nil {
			return err
		}
		if err := m.Changed(before); err != nil {
			return err
		}
		if err := m.Check(keysOf(a.Parties)); err != nil {
			return err
		}
		if err := s.owners(ctx, a, &m); err != nil {
			return err
		}
		now := s.Clock.Now()
		m.Version++
		m.ChangedAt = now
		moved := m.StartsLocal != before.StartsLocal || m.Place != before.Place
		if moved {
			if a.State.Ended() {
				return a.illegal("meet")
			}
			if at, _ := m.Starts(meetingZone()); at.Before(now) {
				return fault.In("starts_at_local", "in_the_past")
			}
		}
		if err := saveMeeting(ctx, m); err != nil {
			return err
		}
		if moved {
			return s.tellMeeting(ctx, &a, m, "meeting_moved")
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "meeting", ID: m.ID.String(), Fields: []string{what}})
	})
}

// FillAgenda puts on the agenda what the work has brought since.
func (s *Service) FillAgenda(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], version int64) error {
	return s.ChangeMeeting(ctx, id, which, version, "agenda", func(m *Meeting) error { return s.fill(ctx, m) })
}

// owners says whose each decision is: a tenant among the parties, of the keeper's also
// one of its own people.
func (s *Service) owners(ctx context.Context, a Agreement, m *Meeting) error {
	var people []Owner
	for i := range m.Decisions {
		d := &m.Decisions[i]
		if d.ID.IsZero() {
			d.ID = ids.New[ids.Decision]()
		}
		d.AgreementID, d.MeetingID, d.TenantID, d.Position, d.OwnerID = a.ID, m.ID, a.TenantID, i, tenants.ID{}
		t, err := s.Tenants.BySlug(ctx, d.Party)
		if err != nil {
			return err
		}
		if t != nil && slices.Contains(a.Parties, Party{Tenant: d.Party}) {
			d.OwnerID = t.ID
		}
		if d.UserID.IsZero() {
			continue
		}
		if people == nil {
			if people, err = s.Owners(ctx); err != nil {
				return err
			}
		}
		if d.OwnerID != a.TenantID || !slices.ContainsFunc(people, func(o Owner) bool { return o.ID == d.UserID }) {
			return fault.In(index("decisions", i)+".user", "unknown_code")
		}
	}
	return nil
}

// MeetingAct is a command as somebody gives it.
type MeetingAct struct {
	Command MeetingCommand
	Version int64
	Reason  string
}

// DoMeeting carries out a command: shape, reach, relation, version, state. Closing the
// minutes makes every decision a task of whoever owns it.
func (s *Service) DoMeeting(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], act MeetingAct) error {
	act.Reason = strings.TrimSpace(act.Reason)
	var f fault.Collect
	if act.Version == 0 {
		f.Add("version", "required")
	}
	if act.Command == CallOff && act.Reason == "" {
		f.Add("reason", "required")
	} else if len([]rune(act.Reason)) > 1000 {
		f.Add("reason", "too_long")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, m, err := s.writing(ctx, id, which, act.Version)
		if err != nil {
			return err
		}
		if err := m.Apply(act.Command, act.Reason, meetingZone(), s.Clock.Now()); err != nil {
			return err
		}
		if act.Command == CloseMinutes {
			for i := range m.Decisions {
				if !m.Decisions[i].OwnerID.IsZero() {
					m.Decisions[i].State = "todo"
				}
			}
		}
		if err := saveMeeting(ctx, m); err != nil {
			return err
		}
		if act.Command == CloseMinutes {
			if err := s.handOut(ctx, a, m); err != nil {
				return err
			}
		}
		return s.tellMeeting(ctx, &a, m, MeetingTable[act.Command].Event)
	})
}

// handOut makes the tasks of a meeting: the keeper's own at once, those of another
// party by an event, since that party's rows are written as that party.
func (s *Service) handOut(ctx context.Context, a Agreement, m Meeting) error {
	for _, d := range m.Decisions {
		switch {
		case d.OwnerID == a.TenantID:
			who := d.UserID
			if who.IsZero() {
				who = tenants.From(ctx).User
			}
			if err := s.Tasks.Decided(ctx, taskOf(a, d, who)); err != nil {
				return err
			}
		case !d.OwnerID.IsZero():
			if err := s.Bus.Publish(ctx, decided{d.ID, a.Number, d.OwnerID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func taskOf(a Agreement, d Decision, who ids.ID[ids.User]) DecisionTask {
	return DecisionTask{Decision: d.ID, Agreement: a.ID, Number: a.Number, Words: d.Words, DueOn: d.DueOn, Assignee: who}
}

// taskOfDecision makes the task of a party other than the keeper; it runs as that
// party.
func (s *Service) taskOfDecision(ctx context.Context, _ outbox.Delivery, e decided) error {
	d, err := decisionByID(ctx, e.Decision)
	if db.NoRows(err) || err == nil && d.OwnerID != tenants.Current(ctx) {
		return nil // it is a party no more
	}
	if err != nil {
		return err
	}
	return s.Tasks.Decided(ctx, taskOf(Agreement{ID: d.AgreementID, Number: e.Number}, d, ids.ID[ids.User]{}))
}

// DecisionMoved notes how far the task of a decision is, in the transaction that moves
// the task and as the tenant that has it.
func (s *Service) DecisionMoved(ctx context.Context, id ids.ID[ids.Decision], state string) error {
	return moveDecision(ctx, id, tenants.Current(ctx), state)
}

// Correct adds a note to minutes that are closed.
func (s *Service) Correct(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], version int64, text string) (n Note, err error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return n, fault.In("text", "required")
	case len([]rune(text)) > 4000:
		return n, fault.In("text", "too_long")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		a, m, err := s.writing(ctx, id, which, version)
		if err != nil {
			return err
		}
		if m.State != Closed {
			return m.illegal("correct")
		}
		n = Note{ids.New[ids.Message](), id, which, a.TenantID, tenants.From(ctx).User, text, s.Clock.Now()}
		if err := insertNote(ctx, n); err != nil {
			return err
		}
		return s.tellMeeting(ctx, &a, m, "minutes_corrected")
	})
	return n, err
}

// Meetings lists the meetings on an agreement that the reader may open, newest first.
func (s *Service) Meetings(ctx context.Context, id ids.ID[ids.Agreement], after string, limit int) (out []Meeting, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if _, err := s.Get(ctx, id); err != nil {
			return err
		}
		if out, err = meetingsOf(ctx, id, after, limit); err != nil || len(out) == 0 {
			return err
		}
		of := make([]ids.ID[ids.Meeting], len(out))
		for i, m := range out {
			of[i] = m.ID
		}
		decisions, err := decisionsOf(ctx, of)
		for _, d := range decisions {
			i := slices.Index(of, d.MeetingID)
			out[i].Decisions = append(out[i].Decisions, d)
		}
		return err
	})
	return out, err
}

// OpenedMeeting is a meeting as its reader sees it.
type OpenedMeeting struct {
	Meeting
	Agreement Opened
	Notes     []Note
}

// Meeting opens one meeting; not_found where its agreement is out of reach.
func (s *Service) Meeting(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting]) (o OpenedMeeting, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if o.Agreement, err = s.Get(ctx, id); err != nil {
			return err
		}
		if o.Meeting, err = meetingByID(ctx, id, which); err != nil {
			return gone(err)
		}
		o.Notes, err = notesOf(ctx, which)
		return err
	})
	return o, err
}
