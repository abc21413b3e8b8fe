// Package outbox carries news from one module to another without losing any.
//
// Publish writes one row per (subscriber, tenant) in the transaction of the act.
// SQL owns the truth; asynq delivers one attempt at it. A handler's writes and
// its "done" mark commit together, so a second delivery has no effect; whatever
// was handed over and not finished (a killed worker, an emptied Redis) becomes
// the next attempt after HandedTimeout. Redis may lose everything at any time.
//
// The rows hold ids and codes, never personal data.
package outbox

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

//go:embed migrations
var migrations embed.FS

// Tree is the package's part of the migration tree.
func Tree() fs.FS { return migrations }

// Event is a fact in the past tense.
type Event interface {
	// EventName is stable: it is stored.
	EventName() string
	// Audience is the tenants whose tables handlers may have to write.
	Audience() []string
	// Order puts events with the same key in a row, by seq; "" means any order.
	Order() (key string, seq int64)
}

// Delivery is one event on its way to one subscriber in one tenant.
type Delivery struct {
	ID      ids.ID[ids.Delivery]
	Tenant  string
	Attempt int
	Payload json.RawMessage
}

// Subscription is a handler of one event.
type Subscription struct {
	Name  string // stable: it is stored
	Event string
	// Outside runs the handler without a transaction (a mail is sent to another
	// machine): at least once. Otherwise its writes and the done mark commit
	// together: exactly once.
	Outside bool
	// Together lets deliveries of one tenant share a transaction, and so one commit. It
	// is for handlers that are short and rarely fail: where one does, all of that
	// transaction are run again, each by itself.
	Together bool
	// Shared says that handlers of different tenants write the same rows, as the figures
	// of an agreement are those of all its parties. Their transactions then follow each
	// other everywhere; those of Together do so within a tenant.
	Shared bool
	// Only narrows the audience, so that no delivery is made for nothing; nil means
	// everybody.
	Only func(e Event, tenant string) bool
	Run  func(ctx context.Context, d Delivery) error
}

// On makes a subscription with a typed payload.
func On[E Event](name string, run func(ctx context.Context, d Delivery, e E) error) Subscription {
	var zero E
	return Subscription{Name: name, Event: zero.EventName(), Run: func(ctx context.Context, d Delivery) error {
		var e E
		if err := json.Unmarshal(d.Payload, &e); err != nil {
			return err
		}
		return run(ctx, d, e)
	}}
}

// Schedule publishes an event at each multiple of Every, once over all replicas.
type Schedule struct {
	Name  string
	Every time.Duration
	Event func(ctx context.Context) (Event, error)
}

// Config says how the queue behaves; the zero value is the embedded default.
type Config struct {
	RedisURL      string        // "" starts an in-process queue
	HandedTimeout time.Duration // 45 s
	Poll          time.Duration // 500 ms
	Workers       int           // 4
	Prefix        string        // queue name, so that tests share one Redis
}

// Bus publishes, relays and runs handlers.
type Bus struct {
	db    *db.DB
	clock clock.Clock
	log   *slog.Logger
	cfg   Config

	mu        sync.RWMutex
	subs      map[string]Subscription
	byEvent   map[string][]string
	schedules []Schedule
	told      sync.Map // by schedule: the last instant that stands in the table, as far as this process knows

	nudge    chan struct{}
	degraded atomic.Bool
	queue    *queue
}

// New makes a bus. Nothing runs before Start.
func New(d *db.DB, c clock.Clock, log *slog.Logger, cfg Config) *Bus {
	if cfg.HandedTimeout == 0 {
		cfg.HandedTimeout = 45 * time.Second
	}
	if cfg.Poll == 0 {
		cfg.Poll = 500 * time.Millisecond
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "shubbak"
	}
	return &Bus{db: d, clock: c, log: log, cfg: cfg, subs: map[string]Subscription{}, byEvent: map[string][]string{}, nudge: make(chan struct{}, 1)}
}

// Subscribe adds handlers; call it before Start.
func (b *Bus) Subscribe(subs ...Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		b.subs[s.Name] = s
		b.byEvent[s.Event] = append(b.byEvent[s.Event], s.Name)
	}
}

// Every adds schedules; call it before Start.
func (b *Bus) Every(s ...Schedule) { b.schedules = append(b.schedules, s...) }

// Embedded reports that the queue lives in this process.
func (b *Bus) Embedded() bool { return b.cfg.RedisURL == "" }

// Degraded reports that the queue cannot be reached: notices wait in the
// database and follow later.
func (b *Bus) Degraded() bool { return b.degraded.Load() }

// Trims are the deliveries that are done.
func Trims() []db.Trim {
	return []db.Trim{{Table: "outbox", Where: "state = 'done' and done_at < ?", Keep: 7 * 24 * time.Hour}}
}

// Publish writes the event's rows in the transaction of ctx.
func (b *Bus) Publish(ctx context.Context, e Event) error {
	return b.publish(ctx, e, "")
}

func (b *Bus) publish(ctx context.Context, e Event, once string) error {
	payload, err := json.Marshal(e)
	if err != nil {
		return err
	}
	key, seq := e.Order()
	now := b.clock.Now()
	var rows []row
	b.mu.RLock()
	for _, sub := range b.byEvent[e.EventName()] {
		only := b.subs[sub].Only
		for _, t := range e.Audience() {
			if only != nil && !only(e, t) {
				continue
			}
			r := row{ID: ids.New[ids.Delivery](), TenantID: t, Subscriber: sub, Event: e.EventName(), Payload: string(payload),
				OrderKey: key, Sequence: seq, State: ready, NextAt: now, CreatedAt: now}
			if once != "" {
				r.OnceKey = once + ":" + sub + ":" + t
			}
			rows = append(rows, r)
		}
	}
	b.mu.RUnlock()
	if len(rows) == 0 {
		return nil
	}
	db.AfterCommit(ctx, b.wake)
	return insert(ctx, rows)
}

func (b *Bus) wake() {
	select {
	case b.nudge <- struct{}{}:
	default:
	}
}

// Pending counts rows that are neither done nor dead; tests wait for zero.
func (b *Bus) Pending(ctx context.Context) (n int, err error) {
	err = b.db.ReadAsSystem(ctx, "count of open deliveries", func(ctx context.Context) error {
		n, err = pending(ctx)
		return err
	})
	return n, err
}

// Backlog is what waits, for the operator.
type Backlog struct {
	Waiting, Dead int
	Oldest        time.Time // of what waits and should have gone
}

// Backlog counts deliveries that wait and those that were given up.
func (b *Bus) Backlog(ctx context.Context) (out Backlog, err error) {
	err = b.db.ReadAsSystem(ctx, "count of open deliveries", func(ctx context.Context) error {
		out, err = backlog(ctx)
		return err
	})
	return out, err
}

// PingRedis reports whether the Redis of an address answers.
func PingRedis(ctx context.Context, raw string) error {
	c, err := Redis(raw)
	if err != nil {
		return err
	}
	defer c.Close()
	if c.Ping(ctx).Err() != nil {
		return fault.New(fault.Unavailable)
	}
	return nil
}
