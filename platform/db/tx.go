package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"shubbak/platform/fault"

	"github.com/uptrace/bun"
)

// Deadline is how long a transaction may last. It holds SQL only: hashing,
// sealing of files, network and object-store work stand outside.
const Deadline = 5 * time.Second

// Patience is how long PostgreSQL may say nothing while a transaction waits to begin: a
// database that neither answers nor refuses is gone after it. While others begin and
// commit, waiting is a queue, not a silence, and lasts as long as its caller. SQLite
// waits for its one writer instead.
const Patience = 1800 * time.Millisecond

type (
	tenantKey struct{}
	txKey     struct{}
)

type transaction struct {
	conn     bun.IDB
	readOnly bool
	system   bool
	pg       bool
	along    bool
	after    []func()
	undone   []func()
}

var (
	errNoTransaction = errors.New("db: no transaction in this context")
	errNoTenant      = errors.New("db: no tenant in this context; use As or AsSystem")
	errReadOnly      = errors.New("db: a write inside a read transaction")
)

// As names the tenant that transactions begun under ctx act as.
func As(ctx context.Context, tenant string) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// Tenant is the tenant that ctx acts as, "" when none.
func Tenant(ctx context.Context) string {
	t, _ := ctx.Value(tenantKey{}).(string)
	return t
}

// Inside reports whether ctx carries a transaction. Slow work asks it and refuses.
func Inside(ctx context.Context) bool { return current(ctx) != nil }

// Detached is ctx without its transaction, still acting as the same tenant.
func Detached(ctx context.Context) context.Context {
	return context.WithValue(ctx, txKey{}, (*transaction)(nil))
}

func current(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{}).(*transaction)
	return t
}

// Conn gives the connection of the transaction in ctx. Without one it gives a
// connection on which every statement fails, so that a forgotten ctx cannot wait
// for the single writer for ever.
func Conn(ctx context.Context) bun.IDB {
	if t := current(ctx); t != nil {
		return t.conn
	}
	return broken
}

// IsSystem reports whether ctx is in a transaction of no tenant.
func IsSystem(ctx context.Context) bool {
	t := current(ctx)
	return t != nil && t.system
}

// InTx runs fn in a transaction that acts as the tenant of ctx. A nested call
// joins the outer transaction; an error or a panic rolls everything back.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if t := current(ctx); t != nil {
		if t.readOnly {
			return errReadOnly
		}
		return fn(ctx)
	}
	if Tenant(ctx) == "" {
		return errNoTenant
	}
	return d.run(ctx, d.write, false, false, fn)
}

// Read is the read-only twin of InTx. Inside a transaction it joins it.
func (d *DB) Read(ctx context.Context, fn func(ctx context.Context) error) error {
	if current(ctx) != nil {
		return fn(ctx)
	}
	if Tenant(ctx) == "" {
		return errNoTenant
	}
	return d.run(ctx, d.read, true, false, fn)
}

// AsSystem runs fn in a transaction of no tenant, which row-level security lets
// see everything. why stands in the code for the reader; a test lists the
// callers. It refuses to begin inside a tenant's transaction.
func (d *DB) AsSystem(ctx context.Context, why string, fn func(ctx context.Context) error) error {
	if t := current(ctx); t != nil {
		if !t.system {
			return errors.New("db: system work inside a tenant's transaction: " + why)
		}
		return fn(ctx)
	}
	return d.run(ctx, d.write, false, true, fn)
}

// ReadAsSystem is AsSystem on the pool for reading. Unlike it, it may be called
// from inside a tenant's transaction: it uses a connection of its own.
func (d *DB) ReadAsSystem(ctx context.Context, why string, fn func(ctx context.Context) error) error {
	_ = why
	return d.run(Detached(ctx), d.system, true, true, fn)
}

// AfterCommit runs f once the outermost transaction of ctx has committed; at
// once when there is none.
func AfterCommit(ctx context.Context, f func()) {
	if t := current(ctx); t != nil {
		t.after = append(t.after, f)
		return
	}
	f()
}

