package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/alicebob/miniredis/v2"
)

func TestNewsReachesEverySubscriberInEveryTenant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write), On("test.two", write))
		h.start(b)
		h.publish(b, happened{What: "x", To: []string{desk, hospital}})
		h.settled(b)
		if got := h.effects(); len(got) != 4 {
			t.Errorf("%d effects, want one per subscriber and tenant", len(got))
		}
		for _, r := range h.rows() {
			if r.State != done || r.DoneAt.IsZero() {
				t.Errorf("%s is %s", r.Subscriber, r.State)
			}
		}
	})
}

func TestNewsOfAFailedActIsNotSent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		boom := errors.New("boom")
		err := h.db.InTx(db.As(context.Background(), desk), func(ctx context.Context) error {
			return errors.Join(b.Publish(ctx, happened{What: "x", To: []string{desk}}), boom)
		})
		if !errors.Is(err, boom) || len(h.rows()) != 0 {
			t.Errorf("%v, %d rows", err, len(h.rows()))
		}
	})
}

func TestOnlyNarrowsTheAudience(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		sub := On("test.one", write)
		sub.Only = func(e Event, tenant string) bool { return tenant == hospital && e.(happened).What == "x" }
		b := h.bus(sub)
		h.publish(b, happened{What: "x", To: []string{desk, hospital}}, happened{What: "y", To: []string{desk, hospital}})
		if r := h.only(); r.TenantID != hospital {
			t.Errorf("the row is for %s", r.TenantID)
		}
	})
}

func TestADuplicateDeliveryHasNoEffect(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		h.publish(b, happened{What: "x"})
		r := h.handOver()[0]
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { b.attempt(context.Background(), r.task()) })
		}
		wg.Wait()
		b.attempt(context.Background(), r.task())
		b.attempt(context.Background(), task{ID: r.ID, Attempt: r.Attempt}) // as an older version hands it over
		if got := h.effects(); len(got) != 1 || h.only().State != done {
			t.Errorf("%d effects, the row is %s", len(got), h.only().State)
		}
	})
}

func TestTheQueueTakesOneAttemptOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		h.start(b)
		h.publish(b, happened{What: "x"})
		h.settled(b)
		id, n := delivery(h.only())
		for range 3 { // the task is gone or stands already: neither is an error, neither acts again
			if err := b.queue.enqueue(task{ID: id, Attempt: n}); err != nil {
				t.Fatal(err)
			}
		}
		h.publish(b, happened{What: "y"})
		h.settled(b)
		if got := h.effects(); !slices.Equal(got, []string{"x", "y"}) {
			t.Errorf("effects %v", got)
		}
	})
}

func TestAStaleAttemptDoesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		h.publish(b, happened{What: "x"})
		r := h.handOver()[0]
		b.attempt(context.Background(), task{ID: r.ID, Attempt: r.Attempt + 1, Tenant: r.TenantID, Subscriber: r.Subscriber})
		b.attempt(context.Background(), task{ID: r.ID, Attempt: r.Attempt - 1, Tenant: r.TenantID, Subscriber: r.Subscriber})
		b.attempt(context.Background(), task{ID: r.ID, Attempt: r.Attempt, Tenant: hospital, Subscriber: r.Subscriber}) // no row of theirs
		if got := h.effects(); len(got) != 0 || h.only().State != handed {
			t.Errorf("%d effects, the row is %s", len(got), h.only().State)
		}
	})
}

func TestAFailureIsTriedAgainAndThenDead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var calls atomic.Int32
		b := h.bus(On("test.one", func(ctx context.Context, d Delivery, e happened) error {
			calls.Add(1)
			return errors.Join(write(ctx, d, e), fault.New(fault.NotFound))
		}))
		h.start(b)
		h.publish(b, happened{What: "x"})
		for n := 1; n <= maxAttempts; n++ {
			h.until("the next attempt", func() bool { return h.only().Attempt == n })
			r := h.only()
			if n == maxAttempts {
				break
			}
			wait := min(time.Second<<(n-1), time.Hour)
			if r.State != ready || !r.NextAt.Equal(h.clock.Now().Add(wait)) || r.ErrorCode != "not_found" {
				t.Fatalf("after attempt %d: %s at %v with %q, want ready after %v", n, r.State, r.NextAt, r.ErrorCode, wait)
			}
			h.clock.Set(r.NextAt)
		}
		if r := h.only(); r.State != dead {
			t.Errorf("after %d attempts the row is %s", maxAttempts, r.State)
		}
		h.clock.Advance(48 * time.Hour)
		h.settled(b) // a dead letter is not pending
		if calls.Load() != maxAttempts || len(h.effects()) != 0 {
			t.Errorf("%d calls, %d effects of calls that failed", calls.Load(), len(h.effects()))
		}
	})
}

func TestABrokenHandlerEndsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var calls atomic.Int32
		b := h.bus(On("test.one", func(ctx context.Context, d Delivery, e happened) error {
			if calls.Add(1) == 1 {
				_ = write(ctx, d, e)
				panic("a nil map")
			}
			return write(ctx, d, e)
		}))
		h.start(b)
		h.publish(b, happened{What: "x"})
		h.until("the failure is written", func() bool { return h.only().Attempt == 1 })
		h.clock.Advance(2 * time.Second)
		h.settled(b)
		if got := h.effects(); len(got) != 1 {
			t.Errorf("%d effects", len(got))
		}
	})
}

func TestEventsOfOneKeyStayInARow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var failed atomic.Bool
		b := h.bus(On("test.one", func(ctx context.Context, d Delivery, e happened) error {
			if e.What == "a1" && !failed.Swap(true) {
				return fault.New(fault.Unavailable)
			}
			return write(ctx, d, e)
		}))
		h.publish(b, happened{What: "a3", Key: "a", Seq: 3}, happened{What: "a1", Key: "a", Seq: 1}, happened{What: "a2", Key: "a", Seq: 2}, happened{What: "b9", Key: "b", Seq: 9})
		h.start(b)
		h.until("the other key passes", func() bool { return slices.Equal(h.effects(), []string{"b9"}) && failed.Load() })
		h.until("the failure is written", func() bool { return slices.ContainsFunc(h.rows(), func(r row) bool { return r.Attempt == 1 }) })
		h.clock.Advance(2 * time.Second)
		h.settled(b)
		if got := h.effects(); !slices.Equal(got, []string{"b9", "a1", "a2", "a3"}) {
			t.Errorf("in the order %v", got)
		}
	})
}

func TestALostHandOverIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		h.start(b) // an embedded queue releases at start what stands handed: hand over after it
		h.system(func(ctx context.Context) error {
			return insert(ctx, []row{{ID: ids.New[ids.Delivery](), TenantID: desk, Subscriber: "test.one", Event: "test.happened", Payload: `{"what":"x"}`, State: handed,
				NextAt: h.clock.Now(), HandedAt: h.clock.Now(), CreatedAt: h.clock.Now()}})
		})
		h.clock.Advance(44 * time.Second)
		if n, err := b.round(context.Background()); err != nil || n != 0 || h.only().State != handed {
			t.Errorf("it was taken back too early: %d, %v", n, err)
		}
		h.clock.Advance(2 * time.Second)
		h.settled(b)
		if r := h.only(); r.State != done || r.Attempt != 1 || len(h.effects()) != 1 {
			t.Errorf("%s at attempt %d, %d effects", r.State, r.Attempt, len(h.effects()))
		}
	})
}

// What is claimed in one round goes together by subscriber and tenant, if the subscriber
// allows it; what has failed before goes alone.
func TestFirstAttemptsOfATenantGoTogether(t *testing.T) {
	t.Parallel()
	b := New(nil, nil, nil, Config{})
	one, two := On("test.one", write), On("test.two", write)
	one.Together = true
	b.Subscribe(one, two)
	var rows []row
	for range together + 5 {
		for _, tenant := range []string{desk, hospital} {
			rows = append(rows, row{ID: ids.New[ids.Delivery](), TenantID: tenant, Subscriber: "test.one"})
		}
	}
	rows = append(rows, row{ID: ids.New[ids.Delivery](), TenantID: desk, Subscriber: "test.two"}, row{ID: ids.New[ids.Delivery](), TenantID: desk, Subscriber: "test.two"},
		row{ID: ids.New[ids.Delivery](), TenantID: desk, Subscriber: "test.one", Attempt: 1})
	var sizes []int
	seen := map[ids.ID[ids.Delivery]]int{}
	for _, x := range b.tasks(rows) {
		sizes = append(sizes, len(x.ids()))
		for _, y := range x.alone() {
			seen[y.ID]++
			if i := slices.IndexFunc(rows, func(r row) bool { return r.ID == y.ID }); rows[i].TenantID != y.Tenant || rows[i].Subscriber != y.Subscriber || rows[i].Attempt != y.Attempt {
				t.Errorf("a task says %+v of %+v", y, rows[i])
			}
		}
	}
	if !slices.Equal(sizes, []int{together, together, 5, 5, 1, 1, 1}) || len(seen) != len(rows) {
		t.Errorf("tasks of %v deliveries, %d of %d in them", sizes, len(seen), len(rows))
	}
}

