package notifications

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"
)

// news is what has happened since a page was made.
type news struct {
	Path    string // of the page
	Words   []string
	Again   string // the word on the link that loads the page again
	Closed  bool   // what the page shows is not open to its reader any more
	Changed bool
}

// livePage answers the parts of an open page that have changed: bell, counts, and
// a bar that says what is new. The page itself never moves under its reader.
func (s *Service) livePage(c *web.Ctx) error {
	ctx := c.Std()
	n := news{Path: c.Next(c.Query("path"))}
	since, err := time.Parse(time.RFC3339Nano, c.Query("now"))
	if err != nil {
		return web.Malformed("now")
	}
	v := c.ViewAt(n.Path)
	recent, err := s.since(ctx, since)
	if err != nil {
		return err
	}
	if raw := c.Query("watch"); raw != "" {
		id, err := ids.Parse[ids.Referral](raw)
		if err != nil {
			return web.Malformed("watch")
		}
		err = s.follow(ctx, &n, id, c.Query("version"), c.Query("open"), recent)
		if err != nil {
			return err
		}
	} else if err := s.followList(ctx, v, &n, c.Query("count"), recent); err != nil {
		return err
	}
	switch {
	case n.Closed:
		v.Title = v.T("notifications.live.closed")
	case n.Changed:
		n.Words, n.Again = []string{v.T("notifications.live.changed")}, v.T("notifications.live.reload")
	case len(n.Words) > 0:
		n.Again = v.T("notifications.live.refresh")
	}
	return c.Render(partsView(v, n))
}

// follow compares an open referral with what it is now.
func (s *Service) follow(ctx context.Context, n *news, id referrals.ID, version, open string, recent []Notification) error {
	now, err := s.Referrals.Peek(ctx, id)
	if fault.Has(err, fault.NotFound) || fault.Has(err, fault.Forbidden) {
		n.Closed = true
		return nil
	}
	if err != nil {
		return err
	}
	have := policies.Split(now.Open)
	for _, shown := range policies.Split(open) {
		n.Closed = n.Closed || !slices.Contains(have, shown)
	}
	n.Changed = version != strconv.FormatInt(now.Version, 10) || slices.ContainsFunc(recent, func(x Notification) bool { return x.SubjectID == id })
	return nil
}

// followList says how many referrals have arrived or moved since a list was made.
func (s *Service) followList(ctx context.Context, v *web.View, n *news, count string, recent []Notification) error {
	page, query, _ := strings.Cut(n.Path, "?")
	if page != "/referrals" && page != "/home" && page != "/notifications" {
		return nil
	}
	q, err := url.ParseQuery(query)
	if err != nil || q.Get("q") != "" || q.Get("after") != "" {
		return nil
	}
	arrived, moved := map[referrals.ID]bool{}, map[referrals.ID]bool{}
	recent = slices.DeleteFunc(slices.Clone(recent), func(x Notification) bool { return !x.ofReferral() })
	for _, x := range recent {
		if x.Event == "referral.sent" {
			arrived[x.SubjectID] = true
		}
	}
	for _, x := range recent {
		if !arrived[x.SubjectID] {
			moved[x.SubjectID] = true
		}
	}
	if len(arrived) > 0 {
		n.Words = append(n.Words, v.T("notifications.live.arrived", "Count", len(arrived)))
	}
	if len(moved) > 0 {
		n.Words = append(n.Words, v.T("notifications.live.moved", "Count", len(moved)))
	}
	if len(n.Words) > 0 || page != "/referrals" || !v.May("referral", "read") {
		return nil
	}
	// Nobody told this reader, but a colleague has worked on the same list.
	now, err := s.Referrals.Waiting(ctx, q)
	if err == nil && strconv.Itoa(now) != count {
		n.Words = append(n.Words, v.T("notifications.live.list"))
	}
	return err
}

// since lists the reader's latest notices that were made after an instant.
func (s *Service) since(ctx context.Context, t time.Time) ([]Notification, error) {
	rows, err := s.List(ctx, false, web.PageOf{Limit: web.MaxLimit})
	return slices.DeleteFunc(rows, func(n Notification) bool { return !n.CreatedAt.After(t) }), err
}
