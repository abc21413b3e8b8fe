package reports

import (
	"net/http"
	"net/url"

	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/reports", Register, s.askPage),
		web.Page(http.MethodGet, "/reports/register", Register, s.filePage),
		web.Page(http.MethodGet, "/reports/agreement", OfAgreement, s.agreement),
	}
}

// form is the page on which somebody takes a register away.
type form struct {
	Values   url.Values
	Problems web.Problems
}

func (s *Service) askPage(c *web.Ctx) error {
	v := c.View("")
	f := form{Values: url.Values{"box": {c.Query("box")}, "format": {"xlsx"}}}
	from, to := s.month(v)
	web.SetDay(f.Values, "from", from)
	web.SetDay(f.Values, "to", to)
	return s.render(c, v, f)
}

func (s *Service) render(c *web.Ctx, v *web.View, f form) error {
	if b := f.Values.Get("box"); b != "in" && b != "out" {
		f.Values.Set("box", "in")
	}
	v.Title, v.Failed = v.T("reports.title"), len(f.Problems) > 0
	return c.Render(askView(v, f))
}

// filePage answers the file, or the form again.
func (s *Service) filePage(c *web.Ctx) error {
	q, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return web.Malformed("from")
	}
	e, err := s.Begin(c.Std(), Ask{Box: q.Get("box"), From: web.Day(q, "from"), To: web.Day(q, "to"), Format: q.Get("format")})
	if fields := web.Faults(err); len(fields) > 0 {
		f := form{Values: q}
		for _, x := range fields {
			f.Problems = append(f.Problems, web.Problem{Field: x.Field, Text: c.FieldSentence(x)})
		}
		c.Unprocessable(err)
		return s.render(c, c.View(""), f)
	}
	if err != nil {
		return err
	}
	return send(c, e)
}
