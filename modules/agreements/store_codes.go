package agreements

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// codeRow is a code that was sent. The code itself is computed from the row's id under
// the tenant's key: the database does not know it.
type codeRow struct {
	bun.BaseModel `bun:"table:agreement_codes,alias:co"`
	ID            ids.ID[ids.Entry] `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement]
	TenantID      ids.ID[ids.Tenant]
	UserID        ids.ID[ids.User]
	Version       int64
	Link          string
	Tries         int
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        time.Time `bun:",nullzero"`
}

func insertCode(ctx context.Context, r codeRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&r).Exec(ctx)
	return err
}

func lastCode(ctx context.Context, id ids.ID[ids.Agreement], user ids.ID[ids.User]) (r codeRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("co.tenant_id = ?", db.Tenant(ctx)).Where("co.user_id = ?", user).Where("co.agreement_id = ?", id).OrderExpr("co.id desc").Limit(1).Scan(ctx)
	return r, err
}

func codeByID(ctx context.Context, id ids.ID[ids.Entry]) (r codeRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("co.tenant_id = ?", db.Tenant(ctx)).Where("co.id = ?", id).Scan(ctx)
	return r, err
}

func codeByLink(ctx context.Context, link string) (r codeRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("co.link = ?", link).Scan(ctx)
	return r, err
}

func endCodes(ctx context.Context, id ids.ID[ids.Agreement], user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*codeRow)(nil)).Set("used_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).Where("agreement_id = ?", id).Where("used_at is null").Exec(ctx)
	return err
}

func countTry(ctx context.Context, id ids.ID[ids.Entry]) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*codeRow)(nil)).Set("tries = tries + 1").Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx)
	return err
}

func useCode(ctx context.Context, id ids.ID[ids.Entry], now time.Time) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model((*codeRow)(nil)).Set("used_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Where("used_at is null").Exec(ctx))
}

// ownCode finds the code of a mail's link, for whom it was sent to.
func ownCode(ctx context.Context, link string, user ids.ID[ids.User]) (r codeRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("co.tenant_id = ?", db.Tenant(ctx)).Where("co.user_id = ?", user).Where("co.link = ?", link).Scan(ctx)
	return r, err
}
