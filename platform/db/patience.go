package db

import (
	"context"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// looks is how often within its patience a waiting transaction looks whether others
// have begun.
const looks = 6

// patient gives up a beginning once Patience has passed in which no transaction of the
// pool has begun: many at once that wait for a few connections wait on, as long as they
// come to their turn. stop ends the wait and says whether it was in time.
func (d *DB) patient(pool *bun.DB, give context.CancelFunc) (stop func() bool) {
	var mu sync.Mutex
	var timer *time.Timer
	count := d.begun[pool.DB]
	seen, still, ended, over := count.Load(), 0, false, false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(Patience/looks, func() {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			return
		}
		if n := count.Load(); n != seen {
			seen, still = n, 0
		} else {
			still++
		}
		if still >= looks {
			over = true
			give()
			return
		}
		timer.Reset(Patience / looks)
	})
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		ended = true
		timer.Stop()
		return !over
	}
}
