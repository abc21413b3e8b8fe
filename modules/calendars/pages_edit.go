package calendars

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/clock"
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

// dayForm asks for a holiday, or for the days of Ramadan.
type dayForm struct {
	form
	Kind string // holiday, ramadan
	Key  string // "" for a new one
	Name string
}

func kindOf(kind string) bool { return kind == "holiday" || kind == "ramadan" }

func (s *Service) dayPage(c *web.Ctx) error {
	f := dayForm{Kind: c.Query("kind"), Key: c.Query("key"), form: form{Values: url.Values{}}}
	if !kindOf(f.Kind) {
		return web.Malformed("kind")
	}
	content, version, err := s.Get(c.Std())
	if err != nil {
		return err
	}
	f.Version = version
	f.Values.Set("often", "once")
	if f.Key != "" && !content.fill(f.Values, f.Kind, f.Key) {
		return fault.New(fault.NotFound)
	}
	return s.showDay(c, c.View(""), f)
}

// fill puts an entry into the controls of its form.
func (c Content) fill(f url.Values, kind, key string) bool {
	expected := map[bool]string{true: "1"}
	for _, h := range c.Holidays {
		if kind == "holiday" && h.Key == key {
			f.Set("name_ar", h.Name.Ar)
			f.Set("name_fr", h.Name.Fr)
			f.Set("name_en", h.Name.En)
			f.Set("expected", expected[h.Expected])
			web.SetDay(f, "from", h.From)
			web.SetDay(f, "to", h.To)
			if h.Yearly != "" {
				f.Set("often", "yearly")
				web.SetDay(f, "from", "0000-"+h.Yearly)
				f.Set("from_year", "")
			}
			return true
		}
	}
	for _, p := range c.Ramadan {
		if kind == "ramadan" && p.Key == key {
			f.Set("expected", expected[p.Expected])
			web.SetDay(f, "from", p.From)
			web.SetDay(f, "to", p.To)
			return true
		}
	}
	return false
}

func (s *Service) showDay(c *web.Ctx, v *web.View, f dayForm) error {
	v.Path = "/calendar/day?" + url.Values{"kind": {f.Kind}, "key": {f.Key}}.Encode()
	v.Title = v.T("calendar.day.new." + f.Kind)
	if f.Key != "" {
		f.Name = i18n.Words{Ar: f.Values.Get("name_ar"), Fr: f.Values.Get("name_fr"), En: f.Values.Get("name_en")}.In(v.Lang)
		v.Title = v.T("calendar.day.change." + f.Kind)
	}
	return c.Render(dayView(v, f))
}

func (s *Service) dayPost(c *web.Ctx) error {
	typed := c.Form()
	f := dayForm{form: form{Values: typed}, Kind: typed.Get("kind"), Key: typed.Get("key")}
	if !kindOf(f.Kind) {
		return fault.In("kind", "unknown_code")
	}
	at := -1
	err := s.Change(c.Std(), version64(typed), f.Kind, func(content *Content) error {
		if f.Kind == "ramadan" {
			p := Period{Key: f.Key, From: web.Day(typed, "from"), To: web.Day(typed, "to"), Expected: typed.Get("expected") != ""}
			var err error
			content.Ramadan, at, err = put(content.Ramadan, p)
			return err
		}
		h := Holiday{Key: f.Key, From: web.Day(typed, "from"), To: web.Day(typed, "to"), Expected: typed.Get("expected") != "",
			Name: i18n.Words{Ar: strings.TrimSpace(typed.Get("name_ar")), Fr: strings.TrimSpace(typed.Get("name_fr")), En: strings.TrimSpace(typed.Get("name_en"))}}
		if typed.Get("often") == "yearly" {
			// The year of the box does not matter, and 29 February is a day.
			if typed.Get("from_year") == "" && web.Day(typed, "from") != "" {
				typed.Set("from_year", "2024")
				h.From = web.Day(typed, "from")
				typed.Set("from_year", "")
			}
			if len(h.From) == len("2024-01-11") {
				h.Yearly = h.From[5:]
			} else {
				h.Yearly = "?"
			}
			h.From, h.To = "", ""
		}
		var err error
		content.Holidays, at, err = put(content.Holidays, h)
		return err
	})
	if err != nil {
		v := c.View("")
		own := []string{"holidays[" + strconv.Itoa(at) + "].", "ramadan[" + strconv.Itoa(at) + "]."}
		p, err := again(c, v, err, func(field string) string {
			for _, prefix := range own {
				field = strings.TrimPrefix(field, prefix)
			}
			return map[string]string{"name": "name_ar", "yearly": "from", "to": "to"}[field]
		})
		if err != nil {
			return err
		}
		for i := range p {
			if p[i].Field == "" {
				p[i].Field = "from"
			}
		}
		f.Problems = p
		if _, f.Version, err = s.Get(c.Std()); err != nil {
			return err
		}
		return s.showDay(c, v, f)
	}
	c.Flash("flash.calendar.saved", "")
	return c.See("/calendar" + yearQuery(typed))
}

func yearQuery(f url.Values) string {
	if d, err := clock.ParseDate(web.Day(f, "from")); err == nil {
		return "?year=" + strconv.Itoa(d.Time().Year())
	}
	return ""
}

// put changes the entry with the same key, or adds a new one; at is where it stands.
func put[E entry](list []E, e E) (out []E, at int, err error) {
	out = slices.Clone(list)
	if e.key() == "" {
		return append(out, e), len(out), nil
	}
	at = slices.IndexFunc(out, func(x E) bool { return x.key() == e.key() })
	if at < 0 {
		return nil, -1, fault.New(fault.NotFound)
	}
	out[at] = e
	return out, at, nil
}

// confirmPost takes an estimate as announced.
func (s *Service) confirmPost(c *web.Ctx) error {
	return s.one(c, "confirmed", func(content *Content, kind, key string) bool {
		for i := range content.Holidays {
			if h := &content.Holidays[i]; kind == "holiday" && h.Key == key {
				h.Expected = false
				return true
			}
		}
		for i := range content.Ramadan {
			if p := &content.Ramadan[i]; kind == "ramadan" && p.Key == key {
				p.Expected = false
				return true
			}
		}
		return false
	})
}

func (s *Service) removePost(c *web.Ctx) error {
	return s.one(c, "removed", func(content *Content, kind, key string) bool {
		n := len(content.Holidays) + len(content.Ramadan)
		if kind == "holiday" {
			content.Holidays = slices.DeleteFunc(content.Holidays, func(h Holiday) bool { return h.Key == key })
		} else {
			content.Ramadan = slices.DeleteFunc(content.Ramadan, func(p Period) bool { return p.Key == key })
		}
		return len(content.Holidays)+len(content.Ramadan) < n
	})
}

// one changes a single entry that a button names.
func (s *Service) one(c *web.Ctx, what string, change func(content *Content, kind, key string) bool) error {
	f := c.Form()
	err := s.Change(c.Std(), version64(f), what, func(content *Content) error {
		if !change(content, f.Get("kind"), f.Get("key")) {
			return fault.New(fault.NotFound)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.Flash("flash.calendar."+what, "")
	return c.See("/calendar" + map[bool]string{true: "?year=" + url.QueryEscape(f.Get("year"))}[f.Get("year") != ""])
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
