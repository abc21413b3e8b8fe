package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/uptrace/bun/migrate"
)

// Migration says which step stands where.
type Migration struct {
	Name    string
	Applied bool
}

// schema is the template data of the one migration tree.
type schema struct{ Postgres bool }

// UUID is the column type of an id.
func (s schema) UUID() string { return s.pick("uuid", "text") }

// JSON is the column type of a small document.
func (s schema) JSON() string { return s.pick("jsonb", "text") }

// Time is the column type of an instant: UTC, microseconds.
func (s schema) Time() string { return s.pick("timestamptz", "timestamp") }

// Bytes is the column type of sealed content.
func (s schema) Bytes() string { return s.pick("bytea", "blob") }

func (s schema) pick(pg, lite string) string {
	if s.Postgres {
		return pg
	}
	return lite
}

// Wall raises row-level security over a table: a row is seen and written only
// where expr holds, or by system work.
func (s schema) Wall(table, expr string) string {
	if !s.Postgres {
		return ""
	}
	return fmt.Sprintf("alter table %[1]s enable row level security;\nalter table %[1]s force row level security;\n"+
		"create policy wall on %[1]s using ((%[2]s) or app_system()) with check ((%[2]s) or app_system());", table, expr)
}

// ReadWall is Wall for a table that the other side may read but not write: read
// holds for select, write for everything else.
func (s schema) ReadWall(table, read, write string) string {
	if !s.Postgres {
		return ""
	}
	return fmt.Sprintf("alter table %[1]s enable row level security;\nalter table %[1]s force row level security;\n"+
		"create policy wall_read on %[1]s for select using ((%[2]s) or app_system());\n"+
		"create policy wall_insert on %[1]s for insert with check ((%[3]s) or app_system());\n"+
		"create policy wall_update on %[1]s for update using ((%[3]s) or app_system()) with check ((%[3]s) or app_system());\n"+
		"create policy wall_delete on %[1]s for delete using ((%[3]s) or app_system());", table, read, write)
}

// DropWall takes a ReadWall down, so that a later step can raise it anew.
func (s schema) DropWall(table string) string {
	if !s.Postgres {
		return ""
	}
	return fmt.Sprintf("drop policy wall_read on %[1]s;\ndrop policy wall_insert on %[1]s;\ndrop policy wall_update on %[1]s;\ndrop policy wall_delete on %[1]s;", table)
}

const migrationLock = 7232011 // any number that nothing else of ours locks

func (d *DB) migrator(trees []fs.FS) (*migrate.Migrator, error) {
	all := migrate.NewMigrations()
	for _, t := range trees {
		if err := all.Discover(t); err != nil {
			return nil, err
		}
	}
	return migrate.NewMigrator(d.write, all,
		migrate.WithTableName("schema_migrations"), migrate.WithLocksTableName("schema_migration_locks"),
		migrate.WithMarkAppliedOnSuccess(true), migrate.WithTemplateData(schema{Postgres: d.pg})), nil
}

// Migrate applies what is missing, each file in one transaction. On PostgreSQL an
// advisory lock keeps two migrators apart; on SQLite the data folder's lock does.
func (d *DB) Migrate(ctx context.Context, trees []fs.FS) error {
	if err := d.CheckRole(ctx); err != nil {
		return err
	}
	if d.pg {
		conn, err := d.system.Conn(ctx)
		if err != nil {
			return wrap(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("select pg_advisory_lock(%d, hashtext(current_schema()))", migrationLock)); err != nil {
			return wrap(err)
		}
		defer func() {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("select pg_advisory_unlock(%d, hashtext(current_schema()))", migrationLock))
		}()
	}
	m, err := d.migrator(trees)
	if err != nil {
		return err
	}
	if err := m.Init(ctx); err != nil {
		return wrap(err)
	}
	if err := d.refuseNewer(ctx, m); err != nil {
		return err
	}
	if _, err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Migrations lists every step and whether it is applied.
func (d *DB) Migrations(ctx context.Context, trees []fs.FS) ([]Migration, error) {
	m, err := d.migrator(trees)
	if err != nil {
		return nil, err
	}
	if err := m.Init(ctx); err != nil {
		return nil, wrap(err)
	}
	ms, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		return nil, wrap(err)
	}
	out := make([]Migration, len(ms))
	for i, x := range ms {
		out[i] = Migration{Name: x.Name + "_" + x.Comment, Applied: x.IsApplied()}
	}
	return out, nil
}

// Unapplied lists the steps that the schema lacks and those that only a newer
// program knows, and writes nothing.
func (d *DB) Unapplied(ctx context.Context, trees []fs.FS) (lacking, newer []string, err error) {
	m, err := d.migrator(trees)
	if err != nil {
		return nil, nil, err
	}
	steps, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		return nil, nil, wrap(err)
	}
	for _, x := range steps {
		if !x.IsApplied() {
			lacking = append(lacking, x.Name+"_"+x.Comment)
		}
	}
	unknown, err := m.MissingMigrations(ctx)
	if err != nil {
		return nil, nil, wrap(err)
	}
	for _, x := range unknown {
		newer = append(newer, x.Name)
	}
	return lacking, newer, nil
}

// Current fails unless every step is applied; replicas call it, `migrate up` does
// the work once before them.
func (d *DB) Current(ctx context.Context, trees []fs.FS) error {
	ms, err := d.Migrations(ctx, trees)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if !m.Applied {
			return errors.New("the schema is older than this program: run `shubbak migrate up`")
		}
	}
	return nil
}

// refuseNewer stops a binary from touching a database that a newer one changed in
// a breaking way: a step whose name ends in _breaking and that we do not know.
func (d *DB) refuseNewer(ctx context.Context, m *migrate.Migrator) error {
	missing, err := m.MissingMigrations(ctx)
	if err != nil {
		return wrap(err)
	}
	for _, x := range missing {
		if strings.HasSuffix(x.Name, "9") { // breaking steps end in 9; see CONTRIBUTING.md
			return fmt.Errorf("the database has step %s, which is newer than this program", x.Name)
		}
	}
	return nil
}
