package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// Account is a user with what they may do now and later.
type Account struct {
	User
	Memberships []Membership
}

// Entry is an account to make.
type Entry struct {
	Email     string
	NameAr    string
	NameLatin string
	Lang      string
	Grants    []Grant
}

// Accounts lists the accounts of the tenant of ctx, newest first; state may be "".
func (s *Service) Accounts(ctx context.Context, state string, p web.PageOf) (out []Account, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		users, err := listUsers(ctx, state, p.After, p.Limit+1)
		if err != nil || len(users) == 0 {
			return err
		}
		of := make([]ids.ID[ids.User], len(users))
		for i, u := range users {
			of[i] = u.ID
		}
		ms, err := membershipsOf(ctx, of, s.Clock.Now())
		if err != nil {
			return err
		}
		for _, u := range users {
			out = append(out, Account{u, ms[u.ID]})
		}
		return nil
	})
	return out, err
}

// Account gives one account of the tenant of ctx.
func (s *Service) Account(ctx context.Context, id ids.ID[ids.User]) (a Account, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		a, err = s.account(ctx, id)
		return err
	})
	return a, err
}

func (s *Service) account(ctx context.Context, id ids.ID[ids.User]) (a Account, err error) {
	if a.User, err = reach(ctx, id); err != nil {
		return a, err
	}
	ms, err := membershipsOf(ctx, []ids.ID[ids.User]{id}, s.Clock.Now())
	a.Memberships = ms[id]
	return a, err
}

// reach is a user of the tenant of ctx; not_found for any other.
func reach(ctx context.Context, id ids.ID[ids.User]) (User, error) {
	u, err := userByID(ctx, id)
	if db.NoRows(err) {
		err = fault.New(fault.NotFound)
	}
	return u, err
}

// Add makes an account without a way in yet. Somebody who left and comes back gets
// the account of before, so that what they did stays theirs.
func (s *Service) Add(ctx context.Context, e Entry) (a Account, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err = s.add(ctx, e)
		return err
	})
	if db.Unique(err, "email") {
		return a, fault.In("email", "taken")
	}
	return a, err
}

// Invite makes an account and its first way in: a mail, or a code to hand over.
func (s *Service) Invite(ctx context.Context, e Entry, spoken bool) (a Account, i Issue, err error) {
	if mailbox := needsMailbox(e.Email, spoken); mailbox != nil {
		var faults fault.Collect // everything that is wrong is said at once
		if err := faults.Join(s.DB.Read(ctx, func(ctx context.Context) error { return e.check(ctx, s) })); err != nil {
			return a, i, err
		}
		if err := faults.Join(mailbox); err != nil {
			return a, i, err
		}
		return a, i, faults.Err()
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if a, err = s.add(ctx, e); err != nil {
			return err
		}
		i, err = s.Help(ctx, a.ID, spoken)
		return err
	})
	if db.Unique(err, "email") {
		return a, i, fault.In("email", "taken")
	}
	return a, i, err
}

// needsMailbox refuses to mail a way in to where no mail arrives.
func needsMailbox(email string, spoken bool) error {
	if spoken || strings.Contains(email, "@") {
		return nil
	}
	return noMailbox("email")
}

func (s *Service) add(ctx context.Context, e Entry) (Account, error) {
	e.Email, e.NameAr, e.NameLatin = normalEmail(e.Email), strings.TrimSpace(e.NameAr), strings.TrimSpace(e.NameLatin)
	var faults fault.Collect
	if err := faults.Join(e.check(ctx, s)); err != nil {
		return Account{}, err
	}
	if err := s.checkGrants(ctx, &faults, nil, e.Grants); err != nil {
		return Account{}, err
	}
	if err := faults.Err(); err != nil {
		return Account{}, err
	}
	now := s.Clock.Now()
	u, err := userByEmail(ctx, e.Email)
	switch {
	case db.NoRows(err):
		u = User{ID: ids.New[ids.User](), TenantID: tenants.Current(ctx), Email: e.Email, NameAr: e.NameAr, NameLatin: e.NameLatin, Locale: e.Lang, CreatedAt: now,
			Version: 1, ChangedAt: now, ChangedBy: tenants.From(ctx).User}
		err = insertUser(ctx, u)
	case err != nil:
	case u.EndedAt.IsZero():
		return Account{}, fault.In("email", "taken")
	default:
		u.EndedAt, u.PasswordHash, u.NameAr, u.NameLatin, u.Totp, u.TotpAt = time.Time{}, "", e.NameAr, e.NameLatin, nil, time.Time{}
		err = s.saveUser(ctx, &u, u.Version)
	}
	if err != nil {
		return Account{}, err
	}
	if err := addMemberships(ctx, u, e.Grants, 0, now); err != nil {
		return Account{}, err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "add", Object: "user", ID: u.ID.String(), Fields: rolesOf(e.Grants)}); err != nil {
		return Account{}, err
	}
	return s.account(ctx, u.ID)
}