// AfterRollback runs f once the outermost transaction of ctx has been undone: what
// must be remembered of an act that failed, such as a wrong code. Without a
// transaction nothing is undone and f does not run.
func AfterRollback(ctx context.Context, f func()) {
	if t := current(ctx); t != nil {
		t.undone = append(t.undone, f)
	}
}

func (d *DB) run(ctx context.Context, pool *bun.DB, readOnly, system bool, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	begun, begin := func() bool { return true }, ctx
	if d.pg {
		begun = d.life.wait(cancel)
		setting, value := "app.tenant", Tenant(ctx)
		if system {
			setting, value = "app.system", "on"
		}
		begin = opening(ctx, "select set_config('"+setting+"', "+quoted(value)+", true)")
	}
	tx, err := pool.BeginTx(begin, &sql.TxOptions{ReadOnly: readOnly && d.pg})
	if err != nil {
		return wrap(hung(err, begun()))
	}
	if !begun() {
		_ = tx.Rollback()
		return wrap(context.DeadlineExceeded)
	}
	d.life.sign()
	t := &transaction{conn: tx, readOnly: readOnly, system: system, pg: d.pg}
	done := false
	defer func() {
		if !done { // an error, or a panic on its way up
			_ = tx.Rollback()
			for _, f := range t.undone {
				f()
			}
		}
	}()
	if err := fn(context.WithValue(ctx, txKey{}, t)); err != nil {
		return wrap(err)
	}
	done = true
	if err := tx.Commit(); err != nil {
		_ = tx.Rollback()
		return wrap(err)
	}
	d.life.sign()
	for _, f := range t.after {
		f()
	}
	return nil
}

// hung says what ended a beginning: our own patience, or the error itself.
func hung(err error, inTime bool) error {
	if inTime {
		return err
	}
	return context.DeadlineExceeded
}

// ForShare locks the rows that q reads until the transaction ends, against change
// by others; SQLite has one writer and needs no lock. In a read transaction it
// locks nothing.
func ForShare(ctx context.Context, q *bun.SelectQuery) *bun.SelectQuery {
	if t := current(ctx); t != nil && t.pg && !t.readOnly {
		return q.For("SHARE")
	}
	return q
}

// ForUpdate locks the rows that q reads until the transaction ends, against change and
// against ForShare; SQLite has one writer and needs none. Keys are never changed, so that
// rows which only point to a locked one are written meanwhile, and nobody who holds such a
// row waits.
func ForUpdate(ctx context.Context, q *bun.SelectQuery) *bun.SelectQuery {
	if t := current(ctx); t != nil && t.pg && !t.readOnly {
		return q.For("NO KEY UPDATE")
	}
	return q
}

// ForUpdateFree locks the rows that q reads as ForUpdate does, and leaves out those that
// somebody else holds: background work over many rows then waits for nobody, and nobody
// waits for it in a ring. What is left out is found by its next run.
func ForUpdateFree(ctx context.Context, q *bun.SelectQuery) *bun.SelectQuery {
	if t := current(ctx); t != nil && t.pg && !t.readOnly {
		return q.For("NO KEY UPDATE SKIP LOCKED")
	}
	return q
}

// Along makes PostgreSQL read the rest of this transaction's lists in the order of an
// index and stop when a page is full. Its estimates multiply what hangs together (the
// tenant, its units, the wall), so it expects a handful of rows, and for the largest
// tenants would fetch and sort everything that ever was. SQLite takes the order of the
// list as it is.
func Along(ctx context.Context) error {
	t := current(ctx)
	if t == nil || !t.pg || t.along {
		return nil
	}
	t.along = true
	_, err := t.conn.ExecContext(ctx, "set local enable_bitmapscan = off; set local plan_cache_mode = force_generic_plan")
	return err
}

// IsAlong reports whether Along was called in the transaction of ctx.
func IsAlong(ctx context.Context) bool {
	t := current(ctx)
	return t != nil && t.along
}

// Postgres reports which database ctx works on, for the few statements that the two
// plan differently.
func Postgres(ctx context.Context) bool {
	t := current(ctx)
	return t != nil && t.pg
}

// Affected turns "no row matched the version" into version_conflict.
func Affected(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.VersionConflict)
	}
	return nil
}
