package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/testkit"

	"github.com/uptrace/bun"
)

const (
	mine   = "01931f7e-6f3a-7c3d-9b1a-000000000001"
	theirs = "01931f7e-6f3a-7c3d-9b1a-000000000002"
)

// noteSchema is a table of a tenant behind a wall, with a unique name.
var noteSchema = fstest.MapFS{"20261101009900_notes.tx.up.sql": {Data: []byte(`create table notes (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null,
  name text not null
);
--bun:split
create unique index notes_name on notes (tenant_id, name);
--bun:split
{{.Wall "notes" "tenant_id = app_tenant()"}}
`)}}

func trees(t testing.TB) []fs.FS {
	t.Helper()
	own, err := fs.Sub(db.Tree(), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return []fs.FS{own, noteSchema}
}

type note struct {
	bun.BaseModel `bun:"table:notes,alias:n"`
	ID            string `bun:",pk"`
	TenantID      string
	Name          string
}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Parallel()
	testkit.EachDB(t, trees(t), fn)
}

func as(tenant string) context.Context { return db.As(context.Background(), tenant) }

func add(ctx context.Context, id, tenant, name string) error {
	_, err := db.Conn(ctx).NewInsert().Model(&note{ID: id, TenantID: tenant, Name: name}).Exec(ctx)
	return err
}

// names lists what a query without any scope of its own sees: the hook of testkit
// looks at tables of the product only.
func names(ctx context.Context) (out []string, err error) {
	err = db.Conn(ctx).NewSelect().Model((*note)(nil)).Column("name").Order("name").Scan(ctx, &out)
	return out, err
}

func id(n int) string { return fmt.Sprintf("01931f7e-6f3a-7c3d-9b1a-0000000001%02d", n) }

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	var list []string
	err := d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) (err error) {
		list, err = names(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestTransactions(t *testing.T) {
	boom := errors.New("boom")
	for name, fn := range map[string]func(t *testing.T, d *db.DB){
		"commit_what_went_well": func(t *testing.T, d *db.DB) {
			if err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, "a") }); err != nil || count(t, d) != 1 {
				t.Errorf("%v, %d rows", err, count(t, d))
			}
		},
		"roll_back_on_an_error": func(t *testing.T, d *db.DB) {
			err := d.InTx(as(mine), func(ctx context.Context) error { return errors.Join(add(ctx, id(1), mine, "a"), boom) })
			if !errors.Is(err, boom) || count(t, d) != 0 {
				t.Errorf("%v, %d rows", err, count(t, d))
			}
		},
		"roll_back_on_a_panic_and_let_it_pass": func(t *testing.T, d *db.DB) {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				_ = d.InTx(as(mine), func(ctx context.Context) error { _ = add(ctx, id(1), mine, "a"); panic("boom") })
			}()
			if count(t, d) != 0 {
				t.Error("the row stayed")
			}
			if err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, "a") }); err != nil {
				t.Errorf("the connection did not come back: %v", err)
			}
		},
		"join_the_outer_one": func(t *testing.T, d *db.DB) {
			err := d.InTx(as(mine), func(ctx context.Context) error {
				if err := d.InTx(ctx, func(ctx context.Context) error { return add(ctx, id(1), mine, "a") }); err != nil {
					return err
				}
				if err := d.Read(ctx, func(ctx context.Context) error {
					list, err := names(ctx)
					if len(list) != 1 {
						t.Errorf("a read inside sees %v", list)
					}
					return err
				}); err != nil {
					return err
				}
				return boom
			})
			if !errors.Is(err, boom) || count(t, d) != 0 {
				t.Errorf("the nested transaction was not the outer one: %v, %d rows", err, count(t, d))
			}
		},
		"need_a_tenant": func(t *testing.T, d *db.DB) {
			never := func(context.Context) error { t.Error("it ran"); return nil }
			if d.InTx(context.Background(), never) == nil || d.Read(context.Background(), never) == nil {
				t.Error("a transaction of nobody began")
			}
		},
		"refuse_a_write_while_reading": func(t *testing.T, d *db.DB) {
			err := d.Read(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, "a") })
			if err == nil || count(t, d) != 0 {
				t.Errorf("%v, %d rows", err, count(t, d))
			}
			err = d.Read(as(mine), func(ctx context.Context) error {
				return d.InTx(ctx, func(context.Context) error { t.Error("a write joined a read"); return nil })
			})
			if err == nil {
				t.Error("a write joined a read")
			}
		},
		"are_needed_by_a_store": func(t *testing.T, d *db.DB) {
			if err := add(as(mine), id(1), mine, "a"); err == nil || count(t, d) != 0 {
				t.Errorf("a store worked without a transaction: %v", err)
			}
			err := d.InTx(as(mine), func(ctx context.Context) error { return add(db.Detached(ctx), id(1), mine, "a") })
			if err == nil {
				t.Error("a detached context still carried the transaction")
			}
		},
		"say_what_they_are": func(t *testing.T, d *db.DB) {
			_ = d.InTx(as(mine), func(ctx context.Context) error {
				if !db.Inside(ctx) || db.IsSystem(ctx) || db.Tenant(ctx) != mine || db.Inside(db.Detached(ctx)) || db.Tenant(db.Detached(ctx)) != mine {
					t.Error("inside a tenant's transaction")
				}
				return nil
			})
			_ = d.AsSystem(as(mine), "test", func(ctx context.Context) error {
				if !db.Inside(ctx) || !db.IsSystem(ctx) {
					t.Error("inside system work")
				}
				return nil
			})
		},
		"run_what_follows_after_the_commit_only": func(t *testing.T, d *db.DB) {
			ran := 0
			_ = d.InTx(as(mine), func(ctx context.Context) error {
				db.AfterCommit(ctx, func() { ran++ })
				if ran != 0 {
					t.Error("before the commit")
				}
				return d.InTx(ctx, func(ctx context.Context) error { db.AfterCommit(ctx, func() { ran++ }); return nil })
			})
			_ = d.InTx(as(mine), func(ctx context.Context) error { db.AfterCommit(ctx, func() { ran += 100 }); return boom })
			db.AfterCommit(context.Background(), func() { ran++ })
			if ran != 3 {
				t.Errorf("ran %d, want 3", ran)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { each(t, fn) })
	}
}

