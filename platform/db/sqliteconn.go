package db

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
)

// keptStatements is how many prepared statements one connection to SQLite keeps.
const keptStatements = 200

// sqliteConnector opens connections that keep prepared statements.
type sqliteConnector struct{ driver.Connector }

func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := inner.(sqliteDriverConn)
	if !ok {
		_ = inner.Close()
		return nil, errors.New("db: the SQLite driver has changed its connection")
	}
	return &sqliteConn{sqliteDriverConn: full, byText: map[string]*list.Element{}, recent: list.New()}, nil
}

// sqliteDriverConn is what the driver's connections offer; hiding any of it would
// cost database/sql the contexts.
type sqliteDriverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteConn is used by one goroutine at a time, as database/sql promises.
type sqliteConn struct {
	sqliteDriverConn
	byText map[string]*list.Element
	recent *list.List // of *keptStatement, the last used first
}

type keptStatement struct {
	text string
	stmt driver.Stmt
	busy bool // its rows are open: it cannot run a second time
}

// Unwrap gives the driver its own connection back.
func (c *sqliteConn) Unwrap() driver.Conn { return c.sqliteDriverConn }

func (c *sqliteConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return c.sqliteDriverConn.ExecContext(ctx, text, args)
	}
	out, values, ok := parameters(text, question)
	if !ok || len(values) > maxParameters {
		return c.sqliteDriverConn.ExecContext(ctx, text, nil)
	}
	k, err := c.keep(ctx, out)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.sqliteDriverConn.ExecContext(ctx, out, named(values))
	}
	return k.stmt.(driver.StmtExecContext).ExecContext(ctx, named(values))
}

func (c *sqliteConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		return c.sqliteDriverConn.QueryContext(ctx, text, args)
	}
	out, values, ok := parameters(text, question)
	if !ok || len(values) > maxParameters {
		return c.sqliteDriverConn.QueryContext(ctx, text, nil)
	}
	k, err := c.keep(ctx, out)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.sqliteDriverConn.QueryContext(ctx, out, named(values))
	}
	rows, err := k.stmt.(driver.StmtQueryContext).QueryContext(ctx, named(values))
	if err != nil {
		return nil, err
	}
	k.busy = true
	return &keptRows{rows, k}, nil
}

// keep gives the prepared statement of a text, nil while its rows are open.
func (c *sqliteConn) keep(ctx context.Context, text string) (*keptStatement, error) {
	if e, ok := c.byText[text]; ok {
		c.recent.MoveToFront(e)
		if k := e.Value.(*keptStatement); !k.busy {
			return k, nil
		}
		return nil, nil
	}
	stmt, err := c.sqliteDriverConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	k := &keptStatement{text: text, stmt: stmt}
	c.byText[text] = c.recent.PushFront(k)
	for e := c.recent.Back(); c.recent.Len() > keptStatements && e != nil; {
		old, before := e.Value.(*keptStatement), e.Prev()
		if !old.busy {
			_ = old.stmt.Close()
			delete(c.byText, old.text)
			c.recent.Remove(e)
		}
		e = before
	}
	return k, nil
}

func (c *sqliteConn) Close() error {
	for e := c.recent.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*keptStatement).stmt.Close()
	}
	c.recent.Init()
	clear(c.byText)
	return c.sqliteDriverConn.Close()
}

// keptRows gives its statement back when closed.
type keptRows struct {
	driver.Rows
	of *keptStatement
}

func (r *keptRows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	return err
}
