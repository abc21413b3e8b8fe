package referrals

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) dangerPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/danger", directory.SeeCalls, s.dangerPage),
		web.Page(http.MethodPost, "/danger", create, s.dangerPost),
		web.Page(http.MethodGet, "/danger/numbers", directory.EditCalls, s.numbersPage),
		web.Page(http.MethodPost, "/danger/numbers", directory.EditCalls, s.numbersPost),
		web.Page(http.MethodPost, "/referrals/:id/review", review, s.reviewPost),
	}
}

// called is a service with the number of its unit on call.
type called struct {
	directory.Service
	Provider string
	OnCall   string
}

// dangerSheet is the page of an immediate danger: whom to call first, then the record.
type dangerSheet struct {
	Numbers  []directory.Number
	Services []called
	Person   people.Person // zero: the form asks who it is
	Name     string
	Values   url.Values
	Problems web.Problems
	MayWrite bool
	MayEdit  bool
}

func (s *Service) loadDanger(c *web.Ctx, v *web.View, person string, f url.Values) (x dangerSheet, err error) {
	ctx := c.Std()
	x = dangerSheet{Values: f, MayWrite: v.May("referral", "create"), MayEdit: v.May("emergency", "edit")}
	if x.MayWrite && person != "" {
		id, err := ids.Parse[ids.Person](person)
		if err != nil {
			return x, fault.New(fault.NotFound)
		}
		if x.Person, err = s.People.Get(ctx, id); err != nil {
			return x, err
		}
		x.Name = x.Person.DisplayName(v.Lang == i18n.Arabic)
	}
	calls, err := s.Directory.Calls(ctx)
	if err != nil {
		return x, err
	}
	x.Numbers = calls.Shown(s.deskCommune(ctx, v))
	x.Services, err = s.callable(ctx, v)
	return x, err
}

// deskCommune is where the reader's desk stands; "" where they work everywhere.
func (s *Service) deskCommune(ctx context.Context, v *web.View) string {
	units, err := s.Accounts.Units(ctx, v.Actor.Unit)
	if err != nil || v.Actor.Unit.IsZero() {
		return ""
	}
	return units[v.Actor.Unit].Commune
}

