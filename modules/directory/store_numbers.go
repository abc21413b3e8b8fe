package directory

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/fault"

	"github.com/uptrace/bun"
)

type callRow struct {
	bun.BaseModel `bun:"table:call_lists,alias:cl"`
	TenantID      string `bun:",pk"`
	Version       int64
	Content       string
}

func callList(ctx context.Context) (r callRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("cl.tenant_id = ?", db.Tenant(ctx)).Scan(ctx)
	return r, err
}

// putCallList writes the list; of two at once one wins.
func putCallList(ctx context.Context, version int64, content string) error {
	t := db.Tenant(ctx)
	if version == 0 {
		_, err := db.Conn(ctx).NewInsert().Model(&callRow{TenantID: t, Version: 1, Content: content}).Exec(ctx)
		if db.Unique(err, "call_lists") || db.Unique(err, "tenant_id") {
			return fault.New(fault.VersionConflict)
		}
		return err
	}
	return db.Affected(db.Conn(ctx).NewUpdate().Model((*callRow)(nil)).Set("content = ?", content).Set("version = version + 1").Where("tenant_id = ?", t).Where("version = ?", version).Exec(ctx))
}
