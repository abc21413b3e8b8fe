package notifications

import (
	"context"
	"net/http"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// View is a notice as the API shows it.
type View struct {
	ID        ids.ID[ids.Notification] `json:"id" validate:"required"`
	Event     string                   `json:"event" validate:"required"`
	Subject   Subject                  `json:"subject" validate:"required"`
	Title     string                   `json:"title" validate:"required"`
	CreatedAt time.Time                `json:"created_at" validate:"required"`
	ReadAt    *time.Time               `json:"read_at,omitempty"`
}

// Subject is what the notice is about.
type Subject struct {
	Type string               `json:"type" validate:"required"`
	ID   ids.ID[ids.Referral] `json:"id" validate:"required"`
}

func subjectOf(n Notification) Subject {
	kind, _, _ := strings.Cut(n.Event, ".")
	return Subject{kind, n.SubjectID}
}

// ResourceID lets a replay find the notice again.
func (v View) ResourceID() string { return v.ID.String() }

func (s *Service) view(ctx context.Context, n Notification) View {
	v := View{ID: n.ID, Event: n.Event, Subject: subjectOf(n), Title: s.Title(ctx, n, tenants.From(ctx).Lang), CreatedAt: n.CreatedAt}
	if !n.ReadAt.IsZero() {
		v.ReadAt = &n.ReadAt
	}
	return v
}

type listQuery struct {
	web.Paging
	Unread string `query:"unread" json:"-"`
}

type idPath struct {
	ID ids.ID[ids.Notification] `path:"id" json:"-"`
}

func (s *Service) routes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/notifications", "List the reader's notices", Read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			if in.Unread != "" && in.Unread != "1" && in.Unread != "0" {
				return web.List[View]{}, web.Malformed("unread")
			}
			page, err := in.Decode(in.Unread)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.List(ctx, in.Unread == "1", page)
			return web.Cut(page, rows, func(n Notification) string { return n.ID.String() }, func(n Notification) View { return s.view(ctx, n) }), err
		}),
		web.JSON(http.MethodPost, "/notifications/:id/read", "Mark a notice as read", Read, func(ctx context.Context, in idPath) (View, error) {
			n, err := s.MarkRead(ctx, in.ID)
			return s.view(ctx, n), err
		}).Replays(func(ctx context.Context, id string) (any, error) {
			nid, err := ids.Parse[ids.Notification](id)
			if err != nil {
				return nil, fault.New(fault.NotFound)
			}
			n, err := s.MarkRead(ctx, nid)
			return s.view(ctx, n), err
		}),
	}
}
