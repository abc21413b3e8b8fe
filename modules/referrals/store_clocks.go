package referrals

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// alarmRow says that somebody has been told of a deadline.
type alarmRow struct {
	bun.BaseModel `bun:"table:referral_alarms,alias:al"`
	ReferralID    ID     `bun:",pk"`
	DueKey        string `bun:",pk"`
	Kind          string `bun:",pk"` // reminder, overdue
	FromTenant    ids.ID[ids.Tenant]
	ToTenant      ids.ID[ids.Tenant]
	At            time.Time
}

// insertAlarm notes an alarm; fresh is false when it was told before.
func insertAlarm(ctx context.Context, a alarmRow) (fresh bool, err error) {
	res, err := db.Conn(ctx).NewInsert().Model(&a).On("conflict (referral_id, due_key, kind) do nothing").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// ringingTenants lists the owners of clocks that ring; the index holds only clocks
// that still have to.
func ringingTenants(ctx context.Context, now time.Time) (out []string, err error) {
	err = db.Conn(ctx).NewRaw("select distinct owner_tenant from referrals where ring_at <= ?", now).Scan(ctx, &out)
	return out, err
}

// ringingNow lists the referrals of the tenant of ctx whose clock rings.
func ringingNow(ctx context.Context, now time.Time, limit int) (out []row, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&out).Where(within, t, t).Where("r.owner_tenant = ?", t).Where("r.ring_at <= ?", now).OrderExpr("r.ring_at").Limit(int64(limit))
	return out, db.ForUpdateFree(ctx, q).Scan(ctx)
}

// owed lists what units of the tenant of ctx owe in working time and have not missed.
func owed(ctx context.Context, now time.Time, after string, limit int) (out []row, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&out).Where(within, t, t).Where("r.owner_tenant = ?", t).Where("r.due_at > ?", now).Where("r.due_unit <> ?", realUnit).
		OrderExpr("r.id").Limit(int64(limit))
	if after != "" {
		q = q.Where("r.id > ?", after)
	}
	return out, q.Scan(ctx)
}

// setClock moves a deadline, unless an act has set another meanwhile. It changes no
// version: nobody's page is out of date for it.
func setClock(ctx context.Context, r Referral, was time.Time) error {
	t := db.Tenant(ctx)
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("due_at = ?", r.DueAt).Set("ring_at = ?", r.RingAt).
		Where("id = ?", r.ID).Where("(from_tenant = ? or to_tenant = ?)", t, t).Where("version = ?", r.Version).Where("due_at = ?", was).Exec(ctx)
	return err
}

// setRing says when the clock rings next; zero is never. An act that has set another
// clock meanwhile keeps its own.
func setRing(ctx context.Context, id ID, was, next time.Time) error {
	t := db.Tenant(ctx)
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("ring_at = ?", bun.NullZero(next)).Where("id = ?", id).
		Where("(from_tenant = ? or to_tenant = ?)", t, t).Where("ring_at = ?", was).Exec(ctx)
	return err
}
