package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/testkit"
)

const (
	desk     = "01931f7e-6f3a-7c3d-9b1a-000000000001"
	hospital = "01931f7e-6f3a-7c3d-9b1a-000000000002"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, d *db.DB, l *Log)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), Tree()} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) { fn(t, d, New(d, clock.At(noon))) })
}

func act(t *testing.T, d *db.DB, l *Log, tenant string, n int) {
	t.Helper()
	ctx := With(db.As(context.Background(), tenant), Who{User: ids.New[ids.User](), RequestID: "r"})
	for i := range n {
		if err := d.InTx(ctx, func(ctx context.Context) error {
			return l.Did(ctx, Entry{Action: "send", Object: "referral", ID: fmt.Sprint(i), Fields: []string{"reason"}})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func seal(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// report is what Verify says of one tenant.
func report(t *testing.T, l *Log, tenant string) Report {
	t.Helper()
	list, err := l.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Tenant == tenant {
			return r
		}
	}
	return Report{}
}

func tamper(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.AsSystem(context.Background(), "test", func(ctx context.Context) error {
		res, err := db.Conn(ctx).NewRaw(query, args...).Exec(ctx)
		return db.Affected(res, err)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEachTenantHasItsOwnChain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		act(t, d, l, desk, 3)
		act(t, d, l, hospital, 2)
		act(t, d, l, desk, 2)
		if r := report(t, l, desk); r.Sealed != 0 || r.Unsealed != 5 || !r.OK() || !r.Oldest.Equal(noon) {
			t.Errorf("before the sealer: %+v", r)
		}
		seal(t, l)
		if r := report(t, l, desk); r.Sealed != 5 || r.Unsealed != 0 || !r.OK() {
			t.Errorf("the desk: %+v", r)
		}
		if r := report(t, l, hospital); r.Sealed != 2 || !r.OK() {
			t.Errorf("the hospital: %+v", r)
		}
	})
}

func TestNothingIsSealedTwice(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		hashes := func() (out []string) {
			_ = d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
				var rows []row
				err := db.Conn(ctx).NewSelect().Model(&rows).Order("tenant_id", "seq").Scan(ctx)
				for _, r := range rows {
					out = append(out, fmt.Sprintf("%d %x", r.Seq, r.Hash))
				}
				return err
			})
			return out
		}
		act(t, d, l, desk, 4)
		seal(t, l)
		before := hashes()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() { _ = New(d, clock.At(noon)).Seal(context.Background()) })
		}
		wg.Wait()
		if after := hashes(); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%v became %v", before, after)
		}
		act(t, d, l, desk, 30)
		for range 6 {
			wg.Go(func() { _ = New(d, clock.At(noon)).Seal(context.Background()) })
		}
		wg.Wait()
		seal(t, l)
		if r := report(t, l, desk); r.Sealed != 34 || !r.OK() || r.Unsealed != 0 {
			t.Errorf("six sealers at once: %+v", r)
		}
	})
}

func TestMoreThanOneBatchIsSealed(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		rows := make([]row, sealSize+7)
		for i := range rows {
			rows[i] = l.row(db.As(context.Background(), desk), Entry{Action: "list", Object: "person"})
		}
		if err := d.InTx(db.As(context.Background(), desk), func(ctx context.Context) error { return insert(ctx, rows) }); err != nil {
			t.Fatal(err)
		}
		seal(t, l)
		if r := report(t, l, desk); r.Sealed != sealSize+7 || r.Unsealed != 0 || !r.OK() {
			t.Errorf("%+v", r)
		}
	})
}

