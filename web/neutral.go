package web

import (
	"context"
	"net/http"
	"net/url"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/gofiber/fiber/v2"
)

// neutral is the address in a mail and on a slip: it names no portal to somebody who
// has not signed in there.
func (s *Server) neutral(fc *fiber.Ctx) error {
	c := callOf(fc)
	code := fc.Params("code")
	portals, path, err := s.portalsOf(c.UserContext(), code)
	if err != nil {
		return err
	}
	if len(portals) == 0 && s.deps.Link != nil {
		id, err := s.deps.Link(c.UserContext(), code)
		if err != nil {
			return err
		}
		if t, err := s.deps.Tenants.ByID(c.UserContext(), id); err != nil {
			return err
		} else if t != nil { // whoever holds a one-time link may know where it leads
			return c.leadOn(t, "/link/"+url.PathEscape(code))
		}
	}
	if token := c.Cookies(mailCookie); token != "" {
		for _, t := range portals {
			if _, err := s.deps.Sessions.Find(db.As(c.UserContext(), t.ID.String()), token); err == nil {
				return c.leadOn(t, path)
			}
		}
	}
	return c.neutralForm(code, "")
}

// neutralPost signs in at the portal that the code leads to; a code that leads
// nowhere answers as a wrong password does.
func (s *Server) neutralPost(fc *fiber.Ctx) error {
	c := callOf(fc)
	code := fc.Params("code")
	if err := c.checkForm(); err != nil {
		return err
	}
	portals, path, err := s.portalsOf(c.UserContext(), code)
	if err != nil {
		return err
	}
	ctx := c.called()
	t := &tenants.Tenant{ID: ids.New[ids.Tenant]()} // the brake on guessing counts all the same
	if len(portals) > 0 {
		t = portals[0]
	}
	token, until, err := s.deps.SignIn(db.As(ctx, t.ID.String()), c.form.Get("email"), c.form.Get("password"))
	if fault.Has(err, fault.InvalidCredentials) || fault.Has(err, fault.TooMany) {
		c.Status(statuses[fault.CodeOf(err)])
		return c.neutralForm(code, c.sentence(asFault(err)))
	}
	if fault.Has(err, fault.CodeRequired) { // whoever knows the password may know where it is for
		return c.leadOn(t, "/sign-in?next="+escapeQuery(path))
	}
	if err != nil {
		return err
	}
	c.base = "/t/" + t.Slug
	(&Ctx{c}).SetSession(token, until)
	return c.leadOn(t, path)
}

func (c *call) leadOn(t *tenants.Tenant, path string) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect("/t/"+t.Slug+path, http.StatusSeeOther)
}

func (c *call) neutralForm(code, problem string) error {
	c.base = "/n"
	v := c.view("")
	v.CSRF, v.Failed, v.Title = masked(c.csrf()), problem != "", v.T("neutral.title")
	return c.render(neutralView(v, code, problem))
}

// portalsOf looks up where an opaque code leads.
func (s *Server) portalsOf(ctx context.Context, code string) (list []*tenants.Tenant, path string, err error) {
	if s.deps.Portal == nil {
		return nil, "", nil
	}
	lead, err := s.deps.Portal(ctx, code)
	if err != nil {
		return nil, "", err
	}
	for _, id := range lead.Tenants {
		t, err := s.deps.Tenants.ByID(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if t != nil {
			list = append(list, t)
		}
	}
	return list, lead.Path, nil
}
