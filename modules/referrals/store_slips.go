package referrals

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// slipRow is the opaque code that a printed slip carries. It stays the same for
// every print of one referral.
type slipRow struct {
	bun.BaseModel `bun:"table:referral_slips,alias:sp"`
	Code          string `bun:",pk"`
	ReferralID    ID
	FromTenant    ids.ID[ids.Tenant]
	ToTenant      ids.ID[ids.Tenant]
	CreatedAt     time.Time
}

// codeOf gives a referral its code, once.
func codeOf(ctx context.Context, fresh slipRow) (code string, err error) {
	if _, err := db.Conn(ctx).NewInsert().Model(&fresh).On("conflict (referral_id) do nothing").Exec(ctx); err != nil {
		return "", err
	}
	err = db.Conn(ctx).NewSelect().Model((*slipRow)(nil)).Column("code").Where("sp.referral_id = ?", fresh.ReferralID).
		Where("(sp.from_tenant = ? or sp.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx, &code)
	return code, err
}

// bySlip finds the referral of a code within the two tenants that share it.
func bySlip(ctx context.Context, code string) (id ID, err error) {
	err = db.Conn(ctx).NewSelect().Model((*slipRow)(nil)).Column("referral_id").Where("sp.code = ?", code).
		Where("(sp.from_tenant = ? or sp.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx, &id)
	return id, err
}

// sidesOf tells which portals a code may lead to.
func sidesOf(ctx context.Context, code string) (r slipRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Column("from_tenant", "to_tenant").Where("sp.code = ?", code).Scan(ctx)
	return r, err
}
