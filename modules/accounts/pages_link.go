package accounts

import (
	"errors"
	"strings"

	"shubbak/platform/fault"
	"shubbak/web"
)

// wayIn is the form behind a one-time link or a code: a new password, and for whom
// it is where a stranger may have been handed it.
type wayIn struct {
	Code     string // of the address; "" where it is typed
	Spoken   bool
	Asks     bool // for the e-mail
	Email    string
	Problems web.Problems
}

func (x wayIn) path() string {
	if x.Spoken {
		return "/code"
	}
	return "/link/" + x.Code
}

func (s *Service) linkPage(c *web.Ctx) error {
	kind, err := s.CheckLink(c.Std(), c.Params("code"))
	if err != nil {
		return s.deadLink(c, err)
	}
	return showWayIn(c, wayIn{Code: c.Params("code"), Asks: kind == invitation})
}

func (s *Service) codePage(c *web.Ctx) error {
	return showWayIn(c, wayIn{Spoken: true, Asks: true})
}

func showWayIn(c *web.Ctx, x wayIn) error {
	v := c.View("")
	v.Plain, v.Failed, v.Title = true, len(x.Problems) > 0, v.T("link.title")
	if x.Asks && !x.Spoken {
		v.Title = v.T("link.invitation.title")
	}
	return c.Render(wayInView(v, x))
}

// deadLink says clearly why an address does not work any more: whoever has it knew
// it before. One that never existed is the page of any other wrong address.
func (s *Service) deadLink(c *web.Ctx, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Key == "" || f.Code != fault.NotFound {
		return err
	}
	c.Unprocessable(err)
	v := c.View("")
	v.Plain, v.Title = true, v.T("link.dead.title")
	return c.Render(deadLinkView(v, v.T(f.Key)))
}

func (s *Service) linkPost(c *web.Ctx) error {
	kind, err := s.CheckLink(c.Std(), c.Params("code"))
	if err != nil {
		return s.deadLink(c, err)
	}
	return s.enter(c, wayIn{Code: c.Params("code"), Asks: kind == invitation})
}

func (s *Service) codePost(c *web.Ctx) error {
	return s.enter(c, wayIn{Spoken: true, Asks: true})
}

// enter sets the password. Somebody else's open session in this browser ends: the
// next page belongs to who came in.
func (s *Service) enter(c *web.Ctx, x wayIn) error {
	f := c.Form()
	x.Email = strings.TrimSpace(f.Get("email"))
	p := Proof{Code: x.Code, Email: x.Email, Password: f.Get("password"), Spoken: x.Spoken}
	if x.Spoken {
		p.Code = f.Get("code")
	}
	issued, err := s.UseLink(c.Std(), p)
	if fault.Has(err, fault.NotFound) {
		return s.deadLink(c, err)
	}
	if err != nil {
		x.Problems = problemsOf(c, err)
		switch {
		case fault.Has(err, fault.InvalidCredentials):
			x.Problems = web.Problems{{Field: "email", Text: c.View("").T("link.wrong_code")}}
		case fault.Has(err, fault.TooMany):
			x.Problems = web.Problems{{Field: "email", Text: sentence(c, err)}}
		case x.Problems == nil:
			return err
		}
		c.Unprocessable(err)
		return showWayIn(c, x)
	}
	if issued.Token == "" {
		c.Flash("flash.account.password", "")
		return c.See("/sign-in")
	}
	c.SetSession(issued.Token, issued.ExpiresAt)
	return c.See(c.Next(""))
}
