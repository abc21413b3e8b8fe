package calendars

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func sortBy[T any](list []T, key func(T) int) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

// form is a form of these pages with what was typed.
type form struct {
	Values   url.Values
	Problems web.Problems
	Version  int64
}

// of is the sentence of one field.
func (f form) of(id string) string { return f.Problems.Of(id) }

// version reads the version that a form was made of.
func version64(f url.Values) int64 {
	n, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	return n
}

// again shows a refused form with the sentence of each field; control finds the
// control of a faulty field. A form that came too late is shown with what was typed.
func again(c *web.Ctx, v *web.View, err error, control func(field string) string) (web.Problems, error) {
	if fault.Has(err, fault.VersionConflict) {
		c.Unprocessable(err)
		return web.Problems{{Field: "save", Text: c.Sentence(fault.New(fault.VersionConflict))}}, nil
	}
	fields := web.Faults(err)
	if fields == nil {
		return nil, err
	}
	c.Unprocessable(err)
	var out web.Problems
	for _, f := range fields {
		id := control(f.Field)
		text := c.FieldSentence(f)
		if out.Of(id) == "" {
			out = append(out, web.Problem{Field: id, Text: text})
		}
	}
	v.Failed = true
	return out, nil
}

// hoursForm asks for the hours of each day of a week.
type hoursForm struct {
	form
	Of string // week, ramadan
}

func (s *Service) hoursPage(c *web.Ctx) error {
	of := c.Query("of")
	if of != "week" && of != "ramadan" {
		return web.Malformed("of")
	}
	content, version, err := s.Get(c.Std())
	if err != nil {
		return err
	}
	week := content.Week
	if of == "ramadan" {
		week = content.RamadanWeek
	}
	return s.showHours(c, c.View(""), hoursForm{form{Values: typedWeek(week), Version: version}, of})
}

func (s *Service) showHours(c *web.Ctx, v *web.View, f hoursForm) error {
	v.Path = "/calendar/hours?of=" + f.Of
	v.Title = v.T("calendar.edit." + f.Of)
	return c.Render(hoursView(v, f))
}

func (s *Service) hoursPost(c *web.Ctx) error {
	f := c.Form()
	of := f.Get("of")
	if of != "week" && of != "ramadan" {
		return fault.In("of", "unknown_code")
	}
	week := readWeek(f)
	err := s.Change(c.Std(), version64(f), of, func(content *Content) error {
		if of == "week" {
			content.Week = week
		} else {
			content.RamadanWeek = week
		}
		return nil
	})
	if err != nil {
		v := c.View("")
		p, err := again(c, v, err, weekControl(week))
		if err != nil {
			return err
		}
		_, version, err := s.Get(c.Std())
		if err != nil {
			return err
		}
		return s.showHours(c, v, hoursForm{form{f, p, version}, of})
	}
	c.Flash("flash.calendar.saved", "")
	return c.See("/calendar")
}

func typedWeek(week []Hours) url.Values {
	f := url.Values{}
	for _, h := range week {
		f.Set("from_"+strconv.Itoa(h.Day), h.From)
		f.Set("to_"+strconv.Itoa(h.Day), h.To)
	}
	return f
}

func readWeek(f url.Values) (out []Hours) {
	for d := 1; d <= 7; d++ {
		from, to := clockTime(f.Get("from_"+strconv.Itoa(d))), clockTime(f.Get("to_"+strconv.Itoa(d)))
		if from != "" || to != "" {
			out = append(out, Hours{d, from, to})
		}
	}
	return out
}

// clockTime reads an hour as people write it: 8, 8:30, 8h30, ٨:٣٠.
func clockTime(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r == 'h' || r == 'H' || r == '.':
			return ':'
		case r == ' ' || r == '\u200e' || r == '\u200f':
			return -1
		}
		return r
	}, s)
	hour, minute, _ := strings.Cut(s, ":")
	if hour == "" {
		return s
	}
	if len(hour) == 1 {
		hour = "0" + hour
	}
	if minute == "" {
		minute = "00"
	}
	return hour + ":" + minute
}

// weekControl finds the control of week[i].from.
func weekControl(week []Hours) func(string) string {
	return func(field string) string {
		list, part, ok := strings.Cut(field, "].")
		_, index, _ := strings.Cut(list, "[")
		if i, err := strconv.Atoi(index); ok && err == nil && i < len(week) {
			if part == "day" {
				part = "from"
			}
			return part + "_" + strconv.Itoa(week[i].Day)
		}
		return "from_1"
	}
}

// unitForm asks for the hours of a unit.
type unitForm struct {
	form
	UnitHours
	Name  string
	Above string // the hours that it has without its own
}

func unitID(c *web.Ctx) (ids.ID[ids.Unit], error) {
	id, err := ids.Parse[ids.Unit](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}

func (s *Service) unitPage(c *web.Ctx) error {
	id, err := unitID(c)
	if err != nil {
		return err
	}
	u, err := s.Unit(c.Std(), id)
	if err != nil {
		return err
	}
	f := typedWeek(u.Week)
	f.Set("hours", map[bool]string{true: "own", false: "inherit"}[u.From == u.ID])
	if u.Always && u.From == u.ID {
		f.Set("hours", "always")
	}
	return s.showUnit(c, c.View(""), u, form{Values: f})
}

func (s *Service) showUnit(c *web.Ctx, v *web.View, u UnitHours, f form) error {
	f.Version = u.Version
	x := unitForm{form: f, UnitHours: u, Name: i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}.In(v.Lang)}
	v.Path = "/calendar/units/" + u.ID.String()
	v.Title = v.T("calendar.unit.title")
	return c.Render(unitView(v, x))
}

func (s *Service) unitPost(c *web.Ctx) error {
	id, err := unitID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	content := UnitContent{Inherit: f.Get("hours") == "inherit", Always: f.Get("hours") == "always"}
	if f.Get("hours") == "own" {
		content.Week = readWeek(f)
	}
	week := content.Week
	if err := s.ChangeUnit(c.Std(), id, version64(f), content); err != nil {
		v := c.View("")
		p, err := again(c, v, err, weekControl(week))
		if err != nil {
			return err
		}
		u, err := s.Unit(c.Std(), id)
		if err != nil {
			return err
		}
		return s.showUnit(c, v, u, form{Values: f, Problems: p})
	}
	c.Flash("flash.calendar.saved", "")
	return c.See("/calendar")
}
