package agreements

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// MeetingView is a meeting as the API shows it.
type MeetingView struct {
	ID            ids.ID[ids.Meeting] `json:"id" validate:"required"`
	Version       int64               `json:"version" validate:"required"`
	State         string              `json:"state" validate:"required,oneof=planned held closed cancelled"`
	Kind          string              `json:"kind" validate:"required,oneof=steering follow_up"`
	StartsAtLocal string              `json:"starts_at_local" validate:"required"`
	Zone          string              `json:"zone" validate:"required"`
	Place         string              `json:"place" validate:"required"`
	Agenda        []AgendaLine        `json:"agenda" validate:"required"`
	Attendance    []Attendee          `json:"attendance" validate:"required"`
	Minutes       *Body               `json:"minutes,omitempty"`
	Decisions     []DecisionView      `json:"decisions" validate:"required"`
	Reason        string              `json:"reason,omitempty"`
	Notes         []NoteView          `json:"notes,omitempty"`
	ClosedAt      *time.Time          `json:"closed_at,omitempty"`

	agreement ids.ID[ids.Agreement]
}

// ResourceID lets a replay find the meeting again.
func (v MeetingView) ResourceID() string { return v.agreement.String() + "/" + v.ID.String() }

// DecisionView is a decision with how far its task is; the user is one of the keeper's
// own people, and named to them alone.
type DecisionView struct {
	ID    ids.ID[ids.Decision] `json:"id" validate:"required"`
	Text  string               `json:"text" validate:"required"`
	Party string               `json:"party" validate:"required"`
	User  ids.ID[ids.User]     `json:"user,omitzero"`
	DueOn string               `json:"due_on" validate:"required"`
	State string               `json:"state,omitempty"`
}

// NoteView is a correction of closed minutes.
type NoteView struct {
	ID   ids.ID[ids.Message] `json:"id" validate:"required"`
	Text string              `json:"text" validate:"required"`
	At   time.Time           `json:"at" validate:"required"`
}

func meetingView(ctx context.Context, a Agreement, m Meeting, notes []Note) MeetingView {
	v := MeetingView{ID: m.ID, Version: m.Version, State: string(m.State), Kind: m.Kind, StartsAtLocal: m.StartsLocal, Zone: m.Zone, Place: m.Place,
		Agenda: append([]AgendaLine{}, m.Agenda...), Attendance: append([]Attendee{}, m.Attendance...), Decisions: []DecisionView{}, Reason: m.Reason, agreement: m.AgreementID}
	if m.MinutesAr != "" || m.MinutesFr != "" {
		v.Minutes = &Body{m.MinutesAr, m.MinutesFr}
	}
	for _, d := range m.Decisions {
		x := DecisionView{ID: d.ID, Text: d.Words, Party: d.Party, DueOn: d.DueOn, State: d.State}
		if keeps(ctx, a) {
			x.User = d.UserID
		}
		v.Decisions = append(v.Decisions, x)
	}
	for _, n := range notes {
		v.Notes = append(v.Notes, NoteView{n.ID, n.Body, n.At})
	}
	if !m.ClosedAt.IsZero() {
		v.ClosedAt = &m.ClosedAt
	}
	return v
}

// agendaBody is a line of an agenda: one that stands there by its id, or a new one in
// words.
type agendaBody struct {
	ID    ids.ID[ids.Entry] `json:"id"`
	Title Title             `json:"title"`
}

type decisionBody struct {
	ID    ids.ID[ids.Decision] `json:"id"`
	Text  string               `json:"text" validate:"required,max=500"`
	Party string               `json:"party" validate:"max=300"`
	User  ids.ID[ids.User]     `json:"user"`
	DueOn string               `json:"due_on" validate:"required,max=10"`
}

type planBody struct {
	path
	Version       int64        `json:"version"`
	Kind          string       `json:"kind" validate:"required,oneof=steering follow_up"`
	StartsAtLocal string       `json:"starts_at_local" validate:"required,max=16"`
	Place         string       `json:"place" validate:"required,max=300"`
	Agenda        []agendaBody `json:"agenda" validate:"max=100,dive"`
}