func TestSystemWork(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.AsSystem(ctx, "test", func(ctx context.Context) error {
			return errors.Join(add(ctx, id(1), mine, "a"), add(ctx, id(2), theirs, "b"))
		}); err != nil {
			t.Fatal(err)
		}
		err := d.InTx(as(mine), func(ctx context.Context) error {
			if err := d.AsSystem(ctx, "test", func(context.Context) error { t.Error("it ran"); return nil }); err == nil {
				t.Error("system work began inside a tenant's transaction")
			}
			return d.ReadAsSystem(ctx, "test", func(ctx context.Context) error {
				list, err := names(ctx)
				if len(list) != 2 {
					t.Errorf("a system's read beside a tenant's transaction sees %v", list)
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if d.ReadAsSystem(ctx, "test", func(ctx context.Context) error { return add(ctx, id(3), mine, "c") }) == nil {
			t.Error("a system's read wrote")
		}
	})
}

func TestTheSecondWall(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if !d.Postgres() {
			t.Skip("only PostgreSQL has it; on SQLite the scoped queries stand alone")
		}
		if err := d.InTx(as(theirs), func(ctx context.Context) error { return add(ctx, id(1), theirs, "secret") }); err != nil {
			t.Fatal(err)
		}
		err := d.InTx(as(mine), func(ctx context.Context) error {
			if list, err := names(ctx); err != nil || len(list) != 0 {
				t.Errorf("read %v, %v", list, err)
			}
			res, err := db.Conn(ctx).NewUpdate().Model((*note)(nil)).Set("name = 'mine'").Where("1 = 1").Exec(ctx)
			if err := db.Affected(res, err); !fault.Has(err, fault.VersionConflict) {
				t.Errorf("update: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(2), theirs, "planted") }); err == nil {
			t.Error("a row was written into another tenant")
		}
		// The setting ends with its transaction, also on a connection that is used again.
		for range 30 {
			if err := d.Read(as(mine), func(ctx context.Context) error {
				list, err := names(ctx)
				if len(list) != 0 {
					t.Errorf("after others' work: %v", list)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			_ = d.Read(as(theirs), func(ctx context.Context) error { _, err := names(ctx); return err })
			_ = d.AsSystem(context.Background(), "test", func(ctx context.Context) error { _, err := names(ctx); return err })
		}
	})
}

func TestUniqueKeys(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		const value = "Fatima-Bouziane-0661000027"
		err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, value) })
		if err != nil {
			t.Fatal(err)
		}
		err = d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(2), mine, value) })
		if !db.Unique(err, "name") || !db.Unique(err, "") || db.Unique(err, "email") || db.Unique(nil, "") || db.Unique(errors.New("x"), "") {
			t.Errorf("unique by name: %v", err)
		}
		if db.NoRows(err) || db.Gone(err) {
			t.Errorf("it is neither missing nor gone: %v", err)
		}
		silent(t, err)
		inside := d.InTx(as(mine), func(ctx context.Context) error {
			if err := add(ctx, id(3), mine, value); !db.Unique(err, "name") {
				t.Errorf("a driver's own error, inside the transaction: %v", err)
			}
			return fault.New(fault.NotPermitted)
		})
		if !fault.Has(inside, fault.NotPermitted) {
			t.Errorf("a fault passes as it is: %v", inside)
		}
		if err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, "other") }); !db.Unique(err, "") {
			t.Errorf("a primary key: %v", err)
		}
	})
}

