package reports

import (
	"context"
	"time"

	"shubbak/modules/agreements"
	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type figureRow struct {
	bun.BaseModel `bun:"table:agreement_figures,alias:f"`
	AgreementID   ids.ID[ids.Agreement] `bun:",pk"`
	Unit          string                `bun:",pk"`
	Span          string                `bun:",pk"`
	Indicator     string                `bun:",pk"`
	PartyID       ids.ID[ids.Tenant]    `bun:",pk"`
	Num, Den      int64
}

type givenRow struct {
	bun.BaseModel `bun:"table:referral_figures,alias:g"`
	ReferralID    ids.ID[ids.Referral] `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	AgreementID   ids.ID[ids.Agreement]
	Given         []given
}

type personRow struct {
	bun.BaseModel `bun:"table:agreement_persons,alias:p"`
	TenantID      ids.ID[ids.Tenant]    `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement] `bun:",pk"`
	PartyID       ids.ID[ids.Tenant]    `bun:",pk"`
	Unit          string                `bun:",pk"`
	Span          string                `bun:",pk"`
	Token         string                `bun:",pk"`
	Times         int64
}

// asOf is the figure that holds when the last event was folded, in microseconds.
const asOf = "as_of"

// ours is the condition that the tenant of ctx is a party to a figure's agreement.
func ours(ctx context.Context) any {
	return bun.SafeQuery("exists (select 1 from agreement_parties as op where op.agreement_id = f.agreement_id and op.tenant_id = ?)", db.Tenant(ctx))
}

// givenBy reads, locked, what a referral of the tenant of ctx has given so far.
func givenBy(ctx context.Context, id ids.ID[ids.Referral]) (r givenRow, err error) {
	err = db.ForUpdate(ctx, db.Conn(ctx).NewSelect().Model(&r).Where("g.referral_id = ?", id).Where("g.tenant_id = ?", db.Tenant(ctx))).Scan(ctx)
	if db.NoRows(err) {
		err = nil
	}
	return r, err
}

func putGiven(ctx context.Context, r givenRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&r).On("conflict (referral_id) do update").Set("given = excluded.given").Set("agreement_id = excluded.agreement_id").Exec(ctx)
	return err
}

// addFigures adds to figures and notes when the last event was folded, in one
// statement. No two of them have the same key.
func addFigures(ctx context.Context, id ids.ID[ids.Agreement], sender ids.ID[ids.Tenant], at time.Time, list []given) error {
	rows := []figureRow{{AgreementID: id, PartyID: sender, Unit: agreements.UnitNow, Indicator: asOf, Num: at.UnixMicro()}}
	for _, g := range list {
		rows = append(rows, figureRow{AgreementID: id, Unit: g.Unit, Span: g.Span, Indicator: g.Indicator, PartyID: g.Party, Num: g.Num, Den: g.Den})
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).On("conflict (agreement_id, unit, span, indicator, party_id) do update").Set("den = f.den + excluded.den").
		Set("num = case when f.indicator <> ? then f.num + excluded.num when excluded.num > f.num then excluded.num else f.num end", asOf).Exec(ctx)
	return err
}

// addPerson counts one referral more or less of a person in a period, and gives how
// many there are now.
func addPerson(ctx context.Context, id ids.ID[ids.Agreement], tenant ids.ID[ids.Tenant], g given) (times int64, err error) {
	err = db.Conn(ctx).NewInsert().Model(&personRow{TenantID: tenant, AgreementID: id, PartyID: g.Party, Unit: g.Unit, Span: g.Span, Token: g.Token, Times: g.Num}).
		On("conflict (tenant_id, agreement_id, party_id, unit, span, token) do update").Set("times = p.times + excluded.times").Returning("times").Scan(ctx, &times)
	return times, err
}

// figuresOf reads the months of agreements from one on, and what has no month.
func figuresOf(ctx context.Context, list []ids.ID[ids.Agreement], since string) (rows []figureRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("f.agreement_id in (?)", db.In(list)).Where("?", ours(ctx)).
		Where("f.unit in ('month', 'quarter', 'semester', 'year', 'term', 'now')").Where("(f.span >= ? or f.span = '')", since).Scan(ctx)
	return rows, err
}

// daysOf reads the days of an agreement between two.
func daysOf(ctx context.Context, id ids.ID[ids.Agreement], from, to string) (rows []figureRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("f.agreement_id = ?", id).Where("?", ours(ctx)).
		Where("f.unit = 'day'").Where("f.span >= ?", from).Where("f.span <= ?", to).OrderExpr("f.span, f.indicator, f.party_id").Scan(ctx)
	return rows, err
}

// allFigures reads every figure of the agreements of the tenant of ctx, for a recount.
func allFigures(ctx context.Context) (rows []figureRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("?", ours(ctx)).Where("f.indicator <> ?", asOf).Where("(f.num <> 0 or f.den <> 0)").Scan(ctx)
	return rows, err
}
