package accounts

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Holding is one piece of work that a user holds in person.
type Holding struct {
	Type   string // referral or task
	ID     string
	Number string // of the register, of a task its subject's; "" for a draft, or where there is none
	Side   string // of a referral: sent or received
	State  string
}

// Holdings knows the work that users hold; wire.go satisfies it. left is the user
// as they will be: what they can still do they keep.
type Holdings interface {
	// Lost lists what left may not hold any longer.
	Lost(ctx context.Context, left tenants.Actor) ([]Holding, error)
	// HandOver gives it to its units, tasks to who gave them, in the transaction of ctx.
	HandOver(ctx context.Context, left tenants.Actor) error
}

// Change is what an administrator edits of an account; nil leaves it as it is.
type Change struct {
	Version      int64
	NameAr       *string
	NameLatin    *string
	Email        *string
	Grants       *[]Grant
	Ended        bool
	SecondFactor *bool // false takes a lost one away; nobody sets one up for another
}

// Held lists what a user would have to hand over with these memberships left; none
// at all is what leaving means.
func (s *Service) Held(ctx context.Context, id ids.ID[ids.User], left []Membership) (out []Holding, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err := reach(ctx, id)
		if err != nil {
			return err
		}
		a, err := s.remaining(ctx, u, left)
		if err != nil {
			return err
		}
		out, err = s.Holdings.Lost(ctx, a)
		return err
	})
	return out, err
}

func (s *Service) remaining(ctx context.Context, u User, left []Membership) (tenants.Actor, error) {
	t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
	if err != nil {
		return tenants.Actor{}, err
	}
	return holding(ctx, actor(t, u), running(left, s.Clock.Now()))
}

// Change edits an account. When roles, units or the account itself end, sessions die
// at this request and what the user held goes to the unit, in one transaction.
func (s *Service) Change(ctx context.Context, id ids.ID[ids.User], c Change) (a Account, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		// Two administrators who end each other at once: one of them is the last.
		if err := tenants.Lock(ctx); err != nil {
			return err
		}
		u, err := reach(ctx, id)
		if err != nil {
			return err
		}
		before, err := membershipsOf(ctx, []ids.ID[ids.User]{id}, s.Clock.Now())
		if err != nil {
			return err
		}
		if err := s.change(ctx, &u, before[id], c); err != nil {
			return err
		}
		a, err = s.account(ctx, id)
		return err
	})
	if db.Unique(err, "email") {
		return a, fault.In("email", "taken")
	}
	return a, err
}

func (s *Service) change(ctx context.Context, u *User, before []Membership, c Change) error {
	if c.Grants != nil && u.ID == tenants.From(ctx).User && SelfServing(before, *c.Grants) != "" {
		return errOneself()
	}
	if u.Version != c.Version {
		return fault.New(fault.VersionConflict)
	}
	if !u.EndedAt.IsZero() {
		return &fault.Error{Code: fault.IllegalTransition, Key: "users.ended_already"}
	}
	fields, err := s.edit(ctx, u, before, c)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if c.Ended {
		u.EndedAt = now
		fields = append(fields, "ended")
	}
	if c.SecondFactor != nil && !*c.SecondFactor && !u.TotpAt.IsZero() {
		u.Totp, u.TotpAt = nil, time.Time{}
		fields = append(fields, "second_factor")
		if err := forgetRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
	}
	if err := s.saveUser(ctx, u, c.Version); err != nil {
		return err
	}
	switch {
	case c.Ended:
		err = s.regrant(ctx, *u, before, nil)
	case c.Grants != nil:
		err = s.regrant(ctx, *u, before, *c.Grants)
	}
	if err != nil {
		return err
	}
	return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "user", ID: u.ID.String(), Fields: fields})
}

// edit takes over names and address and checks the memberships, naming every fault.
func (s *Service) edit(ctx context.Context, u *User, before []Membership, c Change) (fields []string, err error) {
	var faults fault.Collect
	for _, x := range []struct {
		name string
		to   *string
		new  *string
	}{{"name_ar", &u.NameAr, c.NameAr}, {"name", &u.NameLatin, c.NameLatin}, {"email", &u.Email, c.Email}} {
		if x.new != nil && *x.new != *x.to {
			*x.to = *x.new
			fields = append(fields, x.name)
		}
	}
	u.Email = normalEmail(u.Email)
	checkSignIn(&faults, u.Email)
	checkNames(&faults, u.NameAr, u.NameLatin)
	if c.Grants != nil && !c.Ended {
		if err := s.checkRoles(ctx, &faults, *c.Grants); err != nil {
			return nil, err
		}
		if err := s.checkGrants(ctx, &faults, before, *c.Grants); err != nil {
			return nil, err
		}
		fields = append(append(fields, "memberships"), rolesOf(*c.Grants)...)
	}
	return fields, faults.Err()
}

// regrant makes the memberships those of the list. What is the same goes on running.
func (s *Service) regrant(ctx context.Context, u User, before []Membership, list []Grant) error {
	now := s.Clock.Now()
	var left []Membership
	position := 0
	changed := false
	for _, m := range before {
		position = max(position, m.Position+1)
		if slices.ContainsFunc(list, func(g Grant) bool { return g.Equal(m) }) {
			left = append(left, m)
			continue
		}
		changed = true
		if err := endMembership(ctx, m.ID, now); err != nil {
			return err
		}
	}
	var fresh []Grant
	for _, g := range list {
		if !slices.ContainsFunc(before, func(m Membership) bool { return g.Equal(m) }) {
			fresh = append(fresh, g)
			left = append(left, Membership{Role: g.Role, UnitID: g.Unit, ValidTo: g.Until})
		}
	}
	if err := addMemberships(ctx, u, fresh, position, now); err != nil {
		return err
	}
	if !changed && len(fresh) == 0 {
		return nil
	}
	if err := endSessions(ctx, u.ID, ids.ID[ids.Session]{}, now); err != nil {
		return err
	}
	if len(list) == 0 {
		if err := replaceLinks(ctx, u.ID, now); err != nil {
			return err
		}
	}
	a, err := s.remaining(ctx, u, left)
	if err != nil {
		return err
	}
	if err := s.Holdings.HandOver(ctx, a); err != nil {
		return err
	}
	n, err := countAdmins(ctx, now)
	if err == nil && n == 0 {
		err = errLastAdmin()
	}
	return err
}
