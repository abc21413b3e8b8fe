package tasks

import (
	"context"
	"slices"

	"shubbak/platform/audit"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Lost lists the open tasks of somebody who leaves, or loses the last role that does
// tasks.
func (s *Service) Lost(ctx context.Context, left tenants.Actor) (out []Task, err error) {
	rows, err := s.lost(ctx, left)
	for _, r := range rows {
		out = append(out, r.Task)
	}
	return out, err
}

func (s *Service) lost(ctx context.Context, left tenants.Actor) (rows []row, err error) {
	if s.Law.Allow(left, perm(string(Start)), policies.Assignee) {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err = openOf(ctx, left.User)
		return err
	})
	return rows, err
}

// HandOver gives them back to who gave them, or else to an administrator, in the
// transaction that takes the role away.
func (s *Service) HandOver(ctx context.Context, left tenants.Actor) error {
	rows, err := s.lost(ctx, left)
	if err != nil || len(rows) == 0 {
		return err
	}
	list, err := s.Colleagues(ctx, s.Law.RolesWith(left.Tenant.Kind, perm(string(Start)))...)
	if err != nil {
		return err
	}
	admins, err := s.Colleagues(ctx, "admin")
	if err != nil {
		return err
	}
	works := func(id ids.ID[ids.User], among []Colleague) bool {
		return id != left.User && slices.ContainsFunc(among, func(c Colleague) bool { return c.ID == id })
	}
	for _, r := range rows {
		next := r.GivenBy
		if !works(next, list) {
			i := slices.IndexFunc(admins, func(c Colleague) bool { return c.ID != left.User })
			if i < 0 {
				continue // the last administrator cannot leave
			}
			next = admins[i].ID
		}
		r.Assignee = next
		if r.UnitID, err = s.Unit(ctx, next); err != nil {
			return err
		}
		r.Version++
		r.ChangedAt = s.Clock.Now()
		if err := save(ctx, r); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "hand_over", Object: "task", ID: r.ID.String(), Fields: []string{"assignee"}}); err != nil {
			return err
		}
		if err := s.Bus.Publish(ctx, Assigned{Tenant: r.TenantID, Task: r.ID, Assignee: next, ByUser: tenants.From(ctx).User}); err != nil {
			return err
		}
	}
	return nil
}
