package accounts

import (
	"context"
	"errors"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// Issued is a fresh sign-in.
type Issued struct {
	Token     string
	ExpiresAt time.Time
}

// SignIn opens a session for the tenant of ctx.
func (s *Service) SignIn(ctx context.Context, email, password string) (Issued, error) {
	email = normalEmail(email)
	pair, client := bucket("pair", web.Client(ctx), email), bucket("client", web.Client(ctx))
	if err := s.throttled(ctx, pair, client); err != nil {
		return Issued{}, err
	}
	var u User
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		u, err = userByEmail(ctx, email)
		return err
	})
	if err != nil && !db.NoRows(err) {
		return Issued{}, err
	}
	ok, err := s.matches(ctx, u.PasswordHash, password)
	if err != nil {
		return Issued{}, err
	}
	if !ok || !u.EndedAt.IsZero() {
		if err := s.DB.AsSystem(ctx, "the brake on guessing knows no tenant", func(ctx context.Context) error {
			return insertFailures(ctx, s.Clock.Now(), pair, client)
		}); err != nil {
			return Issued{}, err
		}
		return Issued{}, fault.New(fault.InvalidCredentials)
	}
	return s.open(ctx, u, "sign_in")
}

func (s *Service) throttled(ctx context.Context, pair, client string) error {
	since := s.Clock.Now().Add(-failureWindow)
	return s.DB.ReadAsSystem(ctx, "the brake on guessing knows no tenant", func(ctx context.Context) error {
		for b, limit := range map[string]int{pair: failuresPerPair, client: failuresPerClient} {
			n, err := countFailures(ctx, b, since)
			if err != nil {
				return err
			}
			if n >= limit {
				return errThrottled()
			}
		}
		return nil
	})
}

// open makes the session of a user who has proved who they are.
func (s *Service) open(ctx context.Context, u User, how string) (Issued, error) {
	token, hash := newToken()
	now := s.Clock.Now()
	out := Issued{Token: token, ExpiresAt: now.Add(SessionLife)}
	ctx = audit.With(ctx, audit.Who{User: u.ID, RequestID: audit.RequestID(ctx)})
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		id := ids.New[ids.Session]()
		if err := insertSession(ctx, sessionRow{ID: id, TenantID: u.TenantID, UserID: u.ID, TokenHash: hash, CreatedAt: now, ExpiresAt: out.ExpiresAt}); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: how, Object: "session", ID: id.String()})
	})
	return out, err
}

// SignOut ends the session of ctx.
func (s *Service) SignOut(ctx context.Context) error {
	a := tenants.From(ctx)
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := endSession(ctx, a.Session, s.Clock.Now()); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "sign_out", Object: "session", ID: a.Session.String()})
	})
}

// Find is the session of a token in the tenant of ctx, with its roles and reach.
func (s *Service) Find(ctx context.Context, token string) (web.Session, error) {
	var out web.Session
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := sessionRows(ctx, hashToken(token), s.Clock.Now())
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.Unauthenticated)
		}
		first := rows[0]
		out.Actor = tenants.Actor{User: first.UserID, Session: first.ID, Email: first.Email, Lang: i18n.Lang(first.Locale),
			Name: i18n.Words{Ar: first.NameAr, Fr: first.NameLatin, En: first.NameLatin}}
		everywhere := false
		var units []ids.ID[ids.Unit]
		for _, r := range rows {
			if !out.Actor.Has(r.Role) {
				out.Actor.Roles = append(out.Actor.Roles, r.Role)
			}
			if r.UnitID.IsZero() {
				everywhere = true
			} else {
				units = append(units, r.UnitID)
				if out.Actor.Unit.IsZero() {
					out.Actor.Unit = r.UnitID
				}
			}
		}
		if !everywhere {
			out.Actor.Units, err = unitsBelow(ctx, units)
		}
		return err
	})
	return out, err
}

// SetLang remembers the actor's language.
func (s *Service) SetLang(ctx context.Context, l i18n.Lang) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setLocale(ctx, tenants.From(ctx).User, string(l)) })
}

