package clock

import (
	"fmt"
	"time"
)

// WorkingDay is what one working day is worth where a term is counted in days,
// however long the door stands open: a day of Ramadan is a day, and so are 24 hours
// of a ward that never closes. "Three working days" then end at the same point of
// the third day, and time that was used keeps its worth when the hours change.
const WorkingDay = 8 * time.Hour

// Hours say when a door opens and closes on one day, in minutes of the wall clock;
// closing is at most 24:00. Zero is a day off.
type Hours struct{ Open, Close int }

// Shut reports a day off.
func (h Hours) Shut() bool { return h.Close <= h.Open }

// Holds reports whether the door is open at a minute of the day.
func (h Hours) Holds(minute int) bool { return h.Open <= minute && minute < h.Close }

// Times are opening and closing as a clock shows them.
func (h Hours) Times() (open, close string) {
	return fmt.Sprintf("%02d:%02d", h.Open/60, h.Open%60), fmt.Sprintf("%02d:%02d", h.Close/60, h.Close%60)
}

// Week is the hours of each weekday, by time.Weekday.
type Week [7]Hours

// Season is a stretch of days, both ends in it, with hours of its own: Ramadan.
type Season struct {
	From, To Date
	Week     Week
}

// Calendar is when one place works. The zero Calendar never does.
type Calendar struct {
	Zone    *time.Location
	Always  bool // day and night, holidays too
	Week    Week
	Seasons []Season
	Off     map[Date]bool
	Yearly  map[Yearly]bool
}

// Casablanca is the zone of the ordinary week.
func Casablanca() *time.Location {
	loc, err := time.LoadLocation("Africa/Casablanca")
	if err != nil { // tzdata is embedded: it cannot be missing
		return time.UTC
	}
	return loc
}

// MondayToFriday is a week of five equal days.
func MondayToFriday(h Hours) (w Week) {
	for d := time.Monday; d <= time.Friday; d++ {
		w[d] = h
	}
	return w
}

// Ordinary is the week of domain.md §2, "Clocks", without holidays or Ramadan.
func Ordinary() Calendar {
	return Calendar{Zone: Casablanca(), Week: MondayToFriday(Hours{8*60 + 30, 16*60 + 30})}
}

// HoursOn are the hours of one day. A season changes those of a day on which the
// place works anyway; where it says nothing of the weekday, the week's stay.
func (c Calendar) HoursOn(d Date) Hours {
	if c.Always {
		return Hours{0, 24 * 60}
	}
	h := c.Week[d.Weekday()]
	if h.Shut() || c.Off[d] || c.Yearly[d.Yearly()] {
		return Hours{}
	}
	for _, s := range c.Seasons {
		if d >= s.From && d <= s.To && !s.Week[d.Weekday()].Shut() {
			return s.Week[d.Weekday()]
		}
	}
	return h
}

// LongestRest is the most days in a row without working time, of n days from a
// day on: a calendar that rests for ever lets nothing ever be due.
func (c Calendar) LongestRest(from Date, n int) int {
	longest, run := 0, 0
	for d := from; d < from+Date(n); d++ {
		if c.HoursOn(d).Shut() {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// horizon bounds every count: eleven years of days.
const horizon = 4000

// span gives the opening and closing instants of a day; equal on a day off.
func (c Calendar) span(d Date) (open, close time.Time) {
	h := c.HoursOn(d)
	if h.Shut() {
		return open, open
	}
	y, m, day := d.Time().Date()
	return time.Date(y, m, day, 0, h.Open, 0, 0, c.Zone), time.Date(y, m, day, 0, h.Close, 0, 0, c.Zone)
}

// measure turns time that passes while the door is open into what it is worth, and
// back: as it is, or so that the whole day makes a WorkingDay. Lengths are whole
// minutes, which keeps the products small.
type measure struct {
	days   bool
	length time.Duration // of this day
}

func (m measure) worth(passed time.Duration) time.Duration {
	if !m.days {
		return passed
	}
	whole, rest := passed/m.length, passed%m.length
	return whole*WorkingDay + rest*(WorkingDay/time.Minute)/(m.length/time.Minute)
}

// cost rounds up, so that what it gives is worth d at least.
func (m measure) cost(d time.Duration) time.Duration {
	if !m.days {
		return d
	}
	const day = WorkingDay / time.Minute
	whole, rest := d/WorkingDay, d%WorkingDay
	return whole*m.length + (rest*(m.length/time.Minute)+day-1)/day
}

// add gives the instant at which d has passed since t, where d is more than zero.
func (c Calendar) add(t time.Time, d time.Duration, days bool) time.Time {
	if c.Always {
		return t.Add(measure{days, 24 * time.Hour}.cost(d))
	}
	if c.Zone == nil {
		return t
	}
	for date, last := DateOf(t.In(c.Zone)), DateOf(t.In(c.Zone))+horizon; date < last; date++ {
		open, close := c.span(date)
		if !close.After(open) {
			continue
		}
		m := measure{days, close.Sub(open)}
		if t.Before(open) {
			t = open
		}
		left := close.Sub(t)
		if left <= 0 {
			continue
		}
		if cost := m.cost(d); cost <= left {
			return t.Add(cost)
		}
		d -= m.worth(left)
	}
	return t
}

// between gives what passes from a to b, where b is after a.
func (c Calendar) between(a, b time.Time, days bool) (sum time.Duration) {
	if c.Always {
		return measure{days, 24 * time.Hour}.worth(b.Sub(a))
	}
	if c.Zone == nil {
		return 0
	}
	first := DateOf(a.In(c.Zone))
	for date, last := first, min(DateOf(b.In(c.Zone)), first+horizon); date <= last; date++ {
		open, close := c.span(date)
		from, to := open, close
		if a.After(from) {
			from = a
		}
		if b.Before(to) {
			to = b
		}
		if to.After(from) {
			sum += measure{days, close.Sub(open)}.worth(to.Sub(from))
		}
	}
	return sum
}
