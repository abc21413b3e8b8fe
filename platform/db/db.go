// Package db opens the database, carries the transaction in the context and
// raises the second wall between tenants.
//
// One transaction acts as one tenant: on PostgreSQL its first statement names
// that tenant to row-level security, on SQLite the single writer and the scoped
// queries of the stores stand alone. A store never opens anything: it takes the
// connection from its context with Conn and fails at once when there is none.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"shubbak/platform/clock"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
)

// DB is one open database with its pools.
type DB struct {
	write  *bun.DB
	read   *bun.DB
	system *bun.DB // reads of no tenant: never waits behind a full pool of acts
	pg     bool
	life   life
}

// Postgres reports which of the two databases this is.
func (d *DB) Postgres() bool { return d.pg }

// Open opens `sqlite:PATH` or `postgres://…`. It makes no schema and, on
// PostgreSQL, connects lazily.
func Open(dsn string) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(path)
	}
	return openPostgres(dsn)
}

func openSQLite(path string) (*DB, error) {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)", "temp_store(MEMORY)", "analysis_limit(2000)", "cache_size(-8000)"}
	open := func(extra url.Values, pool int) (*bun.DB, error) {
		q := url.Values{"_pragma": pragmas}
		for k, v := range extra {
			q[k] = append(q[k], v...)
		}
		w := u
		w.RawQuery = q.Encode()
		c, err := sqlite.NewConnector(w.String())
		if err != nil {
			return nil, err
		}
		s := sql.OpenDB(sqliteConnector{c})
		s.SetMaxOpenConns(pool)
		s.SetMaxIdleConns(pool)
		return bun.NewDB(s, sqliteDialect{sqlitedialect.New()}, bun.WithDiscardUnknownColumns()), nil
	}
	w, err := open(url.Values{"_txlock": {"immediate"}}, 1)
	if err != nil {
		return nil, err
	}
	// The file must exist in WAL mode before a read-only connection opens it.
	if err := w.Ping(); err != nil {
		_ = w.Close()
		return nil, err
	}
	r, err := open(url.Values{"_pragma": {"query_only(1)"}}, max(4, runtime.NumCPU()*2))
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	// Who reads loads keys meanwhile: out of one pool, readers that fill it would wait
	// for each other.
	s, err := open(url.Values{"_pragma": {"query_only(1)"}}, 4)
	if err != nil {
		_ = w.Close()
		_ = r.Close()
		return nil, err
	}
	return &DB{write: w, read: r, system: s}, nil
}

func openPostgres(dsn string) (*DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database url: %w", redactDSN(err))
	}
	// `default_query_exec_mode=simple_protocol` in the address keeps no statements.
	keeps := cfg.DefaultQueryExecMode != pgx.QueryExecModeSimpleProtocol
	cfg.ConnectTimeout = 2 * time.Second
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "shubbak"
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	open := func(n int) *bun.DB {
		s := sql.OpenDB(pgConnector{stdlib.GetConnector(*cfg), keeps})
		s.SetMaxOpenConns(n)
		s.SetMaxIdleConns(n)
		s.SetConnMaxIdleTime(5 * time.Minute)
		return bun.NewDB(s, pgDialect{pgdialect.New()}, bun.WithDiscardUnknownColumns())
	}
	w := open(20)
	return &DB{write: w, read: w, system: open(4), pg: true}, nil
}

// redactDSN keeps a driver's complaint about an address from printing its password.
func redactDSN(error) error { return fmt.Errorf("not a usable address") }

// Ping reports whether the database answers within two seconds.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := d.system.PingContext(ctx); err != nil {
		return wrap(err)
	}
	return nil
}

// Now is the time of the database's own machine; SQLite has none of its own.
func (d *DB) Now(ctx context.Context) (now time.Time, err error) {
	if !d.pg {
		return clock.System{}.Now(), nil
	}
	err = d.system.QueryRowContext(ctx, "select clock_timestamp()").Scan(&now)
	return now.UTC(), wrap(err)
}

// Close closes every pool.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		_ = d.read.Close()
	}
	if d.system != d.read {
		_ = d.system.Close()
	}
	return err
}

// AddHook attaches a query hook to every pool; tests use it to fail an unscoped
// query, the server to log a slow one by name.
func (d *DB) AddHook(h bun.QueryHook) {
	shared := d.read == d.write
	d.write, d.system = d.write.WithQueryHook(h), d.system.WithQueryHook(h)
	if shared {
		d.read = d.write
	} else {
		d.read = d.read.WithQueryHook(h)
	}
}

// CheckRole refuses a PostgreSQL role that row-level security does not bind.
func (d *DB) CheckRole(ctx context.Context) error {
	if !d.pg {
		return nil
	}
	var super, bypass bool
	err := d.system.QueryRowContext(ctx, "select rolsuper, rolbypassrls from pg_roles where rolname = current_user").Scan(&super, &bypass)
	if err != nil {
		return wrap(err)
	}
	if super || bypass {
		return fmt.Errorf("the database role is a superuser or has BYPASSRLS: row-level security would not bind it; use an ordinary role that owns the schema")
	}
	return nil
}
