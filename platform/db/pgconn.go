package db

import (
	"context"
	"database/sql/driver"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConnector opens connections that keep prepared statements. `keeps` is false where
// the address asks for the simple protocol, as a pooler in transaction mode needs.
type pgConnector struct {
	driver.Connector
	keeps bool
}

func (c pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pgConn{conn.(*stdlib.Conn), c.keeps}, nil
}

type pgConn struct {
	*stdlib.Conn
	keeps bool
}

func (c *pgConn) take(text string, args []driver.NamedValue) (string, []driver.NamedValue) {
	if len(args) > 0 || !c.keeps {
		return text, args
	}
	out, values, ok := parameters(text, dollar)
	if !ok || len(values) > maxParameters {
		return text, args
	}
	return out, named(values)
}

func named(values []any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(values))
	for i, v := range values {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

func (c *pgConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	text, args = c.take(text, args)
	return c.Conn.ExecContext(ctx, text, args)
}

func (c *pgConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	text, args = c.take(text, args)
	return c.Conn.QueryContext(ctx, text, args)
}

type openingKey struct{}

// opening is a statement that goes with the begin of a transaction, in one message.
func opening(ctx context.Context, statement string) context.Context {
	return context.WithValue(ctx, openingKey{}, statement)
}

func (c *pgConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	statement, _ := ctx.Value(openingKey{}).(string)
	if statement == "" || opts.Isolation != 0 {
		return c.Conn.BeginTx(ctx, opts)
	}
	conn := c.Conn.Conn()
	if conn.IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := "begin; "
	if opts.ReadOnly {
		begin = "begin read only; "
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin + statement})
	if err != nil {
		if pgconn.SafeToRetry(err) {
			return nil, driver.ErrBadConn
		}
		_ = conn.Close(context.WithoutCancel(ctx)) // the first half may have begun it
		return nil, err
	}
	return pgTx{ctx, tx}, nil
}

type pgTx struct {
	ctx context.Context
	tx  pgx.Tx
}

func (t pgTx) Commit() error   { return t.tx.Commit(t.ctx) }
func (t pgTx) Rollback() error { return t.tx.Rollback(t.ctx) }

// quoted is a literal of a text without parameters.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
