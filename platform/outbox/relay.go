package outbox

import (
	"context"
	"sync"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
)

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

// gather is how long the relay waits after a round that handed something over. News of
// a quiet hour goes at once; in a busy one what comes meanwhile goes together.
const gather = 40 * time.Millisecond

// relay hands over round by round until ctx ends. A round that has begun is finished:
// a commit that is cut may have happened, and what nobody then hands over would wait
// for HandedTimeout.
func (b *Bus) relay(ctx context.Context) {
	tick := time.NewTicker(b.cfg.Poll)
	defer tick.Stop()
	whole := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		n, err := b.round(whole)
		if err != nil {
			b.log.Warn("relay", "error", string(fault.CodeOf(err)))
		}
		if n == batch && err == nil {
			continue
		}
		if n > 0 { // what comes meanwhile goes together
			select {
			case <-ctx.Done():
				return
			case <-time.After(gather):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.runSchedules(whole)
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
	tasks := b.tasks(rows)
	for i, t := range tasks {
		if err := b.queue.enqueue(t); err != nil {
			b.degraded.Store(true)
			return 0, b.db.AsSystem(ctx, "relay", func(ctx context.Context) error { return unclaim(ctx, tasks[i:]) })
		}
	}
	return len(rows), nil
}

// tasks makes tasks of what was claimed: first attempts of a subscriber that allows it
// go together by tenant, everything else goes alone.
func (b *Bus) tasks(rows []row) (out []task) {
	at := map[[2]string]int{}
	for _, r := range rows {
		sub, ok := b.subscriber(r.Subscriber)
		if !ok || !sub.Together || r.Attempt > 0 {
			out = append(out, r.task())
			continue
		}
		key := [2]string{r.Subscriber, r.TenantID}
		if i, open := at[key]; open && len(out[i].More) < together-1 {
			out[i].More = append(out[i].More, turn{r.ID, r.Attempt})
			continue
		}
		at[key] = len(out)
		out = append(out, r.task())
	}
	return out
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
