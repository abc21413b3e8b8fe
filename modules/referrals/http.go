package referrals

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"
)

type createBody struct {
	PersonID        ids.ID[ids.Person]     `json:"person_id" validate:"required"`
	Need            string                 `json:"need" validate:"required_unless=Danger true"`
	ServiceID       ids.ID[ids.Service]    `json:"service_id" validate:"required"`
	UnitID          ids.ID[ids.Unit]       `json:"unit_id"`
	Priority        string                 `json:"priority" validate:"required_unless=Danger true,omitempty,oneof=routine urgent emergency"`
	Danger          bool                   `json:"danger"`
	Call            *callBody              `json:"call"`
	Basis           string                 `json:"basis" validate:"omitempty,oneof=consent vital_interest legal_obligation public_interest"`
	BasisNote       string                 `json:"basis_note" validate:"max=1000"`
	Reason          string                 `json:"reason" validate:"required_unless=Danger true,max=4000"`
	Triage          map[string]string      `json:"triage" validate:"max=8"`
	ConsentID       ids.ID[ids.Consent]    `json:"consent_id"`
	Slices          []policies.Slice       `json:"slices" validate:"max=5"`
	Documents       []ids.ID[ids.Document] `json:"documents" validate:"max=50"`
	ParentID        ID                     `json:"parent_id"`
	Send            web.Optional[bool]     `json:"send"`
	ExceptionReason string                 `json:"exception_reason" validate:"max=1000"`
}

// callBody is what is known of the telephone call; nothing of it holds a danger up.
type callBody struct {
	At         *time.Time `json:"at"`
	AnsweredBy string     `json:"answered_by" validate:"max=200"`
	Place      string     `json:"place" validate:"max=300"`
}

func (b *callBody) call() Call {
	if b == nil {
		return Call{}
	}
	return Call{At: b.At, AnsweredBy: strings.TrimSpace(b.AnsweredBy), Place: strings.TrimSpace(b.Place)}
}

func (b createBody) writing() Writing {
	return Writing{Danger: b.Danger, Call: b.Call.call(), PersonID: b.PersonID, Need: b.Need, ServiceID: b.ServiceID, UnitID: b.UnitID, Priority: b.Priority, Basis: b.Basis, BasisNote: b.BasisNote, Reason: b.Reason,
		Triage: b.Triage, ConsentID: b.ConsentID, Slices: b.Slices, Documents: b.Documents, ParentID: b.ParentID}
}

// check names what is wrong with the body before anything is looked up.
func (b createBody) check(s *Service) error {
	w := b.writing()
	w.settle()
	var f fault.Collect
	if b.Call != nil && !b.Danger {
		f.Add("call", "unknown_field")
	}
	if err := f.Join(w.check(s.terms.Need)); err != nil {
		return err
	}
	return f.Err()
}

type changeBody struct {
	ID             ID                                   `path:"id" json:"-"`
	Version        int64                                `json:"version" validate:"required"`
	ReceiverNumber web.Optional[string]                 `json:"receiver_number"`
	Need           web.Optional[string]                 `json:"need"`
	ServiceID      web.Optional[ids.ID[ids.Service]]    `json:"service_id"`
	UnitID         web.Optional[ids.ID[ids.Unit]]       `json:"unit_id"`
	Priority       web.Optional[string]                 `json:"priority"`
	Basis          web.Optional[string]                 `json:"basis"`
	BasisNote      web.Optional[string]                 `json:"basis_note"`
	Reason         web.Optional[string]                 `json:"reason"`
	Triage         web.Optional[map[string]string]      `json:"triage"`
	ConsentID      web.Optional[ids.ID[ids.Consent]]    `json:"consent_id"`
	Slices         web.Optional[[]policies.Slice]       `json:"slices"`
	Documents      web.Optional[[]ids.ID[ids.Document]] `json:"documents"`
}

func (b changeBody) apply(w *Writing) {
	w.Need, w.ServiceID, w.UnitID = b.Need.Of(w.Need), b.ServiceID.Of(w.ServiceID), b.UnitID.Of(w.UnitID)
	w.Priority, w.Basis, w.BasisNote = b.Priority.Of(w.Priority), b.Basis.Of(w.Basis), b.BasisNote.Of(w.BasisNote)
	w.Reason, w.Triage, w.ConsentID = b.Reason.Of(w.Reason), b.Triage.Of(w.Triage), b.ConsentID.Of(w.ConsentID)
	w.Slices, w.Documents = b.Slices.Of(w.Slices), b.Documents.Of(w.Documents)
	if b.ServiceID.Set && !b.UnitID.Set {
		w.UnitID = ids.ID[ids.Unit]{}
	}
}

