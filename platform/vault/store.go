package vault

import (
	"context"
	"time"

	"shubbak/platform/db"

	"github.com/uptrace/bun"
)

type keyRow struct {
	bun.BaseModel `bun:"table:vault_keys,alias:k"`
	ID            KeyID `bun:",pk"`
	TenantID      string
	Kind          string
	Wrapped       []byte
	CreatedAt     time.Time
}

func insertKey(ctx context.Context, id KeyID, tenant, kind string, wrapped []byte, now time.Time) error {
	_, err := db.Conn(ctx).NewInsert().Model(&keyRow{ID: id, TenantID: tenant, Kind: kind, Wrapped: wrapped, CreatedAt: now}).Exec(ctx)
	return err
}

func keysByID(ctx context.Context, keys []KeyID) (rows []keyRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("id in (?)", db.In(keys)).Where("kind = 'person'").Scan(ctx)
	return rows, err
}

func tenantKeyRows(ctx context.Context, tenant string) (rows []keyRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("tenant_id = ?", tenant).Where("kind in ('tenant', 'hash')").Scan(ctx)
	return rows, err
}
