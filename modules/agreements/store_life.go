package agreements

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/uptrace/bun"
)

type textRow struct {
	bun.BaseModel `bun:"table:agreement_texts,alias:tx"`
	AgreementID   ids.ID[ids.Agreement] `bun:",pk"`
	Version       int64                 `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	Content       string
	SHA256        string `bun:"sha256"`
	Kept          bool
	Why           string
	ByTenant      ids.ID[ids.Tenant] `bun:",nullzero"`
	ByUser        ids.ID[ids.User]   `bun:",nullzero"`
	At            time.Time
}

type eventRow struct {
	bun.BaseModel `bun:"table:agreement_events,alias:ev"`
	Event
}

type signatureRow struct {
	bun.BaseModel `bun:"table:agreement_signatures,alias:si"`
	Signature
}

type quotaRow struct {
	bun.BaseModel `bun:"table:agreement_quotas,alias:qu"`
	ID            ids.ID[ids.Entry] `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement]
	TenantID      ids.ID[ids.Tenant]
	ServiceID     ids.ID[ids.Service]
	Period        string
	Amount        int
	Hard          bool
}

type obligationRow struct {
	bun.BaseModel `bun:"table:agreement_obligations,alias:ob"`
	ID            ids.ID[ids.Entry] `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement]
	TenantID      ids.ID[ids.Tenant]
	Party         string
	Indicator     string
	Target        float64
	Period        string
	Mode          string
	TitleAr       string
	TitleFr       string
}

// lock reads one agreement of the tenant of ctx, locked until the transaction ends. One
// that may come into force in the place of another has that one locked before it: whoever
// sends reads the two in this order (scopesFrom).
func lock(ctx context.Context, id ids.ID[ids.Agreement]) (Agreement, error) {
	var r row
	if db.Postgres(ctx) {
		var older ids.ID[ids.Agreement]
		err := db.ForUpdate(ctx, db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").
			Where("a.id = (select n.renews_id from agreements as n where n.id = ? and n.state in (?))", id, db.Codes([]State{Signing, Signed, AwaitingVisa})).Where("?", ours(ctx, "a.id"))).Scan(ctx, &older)
		if err != nil && !db.NoRows(err) {
			return r.Agreement, err
		}
	}
	err := db.ForUpdate(ctx, db.Conn(ctx).NewSelect().Model(&r).Where("a.id = ?", id).Where("?", ours(ctx, "a.id"))).Scan(ctx)
	return r.Agreement, err
}

func insertAgreement(ctx context.Context, a Agreement) error {
	if _, err := db.Conn(ctx).NewInsert().Model(&row{Agreement: a}).Exec(ctx); err != nil {
		return err
	}
	return addParty(ctx, a, a.TenantID)
}

// save writes a row that lock has read.
func save(ctx context.Context, a Agreement) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&row{Agreement: a}).WherePK().Where("?", ours(ctx, "a.id")).Exec(ctx))
}

func addParty(ctx context.Context, a Agreement, tenant tenants.ID) error {
	_, err := db.Conn(ctx).NewInsert().Model(&partyRow{AgreementID: a.ID, TenantID: tenant, KeeperID: a.TenantID}).On("conflict (agreement_id, tenant_id) do nothing").Exec(ctx)
	return err
}

// keepParties takes away the parties that are none any more.
func keepParties(ctx context.Context, id ids.ID[ids.Agreement], list []tenants.ID) error {
	_, err := db.Conn(ctx).NewDelete().Model((*partyRow)(nil)).Where("agreement_id = ?", id).Where("tenant_id not in (?)", db.In(list)).Exec(ctx)
	return err
}

// nextNumber is the register of one keeper and year: 2026/04 after 2026/03.
func nextNumber(ctx context.Context, year int, postgres bool) (string, error) {
	if postgres {
		if _, err := db.Conn(ctx).NewRaw("select pg_advisory_xact_lock(hashtext('agreements' || ?))", db.Tenant(ctx)).Exec(ctx); err != nil {
			return "", err
		}
	}
	var last string
	prefix := fmt.Sprintf("%d/", year)
	err := db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("number").Where("a.tenant_id = ?", db.Tenant(ctx)).Where("a.number like ?", prefix+"%").
		OrderExpr("length(a.number) desc, a.number desc").Limit(1).Scan(ctx, &last)
	if err != nil && !db.NoRows(err) {
		return "", err
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(last, prefix))
	return fmt.Sprintf("%s%02d", prefix, n+1), nil
}

func textRowOf(ctx context.Context, id ids.ID[ids.Agreement], version int64) (r textRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("tx.agreement_id = ?", id).Where("tx.version = ?", version).Where("?", ours(ctx, "tx.agreement_id")).Scan(ctx)
	return r, err
}

// textRows lists the versions that were handed on, newest first, without their words.
func textRows(ctx context.Context, id ids.ID[ids.Agreement], from int64) (rows []textRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).ExcludeColumn("content").Where("tx.agreement_id = ?", id).Where("tx.version >= ?", from).
		Where("?", ours(ctx, "tx.agreement_id")).OrderExpr("tx.version desc").Limit(500).Scan(ctx)
	return rows, err
}

func insertText(ctx context.Context, r textRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&r).Exec(ctx)
	return err
}

// replaceText writes over a version that nobody else has seen.
func replaceText(ctx context.Context, old int64, r textRow) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&r).Column("content", "sha256", "why", "by_tenant", "by_user", "at").Set("version = ?", r.Version).
		Where("agreement_id = ?", r.AgreementID).Where("version = ?", old).Where("tenant_id = ?", db.Tenant(ctx)).Where("not kept").Exec(ctx))
}

// keepText makes a version unchangeable.
func keepText(ctx context.Context, id ids.ID[ids.Agreement], version int64) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*textRow)(nil)).Set("kept = ?", true).Where("agreement_id = ?", id).Where("version = ?", version).
		Where("tenant_id = ?", db.Tenant(ctx)).Where("not kept").Exec(ctx)
	return err
}

func insertEvent(ctx context.Context, e Event) error {
	_, err := db.Conn(ctx).NewInsert().Model(&eventRow{Event: e}).Exec(ctx)
	return err
}

func eventsOf(ctx context.Context, id ids.ID[ids.Agreement], after string, limit int) ([]Event, error) {
	var rows []eventRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("ev.agreement_id = ?", id).Where("?", ours(ctx, "ev.agreement_id")).OrderExpr("ev.sequence").Limit(int64(limit))
	if after != "" {
		q = q.Where("ev.sequence > ?", after)
	}
	err := q.Scan(ctx)
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = r.Event
	}
	return out, err
}

func insertSignature(ctx context.Context, s Signature) error {
	_, err := db.Conn(ctx).NewInsert().Model(&signatureRow{Signature: s}).Exec(ctx)
	return err
}

// signaturesOf lists the signatures that count, in the order in which they were given.
func signaturesOf(ctx context.Context, id ids.ID[ids.Agreement]) ([]Signature, error) {
	var rows []signatureRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("si.agreement_id = ?", id).Where("si.voided_at is null").Where("?", ours(ctx, "si.agreement_id")).OrderExpr("si.id").Scan(ctx)
	out := make([]Signature, len(rows))
	for i, r := range rows {
		out[i] = r.Signature
	}
	return out, err
}

func voidSignatures(ctx context.Context, id ids.ID[ids.Agreement], now time.Time) (int64, error) {
	res, err := db.Conn(ctx).NewUpdate().Model((*signatureRow)(nil)).Set("voided_at = ?", now).Where("agreement_id = ?", id).Where("voided_at is null").
		Where("?", ours(ctx, "si.agreement_id")).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// putClauses writes what acts in place of what acted.
func putClauses(ctx context.Context, f Full) error {
	c := db.Conn(ctx)
	for alias, model := range map[string]any{"sc": (*scopeRow)(nil), "sh": (*sharingRow)(nil), "qu": (*quotaRow)(nil), "ob": (*obligationRow)(nil)} {
		if _, err := c.NewDelete().Model(model).Where("agreement_id = ?", f.ID).Where("?", ours(ctx, alias+".agreement_id")).Exec(ctx); err != nil {
			return err
		}
	}
	return insertClauses(ctx, f)
}

func insertClauses(ctx context.Context, f Full) error {
	c := db.Conn(ctx)
	for _, s := range f.Scopes {
		s.AgreementID = f.ID
		if s.ID.IsZero() {
			s.ID = ids.New[ids.Entry]()
		}
		if s.Mark = "stands"; f.State.Ended() {
			s.Mark = "ended"
		}
		if _, err := c.NewInsert().Model(&scopeRow{Scope: s}).Exec(ctx); err != nil {
			return err
		}
	}
	for _, s := range f.Sharing {
		s.AgreementID = f.ID
		if _, err := c.NewInsert().Model(&sharingRow{Sharing: s}).Exec(ctx); err != nil {
			return err
		}
	}
	for _, q := range f.Quotas {
		r := quotaRow{ID: ids.New[ids.Entry](), AgreementID: f.ID, TenantID: f.TenantID, ServiceID: q.ServiceID, Period: q.Period, Amount: q.Limit, Hard: q.Hard}
		if _, err := c.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
	}
	for _, o := range f.Obligations {
		// A row of its own: a renewed agreement carries the obligations of the one before.
		r := obligationRow{ID: ids.New[ids.Entry](), AgreementID: f.ID, TenantID: f.TenantID, Party: o.Party, Indicator: o.Indicator, Target: o.Target, Period: o.Period, Mode: o.Mode, TitleAr: o.Title.Ar, TitleFr: o.Title.Fr}
		if _, err := c.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// relatives lists the agreements that amend or renew one.
func relatives(ctx context.Context, id ids.ID[ids.Agreement]) (out []Agreement, err error) {
	var rows []row
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("(a.parent_id = ? or a.renews_id = ?)", id, id).Where("?", ours(ctx, "a.id")).OrderExpr("a.id").Scan(ctx)
	for _, r := range rows {
		out = append(out, r.Agreement)
	}
	return out, err
}

// due lists the agreements that the tenant of ctx keeps and to which time does
// something by a day.
func due(ctx context.Context, today string, limit int) (out []ids.ID[ids.Agreement], err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("a.tenant_id = ?", db.Tenant(ctx)).Where("a.due_on <= ?", today).OrderExpr("a.due_on, a.id").Limit(int64(limit)).Scan(ctx, &out)
	return out, err
}

// dueTenants lists who keeps such agreements. The few rows are made distinct here:
// asked to do it, SQLite may read every agreement in the order of its keeper.
func dueTenants(ctx context.Context, today string) (out []string, err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("tenant_id").Where("a.due_on <= ?", today).Scan(ctx, &out)
	slices.Sort(out)
	return slices.Compact(out), err
}

// overlapping lists the agreements of others between which and this one the annexes
// have to agree: standing in the same time.
func overlapping(ctx context.Context, a Agreement) ([]Agreement, error) {
	var rows []row
	q := mine(ctx, db.Conn(ctx).NewSelect().Model(&rows)).Where("a.id <> ?", a.ID).Where("a.state in (?)", db.Codes([]State{Signed, AwaitingVisa, InForce, Expiring, Suspended})).
		Where("a.parent_id is null").Where("a.effective_on <= ?", a.EndsOn).Where("a.ends_on >= ?", a.EffectiveOn)
	if !a.ParentID.IsZero() {
		q = q.Where("a.id <> ?", a.ParentID)
	}
	if !a.RenewsID.IsZero() {
		q = q.Where("a.id <> ?", a.RenewsID)
	}
	err := q.OrderExpr("a.id").Scan(ctx)
	out := make([]Agreement, len(rows))
	for i, r := range rows {
		out[i] = r.Agreement
	}
	return out, err
}

// textsOf reads the present text of agreements.
func textsOf(ctx context.Context, list []ids.ID[ids.Agreement]) (map[ids.ID[ids.Agreement]]string, error) {
	out := map[ids.ID[ids.Agreement]]string{}
	if len(list) == 0 {
		return out, nil
	}
	var rows []textRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Column("agreement_id", "content").Join("join agreements a on a.id = tx.agreement_id and a.version = tx.version").
		Where("tx.agreement_id in (?)", db.In(list)).Where("?", ours(ctx, "tx.agreement_id")).Scan(ctx)
	for _, r := range rows {
		out[r.AgreementID] = r.Content
	}
	return out, err
}

// markEnded keeps the scopes of an agreement that has ended as the ones that say so to
// their pair of tenants; those of agreements that ended before are not read any more.
func markEnded(ctx context.Context, id ids.ID[ids.Agreement]) error {
	c := db.Conn(ctx)
	own := c.NewSelect().TableExpr("agreement_scopes as e").ColumnExpr("1").Where("e.agreement_id = ?", id).Where("e.from_tenant = sc.from_tenant").Where("e.to_tenant = sc.to_tenant")
	if _, err := c.NewUpdate().Model((*scopeRow)(nil)).Set("mark = ''").Where("sc.mark = 'ended'").Where("exists (?)", own).Where("?", ours(ctx, "sc.agreement_id")).Exec(ctx); err != nil {
		return err
	}
	_, err := c.NewUpdate().Model((*scopeRow)(nil)).Set("mark = 'ended'").Where("sc.agreement_id = ?", id).Where("?", ours(ctx, "sc.agreement_id")).Exec(ctx)
	return err
}