// callable lists the services of others with their numbers on call, those that have
// one first. Nothing is asked of agreement, capacity or hours.
func (s *Service) callable(ctx context.Context, v *web.View) ([]called, error) {
	offers, err := s.Directory.Find(ctx, directory.Search{All: true}, web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return nil, err
	}
	var units []ids.ID[ids.Unit]
	for _, o := range offers {
		if !o.UnitID.IsZero() {
			units = append(units, o.UnitID)
		}
	}
	known, err := s.Accounts.Units(ctx, units...)
	if err != nil {
		return nil, err
	}
	var out []called
	for _, o := range offers {
		if o.TenantID != v.Tenant.ID && o.Active && !o.Letter() {
			out = append(out, called{o.Service, s.tenantName(ctx, v, s.Tenants.Slug(ctx, o.TenantID)), known[o.UnitID].OnCall})
		}
	}
	slices.SortStableFunc(out, func(a, b called) int {
		if (a.OnCall != "") != (b.OnCall != "") {
			if a.OnCall != "" {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Provider, b.Provider)
	})
	return out, nil
}

// onCall are the services with a number, those behind one number together.
func (x dangerSheet) onCall() (out [][]called) {
	for _, o := range x.Services {
		if o.OnCall == "" {
			continue
		}
		i := slices.IndexFunc(out, func(l []called) bool { return l[0].OnCall == o.OnCall && l[0].Provider == o.Provider })
		if i < 0 {
			out, i = append(out, nil), len(out)
		}
		out[i] = append(out[i], o)
	}
	return out
}

// choices are the services as a form offers them, by provider.
func (x dangerSheet) choices(v *web.View) []web.ChoiceGroup {
	var out []web.ChoiceGroup
	for _, o := range x.Services {
		group := o.Provider
		if o.OnCall == "" { // nobody is known to answer there now
			group = v.T("danger.without_call", "Name", o.Provider)
		}
		i := slices.IndexFunc(out, func(g web.ChoiceGroup) bool { return g.Word == group })
		if i < 0 {
			out, i = append(out, web.ChoiceGroup{Word: group}), len(out)
		}
		out[i].Choices = append(out[i].Choices, web.Choice{Value: o.ID.String(), Word: o.Name().In(v.Lang)})
	}
	return out
}

func (s *Service) dangerPage(c *web.Ctx) error {
	v := c.View("")
	x, err := s.loadDanger(c, v, c.Query("person"), url.Values{})
	if err != nil {
		return err
	}
	return s.showDanger(c, v, x)
}

func (s *Service) showDanger(c *web.Ctx, v *web.View, x dangerSheet) error {
	v.Title, v.Failed = v.T("danger.title"), len(x.Problems) > 0
	return c.Render(dangerView(v, x))
}

func (s *Service) dangerPost(c *web.Ctx) error {
	f := c.Form()
	v := c.View("")
	x, err := s.loadDanger(c, v, f.Get("person"), f)
	if err != nil {
		return err
	}
	id, err := s.writeDanger(c.Std(), x)
	if faults := web.Faults(err); len(faults) > 0 {
		x.Problems = web.ProblemsOf(c, faults, "danger.label.", func(field string) string {
			if at, ok := dangerFields[field]; ok {
				return at
			}
			return field
		})
		c.Unprocessable(err)
		return s.showDanger(c, v, x)
	}
	if fault.Has(err, fault.AlreadyOpen) {
		if other, ok := fault.DataOf(err)["id"].(ID); ok {
			c.Flash("flash.danger.already", "")
			return c.See("/referrals/" + other.String())
		}
	}
	if err != nil {
		return err
	}
	r, err := s.Card(c.Std(), id)
	if err != nil {
		return err
	}
	c.Flash("flash.danger.sent", r.Number)
	return c.See("/referrals/" + id.String())
}

// dangerFields are the controls that stand for a field of the service.
var dangerFields = map[string]string{"person_id": "who", "alias": "who", "call.place": "place", "call.at": "at", "call.answered_by": "answered_by"}

// writeDanger registers who is not known yet under what is said of them, and sends:
// one transaction.
func (s *Service) writeDanger(ctx context.Context, x dangerSheet) (id ID, err error) {
	f := x.Values
	var wrong fault.Collect
	who := strings.TrimSpace(f.Get("who"))
	if x.Person.ID.IsZero() && who == "" {
		wrong.Add("who", "required")
	}
	at, ok := s.calledAt(f.Get("at"))
	if !ok {
		wrong.Add("at", "malformed")
	}
	service, perr := ids.Parse[ids.Service](f.Get("service_id"))
	if perr != nil {
		wrong.Add("service_id", "required")
	}
	place := strings.TrimSpace(f.Get("place"))
	if place == "" && x.Person.Private.Address == "" && x.Person.Commune == "" {
		wrong.Add("place", "required")
	}
	if err := wrong.Err(); err != nil {
		return id, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		person := x.Person.ID
		if person.IsZero() {
			p, err := s.People.Register(ctx, people.Person{Anonymous: true, Alias: short(who, 200), Sex: "unknown"}, nil)
			if err != nil {
				return err
			}
			person = p.ID
		}
		id, err = s.Create(ctx, Writing{Danger: true, PersonID: person, ServiceID: service, Reason: strings.TrimSpace(f.Get("reason")),
			Call: Call{At: at, AnsweredBy: strings.TrimSpace(f.Get("answered_by")), Place: place}}, true, "")
		return err
	})
	return id, err
}

// calledAt reads a time of the day, in the last twenty-four hours; empty is now.
func (s *Service) calledAt(text string) (*time.Time, bool) {
	now := s.Clock.Now().In(s.zone)
	text = strings.NewReplacer("h", ":", "H", ":", ".", ":", " ", "").Replace(web.Latin(text))
	if text == "" {
		t := now.UTC()
		return &t, true
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return nil, false
	}
	at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, s.zone)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	at = at.UTC()
	return &at, true
}

func (s *Service) reviewPost(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(c.Form().Get("version"), 10, 64)
	informed := c.Form().Get("informed")
	if !slices.Contains(informedCodes, informed) {
		c.Flash("flash.danger.review_missing", "")
		return c.See("/referrals/" + id.String() + "#review")
	}
	err = s.Review(c.Std(), id, version, informed, short(c.Form().Get("note"), 2000))
	if len(web.Faults(err)) > 0 {
		c.Flash("flash.danger.review_missing", "")
		return c.See("/referrals/" + id.String() + "#review")
	}
	if err != nil {
		return err
	}
	c.Flash("flash.danger.reviewed", "")
	return c.See("/referrals/" + id.String())
}

