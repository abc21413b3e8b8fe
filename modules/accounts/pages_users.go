package accounts

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) userPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/users", Administer, s.usersPage),
		web.Page(http.MethodGet, "/users/invite", Administer, s.invitePage),
		web.Page(http.MethodPost, "/users/invite", Administer, s.invitePost),
		web.Page(http.MethodGet, "/users/:id", Administer, s.userPage),
		web.Page(http.MethodGet, "/users/:id/edit", Administer, s.editPage),
		web.Page(http.MethodPost, "/users/:id/edit", Administer, s.editPost),
		web.Page(http.MethodPost, "/users/:id/roles", Administer, s.rolePost),
		web.Page(http.MethodGet, "/users/:id/roles/:membership/end", Administer, s.roleEndPage),
		web.Page(http.MethodPost, "/users/:id/roles/:membership/end", Administer, s.roleEndPost),
		web.Page(http.MethodGet, "/users/:id/end", Administer, s.endPage),
		web.Page(http.MethodPost, "/users/:id/end", Administer, s.endPost),
		web.Page(http.MethodPost, "/users/:id/link", Administer, s.helpPost),
		web.Page(http.MethodGet, "/users/:id/code", Administer, s.sheetPage),
		web.Page(http.MethodPost, "/users/:id/second-factor", Administer, s.factorPost),
	}
}

// perPage is how many accounts a page shows.
const perPage = 25

// userList is what the list of accounts shows.
type userList struct {
	State       string
	Rows        []userLine
	First, Next string
}

type userLine struct {
	Account
	Name  string
	Roles string
	You   bool
}

// states are the tabs of the list, the one that needs the reader first.
var states = []string{Active, Invited, Ended}

// stateLooks is how a state of an account stands on a page: tone and icon.
var stateLooks = map[string][2]string{Active: {"g", "check"}, Invited: {"s", "envelope"}, Ended: {"n", "minus-disc"}}

func (s *Service) usersPage(c *web.Ctx) error {
	l := userList{State: c.Query("state")}
	if !slices.Contains(states, l.State) {
		l.State = Active
	}
	path := "/users?state=" + l.State
	p, err := (web.Paging{Limit: strconv.Itoa(perPage), After: c.Query("after")}).Decode("page", path)
	if err != nil {
		return err
	}
	rows, err := s.Accounts(c.Std(), l.State, p)
	if err != nil {
		return err
	}
	v := c.View("")
	cut := web.Cut(p, rows, func(a Account) string { return a.ID.String() }, func(a Account) userLine { return line(v, a) })
	l.Rows = cut.Items
	if c.Query("after") != "" {
		l.First = path
	}
	if cut.Next != nil {
		l.Next = path + "&after=" + *cut.Next
	}
	v.Title = v.T("users.nav")
	return c.Render(usersView(v, l))
}

func line(v *web.View, a Account) userLine {
	l := userLine{Account: a, Name: NameIn(v.Lang, a.User), You: a.ID == v.Actor.User}
	var seen []string
	for _, m := range a.Memberships {
		if !slices.Contains(seen, m.Role) {
			seen = append(seen, m.Role)
			if l.Roles != "" {
				l.Roles += " · "
			}
			l.Roles += v.T("role." + m.Role)
		}
	}
	return l
}

// NameIn is a user's name in the script of the reader, else in the other.
func NameIn(l i18n.Lang, u User) string {
	if l == i18n.Arabic && u.NameAr != "" || u.NameLatin == "" {
		return u.NameAr
	}
	return u.NameLatin
}

// userForm is the form of an invitation, or of the names of an account.
type userForm struct {
	Account  Account // zero for an invitation
	Values   url.Values
	Problems web.Problems
	Roles    []web.Choice
	Units    []web.Choice
	Conflict *userCard // how the account stands after somebody else changed it
}

func (s *Service) form(c *web.Ctx, f url.Values) (userForm, error) {
	x := userForm{Values: f}
	v := c.View("")
	for _, r := range c.Tenant().Declared().Roles {
		x.Roles = append(x.Roles, web.Choice{Value: r, Word: v.T("role." + r)})
	}
	units, err := s.OwnUnits(c.Std())
	for _, u := range units {
		x.Units = append(x.Units, web.Choice{Value: u.ID.String(), Word: i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}.In(v.Lang)})
	}
	return x, err
}

func (s *Service) invitePage(c *web.Ctx) error {
	return s.showInvite(c, url.Values{"delivery": {"mail"}, "language": {string(c.Tenant().Locale)}}, nil)
}

func (s *Service) showInvite(c *web.Ctx, f url.Values, problems web.Problems) error {
	x, err := s.form(c, f)
	if err != nil {
		return err
	}
	x.Problems = problems
	v := c.View("")
	v.Title, v.Failed = v.T("users.invite.title"), len(problems) > 0
	return c.Render(inviteView(v, x))
}

