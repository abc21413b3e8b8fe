package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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
			"api:/documents?subject=referral:"+referral, "/notifications", "api:/notifications", "api:/notifications?unread=1", "/account", "api:/me", "api:/agreements", "api:/agreements/"+agreement,
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
	task := desk.post("/tasks", w.task("x", nil)).want(201).text("id")
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

// work are the tables that grow with work, parents first, and network all others
// that belong to an institution.
var (
	work = []string{"people", "person_tokens", "consents", "referrals", "referral_slices", "referral_events", "referral_notes", "messages", "disclosures", "referral_alarms",
		"documents", "document_subjects", "tasks", "notifications", "outbox"}
	network = []string{"tenants", "registers", "units", "users", "memberships", "sessions", "on_call", "vault_keys", "tenant_calendars", "unit_calendars", "organizations", "services", "service_needs", "call_lists",
		"agreements", "agreement_parties", "agreement_scopes", "agreement_sharing", "agreement_meetings", "agreement_decisions", "agreement_meeting_notes", "tasks", "people", "person_tokens", "consents", "referrals", "referral_slices", "referral_events", "referral_notes", "messages", "disclosures",
		"referral_alarms", "referral_slips", "documents", "document_subjects", "notifications", "audit_entries", "audit_heads", "outbox", "idempotency_keys"}
	ownIDs   = map[string]bool{"id": true, "person_id": true, "referral_id": true, "parent_id": true, "consent_id": true, "document_id": true, "delivery_id": true, "subject_id": true}
	isUnique = map[string]bool{"slug": true, "token_hash": true, "code_hash": true, "code": true, "once_key": true, "host": true, "number": true}
)

// multiply fills the tables: fifteen times the work of each institution, then
// twelve such networks beside each other. Ids change, shapes stay.
func (w *world) multiply(t *testing.T) {
	t.Helper()
	raw := w.raw(t)
	for _, table := range work {
		w.clone(t, raw, table, 15, "012345689abcdef", ownIDs)
	}
	for _, table := range network {
		w.clone(t, raw, table, 20, "01234567cdef", nil)
	}
	w.vacuum(t)
}

// vacuum takes dead rows away on PostgreSQL, and counts anew on both.
func (w *world) vacuum(t *testing.T) {
	t.Helper()
	query := "analyze"
	if w.db.Postgres() {
		query = "vacuum analyze"
	}
	if _, err := w.raw(t).Exec(query); err != nil {
		t.Fatal(err)
	}
}

// raw is one connection past the walls and past the deadline of a transaction, to
// fill tables with.
func (w *world) raw(t *testing.T) *sql.DB {
	t.Helper()
	driver, address, first := "sqlite", "file:"+filepath.Join(w.settings.Data, "shubbak.db")+"?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)", "select 1"
	if w.db.Postgres() {
		driver, address, first = "pgx", w.settings.DatabaseURL, "select set_config('app.system', 'on', false)"
	}
	d, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	d.SetMaxOpenConns(1)
	if _, err := d.Exec(first); err != nil {
		t.Fatal(err)
	}
	return d
}

// clone writes every row of a table once more for each digit, which takes the place
// of one that is the same in all ids: at 15 stands their version, at 20 their variant.
// which limits the change to some columns.
func (w *world) clone(t *testing.T, raw *sql.DB, table string, place int, digits string, which map[string]bool) {
	t.Helper()
	columns := w.columns(t, table)
	values := make([]string, len(columns))
	for i, c := range columns {
		quoted := `"` + c.name + `"`
		values[i] = quoted
		if isUnique[c.name] {
			values[i] = quoted + " || '~' || n.n"
		} else if (which == nil || which[c.name]) && c.kind == "uuid" {
			values[i] = fmt.Sprintf("overlay(%s::text placing substr('%s', n.n, 1) from %d for 1)::uuid", quoted, digits, place)
		} else if (which == nil || which[c.name]) && c.kind == "text" {
			values[i] = fmt.Sprintf("case when length(%[1]s) = 36 and substr(%[1]s, 9, 1) = '-' then substr(%[1]s, 1, %[2]d) || substr('%[4]s', n.n, 1) || substr(%[1]s, %[3]d) else %[1]s end", quoted, place-1, place+1, digits)
			if w.db.Postgres() {
				values[i] = quoted
			}
		}
	}
	verb, tail := "insert or ignore", ""
	if w.db.Postgres() {
		verb, tail = "insert", " on conflict do nothing"
	}
	where := "true"
	if table == "outbox" {
		where = "state = 'done'"
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = `"` + c.name + `"`
	}
	_, err := raw.Exec(fmt.Sprintf("%s into %s (%s) with recursive n(n) as (select 1 union all select n + 1 from n where n < %d) select %s from %s, n where %s%s",
		verb, table, strings.Join(names, ", "), len(digits), strings.Join(values, ", "), table, where, tail))
	if err != nil {
		t.Fatal(table, err)
	}
}

