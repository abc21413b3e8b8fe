package referrals

import (
	"context"

	"shubbak/platform/db"
)

// register lists what was sent in a period, oldest first, within a filter.
func register(ctx context.Context, f filter, p Period, after Place, limit int) ([]Referral, error) {
	var rows []row
	t := db.Tenant(ctx)
	from := p.From
	if after.at.After(from) {
		from = after.at
	}
	q := f.apply(ctx, db.Conn(ctx).NewSelect().Model(&rows)).Where("r.sent_at >= ?", from).Where("r.sent_at < ?", p.To).OrderExpr("r.sent_at, r.id").Limit(int64(limit))
	if !after.id.IsZero() {
		q = q.Where("(r.sent_at, r.id) > (?, ?)", after.at, after.id)
	}
	if !p.Unit.IsZero() {
		side := map[string]string{"in": "r.to_unit", "out": "r.from_unit"}[p.Box]
		q = q.Where(side+` in (with recursive below as (select id from units where tenant_id = ? and id = ?
			union select un.id from units un join below on un.parent_id = below.id where un.tenant_id = ?) select id from below)`, t, p.Unit, t)
	}
	err := q.Scan(ctx)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}
