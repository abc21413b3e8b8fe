package referrals

import (
	"context"

	"shubbak/platform/db"
)

// insertNote keeps words of one side; those of the basis of a draft may be written again.
func insertNote(ctx context.Context, n noteRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&n).On("conflict (referral_id, sequence, kind) do update").Set("sealed = excluded.sealed").Exec(ctx)
	return err
}

// dropWords deletes the notes and messages that the tenant of ctx wrote on a referral.
func dropWords(ctx context.Context, id ID) error {
	if _, err := db.Conn(ctx).NewDelete().Model((*noteRow)(nil)).Where("referral_id = ?", id).Where("tenant_id = ?", db.Tenant(ctx)).Exec(ctx); err != nil {
		return err
	}
	_, err := db.Conn(ctx).NewDelete().Model((*messageRow)(nil)).Where("referral_id = ?", id).Where("by_tenant = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// outcomesOf reads the clinical outcomes of referrals that the tenant of ctx recorded.
func outcomesOf(ctx context.Context, list []ID) (rows []noteRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("n.referral_id in (?)", db.In(list)).Where("n.kind = 'outcome'").Where("n.tenant_id = ?", db.Tenant(ctx)).Scan(ctx)
	return rows, err
}

// notesOf reads the notes of a referral that the tenant of ctx may read: its own,
// and those that the other side shares while the referral stands open to it.
func notesOf(ctx context.Context, id ID) (rows []noteRow, err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("n.referral_id = ?", id).
		Where("(n.tenant_id = ? or (n.shared and n.from_tenant = ?) or (n.shared and exists (select 1 from referrals r where r.id = n.referral_id and r.to_tenant = ? and r.open_slices like '%,card,%')))", t, t, t).
		OrderExpr("n.sequence").Scan(ctx)
	return rows, err
}
