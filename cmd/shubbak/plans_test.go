package main

import (
	"context"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"

	"shubbak/platform/db"

	"github.com/uptrace/bun"
)

// perRow is how many pages of 8 KB PostgreSQL may touch for a row that it shows: two
// of an index, one of the table. A wall that asks another table by its key costs the
// same again. Finding the first row of a range costs descent.
const (
	perRow  = 3
	descent = 4
)

// perCandidate are the tables whose lists cost a look at each candidate, whatever is
// shown in the end: they only have to find candidates by an index.
var perCandidate = map[string]string{
	"person_tokens": "a search for two words looks up who has both",
	"memberships":   "who of the few of an institution holds a role at this moment",
}

// wholeTables may be read from end to end: few rows by nature, held in memory or
// shown as a whole, each with its reason.
var wholeTables = map[string]string{
	"tenants":                "held in memory, read again as a whole",
	"services":               "the directory is everybody's: a page of it goes by its own key",
	"organizations":          "the directory is everybody's: a page of it goes by its own key",
	"schema_migrations":      "the schema's own",
	"schema_migration_locks": "the schema's own",
}

// TestEveryListHasItsIndex catches the statements of the product while the real
// calls run, fills the tables and asks both databases for the plans.
func TestEveryListHasItsIndex(t *testing.T) {
	t.Parallel()
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &catcher{seen: map[string]bool{}}
			w := newWorld(t, name, s, c)
			c.walk(t, w)
			caught := c.stop()
			if len(caught) < 150 {
				t.Fatalf("only %d statements: the walk has lost its calls", len(caught))
			}
			w.multiply(t)
			if !w.db.Postgres() {
				w.readSchema(t)
			}
			told := map[string]bool{}
			for _, q := range caught {
				fault := w.plan(t, q)
				if fault != "" && w.db.Postgres() { // the process works on: what it has left behind is no fault of a plan
					w.vacuum(t)
					fault = w.plan(t, q)
				}
				if fault != "" && !told[q.shape] {
					told[q.shape] = true
					t.Errorf("%s, %s: %s", q.call, q.shape[:min(len(q.shape), 1200)], fault)
				}
			}
			t.Run("and it sees an index that is missing", func(t *testing.T) {
				w.exec(t, "drop index notifications_user")
				w.exec(t, "drop index notifications_unread")
				w.exec(t, "drop index notifications_once")
				found := false
				for _, q := range caught {
					found = found || strings.Contains(q.shape, "notifications") && w.plan(t, q) != ""
				}
				if !found {
					t.Error("the indexes of notices are gone and the test saw nothing")
				}
			})
		})
	}
}

// caught is one statement, with who asked.
type caught struct {
	call, text, shape string
	tenant            string
	system, along     bool
}

// catcher keeps one statement of each shape.
type catcher struct {
	mu   sync.Mutex
	call string
	done bool
	seen map[string]bool
	list []caught
}

var (
	literals   = regexp.MustCompile(`'(?:[^']|'')*'|\b\d+\b`)
	columnList = regexp.MustCompile(`^((?i:select)) "[^(]*?", [^(]* (?-i:FROM)`)
	lists      = regexp.MustCompile(`\((?:\?, )*\?\)`)
)

// BeforeQuery keeps the statement.
func (c *catcher) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(e.Query)), " ")
	if word != "select" && word != "with" && word != "update" && word != "delete" || strings.Contains(e.Query, "set_config(") {
		return ctx
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	shape := columnList.ReplaceAllString(lists.ReplaceAllString(literals.ReplaceAllString(e.Query, "?"), "(?)"), "$1 … FROM")
	// Lists of states differ in nothing but their literals, and each has its index.
	key := c.call + shape
	if strings.Contains(e.Query, "state") {
		key += e.Query
	}
	if c.done || c.call == "" || c.seen[key] {
		return ctx
	}
	c.seen[key] = true
	c.list = append(c.list, caught{c.call, e.Query, shape, db.Tenant(ctx), db.IsSystem(ctx), db.IsAlong(ctx)})
	return ctx
}

// AfterQuery does nothing.
func (*catcher) AfterQuery(context.Context, *bun.QueryEvent) {}

func (c *catcher) name(call string) {
	c.mu.Lock()
	c.call = call
	c.mu.Unlock()
}

func (c *catcher) stop() []caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	return c.list
}

