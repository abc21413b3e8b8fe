package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type measureRow struct {
	bun.BaseModel `bun:"table:agreement_measures,alias:me"`
	Measure
}

type waiverRow struct {
	bun.BaseModel `bun:"table:agreement_waivers,alias:wa"`
	Waiver
}

// measuresOf lists what was declared under each agreement, the newest first.
func measuresOf(ctx context.Context, list []ids.ID[ids.Agreement], limit int) (map[ids.ID[ids.Agreement]][]Measure, error) {
	var rows []measureRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("me.agreement_id in (?)", db.In(list)).Where("?", ours(ctx, "me.agreement_id")).OrderExpr("me.id desc").Limit(int64(limit)).Scan(ctx)
	out := map[ids.ID[ids.Agreement]][]Measure{}
	for _, r := range rows {
		out[r.AgreementID] = append(out[r.AgreementID], r.Measure)
	}
	return out, err
}

func measureByID(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Entry]) (Measure, error) {
	var r measureRow
	err := db.ForUpdate(ctx, db.Conn(ctx).NewSelect().Model(&r).Where("me.id = ?", id).Where("me.agreement_id = ?", agreement).Where("?", ours(ctx, "me.agreement_id"))).Scan(ctx)
	return r.Measure, err
}

func insertMeasure(ctx context.Context, m Measure) error {
	_, err := db.Conn(ctx).NewInsert().Model(&measureRow{Measure: m}).Exec(ctx)
	return err
}

func saveMeasure(ctx context.Context, m Measure) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&measureRow{Measure: m}).WherePK().Where("signed_at is null").Where("?", ours(ctx, "me.agreement_id")).Exec(ctx))
}

func waiversOf(ctx context.Context, list []ids.ID[ids.Agreement]) (map[ids.ID[ids.Agreement]][]Waiver, error) {
	var rows []waiverRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("wa.agreement_id in (?)", db.In(list)).Where("?", ours(ctx, "wa.agreement_id")).Scan(ctx)
	out := map[ids.ID[ids.Agreement]][]Waiver{}
	for _, r := range rows {
		out[r.AgreementID] = append(out[r.AgreementID], r.Waiver)
	}
	return out, err
}

func insertWaiver(ctx context.Context, w Waiver) error {
	_, err := db.Conn(ctx).NewInsert().Model(&waiverRow{Waiver: w}).On("conflict (agreement_id, obligation_id) do nothing").Exec(ctx)
	return err
}

// declaredBy finds a measure that the tenant of ctx has declared.
func declaredBy(ctx context.Context, id ids.ID[ids.Entry]) (Measure, error) {
	var r measureRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("me.id = ?", id).Where("me.by_tenant = ?", db.Tenant(ctx)).Scan(ctx)
	return r.Measure, err
}
