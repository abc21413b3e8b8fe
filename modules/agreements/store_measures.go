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

// measuresOf lists what was declared under an agreement, the newest first, before a key.
func measuresOf(ctx context.Context, id ids.ID[ids.Agreement], before string, limit int) ([]Measure, error) {
	var rows []measureRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("me.agreement_id = ?", id).Where("?", ours(ctx, "me.agreement_id")).OrderExpr("me.id desc").Limit(int64(limit))
	if before != "" {
		q = q.Where("me.id < ?", before)
	}
	err := q.Scan(ctx)
	out := make([]Measure, len(rows))
	for i, r := range rows {
		out[i] = r.Measure
	}
	return out, err
}

// declaredOf adds up what was declared under agreements and counter-signed, by day.
func declaredOf(ctx context.Context, list []ids.ID[ids.Agreement]) (map[ids.ID[ids.Agreement]][]declaredDay, error) {
	var rows []declaredDay
	err := db.Conn(ctx).NewSelect().Model((*measureRow)(nil)).ColumnExpr("me.agreement_id, me.obligation_id, me.on_day, sum(me.value) as value").
		Where("me.agreement_id in (?)", db.In(list)).Where("me.signed_at is not null").Where("me.refused_reason = ''").Where("?", ours(ctx, "me.agreement_id")).
		GroupExpr("me.agreement_id, me.obligation_id, me.on_day").Scan(ctx, &rows)
	out := map[ids.ID[ids.Agreement]][]declaredDay{}
	for _, r := range rows {
		out[r.AgreementID] = append(out[r.AgreementID], r)
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
