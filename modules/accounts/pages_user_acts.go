package accounts

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// control is the id of the control that a field of the API stands for.
func control(field string) string {
	switch {
	case strings.HasPrefix(field, "memberships"):
		_, part, ok := strings.Cut(field, ".")
		if ok && part != "role" {
			return strings.TrimSuffix(part, "_id")
		}
		return "roles"
	case field == "name":
		return "name_ar"
	}
	return field
}

func sentence(c *web.Ctx, err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return c.Sentence(f)
	}
	return ""
}

// told reports the refusals that the page of the account itself explains.
func told(err error) bool {
	for _, code := range []fault.Code{fault.VersionConflict, fault.NotPermitted, fault.IllegalTransition, fault.Invalid} {
		if fault.Has(err, code) {
			return true
		}
	}
	var f *fault.Error
	return errors.As(err, &f) && f.Code == fault.Forbidden && f.Key != ""
}

// acted leads back to the account after an act of its page, or says there why not.
func (s *Service) acted(c *web.Ctx, id ids.ID[ids.User], err error, flash string) error {
	if err != nil && told(err) {
		return s.showUser(c, id, err)
	}
	if err != nil {
		return err
	}
	c.Flash(flash, "")
	return c.See("/users/" + id.String())
}

func version(f url.Values) int64 {
	n, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	return n
}

func (s *Service) editPage(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	a, err := s.Account(c.Std(), id)
	if err != nil {
		return err
	}
	return s.showEdit(c, a, url.Values{"name_ar": {a.NameAr}, "name": {a.NameLatin}, "email": {a.Email}}, nil, nil)
}

func (s *Service) showEdit(c *web.Ctx, a Account, f url.Values, problems web.Problems, conflict *userCard) error {
	v := c.View("")
	v.Title, v.Failed = v.T("users.edit.title"), len(problems) > 0 || conflict != nil
	return c.Render(editView(v, userForm{Account: a, Values: f, Problems: problems, Conflict: conflict}))
}

// editPost keeps what was typed when somebody else was first: beside it stands what
// they wrote, and the form carries the new version.
func (s *Service) editPost(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	ar, latin, email := strings.TrimSpace(f.Get("name_ar")), strings.TrimSpace(f.Get("name")), f.Get("email")
	_, err = s.Change(c.Std(), id, Change{Version: version(f), NameAr: &ar, NameLatin: &latin, Email: &email})
	if err == nil {
		c.Flash("flash.user.changed", "")
		return c.See("/users/" + id.String())
	}
	conflict := fault.Has(err, fault.VersionConflict)
	if !conflict && web.Faults(err) == nil {
		return s.acted(c, id, err, "")
	}
	c.Unprocessable(err)
	k, lost := s.card(c, id)
	if lost != nil {
		return lost
	}
	if !conflict {
		a := k.userLine.Account
		a.Version = version(f)
		return s.showEdit(c, a, f, problemsOf(c, err), nil)
	}
	return s.showEdit(c, k.userLine.Account, f, nil, &k)
}

// kept are the memberships of an account as they would be granted again.
func kept(a Account) []Grant {
	var out []Grant
	for _, m := range a.Memberships {
		out = append(out, Grant{m.Role, m.UnitID, m.ValidTo})
	}
	return out
}

func (s *Service) rolePost(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	a, err := s.Account(c.Std(), id)
	if err != nil {
		return err
	}
	list, err := formGrants(c.Form(), c.Form()["roles"])
	if err == nil {
		list = append(kept(a), list...)
		_, err = s.Change(c.Std(), id, Change{Version: version(c.Form()), Grants: &list})
	}
	return s.acted(c, id, err, "flash.user.changed")
}

// parting is what the page before an end shows: what goes to the unit.
type parting struct {
	Account Account
	Name    string
	Role    string // the one that ends, "" for the whole account
	Path    string
	Holds   []holdLine // referrals
	Tasks   []holdLine
}

type holdLine struct{ Head, Side, State string }

func (s *Service) parting(c *web.Ctx, a Account, left []Membership) (parting, error) {
	v := c.View("")
	p := parting{Account: a, Name: NameIn(v.Lang, a.User), Path: "/users/" + a.ID.String() + "/end"}
	held, err := s.Held(c.Std(), a.ID, left)
	for _, h := range held {
		if h.Type == "task" {
			p.Tasks = append(p.Tasks, holdLine{cmp.Or(h.Number, v.T("users.holds.task")), "", v.T("tasks.state." + h.State)})
			continue
		}
		p.Holds = append(p.Holds, holdLine{cmp.Or(h.Number, v.T("users.holds.draft")), v.T("users.holds." + h.Side), v.T("ref.status." + h.State)})
	}
	return p, err
}

