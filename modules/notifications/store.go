package notifications

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`
	Notification
}

// insert writes a notice once per event and user; fresh is false the second time.
func insert(ctx context.Context, n Notification) (fresh bool, err error) {
	res, err := db.Conn(ctx).NewInsert().Model(&row{Notification: n}).On("conflict (tenant_id, delivery_id, user_id) do nothing").Exec(ctx)
	if err != nil {
		return false, err
	}
	c, err := res.RowsAffected()
	return c > 0, err
}

func byID(ctx context.Context, id ids.ID[ids.Notification]) (Notification, error) {
	var r row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.id = ?", id).Scan(ctx)
	return r.Notification, err
}

func mine(ctx context.Context, user ids.ID[ids.User], id ids.ID[ids.Notification]) (Notification, error) {
	var r row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.user_id = ?", user).Where("n.id = ?", id).Scan(ctx)
	if db.NoRows(err) {
		err = fault.New(fault.NotFound)
	}
	return r.Notification, err
}

func list(ctx context.Context, user ids.ID[ids.User], unread bool, after string, limit int) ([]Notification, error) {
	var rows []row
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.user_id = ?", user).OrderExpr("n.id desc").Limit(int64(limit))
	if unread {
		q = q.Where("n.read_at is null")
	}
	if after != "" {
		q = q.Where("n.id < ?", after)
	}
	err := q.Scan(ctx)
	out := make([]Notification, len(rows))
	for i, r := range rows {
		out[i] = r.Notification
	}
	return out, err
}

func setRead(ctx context.Context, user ids.ID[ids.User], id ids.ID[ids.Notification], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("read_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).Where("id = ?", id).Where("read_at is null").Exec(ctx)
	return err
}

func setAllRead(ctx context.Context, user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("read_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).Where("read_at is null").Exec(ctx)
	return err
}

// claimTime is how long a claim is left alone: longer than a mail server takes.
const claimTime = time.Minute

// claim makes the mail of n stand for every notice of its user that no such mail has
// gone out for, also those that another claimed in vain: whoever tries last while the
// server is away has them all. A claim younger than claimTime stands: its mail may be
// on the way. It gives the notice whose mail stands for n.
func claim(ctx context.Context, n Notification, now time.Time) (by ids.ID[ids.Notification], err error) {
	_, err = db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("mailed_by = ?", n.ID).Where("tenant_id = ?", n.TenantID).Where("user_id = ?", n.UserID).
		Set("mail_claimed_at = ?", now).Where("created_at > ?", now.Add(-8*24*time.Hour)).Where("created_at <= ?", now).Where("mailed_at is null").
		Where("(mailed_by is null or mailed_by = ? or mail_claimed_at <= ?)", n.ID, now.Add(-claimTime)).Exec(ctx)
	if err != nil {
		return by, err
	}
	n, err = byID(ctx, n.ID)
	return n.MailedBy, err
}

// setMailed notes that the mail of n is out.
func setMailed(ctx context.Context, n Notification, now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("mailed_at = ?", now).Where("tenant_id = ?", n.TenantID).Where("user_id = ?", n.UserID).Where("mailed_by = ?", n.ID).Exec(ctx)
	return err
}

func countUnread(ctx context.Context, user ids.ID[ids.User]) (n int, err error) {
	sub := db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("1").Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.user_id = ?", user).Where("n.read_at is null").Limit(100)
	err = db.Conn(ctx).NewSelect().TableExpr("(?) x", sub).ColumnExpr("count(*)").Scan(ctx, &n)
	return n, err
}

func tenantOf(ctx context.Context, code string) (id ids.ID[ids.Tenant], err error) {
	err = db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("tenant_id").Where("n.code = ?", code).Scan(ctx, &id)
	return id, err
}

func byCode(ctx context.Context, user ids.ID[ids.User], code string) (Notification, error) {
	var r row
	err := db.Conn(ctx).NewSelect().Model(&r).Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.user_id = ?", user).Where("n.code = ?", code).Scan(ctx)
	return r.Notification, err
}

// between lists a user's notices after one id, up to another or to the newest,
// oldest first.
func between(ctx context.Context, user ids.ID[ids.User], after, upTo ids.ID[ids.Notification], limit int) ([]Notification, error) {
	var rows []row
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("n.tenant_id = ?", db.Tenant(ctx)).Where("n.user_id = ?", user).OrderExpr("n.id").Limit(int64(limit))
	if !after.IsZero() {
		q = q.Where("n.id > ?", after)
	}
	if !upTo.IsZero() {
		q = q.Where("n.id <= ?", upTo)
	}
	err := q.Scan(ctx)
	out := make([]Notification, len(rows))
	for i, r := range rows {
		out[i] = r.Notification
	}
	return out, err
}

// inLine makes the deliveries of one tenant write their notices one after the
// other, so that ids follow the order of commits and a stream that goes on after an
// id misses none. SQLite has one writer.
func inLine(ctx context.Context, postgres bool) error {
	if !postgres {
		return nil
	}
	_, err := db.Conn(ctx).NewRaw("select pg_advisory_xact_lock(hashtext('notices' || ?))", db.Tenant(ctx)).Exec(ctx)
	return err
}
