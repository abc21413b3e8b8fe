package calendars

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/terms"
)

// Hours are the working hours of one weekday, 1 is Monday; "24:00" is midnight.
type Hours struct {
	Day  int    `json:"day" validate:"required"`
	From string `json:"from" validate:"required"`
	To   string `json:"to" validate:"required"`
}

// Holiday is one day off of every year, or some days of a single one.
type Holiday struct {
	Key      string     `json:"key,omitempty"`
	Yearly   string     `json:"yearly,omitempty"` // MM-DD
	From     string     `json:"from,omitempty"`   // YYYY-MM-DD
	To       string     `json:"to,omitempty"`
	Expected bool       `json:"expected"` // an estimate until it is announced
	Name     i18n.Words `json:"name"`
	Removed  bool       `json:"removed,omitempty"` // of the published list, and not held here
}

// Period is one Ramadan.
type Period struct {
	Key      string `json:"key,omitempty"`
	From     string `json:"from"`
	To       string `json:"to"`
	Expected bool   `json:"expected"`
	Removed  bool   `json:"removed,omitempty"`
}

// Content is a tenant's calendar. What is stored holds only what differs from the
// published list, so that the days of further years come with a new release.
type Content struct {
	Week        []Hours   `json:"week"`
	RamadanWeek []Hours   `json:"ramadan_week"`
	Ramadan     []Period  `json:"ramadan"`
	Holidays    []Holiday `json:"holidays"`
}

// UnitContent is a unit's own hours. Holidays and Ramadan are the tenant's.
type UnitContent struct {
	Inherit bool    `json:"inherit"`
	Always  bool    `json:"always"` // day and night, holidays too
	Week    []Hours `json:"week,omitempty"`
}

// The limits of what may be written.
const (
	maxEntries  = 300
	maxDays     = 31 // of one holiday or Ramadan
	longestRest = 62 // days in a row without working time
	yearsAhead  = 3
)

func fiveDays(from, to string) (out []Hours) {
	for d := 1; d <= 5; d++ {
		out = append(out, Hours{d, from, to})
	}
	return out
}

// published is the calendar of a tenant that has written none (domain.md §2).
var published = sync.OnceValue(func() Content {
	c := Content{Week: fiveDays("08:30", "16:30"), RamadanWeek: fiveDays("09:00", "15:00")}
	for _, h := range terms.Holidays() {
		if h.Ramadan {
			c.Ramadan = append(c.Ramadan, Period{Key: h.Key, From: h.From, To: h.To, Expected: h.Expected})
		} else {
			c.Holidays = append(c.Holidays, Holiday{Key: h.Key, Yearly: h.Yearly, From: h.From, To: h.To, Expected: h.Expected, Name: h.Name})
		}
	}
	return c
})

func (h Holiday) key() string { return h.Key }
func (p Period) key() string  { return p.Key }
func (h Holiday) gone() bool  { return h.Removed }
func (p Period) gone() bool   { return p.Removed }

type entry interface {
	comparable
	key() string
	gone() bool
}

