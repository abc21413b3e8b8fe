package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"shubbak/platform/db"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// serveBare is the line against which the product is measured: the same server, the
// same driver and pools, the same main statement; no sign-in, no law, no audit, no
// events, no walls. args are the tenant, and the folder for files.
func serveBare(ctx context.Context, dsn string, args []string) error {
	tenant, folder := args[0], args[1]
	d, err := db.Open(dsn)
	if err != nil {
		return err
	}
	defer d.Close()
	driver, limit := "pgx", 20
	name := dsn
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, limit = "sqlite", 4
		name = "file:" + path + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"
	} else {
		name += "&default_query_exec_mode=simple_protocol"
	}
	pool, err := sql.Open(driver, name)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(limit)
	pool.SetMaxIdleConns(limit)
	writer := pool
	if driver == "sqlite" {
		if writer, err = sql.Open(driver, name+"&_txlock=immediate"); err != nil {
			return err
		}
		writer.SetMaxOpenConns(1)
	}
	b := &bare{read: pool, write: writer, tenant: tenant, folder: folder, pg: driver == "pgx"}
	if err := b.learn(ctx); err != nil {
		return err
	}
	if b.key, err = sealedKey(); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "sealed"))
	if err != nil {
		return err
	}
	if err := errors.Join(b.seal(f, megabyte(0)), f.Close()); err != nil {
		return err
	}
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, BodyLimit: 8 << 20})
	app.Get("/inbox", b.inbox)
	app.Get("/referral/:id", b.referral)
	app.Get("/agreement/:id", b.agreement)
	app.Post("/accept/:id", b.accept)
	app.Post("/send", b.send)
	app.Post("/up", b.up)
	app.Get("/down", b.down)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listen=%s\n", l.Addr())
	go func() { <-ctx.Done(); _ = app.Shutdown() }()
	return app.Listener(l)
}

type bare struct {
	read, write    *sql.DB
	tenant, folder string
	pg             bool
	insert         string
	template       []any
	at             int // of the id among the columns
	names          atomic.Int64
	key            tink.StreamingAEAD
}

// as runs fn as the tenant, so that the walls let it through; on PostgreSQL that is
// the one statement more that a bare line over this schema needs.
func (b *bare) as(ctx context.Context, d *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if b.pg {
		if _, err := tx.ExecContext(ctx, "select set_config('app.tenant', $1, true)", b.tenant); err != nil {
			return err
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (b *bare) inbox(c *fiber.Ctx) error {
	var list []record
	err := b.as(c.Context(), b.read, func(tx *sql.Tx) (err error) {
		list, err = rowsOf(c.Context(), tx, `select * from referrals r where r.to_tenant = '`+b.tenant+`' and r.sent_at is not null and r.organization_id is null
			and r.state in ('sent', 'acknowledged', 'accepted', 'no_show', 'recall_requested') order by r.id desc limit 26`)
		return err
	})
	if err != nil {
		return err
	}
	for i, r := range list {
		list[i] = record{}
		for _, n := range shownColumns {
			list[i][n] = r[n]
		}
	}
	return b.json(c, list)
}

// agreement is one agreement with its text.
func (b *bare) agreement(c *fiber.Ctx) error {
	var list []record
	err := b.as(c.Context(), b.read, func(tx *sql.Tx) (err error) {
		list, err = rowsOf(c.Context(), tx, `select a.id, a.number, a.state, cast(a.parties as text) as parties, t.content from agreements a join agreement_texts t on t.agreement_id = a.id and t.version = a.version where a.id = '`+c.Params("id")+`'`)
		return err
	})
	if err != nil {
		return err
	}
	return b.json(c, list)
}

// shownColumns are what a list shows of a row.
var shownColumns = []string{"id", "number", "state", "version", "need", "priority", "service_id", "from_tenant", "due_at", "card_age_band", "card_sex", "card_district", "sent_at"}

func (b *bare) json(c *fiber.Ctx, v any) error {
	out, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json")
	return c.Send(out)
}

func (b *bare) referral(c *fiber.Ctx) error {
	var list []record
	err := b.as(c.Context(), b.read, func(tx *sql.Tx) (err error) {
		list, err = rowsOf(c.Context(), tx, "select * from referrals where id = '"+utils.CopyString(c.Params("id"))+"'")
		return err
	})
	if err != nil {
		return err
	}
	return b.json(c, list)
}

func (b *bare) accept(c *fiber.Ctx) error {
	err := b.as(c.Context(), b.write, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(c.Context(), `update referrals set state = 'accepted', version = version + 1, sequence = sequence + 1, accepted_at = sent_at, due_at = null, open_slices = ',card,identity,' where id = '`+utils.CopyString(c.Params("id"))+`' and version > 0`)
		return err
	})
	if err != nil {
		return err
	}
	return c.SendString("{}")
}

// learn takes a draft as the template of the rows that send writes.
func (b *bare) learn(ctx context.Context) error {
	return b.as(ctx, b.read, func(tx *sql.Tx) error {
		list, err := rowsOf(ctx, tx, "select * from referrals where from_tenant = '"+b.tenant+"' or to_tenant = '"+b.tenant+"' order by id desc limit 1")
		if err != nil || len(list) == 0 {
			return fmt.Errorf("no referral to copy: %w", err)
		}
		r := list[0].with("from_tenant", b.tenant, "state", "draft", "is_open", false, "number", nil, "consent_id", nil, "parent_id", nil)
		names, values := r.split()
		places := make([]string, len(names))
		for i, n := range names {
			places[i] = "?"
			if b.pg {
				places[i] = fmt.Sprintf("$%d", i+1)
			}
			if n == "id" {
				b.at = i
			}
			if raw, ok := values[i].([]byte); ok {
				values[i] = string(raw)
			}
		}
		b.template = values
		b.insert = `insert into referrals ("` + strings.Join(names, `", "`) + `") values (` + strings.Join(places, ", ") + ")"
		return nil
	})
}

func (b *bare) send(c *fiber.Ctx) error {
	values := append([]any(nil), b.template...)
	values[b.at] = newID()
	err := b.as(c.Context(), b.write, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(c.Context(), b.insert, values...)
		return err
	})
	if err != nil {
		return err
	}
	return c.SendString("{}")
}

// sealedKey seals what the bare line stores, as the product seals files: that is part
// of storing here, as are the sum of the content and the sync.
func sealedKey() (tink.StreamingAEAD, error) {
	h, err := keyset.NewHandle(streamingaead.AES256GCMHKDF4KBKeyTemplate())
	if err != nil {
		return nil, err
	}
	return streamingaead.New(h)
}

func (b *bare) seal(w io.Writer, content []byte) error {
	s, err := b.key.NewEncryptingWriter(w, nil)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(s, sum), bytes.NewReader(content)); err != nil {
		return err
	}
	return s.Close()
}

// down unseals and streams one stored file.
func (b *bare) down(c *fiber.Ctx) error {
	f, err := os.Open(filepath.Join(b.folder, "sealed"))
	if err != nil {
		return err
	}
	r, err := b.key.NewDecryptingReader(f, nil)
	if err != nil {
		return err
	}
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer f.Close()
		_, _ = io.Copy(io.MultiWriter(w, sha256.New()), r)
	})
	return nil
}

// up writes the body as a store on disk does: beside its place, synced, renamed.
func (b *bare) up(c *fiber.Ctx) error {
	name := filepath.Join(b.folder, fmt.Sprint("up-", b.names.Add(1)))
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	if err := b.seal(f, c.Body()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return c.SendString("{}")
}
