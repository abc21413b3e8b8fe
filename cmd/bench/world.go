package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/vault"
)

// open is how many open referrals the measured tenant has in every world, and fresh
// how many persons wait at the desk, with a consent, for the sends of the runs.
const (
	openReferrals = 500
	tenantCount   = 200
	desks         = 20
	perPerson     = 3
	poolPerDesk   = 50
)

// world is one prepared data folder.
type world struct {
	options
	n        int
	folder   string
	password string
	pg       string // address of the copy in PostgreSQL, "" for the embedded one
	pgPID    int
	freshly  bool
}

// prepare makes the world of this size, or finds the one that is kept.
func (o options) prepare(ctx context.Context, n int) (*world, error) {
	w := &world{options: o, n: n, folder: filepath.Join(o.dir, fmt.Sprint(n))}
	done := filepath.Join(w.folder, "filled")
	if _, err := os.Stat(done); errors.Is(err, fs.ErrNotExist) {
		start := time.Now()
		if err := os.RemoveAll(w.folder); err != nil {
			return nil, err
		}
		// The network and one referral of every state are made by the services.
		if err := w.demo(ctx); err != nil {
			return nil, err
		}
		if err := w.fill(ctx); err != nil {
			return nil, err
		}
		if err := os.WriteFile(done, nil, 0o600); err != nil {
			return nil, err
		}
		w.freshly = true
		fmt.Printf("world of %d referrals made in %s\n", n, time.Since(start).Round(time.Second))
	}
	var sheet struct {
		Accounts []struct{ Password string } `json:"accounts"`
	}
	b, err := os.ReadFile(filepath.Join(w.folder, "demo.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &sheet); err != nil || len(sheet.Accounts) == 0 {
		return nil, errors.New("the demo's sheet cannot be read")
	}
	w.password = sheet.Accounts[0].Password
	return w, nil
}

// demo runs the demo until its network stands.
func (w *world) demo(ctx context.Context) error {
	p, err := start(ctx, nil, w.bin, "demo", "--listen", "127.0.0.1:0", "--data", w.folder, "--json")
	if err != nil {
		return err
	}
	defer p.end()
	err = p.until(time.Minute, func() error {
		_, err := os.Stat(filepath.Join(w.folder, "demo.json"))
		if err != nil || !strings.Contains(p.out.String(), "http://") {
			return errors.New("the demo is not ready")
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The seed acts without a request: somebody has to sign in, look and read, so that
	// entries of people are among the templates.
	var sheet struct {
		URL      string
		Accounts []struct{ Email, Password string }
	}
	if err := json.Unmarshal([]byte(p.out.String()), &sheet); err != nil {
		return err
	}
	t := target{base: sheet.URL}
	b, err := t.do(request{method: "POST", path: fixed("/t/hospital/api/v1/session"), status: 201, body: func(int) ([]byte, string) {
		return asJSON(map[string]string{"email": "intake@hospital.demo", "password": sheet.Accounts[0].Password}), "application/json"
	}}, 0)
	if err != nil {
		return err
	}
	t.headers = map[string]string{"Authorization": "Bearer " + field(b, "token", new(string))}
	list, err := t.do(request{method: "GET", path: fixed("/t/hospital/api/v1/referrals?box=in"), status: 200}, 0)
	if err != nil {
		return err
	}
	var page struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(list, &page); err != nil {
		return err
	}
	for _, x := range page.Items {
		if _, err := t.do(request{method: "GET", path: fixed("/t/hospital/api/v1/referrals/" + x.ID), status: 200}, 0); err != nil {
			return err
		}
	}
	notices, err := t.do(request{method: "GET", path: fixed("/t/hospital/api/v1/notifications"), status: 200}, 0)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(notices, &page); err != nil || len(page.Items) == 0 {
		return fmt.Errorf("no notice to read: %w", err)
	}
	if _, err := t.do(request{method: "POST", path: fixed("/t/hospital/api/v1/notifications/" + page.Items[0].ID + "/read"), status: 200, body: func(int) ([]byte, string) { return []byte("{}"), "application/json" }}, 0); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // deliveries and seals
	return nil
}

func (w *world) file() string { return filepath.Join(w.folder, "shubbak.db") }

// record is one row, by column.
type record map[string]any

// filler writes rows in bulk. Each is a row that the services made, with other ids,
// names, times and freshly sealed content: so shapes are those of real use.
type filler struct {
	*world
	ctx    context.Context
	raw    *sql.DB
	tx     *sql.Tx
	vault  *vault.Vault
	rnd    *rand.Rand
	stmts  map[string]*sql.Stmt
	cols   map[string][]string
	made   map[string]map[string][]record // templates by table and referral id
	seq    map[string]int64
	number map[string]int
	checks map[string]int
	shapes map[string]map[string]bool
	acts   []record          // entries of the audit trail that acts left
	last   map[string][]byte // hash of each trail's last entry
	model  string            // the agreement of the measured pair
	pair   [2]string
}

func (w *world) fill(ctx context.Context) (err error) {
	product, err := db.Open("sqlite:" + w.file())
	if err != nil {
		return err
	}
	defer product.Close()
	master, err := vault.OpenMaster(filepath.Join(w.folder, "master.key"), false)
	if err != nil {
		return err
	}
	raw, err := sql.Open("sqlite", "file:"+w.file()+"?_pragma=foreign_keys(0)&_pragma=synchronous(OFF)&_pragma=cache_size(-400000)&_pragma=temp_store(MEMORY)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	f := &filler{world: w, ctx: ctx, raw: raw, vault: vault.New(product, master, clock.System{}), rnd: rand.New(rand.NewPCG(7, uint64(w.n))), stmts: map[string]*sql.Stmt{}, cols: map[string][]string{},
		made: map[string]map[string][]record{}, seq: map[string]int64{}, number: map[string]int{}, checks: map[string]int{}, shapes: map[string]map[string]bool{}, last: map[string][]byte{}}
	senders, receivers, keys, err := f.network(product, raw)
	if err != nil {
		return fmt.Errorf("network: %w", err)
	}
	indexes, err := dropIndexes(ctx, raw)
	if err != nil {
		return err
	}
	if f.tx, err = raw.BeginTx(ctx, nil); err != nil {
		return err
	}
	defer func() { _ = f.tx.Rollback() }()
	if err := f.work(senders, receivers, keys); err != nil {
		return err
	}
	if err := f.heads(); err != nil {
		return err
	}
	if err := f.tx.Commit(); err != nil {
		return err
	}
	for _, create := range append(indexes, "pragma analysis_limit=2000", "analyze", "pragma wal_checkpoint(truncate)") {
		if _, err := raw.ExecContext(ctx, create); err != nil {
			return err
		}
	}
	return f.compared()
}

// dropIndexes takes the plain indexes away, to be made again over all rows at once.
func dropIndexes(ctx context.Context, d *sql.DB) (create []string, err error) {
	rows, err := d.QueryContext(ctx, "select name, sql from sqlite_master where type = 'index' and sql is not null")
	if err != nil {
		return nil, err
	}
	var names []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		names, create = append(names, name), append(create, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, n := range names {
		if _, err := d.ExecContext(ctx, "drop index "+n); err != nil {
			return nil, err
		}
	}
	return create, nil
}

// place is one institution that takes part.
type place struct{ tenant, unit, user, service string }

// network adds institutions to those of the demo: copies of its desk and of its
// hospital, each with keys of its own, and keys for the persons of each desk.
func (f *filler) network(product *db.DB, raw *sql.DB) (senders, receivers []place, keys map[string][]string, err error) {
	one := func(query string, args ...any) (out record, err error) {
		list, err := rowsOf(f.ctx, raw, query, args...)
		if err != nil || len(list) == 0 {
			return nil, errors.Join(err, fmt.Errorf("nothing found: %s", query))
		}
		return list[0], nil
	}
	keys = map[string][]string{}
	for _, slug := range []string{"coordination", "hospital"} {
		t, err := one("select * from tenants where slug = ?", slug)
		if err != nil {
			return nil, nil, nil, err
		}
		email := map[string]string{"coordination": "worker@coordination.demo", "hospital": "intake@hospital.demo"}[slug]
		u, err := one("select * from users where tenant_id = ? and email = ?", t["id"], email)
		if err != nil {
			return nil, nil, nil, err
		}
		m, err := one("select * from memberships where user_id = ?", u["id"])
		if err != nil {
			return nil, nil, nil, err
		}
		un, err := one("select * from units where id = ?", m["unit_id"])
		if err != nil {
			return nil, nil, nil, err
		}
		s, err := one("select * from services where tenant_id = ? and organization_id is null order by id", t["id"])
		if err != nil {
			return nil, nil, nil, err
		}
		count := desks
		if slug == "hospital" {
			count = tenantCount - desks - 4
		}
		for i := range count + 1 {
			p := place{fmt.Sprint(t["id"]), fmt.Sprint(un["id"]), fmt.Sprint(u["id"]), fmt.Sprint(s["id"])}
			if i > 0 {
				p = place{newID(), newID(), newID(), newID()}
				if err := f.institution(product, raw, t, un, u, m, s, p, fmt.Sprintf("%s-%d", slug, i)); err != nil {
					return nil, nil, nil, err
				}
			}
			if slug == "hospital" {
				receivers = append(receivers, p)
				continue
			}
			senders = append(senders, p)
			pool := poolPerDesk
			if i == 0 {
				pool = openReferrals // the persons whom the measured lists name have a key each
			}
			err := product.InTx(db.As(f.ctx, p.tenant), func(ctx context.Context) error {
				for range pool {
					k, err := f.vault.NewKey(ctx)
					if err != nil {
						return err
					}
					keys[p.tenant] = append(keys[p.tenant], k.String())
				}
				return nil
			})
			if err != nil {
				return nil, nil, nil, err
			}
		}
	}
	return senders, receivers, keys, nil
}

func (f *filler) institution(product *db.DB, raw *sql.DB, t, un, u, m, s record, p place, slug string) error {
	for _, x := range []struct {
		table string
		row   record
	}{
		{"tenants", t.with("id", p.tenant, "slug", slug)},
		{"units", un.with("id", p.unit, "tenant_id", p.tenant, "parent_id", nil)},
		{"users", u.with("id", p.user, "tenant_id", p.tenant, "email", "one@"+slug+".demo", "key_id", nil)},
		{"memberships", m.with("id", newID(), "tenant_id", p.tenant, "user_id", p.user, "unit_id", p.unit)},
		{"services", s.with("id", p.service, "tenant_id", p.tenant, "unit_id", p.unit)},
	} {
		names, values := x.row.split()
		if _, err := raw.ExecContext(f.ctx, insertText(x.table, names), values...); err != nil {
			return fmt.Errorf("%s: %w", x.table, err)
		}
	}
	return product.AsSystem(f.ctx, "a tenant of the bench", func(ctx context.Context) error { return f.vault.AddTenant(ctx, p.tenant) })
}

// with is a copy with other values.
func (r record) with(pairs ...any) record {
	out := make(record, len(r))
	for k, v := range r {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func newID() string { return ids.New[ids.Entry]().String() }
