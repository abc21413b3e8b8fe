package referrals

import (
	"context"

	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/ids"
)

// Resting lists the sender's referrals that a withdrawal of the consent would close.
func (s *Service) Resting(ctx context.Context, consent ids.ID[ids.Consent]) (out []people.Resting, err error) {
	var list []Referral
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err = openUnder(ctx, consent)
		return err
	})
	for _, r := range list {
		out = append(out, people.Resting{ID: r.ID, Number: r.Number, State: string(r.State), To: r.ToTenant})
	}
	return out, err
}

// ConsentWithdrawn ends, inside the withdrawal's transaction, everything that
// rested on the consent: access closes before anybody can read again.
func (s *Service) ConsentWithdrawn(ctx context.Context, _ ids.ID[ids.Person], consent ids.ID[ids.Consent], goOn bool) error {
	list, err := openUnder(ctx, consent)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for i := range list {
		r := &list[i]
		loaded := r.Version
		var events []Event
		if r.IsOpen {
			e, err := r.ConsentWithdrawn(now)
			if err != nil {
				return err
			}
			events = append(events, e)
			if r.WasAccepted() {
				// Withdrawal ends sharing, not care: the partner is told what the person wants.
				r.Aftercare = map[bool]string{true: "keep", false: "cancel"}[goOn]
			}
		}
		r.setGrant(r.grant().Withdrawn(goOn)) // nothing may ever open again
		if err := s.save(ctx, r, loaded, now, false); err != nil {
			return err
		}
		detail := []string{"consent_withdrawn"}
		if goOn {
			detail = append(detail, "continue")
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "close", Object: "referral", ID: r.ID.String(), Fields: detail}); err != nil {
			return err
		}
		if err := s.record(ctx, r, events); err != nil {
			return err
		}
	}
	return nil
}
