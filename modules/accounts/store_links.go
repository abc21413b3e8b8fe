package accounts

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type linkRow struct {
	bun.BaseModel `bun:"table:sign_in_links,alias:l"`
	CodeHash      string            `bun:",pk"`
	ID            ids.ID[ids.Entry] `bun:",nullzero"`
	TenantID      ids.ID[ids.Tenant]
	UserID        ids.ID[ids.User]
	Kind          string
	Spoken        bool
	CreatedAt     time.Time        `bun:",nullzero"`
	CreatedBy     ids.ID[ids.User] `bun:",nullzero"`
	ExpiresAt     time.Time
	UsedAt        time.Time `bun:",nullzero"`
	ReplacedAt    time.Time `bun:",nullzero"`
}

// refusal says why a link does not work any more; nil while it does.
func (l linkRow) refusal(now time.Time) error {
	key := ""
	switch {
	case !l.UsedAt.IsZero():
		key = "link.used"
	case !l.ReplacedAt.IsZero():
		key = "link.replaced"
	case !l.ExpiresAt.After(now):
		key = "link.expired"
	default:
		return nil
	}
	return &fault.Error{Code: fault.NotFound, Key: key}
}

func insertLink(ctx context.Context, l linkRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&l).Exec(ctx)
	return err
}

func replaceLinks(ctx context.Context, user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*linkRow)(nil)).Set("replaced_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).
		Where("used_at is null").Where("replaced_at is null").Exec(ctx)
	return err
}

func linkByHash(ctx context.Context, hash string) (linkRow, error) {
	var r linkRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("l.tenant_id = ?", db.Tenant(ctx)).Where("l.code_hash = ?", hash).Scan(ctx)
	return r, err
}

func linkByID(ctx context.Context, id ids.ID[ids.Entry]) (linkRow, error) {
	var r linkRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("l.tenant_id = ?", db.Tenant(ctx)).Where("l.id = ?", id).Scan(ctx)
	return r, err
}

// openLink is the spoken code of a user that one administrator made and that works.
func openLink(ctx context.Context, user, by ids.ID[ids.User], now time.Time) (linkRow, error) {
	var r linkRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("l.tenant_id = ?", db.Tenant(ctx)).Where("l.user_id = ?", user).Where("l.created_by = ?", by).Where("l.spoken").
		Where("l.used_at is null").Where("l.replaced_at is null").Where("l.expires_at > ?", now).OrderExpr("l.id desc").Limit(1).Scan(ctx)
	return r, err
}

func lastLink(ctx context.Context, user ids.ID[ids.User]) (linkRow, error) {
	var r linkRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("l.tenant_id = ?", db.Tenant(ctx)).Where("l.user_id = ?", user).Where("l.kind <> ?", step).OrderExpr("l.id desc").Limit(1).Scan(ctx)
	return r, err
}

// takeLink uses a link up; of two at once one is told that it was used.
func takeLink(ctx context.Context, hash string, now time.Time) error {
	res, err := db.Conn(ctx).NewUpdate().Model((*linkRow)(nil)).Set("used_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("code_hash = ?", hash).
		Where("used_at is null").Where("replaced_at is null").Where("expires_at > ?", now).Exec(ctx)
	if err = db.Affected(res, err); !fault.Has(err, fault.VersionConflict) {
		return err
	}
	l, err := linkByHash(ctx, hash)
	if err != nil {
		return err
	}
	return l.refusal(now)
}

func tenantOfLink(ctx context.Context, hash string) (id ids.ID[ids.Tenant], err error) {
	err = db.Conn(ctx).NewSelect().Model((*linkRow)(nil)).Column("tenant_id").Where("l.code_hash = ?", hash).Where("not l.spoken").Where("l.kind <> 'step'").Scan(ctx, &id)
	return id, err
}