// One of those that go together fails: it alone is tried again, and the others are done
// once.
func TestOneThatFailsHoldsUpNobody(t *testing.T) {
	for _, broken := range []string{"fails", "panics"} {
		t.Run(broken, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				var calls atomic.Int32
				sub := On("test.one", func(ctx context.Context, d Delivery, e happened) error {
					calls.Add(1)
					if err := write(ctx, d, e); err != nil || e.What != "bad" || d.Attempt > 0 {
						return err
					}
					if broken == "panics" {
						panic("a nil map")
					}
					return fault.New(fault.NotFound)
				})
				sub.Together = true
				b := h.bus(sub)
				h.publish(b, happened{What: "a"}, happened{What: "b"}, happened{What: "bad", Key: "k", Seq: 1}, happened{What: "c"}, happened{What: "next", Key: "k", Seq: 2})
				h.start(b)
				h.until("the failure is written", func() bool { return slices.ContainsFunc(h.rows(), func(r row) bool { return r.Attempt == 1 }) })
				h.until("the others are done", func() bool { return len(h.effects()) == 3 })
				if n := calls.Load(); n <= 4 {
					t.Errorf("%d calls: they did not go together", n)
				}
				h.clock.Advance(2 * time.Second)
				h.settled(b)
				got := h.effects()
				if slices.Index(got, "bad") > slices.Index(got, "next") {
					t.Errorf("in the order %v", got)
				}
				if slices.Sort(got); !slices.Equal(got, []string{"a", "b", "bad", "c", "next"}) {
					t.Errorf("effects %v", got)
				}
			})
		})
	}
}

// Deliveries of a subscriber that locks much are never run side by side: those of one
// tenant, and where tenants share what is written, none at all. Whether they go together
// or alone makes no difference.
func TestDeliveriesTakeTheirTurn(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("shared %v", shared), func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				var mu sync.Mutex
				running, most, all := map[string]int{}, map[string]int{}, 0
				sub := On("test.one", func(ctx context.Context, d Delivery, e happened) error {
					mu.Lock()
					running[d.Tenant]++
					most[d.Tenant] = max(most[d.Tenant], running[d.Tenant])
					all = max(all, running[desk]+running[hospital])
					mu.Unlock()
					time.Sleep(10 * time.Millisecond)
					mu.Lock()
					running[d.Tenant]--
					mu.Unlock()
					return write(ctx, d, e)
				})
				sub.Together, sub.Shared = true, shared
				b := h.bus(sub)
				for i := range 12 {
					h.publish(b, happened{What: strconv.Itoa(i), To: []string{desk, hospital}})
				}
				// Each by itself, and all at once: what has failed before, or came late.
				var wg sync.WaitGroup
				for _, r := range h.handOver() {
					wg.Go(func() { b.attempt(context.Background(), r.task()) })
				}
				wg.Wait()
				if n := len(h.effects()); n != 24 {
					t.Errorf("%d effects", n)
				}
				if most[desk] != 1 || most[hospital] != 1 || shared && all != 1 {
					t.Errorf("side by side: %v, at most %d", most, all)
				}
			})
		})
	}
}

// Those that go together are done once, however often and by whomever their task is run;
// one that is not theirs stays out of it.
func TestATaskOfSeveralIsDoneOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		sub := On("test.one", write)
		sub.Together = true
		b := h.bus(sub)
		h.publish(b, happened{What: "a"}, happened{What: "b"}, happened{What: "c"}, happened{What: "foreign", To: []string{hospital}})
		rows := h.handOver()
		var mine task
		for _, r := range rows {
			if mine.ID.IsZero() && r.TenantID == desk {
				mine = r.task()
			} else {
				mine.More = append(mine.More, turn{r.ID, r.Attempt}) // the foreign one too
			}
		}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() { b.attempt(context.Background(), mine) })
		}
		for _, x := range mine.alone()[:2] {
			wg.Go(func() { b.attempt(context.Background(), x) })
		}
		wg.Wait()
		got := h.effects()
		if slices.Sort(got); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("effects %v", got)
		}
	})
}

