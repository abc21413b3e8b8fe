package tasks

import (
	"context"
	"net/http"
	"strings"
	"time"

	"shubbak/platform/ids"
	"shubbak/web"
)

// View is a task as the API shows it.
type View struct {
	ID        ids.ID[ids.Task] `json:"id" validate:"required"`
	Version   int64            `json:"version" validate:"required"`
	State     string           `json:"state" validate:"required,oneof=todo doing blocked done cancelled"`
	Title     string           `json:"title" validate:"required"`
	Reason    string           `json:"reason,omitempty"`
	Subject   string           `json:"subject,omitempty"`
	Number    string           `json:"subject_number,omitempty"`
	Assignee  ids.ID[ids.User] `json:"assignee" validate:"required"`
	GivenBy   ids.ID[ids.User] `json:"given_by,omitzero"`
	DueOn     string           `json:"due_on" validate:"required"`
	Overdue   bool             `json:"overdue"`
	CreatedAt time.Time        `json:"created_at" validate:"required"`
	ClosedAt  *time.Time       `json:"closed_at,omitempty"`
}

// ResourceID lets a replay find the task again.
func (v View) ResourceID() string { return v.ID.String() }

func (s *Service) view(t Task) View {
	v := View{ID: t.ID, Version: t.Version, State: string(t.State), Title: t.Title, Reason: t.Reason, Subject: t.Subject, Number: t.Number, Assignee: t.Assignee, GivenBy: t.GivenBy,
		DueOn: t.DueOn, Overdue: t.Overdue(s.today()), CreatedAt: t.CreatedAt}
	if !t.ClosedAt.IsZero() {
		v.ClosedAt = &t.ClosedAt
	}
	return v
}

type listQuery struct {
	web.Paging
	Mine      string `query:"mine" json:"-"`
	State     string `query:"state" json:"-"`
	DueBefore string `query:"due_before" json:"-"`
}

// filter reads the query of a list; what it does not know is malformed.
func (q listQuery) filter() (f Filter, err error) {
	switch q.Mine {
	case "1":
		f.Part = Mine
	case "", "0":
	default:
		return f, web.Malformed("mine")
	}
	switch q.State {
	case "":
	case "open":
		f.States = []string{string(Todo), string(Doing), string(Blocked)}
	default:
		f.States = strings.Split(q.State, ",")
	}
	for _, code := range f.States {
		if !known(code) {
			return f, web.Malformed("state")
		}
	}
	if _, err := time.Parse(time.DateOnly, q.DueBefore); q.DueBefore != "" && err != nil {
		return f, web.Malformed("due_before")
	}
	f.DueBefore = q.DueBefore
	return f, nil
}

type path struct {
	ID ids.ID[ids.Task] `path:"id" json:"-"`
}

type createBody struct {
	Subject  string           `json:"subject" validate:"required,max=80"`
	Title    string           `json:"title" validate:"required,max=500"`
	Assignee ids.ID[ids.User] `json:"assignee" validate:"required"`
	DueOn    string           `json:"due_on" validate:"required,max=10"`
}

type actBody struct {
	path
	Version int64 `json:"version" validate:"required"`
}

type cancelBody struct {
	actBody
	Reason string `json:"reason" validate:"max=1000"`
}

type blockBody struct {
	actBody
	Reason string `json:"reason" validate:"required,max=1000"`
}

func (s *Service) opened(ctx context.Context, id ids.ID[ids.Task]) (View, error) {
	t, err := s.Get(ctx, id)
	if err != nil {
		return View{}, err
	}
	return s.view(t), nil
}

func (s *Service) again(ctx context.Context, id string) (any, error) {
	tid, err := ids.Parse[ids.Task](id)
	if err != nil {
		return nil, gone()
	}
	return s.opened(ctx, tid)
}

func (s *Service) routes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/tasks", "List the tasks that the reader has, has given, or oversees", Read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			f, err := in.filter()
			if err != nil {
				return web.List[View]{}, err
			}
			page, err := in.Decode(in.Mine, in.State, in.DueBefore)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.List(ctx, f, page)
			return web.Cut(page, rows, func(t Task) string { return t.ID.String() }, s.view), err
		}),
		web.JSON(http.MethodGet, "/tasks/:id", "Open a task", Read, func(ctx context.Context, in path) (View, error) { return s.opened(ctx, in.ID) }),
		web.JSON(http.MethodPost, "/tasks", "Give a task, to oneself or to a colleague", create, func(ctx context.Context, in createBody) (View, error) {
			t, err := s.Create(ctx, Draft(in))
			return s.view(t), err
		}).Creates().Replays(s.again),
	}
}

func (s *Service) do(ctx context.Context, c Command, in actBody, reason string) (View, error) {
	t, err := s.Do(ctx, in.ID, Act{Command: c, Version: in.Version, Reason: reason})
	return s.view(t), err
}

func (s *Service) commandRoutes() []web.Route {
	plain := func(c Command, summary string) web.Route {
		return web.JSON(http.MethodPost, "/tasks/:id/"+string(c), summary, perm(string(c)), func(ctx context.Context, in actBody) (View, error) { return s.do(ctx, c, in, "") }).Replays(s.again)
	}
	return []web.Route{
		plain(Start, "Begin a task, or go on with it; who oversees it takes it over"),
		plain(Finish, "The task is done"),
		web.JSON(http.MethodPost, "/tasks/:id/block", "The task cannot go on, and why", perm(string(Block)), func(ctx context.Context, in blockBody) (View, error) {
			return s.do(ctx, Block, in.actBody, in.Reason)
		}).Replays(s.again),
		web.JSON(http.MethodPost, "/tasks/:id/cancel", "The task need not be done any more", perm(string(Cancel)), func(ctx context.Context, in cancelBody) (View, error) {
			return s.do(ctx, Cancel, in.actBody, in.Reason)
		}).Replays(s.again),
	}
}
