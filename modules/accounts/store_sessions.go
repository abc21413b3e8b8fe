package accounts

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type keptRow struct {
	bun.BaseModel `bun:"table:kept_forms,alias:k"`
	SessionID     ids.ID[ids.Session] `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	Sealed        []byte
	CreatedAt     time.Time
}

func openSessions(ctx context.Context, user ids.ID[ids.User], now time.Time) (rows []sessionRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("s.tenant_id = ?", db.Tenant(ctx)).Where("s.user_id = ?", user).Where("s.ended_at is null").Where("s.expires_at > ?", now).
		OrderExpr("s.id desc").Limit(100).Scan(ctx)
	return rows, err
}

// endSessionOf ends a session of one user; any other's is not_found.
func endSessionOf(ctx context.Context, user ids.ID[ids.User], id ids.ID[ids.Session], now time.Time) error {
	err := db.Affected(ofSession(ctx, id).Set("ended_at = ?", now).Where("user_id = ?", user).Where("ended_at is null").Exec(ctx))
	if fault.Has(err, fault.VersionConflict) {
		return fault.New(fault.NotFound)
	}
	return err
}

func ofSession(ctx context.Context, id ids.ID[ids.Session]) *bun.UpdateQuery {
	return db.Conn(ctx).NewUpdate().Model((*sessionRow)(nil)).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id)
}

func setSeen(ctx context.Context, id ids.ID[ids.Session], now time.Time) error {
	_, err := ofSession(ctx, id).Set("seen_at = ?", now).Where("locked_at is null").Exec(ctx)
	return err
}

func setLocked(ctx context.Context, id ids.ID[ids.Session], now time.Time) error {
	_, err := ofSession(ctx, id).Set("locked_at = ?", now).Where("kind = ?", page).Exec(ctx)
	return err
}

func setUnlocked(ctx context.Context, id ids.ID[ids.Session], now time.Time) error {
	_, err := ofSession(ctx, id).Set("locked_at = ?", nil).Set("seen_at = ?", now).Exec(ctx)
	return err
}

func putKept(ctx context.Context, k keptRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&k).On("conflict (session_id) do update").Set("sealed = excluded.sealed").Set("created_at = excluded.created_at").
		Where("k.tenant_id = excluded.tenant_id").Exec(ctx)
	return err
}

func takeKept(ctx context.Context, session ids.ID[ids.Session]) (r keptRow, err error) {
	if err = db.Conn(ctx).NewSelect().Model(&r).Where("k.tenant_id = ?", db.Tenant(ctx)).Where("k.session_id = ?", session).Scan(ctx); err != nil {
		return r, err
	}
	_, err = db.Conn(ctx).NewDelete().Model((*keptRow)(nil)).Where("tenant_id = ?", db.Tenant(ctx)).Where("session_id = ?", session).Exec(ctx)
	return r, err
}

func ofUser(ctx context.Context, id ids.ID[ids.User]) *bun.UpdateQuery {
	return db.Conn(ctx).NewUpdate().Model((*userRow)(nil)).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id)
}

func setKey(ctx context.Context, id ids.ID[ids.User], key ids.ID[ids.Key]) error {
	_, err := ofUser(ctx, id).Set("key_id = ?", key).Exec(ctx)
	return err
}

func setPreferences(ctx context.Context, id ids.ID[ids.User], p Preferences) error {
	q := ofUser(ctx, id).Set("keys_off = ?", !p.SingleKeys).Set("mails_off = ?", !p.MailNotices)
	if p.Language != "" {
		q = q.Set("locale = ?", p.Language)
	}
	_, err := q.Exec(ctx)
	return err
}