func (s *Service) endPage(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	a, err := s.Account(c.Std(), id)
	if err != nil {
		return err
	}
	p, err := s.parting(c, a, nil)
	if err != nil {
		return err
	}
	v := c.View("")
	v.Title = v.T("users.end.title")
	return c.Render(partingView(v, p))
}

func (s *Service) endPost(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	_, err = s.Change(c.Std(), id, Change{Version: version(c.Form()), Ended: true})
	return s.acted(c, id, err, "flash.user.ended")
}

// withoutRole finds a membership of the address and what is left without it.
func (s *Service) withoutRole(c *web.Ctx) (a Account, m Membership, left []Membership, err error) {
	id, err := userID(c)
	if err != nil {
		return a, m, nil, err
	}
	if a, err = s.Account(c.Std(), id); err != nil {
		return a, m, nil, err
	}
	i := slices.IndexFunc(a.Memberships, func(m Membership) bool { return m.ID.String() == c.Params("membership") })
	if i < 0 {
		return a, m, nil, fault.New(fault.NotFound)
	}
	return a, a.Memberships[i], slices.Delete(slices.Clone(a.Memberships), i, i+1), nil
}

func (s *Service) roleEndPage(c *web.Ctx) error {
	a, m, left, err := s.withoutRole(c)
	if err != nil {
		return err
	}
	if len(left) == 0 { // the last role takes the account with it
		return c.See("/users/" + a.ID.String() + "/end")
	}
	p, err := s.parting(c, a, left)
	if err != nil {
		return err
	}
	v := c.View("")
	p.Role, p.Path = v.T("role."+m.Role), "/users/"+a.ID.String()+"/roles/"+m.ID.String()+"/end"
	v.Title = v.T("users.role.end")
	return c.Render(partingView(v, p))
}

func (s *Service) roleEndPost(c *web.Ctx) error {
	a, _, left, err := s.withoutRole(c)
	if err != nil {
		return err
	}
	change := Change{Version: version(c.Form()), Ended: len(left) == 0}
	if !change.Ended {
		list := kept(Account{a.User, left})
		change.Grants = &list
	}
	_, err = s.Change(c.Std(), a.ID, change)
	return s.acted(c, a.ID, err, "flash.user.role_ended")
}

func (s *Service) helpPost(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	spoken := c.Form().Get("delivery") == "code"
	_, err = s.Help(c.Std(), id, spoken)
	if err == nil && spoken {
		return c.See("/users/" + id.String() + "/code")
	}
	return s.acted(c, id, err, "flash.user.linked")
}

// codeSheet is what is printed and handed over face to face.
type codeSheet struct {
	Name, Email, Code, Until, Address string
	User                              User
}

func (s *Service) sheetPage(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	u, i, err := s.Sheet(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	v.Title = v.T("users.code.title")
	x := codeSheet{User: u, Name: NameIn(v.Lang, u), Email: u.Email, Until: i18n.DateTime(v.Lang, v.Local(i.ExpiresAt)), Address: strings.TrimSuffix(s.PublicURL, "/") + v.Base + "/code"}
	x.Code = inFours(i.Code)
	return c.Render(sheetView(v, x))
}

func (s *Service) factorPost(c *web.Ctx) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	off := false
	_, err = s.Change(c.Std(), id, Change{Version: version(c.Form()), SecondFactor: &off})
	return s.acted(c, id, err, "flash.user.changed")
}

func (k userCard) path(rest string) string { return "/users/" + k.userLine.ID.String() + rest }

func languageChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, l := range v.Tenant.Speaks() {
		out = append(out, web.Choice{Value: string(l), Word: v.Language(l)})
	}
	return out
}

func deliveries(v *web.View) []web.Choice {
	return []web.Choice{{Value: "mail", Word: v.T("users.delivery.mail"), Hint: v.T("users.delivery.mail_hint")}, {Value: "code", Word: v.T("users.delivery.code"), Hint: v.T("users.delivery.code_hint")}}
}

// inFours writes a code as people read it aloud.
func inFours(code string) string {
	var parts []string
	for at := 0; at < len(code); at += 4 {
		parts = append(parts, code[at:min(at+4, len(code))])
	}
	return strings.Join(parts, " ")
}
