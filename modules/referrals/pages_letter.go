package referrals

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/qr"
	"shubbak/policies"
	"shubbak/web"
)

func (s *Service) letterPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/people/:id/letter/:service", create, s.letterPage),
		web.Page(http.MethodPost, "/people/:id/letter/:service", create, s.letterPost),
		web.Page(http.MethodGet, "/referrals/:id/letter", read, s.letterPrint),
	}
}

// writingLetter is the page on which a letter is written.
type writingLetter struct {
	Person   people.Person
	Name     string
	Service  directory.Service
	Body     directory.Organization
	Need     string
	Values   url.Values
	Problems web.Problems
	Refused  string
	Other    ID
}

// shownOnLetter are the slices that the person may have written on it.
var shownOnLetter = []policies.Slice{policies.Identity, policies.Social}

func (s *Service) loadLetter(c *web.Ctx, v *web.View, f url.Values) (x writingLetter, err error) {
	ctx := c.Std()
	person, err := pagePerson(c)
	if err != nil {
		return x, err
	}
	service, err := ids.Parse[ids.Service](c.Params("service"))
	if err != nil {
		return x, fault.New(fault.NotFound)
	}
	x = writingLetter{Values: f, Need: f.Get("need")}
	if x.Person, err = s.People.Get(ctx, person); err != nil {
		return x, err
	}
	if x.Service, err = s.Directory.Get(ctx, service); err != nil {
		return x, err
	}
	if !x.Service.Letter() {
		return x, fault.New(fault.NotFound)
	}
	if !x.Service.Serves(x.Need) {
		x.Need = x.Service.Needs[0]
	}
	x.Name = x.Person.DisplayName(v.Lang == i18n.Arabic)
	x.Body, err = s.Directory.Organization(ctx, x.Service.OrganizationID)
	return x, err
}

func (s *Service) letterPage(c *web.Ctx) error {
	v := c.View("")
	x, err := s.loadLetter(c, v, url.Values{"need": {c.Query("need")}, "priority": {"routine"}, "show": {"identity", "social"}})
	if err != nil {
		return err
	}
	return s.showLetter(c, v, x)
}

func (s *Service) showLetter(c *web.Ctx, v *web.View, x writingLetter) error {
	v.Title, v.Failed = v.T("letter.title"), len(x.Problems) > 0
	return c.Render(letterForm(v, x))
}

func (s *Service) letterPost(c *web.Ctx) error {
	f := c.Form()
	v := c.View("")
	x, err := s.loadLetter(c, v, f)
	if err != nil {
		return err
	}
	w := Writing{PersonID: x.Person.ID, Need: x.Need, ServiceID: x.Service.ID, Priority: f.Get("priority"), Reason: strings.ReplaceAll(f.Get("reason"), "\r\n", "\n")}
	for _, slice := range shownOnLetter {
		if slices.Contains(f["show"], string(slice)) {
			w.Slices = append(w.Slices, slice)
		}
	}
	if len(w.Slices) == 0 {
		w.Slices = []policies.Slice{policies.Card} // neither name nor reason: the number alone
	}
	id, err := s.Create(c.Std(), w, true, "")
	switch {
	case len(web.Faults(err)) > 0:
		x.Problems = web.ProblemsOf(c, web.Faults(err), "letter.label.", func(field string) string { return field })
	case fault.Has(err, fault.NotPermitted):
		why, _ := fault.DataOf(err)["reason"].(string)
		x.Refused = v.T("referrals.not_permitted." + why)
	case fault.Has(err, fault.AlreadyOpen):
		x.Refused = v.T("letter.already")
		x.Other, _ = fault.DataOf(err)["id"].(ID)
	case err != nil:
		return err
	default:
		return c.See("/referrals/" + id.String() + "/letter")
	}
	c.Unprocessable(err)
	return s.showLetter(c, v, x)
}

// sheetOfPaper is the printed letter with its reply slip. Its language is asked
// apart: the body may read another one than the desk.
type sheetOfPaper struct {
	View
	Body    directory.Organization
	Service directory.Service
	Name    string
	Birth   string
	Reason  string
	Sender  string
	Desk    string
	Day     string
	Code    string // in groups of four, on the slip that comes back
	QR      string
	Other   i18n.Lang
}

func (s *Service) letterPrint(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	ctx := c.Std()
	r, code, err := s.Slip(ctx, id)
	if err != nil {
		return err
	}
	if !r.row.Letter() {
		return fault.New(fault.NotFound)
	}
	v := c.View("")
	lang := i18n.French
	if l, ok := i18n.Parse(c.Query("lang")); ok && l == i18n.Arabic || !ok && c.Lang() == i18n.Arabic {
		lang = i18n.Arabic
	}
	v.Lang = lang
	x := sheetOfPaper{View: r, Sender: v.Tenant.Name(lang), Day: i18n.LongDate(lang, v.Local(r.row.SentAt)), Other: map[i18n.Lang]i18n.Lang{i18n.Arabic: i18n.French, i18n.French: i18n.Arabic}[lang]}
	x.Code = slipGroups(code)
	if x.QR, err = qr.SVG(s.Address() + "/n/" + code); err != nil {
		return err
	}
	if x.Body, err = s.Directory.Organization(ctx, r.row.OrganizationID); err != nil {
		return err
	}
	if x.Service, err = s.Directory.Get(ctx, r.row.ServiceID); err != nil {
		return err
	}
	if r.row.prints(policies.Identity) && r.Identity != nil {
		x.Name = r.Identity.DisplayName(lang == i18n.Arabic)
		x.Birth = birthWords(v, *r.Identity)
	}
	if r.row.prints(policies.Social) && r.Social != nil {
		x.Reason = r.Social.Reason
	}
	if units, err := s.Accounts.Units(ctx, r.row.FromUnit); err != nil {
		return err
	} else if u, ok := units[r.row.FromUnit]; ok {
		x.Desk = i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}.In(lang)
	}
	v.Title = v.T("letter.paper.title") + " " + r.Number
	return c.Render(letterPaper(v, x))
}