// NewUser is an account to make.
type NewUser struct {
	Email     string
	NameAr    string
	NameLatin string
	Roles     []string
	Units     []ids.ID[ids.Unit] // empty: the whole tenant
	Hash      string             // "" until the user sets a password through a link
}

// AddUser makes an account in the tenant of ctx, which an operator names.
func (s *Service) AddUser(ctx context.Context, n NewUser) (ids.ID[ids.User], error) {
	t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
	if err != nil || t == nil {
		return ids.ID[ids.User]{}, errors.Join(fault.New(fault.NotFound), err)
	}
	var faults fault.Collect
	for _, r := range n.Roles {
		if !contains(t.Declared().Roles, r) {
			faults.Add("roles", "unknown_code")
		}
	}
	if len(n.Roles) == 0 {
		faults.Add("roles", "required")
	}
	if n.NameAr == "" && n.NameLatin == "" {
		faults.Add("name", "required")
	}
	n.Email = normalEmail(n.Email)
	if !validEmail(n.Email) {
		faults.Add("email", "malformed")
	}
	if err := faults.Err(); err != nil {
		return ids.ID[ids.User]{}, err
	}
	now := s.Clock.Now()
	u := User{ID: ids.New[ids.User](), TenantID: t.ID, Email: n.Email, NameAr: n.NameAr, NameLatin: n.NameLatin, PasswordHash: n.Hash, CreatedAt: now}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := insertUser(ctx, u); err != nil {
			return err
		}
		units := n.Units
		if len(units) == 0 {
			units = []ids.ID[ids.Unit]{{}}
		}
		for i, role := range n.Roles {
			for _, unit := range units {
				if err := insertMembership(ctx, Membership{ID: ids.New[ids.Entry](), TenantID: t.ID, UserID: u.ID, Role: role, UnitID: unit, Position: i, ValidFrom: now}); err != nil {
					return err
				}
			}
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "add", Object: "user", ID: u.ID.String(), Fields: n.Roles})
	})
	if db.Unique(err, "email") {
		return u.ID, fault.In("email", "taken")
	}
	return u.ID, err
}

// Link makes a one-time code with which a user sets a password. Codes made before
// stop working.
func (s *Service) Link(ctx context.Context, user ids.ID[ids.User]) (code string, err error) {
	code, hash := newToken()
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		if err := endLinks(ctx, user, now); err != nil {
			return err
		}
		if err := insertLink(ctx, linkRow{CodeHash: hash, TenantID: tenants.Current(ctx), UserID: user, ExpiresAt: now.Add(LinkLife)}); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "link", Object: "user", ID: user.String()})
	})
	return code, err
}

// MinPassword is the shortest password that is taken.
const MinPassword = 10

// UseLink sets the password of a one-time link's user, ends their other sessions
// and signs them in. A link that was used or has run out is not_found.
func (s *Service) UseLink(ctx context.Context, code, password string) (Issued, error) {
	if len([]rune(password)) < MinPassword {
		return Issued{}, fault.In("password", "too_short")
	}
	if len(password) > 200 {
		return Issued{}, fault.In("password", "too_long")
	}
	if err := s.CheckLink(ctx, code); err != nil {
		return Issued{}, err
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return Issued{}, err
	}
	var u User
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		id, err := takeLink(ctx, hashToken(code), now)
		if err != nil {
			return err
		}
		if err := setPassword(ctx, id, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, id, now); err != nil {
			return err
		}
		u, err = userByID(ctx, id)
		return err
	})
	if err != nil {
		return Issued{}, err
	}
	return s.open(ctx, u, "first_sign_in")
}

// CheckLink reports whether a one-time link still works.
func (s *Service) CheckLink(ctx context.Context, code string) error {
	return s.DB.Read(ctx, func(ctx context.Context) error {
		_, err := linkUser(ctx, hashToken(code), s.Clock.Now())
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		return err
	})
}

