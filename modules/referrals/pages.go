package referrals

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	out := []web.Route{
		web.Page(http.MethodGet, "/home", accounts.Me, s.homePage),
		web.Page(http.MethodGet, "/referrals", read, s.listPage),
		web.Page(http.MethodGet, "/referrals/:id", read, s.referralPage),
		web.Page(http.MethodGet, "/referrals/:id/slip", read, s.slipPage),
		web.Page(http.MethodGet, "/slips/:code", read, s.slipOpen),
		web.Page(http.MethodPost, "/referrals/:id/messages", message, s.messagePost),
		web.Page(http.MethodPost, "/referrals/:id/number", update, s.numberPost),
		web.Page(http.MethodPost, "/referrals/:id/settle", actPermission(Confirm), s.settlePost),
		web.Upload("/referrals/:id/documents", documents.Add, s.documentPost),
		web.Page(http.MethodGet, "/referrals/:id/documents/:doc", documents.Read, s.documentGet),
		web.Page(http.MethodGet, "/referrals/:id/documents/:doc/view", documents.Read, s.documentView),
		web.Page(http.MethodGet, "/referrals/:id/documents/:doc/inline", documents.Read, s.documentInline),
	}
	for _, c := range bulkActs {
		out = append(out, web.Page(http.MethodPost, "/referrals/"+string(c), actPermission(c), s.bulkPost(c)))
	}
	for _, c := range pageOrder {
		path := "/referrals/:id/" + string(c)
		out = append(out, web.Page(http.MethodPost, path, actPermission(c), s.actPost(c)))
		out = append(out, web.Page(http.MethodGet, path, actPermission(c), s.actPage(c)))
	}
	return out
}

// nav are the module's entries of the navigation.
func (s *Service) nav() []web.NavEntry {
	return []web.NavEntry{
		{Path: "/home", Key: "referrals.nav.home", Icon: "home", Perm: accounts.Me},
		{Path: "/referrals?box=in", Key: "referrals.nav.in", Icon: "inbox", Perm: read, Shown: s.shows("in"), Count: s.waiting("in")},
		{Path: "/referrals?box=out", Key: "referrals.nav.out", Icon: "send", Perm: read, Shown: s.shows("out"), Count: s.waiting("out")},
	}
}

func (s *Service) shows(box string) func(a tenants.Actor) bool {
	return func(a tenants.Actor) bool { return s.has(a, box) }
}

func (s *Service) waiting(box string) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		if !s.has(tenants.From(ctx), box) {
			return 0, nil
		}
		if k, ok := ctx.Value(knownKey{}).(known); ok && k.box == box {
			return k.count, nil
		}
		return s.count(ctx, boxes[box][0].search(box))
	}
}

// known is the count of a box's first tab that the page itself has already made: the
// frame says the same number.
type known struct {
	box   string
	count int
}

type knownKey struct{}

// has reports whether the actor reads this box at all.
func (s *Service) has(a tenants.Actor, box string) bool {
	if box == "in" {
		return s.Law.Allow(a, read, policies.Receiver, policies.Assignee)
	}
	return s.Law.Allow(a, read, policies.Sender, policies.Arbiter)
}

// tab is one selection of a box; the first needs the reader's act.
type tab struct {
	Code   string
	States []State
	Decide bool
	Danger bool // immediate dangers that nobody has acknowledged
	Review bool // dangers that the supervisor has not reviewed
	Count  int
}

func (t tab) search(box string) Search {
	return Search{Box: box, States: t.States, Decide: t.Decide, Danger: t.Danger, Review: t.Review, Due: t.due()}
}

// due reports whether everything in it has a deadline: these come most pressing first,
// and can be sifted, since they are as many as the work that is open.
func (t tab) due() bool { return len(t.States) > 0 && !slices.ContainsFunc(t.States, ends) }

// ends reports that nothing is due in a state: what is completed is still to be
// confirmed.
func ends(s State) bool { return !s.Open() && s != Completed }

var boxes = map[string][]tab{
	"in": {
		{Code: "act", States: []State{Sent, Acknowledged, Accepted, NoShow, RecallRequested}},
		{Code: "waiting_desk", States: []State{InfoRequested}},
		{Code: "scheduled", States: []State{Scheduled}},
		{Code: "running", States: []State{InProgress, OnHold}},
		{Code: "waitlist", States: []State{Waitlisted}},
		{Code: "danger", States: []State{Sent}, Danger: true},
		{Code: "closed", States: ended},
	},
	"out": {
		{Code: "act", States: []State{Draft, AwaitingConsent, AwaitingApproval, InfoRequested, Completed}},
		{Code: "decide", Decide: true},
		{Code: "waiting_partner", States: []State{Sent, Acknowledged, RecallRequested}},
		{Code: "scheduled", States: []State{Scheduled, NoShow}},
		{Code: "running", States: []State{Accepted, InProgress, OnHold}},
		{Code: "waitlist", States: []State{Waitlisted}},
		{Code: "review", Review: true},
		{Code: "closed", States: []State{OutcomeConfirmed, Declined, Redirected, Failed, Recalled, Expired, EnteredInError}},
	},
}

