package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:agreements,alias:a"`
	Agreement
}

type partyRow struct {
	bun.BaseModel `bun:"table:agreement_parties,alias:p"`
	AgreementID   ids.ID[ids.Agreement]
	TenantID      ids.ID[ids.Tenant]
	KeeperID      ids.ID[ids.Tenant] // who keeps it sees every party's row
}

type scopeRow struct {
	bun.BaseModel `bun:"table:agreement_scopes,alias:sc"`
	Scope
}

type sharingRow struct {
	bun.BaseModel `bun:"table:agreement_sharing,alias:sh"`
	Sharing
}

// ours is the condition that the tenant of ctx is a party to the agreement that a
// column names, asked for the row that was found: a list of all of a tenant's agreements
// would be made anew for each statement.
func ours(ctx context.Context, column string) any {
	return bun.SafeQuery("exists (select 1 from agreement_parties as op where op.agreement_id = "+column+" and op.tenant_id = ?)", db.Tenant(ctx))
}

// mine limits a query on many agreements to those of the tenant of ctx.
func mine(ctx context.Context, q *bun.SelectQuery) *bun.SelectQuery {
	return q.Where("a.id in (?)", db.Conn(ctx).NewSelect().TableExpr("agreement_parties p").ColumnExpr("p.agreement_id").Where("p.tenant_id = ?", db.Tenant(ctx)))
}

// judged are the columns of an agreement that a judgement reads; the words of an office's
// agreements would be most of the work.
var judged = []string{"id", "number", "state", "state_since", "effective_on", "ends_on", "renewal", "terminates_on", "objected_on", "has_quotas"}

// scopesFrom reads the scopes of a sender with what a judgement asks of their agreements,
// these locked against change until the transaction ends, the older first.
func scopesFrom(ctx context.Context, from tenants.ID, to *tenants.ID) ([]scoped, error) {
	var scopes []scopeRow
	// What has ended is remembered once per pair, to say so; the history is not read.
	q := db.Conn(ctx).NewSelect().Model(&scopes).Where("sc.from_tenant = ?", from).Where("sc.mark <> ''").OrderExpr("sc.id")
	if to != nil {
		q = q.Where("sc.to_tenant = ?", *to)
	}
	if err := q.Scan(ctx); err != nil || len(scopes) == 0 {
		return nil, err
	}
	list := make([]ids.ID[ids.Agreement], len(scopes))
	for i, s := range scopes {
		list[i] = s.AgreementID
	}
	var rows []row
	if err := db.ForShare(ctx, db.Conn(ctx).NewSelect().Model(&rows).Column(judged...).Where("a.id in (?)", db.In(list)).Where("?", ours(ctx, "a.id")).OrderExpr("a.id")).Scan(ctx); err != nil {
		return nil, err
	}
	byID := map[ids.ID[ids.Agreement]]Agreement{}
	for _, r := range rows {
		byID[r.ID] = r.Agreement
	}
	out := make([]scoped, 0, len(scopes))
	for _, s := range scopes {
		if a, ok := byID[s.AgreementID]; ok {
			out = append(out, scoped{s.Scope, a})
		}
	}
	return out, nil
}

func sharingFrom(ctx context.Context, from tenants.ID, to *tenants.ID, agreements ...ids.ID[ids.Agreement]) ([]Sharing, error) {
	var rows []sharingRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("sh.from_tenant = ?", from)
	if len(agreements) > 0 {
		q = q.Where("sh.agreement_id in (?)", db.In(agreements))
	}
	if to != nil {
		q = q.Where("sh.to_tenant = ?", *to)
	}
	err := q.Scan(ctx)
	return sharings(rows), err
}

func sharings(rows []sharingRow) []Sharing {
	out := make([]Sharing, len(rows))
	for i, r := range rows {
		out[i] = r.Sharing
	}
	return out
}

// list gives a page of the agreements of the tenant of ctx; without drafts only those
// that the parties have signed.
func list(ctx context.Context, states []string, drafts bool, after string, limit int) ([]Agreement, error) {
	var rows []row
	// Along the parties' index: an office keeps thousands, and a page shows a few.
	q := db.Conn(ctx).NewSelect().Model(&rows).Join("join agreement_parties as p on p.agreement_id = a.id").Where("p.tenant_id = ?", db.Tenant(ctx)).OrderExpr("p.agreement_id desc").Limit(int64(limit))
	if len(states) > 0 {
		q = q.Where("a.state in (?)", db.Codes(states))
	}
	if !drafts {
		q = q.Where("a.state not in (?)", db.Codes(unsettled))
	}
	if after != "" {
		q = q.Where("p.agreement_id < ?", after)
	}
	err := q.Scan(ctx)
	out := make([]Agreement, len(rows))
	for i, r := range rows {
		out[i] = r.Agreement
	}
	return out, err
}

func byID(ctx context.Context, id ids.ID[ids.Agreement]) (Agreement, error) {
	var r row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("a.id = ?", id).Where("?", ours(ctx, "a.id")).Scan(ctx)
	return r.Agreement, err
}

func scopesOf(ctx context.Context, id ids.ID[ids.Agreement]) ([]Scope, error) {
	var rows []scopeRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("sc.agreement_id = ?", id).Where("(sc.from_tenant = ? or sc.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).OrderExpr("sc.id").Scan(ctx)
	out := make([]Scope, len(rows))
	for i, r := range rows {
		out[i] = r.Scope
	}
	return out, err
}

func sharingOf(ctx context.Context, id ids.ID[ids.Agreement]) ([]Sharing, error) {
	var rows []sharingRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("sh.agreement_id = ?", id).Where("(sh.from_tenant = ? or sh.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).OrderExpr("sh.from_tenant, sh.slice").Scan(ctx)
	return sharings(rows), err
}

func plant(ctx context.Context, f Full, members []tenants.ID) error {
	if _, err := db.Conn(ctx).NewInsert().Model(&row{Agreement: f.Agreement}).Exec(ctx); err != nil {
		return err
	}
	for _, m := range members {
		if err := addParty(ctx, f.Agreement, m); err != nil {
			return err
		}
	}
	return insertClauses(ctx, f)
}

// setState is the seam of tests that want a state without its story.
func setState(ctx context.Context, id ids.ID[ids.Agreement], s State) error {
	res, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("state = ?", s).Where("a.id = ?", id).Where("?", ours(ctx, "a.id")).Exec(ctx)
	return db.Affected(res, err)
}
