package people

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:people,alias:p"`
	Person
	Private []byte
}

type tokenRow struct {
	bun.BaseModel `bun:"table:person_tokens,alias:t"`
	TenantID      string
	Token         string
	PersonID      ids.ID[ids.Person]
}

type consentRow struct {
	bun.BaseModel `bun:"table:consents,alias:c"`
	Consent
	Sealed []byte
}

func byIDs(ctx context.Context, list []ids.ID[ids.Person]) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("p.tenant_id = ?", db.Tenant(ctx)).Where("p.id in (?)", db.In(list)).Scan(ctx)
	return rows, err
}

// write stores a record and its tokens; of two changes of one version one wins.
func write(ctx context.Context, r row, tokens []string, fresh bool) error {
	c := db.Conn(ctx)
	if fresh {
		if _, err := c.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
	} else {
		res, err := c.NewUpdate().Model(&r).ExcludeColumn("id", "tenant_id", "key_id", "number", "created_by", "created_at").
			Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", r.ID).Where("version = ?", r.Version-1).Exec(ctx)
		if err := db.Affected(res, err); err != nil {
			return err
		}
		if _, err := c.NewDelete().Model((*tokenRow)(nil)).Where("tenant_id = ?", db.Tenant(ctx)).Where("person_id = ?", r.ID).Exec(ctx); err != nil {
			return err
		}
	}
	if len(tokens) == 0 {
		return nil
	}
	rows := make([]tokenRow, len(tokens))
	for i, t := range tokens {
		rows[i] = tokenRow{TenantID: db.Tenant(ctx), Token: t, PersonID: r.ID}
	}
	_, err := c.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// withTokens finds records that share a given and a family token, or a number.
func withTokens(ctx context.Context, given, family, numbers []string) (rows []row, err error) {
	sub := func(tokens []string) *bun.SelectQuery {
		return db.Conn(ctx).NewSelect().TableExpr("person_tokens t").ColumnExpr("t.person_id").Where("t.tenant_id = ?", db.Tenant(ctx)).
			Where("t.token in (?)", db.In(append(tokens, "")))
	}
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("p.tenant_id = ?", db.Tenant(ctx)).
		Where("((p.id in (?) and p.id in (?)) or p.id in (?))", sub(given), sub(family), sub(numbers)).OrderExpr("p.id desc").Limit(50)
	return rows, q.Scan(ctx)
}

// search finds records that have a token of every group, newest first.
func search(ctx context.Context, groups [][]string, after string, limit int) (rows []row, err error) {
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("p.tenant_id = ?", db.Tenant(ctx)).OrderExpr("p.id desc").Limit(int64(limit))
	for _, g := range groups {
		q = q.Where("p.id in (?)", db.Conn(ctx).NewSelect().TableExpr("person_tokens t").ColumnExpr("t.person_id").
			Where("t.tenant_id = ?", db.Tenant(ctx)).Where("t.token in (?)", db.In(g)))
	}
	if after != "" {
		id, err := ids.Parse[ids.Person](after)
		if err != nil {
			return nil, fault.New(fault.Unreadable)
		}
		q = q.Where("p.id < ?", id)
	}
	return rows, q.Scan(ctx)
}

func insertConsent(ctx context.Context, c Consent, sealed []byte) error {
	_, err := db.Conn(ctx).NewInsert().Model(&consentRow{Consent: c, Sealed: sealed}).Exec(ctx)
	return err
}

func consentsOf(ctx context.Context, person ids.ID[ids.Person], after string, limit int) (rows []consentRow, err error) {
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("c.tenant_id = ?", db.Tenant(ctx)).Where("c.person_id = ?", person).OrderExpr("c.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("c.id < ?", after)
	}
	return rows, q.Scan(ctx)
}

func consentByID(ctx context.Context, person ids.ID[ids.Person], id ids.ID[ids.Consent]) (consentRow, error) {
	var r consentRow
	q := db.Conn(ctx).NewSelect().Model(&r).Where("c.tenant_id = ?", db.Tenant(ctx)).Where("c.person_id = ?", person).Where("c.id = ?", id)
	err := db.ForShare(ctx, q).Scan(ctx)
	return r, err
}

// validConsents are the consents of a person that time and withdrawal have not
// ended, newest first, locked against withdrawal until the transaction ends.
func validConsents(ctx context.Context, person ids.ID[ids.Person], now time.Time) (rows []consentRow, err error) {
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("c.tenant_id = ?", db.Tenant(ctx)).Where("c.person_id = ?", person).
		Where("c.withdrawn_at is null").Where("c.expires_at > ?", now).OrderExpr("c.id desc")
	return rows, db.ForShare(ctx, q).Scan(ctx)
}

func withdrawConsent(ctx context.Context, id ids.ID[ids.Consent], now time.Time) error {
	res, err := db.Conn(ctx).NewUpdate().Model((*consentRow)(nil)).Set("withdrawn_at = ?", now).Set("version = version + 1").
		Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Where("withdrawn_at is null").Exec(ctx)
	return db.Affected(res, err)
}

func consentOfTenant(ctx context.Context, id ids.ID[ids.Consent]) (consentRow, error) {
	var r consentRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("c.tenant_id = ?", db.Tenant(ctx)).Where("c.id = ?", id).Scan(ctx)
	return r, err
}
