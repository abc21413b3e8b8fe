package referrals

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// coursesOf reads referrals that the tenant of ctx has sent, with their histories, in
// two queries.
func coursesOf(ctx context.Context, list []ID) ([]Course, error) {
	var rows []row
	err := db.Conn(ctx).NewSelect().Model(&rows).Column("id", "agreement_id", "from_tenant", "to_tenant", "person_id", "danger", "exception").
		Where("r.id in (?)", db.In(list)).Where("r.from_tenant = ?", db.Tenant(ctx)).OrderExpr("r.id").Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var events []eventRow
	err = db.Conn(ctx).NewSelect().Model(&events).Column("referral_id", "event", "to_state", "at", "late").
		Where("e.referral_id in (?)", db.In(list)).Where("e.from_tenant = ?", db.Tenant(ctx)).OrderExpr("e.referral_id, e.sequence").Scan(ctx)
	return courses(rows, events), err
}

// underAgreements lists such referrals in the order of their ids.
func underAgreements(ctx context.Context, after ID, limit int) (out []ID, err error) {
	q := db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("r.from_tenant = ?", db.Tenant(ctx)).Where("r.agreement_id is not null").Where("r.sent_at is not null").
		OrderExpr("r.id").Limit(int64(limit))
	if !after.IsZero() {
		q = q.Where("r.id > ?", after)
	}
	err = q.Scan(ctx, &out)
	return out, err
}

// disclosedUnder counts, up to a limit, the openings that an agreement carried in the
// eyes of the tenant of ctx.
func disclosedUnder(ctx context.Context, id ids.ID[ids.Agreement], limit int) (n int, err error) {
	sub := db.Conn(ctx).NewSelect().Model((*disclosureRow)(nil)).ColumnExpr("1").Where("d.agreement_id = ?", id).Where("(d.from_tenant = ? or d.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).Limit(int64(limit))
	err = db.Conn(ctx).NewSelect().ColumnExpr("count(*)").TableExpr("(?) as x", sub).Scan(ctx, &n)
	return n, err
}
