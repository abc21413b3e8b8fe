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

// update writes the settings of the tenant of ctx; who saw another version lost.
func update(ctx context.Context, t Tenant) error {
	seen := t.Version
	t.Version++
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&row{Tenant: t}).Column("name_ar", "name_fr", "name_en", "accent", "mark", "locale", "languages", "notice_ar", "notice_fr", "notice_en",
		"authorisation", "file_limit", "idle_minutes", "second_factor", "document_quota", "version").Where("id = ?", db.Tenant(ctx)).Where("id = ?", t.ID).Where("version = ?", seen).Exec(ctx))
}

// Lock keeps every other holder of the lock of this tenant waiting until the
// transaction of ctx ends. It is taken first, before any other row.
func Lock(ctx context.Context) error {
	_, err := db.Conn(ctx).NewRaw("update tenants set version = version where id = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// NextNumber takes the next number of a tenant's register for a year, without
// gaps: it is taken in the last statements of its transaction, since it holds the
// counter until the commit (domain.md §2).
func NextNumber(ctx context.Context, register string, year int) (string, error) {
	var last int64
	err := db.Conn(ctx).NewRaw(`insert into registers (tenant_id, name, year, last) values (?, ?, ?, 1)
		on conflict (tenant_id, name, year) do update set last = registers.last + 1 where registers.tenant_id = excluded.tenant_id returning last`,
		db.Tenant(ctx), register, year).Scan(ctx, &last)
	return fmt.Sprintf("%d/%04d", year, last), err
}

// Own is the tenant of ctx as its row stands, with its kind.
func (r *Registry) Own(ctx context.Context) (Tenant, error) {
	var x row
	err := db.Conn(ctx).NewSelect().Model(&x).Where("t.id = ?", db.Tenant(ctx)).Scan(ctx)
	x.kind = r.kinds[x.Kind]
	return x.Tenant, err
}