func TestVerifyFindsTampering(t *testing.T) {
	for name, c := range map[string]struct {
		tamper string
		breaks int64
	}{
		"a_changed_action":        {"update audit_entries set action = 'read' where tenant_id = ? and seq = 3", 3},
		"a_changed_object":        {"update audit_entries set object_id = 'other' where tenant_id = ? and seq = 1", 1},
		"a_changed_author":        {"update audit_entries set actor = null where tenant_id = ? and seq = 2", 2},
		"a_changed_time":          {"update audit_entries set at = '2020-01-01 00:00:00+00:00' where tenant_id = ? and seq = 4", 4},
		"names_of_fields_removed": {"update audit_entries set detail = '' where tenant_id = ? and seq = 5", 5},
		"a_changed_request":       {"update audit_entries set request_id = 'x' where tenant_id = ? and seq = 5", 5},
		"a_deleted_first_row":     {"delete from audit_entries where tenant_id = ? and seq = 1", 1},
		"a_deleted_middle_row":    {"delete from audit_entries where tenant_id = ? and seq = 3", 3},
		"a_cut_tail":              {"delete from audit_entries where tenant_id = ? and seq >= 4", 4},
		"a_row_of_another_tenant": {"update audit_entries set tenant_id = '" + hospital + "' where tenant_id = ? and seq = 5", 5},
		"a_head_that_was_moved":   {"update audit_heads set seq = 4 where tenant_id = ?", 6},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB, l *Log) {
				act(t, d, l, desk, 5)
				seal(t, l)
				if r := report(t, l, desk); !r.OK() || r.Sealed != 5 {
					t.Fatalf("before: %+v", r)
				}
				tamper(t, d, c.tamper, desk)
				r := report(t, l, desk)
				if r.Break != c.breaks || !strings.Contains(r.String(), fmt.Sprintf("BROKEN at %d", c.breaks)) {
					t.Errorf("%s, want a break at %d", r, c.breaks)
				}
			})
		})
	}
}

func TestAnEntryHoldsNoValues(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		who := Who{User: ids.New[ids.User](), RequestID: "req-1"}
		r := l.row(With(db.As(context.Background(), desk), who), Entry{Action: "change", Object: "person", ID: "p", Fields: []string{"names"}, IDs: []string{"a", "b"}})
		if r.Actor != who.User || r.RequestID != "req-1" || r.TenantID != desk || r.Detail != `{"fields":["names"],"ids":["a","b"]}` || !r.At.Equal(noon) {
			t.Errorf("%+v", r)
		}
		if RequestID(With(context.Background(), who)) != "req-1" || RequestID(context.Background()) != "" {
			t.Error("the request id travels in the context")
		}
	})
}

func TestAnActsEntryFallsWithTheAct(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		boom := errors.New("boom")
		err := d.InTx(db.As(context.Background(), desk), func(ctx context.Context) error {
			return errors.Join(l.Did(ctx, Entry{Action: "send"}), boom)
		})
		if !errors.Is(err, boom) || report(t, l, desk).Unsealed != 0 {
			t.Errorf("%v, %+v", err, report(t, l, desk))
		}
	})
}

func TestReadsAreCommittedTogether(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		// All readers wait before the log runs, so that it finds them together.
		const readers = 40
		var wg sync.WaitGroup
		failed := make(chan error, readers)
		for i := range readers {
			tenant := []string{desk, hospital}[i%2]
			wg.Go(func() {
				if err := l.Opened(db.As(context.Background(), tenant), Entry{Action: "open", Object: "person"}); err != nil {
					failed <- err
				}
			})
		}
		for end := time.Now().Add(10 * time.Second); len(l.reads) < readers && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); l.Run(ctx) }()
		wg.Wait()
		close(failed)
		for err := range failed {
			t.Error(err)
		}
		cancel()
		<-ended // the tail is sealed on the way out
		if a, b := report(t, l, desk), report(t, l, hospital); a.Sealed+b.Sealed != readers || a.Unsealed+b.Unsealed != 0 || !a.OK() || !b.OK() {
			t.Errorf("%v and %v", a, b)
		}
	})
}

func TestAReadThatCannotBeWrittenIsUnavailable(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		gone, cancel := context.WithCancel(db.As(context.Background(), desk))
		cancel()
		if err := l.Opened(gone, Entry{Action: "open"}); !fault.Has(err, fault.Unavailable) {
			t.Errorf("a reader who has left: %v", err)
		}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go l.commitReads(ctx)
		_ = d.Close()
		if err := l.Opened(db.As(context.Background(), desk), Entry{Action: "open"}); !fault.Has(err, fault.Unavailable) {
			t.Errorf("a database that is gone: %v", err)
		}
	})
}

func TestAReadInsideATransactionBelongsToIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		boom := errors.New("boom")
		_ = d.InTx(db.As(context.Background(), desk), func(ctx context.Context) error {
			return errors.Join(l.Opened(ctx, Entry{Action: "open"}), boom)
		})
		if r := report(t, l, desk); r.Unsealed != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestAChainIsWholeWhileItGrows: who verifies beside a sealer at work finds no break.
func TestAChainIsWholeWhileItGrows(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, l *Log) {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				act(t, d, l, desk, 1)
				_ = l.Seal(ctx)
			}
		})
		for range 60 {
			if r := report(t, l, desk); !r.OK() {
				t.Errorf("beside a sealer: %s", r)
				break
			}
		}
		cancel()
		wg.Wait()
	})
}
