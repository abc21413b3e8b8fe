package agreements

import (
	"slices"
	"time"

	"shubbak/platform/ids"
)

// Periods are what a quota may count, from the shortest.
var Periods = []string{"week", "month", "quarter", "year"}

// PeriodStart is the first day of the period that holds a day: the week begins on
// Monday, everything else with the calendar.
func PeriodStart(period, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	first := func(months int) time.Time {
		return time.Date(t.Year(), (t.Month()-1)/time.Month(months)*time.Month(months)+1, 1, 0, 0, 0, 0, time.UTC)
	}
	switch period {
	case "week":
		t = t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case "month":
		t = first(1)
	case "quarter":
		t = first(3)
	case "semester":
		t = first(6)
	case "year":
		t = first(12)
	}
	return t.Format(time.DateOnly)
}

// PeriodEnd is the first day after the period that begins on a day.
func PeriodEnd(period, start string) string {
	t, err := time.Parse(time.DateOnly, start)
	if err != nil {
		return start
	}
	months := map[string]int{"month": 1, "quarter": 3, "semester": 6, "year": 12}[period]
	if period == "week" {
		return t.AddDate(0, 0, 7).Format(time.DateOnly)
	}
	return t.AddDate(0, months, 0).Format(time.DateOnly)
}

// Use is a quota with the places that are taken in the period of today.
type Use struct {
	AgreementID ids.ID[ids.Agreement]
	ServiceID   ids.ID[ids.Service]
	Period      string
	Limit       int
	Hard        bool
	StartsOn    string
	Used        int
}

// Left is how many places are left, never less than none.
func (u Use) Left() int { return max(0, u.Limit-u.Used) }

// Full reports that a further referral is refused.
func (u Use) Full() bool { return u.Hard && u.Used >= u.Limit }

// Percent is how much of it is used, at most 100.
func (u Use) Percent() int { return min(100, u.Used*100/max(1, u.Limit)) }

// FreeOn is the day on which its places are free again.
func (u Use) FreeOn() string { return PeriodEnd(u.Period, u.StartsOn) }

// Warnings are the shares of a quota at which both parties are told, in percent, once
// in a period each.
var Warnings = []int{80, 100}

// reached is the warning that taking one more place has just reached, 0 for none.
func (u Use) reached() int {
	for _, percent := range slices.Backward(Warnings) {
		if u.Used*100 >= percent*u.Limit {
			return percent
		}
	}
	return 0
}

// tightest is the quota that leaves the fewest places; a full one comes first.
func tightest(list []Use) (u Use, any bool) {
	for _, x := range list {
		if !any || x.Full() && !u.Full() || x.Full() == u.Full() && x.Left() < u.Left() {
			u, any = x, true
		}
	}
	return u, any
}