type meetingPath struct {
	ID      ids.ID[ids.Agreement] `path:"id" json:"-"`
	Meeting ids.ID[ids.Meeting]   `path:"meeting" json:"-"`
}

type meetingPatch struct {
	meetingPath
	Version       int64                        `json:"version" validate:"required"`
	StartsAtLocal web.Optional[string]         `json:"starts_at_local"`
	Place         web.Optional[string]         `json:"place"`
	Agenda        web.Optional[[]agendaBody]   `json:"agenda"`
	Attendance    web.Optional[[]Attendee]     `json:"attendance"`
	Minutes       web.Optional[Body]           `json:"minutes"`
	Decisions     web.Optional[[]decisionBody] `json:"decisions"`
}

type meetingAct struct {
	meetingPath
	Version int64 `json:"version" validate:"required"`
}

type callOffBody struct {
	meetingAct
	Reason string `json:"reason" validate:"required,max=1000"`
}

type correctBody struct {
	meetingAct
	Text string `json:"text" validate:"required,max=4000"`
}

// agendaLines are the agenda of a body: what stands there keeps its words.
func agendaLines(body []agendaBody, old []AgendaLine) ([]AgendaLine, error) {
	out := make([]AgendaLine, 0, len(body))
	for i, b := range body {
		if b.ID.IsZero() {
			out = append(out, typedLine(b.Title))
			continue
		}
		j := slices.IndexFunc(old, func(l AgendaLine) bool { return l.ID == b.ID })
		if j < 0 || slices.ContainsFunc(out, func(l AgendaLine) bool { return l.ID == b.ID }) {
			return nil, fault.In(index("agenda", i)+".id", "unknown_code")
		}
		out = append(out, old[j])
	}
	return out, nil
}

// typedLine is a line that somebody wrote, in one language or both.
func typedLine(t Title) AgendaLine {
	t.Ar, t.Fr = strings.TrimSpace(t.Ar), strings.TrimSpace(t.Fr)
	return AgendaLine{ID: ids.New[ids.Entry](), Kind: typed, Title: Label{Ar: t.Ar, Fr: t.Fr}}
}

// decisionsFrom are the decisions of a body; who names one of the keeper's people names the
// keeper.
func decisionsFrom(body []decisionBody, old []Decision, keeper string) ([]Decision, error) {
	out := make([]Decision, 0, len(body))
	for i, b := range body {
		d := Decision{Words: strings.TrimSpace(b.Text), Party: strings.TrimSpace(b.Party), UserID: b.User, DueOn: b.DueOn}
		if d.Party == "" && !b.User.IsZero() {
			d.Party = keeper
		}
		if !b.ID.IsZero() {
			if !slices.ContainsFunc(old, func(o Decision) bool { return o.ID == b.ID }) || slices.ContainsFunc(out, func(o Decision) bool { return o.ID == b.ID }) {
				return nil, fault.In(index("decisions", i)+".id", "unknown_code")
			}
			d.ID = b.ID
		}
		out = append(out, d)
	}
	return out, nil
}

func (p meetingPatch) apply(m *Meeting, keeper string) (err error) {
	m.StartsLocal, m.Place = p.StartsAtLocal.Of(m.StartsLocal), strings.TrimSpace(p.Place.Of(m.Place))
	if p.Agenda.Set {
		if m.Agenda, err = agendaLines(p.Agenda.Value, m.Agenda); err != nil {
			return err
		}
	}
	if p.Attendance.Set {
		m.Attendance = p.Attendance.Value
	}
	if p.Minutes.Set {
		m.MinutesAr, m.MinutesFr = strings.TrimSpace(p.Minutes.Value.Ar), strings.TrimSpace(p.Minutes.Value.Fr)
	}
	if p.Decisions.Set {
		m.Decisions, err = decisionsFrom(p.Decisions.Value, m.Decisions, keeper)
	}
	return err
}

func (s *Service) openedMeeting(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Meeting]) (MeetingView, error) {
	o, err := s.Meeting(ctx, id, which)
	if err != nil {
		return MeetingView{}, err
	}
	return meetingView(ctx, o.Agreement.Agreement, o.Meeting, o.Notes), nil
}

