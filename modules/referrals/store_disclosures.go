package referrals

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// disclosuresOf reads the register of a person after a key of four parts, newest
// first.
func disclosuresOf(ctx context.Context, person ids.ID[ids.Person], after []string, limit int) (rows []disclosureRow, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&rows).ColumnExpr("d.*").ColumnExpr("r.number").Join("join referrals as r on r.id = d.referral_id").
		Where("d.person_id = ?", person).Where("(d.from_tenant = ? or d.to_tenant = ?)", t, t).
		OrderExpr("d.at desc, d.referral_id desc, d.what desc, d.user_id desc").Limit(int64(limit))
	if len(after) == 4 {
		at, err := time.Parse(time.RFC3339Nano, after[0])
		if err != nil {
			return nil, fault.Of(fault.Unreadable, err)
		}
		q = q.Where("(d.at < ? or (d.at = ? and (d.referral_id, d.what, d.user_id) < (?, ?, ?)))", at, at, after[1], after[2], after[3])
	}
	return rows, q.Scan(ctx)
}
