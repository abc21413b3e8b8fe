package directory

import (
	"context"
	"strings"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:services,alias:s"`
	Service
}

type needRow struct {
	bun.BaseModel `bun:"table:service_needs,alias:n"`
	Need          string
	ServiceID     ids.ID[ids.Service]
}

func find(ctx context.Context, q Search, after string, limit int) (rows []row, err error) {
	sel := db.Conn(ctx).NewSelect().Model(&rows).OrderExpr("s.id desc").Limit(int64(limit))
	if q.Need != "" {
		sel = sel.Where("s.id in (?)", db.Conn(ctx).NewSelect().TableExpr("service_needs n").ColumnExpr("n.service_id").Where("n.need = ?", q.Need))
	}
	if q.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(q.Text)) + "%"
		sel = sel.Where(`(lower(s.name_ar) like ? escape '\' or lower(s.name_fr) like ? escape '\' or lower(s.name_en) like ? escape '\')`, like, like, like)
	}
	if after != "" {
		sel = sel.Where("s.id < ?", after)
	}
	return rows, sel.Scan(ctx)
}

// ofTenants lists what tenants do themselves, the oldest first.
func ofTenants(ctx context.Context, list []ids.ID[ids.Tenant]) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("s.tenant_id in (?)", db.In(list)).Where("s.organization_id is null").OrderExpr("s.id").Limit(500).Scan(ctx)
	return rows, err
}

func byIDs(ctx context.Context, list []ids.ID[ids.Service]) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("s.id in (?)", db.In(list)).Scan(ctx)
	return rows, err
}

// counted are the open services of the tenant of ctx that say how many places they have.
func counted(ctx context.Context, limit int) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("s.tenant_id = ?", db.Tenant(ctx)).Where("s.organization_id is null").Where("s.active").Where("s.maximum > 0").
		OrderExpr("s.id").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

func insert(ctx context.Context, s Service) error {
	if _, err := db.Conn(ctx).NewInsert().Model(&row{Service: s}).Exec(ctx); err != nil {
		return err
	}
	return insertNeeds(ctx, s)
}

func insertNeeds(ctx context.Context, s Service) error {
	needs := make([]needRow, len(s.Needs))
	for i, n := range s.Needs {
		needs[i] = needRow{Need: n, ServiceID: s.ID}
	}
	_, err := db.Conn(ctx).NewInsert().Model(&needs).Exec(ctx)
	return err
}

// save writes a change of the version that was loaded.
func save(ctx context.Context, s Service, loaded int64) error {
	if err := db.Affected(db.Conn(ctx).NewUpdate().Model(&row{Service: s}).ExcludeColumn("id", "tenant_id", "organization_id", "created_at", "status", "available", "maximum").
		Where("id = ?", s.ID).Where("tenant_id = ?", db.Tenant(ctx)).Where("version = ?", loaded).Exec(ctx)); err != nil {
		return err
	}
	if _, err := db.Conn(ctx).NewDelete().Model((*needRow)(nil)).Where("service_id = ?", s.ID).Exec(ctx); err != nil {
		return err
	}
	return insertNeeds(ctx, s)
}

func setCapacity(ctx context.Context, id ids.ID[ids.Service], c Capacity) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("status = ?", c.Status).Set("available = ?", c.Available).Set("maximum = ?", c.Maximum).
		Set("version = version + 1").Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx))
}

func placesOf(ctx context.Context, list []ids.ID[ids.Tenant]) (map[ids.ID[ids.Tenant]]int, error) {
	var rows []struct {
		TenantID ids.ID[ids.Tenant]
		N        int
	}
	err := db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("tenant_id, coalesce(sum(maximum), 0) as n").Where("tenant_id in (?)", db.In(list)).Where("organization_id is null").
		GroupExpr("tenant_id").Scan(ctx, &rows)
	out := map[ids.ID[ids.Tenant]]int{}
	for _, t := range list {
		out[t] = 0
	}
	for _, r := range rows {
		out[r.TenantID] = r.N
	}
	return out, err
}