// tabs are those of a box; who only judges exceptions has nothing but these.
func (s *Service) tabs(a tenants.Actor, box string) []tab {
	if box == "out" && !s.Law.Allow(a, read, policies.Sender) {
		return boxes[box][:1]
	}
	may := s.Law.Allow(a, review, policies.Sender)
	return slices.DeleteFunc(slices.Clone(boxes[box]), func(t tab) bool { return t.Review && !may })
}

// perPage is how many rows a list shows (design.md §4).
const perPage = 25

// listing is what the list page shows.
type listing struct {
	Box     string
	Dangers int // immediate dangers that nobody has acknowledged
	Tabs    []tab
	Tab     tab
	Query   string
	Sieve   sieve
	Needs   []web.Choice // what it can be sifted by
	Others  []web.Choice
	Sorted  bool                // the most pressing first
	Whole   bool                // not only what is the reader's own
	Places  []directory.Service // of the reader's house, above what waits for it
	Rows    []listLine
	After   string
	Next    string
	Bulk    []Command // that the reader may carry out on several rows
	Done    *outcome  // of such an act, when some rows refused it
}

func (s *Service) listPage(c *web.Ctx) error {
	f := url.Values{}
	for _, name := range []string{"box", "tab", "q", "need", "partner", "mine", "overdue", "after"} {
		f.Set(name, c.Query(name))
	}
	return s.showList(c, f, nil)
}

// showList shows a list by its address, also after an act on several of its rows.
func (s *Service) showList(c *web.Ctx, f url.Values, done *outcome) error {
	ctx, a := c.Std(), c.Actor()
	l := listing{Box: f.Get("box"), Query: strings.TrimSpace(f.Get("q")), Sieve: sieveOf(f), After: f.Get("after"), Done: done}
	if l.Box != "" && l.Box != "in" && l.Box != "out" {
		return web.Malformed("box")
	}
	if l.Box == "" && l.Query == "" {
		l.Box = "in"
	}
	if other := map[string]string{"in": "out", "out": "in"}[l.Box]; other != "" && !s.has(a, l.Box) {
		return c.See("/referrals?box=" + other)
	}
	if id, err := s.BySlip(ctx, l.Query); err == nil {
		return c.See("/referrals/" + id.String()) // the code of a slip, typed instead of scanned
	}
	q := Search{Box: l.Box, Number: l.Query}
	if l.Query == "" {
		tabs := s.tabs(a, l.Box)
		searches := make([]Search, len(tabs))
		for i, t := range tabs {
			searches[i] = t.search(l.Box)
		}
		counts, err := s.Count(ctx, searches...)
		if err != nil {
			return err
		}
		c.SetUserContext(context.WithValue(c.UserContext(), knownKey{}, known{l.Box, counts[0]}))
		for i, t := range tabs {
			t.Count = counts[i]
			if t.Danger {
				l.Dangers = t.Count
			}
			if (t.Danger || t.Review) && t.Count == 0 && t.Code != f.Get("tab") {
				continue // these two are there while there is something
			}
			l.Tabs = append(l.Tabs, t)
			if t.Code == f.Get("tab") {
				l.Tab = t
			}
		}
		if l.Tab.Code == "" {
			l.Tab = l.Tabs[0]
		}
		if q, l.Sieve, err = s.sift(ctx, l.Box, l.Tab, l.Sieve); err != nil {
			return err
		}
		l.Sorted = q.Due
	} else {
		l.Sieve = sieve{}
	}
	page, err := (web.Paging{Limit: strconv.Itoa(perPage), After: l.After}).Decode("page", l.path(l.Tab.Code, l.Sieve, ""))
	if err != nil {
		return err
	}
	rows, err := s.List(ctx, q, page)
	if err != nil {
		return err
	}
	cut := web.Cut(page, rows, q.key, func(v View) View { return v })
	if cut.Next != nil {
		l.Next = *cut.Next
	}
	v := c.View("")
	if done != nil {
		v = c.ViewAt(l.path(l.Tab.Code, l.Sieve, l.After))
	}
	v.Title = v.T("referrals.nav." + cmpBox(l.Box))
	v.Failed = done != nil
	if l.Rows, err = s.lines(ctx, v, cut.Items); err != nil {
		return err
	}
	l.Bulk = s.offerBulk(v, l.Rows)
	l.Whole = s.Law.Allow(a, read, policies.Receiver, policies.Sender)
	if v.Watch.Count = l.Tab.Count; l.Sieve != (sieve{}) {
		if v.Watch.Count, err = s.count(ctx, q); err != nil {
			return err
		}
	}
	if l.Box == "in" && l.Query == "" && l.Tab.Code == "act" && v.May("service", "capacity") {
		if l.Places, err = s.Directory.Counted(ctx, 3); err != nil {
			return err
		}
	}
	if l.Query == "" && l.Tab.due() {
		s.offerSieves(v, &l)
	}
	return c.Render(listView(v, l))
}

