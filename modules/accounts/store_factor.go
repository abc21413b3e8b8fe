package accounts

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type recoveryRow struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:rc"`
	TenantID      ids.ID[ids.Tenant] `bun:",pk"`
	UserID        ids.ID[ids.User]   `bun:",pk"`
	CodeHash      string             `bun:",pk"`
	UsedAt        time.Time          `bun:",nullzero"`
}

func setTotp(ctx context.Context, user ids.ID[ids.User], sealed []byte, since time.Time) error {
	q := ofUser(ctx, user).Set("totp = ?", sealed)
	if since.IsZero() {
		q = q.Set("totp_at = null").Set("totp_used = 0")
	} else {
		q = q.Set("totp_at = ?", since)
	}
	_, err := q.Exec(ctx)
	return err
}

// setTotpUsed notes the time step of a code that was used; a step that is not newer
// than the last is a version_conflict.
func setTotpUsed(ctx context.Context, user ids.ID[ids.User], at int64) error {
	return db.Affected(ofUser(ctx, user).Set("totp_used = ?", at).Where("totp_used < ?", at).Exec(ctx))
}

func insertRecovery(ctx context.Context, u User, codes []string) error {
	rows := make([]recoveryRow, len(codes))
	for i, c := range codes {
		rows[i] = recoveryRow{TenantID: u.TenantID, UserID: u.ID, CodeHash: hashToken(c)}
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

func useRecovery(ctx context.Context, user ids.ID[ids.User], hash string, now time.Time) (bool, error) {
	res, err := db.Conn(ctx).NewUpdate().Model((*recoveryRow)(nil)).Set("used_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).
		Where("code_hash = ?", hash).Where("used_at is null").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func countRecovery(ctx context.Context, user ids.ID[ids.User]) (int, error) {
	n, err := db.Conn(ctx).NewSelect().Model((*recoveryRow)(nil)).Where("rc.tenant_id = ?", db.Tenant(ctx)).Where("rc.user_id = ?", user).Where("rc.used_at is null").Count(ctx)
	return int(n), err
}

func forgetRecoveryCodes(ctx context.Context, user ids.ID[ids.User]) error {
	_, err := db.Conn(ctx).NewRaw("delete from recovery_codes where tenant_id = ? and user_id = ?", db.Tenant(ctx), user).Exec(ctx)
	return err
}
