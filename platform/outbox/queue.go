package outbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"shubbak/platform/ids"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// queue is asynq over a real Redis, or over one that lives in this process.
type queue struct {
	opt     asynq.RedisConnOpt
	client  *asynq.Client
	server  *asynq.Server
	mini    *miniredis.Miniredis
	stop    chan struct{}
	once    sync.Once
	name    string
	workers int
	log     *slog.Logger
}

const taskType = "deliver"

// task names a delivery and what the process that runs it must know before it reads the
// row. It holds ids and names of the code alone: Redis may stand elsewhere.
type task struct {
	ID         ids.ID[ids.Delivery] `json:"id"`
	Attempt    int                  `json:"attempt"`
	Tenant     string               `json:"tenant,omitempty"`
	Subscriber string               `json:"subscriber,omitempty"`
	More       []turn               `json:"more,omitempty"` // the others that go together with it
}

// turn is one attempt at one delivery.
type turn struct {
	ID      ids.ID[ids.Delivery] `json:"id"`
	Attempt int                  `json:"attempt"`
}

// alone are the attempts of a task as tasks of their own.
func (t task) alone() []task {
	out := []task{{ID: t.ID, Attempt: t.Attempt, Tenant: t.Tenant, Subscriber: t.Subscriber}}
	for _, x := range t.More {
		out = append(out, task{ID: x.ID, Attempt: x.Attempt, Tenant: t.Tenant, Subscriber: t.Subscriber})
	}
	return out
}

func (t task) ids() []ids.ID[ids.Delivery] {
	out := []ids.ID[ids.Delivery]{t.ID}
	for _, x := range t.More {
		out = append(out, x.ID)
	}
	return out
}

// matches reports that it is the turn of a task's row, and that what the task says of it
// is so: the row decides as whom its handler runs, not the queue.
func (t task) matches(r row) bool {
	mine := func(x turn) bool { return x == turn{r.ID, r.Attempt} }
	return r.State == handed && (mine(turn{t.ID, t.Attempt}) || slices.ContainsFunc(t.More, mine)) && (t.Tenant == "" || t.Tenant == r.TenantID) && (t.Subscriber == "" || t.Subscriber == r.Subscriber)
}

func openQueue(cfg Config, log *slog.Logger) (*queue, error) {
	redis.SetLogger(silent{}) // the relay says once that the queue is gone
	q := &queue{stop: make(chan struct{}), name: cfg.Prefix, workers: cfg.Workers, log: log}
	if cfg.RedisURL == "" {
		if err := q.embed(); err != nil {
			return nil, err
		}
	} else {
		opt, err := redisOption(cfg.RedisURL)
		if err != nil {
			return nil, err
		}
		q.opt = opt
	}
	q.client = asynq.NewClient(q.opt)
	return q, nil
}

// redisOption reads redis://[:password@]host:port[/db]; short time-outs, because
// people go on working when it does not answer.
func redisOption(raw string) (asynq.RedisConnOpt, error) {
	o, err := asynq.ParseRedisURI(raw)
	if err != nil {
		return nil, errors.New("redis url: not a usable address")
	}
	c, ok := o.(asynq.RedisClientOpt)
	if !ok {
		return o, nil
	}
	if u, err := url.Parse(raw); err == nil && u.User != nil && c.Username == "" {
		c.Username = u.User.Username()
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
	return c, nil
}

// Redis connects to the queue's Redis, whatever its kind, for hints.
func Redis(raw string) (redis.UniversalClient, error) {
	opt, err := redisOption(raw)
	if err != nil {
		return nil, err
	}
	c, ok := opt.MakeRedisClient().(redis.UniversalClient)
	if !ok {
		return nil, errors.New("redis url: not a usable address")
	}
	return c, nil
}

// embed starts a Redis in this process: loopback, a random password, its clock
// stepped by hand because it has none of its own.
func (q *queue) embed() error {
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	password := hex.EncodeToString(secret)
	m := miniredis.NewMiniRedis()
	m.RequireAuth(password)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	if err := m.StartAddr(addr); err != nil {
		return err
	}
	q.mini = m
	q.opt = asynq.RedisClientOpt{Addr: addr, Password: password, DialTimeout: time.Second}
	go func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-q.stop:
				return
			case now := <-tick.C:
				m.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return nil
}

func (q *queue) ping() error { return q.client.Ping() }

func (q *queue) enqueue(t task) error {
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = q.client.Enqueue(asynq.NewTask(taskType, b), asynq.Queue(q.name), asynq.TaskID(t.ID.String()+":"+itoa(t.Attempt)),
		asynq.MaxRetry(0), asynq.Timeout(30*time.Second))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil // it is already there
	}
	return err
}

func (q *queue) serve(run func(ctx context.Context, t task)) error {
	q.server = asynq.NewServer(q.opt, asynq.Config{
		Concurrency: q.workers, Queues: map[string]int{q.name: 1}, TaskCheckInterval: 100 * time.Millisecond,
		ShutdownTimeout: 10 * time.Second, Logger: quiet{q.log}, LogLevel: asynq.WarnLevel,
		DelayedTaskCheckInterval: 5 * time.Second, JanitorInterval: time.Minute,
	})
	return q.server.Start(asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		var x task
		if err := json.Unmarshal(t.Payload(), &x); err != nil {
			return err
		}
		run(ctx, x)
		return nil
	}))
}

func (q *queue) shutdown() {
	if q.server != nil {
		q.server.Shutdown()
	}
	q.close()
}

func (q *queue) close() {
	q.once.Do(func() {
		close(q.stop)
		_ = q.client.Close()
		if q.mini != nil {
			q.mini.Close()
		}
	})
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// quiet passes the library's warnings on without its texts' arguments: they may
// repeat an address with a password.
type quiet struct{ log *slog.Logger }

func (q quiet) Debug(...any) {}
func (q quiet) Info(...any)  {}
func (q quiet) Warn(...any)  { q.log.Debug("queue warning") }
func (q quiet) Error(args ...any) {
	for _, a := range args {
		if s, ok := a.(string); ok && strings.Contains(s, "panic") {
			q.log.Error("queue handler panic")
			return
		}
	}
	q.log.Debug("queue error")
}
func (q quiet) Fatal(...any) { q.log.Error("queue cannot go on") }

// silent drops the client's own lines: they come by the hundred while Redis is
// gone, and name its address.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
