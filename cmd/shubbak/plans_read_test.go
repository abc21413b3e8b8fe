package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"shubbak/platform/db"
)

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
	ranged    = regexp.MustCompile(`^SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \(.*[<>]\?\)`)
	inStates  = regexp.MustCompile(`(?i)\bstate"? in \('`)
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
		// A few states of all that lies within a range of time need an index of those
		// states: the range alone holds everything that ever was.
		if m := ranged.FindStringSubmatch(step); m != nil && inStates.MatchString(q.text) && tables[strings.ToLower(m[1])] == "referrals" && !strings.Contains(w.indexes[m[2]], "state") && !strings.Contains(w.indexes[m[2]], "due_at") { // what is due is open
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
	w.schema, w.indexes = map[string]bool{}, map[string]string{}
	var names []string
	var indexes []struct{ Name, SQL string }
	err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
		if err := db.Conn(ctx).NewRaw("select name, sql from sqlite_master where type = 'index' and sql is not null").Scan(ctx, &indexes); err != nil {
			return err
		}
		return db.Conn(ctx).NewRaw("select name from sqlite_master where type = 'table' union all select 'partial ' || name from sqlite_master where type = 'index' and lower(sql) like '% where %'").Scan(ctx, &names)
	})
	if err != nil || len(names) < 20 {
		t.Fatal(len(names), err)
	}
	for _, n := range names {
		w.schema[n] = true
	}
	for _, x := range indexes {
		w.indexes[x.Name] = x.SQL
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
