package accounts

import (
	"context"
	"errors"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

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
	ID      ids.ID[ids.User]
	Name    i18n.Words
	Email   string
	Mailbox string // where notices go; "" where none are wanted or nothing can be sent
	Locale  i18n.Lang
}

func staffOf(u User) Staff {
	return Staff{ID: u.ID, Name: wordsOf(u), Email: u.Email, Mailbox: u.Mailbox(), Locale: i18n.Lang(u.Locale)}
}

// wordsOf are a user's names as the frame shows them.
func wordsOf(u User) i18n.Words { return i18n.Words{Ar: u.NameAr, Fr: u.NameLatin, En: u.NameLatin} }

// actor is a user who acts, without roles yet.
func actor(t *tenants.Tenant, u User) tenants.Actor {
	return tenants.Actor{User: u.ID, Tenant: t, Email: u.Email, Name: wordsOf(u), Lang: i18n.Arabic}
}

// holding fills in what memberships give: roles in their order, units and reach.
func holding(ctx context.Context, a tenants.Actor, ms []Membership) (tenants.Actor, error) {
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
	if everywhere || len(units) == 0 {
		return a, nil
	}
	var err error
	a.Units, err = unitsBelow(ctx, units)
	return a, err
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
		out = staffOf(u)
		return err
	})
	return out, err
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
		a = actor(t, u)
		ms, err := memberships(ctx, u.ID)
		if err != nil {
			return err
		}
		a, err = holding(ctx, a, running(ms, s.Clock.Now()))
		return err
	})
	return a, err
}
