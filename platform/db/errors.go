package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"shubbak/platform/fault"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// broken answers every statement of a context without a transaction.
var broken bun.IDB = bun.NewDB(sql.OpenDB(brokenConnector{}), sqlitedialect.New())

type brokenConnector struct{}

func (brokenConnector) Connect(context.Context) (driver.Conn, error) { return nil, errNoTransaction }
func (brokenConnector) Driver() driver.Driver                        { return nil }

// Failure is a driver's error without its text: a driver repeats values, and
// values are personal data.
type Failure struct {
	State      string // SQLSTATE, or SQLite's extended result code
	Constraint string // where the driver names it
	kind       kind
}

type kind int

const (
	other kind = iota
	unique
	busy
	full
	gone
)

// Error names state and constraint only.
func (f *Failure) Error() string {
	return strings.TrimSpace(fmt.Sprintf("database: %s %s", f.State, f.Constraint))
}

// NoRows reports that a query found nothing.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Unique reports a violation of a unique key whose name holds `name`; an empty
// name means any. SQLite names columns instead of the key, so callers pass a
// word that stands in both.
func Unique(err error, name string) bool {
	var f *Failure
	if !errors.As(wrap(err), &f) {
		return false
	}
	return f.kind == unique && strings.Contains(f.Constraint, name)
}

// Gone reports that the database cannot be reached or cannot be written.
func Gone(err error) bool {
	var f *Failure
	return errors.As(err, &f) && (f.kind == gone || f.kind == full || f.kind == busy)
}

// wrap turns a driver's error into a Failure; faults and plain errors pass.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	var flt *fault.Error
	var fail *Failure
	if errors.As(err, &flt) || errors.As(err, &fail) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		f := &Failure{State: pg.Code, Constraint: pg.ConstraintName}
		switch {
		case pg.Code == "23505":
			f.kind = unique
		case strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08"):
			f.kind = gone
		case strings.HasPrefix(pg.Code, "53") || pg.Code == "58030": // disk, memory, connections; the disk itself
			f.kind = full
		case pg.Code == "40P01" || pg.Code == "55P03" || pg.Code == "40001":
			f.kind = busy
		}
		return unavailable(f)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		f := &Failure{State: fmt.Sprintf("SQLITE_%d", lite.Code())}
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			f.kind = unique
			// "constraint failed: UNIQUE constraint failed: people.tenant_id, people.x (2067)":
			// names of columns, never values.
			if _, after, ok := strings.Cut(lite.Error(), "UNIQUE constraint failed: "); ok {
				f.Constraint = after
			}
		}
		switch lite.Code() & 0xff { // the extended codes say where, the last byte says what
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			f.kind = busy
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY:
			f.kind = full
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
			f.kind = gone
		}
		return unavailable(f)
	}
	if away(err) {
		return unavailable(&Failure{State: "unreachable", kind: gone})
	}
	return err
}

// away recognises a connection that could not be made, or broke in the middle.
func away(err error) bool {
	var connect *pgconn.ConnectError
	var netErr net.Error
	if errors.As(err, &connect) || errors.As(err, &netErr) || pgconn.SafeToRetry(err) {
		return true
	}
	for _, known := range []error{driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// unavailable says 503 where trying again later is the right answer.
func unavailable(f *Failure) error {
	switch f.kind {
	case gone, full, busy:
		return fault.Of(fault.Unavailable, f)
	}
	return f
}
