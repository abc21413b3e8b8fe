package documents

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:documents,alias:d"`
	Document
	SealedName []byte `bun:"name"`
}

type subjectRow struct {
	bun.BaseModel `bun:"table:document_subjects,alias:ds"`
	DocumentID    ids.ID[ids.Document] `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	ReferralID    ids.ID[ids.Referral]
}

// reach limits a query to documents of the tenant of ctx and of referrals in which
// it takes part.
const reach = "(d.tenant_id = ? or exists (select 1 from referrals r where r.id = d.referral_id and (r.from_tenant = ? or (r.to_tenant = ? and r.open_slices like '%,documents,%'))))"

func insert(ctx context.Context, d Document, name []byte) error {
	if _, err := db.Conn(ctx).NewInsert().Model(&subjectRow{DocumentID: d.ID, TenantID: d.TenantID, ReferralID: d.ReferralID}).Exec(ctx); err != nil {
		return err
	}
	_, err := db.Conn(ctx).NewInsert().Model(&row{Document: d, SealedName: name}).Exec(ctx)
	return err
}

func referralOf(ctx context.Context, id ids.ID[ids.Document]) (ids.ID[ids.Referral], error) {
	var r subjectRow
	t := db.Tenant(ctx)
	err := db.Conn(ctx).NewSelect().Model(&r).Where("ds.document_id = ?", id).
		Where("(ds.tenant_id = ? or exists (select 1 from referrals r where r.id = ds.referral_id and (r.from_tenant = ? or r.to_tenant = ?)))", t, t, t).Scan(ctx)
	return r.ReferralID, err
}

func byID(ctx context.Context, id ids.ID[ids.Document]) (r row, err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model(&r).Where("d.id = ?", id).Where(reach, t, t, t).Scan(ctx)
	return r, err
}

func ofReferral(ctx context.Context, referral ids.ID[ids.Referral], after string, limit int) (rows []row, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("d.referral_id = ?", referral).Where(reach, t, t, t).OrderExpr("d.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("d.id < ?", after)
	}
	return rows, q.Scan(ctx)
}

// existing says which of some documents have a row, in any tenant.
func existing(ctx context.Context, list []ids.ID[ids.Document]) (out []ids.ID[ids.Document], err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("d.id in (?)", bun.List(list)).Scan(ctx, &out)
	return out, err
}