// silent fails when an error repeats a value in any of its forms.
func silent(t *testing.T, err error) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprint(errors.Unwrap(err)), fault.Of(fault.Internal, err).Error()} {
		if strings.Contains(text, "Fatima") || strings.Contains(text, "0661") {
			t.Errorf("the value stands in the error: %s", text)
		}
	}
}

func TestAFailureRepeatsNoValue(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		const value = "Fatima-0661000027"
		for name, query := range map[string]string{
			"a missing column": "select \"" + value + "\".x from notes",
			"no syntax":        "selct '" + value + "'",
			"no uuid":          "select * from notes where tenant_id = '" + value + "'",
			"no number":        "select cast('" + value + "' as integer) / 0",
		} {
			err := d.InTx(as(mine), func(ctx context.Context) error {
				_, err := db.Conn(ctx).NewRaw(query).Exec(ctx)
				return err
			})
			if err == nil && d.Postgres() {
				t.Errorf("%s went well", name)
			}
			if err != nil {
				silent(t, err)
			}
		}
	})
}

func TestOpenPrintsNoPassword(t *testing.T) {
	t.Parallel()
	_, err := db.Open("postgres://user:secret-word@host:notaport/x")
	if err == nil || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("%v", err)
	}
}

func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	d, err := db.Open("postgres://u:secret-word@127.0.0.1:1/x?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.InTx(as(mine), func(context.Context) error { return nil })
	if !fault.Has(err, fault.Unavailable) || !db.Gone(err) || strings.Contains(fmt.Sprintf("%+v", err), "secret-word") {
		t.Errorf("%v", err)
	}
	if err := d.Ping(context.Background()); !fault.Has(err, fault.Unavailable) {
		t.Errorf("ping: %v", err)
	}
}

// Readers load keys inside their transaction. As many as the pool holds, all at once,
// must not wait for each other.
func TestManyReadersLoadKeysAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		const readers = 16
		var all, done sync.WaitGroup
		failed := make(chan error, readers)
		all.Add(4)
		for i := range readers {
			done.Go(func() {
				failed <- d.Read(as(mine), func(ctx context.Context) error {
					if i < 4 { // so many hold a connection of any pool before one asks further
						all.Done()
						all.Wait()
					}
					return d.ReadAsSystem(ctx, "test", func(ctx context.Context) error {
						_, err := db.Conn(ctx).NewRaw("select 1").Exec(ctx)
						return err
					})
				})
			})
		}
		done.Wait()
		close(failed)
		for err := range failed {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
