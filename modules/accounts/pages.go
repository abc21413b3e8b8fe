package accounts

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/web"

	"github.com/a-h/templ"
)

func (s *Service) pages() []web.Route {
	out := []web.Route{
		web.Page(http.MethodGet, "/sign-in", web.Public, s.signInPage),
		web.Page(http.MethodPost, "/sign-in", web.Public, s.signInPost),
		web.Page(http.MethodPost, "/sign-out", Me, s.signOutPost).WhileShut(),
		web.Page(http.MethodPost, "/language", web.Public, s.languagePost),
		web.Page(http.MethodGet, "/link/:code", web.Public, s.linkPage),
		web.Page(http.MethodPost, "/link/:code", web.Public, s.linkPost),
		web.Page(http.MethodGet, "/code", web.Public, s.codePage),
		web.Page(http.MethodPost, "/code", web.Public, s.codePost),
	}
	return slices.Concat(out, s.userPages(), s.ownPages(), s.settingPages(), s.unitPages(), []web.Route{web.HelpPage(Me)})
}

// signIn is what the form shows again after a refusal; never the password.
type signIn struct {
	Next, Email, Error string
	Step               string // the password was right: the code is asked
}

func (s *Service) signInPage(c *web.Ctx) error {
	if c.Token() != "" {
		return c.See(c.Next(c.Query("next")))
	}
	v := c.View("")
	v.Title = v.T("signin.title")
	return c.Render(signInView(v, signIn{Next: c.Query("next")}))
}

func (s *Service) signInPost(c *web.Ctx) error {
	f := c.Form()
	issued, err := s.SignIn(c.Std(), Credentials{Email: f.Get("email"), Password: f.Get("password"), Code: f.Get("code"), Step: f.Get("step"), Page: true})
	if fault.Has(err, fault.InvalidCredentials) || fault.Has(err, fault.TooMany) || fault.Has(err, fault.CodeRequired) {
		c.Unprocessable(err)
		v := c.View("")
		v.Plain, v.Failed, v.Title = true, true, v.T("signin.title")
		x := signIn{Next: f.Get("next"), Email: f.Get("email"), Step: issued.Step, Error: v.T("signin.refused")}
		switch {
		case fault.Has(err, fault.TooMany):
			x.Error = v.T("fault.too_many_requests")
		case fault.Has(err, fault.CodeRequired):
			x.Error, v.Failed = "", false
		case issued.Step != "":
			x.Error = v.T("account.factor.wrong")
		}
		return c.Render(signInView(v, x))
	}
	if err != nil {
		return err
	}
	c.SetSession(issued.Token, issued.ExpiresAt)
	return c.See(c.Next(f.Get("next")))
}

func (s *Service) signOutPost(c *web.Ctx) error {
	if err := s.SignOut(c.Std()); err != nil {
		return err
	}
	c.SetSession("", time.Time{})
	if next := c.Form().Get("next"); next != "" { // somebody else signs in, and goes on here
		return c.See("/sign-in?next=" + url.QueryEscape(c.Next(next)))
	}
	return c.See("/sign-in")
}

func (s *Service) languagePost(c *web.Ctx) error {
	l, ok := i18n.Parse(c.Form().Get("lang"))
	if !ok {
		return fault.In("lang", "unknown_code")
	}
	c.SetLang(l)
	if c.Token() != "" {
		if err := s.SetLang(c.Std(), l); err != nil {
			return err
		}
	}
	return c.See(c.Next(c.Form().Get("next")))
}

// signInFault is the control that the summary leads to.
func signInFault(f signIn) templ.SafeURL {
	if f.Step != "" {
		return "#code"
	}
	return "#email"
}
