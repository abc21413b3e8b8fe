package clock

import "time"

// Era is a calendar from an instant on, until the next era of its history.
type Era struct {
	From     time.Time
	Calendar Calendar
}

// History is the calendars of one place, oldest first; the first holds from ever.
//
// Time that has passed is counted by the calendar that stood when it passed, so
// that nobody's edit changes what has been used (domain.md §2, "Clocks").
type History []Era

// History is the history of a calendar that was never edited.
func (c Calendar) History() History { return History{{Calendar: c}} }

// On are the hours of a day to come, as the calendar stands now.
func (h History) On(d Date) Hours {
	if len(h) == 0 {
		return Hours{}
	}
	return h[len(h)-1].Calendar.HoursOn(d)
}

// Hours counts time as it passes while the door is open.
func (h History) Hours() Count { return Count{h, false} }

// Days counts so that each working day is worth a WorkingDay.
func (h History) Days() Count { return Count{h, true} }

// Count counts working time in one measure.
type Count struct {
	eras History
	days bool
}

// era is the one that holds at t, with its end; open is false for the last.
func (n Count) era(i int) (c Calendar, end time.Time, open bool) {
	if i+1 < len(n.eras) {
		return n.eras[i].Calendar, n.eras[i+1].From, true
	}
	return n.eras[i].Calendar, time.Time{}, false
}

// Add gives the instant at which d of working time has passed since t. A d that is
// not positive gives t itself.
func (n Count) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	for i := range n.eras {
		c, end, more := n.era(i)
		if !more {
			return c.add(t, d, n.days).UTC()
		}
		if !t.Before(end) {
			continue
		}
		if at := c.add(t, d, n.days); !at.After(end) {
			return at.UTC()
		}
		if d -= c.between(t, end, n.days); d <= 0 {
			return end.UTC()
		}
		t = end
	}
	return t
}

// Between gives the working time from a to b, zero when b is not after a: a clock
// that was set back uses nothing and gives nothing back.
func (n Count) Between(a, b time.Time) (sum time.Duration) {
	for i := range n.eras {
		c, end, more := n.era(i)
		to := b
		if more && end.Before(b) {
			to = end
		}
		if to.After(a) {
			sum += c.between(a, to, n.days)
			a = to
		}
	}
	return sum
}
