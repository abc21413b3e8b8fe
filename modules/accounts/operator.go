package accounts

import (
	"context"
	"errors"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

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
	u := User{ID: ids.New[ids.User](), TenantID: t.ID, Email: n.Email, NameAr: n.NameAr, NameLatin: n.NameLatin, PasswordHash: n.Hash, CreatedAt: now, Version: 1}
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
