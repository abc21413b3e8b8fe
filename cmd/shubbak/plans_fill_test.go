package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"shubbak/platform/db"
)

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