// check tries the change on a draft with which nothing is wrong: whatever is found
// is the body's own. The receiver's number comes alone: the rest is the sender's.
func (b changeBody) check(s *Service) error {
	w := Writing{PersonID: ids.New[ids.Person](), ServiceID: ids.New[ids.Service](), Need: s.terms.Needs[0], Priority: Priorities[0], Reason: "-", BasisNote: keptNote}
	untouched := w
	b.apply(&w)
	var f fault.Collect
	if b.ReceiverNumber.Set && (len([]rune(b.ReceiverNumber.Value)) > 40) {
		f.Add("receiver_number", "too_long")
	} else if b.ReceiverNumber.Set && !reflect.DeepEqual(w, untouched) {
		f.Add("receiver_number", "not_together")
	}
	w.settle()
	if err := f.Join(w.check(s.terms.Need)); err != nil {
		return err
	}
	return f.Err()
}

type idPath struct {
	ID ID `path:"id" json:"-"`
}

type pagedID struct {
	web.Paging
	ID ID `path:"id" json:"-"`
}

type listQuery struct {
	web.Paging
	Box     string `query:"box" json:"-"`
	State   string `query:"state" json:"-"`
	Q       string `query:"q" json:"-"`
	Overdue string `query:"overdue" json:"-"`
}

// search reads the filter of a list; an unknown code is malformed.
func (q listQuery) search() (Search, error) {
	out := Search{Box: q.Box, Number: strings.TrimSpace(q.Q)}
	if q.Box != "" && q.Box != "in" && q.Box != "out" {
		return out, web.Malformed("box")
	}
	switch q.Overdue {
	case "", "0", "false":
	case "1", "true":
		out.Overdue = true
	default:
		return out, web.Malformed("overdue")
	}
	if q.State == "" {
		return out, nil
	}
	for _, code := range strings.Split(q.State, ",") {
		switch {
		case code == "open":
			out.Open = true
		case slices.Contains(States, State(code)):
			out.States = append(out.States, State(code))
		default:
			return out, web.Malformed("state")
		}
	}
	if out.Open && len(out.States) > 0 {
		return out, web.Malformed("state")
	}
	return out, nil
}

type reviewBody struct {
	base
	Informed string `json:"informed" validate:"required,oneof=yes later would_endanger"`
}

type sayBody struct {
	ID   ID     `path:"id" json:"-"`
	Text string `json:"text" validate:"required,max=4000"`
}

func (s *Service) again(ctx context.Context, id string) (any, error) {
	rid, err := ids.Parse[ids.Referral](id)
	if err != nil {
		return nil, fault.New(fault.NotFound)
	}
	return s.After(ctx, rid)
}

