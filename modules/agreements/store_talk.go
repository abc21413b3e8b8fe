package agreements

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/uptrace/bun"
)

type commentRow struct {
	bun.BaseModel `bun:"table:agreement_comments,alias:cm"`
	Comment
}

func insertComment(ctx context.Context, c Comment) error {
	_, err := db.Conn(ctx).NewInsert().Model(&commentRow{Comment: c}).Exec(ctx)
	return err
}

func commentsOf(ctx context.Context, id ids.ID[ids.Agreement], after string, limit int) ([]Comment, error) {
	var rows []commentRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("cm.agreement_id = ?", id).Where("?", ours(ctx, "cm.agreement_id")).OrderExpr("cm.id").Limit(int64(limit))
	if after != "" {
		q = q.Where("cm.id > ?", after)
	}
	err := q.Scan(ctx)
	out := make([]Comment, len(rows))
	for i, r := range rows {
		out[i] = r.Comment
	}
	return out, err
}

func commentByID(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Message]) (Comment, error) {
	var r commentRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("cm.agreement_id = ?", agreement).Where("cm.id = ?", id).Where("?", ours(ctx, "cm.agreement_id")).Scan(ctx)
	return r.Comment, err
}

func settleComment(ctx context.Context, id ids.ID[ids.Message], agreement ids.ID[ids.Agreement], state string, now time.Time) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model((*commentRow)(nil)).Set("state = ?", state).Set("settled_at = ?", now).Where("id = ?", id).Where("agreement_id = ?", agreement).
		Where("?", ours(ctx, "cm.agreement_id")).Where("state = ?", open).Exec(ctx))
}

func ownComment(ctx context.Context, id ids.ID[ids.Message], tenant tenants.ID) (Comment, error) {
	var r commentRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("cm.id = ?", id).Where("cm.tenant_id = ?", tenant).Scan(ctx)
	return r.Comment, err
}
