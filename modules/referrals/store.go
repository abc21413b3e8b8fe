package referrals

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:referrals,alias:r"`
	Referral
}

type eventRow struct {
	bun.BaseModel `bun:"table:referral_events,alias:e"`
	Event
}

type sliceRow struct {
	bun.BaseModel `bun:"table:referral_slices,alias:sl"`
	ReferralID    ID             `bun:",pk"`
	Slice         policies.Slice `bun:",pk"`
	FromTenant    ids.ID[ids.Tenant]
	Payload       []byte
}

type noteRow struct {
	bun.BaseModel `bun:"table:referral_notes,alias:n"`
	ReferralID    ID     `bun:",pk"`
	Sequence      int64  `bun:",pk"`
	Kind          string `bun:",pk"` // note, outcome
	TenantID      ids.ID[ids.Tenant]
	FromTenant    ids.ID[ids.Tenant]
	ToTenant      ids.ID[ids.Tenant]
	Shared        bool
	Sealed        []byte
}

type messageRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`
	ID            ids.ID[ids.Message] `bun:",pk"`
	ReferralID    ID
	FromTenant    ids.ID[ids.Tenant]
	ToTenant      ids.ID[ids.Tenant]
	ByTenant      ids.ID[ids.Tenant]
	ByUser        ids.ID[ids.User]
	Kind          string
	Sealed        []byte
	At            time.Time
}

type disclosureRow struct {
	bun.BaseModel `bun:"table:disclosures,alias:d"`
	ReferralID    ID               `bun:",pk"`
	What          string           `bun:",pk"` // the slice, or document:<id>
	UserID        ids.ID[ids.User] `bun:",pk"`
	Day           string           `bun:",pk"`
	Slice         policies.Slice
	FromTenant    ids.ID[ids.Tenant]
	ToTenant      ids.ID[ids.Tenant]
	PersonID      ids.ID[ids.Person]
	At            time.Time
	Role          string                // as whom the user read
	AgreementID   ids.ID[ids.Agreement] `bun:",nullzero"`
	Number        string                `bun:",scanonly"` // of the referral, where it is joined
}

// within limits a query to referrals that the tenant of ctx sends, or receives.
const within = "(r.from_tenant = ? or (r.to_tenant = ? and r.sent_at is not null))"

func byID(ctx context.Context, id ID) (Referral, error) {
	var r row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("r.id = ?", id).Where(within, db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx)
	if db.NoRows(err) {
		err = fault.New(fault.NotFound)
	}
	return r.Referral, err
}

func insertReferral(ctx context.Context, r Referral) error {
	_, err := db.Conn(ctx).NewInsert().Model(&row{Referral: r}).Exec(ctx)
	return err
}

// hold locks the row of a referral until the transaction ends; SQLite has one writer.
func hold(ctx context.Context, id ID) error {
	if !db.Postgres(ctx) {
		return nil
	}
	var held ID
	return db.ForUpdate(ctx, db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("r.id = ?", id).Where("r.from_tenant = ?", db.Tenant(ctx))).Scan(ctx, &held)
}

// save writes a change of the version that was loaded: of two at once one wins.
func save(ctx context.Context, r Referral, loaded int64, unopened bool) error {
	// Reading marks a referral as opened without raising its version: a change that
	// was loaded before must not take the mark away.
	q := db.Conn(ctx).NewUpdate().Model(&row{Referral: r}).ExcludeColumn("id", "from_tenant", "to_tenant", "person_id", "key_id", "created_at", "opened_at", "opened_by").
		Where("id = ?", r.ID).Where("version = ?", loaded).Where("(from_tenant = ? or to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx))
	if unopened {
		q = q.Where("opened_at is null")
	}
	return db.Affected(q.Exec(ctx))
}

func insertEvents(ctx context.Context, list []Event) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]eventRow, len(list))
	for i, e := range list {
		rows[i] = eventRow{Event: e}
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

func eventsOf(ctx context.Context, id ID, after int64, limit int) ([]Event, error) {
	var rows []eventRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("e.referral_id = ?", id).Where("(e.from_tenant = ? or e.to_tenant = ?)", db.Tenant(ctx), db.Tenant(ctx)).
		Where("e.sequence > ?", after).OrderExpr("e.sequence").Limit(int64(limit)).Scan(ctx)
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = r.Event
	}
	return out, err
}

func putSlices(ctx context.Context, rows []sliceRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).On("conflict (referral_id, slice) do update").Set("payload = excluded.payload").Exec(ctx)
	return err
}

func dropSlices(ctx context.Context, id ID) error {
	_, err := db.Conn(ctx).NewDelete().Model((*sliceRow)(nil)).Where("referral_id = ?", id).Where("from_tenant = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// slicesOf reads the slices of referrals that the tenant of ctx may read now: all
// of its own, and of a foreign one those that stand open. Both walls say so.
func slicesOf(ctx context.Context, list ...ID) (rows []sliceRow, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("sl.referral_id in (?)", db.In(list)).
		Where("(sl.from_tenant = ? or exists (select 1 from referrals r where r.id = sl.referral_id and r.to_tenant = ? and r.open_slices like '%,' || sl.slice || ',%'))",
			db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx)
	return rows, err
}

// disclosed lists what a user has opened of a referral on a day.
func disclosed(ctx context.Context, id ID, user ids.ID[ids.User], day string) (out []string, err error) {
	err = db.Conn(ctx).NewSelect().Model((*disclosureRow)(nil)).Column("what").Where("d.referral_id = ?", id).Where("d.to_tenant = ?", db.Tenant(ctx)).
		Where("d.user_id = ?", user).Where("d.day = ?", day).Scan(ctx, &out)
	return out, err
}

func insertDisclosures(ctx context.Context, rows []disclosureRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&rows).On("conflict (referral_id, what, user_id, day) do nothing").Exec(ctx)
	return err
}

// markOpened notes that somebody of the receiver has opened a slice, unless it was
// closed meanwhile; it locks the row against a withdrawal at the same time.
func markOpened(ctx context.Context, id ID, user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("opened_at = coalesce(opened_at, ?)", now).Set("opened_by = coalesce(opened_by, ?)", user).
		Where("id = ?", id).Where("to_tenant = ?", db.Tenant(ctx)).Where("open_slices like '%,identity,%' or open_slices like '%,social,%' or open_slices like '%,documents,%' or open_slices like '%,summary,%'").Exec(ctx)
	return err
}

// alreadyOpen finds the open referral of the same person, service and target.
func alreadyOpen(ctx context.Context, r Referral) (id ID, err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("id").Where("r.from_tenant = ?", db.Tenant(ctx)).Where("r.person_id = ?", r.PersonID).
		Where("r.service_id = ?", r.ServiceID).Where("r.to_tenant = ?", r.ToTenant).Where("r.danger = ?", r.Danger).Where("r.is_open").Where("r.state <> 'draft'").Where("r.id <> ?", r.ID).Limit(1).Scan(ctx, &id)
	if db.NoRows(err) {
		err = nil
	}
	return id, err
}

// openUnder lists the referrals of the tenant that rest on a consent and still show
// something: the open ones, and those of which a name is left.
func openUnder(ctx context.Context, consent ids.ID[ids.Consent]) ([]Referral, error) {
	var rows []row
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("r.from_tenant = ?", db.Tenant(ctx)).Where("r.consent_id = ?", consent).Where("(r.is_open or r.open_slices <> '')").OrderExpr("r.id").Scan(ctx)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}

// openOf lists the open referrals of a person.
func openOf(ctx context.Context, person ids.ID[ids.Person]) ([]Referral, error) {
	var rows []row
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("r.from_tenant = ?", db.Tenant(ctx)).Where("r.person_id = ?", person).Where("r.is_open").OrderExpr("r.id").Scan(ctx)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}

// undecidedBefore lists referrals that nobody has decided since an instant.
func undecidedBefore(ctx context.Context, t time.Time, limit int) (out []row, err error) {
	q := db.Conn(ctx).NewSelect().Model(&out).Where("r.from_tenant = ?", db.Tenant(ctx)).Where("r.state in ('sent', 'acknowledged', 'info_requested')").Where("r.sent_at < ?", t).Limit(int64(limit))
	return out, db.ForUpdateFree(ctx, q).Scan(ctx)
}

// closeSlices shuts what has stood open for thirty days after the end; where the
// receiver had accepted, the display name stays in its register.
func closeSlices(ctx context.Context, endedBefore time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set(`open_slices = case when accepted_at is not null and "grant" like '%"name":true%' then ',name,' else '' end`).
		Where("from_tenant = ?", db.Tenant(ctx)).Where("not is_open").Where("open_slices like ',card,%'").Where("ended_at < ?", endedBefore).Exec(ctx)
	return err
}

func settle(ctx context.Context, id ID) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("to_decide = ?", false).Where("id = ?", id).Where("from_tenant = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// addDocument counts a document on the card and, once the referral has been sent,
// takes the next sequence for its event, in one statement: two at once both count.
func addDocument(ctx context.Context, id ID, n int) (r Referral, err error) {
	var out row
	err = db.Conn(ctx).NewRaw(`update referrals set card_documents = card_documents + ?, version = version + 1,
		sequence = sequence + case when sent_at is null then 0 else 1 end where id = ? and (from_tenant = ? or to_tenant = ?) returning *`,
		n, id, db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx, &out)
	return out.Referral, err
}

// dropDocument takes one off the card again.
func dropDocument(ctx context.Context, id ID, n int) (Referral, error) {
	var out row
	err := db.Conn(ctx).NewRaw("update referrals set card_documents = card_documents - ?, version = version + 1 where id = ? and (from_tenant = ? or to_tenant = ?) returning *",
		n, id, db.Tenant(ctx), db.Tenant(ctx)).Scan(ctx, &out)
	return out.Referral, err
}

// unanswered are the tenants that sent a danger which nobody has acknowledged since
// an instant.
func unanswered(ctx context.Context, before time.Time) (out []string, err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("distinct r.from_tenant").Where("r.danger and r.state = 'sent' and r.alarmed_at is null").Where("r.sent_at < ?", before).Scan(ctx, &out)
	return out, err
}

// markAlarmed takes such dangers of the tenant of ctx, each once.
func markAlarmed(ctx context.Context, now, before time.Time) ([]Referral, error) {
	var rows []row
	err := db.Conn(ctx).NewRaw("update referrals set alarmed_at = ? where danger and state = 'sent' and alarmed_at is null and sent_at < ? and from_tenant = ? returning *", now, before, db.Tenant(ctx)).Scan(ctx, &rows)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}

// retarget moves a draft to another person, service or unit.
func retarget(ctx context.Context, r Referral) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("to_tenant = ?", r.ToTenant).Set("person_id = ?", r.PersonID).Set("key_id = ?", r.KeyID).
		Where("id = ?", r.ID).Where("from_tenant = ?", db.Tenant(ctx)).Where("state = 'draft'").Exec(ctx)
	return err
}

// setCard writes the anonymous card again; what is shared changes no version.
func setCard(ctx context.Context, r Referral) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("card_age_band = ?", r.CardAgeBand).Set("card_sex = ?", r.CardSex).Set("card_district = ?", r.CardDistrict).
		Set("card_language = ?", r.CardLanguage).Where("id = ?", r.ID).Where("from_tenant = ?", db.Tenant(ctx)).Exec(ctx)
	return err
}

// heldBy lists the open referrals that one user of the tenant of ctx holds in person.
func heldBy(ctx context.Context, user ids.ID[ids.User]) ([]Referral, error) {
	var rows []row
	t := db.Tenant(ctx)
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("((r.to_tenant = ? and r.owner_user = ? and r.sent_at is not null) or (r.from_tenant = ? and r.from_user = ? and not r.from_handed))", t, user, t, user).
		Where("(r.is_open or r.to_decide)").OrderExpr("r.id").Scan(ctx)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}

func insertMessage(ctx context.Context, m messageRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&m).Exec(ctx)
	return err
}

func messagesOf(ctx context.Context, id ID, after string, limit int) (rows []messageRow, err error) {
	t := db.Tenant(ctx)
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("m.referral_id = ?", id).
		Where("(m.by_tenant = ? or m.from_tenant = ? or exists (select 1 from referrals r where r.id = m.referral_id and r.to_tenant = ? and r.open_slices like '%,card,%'))", t, t, t).
		OrderExpr("m.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("m.id < ?", after)
	}
	return rows, q.Scan(ctx)
}

func messageByID(ctx context.Context, id ids.ID[ids.Message]) (m messageRow, err error) {
	t := db.Tenant(ctx)
	err = db.Conn(ctx).NewSelect().Model(&m).Where("m.id = ?", id).Where("(m.from_tenant = ? or m.to_tenant = ?)", t, t).Scan(ctx)
	return m, err
}
