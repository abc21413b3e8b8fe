package referrals

import (
	"context"

	"shubbak/modules/accounts"
	"shubbak/platform/audit"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Lost lists the open referrals that somebody who leaves, or loses a role or a unit,
// cannot go on with: those assigned to them, and those they sent or draft.
func (s *Service) Lost(ctx context.Context, left tenants.Actor) ([]accounts.Holding, error) {
	list, err := s.lost(ctx, left)
	out := make([]accounts.Holding, len(list))
	for i, r := range list {
		out[i] = accounts.Holding{Type: "referral", ID: r.ID.String(), Number: r.Number, Side: "sent", State: string(r.State)}
		if r.OwnerUser == left.User && r.ToTenant == left.Tenant.ID {
			out[i].Side = "received"
			if r.ReceiverNumber != "" {
				out[i].Number = r.ReceiverNumber
			}
		}
	}
	return out, err
}

func (s *Service) lost(ctx context.Context, left tenants.Actor) (out []Referral, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err := heldBy(ctx, left.User)
		for _, r := range list {
			if !s.keeps(left, r) {
				out = append(out, r)
			}
		}
		return err
	})
	return out, err
}

// keeps reports whether the roles and units that are left still do the work.
func (s *Service) keeps(left tenants.Actor, r Referral) bool {
	if r.OwnerUser == left.User && r.ToTenant == left.Tenant.ID {
		return left.Reaches(r.ToUnit) && s.Law.Allow(left, actPermission(Start), policies.Receiver, policies.Assignee)
	}
	return left.Reaches(r.FromUnit) && s.Law.Allow(left, actPermission(Send), policies.Sender)
}

// HandOver gives to the units what left cannot go on with, in the transaction that
// takes the role away: nothing is ever without somebody who answers for it.
func (s *Service) HandOver(ctx context.Context, left tenants.Actor) error {
	list, err := s.lost(ctx, left)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for i := range list {
		r := &list[i]
		loaded := r.Version
		var events []Event
		side := "sent"
		if r.OwnerUser == left.User && r.ToTenant == left.Tenant.ID {
			side = "received"
			r.OwnerUser = ids.ID[ids.User]{}
		} else {
			r.FromHanded = true
		}
		if _, ok := r.Rule(Assign); ok && side == "received" {
			e, err := r.move(Assign, now)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		if err := s.save(ctx, r, loaded, now, false); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "hand_over", Object: "referral", ID: r.ID.String(), Fields: []string{side}}); err != nil {
			return err
		}
		if err := s.record(ctx, r, events); err != nil {
			return err
		}
	}
	return nil
}
