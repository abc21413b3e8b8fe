package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// openText is an agreement that is negotiated or signed now.
type openText struct {
	ID        ids.ID[ids.Agreement]
	TenantID  tenants.ID
	Number    string
	TitleAr   string
	TitleFr   string
	State     State
	Signed    bool // by the institution of ctx
	Proposals int
}

func openTexts(ctx context.Context, slug string, limit int) (rows []openText, err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id", "tenant_id", "number", "title_ar", "title_fr", "state").
		ColumnExpr("exists (select 1 from agreement_signatures sg where sg.agreement_id = a.id and sg.party = ? and sg.voided_at is null) as signed", slug).
		ColumnExpr("(select count(*) from agreement_comments cm where cm.agreement_id = a.id and cm.state = ?) as proposals", open).
		Where("a.state in (?)", db.Codes([]State{Negotiation, Signing})).Where("?", ours(ctx, "a.id")).
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