func (s *Service) routes() []web.Route {
	return []web.Route{
		web.Checked(web.JSON(http.MethodPost, "/referrals", "Write a referral, and send it", create, func(ctx context.Context, in createBody) (View, error) {
			// A danger is sent unless it is said that it shall wait.
			id, err := s.Create(ctx, in.writing(), in.Send.Of(in.Danger), strings.TrimSpace(in.ExceptionReason))
			if err != nil {
				return View{}, err
			}
			return s.After(ctx, id)
		}).Creates().Replays(s.again), func(_ context.Context, in createBody) error { return in.check(s) }),
		web.JSON(http.MethodGet, "/referrals", "List the referrals of an inbox or outbox", read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			q, err := in.search()
			if err != nil {
				return web.List[View]{}, err
			}
			page, err := in.Decode(in.Box, in.State, in.Q, in.Overdue)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.List(ctx, q, page)
			return web.Cut(page, rows, View.ResourceID, func(v View) View { return v }), err
		}),
		web.JSON(http.MethodGet, "/referrals/:id", "Open a referral", read, func(ctx context.Context, in idPath) (View, error) { return s.Get(ctx, in.ID) }),
		web.Checked(web.JSON(http.MethodPatch, "/referrals/:id", "Change a draft, or the receiver's own number", update, func(ctx context.Context, in changeBody) (View, error) {
			var number *string
			if in.ReceiverNumber.Set {
				number = &in.ReceiverNumber.Value
			}
			if err := s.Change(ctx, in.ID, in.Version, in.apply, number); err != nil {
				return View{}, err
			}
			return s.After(ctx, in.ID)
		}).Replays(s.again), func(_ context.Context, in changeBody) error { return in.check(s) }),
		web.JSON(http.MethodGet, "/referrals/:id/events", "The history of a referral, oldest first", read, func(ctx context.Context, in pagedID) (web.List[EventView], error) {
			page, err := in.Decode("events", in.ID.String())
			if err != nil {
				return web.List[EventView]{}, err
			}
			rows, err := s.Events(ctx, in.ID, page)
			return web.Cut(page, rows, func(e EventView) string { return itoa(e.Sequence) }, func(e EventView) EventView { return e }), err
		}),
		web.JSON(http.MethodGet, "/referrals/:id/preview", "What the receiver sees at each stage", preview, func(ctx context.Context, in idPath) (PreviewView, error) {
			return s.Preview(ctx, in.ID)
		}),
		web.JSON(http.MethodGet, "/referrals/:id/messages", "The exchange of both sides, newest first", message, func(ctx context.Context, in pagedID) (web.List[MessageView], error) {
			page, err := in.Decode("messages", in.ID.String())
			if err != nil {
				return web.List[MessageView]{}, err
			}
			rows, err := s.Messages(ctx, in.ID, page)
			return web.Cut(page, rows, MessageView.ResourceID, func(m MessageView) MessageView { return m }), err
		}),
		web.Checked(web.JSON(http.MethodPost, "/referrals/:id/messages", "Write a message", message, func(ctx context.Context, in sayBody) (MessageView, error) {
			return s.Say(ctx, in.ID, in.Text)
		}).Creates().Replays(func(ctx context.Context, id string) (any, error) {
			mid, err := ids.Parse[ids.Message](id)
			if err != nil {
				return nil, fault.New(fault.NotFound)
			}
			return s.Message(ctx, mid)
		}), func(_ context.Context, in sayBody) error {
			if i18n.Blank(in.Text) {
				return fault.In("text", "required")
			}
			return nil
		}),
		web.JSON(http.MethodPost, "/referrals/:id/review", "Review an immediate danger (the sender's supervisor)", review, func(ctx context.Context, in reviewBody) (View, error) {
			if err := s.Review(ctx, in.ID, in.Version, in.Informed, in.Note); err != nil {
				return View{}, err
			}
			return s.After(ctx, in.ID)
		}).Replays(s.again),
		command[sendBody](s, Send, "Send a draft"),
		command[plainBody](s, Approve, "Approve what waits for approval"),
		command[reasonBody](s, Return, "Return what waits for approval"),
		command[plainBody](s, Acknowledge, "Say: seen, we are looking at it"),
		command[textBody](s, Ask, "Ask the sender for information"),
		command[textBody](s, Answer, "Answer the receiver"),
		command[acceptBody](s, Accept, "Take the person on"),
		command[optionalReasonBody](s, UndoAccept, "Take an acceptance back while nobody has opened the person"),
		command[declineBody](s, Decline, "Decline with a coded reason"),
		command[redirectBody](s, Redirect, "Propose a better target"),
		command[waitlistBody](s, Waitlist, "Put on the waiting list"),
		command[scheduleBody](s, Schedule, "Give or move an appointment"),
		command[plainBody](s, MarkNoShow, "The person did not come"),
		command[plainBody](s, Start, "Service has begun"),
		command[holdBody](s, Hold, "Pause with a reason"),
		command[plainBody](s, Resume, "Go on after a pause"),
		command[reportBody](s, Report, "Report in between"),
		command[completeBody](s, Complete, "Complete with an outcome"),
		command[reasonBody](s, Fail, "Could not be finished"),
		command[confirmBody](s, Confirm, "Confirm the outcome"),
		command[reasonBody](s, Recall, "Ask for it back"),
		command[plainBody](s, ConfirmRecall, "Give it back"),
		command[plainBody](s, RefuseRecall, "Keep it, with a note"),
		command[plainBody](s, UndoRecall, "Leave it with the receiver"),
		command[assignBody](s, Assign, "Assign inside the receiving tenant"),
		command[reasonBody](s, MarkError, "Mark as entered in error"),
	}
}
