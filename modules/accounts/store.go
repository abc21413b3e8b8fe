package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"slices"
	"strings"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`
	User
}

type membershipRow struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`
	Membership
}

type unitRow struct {
	bun.BaseModel `bun:"table:units,alias:un"`
	Unit
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`
	ID            ids.ID[ids.Session] `bun:",pk"`
	TenantID      ids.ID[ids.Tenant]
	UserID        ids.ID[ids.User]
	TokenHash     string
	Kind          string // page, or token for a program
	Device        string // "Firefox, Windows": enough to know one's own
	CreatedAt     time.Time
	SeenAt        time.Time `bun:",nullzero"`
	LockedAt      time.Time `bun:",nullzero"`
	ExpiresAt     time.Time
	EndedAt       time.Time `bun:",nullzero"`
}

type failureRow struct {
	bun.BaseModel `bun:"table:sign_in_failures"`
	ID            ids.ID[ids.Entry] `bun:",pk"`
	Bucket        string
	At            time.Time
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 200
}

// bucket names a counter of failures; a hash, because an address is personal data.
func bucket(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func insertFailures(ctx context.Context, now time.Time, buckets ...string) error {
	var rows []failureRow
	for _, b := range buckets {
		rows = append(rows, failureRow{ID: ids.New[ids.Entry](), Bucket: b, At: now})
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

func countFailures(ctx context.Context, b string, since time.Time) (n int, err error) {
	err = db.Conn(ctx).NewRaw("select count(*) from (select 1 from sign_in_failures where bucket = ? and at > ? limit ?) x", b, since, failuresPerClient).Scan(ctx, &n)
	return n, err
}

func userByEmail(ctx context.Context, email string) (User, error) {
	var r userRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("u.tenant_id = ?", db.Tenant(ctx)).Where("u.email = ?", email).Scan(ctx)
	return r.User, err
}

func userByID(ctx context.Context, id ids.ID[ids.User]) (User, error) {
	var r userRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("u.tenant_id = ?", db.Tenant(ctx)).Where("u.id = ?", id).Scan(ctx)
	return r.User, err
}

func insertUser(ctx context.Context, u User) error {
	_, err := db.Conn(ctx).NewInsert().Model(&userRow{User: u}).Exec(ctx)
	return err
}

func setPassword(ctx context.Context, id ids.ID[ids.User], hash string) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*userRow)(nil)).Set("password_hash = ?", hash).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx)
	return err
}

func setLocale(ctx context.Context, id ids.ID[ids.User], locale string) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*userRow)(nil)).Set("locale = ?", locale).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx)
	return err
}

func insertMembership(ctx context.Context, m Membership) error {
	_, err := db.Conn(ctx).NewInsert().Model(&membershipRow{Membership: m}).Exec(ctx)
	return err
}

func insertUnit(ctx context.Context, u Unit) error {
	_, err := db.Conn(ctx).NewInsert().Model(&unitRow{Unit: u}).Exec(ctx)
	return err
}

func insertSession(ctx context.Context, s sessionRow) error {
	_, err := db.Conn(ctx).NewInsert().Model(&s).Exec(ctx)
	return err
}

func endSession(ctx context.Context, id ids.ID[ids.Session], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*sessionRow)(nil)).Set("ended_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", id).Exec(ctx)
	return err
}

// endSessions ends all sessions of a user but one; zero spares none.
func endSessions(ctx context.Context, user ids.ID[ids.User], but ids.ID[ids.Session], now time.Time) error {
	q := db.Conn(ctx).NewUpdate().Model((*sessionRow)(nil)).Set("ended_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).Where("ended_at is null")
	if !but.IsZero() {
		q = q.Where("id <> ?", but)
	}
	_, err := q.Exec(ctx)
	return err
}

// endTokens ends the sessions of a user's programs.
func endTokens(ctx context.Context, user ids.ID[ids.User], now time.Time) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*sessionRow)(nil)).Set("ended_at = ?", now).Where("tenant_id = ?", db.Tenant(ctx)).Where("user_id = ?", user).
		Where("kind = ?", token).Where("ended_at is null").Exec(ctx)
	return err
}

type sessionView struct {
	ID        ids.ID[ids.Session]
	UserID    ids.ID[ids.User]
	Email     string
	NameAr    string
	NameLatin string
	Locale    string
	Role      string
	UnitID    ids.ID[ids.Unit]
	Kind      string
	SeenAt    time.Time
	LockedAt  time.Time
	KeysOff   bool
	HasTotp   bool
}

// sessionRows is one row per membership that is valid now, in the order of roles.
func sessionRows(ctx context.Context, hash string, now time.Time) (rows []sessionView, err error) {
	err = db.Conn(ctx).NewRaw(`select s.id, s.user_id, u.email, u.name_ar, u.name_latin, coalesce(u.locale, '') as locale, m.role, m.unit_id,
		s.kind, s.seen_at, s.locked_at, u.keys_off, u.totp_at is not null as has_totp
		from sessions s join users u on u.id = s.user_id and u.tenant_id = s.tenant_id
		join memberships m on m.user_id = u.id and m.tenant_id = s.tenant_id
		where s.token_hash = ? and s.tenant_id = ? and s.ended_at is null and s.expires_at > ? and u.ended_at is null
		and m.valid_from <= ? and (m.valid_to is null or m.valid_to > ?) order by m.position, m.id`,
		hash, db.Tenant(ctx), now, now, now).Scan(ctx, &rows)
	return rows, err
}

// unitsBelow is the units and all below them.
func unitsBelow(ctx context.Context, units []ids.ID[ids.Unit]) (out []ids.ID[ids.Unit], err error) {
	err = db.Conn(ctx).NewRaw(`with recursive below as (
		select id from units where tenant_id = ? and id in (?)
		union select un.id from units un join below on un.parent_id = below.id where un.tenant_id = ?) select id from below`,
		db.Tenant(ctx), db.In(units), db.Tenant(ctx)).Scan(ctx, &out)
	return out, err
}

// unitsAbove is the unit and all above it.
func unitsAbove(ctx context.Context, unit ids.ID[ids.Unit]) (out []ids.ID[ids.Unit], err error) {
	if unit.IsZero() {
		return nil, nil
	}
	err = db.Conn(ctx).NewRaw(`with recursive above as (
		select id, parent_id from units where tenant_id = ? and id = ?
		union select un.id, un.parent_id from units un join above on un.id = above.parent_id where un.tenant_id = ?) select id from above`,
		db.Tenant(ctx), unit, db.Tenant(ctx)).Scan(ctx, &out)
	return out, err
}

func staffWith(ctx context.Context, roles []string, units []ids.ID[ids.Unit], limited bool, now time.Time) ([]Staff, error) {
	var rows []userRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("u.tenant_id = ?", db.Tenant(ctx)).Where("u.ended_at is null").OrderExpr("u.id")
	m := db.Conn(ctx).NewSelect().TableExpr("memberships m").ColumnExpr("m.user_id").Where("m.tenant_id = ?", db.Tenant(ctx)).
		Where("m.role in (?)", db.Codes(roles)).Where("m.valid_from <= ?", now).Where("(m.valid_to is null or m.valid_to > ?)", now)
	if limited {
		m = m.Where("(m.unit_id is null or m.unit_id in (?))", db.In(append(units, ids.ID[ids.Unit]{1})))
	}
	if err := q.Where("u.id in (?)", m).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Staff, len(rows))
	for i, r := range rows {
		out[i] = staffOf(r.User)
	}
	return out, nil
}

func usersWithRoles(ctx context.Context) ([]UserWithRoles, error) {
	var rows []userRow
	if err := db.Conn(ctx).NewSelect().Model(&rows).Where("u.tenant_id = ?", db.Tenant(ctx)).OrderExpr("u.email").Scan(ctx); err != nil {
		return nil, err
	}
	var ms []membershipRow
	if err := db.Conn(ctx).NewSelect().Model(&ms).Where("m.tenant_id = ?", db.Tenant(ctx)).OrderExpr("m.position").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]UserWithRoles, len(rows))
	for i, r := range rows {
		out[i].User = r.User
		for _, m := range ms {
			if m.UserID == r.ID && !slices.Contains(out[i].Roles, m.Role) {
				out[i].Roles = append(out[i].Roles, m.Role)
			}
		}
	}
	return out, nil
}

func names(ctx context.Context, users []ids.ID[ids.User]) (map[ids.ID[ids.User]]i18n.Words, error) {
	var rows []userRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Column("id", "name_ar", "name_latin").Where("u.tenant_id = ?", db.Tenant(ctx)).Where("u.id in (?)", db.In(users)).Scan(ctx)
	out := map[ids.ID[ids.User]]i18n.Words{}
	for _, r := range rows {
		out[r.ID] = i18n.Words{Ar: r.NameAr, Fr: r.NameLatin, En: r.NameLatin}
	}
	return out, err
}

func unitsByID(ctx context.Context, list []ids.ID[ids.Unit]) (map[ids.ID[ids.Unit]]Unit, error) {
	var rows []unitRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("un.id in (?)", db.In(list)).Scan(ctx)
	out := map[ids.ID[ids.Unit]]Unit{}
	for _, r := range rows {
		out[r.ID] = r.Unit
	}
	return out, err
}

func memberships(ctx context.Context, user ids.ID[ids.User]) ([]Membership, error) {
	var rows []membershipRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("m.tenant_id = ?", db.Tenant(ctx)).Where("m.user_id = ?", user).OrderExpr("m.position, m.id").Scan(ctx)
	out := make([]Membership, len(rows))
	for i, r := range rows {
		out[i] = r.Membership
	}
	return out, err
}
