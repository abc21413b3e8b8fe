package documents

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:documents,alias:d"`
	Document
	SealedName []byte `bun:"name"`
}

// subjectRow names one referral that a document belongs to: the one it was added to,
// and those that name it since.
type subjectRow struct {
	bun.BaseModel `bun:"table:document_subjects,alias:ds"`
	DocumentID    ids.ID[ids.Document] `bun:",pk"`
	ReferralID    ids.ID[ids.Referral] `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
}

// reach limits a query to documents of the tenant of ctx, and of referrals and agreements
// in which it takes part.
const reach = `(d.tenant_id = ? or exists (select 1 from document_subjects s join referrals r on r.id = s.referral_id where s.document_id = d.id
	and (r.from_tenant = ? or (r.to_tenant = ? and r.open_slices like '%,documents,%')))
	or (d.agreement_id is not null and exists (select 1 from agreement_parties p where p.agreement_id = d.agreement_id and p.tenant_id = ?)))`

func insert(ctx context.Context, d Document, name []byte) error {
	if !d.ReferralID.IsZero() {
		if err := link(ctx, d.ReferralID, d.ID); err != nil {
			return err
		}
	}
	_, err := db.Conn(ctx).NewInsert().Model(&row{Document: d, SealedName: name}).Exec(ctx)
	return err
}

// link makes documents of the tenant of ctx belong to one more referral.
func link(ctx context.Context, referral ids.ID[ids.Referral], list ...ids.ID[ids.Document]) error {
	if len(list) == 0 {
		return nil
	}
	tenant, err := ids.Parse[ids.Tenant](db.Tenant(ctx))
	if err != nil {
		return err
	}
	rows := make([]subjectRow, len(list))
	for i, id := range list {
		rows[i] = subjectRow{DocumentID: id, ReferralID: referral, TenantID: tenant}
	}
	_, err = db.Conn(ctx).NewInsert().Model(&rows).On("conflict (document_id, referral_id) do nothing").Exec(ctx)
	return err
}

// unlink takes every document away from a referral that was added elsewhere.
func unlink(ctx context.Context, referral ids.ID[ids.Referral]) error {
	_, err := db.Conn(ctx).NewDelete().Model((*subjectRow)(nil)).Where("ds.referral_id = ?", referral).Where("ds.tenant_id = ?", db.Tenant(ctx)).
		Where("not exists (select 1 from documents d where d.id = ds.document_id and d.referral_id = ds.referral_id)").Exec(ctx)
	return err
}

// linked lists the documents that a referral names and that were added elsewhere.
func linked(ctx context.Context, referral ids.ID[ids.Referral]) (out []ids.ID[ids.Document], err error) {
	err = db.Conn(ctx).NewSelect().Model((*subjectRow)(nil)).Column("document_id").Where("ds.referral_id = ?", referral).Where("ds.tenant_id = ?", db.Tenant(ctx)).
		Where("not exists (select 1 from documents d where d.id = ds.document_id and d.referral_id = ds.referral_id)").OrderExpr("ds.document_id").Scan(ctx, &out)
	return out, err
}

func countOf(ctx context.Context, referral ids.ID[ids.Referral]) (n int, err error) {
	err = db.Conn(ctx).NewSelect().Model((*subjectRow)(nil)).ColumnExpr("count(*)").Where("ds.referral_id = ?", referral).Where("ds.tenant_id = ?", db.Tenant(ctx)).
		Where("exists (select 1 from documents d where d.id = ds.document_id and d.state in ('available', 'quarantined') and not exists (select 1 from documents b where b.id = d.replaces and b.state = 'available'))").Scan(ctx, &n)
	return n, err
}

// subjectsOf lists the referrals within reach that a document belongs to, the latest
// first.
func subjectsOf(ctx context.Context, id ids.ID[ids.Document]) (out []ids.ID[ids.Referral], err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model((*subjectRow)(nil)).Column("referral_id").Where("ds.document_id = ?", id).
		Where("(ds.tenant_id = ? or exists (select 1 from referrals r where r.id = ds.referral_id and (r.from_tenant = ? or r.to_tenant = ?)))", t, t, t).
		OrderExpr("ds.referral_id desc").Scan(ctx, &out)
	return out, err
}

func byID(ctx context.Context, id ids.ID[ids.Document]) (r row, err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model(&r).Where("d.id = ?", id).Where(reach, t, t, t, t).Scan(ctx)
	return r, err
}

// ofRecord lists the documents of a referral, or of an agreement, the latest first.
func ofRecord(ctx context.Context, referral ids.ID[ids.Referral], agreement ids.ID[ids.Agreement], after string, limit int) (rows []row, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&rows)
	if referral.IsZero() {
		q = q.Where("d.agreement_id = ?", agreement)
	} else {
		q = q.Join("join document_subjects as ds on ds.document_id = d.id").Where("ds.referral_id = ?", referral)
	}
	q = q.Where(reach, t, t, t, t).OrderExpr("d.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("d.id < ?", after)
	}
	return rows, q.Scan(ctx)
}

// own reads a document of the tenant of ctx.
func own(ctx context.Context, id ids.ID[ids.Document]) (r row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("d.id = ?", id).Where("d.tenant_id = ?", db.Tenant(ctx)).Scan(ctx)
	return r, err
}

// settle ends the quarantine of a document of the tenant of ctx; false when it has
// ended before.
func settle(ctx context.Context, id ids.ID[ids.Document], state string) (bool, error) {
	res, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("state = ?", state).Where("id = ?", id).Where("tenant_id = ?", db.Tenant(ctx)).Where("state = 'quarantined'").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// quarantined lists documents of the tenant of ctx that have waited since before an
// instant.
func quarantined(ctx context.Context, before time.Time, limit int) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("d.tenant_id = ?", db.Tenant(ctx)).Where("d.state = 'quarantined'").Where("d.created_at < ?", before).OrderExpr("d.created_at").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

// tenantsWaiting are the tenants that have such documents.
func tenantsWaiting(ctx context.Context, before time.Time) (out []string, err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("distinct d.tenant_id").Where("d.state = 'quarantined'").Where("d.created_at < ?", before).Scan(ctx, &out)
	return out, err
}

// supersede ends a version that another has followed.
// What is kept stays what it is, whoever asks.
func supersede(ctx context.Context, id ids.ID[ids.Document], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("state = ?", Superseded).Where("id = ?", id).Where("tenant_id = ?", db.Tenant(ctx)).Where("state = ?", Available).
		Where("(kept_until is null or kept_until <= ?)", now).Exec(ctx)
	return err
}

// keepRow lets nothing of a document of the tenant of ctx change before an instant, and
// never for less long than before.
func keepRow(ctx context.Context, id ids.ID[ids.Document], until time.Time) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("kept_until = case when kept_until > ? then kept_until else ? end", until, until).
		Where("id = ?", id).Where("tenant_id = ?", db.Tenant(ctx)).Where("state = ?", Available).Exec(ctx))
}

// usage is how many bytes the tenant of ctx keeps.
func usage(ctx context.Context) (n int64, err error) {
	err = db.Conn(ctx).NewRaw("select coalesce(sum(bytes), 0) from document_usage where tenant_id = ?", db.Tenant(ctx)).Scan(ctx, &n)
	return n, err
}

// use adds to it, up to a limit: version_conflict beyond.
func use(ctx context.Context, bytes, limit int64) error {
	if bytes > limit {
		return fault.New(fault.VersionConflict)
	}
	return db.Affected(db.Conn(ctx).NewRaw(`insert into document_usage (tenant_id, bytes) values (?, ?)
		on conflict (tenant_id) do update set bytes = document_usage.bytes + excluded.bytes where document_usage.tenant_id = excluded.tenant_id and document_usage.bytes + excluded.bytes <= ?`,
		db.Tenant(ctx), bytes, limit).Exec(ctx))
}

// giveBack takes the bytes of destroyed content off.
func giveBack(ctx context.Context, bytes int64) error {
	_, err := db.Conn(ctx).NewRaw("update document_usage set bytes = bytes - ? where tenant_id = ?", bytes, db.Tenant(ctx)).Exec(ctx)
	return err
}

// purge empties the documents of the tenant of ctx that belong to a referral and to no
// other, and takes all of the tenant's away from it. It gives what is left of them.
func purge(ctx context.Context, referral ids.ID[ids.Referral]) (rows []row, err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewRaw(`update documents set state = ?, file_key = ?, name = ? where tenant_id = ? and referral_id = ? and state not in ('infected', 'purged')
		and not exists (select 1 from document_subjects s where s.document_id = documents.id and s.tenant_id = ? and s.referral_id <> ?)
		returning id, tenant_id, size`, Purged, []byte{}, []byte{}, t, referral, t, referral).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	_, err = db.Conn(ctx).NewDelete().Model((*subjectRow)(nil)).Where("ds.referral_id = ?", referral).Where("ds.tenant_id = ?", t).Exec(ctx)
	return rows, err
}

// existing says which of some documents have content, in any tenant.
func existing(ctx context.Context, list []ids.ID[ids.Document]) (out []ids.ID[ids.Document], err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("d.id in (?)", db.In(list)).Where("d.state <> 'purged'").Scan(ctx, &out)
	return out, err
}
