package tasks

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/tasks", Read, s.listPage),
		web.Page(http.MethodGet, "/tasks/new", create, s.newPage),
		web.Page(http.MethodPost, "/tasks/new", create, s.newPost),
		web.Page(http.MethodPost, "/tasks/:id/act/:command", Read, s.actPost),
	}
}

// perPage is how many tasks a page shows.
const perPage = 25

// closed is the tab of what is over.
const closed = "closed"

// look is how a state stands on a page: tone and icon.
type look struct{ Tone, Icon string }

var looks = map[State]look{Todo: {"n", "list"}, Doing: {"t", "half"}, Blocked: {"s", "pause"}, Done: {"g", "check-disc"}, Cancelled: {"n", "x-disc"}}

// tab is a part of the register with how much of it is open.
type tab struct {
	Name    string
	Word    string
	Count   int
	Current bool
}

// listing is what the page of tasks shows.
type listing struct {
	Tab         string
	Tabs        []tab
	Rows        []line
	First, Next string
	Refusal     string
	Creates     bool
}

type line struct {
	Task
	Clock   web.Clock
	Who     string // who has given it, or who has it
	About   string // words of the subject
	Path    string // of the subject
	Acts    []Command
	DueDay  string
	Version string
}

func (s *Service) listPage(c *web.Ctx) error { return s.showList(c, "") }

// tabs are the parts that the reader has; the first is what needs them.
func (s *Service) tabs(ctx context.Context, v *web.View, current string) ([]tab, error) {
	names := []string{Mine, ByMe}
	if _, ok := s.overseen(v.Actor); ok {
		names = append(names, House)
	}
	n, err := s.Counts(ctx, names...)
	out := make([]tab, 0, len(names)+1)
	for _, name := range append(names, closed) {
		word := "tasks.tab." + name
		if w, _ := s.overseen(v.Actor); name == House && w.About != "" {
			word += "_" + w.About
		}
		out = append(out, tab{name, v.T(word), n[name], name == current})
	}
	return out, err
}

func (s *Service) showList(c *web.Ctx, refusal string) error {
	ctx, v := c.Std(), c.ViewAt("/tasks")
	l := listing{Tab: Mine, Refusal: refusal, Creates: v.May("task", "create")}
	asked := c.Query("tab")
	if asked == "" {
		asked = c.Form().Get("tab")
	}
	var err error
	if l.Tabs, err = s.tabs(ctx, v, asked); err != nil {
		return err
	}
	for _, t := range l.Tabs {
		if t.Current {
			l.Tab = t.Name
		}
	}
	for i := range l.Tabs {
		l.Tabs[i].Current = l.Tabs[i].Name == l.Tab
	}
	f := Filter{Part: l.Tab, ByDue: true}
	if l.Tab == closed {
		f = Filter{Part: Mine, States: []string{string(Done), string(Cancelled)}}
	}
	page, err := (web.Paging{Limit: strconv.Itoa(perPage), After: c.Query("after")}).Decode("page", l.Tab)
	if err != nil {
		return err
	}
	rows, err := s.List(ctx, f, page)
	if err != nil {
		return err
	}
	key := func(t Task) string { return t.ID.String() }
	if f.ByDue {
		key = func(t Task) string { return t.DueOn + "/" + t.ID.String() }
	}
	cut := web.Cut(page, rows, key, func(t Task) Task { return t })
	if l.Rows, err = s.lines(ctx, v, l.Tab, cut.Items); err != nil {
		return err
	}
	if c.Query("after") != "" {
		l.First = "/tasks?tab=" + l.Tab
	}
	if cut.Next != nil {
		l.Next = "/tasks?tab=" + l.Tab + "&after=" + *cut.Next
	}
	v.Title = v.T("tasks.nav")
	return c.Render(listView(v, l))
}

// lines are tasks in the words of a page: whose they are is said where it is not the
// reader.
func (s *Service) lines(ctx context.Context, v *web.View, part string, list []Task) ([]line, error) {
	var users []ids.ID[ids.User]
	for _, t := range list {
		users = append(users, t.Assignee)
		if !t.GivenBy.IsZero() {
			users = append(users, t.GivenBy)
		}
	}
	names, err := s.Names(ctx, users...)
	if err != nil {
		return nil, err
	}
	out := make([]line, len(list))
	for i, t := range list {
		l := line{Task: t, DueDay: dayWords(v, t.DueOn), Version: strconv.FormatInt(t.Version, 10)}
		switch {
		case t.Assignee != v.Actor.User:
			l.Who = v.T("tasks.for", "Name", names[t.Assignee].In(v.Lang))
		case !t.GivenBy.IsZero() && t.GivenBy != v.Actor.User:
			l.Who = v.T("tasks.by", "Name", names[t.GivenBy].In(v.Lang))
		}
		if !t.State.Ended() {
			l.Clock = s.clock(v, t)
			for _, c := range Commands {
				if s.May(ctx, t, c) {
					l.Acts = append(l.Acts, c)
				}
			}
		}
		l.About, l.Path = about(v, t)
		out[i] = l
	}
	return out, nil
}