// over lays what is stored over what is published.
func over[E entry](stored, known []E) (out []E) {
	for _, e := range stored {
		if !e.gone() {
			out = append(out, e)
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(stored, func(e E) bool { return e.key() == k.key() }) {
			out = append(out, k)
		}
	}
	return out
}

// under is what has to be stored so that over gives full again.
func under[E entry](full, known []E, removed func(E) E) (out []E) {
	for _, e := range full {
		if !slices.Contains(known, e) {
			out = append(out, e)
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(full, func(e E) bool { return e.key() == k.key() }) {
			out = append(out, removed(k))
		}
	}
	return out
}

// whole is a stored content with the published list under it, in the year's order.
func (c Content) whole() Content {
	p := published()
	if len(c.Week) == 0 {
		c.Week = p.Week
	}
	if len(c.RamadanWeek) == 0 {
		c.RamadanWeek = p.RamadanWeek
	}
	c.Ramadan, c.Holidays = over(c.Ramadan, p.Ramadan), over(c.Holidays, p.Holidays)
	slices.SortFunc(c.Ramadan, func(a, b Period) int { return strings.Compare(a.From, b.From) })
	slices.SortFunc(c.Holidays, func(a, b Holiday) int { return strings.Compare(a.order(), b.order()) })
	return c
}

// stored is the part of a whole content that is kept.
func (c Content) stored() Content {
	p := published()
	c.Ramadan = under(c.Ramadan, p.Ramadan, func(x Period) Period { x.Removed = true; return x })
	c.Holidays = under(c.Holidays, p.Holidays, func(x Holiday) Holiday { x.Removed = true; return x })
	return c
}

// order puts the days of every year before those of a single one.
func (h Holiday) order() string { return h.From + "/" + h.Yearly }

// In gives the days of the holiday in a year; ok is false when it has none there.
func (h Holiday) In(year int) (from, to clock.Date, ok bool) {
	first, last := h.From, h.To
	if h.Yearly != "" {
		first = strconv.Itoa(year) + "-" + h.Yearly
		last = first
	}
	from, err := clock.ParseDate(first)
	to, err2 := clock.ParseDate(last)
	return from, to, err == nil && err2 == nil && (from.Time().Year() == year || to.Time().Year() == year)
}

// minutes reads "08:30" and "24:00".
func minutes(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	if s == "24:00" {
		return 24 * 60, true
	}
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

func weekOf(list []Hours) (w clock.Week) {
	for _, h := range list {
		from, _ := minutes(h.From)
		to, _ := minutes(h.To)
		if h.Day >= 1 && h.Day <= 7 {
			w[h.Day%7] = clock.Hours{Open: from, Close: to}
		}
	}
	return w
}

// calendar compiles a whole content, with a unit's own hours where it has some.
func (c Content) calendar(own *UnitContent) clock.Calendar {
	out := clock.Calendar{Zone: clock.Casablanca(), Week: weekOf(c.Week), Off: map[clock.Date]bool{}, Yearly: map[clock.Yearly]bool{}}
	if own != nil {
		if own.Always {
			return clock.Calendar{Zone: out.Zone, Always: true}
		}
		out.Week = weekOf(own.Week)
	}
	for _, h := range c.Holidays {
		if y, err := clock.ParseYearly(h.Yearly); h.Yearly != "" && err == nil {
			out.Yearly[y] = true
			continue
		}
		from, to, ok := days(h.From, h.To)
		for d := from; ok && d <= to; d++ {
			out.Off[d] = true
		}
	}
	for _, p := range c.Ramadan {
		if from, to, ok := days(p.From, p.To); ok {
			out.Seasons = append(out.Seasons, clock.Season{From: from, To: to, Week: weekOf(c.RamadanWeek)})
		}
	}
	return out
}

// days reads the two ends of a stretch; ok is false when they make none.
func days(from, to string) (a, b clock.Date, ok bool) {
	a, err := clock.ParseDate(from)
	b, err2 := clock.ParseDate(to)
	return a, b, err == nil && err2 == nil && a <= b && b-a < maxDays
}

// check names what is wrong with a whole calendar. One without working days is
// refused: nothing would ever be due.
func (c Content) check(now time.Time) error {
	var f fault.Collect
	checkWeek(&f, "week", c.Week)
	checkWeek(&f, "ramadan_week", c.RamadanWeek)
	if len(c.Holidays) > maxEntries {
		f.Add("holidays", "too_long")
	}
	if len(c.Ramadan) > maxEntries {
		f.Add("ramadan", "too_long")
	}
	keys := map[string]bool{}
	for i, h := range c.Holidays {
		at := "holidays[" + strconv.Itoa(i) + "]"
		if keys[h.Key] {
			f.Add(at+".key", "twice")
		}
		keys[h.Key] = true
		if h.Name.Ar == "" && h.Name.Fr == "" && h.Name.En == "" {
			f.Add(at+".name", "required")
		}
		if len([]rune(h.Name.Ar)) > 100 || len([]rune(h.Name.Fr)) > 100 || len([]rune(h.Name.En)) > 100 {
			f.Add(at+".name", "too_long")
		}
		if h.Yearly != "" {
			if _, err := clock.ParseYearly(h.Yearly); err != nil || h.From != "" || h.To != "" {
				f.Add(at+".yearly", "malformed")
			}
			continue
		}
		checkDays(&f, at, h.From, h.To)
	}
	for i, p := range c.Ramadan {
		at := "ramadan[" + strconv.Itoa(i) + "]"
		if keys[p.Key] {
			f.Add(at+".key", "twice")
		}
		keys[p.Key] = true
		checkDays(&f, at, p.From, p.To)
	}
	if err := f.Err(); err != nil {
		return err
	}
	return rests(c.calendar(nil), now)
}

// rests refuses a calendar that lets nothing be due for months.
func rests(c clock.Calendar, now time.Time) error {
	if c.LongestRest(clock.DateOf(now.In(clock.Casablanca())), yearsAhead*366) > longestRest {
		return fault.In("week", "no_working_day")
	}
	return nil
}

func checkDays(f *fault.Collect, at, from, to string) {
	a, err := clock.ParseDate(from)
	b, err2 := clock.ParseDate(to)
	switch {
	case from == "":
		f.Add(at+".from", "required")
	case err != nil:
		f.Add(at+".from", "malformed")
	case a.Time().Year() < 2020 || a.Time().Year() > 2100:
		f.Add(at+".from", "out_of_range")
	case to == "":
		f.Add(at+".to", "required")
	case err2 != nil:
		f.Add(at+".to", "malformed")
	case b < a:
		f.Add(at+".to", "before_start")
	case b-a >= maxDays:
		f.Add(at+".to", "out_of_range")
	}
}

func checkWeek(f *fault.Collect, name string, list []Hours) {
	if len(list) == 0 {
		f.Add(name, "no_working_day")
	}
	seen := map[int]bool{}
	for i, h := range list {
		at := name + "[" + strconv.Itoa(i) + "]"
		from, okFrom := minutes(h.From)
		to, okTo := minutes(h.To)
		switch {
		case h.Day < 1 || h.Day > 7:
			f.Add(at+".day", "out_of_range")
		case seen[h.Day]:
			f.Add(at+".day", "twice")
		case !okFrom:
			f.Add(at+".from", "malformed")
		case !okTo:
			f.Add(at+".to", "malformed")
		case to <= from:
			f.Add(at+".to", "before_start")
		}
		seen[h.Day] = true
	}
}

// check names what is wrong with a unit's hours, given its tenant's calendar.
func (u UnitContent) check(tenant Content, now time.Time) error {
	if u.Inherit || u.Always {
		return nil
	}
	var f fault.Collect
	checkWeek(&f, "week", u.Week)
	if err := f.Err(); err != nil {
		return err
	}
	return rests(tenant.calendar(&u), now)
}

// Unsure is a holiday or Ramadan that a stretch of time touches and that is still an
// estimate: a deadline counted over it may move by a day.
type Unsure struct {
	Name     i18n.Words
	Ramadan  bool
	From, To clock.Date
}

// expected lists the estimates between two instants.
func (c Content) expected(a, b time.Time) (out []Unsure) {
	first, last := clock.DateOf(a.In(clock.Casablanca())), clock.DateOf(b.In(clock.Casablanca()))
	touch := func(from, to string) (x, y clock.Date, ok bool) {
		x, y, ok = days(from, to)
		return x, y, ok && x <= last+1 && y >= first-1 // the moon may come a day early or late
	}
	for _, p := range c.Ramadan {
		if from, to, ok := touch(p.From, p.To); ok && p.Expected {
			out = append(out, Unsure{Ramadan: true, From: from, To: to})
		}
	}
	for _, h := range c.Holidays {
		if from, to, ok := touch(h.From, h.To); ok && h.Expected {
			out = append(out, Unsure{Name: h.Name, From: from, To: to})
		}
	}
	return out
}
