package reports

import (
	"net/http"
	"reflect"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/ids"
	"shubbak/platform/sheet"
	"shubbak/web"
)

// registerQuery is the query of the register, for OpenAPI.
type registerQuery struct {
	From   string `query:"from" json:"-"`
	To     string `query:"to" json:"-"`
	Unit   string `query:"unit" json:"-"`
	Box    string `query:"box" json:"-"`
	Format string `query:"format" json:"-"`
}

// Answer is the register as JSON.
type Answer struct {
	From  string           `json:"from" validate:"required"`
	To    string           `json:"to" validate:"required"`
	Items []referrals.Line `json:"items" validate:"required"`
}

func (s *Service) streams() []web.Route {
	return []web.Route{
		web.Stream(http.MethodGet, "/reports/register", "The caller's own register of referrals in a period, oldest first: JSON, CSV or XLSX", Register,
			web.Doc{Status: http.StatusOK, In: reflect.TypeFor[registerQuery](), Out: reflect.TypeFor[Answer](), Media: []string{"application/json", "text/csv", sheet.XLSXType}}, s.register),
	}
}

// register answers GET /reports/register; a query that cannot be read is 400.
func (s *Service) register(c *web.Ctx) error {
	zone := clock.Casablanca()
	now := s.Clock.Now().In(zone)
	a := Ask{Box: c.Query("box"), From: c.Query("from"), To: c.Query("to"), Format: c.Query("format")}
	if a.From == "" {
		a.From = time.Date(now.Year(), 1, 1, 0, 0, 0, 0, zone).Format(time.DateOnly)
	}
	if a.To == "" {
		a.To = now.Format(time.DateOnly)
	}
	if a.Format == "" {
		a.Format = "json"
	}
	if raw := c.Query("unit"); raw != "" {
		id, err := ids.Parse[ids.Unit](raw)
		if err != nil {
			return web.Malformed("unit")
		}
		a.Unit = id
	}
	e, err := s.Begin(c.Std(), a)
	if fields := web.Faults(err); len(fields) > 0 {
		return web.Malformed(fields[0].Field)
	}
	if err != nil {
		return err
	}
	return send(c, e)
}

func send(c *web.Ctx, e *Export) error {
	disposition := `attachment; filename="` + e.Name() + `"`
	if e.ask.Format == "json" {
		disposition = ""
	}
	return c.File(e.MediaType(), disposition, e.Write)
}
