package people

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"

	"github.com/a-h/templ"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/people", Search, s.findPage),
		web.Page(http.MethodPost, "/people/search", Search, s.findPost),
		// A form that was answered in place is asked for again when the language changes.
		web.Page(http.MethodGet, "/people/search", Search, func(c *web.Ctx) error { return c.See("/people") }),
		web.Page(http.MethodGet, "/people/new", Register, s.newPage),
		web.Page(http.MethodPost, "/people/new", Register, s.newFrom),
		web.Page(http.MethodPost, "/people", Register, s.registerPost),
		web.Page(http.MethodGet, "/people/:id", Read, s.recordPage),
		web.Page(http.MethodGet, "/people/:id/edit", Update, s.editPage),
		web.Page(http.MethodPost, "/people/:id/edit", Update, s.editPost),
		web.Page(http.MethodGet, "/people/:id/consents/new", ConsentPerm, s.consentPage),
		web.Page(http.MethodPost, "/people/:id/consents", ConsentPerm, s.consentPost),
		web.Page(http.MethodGet, "/people/:id/consents", ConsentPerm, s.consentPage),
		web.Page(http.MethodGet, "/people/:id/consents/:consent_id/withdraw", ConsentPerm, s.withdrawPage),
		web.Page(http.MethodPost, "/people/:id/consents/:consent_id/withdraw", ConsentPerm, s.withdrawPost),
	}
}

func (s *Service) nav() []web.NavEntry {
	return []web.NavEntry{{Path: "/people", Key: "people.nav", Icon: "people", Perm: Search}}
}

// found is what the search page shows. What is looked for stands in a form that is
// posted: names and numbers never stand in an address.
type found struct {
	Values   url.Values
	Problems web.Problems
	Asked    bool
	Rows     []Person
	More     bool
}

// perSearch is how many persons a search shows; more ask for a narrower one.
const perSearch = 25

func (s *Service) findPage(c *web.Ctx) error {
	return s.showFound(c, found{Values: url.Values{}})
}

func (s *Service) findPost(c *web.Ctx) error {
	f := c.Form()
	x := found{Values: f}
	q := Query{Name: short(f.Get("name"), 200), Phone: short(f.Get("phone"), 40), NationalID: short(f.Get("national_id"), 60)}
	if q.Name+q.Phone+q.NationalID == "" {
		x.Problems = web.Problems{{Field: "name", Text: c.View("").T("people.find.empty_query")}}
		c.Unprocessable(fault.In("name", "required"))
		return s.showFound(c, x)
	}
	rows, err := s.Find(c.Std(), q, web.PageOf{Limit: perSearch})
	if web.Faults(err) != nil {
		x.Problems = web.Problems{{Field: "phone", Text: c.View("").T("people.field.phone")}}
		c.Unprocessable(err)
		return s.showFound(c, x)
	}
	if err != nil {
		return err
	}
	x.Asked, x.More, x.Rows = true, len(rows) > perSearch, rows[:min(len(rows), perSearch)]
	return s.showFound(c, x)
}

func (s *Service) showFound(c *web.Ctx, x found) error {
	v := c.View("")
	v.Title, v.Failed = v.T("people.find.title"), len(x.Problems) > 0
	return c.Render(s.findView(v, x))
}

// short tidies what was typed and keeps it from growing.
func short(s string, limit int) string {
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), limit)])
}

// Panel makes a part of the page of a person; nil adds nothing.
type Panel func(ctx context.Context, v *web.View, id ids.ID[ids.Person]) (templ.Component, error)

// record is what the page of one person shows.
type record struct {
	Person
	Consents []consentLine
	MayAgree bool // the reader records consents
	Unusual  bool // the identity number has another form than usual
	Panels   []templ.Component
}

func (s *Service) recordPage(c *web.Ctx) error {
	id, err := personID(c)
	if err != nil {
		return err
	}
	p, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	r := record{Person: p, MayAgree: v.May("person", "consent"), Unusual: unusual(p.Private.NationalID)}
	if r.MayAgree {
		if r.Consents, err = s.consentLines(c.Std(), v, id); err != nil {
			return err
		}
	}
	for _, load := range s.Panels {
		panel, err := load(c.Std(), v, id)
		if err != nil {
			return err
		}
		if panel != nil {
			r.Panels = append(r.Panels, panel)
		}
	}
	v.Title = p.DisplayName(v.Lang == i18n.Arabic)
	return c.Render(s.recordView(v, r))
}

func personID(c *web.Ctx) (ids.ID[ids.Person], error) {
	id, err := ids.Parse[ids.Person](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}

// Words for persons, used by the pages of every module that shows one.

// SexWord is a sex in words.
func SexWord(v *web.View, sex string) string {
	switch sex {
	case "female", "male":
		return v.T("ben." + sex)
	}
	return v.T("people.sex.unknown")
}

// BirthWords writes a birth date as precisely as it is known.
func BirthWords(v *web.View, p Person) string {
	d, err := time.Parse(time.DateOnly, p.BirthDate)
	if err != nil {
		return v.T("people.birth.unknown")
	}
	year := d.Format("2006")
	switch p.BirthPrecision {
	case "estimated":
		return v.T("people.birth.about", "Year", year)
	case "year":
		return year
	case "month":
		return d.Format("01/2006")
	}
	return i18n.ShortDate(d)
}

func birthYear(p Person) string {
	if len(p.BirthDate) < 4 {
		return ""
	}
	return p.BirthDate[:4]
}

// PlaceWord names a commune in the reader's language.
func PlaceWord(v *web.View, code string) string {
	p, ok := terms.Load().Place(code)
	if !ok {
		return ""
	}
	return p.Name.In(v.Lang)
}

// otherName is the name in the script that the reader does not read first, ""
// where there is none.
func otherName(p Person, arabic bool) string {
	first, other := p.DisplayName(arabic), p.DisplayName(!arabic)
	if first == other {
		return ""
	}
	return other
}

// typedName puts a name that was searched into the fields of its script: the first
// word is the given name.
func typedName(f url.Values, name string) {
	given, family, _ := strings.Cut(short(name, 200), " ")
	given, family = strings.TrimSpace(given), strings.TrimSpace(family)
	suffix := ""
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
		suffix = "_ar"
	}
	f.Set("given_name"+suffix, given)
	f.Set("family_name"+suffix, family)
}

// recipients are the tenants to whom a person may agree, by slug.
func (s *Service) recipients(ctx context.Context, v *web.View) ([]web.Choice, error) {
	list, err := s.Tenants.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.Choice
	for _, t := range list {
		if t.ID != v.Tenant.ID {
			out = append(out, web.Choice{Value: t.Slug, Word: t.Name(v.Lang)})
		}
	}
	return out, nil
}
