package calendars

import (
	"net/http"
	"strconv"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/calendar", Read, s.calendarPage),
		web.Page(http.MethodGet, "/calendar/hours", Update, s.hoursPage),
		web.Page(http.MethodPost, "/calendar/hours", Update, s.hoursPost),
		web.Page(http.MethodGet, "/calendar/day", Update, s.dayPage),
		web.Page(http.MethodPost, "/calendar/day", Update, s.dayPost),
		web.Page(http.MethodPost, "/calendar/confirm", Update, s.confirmPost),
		web.Page(http.MethodPost, "/calendar/remove", Update, s.removePost),
		web.Page(http.MethodGet, "/calendar/units/:id", Update, s.unitPage),
		web.Page(http.MethodPost, "/calendar/units/:id", Update, s.unitPost),
	}
}

func (s *Service) nav() []web.NavEntry {
	return []web.NavEntry{{Path: "/calendar", Key: "calendar.nav", Icon: "calendar", Perm: Update}}
}

// year is what the calendar's page shows.
type year struct {
	Content
	Version    int64
	Year       int
	Years      []int
	Days       []dayLine
	Periods    []dayLine
	Units      []unitLine
	MayEdit    bool
	Unexpected bool // nothing that comes is an estimate
}

// dayLine is a holiday, or a Ramadan, of the year that is shown.
type dayLine struct {
	Key      string
	Kind     string // holiday, ramadan
	Name     string
	When     string
	Expected bool
	Yearly   bool
	Past     bool
}

type unitLine struct {
	UnitHours
	Name  string
	Words string
	Whose string
	Depth int
}

func (s *Service) calendarPage(c *web.Ctx) error {
	v := c.View("")
	today := clock.DateOf(v.Local(v.Now))
	y := year{Year: today.Time().Year(), MayEdit: v.May("calendar", "update")}
	if q := c.Query("year"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 2020 || n > 2100 {
			return web.Malformed("year")
		}
		y.Year = n
	}
	for n := today.Time().Year(); n <= today.Time().Year()+2; n++ {
		y.Years = append(y.Years, n)
	}
	var err error
	if y.Content, y.Version, err = s.Get(c.Std()); err != nil {
		return err
	}
	y.Days, y.Periods = y.Content.inYear(v, y.Year, today)
	units, err := s.Units(c.Std())
	if err != nil {
		return err
	}
	y.Units = unitLines(v, units)
	v.Title = v.T("calendar.title")
	return c.Render(yearView(v, y))
}

// inYear lists the holidays and the Ramadan of one year, in its order.
func (c Content) inYear(v *web.View, year int, today clock.Date) (days, periods []dayLine) {
	type dated struct {
		from clock.Date
		dayLine
	}
	var list []dated
	for _, h := range c.Holidays {
		if from, to, ok := h.In(year); ok {
			list = append(list, dated{from, dayLine{h.Key, "holiday", h.Name.In(v.Lang), stretch(v, from, to), h.Expected, h.Yearly != "", to < today}})
		}
	}
	sortBy(list, func(d dated) int { return int(d.from) })
	for _, d := range list {
		days = append(days, d.dayLine)
	}
	for _, p := range c.Ramadan {
		from, _ := clock.ParseDate(p.From)
		to, _ := clock.ParseDate(p.To)
		if from.Time().Year() == year || to.Time().Year() == year {
			periods = append(periods, dayLine{p.Key, "ramadan", v.T("calendar.ramadan"), stretch(v, from, to), p.Expected, false, to < today})
		}
	}
	return days, periods
}

// stretch writes one day, or its two ends.
func stretch(v *web.View, from, to clock.Date) string {
	if from == to {
		return i18n.LongDate(v.Lang, from.Time())
	}
	return v.T("calendar.stretch", "From", i18n.LongDate(v.Lang, from.Time()), "To", i18n.LongDate(v.Lang, to.Time()))
}

func unitLines(v *web.View, list []UnitHours) (out []unitLine) {
	name := func(u Unit) string { return i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}.In(v.Lang) }
	names, depth := map[string]string{}, map[string]int{}
	for _, u := range list {
		id := u.ID.String()
		names[id] = name(u.Unit)
		if d, ok := depth[u.ParentID.String()]; ok {
			depth[id] = d + 1
		} else {
			depth[id] = 0
		}
		l := unitLine{UnitHours: u, Name: names[id], Depth: depth[id], Words: weekWords(v, u.Week)}
		if u.Always {
			l.Words = v.T("calendar.always")
		}
		switch {
		case u.From == u.ID:
			l.Whose = v.T("calendar.own")
		case u.From.IsZero():
			l.Whose = v.T("calendar.of_tenant")
		default:
			l.Whose = v.T("calendar.of_unit", "Name", names[u.From.String()])
		}
		out = append(out, l)
	}
	return out
}

// weekWords writes a week in runs of equal days: من الاثنين إلى الجمعة، من 08:30 إلى 16:30.
func weekWords(v *web.View, week []Hours) string {
	by := map[int]Hours{}
	for _, h := range week {
		by[h.Day] = h
	}
	out := ""
	for d := 1; d <= 7; d++ {
		h, ok := by[d]
		if !ok {
			continue
		}
		last := d
		for n, ok := by[last+1]; ok && n.From == h.From && n.To == h.To; n, ok = by[last+1] {
			last++
		}
		run := weekday(v, d)
		if last > d {
			run = v.T("calendar.days", "From", weekday(v, d), "To", weekday(v, last))
		}
		if out != "" {
			out += " · "
		}
		out += v.T("calendar.hours", "Days", run, "From", h.From, "To", h.To)
		d = last
	}
	return out
}

// weekday names a day, 1 is Monday.
func weekday(v *web.View, d int) string { return i18n.Weekday(v.Lang, time.Weekday(d%7)) }
