package directory

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type organizationRow struct {
	bun.BaseModel `bun:"table:organizations,alias:org"`
	Organization
}

func insertOrganization(ctx context.Context, o Organization) error {
	_, err := db.Conn(ctx).NewInsert().Model(&organizationRow{Organization: o}).Exec(ctx)
	return err
}

func organizations(ctx context.Context, list []ids.ID[ids.Organization]) (rows []organizationRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("org.id in (?)", db.In(list)).Scan(ctx)
	return rows, err
}

func saveOrganization(ctx context.Context, o Organization, loaded int64) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&organizationRow{Organization: o}).ExcludeColumn("id", "tenant_id", "created_at").
		Where("id = ?", o.ID).Where("tenant_id = ?", db.Tenant(ctx)).Where("version = ?", loaded).Exec(ctx))
}

func allOrganizations(ctx context.Context, after string, limit int) (rows []organizationRow, err error) {
	q := db.Conn(ctx).NewSelect().Model(&rows).OrderExpr("org.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("org.id < ?", after)
	}
	return rows, q.Scan(ctx)
}