type column struct{ name, kind string }

func (w *world) columns(t *testing.T, table string) (out []column) {
	t.Helper()
	query := "select name, 'text' as kind from pragma_table_info('" + table + "') where lower(type) = 'text'" +
		" union all select name, type from pragma_table_info('" + table + "') where lower(type) <> 'text'"
	if w.db.Postgres() {
		query = "select column_name as name, data_type as kind from information_schema.columns where table_schema = current_schema() and table_name = '" + table + "' order by ordinal_position"
	}
	err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
		rows, err := db.Conn(ctx).QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c column
			if err := rows.Scan(&c.name, &c.kind); err != nil {
				return err
			}
			out = append(out, c)
		}
		return rows.Err()
	})
	if err != nil || len(out) == 0 {
		t.Fatal(table, len(out), err)
	}
	return out
}

var errRollBack = errors.New("nothing of this is kept")

// plan says what is wrong with the plan of a statement, "" for nothing.
func (w *world) plan(t *testing.T, q caught) (fault string) {
	t.Helper()
	look := func(ctx context.Context) error {
		if w.db.Postgres() {
			fault = buffers(t, ctx, q)
		} else {
			fault = w.scans(t, ctx, q)
		}
		return errRollBack
	}
	var err error
	if q.system {
		err = w.db.AsSystem(t.Context(), "test", look)
	} else {
		err = w.db.InTx(db.As(t.Context(), q.tenant), look)
	}
	if !errors.Is(err, errRollBack) {
		t.Fatal(err)
	}
	return fault
}

var (
	unbounded = regexp.MustCompile(`\b(\w+)>\?\)`)
	scanned   = regexp.MustCompile(`^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?`)
	named     = regexp.MustCompile(`(?i)\b(?:from|join|update)\s+"?(\w+)"?(?:\s+(?:as\s+)?"?(\w+)"?)?`)
)

// scans names the table that a plan of SQLite reads from end to end. A partial index
// is short by its meaning: it holds what waits, so reading all of it is no scan.
func (w *world) scans(t *testing.T, ctx context.Context, q caught) string {
	t.Helper()
	tables := map[string]string{}
	for _, m := range named.FindAllStringSubmatch(q.text, -1) {
		tables[strings.ToLower(m[1])], tables[strings.ToLower(m[2])] = m[1], m[1]
	}
	var steps []string
	w.asked++ // a text of its own each time: a kept explanation does not look at the schema again
	rows, err := db.Conn(ctx).QueryContext(ctx, fmt.Sprintf("explain query plan /* %d */ %s", w.asked, q.text))
	if err != nil {
		t.Fatalf("%s: %v", q.shape, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused sql.NullInt64
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	for _, step := range steps {
		// "is not null" is a range to SQLite, from nothing on: everything that ever was.
		if m := unbounded.FindStringSubmatch(step); m != nil && !regexp.MustCompile(m[1]+`"?\s*[<>]`).MatchString(q.text) {
			return step
		}
		m := scanned.FindStringSubmatch(step)
		if m == nil {
			continue
		}
		table := tables[strings.ToLower(m[1])]
		if wholeTables[table] != "" || !w.schema[table] || w.schema["partial "+m[2]] {
			continue
		}
		return step
	}
	return ""
}

// readSchema notes the tables and the partial indexes of an embedded database.
func (w *world) readSchema(t *testing.T) {
	t.Helper()
	w.schema = map[string]bool{}
	var names []string
	err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw("select name from sqlite_master where type = 'table' union all select 'partial ' || name from sqlite_master where type = 'index' and lower(sql) like '% where %'").Scan(ctx, &names)
	})
	if err != nil || len(names) < 20 {
		t.Fatal(len(names), err)
	}
	for _, n := range names {
		w.schema[n] = true
	}
}

