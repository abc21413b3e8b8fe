package accounts

import (
	"net/http"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	out := []web.Route{
		web.Page(http.MethodGet, "/sign-in", web.Public, s.signInPage),
		web.Page(http.MethodPost, "/sign-in", web.Public, s.signInPost),
		web.Page(http.MethodPost, "/sign-out", Me, s.signOutPost),
		web.Page(http.MethodPost, "/language", web.Public, s.languagePost),
		web.Page(http.MethodGet, "/link/:code", web.Public, s.linkPage),
		web.Page(http.MethodPost, "/link/:code", web.Public, s.linkPost),
		web.Page(http.MethodGet, "/code", web.Public, s.codePage),
		web.Page(http.MethodPost, "/code", web.Public, s.codePost),
	}
	return append(out, s.userPages()...)
}

// signIn is what the form shows again after a refusal; never the password.
type signIn struct {
	Next, Email, Error string
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
	issued, err := s.SignIn(c.Std(), Credentials{Email: f.Get("email"), Password: f.Get("password"), Page: true})
	if fault.Has(err, fault.InvalidCredentials) || fault.Has(err, fault.TooMany) {
		c.Unprocessable(err)
		v := c.View("")
		v.Plain, v.Failed, v.Title = true, true, v.T("signin.title")
		key := "signin.refused"
		if fault.Has(err, fault.TooMany) {
			key = "fault.too_many_requests"
		}
		return c.Render(signInView(v, signIn{Next: f.Get("next"), Email: f.Get("email"), Error: v.T(key)}))
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