// A worker that leaves hands over what it has claimed, also when it is told to leave
// while the claim is being committed: a shared queue would miss it until the time-out.
func TestAWorkerThatLeavesHandsOverWhatItHasClaimed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		if b.Embedded() {
			t.Skip("an embedded queue ends with its process, and releases at the next start")
		}
		claimed := make(chan struct{}, 1)
		if h.db.Postgres() { // a commit that takes its time and, like one that waits for its disk, is not to be stopped
			h.system(func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, `create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; exception when query_canceled then return null; end $$;
					create constraint trigger slowly after update of state on outbox deferrable initially deferred for each row when (new.state = 'handed') execute function slowly()`)
				return err
			})
		}
		stop, err := b.Start(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		go func() { time.Sleep(300 * time.Millisecond); claimed <- struct{}{} }()
		h.publish(b, happened{What: "x"})
		<-claimed
		stop()
		next := h.bus(On("test.one", write))
		h.start(next)
		h.settled(next)
		if got := h.effects(); len(got) != 1 || h.only().Attempt != 0 {
			t.Errorf("%d effects, after %d attempts that were lost", len(got), h.only().Attempt)
		}
	})
}

func TestARestartedProcessReleasesWhatItsDeadQueueHeld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.bus(On("test.one", write))
		if !b.Embedded() {
			t.Skip("a shared Redis outlives its workers; there the time-out decides")
		}
		h.publish(b, happened{What: "x"})
		h.handOver()
		h.start(b)
		h.settled(b)
		if len(h.effects()) != 1 {
			t.Error("it was never delivered")
		}
	})
}

func TestWithoutRedisNewsWaitsAndFollows(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		_ = l.Close()
		h.cfg.RedisURL = "redis://" + addr
		b := h.bus(On("test.one", write))
		h.start(b)
		h.publish(b, happened{What: "x"})
		h.until("the bus is degraded", b.Degraded)
		if r := h.only(); r.State != ready || r.Attempt != 0 {
			t.Errorf("while it waits: %s, attempt %d", r.State, r.Attempt)
		}
		m := miniredis.NewMiniRedis()
		if err := m.StartAddr(addr); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		h.settled(b)
		if b.Degraded() || len(h.effects()) != 1 {
			t.Errorf("degraded %v, %d effects", b.Degraded(), len(h.effects()))
		}
	})
}

func TestAScheduleRunsOnceForAllReplicas(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		hourly := Schedule{Name: "test.hourly", Every: time.Hour, Event: func(context.Context) (Event, error) {
			return happened{What: "tick", To: []string{desk, hospital}}, nil
		}}
		var replicas []*Bus
		for range 3 {
			b := h.bus(On("test.one", write))
			b.Every(hourly)
			replicas = append(replicas, b)
		}
		round := func() int {
			var wg sync.WaitGroup
			for _, b := range replicas {
				wg.Go(func() { b.runSchedules(context.Background()); b.runSchedules(context.Background()) })
			}
			wg.Wait()
			return len(h.rows())
		}
		if n := round(); n != 2 {
			t.Errorf("%d rows, want one per tenant", n)
		}
		h.clock.Advance(59 * time.Minute) // 10:59 belongs to the hour of 10:00
		if n := round(); n != 2 {
			t.Errorf("within the hour: %d rows", n)
		}
		h.clock.Advance(time.Minute)
		if n := round(); n != 4 {
			t.Errorf("the next hour: %d rows", n)
		}
	})
}

func TestAHandlerOutsideRunsWithoutATransaction(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var inside, calls atomic.Int32
		sub := On("test.mail", func(ctx context.Context, _ Delivery, _ happened) error {
			calls.Add(1)
			if db.Inside(ctx) {
				inside.Add(1)
			}
			if db.Tenant(ctx) != hospital {
				t.Error("it acts for another tenant")
			}
			return nil
		})
		sub.Outside = true
		b := h.bus(sub)
		h.start(b)
		h.publish(b, happened{What: "x", To: []string{hospital}})
		h.settled(b)
		if calls.Load() != 1 || inside.Load() != 0 {
			t.Errorf("%d calls, %d inside a transaction", calls.Load(), inside.Load())
		}
	})
}

func TestARowOfNoSubscriberIsKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.publish(h.bus(On("test.old", write)), happened{What: "x"})
		b := h.bus(On("test.new", write))
		h.start(b)
		h.until("the failure is written", func() bool { return h.only().Attempt > 0 })
		if r := h.only(); r.State == done {
			t.Error("news that nobody heard was called done")
		}
	})
}
