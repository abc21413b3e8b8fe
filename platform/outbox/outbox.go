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
	"errors"
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

// Start connects the queue and, with work, relays and runs handlers until ctx
// ends; then the relay stops first and running jobs finish.
func (b *Bus) Start(ctx context.Context, work bool) (stop func(), err error) {
	q, err := openQueue(b.cfg, b.log)
	if err != nil {
		return nil, err
	}
	b.queue = q
	if !work {
		return q.close, nil
	}
	if b.Embedded() {
		// This process alone holds the data: whatever is "handed" was handed to a
		// queue that died with its process.
		if err := b.db.AsSystem(ctx, "release of rows of a dead queue", func(ctx context.Context) error {
			return release(ctx, b.clock.Now())
		}); err != nil {
			q.close()
			return nil, err
		}
	}
	if err := q.serve(b.attempt); err != nil {
		q.close()
		return nil, err
	}
	relayCtx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { b.relay(relayCtx) })
	return func() {
		cancel()
		wg.Wait()
		q.shutdown()
	}, nil
}

func (b *Bus) relay(ctx context.Context) {
	tick := time.NewTicker(b.cfg.Poll)
	defer tick.Stop()
	for {
		n, err := b.round(ctx)
		if err != nil && ctx.Err() == nil {
			b.log.Warn("relay", "error", string(fault.CodeOf(err)))
		}
		if n == batch && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.runSchedules(ctx)
		case <-b.nudge:
		}
	}
}

// round hands over what is ready and takes back what was handed and lost.
func (b *Bus) round(ctx context.Context) (int, error) {
	now := b.clock.Now()
	waiting, lost := false, false
	if err := b.db.ReadAsSystem(ctx, "relay", func(ctx context.Context) (err error) {
		waiting, lost, err = anything(ctx, now, now.Add(-b.cfg.HandedTimeout))
		return err
	}); err != nil || !waiting && !lost {
		return 0, err
	}
	if err := b.queue.ping(); err != nil {
		if !b.degraded.Swap(true) {
			b.log.Warn("the queue cannot be reached: notices wait")
		}
		return 0, nil
	}
	if b.degraded.Swap(false) {
		b.log.Info("the queue answers again")
	}
	var rows []row
	err := b.db.AsSystem(ctx, "relay", func(ctx context.Context) (err error) {
		if lost {
			if err = takeBack(ctx, now, now.Add(-b.cfg.HandedTimeout)); err != nil {
				return err
			}
		}
		rows, err = claim(ctx, now, b.db.Postgres())
		return err
	})
	if err != nil {
		return 0, err
	}
	for i, r := range rows {
		if err := b.queue.enqueue(r.task()); err != nil {
			b.degraded.Store(true)
			back := rows[i:]
			return 0, b.db.AsSystem(context.WithoutCancel(ctx), "relay", func(ctx context.Context) error { return unclaim(ctx, back) })
		}
	}
	return len(rows), nil
}

func (b *Bus) runSchedules(ctx context.Context) {
	now := b.clock.Now()
	for _, s := range b.schedules {
		instant := now.Truncate(s.Every)
		if last, ok := b.told.Load(s.Name); ok && instant.Equal(last.(time.Time)) {
			continue // this process knows that it was published, by whomever
		}
		e, err := s.Event(ctx)
		if err != nil || e == nil {
			continue
		}
		once := s.Name + "@" + instant.Format(time.RFC3339)
		err = b.db.AsSystem(ctx, "schedules", func(ctx context.Context) error {
			if seen, err := onceSeen(ctx, once); err != nil || seen {
				return err
			}
			return b.publish(ctx, e, once)
		})
		if err != nil && !db.Unique(err, "once") {
			b.log.Warn("schedule", "name", s.Name, "error", string(fault.CodeOf(err)))
			continue
		}
		b.told.Store(s.Name, instant)
	}
}

var (
	errSuperseded = errors.New("outbox: another attempt finished first")
	errNotNow     = errors.New("outbox: gone, done, or another attempt's turn")
)

// attempt runs one handler once. It never fails towards the queue: the row says
// what happens next.
func (b *Bus) attempt(ctx context.Context, t task) {
	r, err := b.deliver(ctx, t)
	if r.ID.IsZero() || errors.Is(err, errNotNow) {
		return
	}
	if err == nil || errors.Is(err, errSuperseded) {
		if r.OrderKey != "" {
			b.wake() // the next of the same order key may go
		}
		return
	}
	b.log.Warn("delivery failed", "subscriber", r.Subscriber, "delivery", r.ID.String(), "attempt", t.Attempt, "error", string(fault.CodeOf(err)))
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.Deadline)
	defer cancel()
	_ = b.db.AsSystem(end, "next attempt", func(ctx context.Context) error {
		return retry(ctx, r, b.clock.Now(), string(fault.CodeOf(err)))
	})
}

// deliver reads the row of a task and runs its handler: in one transaction, or outside
// of any where the subscription says so. The row is zero if it could not be read.
func (b *Bus) deliver(ctx context.Context, t task) (r row, err error) {
	defer func() {
		if p := recover(); p != nil { // a broken handler must not end the process
			err = fault.New(fault.Internal)
		}
	}()
	turn := func(ctx context.Context) (err error) {
		if r, err = load(ctx, t.ID); err == nil && (r.State != handed || r.Attempt != t.Attempt || !t.matches(r)) {
			return errNotNow
		}
		return err
	}
	if sub, ok := b.subscriber(t.Subscriber); ok && !sub.Outside && t.Tenant != "" {
		err = b.db.InTx(db.As(ctx, t.Tenant), func(ctx context.Context) error {
			if err := turn(ctx); err != nil {
				return err
			}
			return b.handle(ctx, sub, r)
		})
		return r, err
	}
	if err := b.db.ReadAsSystem(ctx, "load a delivery", turn); err != nil {
		return r, err
	}
	sub, ok := b.subscriber(r.Subscriber)
	if !ok {
		return r, errors.New("no such subscriber")
	}
	ctx = db.As(ctx, r.TenantID)
	if !sub.Outside {
		return r, b.db.InTx(ctx, func(ctx context.Context) error { return b.handle(ctx, sub, r) })
	}
	if err := sub.Run(ctx, r.delivery()); err != nil {
		return r, err
	}
	return r, b.db.InTx(ctx, func(ctx context.Context) error { return b.done(ctx, r) })
}

// handle runs a handler and marks its delivery as done, in the transaction of ctx.
func (b *Bus) handle(ctx context.Context, sub Subscription, r row) error {
	if err := sub.Run(ctx, r.delivery()); err != nil {
		return err
	}
	return b.done(ctx, r)
}

func (b *Bus) subscriber(name string) (Subscription, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	sub, ok := b.subs[name]
	return sub, ok
}

func (b *Bus) done(ctx context.Context, r row) error {
	n, err := markDone(ctx, r, b.clock.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return errSuperseded
	}
	return nil
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
