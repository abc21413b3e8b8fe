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
	if _, err := conn.PgConn().Exec(ctx, begin+statement).ReadAll(); err != nil {
		if pgconn.SafeToRetry(err) {
			return nil, driver.ErrBadConn
		}
		_ = conn.Close(context.WithoutCancel(ctx)) // whether it began is unknown
		return nil, err
	}
	return pgTx{ctx, conn}, nil
}

type pgTx struct {
	ctx  context.Context
	conn *pgx.Conn
}

func (t pgTx) Commit() error {
	tag, err := t.conn.Exec(t.ctx, "commit")
	if err != nil {
		if t.conn.PgConn().TxStatus() != 'I' { // unknown: nobody may go on with it
			_ = t.conn.Close(context.WithoutCancel(t.ctx))
		}
		return err
	}
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

func (t pgTx) Rollback() error {
	_, err := t.conn.Exec(t.ctx, "rollback")
	if err != nil {
		_ = t.conn.Close(context.WithoutCancel(t.ctx))
	}
	return err
}

// quoted is a literal of a text without parameters.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
