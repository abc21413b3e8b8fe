package notifications

import (
	"net/http"
	"strconv"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/notifications", Read, s.listPage),
		web.Page(http.MethodGet, "/notifications/open/:code", Read, s.openPage),
		web.Page(http.MethodGet, "/live", Read, s.livePage).Aside(),
		web.Page(http.MethodPost, "/notifications/read", Read, s.readAllPost),
		web.Page(http.MethodPost, "/notifications/:id/read", Read, s.readPost),
	}
}

// perPage is how many notices a page shows.
const perPage = 25

// listing is what the list of notices shows.
type listing struct {
	Rows        []line
	Unread      bool // only the unread ones
	Any         bool // something on this page is unread
	First, Next string
}

type line struct {
	View
	Path string
	Code string // of the address that marks it as read
	When string
}

func (s *Service) listPage(c *web.Ctx) error {
	ctx, v := c.Std(), c.View("")
	l := listing{Unread: c.Query("unread") == "1"}
	path := "/notifications?unread=" + map[bool]string{true: "1", false: "0"}[l.Unread]
	page, err := (web.Paging{Limit: strconv.Itoa(perPage), After: c.Query("after")}).Decode("page", path)
	if err != nil {
		return err
	}
	rows, err := s.List(ctx, l.Unread, page)
	if err != nil {
		return err
	}
	cut := web.Cut(page, rows, func(n Notification) string { return n.ID.String() }, func(n Notification) line {
		return line{s.view(ctx, n), n.Path(), n.Code, i18n.DateTime(v.Lang, v.Local(n.CreatedAt))}
	})
	l.Rows = cut.Items
	for _, n := range l.Rows {
		l.Any = l.Any || n.ReadAt == nil
	}
	if c.Query("after") != "" {
		l.First = path
	}
	if cut.Next != nil {
		l.Next = path + "&after=" + *cut.Next
	}
	v.Title = v.T("notifications.nav")
	return c.Render(listView(v, l))
}

// openPage leads on from the address in a mail. A code that is not the reader's
// shows the list: it says nothing of whose it is.
func (s *Service) openPage(c *web.Ctx) error {
	n, err := s.ByCode(c.Std(), c.Params("code"))
	if fault.Has(err, fault.NotFound) {
		return c.See("/notifications")
	}
	if err != nil {
		return err
	}
	if _, err := s.MarkRead(c.Std(), n.ID); err != nil {
		return err
	}
	return c.See(n.Path())
}

func (s *Service) readPost(c *web.Ctx) error {
	id, err := ids.Parse[ids.Notification](c.Params("id"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	if _, err := s.MarkRead(c.Std(), id); err != nil {
		return err
	}
	return c.See("/notifications")
}

func (s *Service) readAllPost(c *web.Ctx) error {
	if err := s.MarkAllRead(c.Std()); err != nil {
		return err
	}
	c.Flash("flash.notifications.read", "")
	return c.See("/notifications")
}
