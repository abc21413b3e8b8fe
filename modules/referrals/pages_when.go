package referrals

import (
	"context"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/web"
)

// answered is what stands beside a moment that was typed: the day of the week, and
// whether the unit that receives works then (design.md §5, "Date").
type answered struct {
	Words   string
	Outside bool
}

// answer looks a moment up in the calendar of the unit that receives; nothing for what is
// no moment. It is a word and never a refusal: a ward may well see somebody on a Sunday.
func (s *Service) answer(ctx context.Context, v *web.View, r *Referral, local string) (a answered, err error) {
	if _, ok := Instant(local, s.zone); !ok {
		return a, nil
	}
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		return a, nil
	}
	history, err := s.Calendars.For(ctx, r.ToTenant, r.ToUnit, s.Clock.Now())
	if err != nil {
		return a, err
	}
	day, hours := i18n.LongDate(v.Lang, at), history.On(clock.DateOf(at))
	opens, closes := hours.Times()
	switch {
	case hours.Shut():
		a = answered{v.T("referrals.when.day_off", "Day", day), true}
	case !hours.Holds(at.Hour()*60 + at.Minute()):
		a = answered{v.T("referrals.when.outside", "Day", day, "Open", opens, "Close", closes), true}
	default:
		a = answered{v.T("referrals.when.inside", "Day", day), false}
	}
	return a, nil
}
