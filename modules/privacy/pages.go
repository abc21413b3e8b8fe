package privacy

import (
	"net/http"
	"net/url"

	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/disclosures", Disclosures, s.registerPage),
		web.Page(http.MethodPost, "/disclosures", Disclosures, s.findPost),
		web.Page(http.MethodGet, "/disclosures/sheet", Disclosures, s.sheetPage),
	}
}

// register is the page of one person, or the question for whom.
type register struct {
	Person      ids.ID[ids.Person]
	Own         bool // of this tenant's register: its sheet can be printed
	Lines       []Line
	First, Next string
	Number      string
	Problems    web.Problems
}

func (s *Service) registerPage(c *web.Ctx) error {
	var r register
	if raw := c.Query("person"); raw != "" {
		id, err := ids.Parse[ids.Person](raw)
		if err != nil {
			return fault.New(fault.NotFound)
		}
		page, err := web.Paging{After: c.Query("after")}.Decode(id.String())
		if err != nil {
			return err
		}
		rows, err := s.Disclosures(c.Std(), id, page)
		if err != nil {
			return err
		}
		r.Person = id
		cut := web.Cut(page, rows, Line.Key, func(l Line) Line { return l })
		r.Lines = cut.Items
		base := "/disclosures?person=" + id.String()
		if page.After != "" {
			r.First = base
		}
		if cut.Next != nil {
			r.Next = base + "&after=" + url.QueryEscape(*cut.Next)
		}
		_, err = s.People.Load(c.Std(), id)
		if r.Own = err == nil; err != nil && !fault.Has(err, fault.NotFound) {
			return err
		}
	}
	return s.show(c, r)
}

func (s *Service) show(c *web.Ctx, r register) error {
	v := c.View("")
	v.Title, v.Failed = v.T("privacy.nav"), len(r.Problems) > 0
	return c.Render(registerView(v, r))
}

// findPost finds the person by a referral's number: a name never leads here.
func (s *Service) findPost(c *web.Ctx) error {
	number := c.Form().Get("number")
	id, err := s.Referrals.PersonOf(c.Std(), number)
	if fault.Has(err, fault.NotFound) {
		v := c.View("")
		c.Unprocessable(fault.In("number", "unknown_code"))
		return s.show(c, register{Number: number, Problems: web.Problems{{Field: "number", Text: v.T("privacy.unknown")}}})
	}
	if err != nil {
		return err
	}
	return c.See("/disclosures?person=" + id.String())
}

// longest is how many lines a sheet holds; who has more asks for the export.
const longest = 500

// paper is the sheet that is given to the person.
type paper struct {
	Person people.Person
	Name   string
	Lines  []Line
	More   bool
}

// sheetPage prints the register for the person, in the first of their languages that
// the portal speaks.
func (s *Service) sheetPage(c *web.Ctx) error {
	id, err := ids.Parse[ids.Person](c.Query("person"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	person, err := s.People.Load(c.Std(), id)
	if err != nil {
		return err
	}
	rows, err := s.Disclosures(c.Std(), id, web.PageOf{Limit: longest})
	if err != nil {
		return err
	}
	p := paper{Person: person, Lines: rows[:min(len(rows), longest)], More: len(rows) > longest}
	v := c.View("")
	v.Lang = languageOf(person, v.Lang)
	p.Name, v.Title = person.DisplayName(v.Lang == i18n.Arabic), v.T("privacy.sheet")
	return c.Render(sheetView(v, p))
}

func languageOf(p people.Person, otherwise i18n.Lang) i18n.Lang {
	for _, l := range p.Private.Languages {
		if known, ok := i18n.Parse(l); ok {
			return known
		}
	}
	return otherwise
}

// what names the slice or says that it was a document.
func what(v *web.View, l Line) string { return v.T("privacy.slice." + string(l.Slice)) }

// who is the user where the reader may know, else the role.
func who(v *web.View, l Line) string {
	if name := l.UserWords.In(v.Lang); name != "" {
		return name
	}
	if l.Role == "" {
		return v.T("privacy.unnamed")
	}
	return v.T("role." + l.Role)
}