// ByEmail finds a user of the tenant of ctx.
func (s *Service) ByEmail(ctx context.Context, email string) (u User, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err = userByEmail(ctx, normalEmail(email))
		return err
	})
	if db.NoRows(err) {
		err = fault.New(fault.NotFound)
	}
	return u, err
}

// Users lists the accounts of the tenant of ctx with their roles.
func (s *Service) Users(ctx context.Context) (out []UserWithRoles, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = usersWithRoles(ctx)
		return err
	})
	return out, err
}

// UserWithRoles is a line of the list of accounts.
type UserWithRoles struct {
	User
	Roles []string
}

// Names gives the display names of users of the tenant of ctx, in one query.
func (s *Service) Names(ctx context.Context, users ...ids.ID[ids.User]) (out map[ids.ID[ids.User]]i18n.Words, err error) {
	if len(users) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = names(ctx, users)
		return err
	})
	return out, err
}

// Staff is a user who may be told or given something.
type Staff struct {
	ID     ids.ID[ids.User]
	Name   i18n.Words
	Email  string
	Locale i18n.Lang
}

// WithRoles lists the users of the tenant of ctx who have one of the roles now and
// whose reach holds the unit.
func (s *Service) WithRoles(ctx context.Context, unit ids.ID[ids.Unit], roles ...string) (out []Staff, err error) {
	if len(roles) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		above, err := unitsAbove(ctx, unit)
		if err != nil {
			return err
		}
		out, err = staffWith(ctx, roles, above, !unit.IsZero(), s.Clock.Now())
		return err
	})
	return out, err
}

// StaffByID gives one user of the tenant of ctx; not_found for any other.
func (s *Service) StaffByID(ctx context.Context, id ids.ID[ids.User]) (out Staff, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err := userByID(ctx, id)
		if db.NoRows(err) || (err == nil && !u.EndedAt.IsZero()) {
			return fault.New(fault.NotFound)
		}
		out = Staff{ID: u.ID, Name: i18n.Words{Ar: u.NameAr, Fr: u.NameLatin, En: u.NameLatin}, Email: u.Email, Locale: i18n.Lang(u.Locale)}
		return err
	})
	return out, err
}

// AddUnit makes a unit in the tenant of ctx.
func (s *Service) AddUnit(ctx context.Context, u Unit) (Unit, error) {
	if u.ID.IsZero() {
		u.ID = ids.New[ids.Unit]()
	}
	u.TenantID, u.CreatedAt = tenants.Current(ctx), s.Clock.Now()
	return u, s.DB.InTx(ctx, func(ctx context.Context) error { return insertUnit(ctx, u) })
}

// Units gives units by id, of any tenant: a partner may know a unit's name.
func (s *Service) Units(ctx context.Context, list ...ids.ID[ids.Unit]) (out map[ids.ID[ids.Unit]]Unit, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = unitsByID(ctx, list)
		return err
	})
	return out, err
}

// ActorFor makes the actor of a user without a session: seeds and the operator's
// commands act as somebody, so that the audit trail names them.
func (s *Service) ActorFor(ctx context.Context, email string) (tenants.Actor, error) {
	var a tenants.Actor
	t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
	if err != nil || t == nil {
		return a, errors.Join(fault.New(fault.NotFound), err)
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err := userByEmail(ctx, normalEmail(email))
		if err != nil {
			return err
		}
		a = tenants.Actor{User: u.ID, Tenant: t, Email: u.Email, Name: i18n.Words{Ar: u.NameAr, Fr: u.NameLatin, En: u.NameLatin}, Lang: i18n.Arabic}
		ms, err := memberships(ctx, u.ID)
		if err != nil {
			return err
		}
		var units []ids.ID[ids.Unit]
		everywhere := false
		for _, m := range ms {
			if !a.Has(m.Role) {
				a.Roles = append(a.Roles, m.Role)
			}
			if m.UnitID.IsZero() {
				everywhere = true
				continue
			}
			units = append(units, m.UnitID)
			if a.Unit.IsZero() {
				a.Unit = m.UnitID
			}
		}
		if !everywhere {
			a.Units, err = unitsBelow(ctx, units)
		}
		return err
	})
	return a, err
}
