package referrals

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"

	"github.com/a-h/templ"
)

// sendPages are the way of a referral until it is sent: need, service, consent,
// preview, send.
func (s *Service) sendPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/people/:id/refer", create, s.chooseService),
		web.Page(http.MethodGet, "/people/:id/refer/:service", create, s.sendPage),
		web.Page(http.MethodPost, "/people/:id/refer/:service", create, s.sendPost),
		web.Page(http.MethodGet, "/referrals/:id/edit", update, s.draftPage),
		web.Page(http.MethodPost, "/referrals/:id/edit", update, s.draftPost),
		web.Page(http.MethodGet, "/referrals/:id/sent", read, s.sentPage),
	}
}

// exceptions are the reasons of an agreement against which a worker may ask for an
// exception; a service that is full or not for this person has none.
var exceptions = []string{"no_agreement", "suspended", "ended", "need_not_covered", "outside_population", "quota_used"}

// choosing is the page on which need and service are chosen.
type choosing struct {
	Person people.Person
	Name   string
	Need   string
	Parent string
	Served []served
	Rest   []string // needs without a service
	Open   []directory.Row
	Shut   []directory.Row
	Groups []web.ChoiceGroup
}

// served is a need with how many services of the network answer to it.
type served struct {
	Need  string
	Count int
}

// path is the address of the next step.
func (x choosing) path(service string, need string, exception bool) string {
	q := url.Values{}
	if need != "" {
		q.Set("need", need)
	}
	if x.Parent != "" {
		q.Set("parent", x.Parent)
	}
	if exception {
		q.Set("exception", "1")
	}
	p := "/people/" + x.Person.ID.String() + "/refer"
	if service != "" {
		p += "/" + service
	}
	if len(q) == 0 {
		return p
	}
	return p + "?" + q.Encode()
}

func pagePerson(c *web.Ctx) (ids.ID[ids.Person], error) {
	id, err := ids.Parse[ids.Person](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}

func (s *Service) chooseService(c *web.Ctx) error {
	ctx := c.Std()
	id, err := pagePerson(c)
	if err != nil {
		return err
	}
	x := choosing{Need: c.Query("need"), Parent: parentOf(c.Query("parent"))}
	if x.Need != "" && !s.terms.Need(x.Need) {
		return web.Malformed("need")
	}
	if x.Person, err = s.People.Get(ctx, id); err != nil {
		return err
	}
	v := c.View("")
	x.Name = x.Person.DisplayName(v.Lang == i18n.Arabic)
	if err := s.needs(ctx, v, &x); err != nil {
		return err
	}
	if x.Need != "" {
		offers, err := s.Directory.Find(ctx, directory.Search{Need: x.Need, Person: id, All: true}, web.PageOf{Limit: web.MaxLimit})
		if err != nil {
			return err
		}
		offers = slices.DeleteFunc(offers, func(o directory.Offer) bool { return o.TenantID == v.Tenant.ID && !o.Letter() })
		prof := profile(x.Person, v.Local(v.Now))
		for _, row := range s.Directory.Rows(ctx, v, offers, &prof) {
			if row.Permitted {
				x.Open = append(x.Open, row)
			} else {
				x.Shut = append(x.Shut, row)
			}
		}
	}
	v.Title = v.T("send.choose.title")
	return c.Render(chooseView(v, x))
}

// needs lists the needs to choose from, those with a service first.
func (s *Service) needs(ctx context.Context, v *web.View, x *choosing) error {
	whole, err := s.Directory.Find(ctx, directory.Search{All: true}, web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, o := range whole {
		if o.TenantID == v.Tenant.ID && !o.Letter() {
			continue
		}
		for _, n := range o.Needs {
			count[n]++
		}
	}
	for _, n := range s.terms.Needs {
		if count[n] > 0 {
			x.Served = append(x.Served, served{n, count[n]})
		} else {
			x.Rest = append(x.Rest, n)
		}
	}
	x.Groups = directory.NeedGroups(v, count)
	return nil
}

// parentOf keeps the address of a referral that this one follows, if it is one.
func parentOf(raw string) string {
	id, err := ids.Parse[ids.Referral](raw)
	if err != nil {
		return ""
	}
	return id.String()
}

// referButton leads from a service to the form; the first alone is primary.
func (x choosing) referButton(v *web.View) directory.Side {
	return func(r directory.Row) templ.Component {
		if r.Letter() {
			return letterLink(v, "/people/"+x.Person.ID.String()+"/letter/"+r.ID.String()+"?need="+x.Need, r.Name().In(v.Lang))
		}
		return referLink(v, x.path(r.ID.String(), x.Need, false), r.ID == x.Open[0].ID, r.Name().In(v.Lang))
	}
}

// exceptionLink leads to the form of an exception, where one may be asked for.
func (x choosing) exceptionLink(v *web.View) directory.Side {
	return func(r directory.Row) templ.Component {
		if !slices.Contains(exceptions, r.WhyNot) || len(r.Fails) > 0 {
			return templ.NopComponent
		}
		return exceptLink(v, x.path(r.ID.String(), x.Need, true), r.Name().In(v.Lang))
	}
}

// sent is the confirmation.
type sent struct {
	View
	To     string
	Name   string
	Steps  []rung
	Person ids.ID[ids.Person]
}

func (s *Service) sentPage(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	r, err := s.Card(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	if r.Number == "" || r.row.FromTenant != v.Tenant.ID || r.State != Sent {
		return c.See("/referrals/" + id.String())
	}
	x := sent{View: r, To: s.tenantName(c.Std(), v, r.To.Tenant), Person: r.row.PersonID}
	if r.Identity != nil {
		x.Name = r.Identity.DisplayName(v.Lang == i18n.Arabic)
	}
	receiver, err := s.calendarOf(c.Std(), r.row.ToTenant, r.row.ToUnit, r.row.DecideSince)
	if err != nil {
		return err
	}
	decide := termOf("decide", r.Priority).from(receiver, r.row.DecideSince)
	x.Steps = []rung{
		{"open", "envelope", when(v, r.row.SentAt), v.T("send.step.received", "Name", x.To), v.T("send.step.received_more")},
		{"later", "clock", v.T("send.step.before", "When", when(v, r.row.DueAt)), v.T("send.step.acknowledges"), v.T("send.step.acknowledges_more")},
		{"later", "check", v.T("send.step.before", "When", when(v, decide)), v.T("send.step.answers"), v.T("send.step.answers_more")},
	}
	v.Title = v.T("send.sent.title")
	return c.Render(sentView(v, x))
}
