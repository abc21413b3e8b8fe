package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// toPostgres starts PostgreSQL with a copy of the world, made by COPY on first use.
func (w *world) toPostgres(ctx context.Context) (stop func(), err error) {
	p, port, fresh, err := w.postgres(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.end()
		}
	}()
	address := func(role, base string) string {
		return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", role, port, base)
	}
	var admin *pgx.Conn
	if err = p.until(30*time.Second, func() (err error) {
		admin, err = pgx.Connect(ctx, address("owner", "postgres"))
		return err
	}); err != nil {
		return nil, err
	}
	defer admin.Close(ctx)
	w.pg, w.pgPID = address("shubbak", "shubbak"), p.cmd.Process.Pid
	if fresh {
		began := time.Now()
		for _, q := range []string{"create role shubbak login nosuperuser nobypassrls", "create database shubbak owner shubbak"} {
			if _, err = admin.Exec(ctx, q); err != nil {
				return nil, err
			}
		}
		up, err := start(ctx, []string{"SHUBBAK_DATABASE_URL=" + w.pg, "SHUBBAK_DATA=" + w.folder}, w.bin, "migrate", "up")
		if err != nil {
			return nil, err
		}
		if <-up.done; up.cmd.ProcessState.ExitCode() != 0 {
			return nil, fmt.Errorf("migrate up: %s", up.out.String())
		}
		// Whoever owns the cluster passes the walls and needs no look at foreign keys.
		if err = w.copy(ctx, address("owner", "shubbak")); err != nil {
			return nil, err
		}
		var folder string
		if err = admin.QueryRow(ctx, "show data_directory").Scan(&folder); err != nil {
			return nil, err
		}
		if err = os.WriteFile(filepath.Join(folder, "filled"), nil, 0o644); err != nil {
			return nil, err
		}
		fmt.Printf("copied to PostgreSQL in %s\n", time.Since(began).Round(time.Second))
	}
	return p.end, nil
}

// copy fills every table from the embedded database, its plain indexes aside.
func (w *world) copy(ctx context.Context, address string) error {
	from, err := sql.Open("sqlite", "file:"+w.file()+"?mode=ro")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer to.Close(ctx)
	texts := func(query string) (out []string, err error) {
		rows, err := to.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	}
	const plainIndexes = "from pg_indexes i where schemaname = 'public' and not exists (select 1 from pg_constraint c where c.conname = i.indexname)"
	create, err := texts("select indexdef " + plainIndexes)
	if err != nil {
		return err
	}
	drop, err := texts("select 'drop index ' || indexname " + plainIndexes)
	if err != nil {
		return err
	}
	tables, err := texts("select tablename from pg_tables where schemaname = 'public' and tablename not like 'schema_%'")
	if err != nil {
		return err
	}
	for _, q := range append([]string{"set session_replication_role = replica"}, drop...) {
		if _, err := to.Exec(ctx, q); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := copyTable(ctx, from, to, t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	for _, q := range append(create, "vacuum analyze", "checkpoint") {
		if _, err := to.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// source hands rows of SQLite to COPY, each value as PostgreSQL keeps it.
type source struct {
	*sql.Rows
	kinds  []string
	values []any
}

func (s *source) Values() ([]any, error) {
	into := make([]any, len(s.kinds))
	for i := range into {
		into[i] = &s.values[i]
	}
	if err := s.Scan(into...); err != nil {
		return nil, err
	}
	out := make([]any, len(s.values))
	for i, v := range s.values {
		switch x := v.(type) {
		case int64:
			if out[i] = x; s.kinds[i] == "boolean" {
				out[i] = x != 0
			}
		case string:
			switch s.kinds[i] {
			case "jsonb":
				out[i] = []byte(x)
			case "timestamp with time zone":
				at, err := time.Parse(stored, x)
				if err != nil {
					return nil, err
				}
				out[i] = at
			default:
				out[i] = x
			}
		default:
			out[i] = x
		}
	}
	return out, nil
}

func copyTable(ctx context.Context, from *sql.DB, to *pgx.Conn, table string) error {
	rows, err := to.Query(ctx, "select column_name::text, data_type::text from information_schema.columns where table_schema = 'public' and table_name = $1 order by ordinal_position", table)
	if err != nil {
		return err
	}
	var names, kinds []string
	var n, k string
	if _, err := pgx.ForEachRow(rows, []any{&n, &k}, func() error { names, kinds = append(names, n), append(kinds, k); return nil }); err != nil {
		return err
	}
	read, err := from.QueryContext(ctx, `select "`+strings.Join(names, `", "`)+`" from `+table)
	if err != nil {
		return err
	}
	defer read.Close()
	_, err = to.CopyFrom(ctx, pgx.Identifier{table}, names, &source{Rows: read, kinds: kinds, values: make([]any, len(names))})
	return err
}
