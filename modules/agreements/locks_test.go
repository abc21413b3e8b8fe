package agreements

import (
	"context"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// share reads an agreement as whoever sends does.
func share(ctx context.Context, id ids.ID[ids.Agreement]) error {
	var r row
	return db.ForShare(ctx, db.Conn(ctx).NewSelect().Model(&r).Column("id").Where("a.id = ?", id).Where("?", ours(ctx, "a.id"))).Scan(ctx)
}

// TestARenewalWaitsForNobodyInARing: whoever sends holds the older agreement and asks for
// the newer one, while the newer one is about to take the place of the older.
func TestARenewalWaitsForNobodyInARing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		older := h.plant("1/2026", func(*Full) {})
		newer := h.plant("2/2026", func(f *Full) { f.RenewsID, f.State = older.ID, Signing })
		renewed := make(chan error, 1)
		err := h.DB.InTx(as(h.desk), func(ctx context.Context) error {
			if err := share(ctx, older.ID); err != nil {
				return err
			}
			go func() {
				renewed <- h.DB.InTx(as(h.desk), func(ctx context.Context) error {
					if _, err := lock(ctx, newer.ID); err != nil {
						return err
					}
					_, err := lock(ctx, older.ID)
					return err
				})
			}()
			time.Sleep(300 * time.Millisecond) // on PostgreSQL it stands at a lock by now
			return share(ctx, newer.ID)
		})
		if err != nil {
			t.Errorf("the sender: %v", err)
		}
		if err := <-renewed; err != nil {
			t.Errorf("the renewal: %v", err)
		}
	})
}

// TestWhatPointsToALockedAgreementIsWritten: a row that only refers to an agreement, as
// its figures do, waits for nobody who changes it. SQLite has one writer.
func TestWhatPointsToALockedAgreementIsWritten(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if !h.DB.Postgres() {
			t.Skip("one writer")
		}
		f := h.plant("1/2026", func(*Full) {})
		err := h.DB.InTx(as(h.desk), func(ctx context.Context) error {
			if _, err := lock(ctx, f.ID); err != nil {
				return err
			}
			return h.DB.InTx(db.Detached(ctx), func(ctx context.Context) error {
				return insertPlace(ctx, placeRow{ReferralID: ids.New[ids.Referral](), Period: "year", AgreementID: f.ID, ServiceID: ids.New[ids.Service](), StartsOn: "2026-01-01"})
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}
