package live

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"time"

	"shubbak/platform/outbox"

	"github.com/redis/go-redis/v9"
)

// wire is the way to the other processes; the zero wire leads nowhere.
type wire struct {
	out chan []Hint
}

// backlog is how many hints may wait for Redis; more are dropped, since every
// stream looks by itself.
const backlog = 256

// pulse is how long a silent connection is believed to be alive.
const pulse = 10 * time.Second

func (w *wire) send(hints []Hint) {
	select {
	case w.out <- hints: // a nil channel is never ready
	default:
	}
}

// Start connects to the other processes, where there may be any. Redis may be away
// at any time, also now.
func (h *Hub) Start(ctx context.Context) (stop func(), err error) {
	if h.cfg.RedisURL == "" {
		return func() {}, nil
	}
	client, err := outbox.Redis(h.cfg.RedisURL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { h.publish(ctx, client) })
	running.Go(func() { h.subscribe(ctx, client) })
	return func() {
		cancel()
		running.Wait()
		_ = client.Close()
	}, nil
}

func (h *Hub) channel() string { return h.cfg.Prefix + ":live" }

func (h *Hub) publish(ctx context.Context, client redis.UniversalClient) {
	for {
		select {
		case <-ctx.Done():
			return
		case hints := <-h.wire.out:
			b, err := json.Marshal(hints)
			if err != nil {
				continue
			}
			if client.Publish(ctx, h.channel(), b).Err() != nil {
				h.silent(true)
			}
		}
	}
}

// subscribe hears the other processes until ctx ends, and says so in heard.
func (h *Hub) subscribe(ctx context.Context, client redis.UniversalClient) {
	sub := client.Subscribe(ctx, h.channel())
	// A read that waits for ever is ended by closing what it reads from.
	release := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer release()
	defer sub.Close()
	quiet := false // a ping is on its way
	for ctx.Err() == nil {
		m, err := sub.ReceiveTimeout(ctx, pulse)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() && !quiet {
			quiet = true
			err = sub.Ping(ctx)
			if err == nil {
				continue
			}
		}
		quiet = false
		if err != nil {
			h.silent(true)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		h.silent(false)
		if said, ok := m.(*redis.Message); ok {
			var hints []Hint
			if json.Unmarshal([]byte(said.Payload), &hints) == nil {
				for _, x := range hints {
					h.deliver(x)
				}
			}
		}
	}
}

// silent notes whether hints arrive; while they do not, streams look more often.
func (h *Hub) silent(yes bool) {
	if h.heard.Swap(!yes) == yes && yes {
		h.log.Warn("hints of other processes do not arrive: open pages look by themselves")
	}
}