func (s *Service) invitePost(c *web.Ctx) error {
	f := c.Form()
	list, err := formGrants(f, f["roles"])
	if err == nil {
		spoken := f.Get("delivery") == "code"
		var a Account
		a, _, err = s.Invite(c.Std(), Entry{Email: f.Get("email"), NameAr: f.Get("name_ar"), NameLatin: f.Get("name"), Lang: f.Get("language"), Grants: list}, spoken)
		if err == nil && spoken {
			return c.See("/users/" + a.ID.String() + "/code")
		}
		if err == nil {
			c.Flash("flash.user.invited", "")
			return c.See("/users/" + a.ID.String())
		}
	}
	if web.Faults(err) == nil {
		return err
	}
	c.Unprocessable(err)
	return s.showInvite(c, f, problemsOf(c, err))
}

// formGrants are the roles of a form: one unit and one last day for all of them.
func formGrants(f url.Values, roles []string) ([]Grant, error) {
	var faults fault.Collect
	g := Grant{}
	if u := f.Get("unit"); u != "" {
		var err error
		if g.Unit, err = ids.Parse[ids.Unit](u); err != nil {
			faults.Add("unit", "unknown_code")
		}
	}
	if day := web.Day(f, "until"); day != "" {
		var err error
		if g.Until, err = UntilEndOf(day); err != nil {
			faults.Add("until", "malformed")
		}
	}
	var out []Grant
	for _, r := range roles {
		g.Role = r
		out = append(out, g)
	}
	return out, faults.Err()
}

// problemsOf puts faults beside the controls of a form.
func problemsOf(c *web.Ctx, err error) web.Problems {
	var out web.Problems
	for _, f := range web.Faults(err) {
		p := web.Problem{Field: control(f.Field), Text: c.FieldSentence(f)}
		if p.Field == "roles" && f.Code == "required" {
			p.Text = c.View("").T("users.problem.roles")
		}
		if p.Field == "name_ar" && f.Code == "required" {
			p.Text = c.View("").T("users.problem.name")
		}
		if p.Field == "email" && f.Code == "malformed" {
			p.Text = c.View("").T("users.problem.email")
		}
		if out.Of(p.Field) == "" {
			out = append(out, p)
		}
	}
	return out
}

// userCard is what the page of one account shows.
type userCard struct {
	userLine
	Refused string // the sentence of an act that was refused
	Lines   []membershipLine
	userForm
	ChangedBy string
	Changed   string
	Since     string
}

type membershipLine struct {
	Membership
	Role, Unit, Until string
}

func userID(c *web.Ctx) (ids.ID[ids.User], error) {
	id, err := ids.Parse[ids.User](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}

func (s *Service) card(c *web.Ctx, id ids.ID[ids.User]) (userCard, error) {
	v := c.View("")
	a, err := s.Account(c.Std(), id)
	if err != nil {
		return userCard{}, err
	}
	k := userCard{userLine: line(v, a), Since: i18n.Date(v.Lang, v.Local(a.CreatedAt))}
	if k.userForm, err = s.form(c, url.Values{}); err != nil {
		return k, err
	}
	k.userForm.Account = a
	for _, m := range a.Memberships {
		l := membershipLine{Membership: m, Role: v.T("role." + m.Role), Unit: v.T("users.whole")}
		for _, u := range k.Units {
			if u.Value == m.UnitID.String() {
				l.Unit = u.Word
			}
		}
		if !m.ValidTo.IsZero() {
			l.Until = i18n.Date(v.Lang, v.Local(m.ValidTo.Add(-time.Second)))
		}
		k.Lines = append(k.Lines, l)
	}
	if !a.ChangedAt.IsZero() {
		k.Changed = i18n.DateTime(v.Lang, v.Local(a.ChangedAt))
		names, err := s.Names(c.Std(), a.ChangedBy)
		if err != nil {
			return k, err
		}
		n := names[a.ChangedBy]
		k.ChangedBy = NameIn(v.Lang, User{NameAr: n.Ar, NameLatin: n.Fr})
	}
	return k, nil
}

func (s *Service) userPage(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	return s.showUser(c, id, nil)
}

// showUser shows an account as it stands now, with the sentence of what was refused.
func (s *Service) showUser(c *web.Ctx, id ids.ID[ids.User], refused error) error {
	k, err := s.card(c, id)
	if err != nil {
		return err
	}
	v := c.View("")
	v.Title = k.Name
	if refused != nil {
		c.Unprocessable(refused)
		v.Failed = true
		k.Refused = refusal(c, v, k, refused)
		k.Problems = problemsOf(c, refused)
	}
	return c.Render(userView(v, k))
}

// refusal says what happened: who was first, or which rule stands in the way.
func refusal(c *web.Ctx, v *web.View, k userCard, err error) string {
	if fault.Has(err, fault.VersionConflict) {
		return v.T("users.conflict", "Name", k.ChangedBy, "When", k.Changed)
	}
	if web.Faults(err) != nil {
		return ""
	}
	return sentence(c, err)
}
