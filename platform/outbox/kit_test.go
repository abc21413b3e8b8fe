package outbox

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"testing"
	"testing/fstest"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/testkit"
)

const (
	desk     = "01931f7e-6f3a-7c3d-9b1a-000000000001"
	hospital = "01931f7e-6f3a-7c3d-9b1a-000000000002"
)

// happened is an event of these tests.
type happened struct {
	What string   `json:"what"`
	To   []string `json:"-"`
	Key  string   `json:"-"`
	Seq  int64    `json:"-"`
}

func (happened) EventName() string        { return "test.happened" }
func (h happened) Audience() []string     { return h.To }
func (h happened) Order() (string, int64) { return h.Key, h.Seq }

// house is a database, a clock that stands still and a queue.
type house struct {
	t     *testing.T
	db    *db.DB
	clock *clock.Manual
	cfg   Config
}

// each runs fn on every database, with the embedded queue and, where this run has
// one, with a real Redis.
func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	own, err := fs.Sub(db.Tree(), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := fs.Sub(Tree(), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	effects := fstest.MapFS{"20261101009900_effects.tx.up.sql": {Data: []byte("create table effects (seen text primary key, tenant text not null, what text not null);\n")}}
	queues := map[string]string{"embedded": ""}
	if redis := testkit.Part(t, "TEST_REDIS_URL"); redis != "" {
		queues["redis"] = redis
	}
	for name, url := range queues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.EachDB(t, []fs.FS{own, rows, effects}, func(t *testing.T, d *db.DB) {
				fn(t, &house{t: t, db: d, clock: clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)),
					cfg: Config{RedisURL: url, Prefix: testkit.Unique(), Poll: 20 * time.Millisecond}})
			})
		})
	}
}

// bus makes a bus of the house; it does not run yet.
func (h *house) bus(subs ...Subscription) *Bus {
	b := New(h.db, h.clock, slog.New(slog.NewTextHandler(io.Discard, nil)), h.cfg)
	b.Subscribe(subs...)
	return b
}

// start runs a bus until the test ends.
func (h *house) start(b *Bus) {
	h.t.Helper()
	stop, err := b.Start(context.Background(), true)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(stop)
}

func (h *house) publish(b *Bus, list ...happened) {
	h.t.Helper()
	for _, e := range list {
		if len(e.To) == 0 {
			e.To = []string{desk}
		}
		if err := h.db.InTx(db.As(context.Background(), e.To[0]), func(ctx context.Context) error { return b.Publish(ctx, e) }); err != nil {
			h.t.Fatal(err)
		}
	}
}

// write is a handler that leaves a mark in its own transaction.
func write(ctx context.Context, _ Delivery, e happened) error {
	_, err := db.Conn(ctx).NewRaw("insert into effects (seen, tenant, what) values (?, ?, ?)", ids.New[ids.Entry](), db.Tenant(ctx), e.What).Exec(ctx)
	return err
}

// effects lists the marks in the order in which they were left.
func (h *house) effects() (out []string) {
	h.t.Helper()
	h.system(func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw("select what from effects order by seen").Scan(ctx, &out)
	})
	return out
}

func (h *house) system(fn func(ctx context.Context) error) {
	h.t.Helper()
	if err := h.db.AsSystem(context.Background(), "test", fn); err != nil {
		h.t.Fatal(err)
	}
}

// rows lists the outbox.
func (h *house) rows() (out []row) {
	h.t.Helper()
	h.system(func(ctx context.Context) error { return db.Conn(ctx).NewSelect().Model(&out).Order("id").Scan(ctx) })
	return out
}

// only is the one row of the outbox.
func (h *house) only() row {
	h.t.Helper()
	list := h.rows()
	if len(list) != 1 {
		h.t.Fatalf("%d rows, want one", len(list))
	}
	return list[0]
}

// until waits for something that background work brings about.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("never: %s", what)
		}
	}
}

func (h *house) settled(b *Bus) {
	h.t.Helper()
	h.until("nothing pending", func() bool {
		n, err := b.Pending(context.Background())
		return err == nil && n == 0
	})
}

// handOver claims every row that is ready, as a relay does, without any queue.
func (h *house) handOver() (out []row) {
	h.t.Helper()
	h.system(func(ctx context.Context) (err error) {
		out, err = claim(ctx, h.clock.Now(), h.db.Postgres())
		return err
	})
	return out
}

func delivery(r row) (ids.ID[ids.Delivery], int) { return r.ID, r.Attempt }
