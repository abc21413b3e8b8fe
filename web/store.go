package web

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
)

// keepKeys is how long an idempotency key is remembered.
const keepKeys = 24 * time.Hour

func (o *Once) find(ctx context.Context) (string, bool, error) {
	r := o.row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("tenant_id = ?", o.row.TenantID).Where("user_id = ?", o.row.UserID).
		Where("route = ?", o.row.Route).Where("key = ?", o.row.Key).Scan(ctx)
	if db.NoRows(err) || (err == nil && o.s.deps.Clock.Now().Sub(r.CreatedAt) > keepKeys) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	if r.Hash != o.row.Hash {
		return "", false, fault.New(fault.IdempotencyMismatch)
	}
	return r.ResourceID, true, nil
}

// Commit remembers the call, in the transaction of its act.
func (o *Once) Commit(ctx context.Context, id string) error {
	o.row.ResourceID, o.row.CreatedAt = id, o.s.deps.Clock.Now()
	_, err := db.Conn(ctx).NewInsert().Model(&o.row).On("conflict (tenant_id, user_id, route, key) do update").
		Set("hash = excluded.hash").Set("resource_id = excluded.resource_id").Set("created_at = excluded.created_at").Exec(ctx)
	return err
}
