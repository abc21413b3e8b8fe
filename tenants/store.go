package tenants

import (
	"context"
	"fmt"

	"shubbak/platform/db"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:tenants,alias:t"`
	Tenant
}

func all(ctx context.Context) (rows []*row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Order("slug").Scan(ctx)
	return rows, err
}

func insert(ctx context.Context, t Tenant) error {
	_, err := db.Conn(ctx).NewInsert().Model(&row{Tenant: t}).Exec(ctx)
	return err
}

// Lock keeps every other holder of the lock of this tenant waiting until the
// transaction of ctx ends. It is taken first, before any other row.
func Lock(ctx context.Context) error {
	_, err := db.Conn(ctx).NewRaw("update tenants set version = version where id = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// NextNumber takes the next number of a tenant's register for a year, without
// gaps: it is the last statement of its transaction, since it holds the counter
// until the commit (domain.md §2).
func NextNumber(ctx context.Context, register string, year int) (string, error) {
	var last int64
	err := db.Conn(ctx).NewRaw(`insert into registers (tenant_id, name, year, last) values (?, ?, ?, 1)
		on conflict (tenant_id, name, year) do update set last = registers.last + 1 where registers.tenant_id = excluded.tenant_id returning last`,
		db.Tenant(ctx), register, year).Scan(ctx, &last)
	return fmt.Sprintf("%d/%04d", year, last), err
}