// node is a step of a plan of PostgreSQL.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Cond     string  `json:"Index Cond"`
	Hit      float64 `json:"Shared Hit Blocks"`
	Read     float64 `json:"Shared Read Blocks"`
	Plans    []node  `json:"Plans"`
}

// shown is how many rows the statement shows, or counts.
func (n node) shown() float64 {
	if n.Type == "Aggregate" && len(n.Plans) > 0 {
		return n.Plans[0].shown()
	}
	if n.Type == "Result" && len(n.Plans) > 0 { // several counts side by side, each of its own table
		sum := 0.0
		for _, p := range n.Plans {
			sum += p.shown()
		}
		return sum / float64(len(n.Plans))
	}
	return max(1, n.Rows*n.Loops)
}

// held is how many rows were looked at where an index found those that one person
// holds, 0 where none did: there are never many, and what is shown is chosen from them.
func (n node) held() (rows float64) {
	own := heldBy.MatchString(n.Cond)
	for _, p := range n.Plans {
		own = own || heldBy.MatchString(p.Cond)
		rows = max(rows, p.held())
	}
	if own && n.Relation != "" {
		rows = max(rows, (n.Rows+n.Removed)*n.Loops)
	}
	return rows
}

// tables lists what is read, and whole what is read from end to end.
func (n node) tables() (all, whole []string) {
	if n.Relation != "" {
		all = append(all, n.Relation)
		if n.Type == "Seq Scan" && wholeTables[n.Relation] == "" {
			whole = append(whole, n.Relation)
		}
	}
	for _, p := range n.Plans {
		a, w := p.tables()
		all, whole = append(all, a...), append(whole, w...)
	}
	return all, whole
}

var heldBy = regexp.MustCompile(`\b(?:from_user|owner_user) = `)

var choices = regexp.MustCompile(`(?i) in \(('[^)]*)\)`)

// buffers says where PostgreSQL reads a table from end to end, or touches too many
// pages for what it shows. Tables of a test are small, so it is told to prefer
// indexes: what remains has none.
func buffers(t *testing.T, ctx context.Context, q caught) string {
	t.Helper()
	lower := strings.ToLower(q.text)
	change := strings.HasPrefix(lower, "update") || strings.HasPrefix(lower, "delete") || strings.HasPrefix(lower, "with") && strings.Contains(lower, " update ")
	if _, err := db.Conn(ctx).NewRaw("set local enable_seqscan = off").Exec(ctx); err != nil {
		t.Fatal(err)
	}
	if q.along {
		if err := db.Along(ctx); err != nil {
			t.Fatal(err)
		}
	}
	options := "analyze, buffers, format json"
	if change {
		options = "format json"
	}
	var raw []byte
	if err := db.Conn(ctx).NewRaw("explain ("+options+") "+strings.ReplaceAll(q.text, "?", "??")).Scan(ctx, &raw); err != nil {
		t.Fatalf("%s: %v", q.shape, err)
	}
	var out []struct{ Plan node }
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	p := out[0].Plan
	all, whole := p.tables()
	if len(whole) > 0 {
		return "reads all of " + strings.Join(whole, ", ")
	}
	for _, table := range all {
		if perCandidate[table] != "" || wholeTables[table] != "" {
			return ""
		}
	}
	ranges := len(all)
	for _, m := range choices.FindAllStringSubmatch(q.text, -1) {
		ranges += strings.Count(m[1], ",") // each value is a range of its own
	}
	ranges += strings.Count(q.text, "due_at < ")             // what is overdue and what is in a state are found by an index each
	ranges += max(0, strings.Count(q.text, "number = ")/2-1) // a number is looked for on both sides, by an index each
	touched, allowed := p.Hit+p.Read, perRow*max(p.shown(), p.held())*float64(max(1, len(all)))+descent*float64(ranges)
	if !change && touched > allowed {
		return fmt.Sprintf("%v pages touched for %v rows of %v", touched, p.shown(), all)
	}
	return ""
}
