package calendars

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type tenantRow struct {
	bun.BaseModel `bun:"table:tenant_calendars,alias:tc"`
	TenantID      ids.ID[ids.Tenant] `bun:",pk"`
	Version       int64              `bun:",pk"`
	Content       Content
	ChangedAt     time.Time
	SupersededAt  time.Time `bun:",nullzero"`
}

type unitRow struct {
	bun.BaseModel `bun:"table:unit_calendars,alias:uc"`
	UnitID        ids.ID[ids.Unit] `bun:",pk"`
	Version       int64            `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	Content       UnitContent
	ChangedAt     time.Time
	SupersededAt  time.Time `bun:",nullzero"`
}

// Unit is what a page shows of a unit; accounts owns the table.
type Unit struct {
	bun.BaseModel `bun:"table:units,alias:un"`
	ID            ids.ID[ids.Unit]
	ParentID      ids.ID[ids.Unit]
	Kind          string
	NameAr        string
	NameFr        string
	NameEn        string
}

// first is the version of a calendar that nobody has written.
const first = 1

// tenantNow is the calendar of the tenant of ctx as it stands.
func tenantNow(ctx context.Context, tenant ids.ID[ids.Tenant]) (tenantRow, error) {
	r := tenantRow{TenantID: tenant, Version: first}
	err := db.Conn(ctx).NewSelect().Model(&r).Where("tc.tenant_id = ?", tenant).Where("tc.superseded_at is null").Scan(ctx)
	if db.NoRows(err) {
		err = nil
	}
	return r, err
}

// unitNow is a unit's own row as it stands; without one it inherits.
func unitNow(ctx context.Context, unit ids.ID[ids.Unit]) (unitRow, error) {
	r := unitRow{UnitID: unit, Version: first, Content: UnitContent{Inherit: true}}
	err := db.Conn(ctx).NewSelect().Model(&r).Where("uc.tenant_id = ?", db.Tenant(ctx)).Where("uc.unit_id = ?", unit).Where("uc.superseded_at is null").Scan(ctx)
	if db.NoRows(err) {
		err = nil
	}
	return r, err
}

// supersede ends the version that was loaded; of two at once one wins. A calendar
// that nobody has written has no row: there the key of the next version decides.
func supersede(ctx context.Context, q *bun.UpdateQuery, version int64, at time.Time) error {
	res, err := q.Set("superseded_at = ?", at).Where("tenant_id = ?", db.Tenant(ctx)).Where("version = ?", version).Where("superseded_at is null").Exec(ctx)
	if err == nil && version == first {
		return nil
	}
	return db.Affected(res, err)
}

func insertTenant(ctx context.Context, r tenantRow) error {
	if err := supersede(ctx, db.Conn(ctx).NewUpdate().Model((*tenantRow)(nil)), r.Version-1, r.ChangedAt); err != nil {
		return err
	}
	_, err := db.Conn(ctx).NewInsert().Model(&r).Exec(ctx)
	return taken(err)
}

func insertUnit(ctx context.Context, r unitRow) error {
	q := db.Conn(ctx).NewUpdate().Model((*unitRow)(nil)).Where("unit_id = ?", r.UnitID)
	if err := supersede(ctx, q, r.Version-1, r.ChangedAt); err != nil {
		return err
	}
	_, err := db.Conn(ctx).NewInsert().Model(&r).Exec(ctx)
	return taken(err)
}

func taken(err error) error {
	if db.Unique(err, "") {
		return fault.New(fault.VersionConflict)
	}
	return err
}

// units lists the tree of the tenant of ctx.
func units(ctx context.Context) (out []Unit, err error) {
	err = db.Conn(ctx).NewSelect().Model(&out).Where("un.tenant_id = ?", db.Tenant(ctx)).OrderExpr("un.id").Scan(ctx)
	return out, err
}

// ownHours are the rows of all units of the tenant of ctx that have hours of their own.
func ownHours(ctx context.Context) (out map[ids.ID[ids.Unit]]unitRow, err error) {
	var rows []unitRow
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("uc.tenant_id = ?", db.Tenant(ctx)).Where("uc.superseded_at is null").Scan(ctx)
	out = map[ids.ID[ids.Unit]]unitRow{}
	for _, r := range rows {
		out[r.UnitID] = r
	}
	return out, err
}

// version is one row of a history: of the tenant where Depth is 0, else of the unit
// (1) or of one above it.
type version struct {
	Depth        int
	Content      string
	ChangedAt    time.Time
	SupersededAt time.Time `bun:",nullzero"`
}

// versions reads, for a unit of any tenant, every calendar above it that has stood
// since an instant: one query on every act, so it is one.
func versions(ctx context.Context, tenant ids.ID[ids.Tenant], unit ids.ID[ids.Unit], since time.Time) (out []version, err error) {
	const standing = "(c.superseded_at is null or c.superseded_at > ?)"
	if unit.IsZero() {
		err = db.Conn(ctx).NewRaw("select 0 as depth, c.content, c.changed_at, c.superseded_at from tenant_calendars c where c.tenant_id = ? and "+standing, tenant, since).Scan(ctx, &out)
		return out, err
	}
	err = db.Conn(ctx).NewRaw(`with recursive above (id, parent_id, depth) as (
		select u.id, u.parent_id, 1 from units u where u.tenant_id = ? and u.id = ?
		union all select p.id, p.parent_id, a.depth + 1 from units p join above a on p.id = a.parent_id where p.tenant_id = ? and a.depth < 30)
		select 0 as depth, c.content, c.changed_at, c.superseded_at from tenant_calendars c where c.tenant_id = ? and `+standing+`
		union all select a.depth, c.content, c.changed_at, c.superseded_at from above a join unit_calendars c on c.unit_id = a.id where c.tenant_id = ? and `+standing,
		tenant, unit, tenant, tenant, since, tenant, since).Scan(ctx, &out)
	return out, err
}
