package accounts

import (
	"context"

	"shubbak/platform/db"
)

// saveUnit writes a change of the version that was loaded.
func saveUnit(ctx context.Context, u Unit, loaded int64) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&unitRow{Unit: u}).ExcludeColumn("id", "tenant_id", "created_at").
		Where("id = ?", u.ID).Where("tenant_id = ?", db.Tenant(ctx)).Where("version = ?", loaded).Exec(ctx))
}
