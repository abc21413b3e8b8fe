package accounts

import (
	"context"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
)

func listUsers(ctx context.Context, state, after string, limit int) ([]User, error) {
	var rows []userRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("u.tenant_id = ?", db.Tenant(ctx)).OrderExpr("u.id desc").Limit(int64(limit))
	switch state {
	case Ended:
		q = q.Where("u.ended_at is not null")
	case Invited:
		q = q.Where("u.ended_at is null").Where("u.password_hash = ''")
	case Active:
		q = q.Where("u.ended_at is null").Where("u.password_hash <> ''")
	}
	if after != "" {
		q = q.Where("u.id < ?", after)
	}
	err := q.Scan(ctx)
	out := make([]User, len(rows))
	for i, r := range rows {
		out[i] = r.User
	}
	return out, err
}

// updateUser writes what administrators edit; who holds another version lost.
func updateUser(ctx context.Context, u User, seen int64) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&userRow{User: u}).Column("email", "name_ar", "name_latin", "password_hash", "ended_at", "version", "changed_at", "changed_by", "totp", "totp_at").
		Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", u.ID).Where("version = ?", seen).Exec(ctx))
}

// membershipsOf are those that run now or will, by user, in the order of roles.
func membershipsOf(ctx context.Context, users []ids.ID[ids.User], now time.Time) (map[ids.ID[ids.User]][]Membership, error) {
	var rows []membershipRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("m.tenant_id = ?", db.Tenant(ctx)).Where("m.user_id in (?)", db.In(users)).
		Where("(m.valid_to is null or m.valid_to > ?)", now).OrderExpr("m.position, m.id").Scan(ctx)
	out := map[ids.ID[ids.User]][]Membership{}
	for _, r := range rows {
		out[r.UserID] = append(out[r.UserID], r.Membership)
	}
	return out, err
}

// endMembership leaves the mark of the handing over to the hourly look: whatever was
// made under the membership in this very moment is found then.
func endMembership(ctx context.Context, id ids.ID[ids.Entry], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*membershipRow)(nil)).Set("valid_to = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx)
	return err
}

// countAdmins counts the accounts that can run the tenant for good: in use, and not
// for a time only. An invitation that nobody took up runs nothing.
func countAdmins(ctx context.Context, now time.Time) (n int, err error) {
	err = db.Conn(ctx).NewRaw(`select count(distinct u.id) from users u join memberships m on m.user_id = u.id and m.tenant_id = u.tenant_id
		where u.tenant_id = ? and u.ended_at is null and u.password_hash <> '' and m.role = 'admin' and m.valid_from <= ? and m.valid_to is null`, db.Tenant(ctx), now).Scan(ctx, &n)
	return n, err
}

// runOut lists the users under whose ended memberships something may still be held.
func runOut(ctx context.Context, now time.Time) (out []ids.ID[ids.User], err error) {
	err = db.Conn(ctx).NewRaw("select distinct user_id from memberships where tenant_id = ? and handed_at is null and valid_to is not null and valid_to <= ?", db.Tenant(ctx), now).Scan(ctx, &out)
	return out, err
}

func setHanded(ctx context.Context, user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*membershipRow)(nil)).Set("handed_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).
		Where("handed_at is null").Where("valid_to <= ?", now).Exec(ctx)
	return err
}

func unitsOfTenant(ctx context.Context) ([]Unit, error) {
	var rows []unitRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("un.tenant_id = ?", db.Tenant(ctx)).OrderExpr("un.id").Scan(ctx)
	out := make([]Unit, len(rows))
	for i, r := range rows {
		out[i] = r.Unit
	}
	return out, err
}
