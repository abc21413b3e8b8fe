package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/uptrace/bun"
)

// openText is an agreement that is negotiated or signed now.
type openText struct {
	ID        ids.ID[ids.Agreement]
	TenantID  tenants.ID
	Number    string
	TitleAr   string
	TitleFr   string
	State     State
	Proposals int
}

// openTexts lists, of the agreements of the tenant of ctx, those that it has not signed,
// those of its own with an open proposal, and those of others that it may comment on;
// each where it is asked for.
func openTexts(ctx context.Context, slug string, signs, settles, speaks bool, limit int) (rows []openText, err error) {
	own := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id", "tenant_id", "number", "title_ar", "title_fr", "state").
		ColumnExpr("(select count(*) from agreement_comments cm where cm.agreement_id = a.id and cm.state = ?) as proposals", open).
		Where("a.state in (?)", db.Codes([]State{Negotiation, Signing})).Where("?", ours(ctx, "a.id")).
		WhereGroup(" and ", func(q *bun.SelectQuery) *bun.SelectQuery {
			if signs {
				q = q.WhereOr("a.state = ? and not exists (select 1 from agreement_signatures sg where sg.agreement_id = a.id and sg.party = ? and sg.voided_at is null)", Signing, slug)
			}
			if settles {
				q = q.WhereOr("a.state = ? and a.tenant_id = ? and exists (select 1 from agreement_comments cm where cm.agreement_id = a.id and cm.state = ?)", Negotiation, own, open)
			}
			if speaks {
				q = q.WhereOr("a.state = ? and a.tenant_id <> ?", Negotiation, own)
			}
			return q
		}).
		OrderExpr("a.id desc").Limit(int64(limit)).Scan(ctx, &rows)
	return rows, err
}

// uncountersigned are agreements under which another party has declared something that
// nobody has answered yet.
func uncountersigned(ctx context.Context, limit int) (out []Waits, err error) {
	var rows []struct {
		ID      ids.ID[ids.Agreement]
		Number  string
		TitleAr string
		TitleFr string
		Waiting int
	}
	err = db.Conn(ctx).NewSelect().TableExpr("agreement_measures as me").Join("join agreements as a on a.id = me.agreement_id").
		ColumnExpr("a.id, a.number, a.title_ar, a.title_fr, count(*) as waiting").
		Where("me.signed_at is null").Where("me.by_tenant <> ?", db.Tenant(ctx)).Where("a.state in (?)", db.Codes(measurable)).Where("?", ours(ctx, "me.agreement_id")).
		GroupExpr("a.id, a.number, a.title_ar, a.title_fr").OrderExpr("a.id desc").Limit(int64(limit)).Scan(ctx, &rows)
	for _, r := range rows {
		out = append(out, Waits{r.ID, r.Number, Title{r.TitleAr, r.TitleFr}, "declarations", r.Waiting})
	}
	return out, err
}
