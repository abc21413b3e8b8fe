package main

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// stored is how the product writes an instant into SQLite.
const stored = "2006-01-02 15:04:05.999999-07:00"

// split gives columns and values in one order.
func (r record) split() (names []string, values []any) {
	for k := range r {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		values = append(values, plain(r[k]))
	}
	return names, values
}

func plain(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(stored)
	}
	return v
}

func insertText(table string, names []string) string {
	return "insert into " + table + ` ("` + strings.Join(names, `", "`) + `") values (` + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
}

// rowsOf reads rows by column.
func rowsOf(ctx context.Context, d interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string, args ...any) (out []record, err error) {
	rows, err := d.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r := record{}
		for i, n := range names {
			r[n] = values[i]
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// put writes one row with the prepared statement of its table.
func (f *filler) put(table string, r record) error {
	s := f.stmts[table]
	if s == nil {
		names, _ := r.split()
		var err error
		if s, err = f.tx.PrepareContext(f.ctx, insertText(table, names)); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		f.stmts[table], f.cols[table] = s, names
	}
	values := make([]any, len(f.cols[table]))
	for i, n := range f.cols[table] {
		values[i] = plain(r[n])
	}
	if f.checks[table] < 100 {
		f.checks[table]++
		for i, n := range f.cols[table] {
			if got := shape(values[i]); !f.shapes[table][n+" "+got] {
				return fmt.Errorf("%s.%s: the services write no %s there", table, n, got)
			}
		}
	}
	if _, err := s.ExecContext(f.ctx, values...); err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	return nil
}

var (
	uuidForm  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	hexForm   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	timeForm  = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00$`)
	dateForm  = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	countForm = regexp.MustCompile(`^\d{4}/\d+$`)
)

// shape is what kind of value stands in a column.
func shape(v any) string {
	switch x := plain(v).(type) {
	case nil:
		return "null"
	case []byte:
		if len(x) == 0 {
			return "no bytes"
		}
		return "bytes"
	case string:
		for name, form := range map[string]*regexp.Regexp{"id": uuidForm, "hash": hexForm, "instant": timeForm, "date": dateForm, "number": countForm} {
			if form.MatchString(x) {
				return name
			}
		}
		switch {
		case x == "":
			return "empty text"
		case x[0] == '{' || x[0] == '[':
			return "document"
		}
		return "text"
	case bool, int64, int:
		return "number or truth"
	}
	return fmt.Sprintf("%T", v)
}

// filled are the tables that grow with work.
var filled = []string{"people", "person_tokens", "consents", "referrals", "referral_events", "referral_slices", "notifications", "disclosures", "audit_entries"}

// learn reads what the services made: the templates, and the shapes of each column.
func (f *filler) learn() error {
	for _, table := range filled {
		rows, err := rowsOf(f.ctx, f.tx, "select * from "+table)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("the services made no row of %s", table)
		}
		f.shapes[table], f.made[table] = map[string]bool{}, map[string][]record{}
		for _, r := range rows {
			for n, v := range r {
				f.shapes[table][n+" "+shape(v)] = true
			}
			key := fmt.Sprint(r["referral_id"])
			f.made[table][key] = append(f.made[table][key], r)
		}
	}
	return nil
}

func (f *filler) any(table string) record { // some row of a table
	for _, list := range f.made[table] {
		return list[0]
	}
	return nil
}

// zipf picks one of n: the first often, the last seldom.
func (f *filler) zipf(n int) int {
	return int(math.Pow(float64(n+1), f.rnd.Float64())) - 1
}

// compared fails where fewer than a hundred rows of a table were compared with what
// the services write.
func (f *filler) compared() error {
	for _, table := range filled {
		if f.checks[table] < 100 {
			return fmt.Errorf("%s: only %d rows were compared with those of the services", table, f.checks[table])
		}
	}
	return nil
}
