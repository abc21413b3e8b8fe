package live_test

import (
	"log/slog"
	"testing"
	"time"

	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/testkit"
)

func hub(cfg live.Config) *live.Hub { return live.New(cfg, slog.New(slog.DiscardHandler)) }

func woken(s *live.Seat) bool {
	select {
	case <-s.Wake():
		return true
	default:
		return false
	}
}

func over(s *live.Seat) bool {
	select {
	case <-s.Over():
		return true
	default:
		return false
	}
}

func TestAHintWakesWhomItConcerns(t *testing.T) {
	t.Parallel()
	h := hub(live.Config{})
	me, other := ids.New[ids.User](), ids.New[ids.User]()
	page := ids.New[ids.Referral]()
	mine, theirs, watching := h.Join(me, ids.ID[ids.Referral]{}), h.Join(other, ids.ID[ids.Referral]{}), h.Join(other, page)
	h.Tell(live.Hint{User: me, Notification: ids.New[ids.Notification]()})
	h.Tell(live.Hint{User: me, Notification: ids.New[ids.Notification]()})
	if !woken(mine) || woken(theirs) || woken(watching) {
		t.Error("a hint for one user woke others, or not that one")
	}
	if woken(mine) {
		t.Error("two hints before a look woke twice")
	}
	h.Tell(live.Hint{Referral: page})
	if woken(mine) || woken(theirs) || !woken(watching) {
		t.Error("a hint about a record wakes the pages that show it, and no others")
	}
	watching.Leave()
	watching.Leave()
	h.Tell(live.Hint{User: other, Referral: page})
	if !over(watching) || woken(watching) || !woken(theirs) || h.Open() != 2 {
		t.Error("who has left is not told any more")
	}
	var none *live.Hub
	none.Tell(live.Hint{User: me}) // a module without pages
}

func TestTheNewestPagesOfAUserStay(t *testing.T) {
	t.Parallel()
	h := hub(live.Config{})
	user := ids.New[ids.User]()
	var seats []*live.Seat
	for range live.PerUser + 1 {
		seats = append(seats, h.Join(user, ids.ID[ids.Referral]{}))
	}
	if !over(seats[0]) || over(seats[1]) || h.Open() != live.PerUser {
		t.Errorf("%d streams are open, at most %d", h.Open(), live.PerUser)
	}
	for _, s := range seats {
		s.Leave()
	}
	if h.Open() != 0 {
		t.Error("places stay taken")
	}
}

func TestHowOftenAStreamLooksByItself(t *testing.T) {
	t.Parallel()
	if d := hub(live.Config{Alone: true}).Every(); d != 15*time.Second {
		t.Errorf("one process: every %v", d)
	}
	if d := hub(live.Config{}).Every(); d != 5*time.Second {
		t.Errorf("PostgreSQL without Redis: every %v", d)
	}
	away := hub(live.Config{RedisURL: "redis://127.0.0.1:1"})
	stop, err := away.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	away.Tell(live.Hint{User: ids.New[ids.User]()})
	if d := away.Every(); d != 5*time.Second {
		t.Errorf("Redis away: every %v", d)
	}
	stop()
}

func TestHintsReachTheOtherReplica(t *testing.T) {
	t.Parallel()
	url := testkit.Part(t, "TEST_REDIS_URL")
	if url == "" {
		t.Skip("no Redis in this run")
	}
	cfg := live.Config{RedisURL: url, Prefix: testkit.Unique()}
	a, b, foreign := hub(cfg), hub(cfg), hub(live.Config{RedisURL: url, Prefix: testkit.Unique()})
	for _, h := range []*live.Hub{a, b, foreign} {
		stop, err := h.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	deadline := time.After(20 * time.Second)
	for a.Every() != live.Seldom || b.Every() != live.Seldom || foreign.Every() != live.Seldom {
		select {
		case <-deadline:
			t.Fatal("the channel is never joined")
		case <-time.After(5 * time.Millisecond):
		}
	}
	user := ids.New[ids.User]()
	seat, elsewhere := b.Join(user, ids.ID[ids.Referral]{}), foreign.Join(user, ids.ID[ids.Referral]{})
	a.Tell(live.Hint{User: user, Notification: ids.New[ids.Notification]()})
	select {
	case <-seat.Wake():
	case <-deadline:
		t.Fatal("the hint never arrived")
	}
	if woken(elsewhere) {
		t.Error("another installation on the same Redis was woken")
	}
}
