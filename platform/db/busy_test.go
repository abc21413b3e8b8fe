package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/testkit"
)

// TestABusyDatabaseIsWaitedForAHungOneIsNot: more transactions at once than there are
// connections all come to their turn; where none comes to its turn, who waits is
// answered within its patience.
func TestABusyDatabaseIsWaitedForAHungOneIsNot(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if !d.Postgres() {
			t.Skip("SQLite has one writer and waits for it")
		}
		ctx := context.Background()
		sleep := func(seconds float64) error {
			return d.AsSystem(ctx, "a test holds a connection", func(ctx context.Context) error {
				_, err := db.Conn(ctx).NewRaw("select pg_sleep(?)", seconds).Exec(ctx)
				return err
			})
		}
		var all sync.WaitGroup
		for range 120 { // six turns of twenty connections
			all.Go(func() {
				if err := sleep(0.5); err != nil {
					t.Errorf("busy: %v", err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}

		for range 20 {
			all.Go(func() { _ = sleep(4) })
		}
		time.Sleep(300 * time.Millisecond)
		var err error
		if took := testkit.Took(func() { err = sleep(0) }); err == nil || took > db.Patience+time.Second {
			t.Errorf("hung: %v after %v", err, took)
		}
		all.Wait()
	})
}