// check names what is wrong with an entry by itself.
func (e Entry) check(ctx context.Context, s *Service) error {
	var faults fault.Collect
	checkNames(&faults, strings.TrimSpace(e.NameAr), strings.TrimSpace(e.NameLatin))
	checkSignIn(&faults, e.Email)
	if _, ok := i18n.Parse(e.Lang); e.Lang != "" && !ok {
		faults.Add("language", "unknown_code")
	}
	if err := s.checkRoles(ctx, &faults, e.Grants); err != nil {
		return err
	}
	return faults.Err()
}

// check names what is wrong with a change by itself, whatever account it is for.
func (c Change) check(ctx context.Context, s *Service) error {
	var faults fault.Collect
	given := func(s *string) string {
		if s == nil {
			return "x"
		}
		return *s
	}
	checkNames(&faults, given(c.NameAr), given(c.NameLatin))
	if c.Email != nil {
		checkSignIn(&faults, *c.Email)
	}
	if c.Grants != nil && !c.Ended {
		if err := s.checkRoles(ctx, &faults, *c.Grants); err != nil {
			return err
		}
	}
	return faults.Err()
}

// saveUser writes what administrators edit, if nobody else did meanwhile.
func (s *Service) saveUser(ctx context.Context, u *User, seen int64) error {
	u.Version, u.ChangedAt, u.ChangedBy = seen+1, s.Clock.Now(), tenants.From(ctx).User
	return updateUser(ctx, *u, seen)
}

func addMemberships(ctx context.Context, u User, list []Grant, position int, now time.Time) error {
	for i, g := range list {
		m := Membership{ID: ids.New[ids.Entry](), TenantID: u.TenantID, UserID: u.ID, Role: g.Role, UnitID: g.Unit, Position: position + i, ValidFrom: now, ValidTo: g.Until}
		if err := insertMembership(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func rolesOf(list []Grant) []string {
	var out []string
	for _, g := range list {
		if !slices.Contains(out, g.Role) {
			out = append(out, g.Role)
		}
	}
	return out
}

func checkNames(faults *fault.Collect, ar, latin string) {
	if ar == "" && latin == "" {
		faults.Add("name", "required")
	}
	for field, name := range map[string]string{"name_ar": ar, "name": latin} {
		if len([]rune(name)) > 100 {
			faults.Add(field, "too_long")
		}
	}
}

// checkSignIn wants an address, or a name where there is no mailbox.
func checkSignIn(faults *fault.Collect, email string) {
	if e := normalEmail(email); !validEmail(e) && !signInName.MatchString(e) {
		faults.Add("email", "malformed")
	}
}

// checkRoles wants memberships, each in a role of this kind of institution, and none
// twice.
func (s *Service) checkRoles(ctx context.Context, faults *fault.Collect, list []Grant) error {
	t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
	if err != nil || t == nil {
		return err
	}
	if len(list) == 0 {
		faults.Add("memberships", "required")
	}
	for i, g := range list {
		at := fmt.Sprintf("memberships[%d].role", i)
		if !slices.Contains(t.Declared().Roles, g.Role) {
			faults.Add(at, "unknown_code")
		}
		if slices.ContainsFunc(list[:i], func(o Grant) bool { return o.Role == g.Role && o.Unit == g.Unit }) {
			faults.Add(at, "twice")
		}
	}
	return nil
}

// checkGrants names every membership that cannot be given as things stand: in a unit
// of somebody else, or with an end that has passed.
func (s *Service) checkGrants(ctx context.Context, faults *fault.Collect, before []Membership, list []Grant) error {
	own, err := unitsOfTenant(ctx)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for i, g := range list {
		at := fmt.Sprintf("memberships[%d].", i)
		if !g.Unit.IsZero() && !slices.ContainsFunc(own, func(u Unit) bool { return u.ID == g.Unit }) {
			faults.Add(at+"unit_id", "unknown_code")
		}
		had := slices.ContainsFunc(before, g.Equal)
		if !g.Until.IsZero() && !g.Until.After(now) && !had {
			faults.Add(at+"until", "in_the_past")
		}
	}
	return nil
}

// UntilEndOf is the instant at which a last day is over, in the tenant's zone.
func UntilEndOf(day string) (time.Time, error) {
	d, err := time.ParseInLocation(time.DateOnly, day, clock.Casablanca())
	if err != nil {
		return d, err
	}
	return d.AddDate(0, 0, 1).UTC(), nil
}

// LastDay is the last day of a membership, "" when it has no end.
func (m Membership) LastDay() string {
	if m.ValidTo.IsZero() {
		return ""
	}
	return m.ValidTo.Add(-time.Second).In(clock.Casablanca()).Format(time.DateOnly)
}

// OwnUnits lists the units of the tenant of ctx, parents first.
func (s *Service) OwnUnits(ctx context.Context) (out []Unit, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = unitsOfTenant(ctx)
		return err
	})
	return out, err
}
