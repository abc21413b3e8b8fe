package agreements

import (
	"cmp"
	"context"
	"slices"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
)

// Take takes a referral's places of the quotas of its agreement, in the transaction
// that sends. It comes after the agreement was read locked, so that no amendment
// changes a limit meanwhile, and in one order, so that two acts never wait for each
// other. A hard quota that is full is not_permitted, quota_used.
func (s *Service) Take(ctx context.Context, agreement ids.ID[ids.Agreement], service ids.ID[ids.Service], referral ids.ID[ids.Referral]) error {
	if agreement.IsZero() {
		return nil
	}
	list, err := quotasOf(ctx, []ids.ID[ids.Agreement]{agreement}, service, s.today())
	if err != nil {
		return err
	}
	for _, u := range list {
		u.Used, err = takePlace(ctx, u)
		if db.NoRows(err) {
			a, err := byID(ctx, agreement)
			if err != nil {
				return err
			}
			return Permit{Number: a.Number, Full: &u}.Refusal(QuotaUsed)
		}
		if err != nil {
			return err
		}
		if err := insertPlace(ctx, placeRow{ReferralID: referral, Period: u.Period, AgreementID: agreement, ServiceID: service, StartsOn: u.StartsOn}); err != nil {
			return err
		}
		if percent := u.reached(); percent > 0 {
			if err := s.warn(ctx, u, percent); err != nil {
				return err
			}
		}
	}
	return nil
}

// GiveBack returns the places of a referral that ended before acceptance, to the
// period that they were taken from; once, since it is the rows that say so.
func (s *Service) GiveBack(ctx context.Context, referral ids.ID[ids.Referral]) error {
	rows, err := dropPlaces(ctx, referral)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b placeRow) int { return cmp.Compare(a.Period, b.Period) })
	for _, p := range rows {
		if err := givePlace(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// filled says that a quota has reached a share of its limit; its keeper writes it into
// the agreement's history, which the act that took the place may not lock.
type filled struct {
	Keeper    ids.ID[ids.Tenant]    `json:"keeper"`
	Agreement ids.ID[ids.Agreement] `json:"agreement"`
	Service   ids.ID[ids.Service]   `json:"service"`
	Period    string                `json:"period"`
	StartsOn  string                `json:"starts_on"`
	Percent   int                   `json:"percent"`
}

func (filled) EventName() string      { return "agreement.filled" }
func (f filled) Audience() []string   { return []string{f.Keeper.String()} }
func (filled) Order() (string, int64) { return "", 0 }

// warn publishes only at the place that reaches the share: further ones say nothing.
func (s *Service) warn(ctx context.Context, u Use, percent int) error {
	before := u
	before.Used--
	if before.reached() == percent {
		return nil
	}
	a, err := byID(ctx, u.AgreementID)
	if err != nil {
		return err
	}
	return s.Bus.Publish(ctx, filled{a.TenantID, a.ID, u.ServiceID, u.Period, u.StartsOn, percent})
}

// noteFilled runs as the keeper. A place that was given back and taken again tells nobody
// twice. The agreement comes before what is used of it, as for whoever sends: in the other
// order the two would wait for each other.
func (s *Service) noteFilled(ctx context.Context, _ outbox.Delivery, f filled) error {
	a, err := lock(ctx, f.Agreement)
	if err != nil {
		return err
	}
	fresh, err := tell(ctx, f)
	if err != nil || !fresh {
		return err
	}
	e := a.note(map[int]string{80: "quota_nearly_used", 100: "quota_used"}[f.Percent], s.Clock.Now())
	e.Subject = f.Service.String()
	if err := save(ctx, a); err != nil {
		return err
	}
	return s.record(ctx, a, []Event{e})
}

// Quotas are the quotas of an agreement with what is used of them today.
func (s *Service) Quotas(ctx context.Context, id ids.ID[ids.Agreement]) (out []Use, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = quotasOf(ctx, []ids.ID[ids.Agreement]{id}, ids.ID[ids.Service]{}, s.today())
		return err
	})
	return out, err
}

// Refusal is why an agreement does not permit a referral, in words that name the
// agreement and the day.
func (p Permit) Refusal(why Reason) *fault.Error {
	e := &fault.Error{Code: fault.NotPermitted, Key: "referrals.not_permitted." + string(why), Data: map[string]any{"reason": string(why)}}
	if key, args := p.Words(why); key != "" {
		e.Key, e.Args = key, args
	}
	return e
}
