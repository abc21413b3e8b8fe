package reports

import (
	"net/http"
	"strconv"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) agreementPages() []web.Route {
	return []web.Route{web.Page(http.MethodGet, "/agreements/:id/referrals", OfAgreement, s.rowsPage)}
}

// rowsPerPage is a register's page.
const rowsPerPage = 50

// under is the list of the referrals of an agreement, without anybody's name.
type under struct {
	ID          string
	Number      string
	Rows        []underRow
	First, Next string
}

type underRow struct {
	Number, Way, Service, Need, Sent, Accepted, Ended string
	State                                             string
	Danger, Exception, Overdue                        bool
}

func (s *Service) rowsPage(c *web.Ctx) error {
	ctx, v := c.Std(), c.View("")
	id, err := ids.Parse[ids.Agreement](c.Params("id"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	o, err := s.Agreements.Get(ctx, id)
	if err != nil {
		return err
	}
	page, err := (web.Paging{Limit: strconv.Itoa(rowsPerPage), After: c.Query("after")}).Decode("under", id.String())
	if err != nil {
		return err
	}
	rows, err := s.Referrals.Under(ctx, id, page)
	if err != nil {
		return err
	}
	u := under{ID: id.String(), Number: o.Number}
	cut := web.Cut(page, rows, func(r referrals.Row) string { return r.ID.String() }, func(r referrals.Row) referrals.Row { return r })
	var services []ids.ID[ids.Service]
	var seen []string
	for _, r := range cut.Items {
		services, seen = append(services, r.Service), append(seen, r.ID.String())
	}
	names, err := s.ServiceNames(ctx, services)
	if err != nil {
		return err
	}
	name := func(t ids.ID[ids.Tenant]) string {
		if x, err := s.Tenants.ByID(ctx, t); err == nil && x != nil {
			return x.Name(v.Lang)
		}
		return ""
	}
	on := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return i18n.ShortDate(v.Local(t))
	}
	for _, r := range cut.Items {
		u.Rows = append(u.Rows, underRow{Number: r.Number, Way: name(r.To), Service: names[r.Service].Name.In(v.Lang), Need: v.T("need." + r.Need), Sent: on(r.SentAt), Accepted: on(r.AcceptedAt), Ended: on(r.EndedAt),
			State: string(r.State), Danger: r.Danger, Exception: r.Exception, Overdue: r.Overdue})
	}
	if c.Query("after") != "" {
		u.First = "/agreements/" + u.ID + "/referrals"
	}
	if cut.Next != nil {
		u.Next = "/agreements/" + u.ID + "/referrals?after=" + *cut.Next
	}
	// Cards are personal data even without a name: the page is one entry with its ids.
	if err := s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "referral", ID: id.String(), Fields: seen}); err != nil {
		return err
	}
	v.Title = v.T("reports.under.title", "Number", o.Number)
	return c.Render(underView(v, u))
}

var _ agreements.Counts = (*Service)(nil)
