package clock

import "time"

// Week is a working calendar: the same opening and closing time on each of its
// days. domain.md §6 gives the ordinary one: Monday to Friday, 08:30 to 16:30.
type Week struct {
	Zone        *time.Location
	Days        [7]bool // indexed by time.Weekday
	Open, Close time.Duration
}

// Casablanca is the zone of the ordinary week.
func Casablanca() *time.Location {
	loc, err := time.LoadLocation("Africa/Casablanca")
	if err != nil { // tzdata is embedded: it cannot be missing
		return time.UTC
	}
	return loc
}

// Ordinary is the week of domain.md §6 without holidays or Ramadan hours.
func Ordinary() Week {
	return Week{
		Zone: Casablanca(),
		Days: [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true},
		Open: 8*time.Hour + 30*time.Minute, Close: 16*time.Hour + 30*time.Minute,
	}
}

// Day is how much working time one working day holds.
func (w Week) Day() time.Duration { return w.Close - w.Open }

// span gives the opening and closing instants of the calendar day of t.
func (w Week) span(t time.Time) (open, close time.Time, working bool) {
	l := t.In(w.Zone)
	y, m, d := l.Date()
	at := func(x time.Duration) time.Time {
		return time.Date(y, m, d, int(x/time.Hour), int(x%time.Hour/time.Minute), 0, 0, w.Zone)
	}
	return at(w.Open), at(w.Close), w.Days[l.Weekday()]
}

// Add gives the instant at which d of working time has passed since t. A d that
// is not positive gives t itself.
func (w Week) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 || w.Day() <= 0 || w.Days == [7]bool{} {
		return t
	}
	for {
		open, close, working := w.span(t)
		if working {
			if t.Before(open) {
				t = open
			}
			if left := close.Sub(t); left >= d {
				return t.Add(d).UTC()
			} else if left > 0 {
				d -= left
			}
		}
		y, m, day := open.Date()
		t = time.Date(y, m, day+1, 0, 0, 0, 0, w.Zone)
	}
}

// Between gives the working time from a to b, zero when b is not after a.
func (w Week) Between(a, b time.Time) time.Duration {
	var sum time.Duration
	for a.Before(b) {
		open, close, working := w.span(a)
		if working {
			from, to := a, close
			if from.Before(open) {
				from = open
			}
			if b.Before(to) {
				to = b
			}
			if to.After(from) {
				sum += to.Sub(from)
			}
		}
		y, m, day := open.Date()
		a = time.Date(y, m, day+1, 0, 0, 0, 0, w.Zone)
	}
	return sum
}