// walk makes every call that reads a list or a record, as people make them.
func (c *catcher) walk(t *testing.T, w *world) {
	t.Helper()
	desk := w.as("worker@coordination.demo")
	person := desk.person(nil)
	consent := desk.consent(person, "hospital")
	referral := desk.refer(person, nil).want(201).text("id")
	document := desk.upload(referral, "medical", "ordinary", "مذكرة.txt", []byte("words of a paper")).want(201).text("id")
	w.settled()
	agreement := desk.get("/agreements").want(200).text("items.0.id")
	account := w.as("admin@coordination.demo").get("/users").want(200).text("items.0.id")
	ask := func(email string, paths ...string) {
		u := w.as(email)
		for _, p := range paths {
			c.name(email + " " + p)
			got := answer{}
			if rest, ok := strings.CutPrefix(p, "api:"); ok {
				got = u.get(rest)
			} else {
				got = u.page(p)
			}
			if got.Status != 200 {
				t.Errorf("%s %s: %d", email, p, got.Status)
			}
		}
	}
	var boxed []string
	for box, tabs := range boxesOf {
		for _, tab := range tabs {
			boxed = append(boxed, "/referrals?box="+box+"&tab="+tab, "/referrals?overdue=1&box="+box+"&tab="+tab, "/referrals?mine=1&box="+box+"&tab="+tab,
				"/referrals?need=psychiatric&partner="+map[string]string{"in": "coordination", "out": "hospital"}[box]+"&box="+box+"&tab="+tab)
		}
	}
	sort.Strings(boxed)
	for _, email := range []string{"worker@coordination.demo", "coordinator@coordination.demo", "intake@hospital.demo", "head@hospital.demo", "doctor@hospital.demo", "delegate@coordination.demo"} {
		for _, p := range boxed {
			if r := w.as(email).page(p); r.Status == 200 {
				ask(email, p)
			}
		}
	}
	for _, email := range []string{"worker@coordination.demo", "intake@hospital.demo"} {
		for _, box := range []string{"in", "out"} {
			for _, filter := range []string{"", "&overdue=1", "&overdue=1&state=open", "&state=open", "&state=sent", "&state=accepted", "&q=2026/0001"} {
				if a := w.as(email).get("/referrals?limit=25&box=" + box + filter); a.Status == 200 {
					ask(email, "api:/referrals?limit=25&box="+box+filter)
				}
			}
		}
		ask(email, "/home", "/referrals?q=2026/0001", "/referrals/"+referral, "api:/referrals/"+referral, "api:/referrals/"+referral+"/events", "api:/referrals/"+referral+"/messages",
			"api:/documents?subject=referral:"+referral, "/notifications", "api:/notifications", "api:/notifications?unread=1", "/account", "api:/me", "api:/agreements", "api:/agreements?state=open", "api:/agreements/"+agreement, "api:/agreements/"+agreement+"/versions", "/agreements/"+agreement,
			"/services", "api:/services", "api:/services?need=psychiatric", "api:/services?all=1", "api:/organizations")
	}
	ask("worker@coordination.demo", "api:/documents/"+document, "/people", "/people/"+person, "api:/people/"+person, "api:/people/"+person+"/consents", "/people/"+person+"/refer", "/people/"+person+"/consents/"+consent+"/withdraw",
		"api:/referrals/"+referral+"/preview", "/referrals/"+referral+"/slip", "/danger")
	for _, email := range []string{"worker@coordination.demo", "coordinator@coordination.demo", "head@coordination.demo", "admin@hospital.demo"} {
		ask(email, "/tasks", "/tasks?tab=given", "/tasks?tab=house", "/tasks?tab=closed", "api:/tasks", "api:/tasks?mine=1", "api:/tasks?state=open", "api:/tasks?mine=1&state=done", "api:/tasks?mine=1&due_before=2026-12-31", "api:/tasks?limit=1")
	}
	meeting := desk.get("/agreements/" + agreement + "/meetings").want(200).text("items.0.id")
	for _, email := range []string{"coordinator@coordination.demo", "admin@hospital.demo"} {
		ask(email, "api:/agreements/"+agreement+"/meetings", "/agreements/"+agreement+"/meetings", "api:/agreements/"+agreement+"/meetings/"+meeting, "/agreements/"+agreement+"/meetings/"+meeting)
	}
	c.name("a task goes on")
	task := desk.post("/tasks", desk.task("x", nil)).want(201).text("id")
	desk.post("/tasks/"+task+"/start", map[string]any{"version": 1}).want(200)
	c.name("person search")
	desk.post("/people/search", map[string]any{"q": "خديجة"}).want(200)
	desk.post("/people/search", map[string]any{"q": "Khadija El Amrani"}).want(200)
	desk.post("/people/search", map[string]any{"q": "F410233"}).want(200)
	c.name("possible duplicate")
	desk.person(nil)
	for _, email := range []string{"admin@coordination.demo", "admin@hospital.demo"} {
		ask(email, "/users", "api:/users", "api:/tenant", "/settings", "/calendar", "api:/calendar/units")
	}
	ask("admin@coordination.demo", "/users/"+account, "api:/users/"+account, "/users/"+account+"/end")
	ask("head@coordination.demo", "/reports", "/home", "api:/reports/register?from=2026-01-01&to=2026-12-31&format=csv")
	c.name("send")
	desk.sent(nil)
	c.name("accept")
	w.as("intake@hospital.demo").do(referral, "accept", nil).want(200)
	c.name("withdraw")
	desk.post("/people/"+person+"/consents/"+consent+"/withdraw", map[string]any{"version": 1})
	c.name("sign in and out")
	a := w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "doctor@hospital.demo", "password": w.password}, nil).want(201)
	w.call("DELETE", "/t/hospital/api/v1/session", a.text("token"), nil, nil)
	c.name("background work")
	for _, slug := range []string{"coordination", "hospital"} {
		if err := w.referrals.RunDaily(db.As(t.Context(), w.tenantID(slug))); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range w.trims() {
		if _, err := w.db.Trim(t.Context(), x, w.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.documents.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settled()
	desk.sent(nil) // the relay and the sealer have something to do under this name
	w.settled()
}

var boxesOf = map[string][]string{
	"in":  {"act", "waiting_desk", "scheduled", "running", "waitlist", "danger", "closed"},
	"out": {"act", "decide", "waiting_partner", "scheduled", "running", "waitlist", "review", "closed"},
}

// exec runs one statement as the system; each has a transaction of its own.
func (w *world) exec(t *testing.T, query string) {
	t.Helper()
	err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
		_, err := db.Conn(ctx).NewRaw(query).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
