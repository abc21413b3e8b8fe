package accounts

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type onCallRow struct {
	bun.BaseModel `bun:"table:on_call,alias:oc"`
	TenantID      string           `bun:",pk"`
	UserID        ids.ID[ids.User] `bun:",pk"`
}

func onCall(ctx context.Context) ([]Staff, error) {
	var rows []userRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("u.tenant_id = ?", db.Tenant(ctx)).Where("u.ended_at is null").
		Where("exists (select 1 from on_call oc where oc.tenant_id = u.tenant_id and oc.user_id = u.id)").OrderExpr("u.id").Scan(ctx)
	out := make([]Staff, len(rows))
	for i, r := range rows {
		out[i] = Staff{ID: r.ID, Name: i18n.Words{Ar: r.NameAr, Fr: r.NameLatin, En: r.NameLatin}, Email: r.Email, Locale: i18n.Lang(r.Locale)}
	}
	return out, err
}

func setOnCall(ctx context.Context, users []ids.ID[ids.User]) error {
	if _, err := db.Conn(ctx).NewDelete().Model((*onCallRow)(nil)).Where("tenant_id = ?", db.Tenant(ctx)).Exec(ctx); err != nil {
		return err
	}
	if len(users) == 0 {
		return nil
	}
	_, err := db.Conn(ctx).NewRaw("insert into on_call (tenant_id, user_id) select u.tenant_id, u.id from users u where u.tenant_id = ? and u.ended_at is null and u.id in (?)", db.Tenant(ctx), db.In(users)).Exec(ctx)
	return err
}