// informedCodes say what the person was told of the sharing.
var informedCodes = []string{"yes", "later", "would_endanger"}

// callSheet is the page on which an administrator says whom to call.
type callSheet struct {
	directory.CallList
	Shipped  []directory.Number
	Values   url.Values
	Problems web.Problems
	Rows     int
	Staff    []web.Choice
	OnCall   []string
	Communes []web.ChoiceGroup
	Watches  bool // this tenant's people on call are told of dangers between others too
}

func (s *Service) loadNumbers(c *web.Ctx, v *web.View) (x callSheet, err error) {
	ctx := c.Std()
	if x.CallList, err = s.Directory.Calls(ctx); err != nil {
		return x, err
	}
	x.Shipped = directory.CallList{}.Shown("")
	x.Values = url.Values{}
	for i, n := range x.Own {
		k := strconv.Itoa(i)
		x.Values.Set("number_"+k, n.Number)
		x.Values.Set("label_"+k, n.Label)
		x.Values.Set("commune_"+k, n.Commune)
	}
	x.Rows = len(x.Own) + 2
	x.Communes = web.Communes(v)
	users, err := s.Accounts.Users(ctx)
	if err != nil {
		return x, err
	}
	for _, u := range users {
		if u.EndedAt.IsZero() {
			name := i18n.Words{Ar: u.NameAr, Fr: u.NameLatin, En: u.NameLatin}
			x.Staff = append(x.Staff, web.Choice{Value: u.ID.String(), Word: written(name, v.Lang)})
		}
	}
	now, err := s.Accounts.OnCall(ctx)
	for _, u := range now {
		x.OnCall = append(x.OnCall, u.ID.String())
	}
	x.Watches = v.Tenant.Declared().Coordinates
	return x, err
}

func (s *Service) numbersPage(c *web.Ctx) error {
	v := c.View("")
	x, err := s.loadNumbers(c, v)
	if err != nil {
		return err
	}
	v.Title = v.T("danger.numbers.title")
	return c.Render(numbersView(v, x))
}

func (s *Service) numbersPost(c *web.Ctx) error {
	v, f := c.View(""), c.Form()
	l := directory.CallList{Hidden: []string{}, Own: []directory.Number{}}
	l.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	for _, n := range (directory.CallList{}).Shown("") {
		if !slices.Contains(f["shipped"], n.Number) {
			l.Hidden = append(l.Hidden, n.Number)
		}
	}
	rows := 0
	for ; rows < 40 && f.Has("number_"+strconv.Itoa(rows)); rows++ {
		k := strconv.Itoa(rows)
		n := directory.Number{Number: web.Latin(f.Get("number_" + k)), Label: strings.TrimSpace(f.Get("label_" + k)), Commune: f.Get("commune_" + k)}
		if n.Number != "" || n.Label != "" {
			l.Own = append(l.Own, n)
		}
	}
	var onCall []ids.ID[ids.User]
	for _, raw := range f["on_call"] {
		if id, err := ids.Parse[ids.User](raw); err == nil {
			onCall = append(onCall, id)
		}
	}
	err := s.DB.InTx(c.Std(), func(ctx context.Context) error {
		if err := s.Directory.SetCalls(ctx, l); err != nil {
			return err
		}
		return s.Accounts.SetOnCall(ctx, onCall)
	})
	if faults := web.Faults(err); len(faults) > 0 {
		x, lerr := s.loadNumbers(c, v)
		if lerr != nil {
			return lerr
		}
		x.Values, x.Rows, x.Hidden, x.OnCall = f, rows, l.Hidden, f["on_call"]
		x.Problems = web.ProblemsOf(c, faults, "danger.label.", func(string) string { return "number_0" })
		c.Unprocessable(err)
		v.Title, v.Failed = v.T("danger.numbers.title"), true
		return c.Render(numbersView(v, x))
	}
	if err != nil {
		return err
	}
	c.Flash("flash.danger.numbers", "")
	return c.See("/danger")
}