// clock is the end of the task's day: a task of today is late tomorrow.
func (s *Service) clock(v *web.View, t Task) web.Clock {
	day, err := time.ParseInLocation(time.DateOnly, t.DueOn, clock.Casablanca())
	if err != nil {
		return web.Clock{}
	}
	return v.Clock(t.CreatedAt, day.AddDate(0, 0, 1), "")
}

// about is the link to a task's subject.
func about(v *web.View, t Task) (words, path string) {
	kind, id, _ := strings.Cut(t.Subject, ":")
	page, ok := map[string]string{"agreement": "/agreements/", "referral": "/referrals/", "person": "/people/"}[kind]
	if !ok {
		return "", ""
	}
	key := "tasks.about." + kind
	if t.Number == "" {
		key += "_unnumbered"
	}
	return v.T(key, "Number", t.Number), page + id
}

func dayWords(v *web.View, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return i18n.Date(v.Lang, t)
}

// taskForm is the form of a new task.
type taskForm struct {
	Values   url.Values
	Problems web.Problems
	People   []web.Choice // none: the task is the writer's own
	About    string
	Back     string
}

func (s *Service) newPage(c *web.Ctx) error {
	return s.showForm(c, taskForm{Values: url.Values{"subject": {c.Query("subject")}, "assignee": {c.Actor().User.String()}}})
}

func (s *Service) showForm(c *web.Ctx, x taskForm) error {
	ctx, v := c.Std(), c.View("")
	if s.Law.Allow(v.Actor, create) {
		list, err := s.Assignable(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			word := p.Name.In(v.Lang)
			if p.ID == v.Actor.User {
				word = v.T("tasks.myself", "Name", word)
			}
			x.People = append(x.People, web.Choice{Value: p.ID.String(), Word: word})
		}
	}
	x.Back = "/tasks"
	if subject := x.Values.Get("subject"); subject != "" {
		kind, id, _ := strings.Cut(subject, ":")
		of, err := s.Subjects.Subject(ctx, kind, id)
		if err != nil {
			return err
		}
		x.About, x.Back = about(v, Task{Subject: subject, Number: of.Number})
	}
	v.Title = v.T("tasks.new")
	return c.Render(formView(v, x))
}

func (s *Service) newPost(c *web.Ctx) error {
	f := c.Form()
	d := Draft{Subject: f.Get("subject"), Title: f.Get("title"), DueOn: web.Day(f, "due_on")}
	var err error
	if who := f.Get("assignee"); who != "" {
		if d.Assignee, err = ids.Parse[ids.User](who); err != nil {
			return gone()
		}
	}
	t, err := s.Create(c.Std(), d)
	if len(web.Faults(err)) > 0 {
		c.Unprocessable(err)
		return s.showForm(c, taskForm{Values: f, Problems: web.ProblemsOf(c, web.Faults(err), "tasks.label.", func(field string) string { return field })})
	}
	if err != nil {
		return err
	}
	c.Flash("flash.tasks.made", "")
	if t.Assignee != c.Actor().User {
		return c.See("/tasks?tab=" + ByMe)
	}
	return c.See("/tasks")
}

// actPost gives a command from the list; a refusal is said on top of it.
func (s *Service) actPost(c *web.Ctx) error {
	id, err := ids.Parse[ids.Task](c.Params("id"))
	if err != nil {
		return gone()
	}
	command, f := Command(c.Params("command")), c.Form()
	if _, ok := Table[command]; !ok {
		return gone()
	}
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	_, err = s.Do(c.Std(), id, Act{Command: command, Version: max(version, 1), Reason: f.Get("reason")})
	if err == nil {
		c.Flash("flash.tasks."+string(command), "")
		return c.See("/tasks?tab=" + url.QueryEscape(f.Get("tab")))
	}
	if !fault.Has(err, fault.Invalid) && !fault.Has(err, fault.VersionConflict) && !fault.Has(err, fault.IllegalTransition) {
		return err
	}
	c.Unprocessable(err)
	said := c.View("").T("tasks.reason.missing")
	var known *fault.Error
	if errors.As(err, &known) && known.Code != fault.Invalid {
		said = c.Sentence(known)
	}
	return s.showList(c, said)
}
