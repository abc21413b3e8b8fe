package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"shubbak/modules/agreements"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/sheet"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// OfAgreement is the permission to take the figures of an agreement away.
var OfAgreement = policies.To("report", "agreement")

// AgreementFigures is the report `agreement`: what each party has done in each month of
// a period. Counts from one to four are null and suppressed, since the file leaves the
// tenant: the steering committee reads it. So are counts of all but one to four.
type AgreementFigures struct {
	ID     ids.ID[ids.Agreement] `json:"id" validate:"required"`
	Number string                `json:"number" validate:"required"`
	From   string                `json:"from" validate:"required"`
	To     string                `json:"to" validate:"required"`
	AsOf   *time.Time            `json:"as_of,omitempty"`
	Items  []Figure              `json:"items" validate:"required"`
}

// Figure is one count; of is what a share is counted of.
type Figure struct {
	Party      string `json:"party" validate:"required"`
	Indicator  string `json:"indicator" validate:"required"`
	Month      string `json:"month" validate:"required"` // its first day
	Count      *int64 `json:"count"`
	Of         *int64 `json:"of,omitempty"`
	Suppressed bool   `json:"suppressed,omitempty"`
}

// leaving is a count, and what it is counted of (0 where of nothing), as they may leave.
// Where all but a few count, the few are hidden with the count.
func leaving(n, of int64) (count, whole *int64, suppressed bool) {
	if agreements.TooFew(n) || agreements.TooFew(of) {
		return nil, nil, true
	}
	if of > 0 {
		whole = &of
	}
	if agreements.TooFew(of - n) {
		return nil, whole, true
	}
	return &n, whole, false
}

// Figures adds up the days of a period by month.
func (s *Service) Figures(ctx context.Context, id ids.ID[ids.Agreement], from, to string) (r AgreementFigures, err error) {
	a, err := s.Agreements.Get(ctx, id)
	if err != nil {
		return r, err
	}
	r = AgreementFigures{ID: id, Number: a.Number, From: from, To: to, Items: []Figure{}}
	all, err := s.Tallies(ctx, []ids.ID[ids.Agreement]{id}, to)
	if err != nil {
		return r, err
	}
	if t := all[id]; !t.AsOf.IsZero() {
		r.AsOf = &t.AsOf
	}
	var rows []figureRow
	if err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		rows, err = daysOf(ctx, id, from, to)
		return err
	}); err != nil {
		return r, err
	}
	sum := map[given][2]int64{}
	for _, x := range rows {
		k := given{Party: x.PartyID, Indicator: x.Indicator, Span: agreements.PeriodStart("month", x.Span)}
		sum[k] = [2]int64{sum[k][0] + x.Num, sum[k][1] + x.Den}
	}
	for k, v := range sum {
		f := Figure{Party: s.Tenants.Slug(ctx, k.Party), Indicator: k.Indicator, Month: k.Span}
		f.Count, f.Of, f.Suppressed = leaving(v[0], v[1])
		r.Items = append(r.Items, f)
	}
	slices.SortFunc(r.Items, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Party, b.Party), cmp.Compare(a.Indicator, b.Indicator))
	})
	return r, s.Audit.Opened(ctx, audit.Entry{Action: "export", Object: "agreement", ID: id.String(), Fields: []string{"figures", from, to}})
}

// agreementQuery is the query of the report, for OpenAPI.
type agreementQuery struct {
	ID     string `query:"id" json:"-"`
	From   string `query:"from" json:"-"`
	To     string `query:"to" json:"-"`
	Format string `query:"format" json:"-"`
}

func (s *Service) agreementRoute() web.Route {
	return web.Stream(http.MethodGet, "/reports/agreement", "The figures of an agreement by month: JSON, CSV or XLSX; small counts are suppressed", OfAgreement,
		web.Doc{Status: http.StatusOK, In: reflect.TypeFor[agreementQuery](), Out: reflect.TypeFor[AgreementFigures](), Media: []string{"application/json", "text/csv", sheet.XLSXType}}, s.agreement)
}

// agreement answers GET /reports/agreement; a query that cannot be read is 400, an
// agreement out of reach 404.
func (s *Service) agreement(c *web.Ctx) error {
	today := s.Clock.Now().In(clock.Casablanca())
	a := Ask{From: c.Query("from"), To: c.Query("to"), Format: cmp.Or(c.Query("format"), "json")}
	a.From, a.To = cmp.Or(a.From, today.AddDate(-1, 0, 1-today.Day()).Format(time.DateOnly)), cmp.Or(a.To, today.Format(time.DateOnly))
	if _, _, err := a.check(); err != nil {
		return web.Malformed(web.Faults(err)[0].Field)
	}
	id, err := ids.Parse[ids.Agreement](c.Query("id"))
	if err != nil {
		return web.Malformed("id")
	}
	r, err := s.Figures(c.Std(), id, a.From, a.To)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("agreement_%s_%s.%s", a.From, a.To, a.Format)
	switch a.Format {
	case "json":
		return c.File("application/json", "", func(_ context.Context, w io.Writer) error {
			if err := json.NewEncoder(w).Encode(r); err != nil {
				return err
			}
			return io.EOF
		})
	case "csv":
		return c.File(sheet.CSVType, `attachment; filename="`+name+`"`, func(ctx context.Context, w io.Writer) error { return s.writeFigures(ctx, w, r, true) })
	}
	return c.File(sheet.XLSXType, `attachment; filename="`+name+`"`, func(ctx context.Context, w io.Writer) error { return s.writeFigures(ctx, w, r, false) })
}

// writeFigures makes the table in the reader's words.
func (s *Service) writeFigures(ctx context.Context, w io.Writer, r AgreementFigures, plain bool) error {
	lang := tenants.From(ctx).Lang
	word := func(key string) string { return s.Catalog.T(lang, key, nil) }
	columns := []sheet.Column{{Title: word("reports.figure.month"), Width: 16}, {Title: word("reports.figure.party"), Width: 40}, {Title: word("reports.figure.indicator"), Width: 40},
		{Title: word("reports.figure.count"), Width: 12}, {Title: word("reports.figure.of"), Width: 12}}
	var out sheet.Writer
	var err error
	if plain {
		out, err = sheet.CSV(w, columns)
	} else {
		out, err = sheet.XLSX(w, r.Number, lang == i18n.Arabic, columns)
	}
	if err != nil {
		return err
	}
	number := func(n *int64, f Figure) string {
		if n != nil {
			return strconv.FormatInt(*n, 10)
		}
		switch {
		case f.Suppressed && f.Of != nil:
			return word("reports.figure.nearly")
		case f.Suppressed:
			return word("reports.figure.small")
		}
		return ""
	}
	for _, f := range r.Items {
		party := f.Party
		if t, err := s.Tenants.BySlug(ctx, f.Party); err == nil && t != nil {
			party = t.Name(lang)
		}
		of := number(f.Of, f)
		if f.Of == nil {
			of = ""
		}
		if err := out.Row(f.Month[:7], party, word("reports.indicator."+f.Indicator), number(f.Count, f), of); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return io.EOF
}
