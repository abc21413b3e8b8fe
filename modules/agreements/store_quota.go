package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type useRow struct {
	bun.BaseModel `bun:"table:agreement_quota_uses,alias:us"`
	AgreementID   ids.ID[ids.Agreement] `bun:",pk"`
	ServiceID     ids.ID[ids.Service]   `bun:",pk"`
	Period        string                `bun:",pk"`
	StartsOn      string                `bun:",pk"`
	Used          int
	Told          int
}

type placeRow struct {
	bun.BaseModel `bun:"table:agreement_quota_places,alias:pl"`
	ReferralID    ids.ID[ids.Referral] `bun:",pk"`
	Period        string               `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement]
	ServiceID     ids.ID[ids.Service]
	StartsOn      string
}

// quotasOf reads the quotas of agreements, of one service or of all, with what is used
// of each in the period of a day; in the order in which places are taken.
func quotasOf(ctx context.Context, agreements []ids.ID[ids.Agreement], service ids.ID[ids.Service], day string) ([]Use, error) {
	if len(agreements) == 0 {
		return nil, nil
	}
	var out []Use
	q := db.Conn(ctx).NewSelect().TableExpr("agreement_quotas as qu").
		ColumnExpr("qu.agreement_id, qu.service_id, qu.period, qu.amount as \"limit\", qu.hard, coalesce(us.used, 0) as used").
		Join("left join agreement_quota_uses as us on us.agreement_id = qu.agreement_id and us.service_id = qu.service_id and us.period = qu.period and us.starts_on = case qu.period when 'week' then ? when 'month' then ? when 'quarter' then ? else ? end",
			PeriodStart("week", day), PeriodStart("month", day), PeriodStart("quarter", day), PeriodStart("year", day)).
		Where("qu.agreement_id in (?)", db.In(agreements)).Where("?", ours(ctx, "qu.agreement_id")).
		OrderExpr("qu.agreement_id, qu.service_id, qu.period")
	if !service.IsZero() {
		q = q.Where("qu.service_id = ?", service)
	}
	err := q.Scan(ctx, &out)
	for i, u := range out {
		out[i].StartsOn = PeriodStart(u.Period, day)
	}
	return out, err
}

// takePlace counts one more place of a quota, unless a hard one is full: of two at once
// for the last one gets it.
func takePlace(ctx context.Context, u Use) (used int, err error) {
	q := db.Conn(ctx).NewInsert().Model(&useRow{AgreementID: u.AgreementID, ServiceID: u.ServiceID, Period: u.Period, StartsOn: u.StartsOn, Used: 1}).
		On("conflict (agreement_id, service_id, period, starts_on) do update").Set("used = us.used + 1").Returning("used")
	if u.Hard {
		q = q.Where("us.used < ?", u.Limit)
	}
	err = q.Scan(ctx, &used)
	return used, err
}

func insertPlace(ctx context.Context, p placeRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&p).Exec(ctx)
	return err
}

// dropPlaces takes away what a referral holds: whoever gets the rows gives them back.
func dropPlaces(ctx context.Context, referral ids.ID[ids.Referral]) (rows []placeRow, err error) {
	err = db.Conn(ctx).NewDelete().Model(&rows).Where("referral_id = ?", referral).Where("?", ours(ctx, "pl.agreement_id")).Returning("*").Scan(ctx)
	return rows, err
}

func givePlace(ctx context.Context, p placeRow) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*useRow)(nil)).Set("used = used - 1").Where("agreement_id = ?", p.AgreementID).Where("service_id = ?", p.ServiceID).
		Where("period = ?", p.Period).Where("starts_on = ?", p.StartsOn).Where("used > 0").Where("?", ours(ctx, "us.agreement_id")).Exec(ctx)
	return err
}

// tell marks a warning of a quota's period as given; false where it was already.
func tell(ctx context.Context, f filled) (bool, error) {
	res, err := db.Conn(ctx).NewUpdate().Model((*useRow)(nil)).Set("told = ?", f.Percent).Where("agreement_id = ?", f.Agreement).Where("service_id = ?", f.Service).
		Where("period = ?", f.Period).Where("starts_on = ?", f.StartsOn).Where("told < ?", f.Percent).Where("?", ours(ctx, "us.agreement_id")).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
