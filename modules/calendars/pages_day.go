package calendars

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/web"
)

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