func (s *Service) meetingAgain(ctx context.Context, key string) (any, error) {
	agreement, meeting, _ := strings.Cut(key, "/")
	id, err1 := ids.Parse[ids.Agreement](agreement)
	which, err2 := ids.Parse[ids.Meeting](meeting)
	if err1 != nil || err2 != nil {
		return nil, fault.New(fault.NotFound)
	}
	return s.openedMeeting(ctx, id, which)
}

func (s *Service) meetingRoutes() []web.Route {
	const one = "/agreements/:id/meetings/:meeting"
	act := func(name, summary string, c MeetingCommand) web.Route {
		return web.JSON(http.MethodPost, one+"/"+name, summary, meet, func(ctx context.Context, in meetingAct) (MeetingView, error) {
			if err := s.DoMeeting(ctx, in.ID, in.Meeting, MeetingAct{Command: c, Version: in.Version}); err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}).Replays(s.meetingAgain)
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/agreements/:id/meetings", "List the meetings of the committees, newest first", Read, func(ctx context.Context, in pagedPath) (web.List[MeetingView], error) {
			page, err := in.Decode("meetings", in.ID.String())
			if err != nil {
				return web.List[MeetingView]{}, err
			}
			a, err := s.Get(ctx, in.ID)
			if err != nil {
				return web.List[MeetingView]{}, err
			}
			rows, err := s.Meetings(ctx, in.ID, page.After, page.Limit+1)
			return web.Cut(page, rows, func(m Meeting) string { return m.ID.String() }, func(m Meeting) MeetingView { return meetingView(ctx, a.Agreement, m, nil) }), err
		}),
		web.JSON(http.MethodGet, one, "Open a meeting", Read, func(ctx context.Context, in meetingPath) (MeetingView, error) {
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}),
		web.JSON(http.MethodPost, "/agreements/:id/meetings", "Plan a meeting of a committee", meet, func(ctx context.Context, in planBody) (MeetingView, error) {
			lines, err := agendaLines(in.Agenda, nil)
			if err != nil {
				return MeetingView{}, err
			}
			m, err := s.PlanMeeting(ctx, in.ID, in.Version, Meeting{Kind: in.Kind, StartsLocal: in.StartsAtLocal, Place: strings.TrimSpace(in.Place), Agenda: lines})
			if err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, m.ID)
		}).Creates().Replays(s.meetingAgain),
		web.JSON(http.MethodPatch, one, "Write a part of a meeting: the agenda before it, attendance, minutes and decisions once it was held", meet, func(ctx context.Context, in meetingPatch) (MeetingView, error) {
			err := s.ChangeMeeting(ctx, in.ID, in.Meeting, in.Version, "meeting", func(m *Meeting) error { return in.apply(m, s.Tenants.Slug(ctx, m.TenantID)) })
			if err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}).Replays(s.meetingAgain),
		web.JSON(http.MethodPost, one+"/agenda", "Put on the agenda what is late by now", meet, func(ctx context.Context, in meetingAct) (MeetingView, error) {
			if err := s.FillAgenda(ctx, in.ID, in.Meeting, in.Version); err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}).Replays(s.meetingAgain),
		act("hold", "The meeting took place", Hold),
		act("close", "Close the minutes: nothing of them changes any more, and decisions become tasks", CloseMinutes),
		web.JSON(http.MethodPost, one+"/cancel", "Call a planned meeting off", meet, func(ctx context.Context, in callOffBody) (MeetingView, error) {
			if err := s.DoMeeting(ctx, in.ID, in.Meeting, MeetingAct{CallOff, in.Version, in.Reason}); err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}).Replays(s.meetingAgain),
		web.JSON(http.MethodPost, one+"/notes", "Correct minutes that are closed, by a note beside them", meet, func(ctx context.Context, in correctBody) (MeetingView, error) {
			if _, err := s.Correct(ctx, in.ID, in.Meeting, in.Version, in.Text); err != nil {
				return MeetingView{}, err
			}
			return s.openedMeeting(ctx, in.ID, in.Meeting)
		}).Creates().Replays(s.meetingAgain),
	}
}
