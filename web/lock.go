package web

import (
	"net/http"
	"net/url"
	"strings"

	"shubbak/platform/fault"

	"github.com/gofiber/fiber/v2"
)

// setUp is where a user sets up the second factor that the institution wants.
const setUp = "/account/second-factor"

// attended lets a page of a session through, or answers in its place: a computer
// that was left alone asks for the password again, with what was typed kept.
func (s *Server) attended(c *call) (done bool, err error) {
	ctx := c.UserContext()
	switch {
	case c.route.Public || c.route.unlocked || !c.session.Locked && strings.HasPrefix(c.route.Path, setUp):
		return false, nil
	case c.session.Locked && c.route.aside:
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Status(http.StatusUnauthorized)
		return true, nil
	case c.session.Locked:
		return true, c.askAgain()
	case c.session.Enrol:
		c.Set(fiber.HeaderCacheControl, "no-store")
		return true, c.Redirect(c.base+setUp, http.StatusSeeOther)
	case c.session.Stale && !c.route.aside:
		// A note that cannot be written locks the page early; reading goes on.
		_ = s.deps.Sessions.Seen(ctx)
	}
	return false, nil
}

// askAgain answers any address of a locked session with the question for the
// password. The fields of a form are sealed away, never written into the page:
// whoever sits there now has not said who they are.
func (c *call) askAgain() error {
	l := lockForm{Next: c.OriginalPath()}
	if unsafeMethod(c.Method()) {
		l.Next, l.Kept = c.tenant.Declared().Home, true
		if c.route.Doc.Upload {
			c.drain()
			l.Kept, l.Lost = false, true
		} else if err := c.checkForm(); err != nil {
			return err
		} else if err := c.s.deps.Sessions.Keep(c.UserContext(), c.OriginalPath(), withoutSecrets(c.form)); err != nil {
			return err
		}
	}
	c.Status(http.StatusUnauthorized)
	return c.renderLock(l)
}

func withoutSecrets(f url.Values) url.Values {
	out := url.Values{}
	for k, v := range f {
		if k != "_csrf" && k != "password" && k != "old_password" {
			out[k] = v
		}
	}
	return out
}

// lockForm is the question for the password.
type lockForm struct {
	Next    string
	Kept    bool // a form waits
	Lost    bool // a file cannot wait
	Problem string
}

func (c *call) renderLock(l lockForm) error {
	v := c.view("")
	v.Plain, v.Failed, v.Title = true, l.Problem != "", v.T("lock.title")
	return c.render(lockView(v, l))
}

// AskAgain shows the question for the password after a wrong one.
func (c *Ctx) AskAgain(err error) error {
	f := asFault(err)
	c.Status(statuses[f.Code])
	return c.renderLock(lockForm{Next: c.form.Get("next"), Kept: c.form.Get("kept") != "", Problem: c.sentence(f)})
}

// Replayed shows a form that was kept, to be sent with one press.
func (c *Ctx) Replayed(path string, form url.Values) error {
	v := c.View("")
	v.Title = v.T("kept.title")
	return c.Render(keptView(v, path, form))
}

// ByScript reports that the page's own script asks: it wants no page in answer.
func (c *Ctx) ByScript() bool { return c.Get("X-Requested-With") == "fetch" }

// Quiet answers the page's own script.
func (c *Ctx) Quiet(err error) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if err != nil {
		return c.SendStatus(statuses[fault.CodeOf(err)])
	}
	return c.SendStatus(http.StatusNoContent)
}