func cmpBox(box string) string {
	if box == "" {
		return "search"
	}
	return box
}

func byDue(a, b View) int {
	switch {
	case a.DueAt == nil && b.DueAt == nil:
		return 0
	case a.DueAt == nil:
		return 1
	case b.DueAt == nil:
		return -1
	}
	return a.DueAt.Compare(*b.DueAt)
}

// listLine is one row of a list.
type listLine struct {
	View
	Side     policies.Relation
	Other    string // the other side's name
	Name     string // of the person, where it has been opened
	Assignee string
	Clock    *web.Clock
	Pick     string // the value of its box, where it can be chosen
}

// lines adds to rows the words that a list shows, with one query for all names.
func (s *Service) lines(ctx context.Context, v *web.View, rows []View) ([]listLine, error) {
	var users []ids.ID[ids.User]
	for _, r := range rows {
		if !r.Owner.User.IsZero() {
			users = append(users, r.Owner.User)
		}
		if r.Own != nil && !r.Own.Assignee.IsZero() {
			users = append(users, r.Own.Assignee)
		}
	}
	names, err := s.Accounts.Names(ctx, users...)
	if err != nil {
		return nil, err
	}
	out := make([]listLine, len(rows))
	of := s.calendarsOnce(oldestView(rows, v.Now))
	for i, r := range rows {
		x := listLine{View: r, Side: s.side(v.Actor, r.row)}
		x.Name = r.DisplayName
		if r.Identity != nil {
			x.Name = r.Identity.DisplayName(v.Lang == "ar")
		}
		other, mine := r.From.Tenant, r.row.OwnerUser
		if x.Side != policies.Receiver {
			other, mine = r.To.Tenant, r.row.Sender()
		}
		x.Other = s.tenantName(ctx, v, other)
		if r.row.Letter() {
			x.Other = r.To.Organization.Name.In(v.Lang)
		}
		x.Assignee = written(names[mine], v.Lang)
		if x.Clock, err = s.clock(ctx, v, r.row, x.Side, of); err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (s *Service) tenantName(ctx context.Context, v *web.View, slug string) string {
	t, err := s.Tenants.BySlug(ctx, slug)
	if err != nil || t == nil {
		return slug
	}
	return t.Name(v.Lang)
}

// home is what the first page shows.
type home struct {
	Tiles []tile
	Rows  []listLine
	Works bool // the reader works with referrals

	Agreements []agreements.Waits
}

type tile struct {
	Count int
	Key   string
	Path  string
	Late  bool
}

// homeRows is how many of the most pressing referrals the first page lists.
const homeRows = 8

func (s *Service) homePage(c *web.Ctx) error {
	ctx, a := c.Std(), c.Actor()
	v := c.View("")
	v.Title = v.T("referrals.home.title")
	var h home
	var rows []View
	for _, box := range []string{"out", "in"} {
		if !s.Law.May(a, read) || !s.has(a, box) {
			continue
		}
		h.Works = true
		act := boxes[box][0].search(box)
		late := act
		late.Overdue = true
		tiles := []struct {
			q    Search
			tile tile
		}{
			{act, tile{Key: "act_" + box, Path: "/referrals?box=" + box}},
			{late, tile{Key: "late_" + box, Path: "/referrals?box=" + box + "&tab=act&overdue=1", Late: true}},
		}
		if box == "out" {
			tiles = append(tiles, struct {
				q    Search
				tile tile
			}{Search{Box: box, Decide: true}, tile{Key: "decide", Path: "/referrals?box=out&tab=decide"}})
		}
		searches := make([]Search, len(tiles))
		for i, t := range tiles {
			searches[i] = t.q
		}
		counts, err := s.Count(ctx, searches...)
		if err != nil {
			return err
		}
		for i, t := range tiles {
			t.tile.Count = counts[i]
			t.tile.Late = t.tile.Late && counts[i] > 0
			h.Tiles = append(h.Tiles, t.tile)
		}
		found, err := s.List(ctx, act, web.PageOf{Limit: perPage})
		if err != nil {
			return err
		}
		rows = append(rows, found...)
	}
	slices.SortStableFunc(rows, byDue)
	seen := map[ID]bool{}
	rows = slices.DeleteFunc(rows, func(r View) bool {
		again := seen[r.ID]
		seen[r.ID] = true
		return again
	})
	var err error
	if h.Rows, err = s.lines(ctx, v, rows[:min(len(rows), homeRows)]); err != nil {
		return err
	}
	if h.Agreements, err = s.Agreements.Waiting(ctx); err != nil {
		return err
	}
	return c.Render(homeView(v, h))
}

func pageID(c *web.Ctx) (ID, error) {
	id, err := ids.Parse[ids.Referral](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}
