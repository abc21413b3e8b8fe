package accounts

import (
	"context"
	"slices"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/tenants"
)

// UnitKinds are what a unit may be (domain.md §1).
var UnitKinds = []string{"delegation", "centre", "desk", "ward", "service"}

const deepest = 8 // of the tree of units

// check names what is wrong with a unit.
func (u *Unit) check() error {
	var f fault.Collect
	i18n.CheckName(&f, "name", &u.NameAr, &u.NameFr, &u.NameEn)
	if !slices.Contains(UnitKinds, u.Kind) {
		f.Add("kind", "unknown_code")
	}
	if _, ok := terms.Load().Commune(u.Commune); !ok {
		f.Add("commune", "unknown_code")
	}
	if u.OnCall = strings.TrimSpace(u.OnCall); len(u.OnCall) > 20 || strings.Trim(u.OnCall, "+0123456789 ") != "" {
		f.Add("on_call", "malformed")
	}
	return f.Err()
}

// checkParent keeps the units a tree of this tenant: no parent of somebody else, no
// circle, no endless depth.
func checkParent(ctx context.Context, u Unit) error {
	if u.ParentID.IsZero() {
		return nil
	}
	list, err := unitsOfTenant(ctx)
	if err != nil {
		return err
	}
	above := map[ids.ID[ids.Unit]]ids.ID[ids.Unit]{}
	for _, x := range list {
		above[x.ID] = x.ParentID
	}
	at := u.ParentID
	for depth := 0; !at.IsZero(); depth++ {
		parent, own := above[at]
		if !own {
			return fault.In("parent_id", "unknown_code")
		}
		if at == u.ID || depth >= deepest {
			return fault.In("parent_id", "circle")
		}
		at = parent
	}
	return nil
}

// AddUnit makes a unit of the tenant of ctx. A given id is kept, for the demo network.
func (s *Service) AddUnit(ctx context.Context, u Unit) (Unit, error) {
	if err := u.check(); err != nil {
		return u, err
	}
	if u.ID.IsZero() {
		u.ID = ids.New[ids.Unit]()
	}
	u.TenantID, u.Version, u.CreatedAt = tenants.Current(ctx), 1, s.Clock.Now()
	return u, s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := checkParent(ctx, u); err != nil {
			return err
		}
		if err := insertUnit(ctx, u); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "add", Object: "unit", ID: u.ID.String()})
	})
}

// Unit is one unit of the tenant of ctx; not_found for any other.
func (s *Service) Unit(ctx context.Context, id ids.ID[ids.Unit]) (Unit, error) {
	list, err := s.Units(ctx, id)
	if u, ok := list[id]; err == nil && (!ok || u.TenantID != tenants.Current(ctx)) {
		err = fault.New(fault.NotFound)
	}
	return list[id], err
}

// ChangeUnit edits a unit of the tenant of ctx; of two at once one wins.
func (s *Service) ChangeUnit(ctx context.Context, id ids.ID[ids.Unit], version int64, change func(u *Unit)) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		u, err := s.Unit(ctx, id)
		if err != nil {
			return err
		}
		if u.Version != version {
			return fault.New(fault.VersionConflict)
		}
		change(&u)
		if err := u.check(); err != nil {
			return err
		}
		if err := checkParent(ctx, u); err != nil {
			return err
		}
		u.Version = version + 1
		if err := saveUnit(ctx, u, version); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "unit", ID: id.String()})
	})
}
