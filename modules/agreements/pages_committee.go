package agreements

import (
	"context"
	"strconv"
	"time"

	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// committee is the file of a meeting: how the agreement is kept, and what the last
// meeting decided. It leaves the tenant, so small counts are not in it.
type committee struct {
	sheet
	Day       string
	Since     string
	Counts    []counted
	Decisions []outcome
	Other     i18n.Lang
}

// counted is a count in words, "fewer than 5" where it is too small to leave.
type counted struct{ Word, Count string }

// outcome is a decision of the last meeting, with what became of it.
type outcome struct{ What, Who, Due, State string }

// TooFew reports that a count is too small to leave a tenant: below five (domain.md §6).
func TooFew(n int64) bool { return n > 0 && n < 5 }

func leaving(v *web.View, n int64) string {
	if TooFew(n) {
		return v.T("agreements.few")
	}
	return strconv.FormatInt(n, 10)
}

func (s *Service) committeePage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	ctx, v := c.Std(), c.View("")
	lang := i18n.French
	if l, ok := i18n.Parse(c.Query("lang")); ok && l == i18n.Arabic || !ok && c.Lang() == i18n.Arabic {
		lang = i18n.Arabic
	}
	v.Lang = lang
	o, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	a := fullView(o)
	p := committee{sheet: sheet{line: line{View: a, Title: a.Title.in(lang), Parties: s.parties(ctx, v, o.Agreement.Parties), Ends: day(v, a.EndsOn)}, From: day(v, a.EffectiveOn), Names: map[string]string{}},
		Day: i18n.LongDate(lang, v.Local(v.Now)), Other: map[i18n.Lang]i18n.Lang{i18n.Arabic: i18n.French, i18n.French: i18n.Arabic}[lang]}
	for _, x := range o.Text.Parties {
		p.Names[x.Key()] = s.parties(ctx, v, []Party{x.Party})
	}
	if err := s.keeping(ctx, v, o, &p.sheet); err != nil {
		return err
	}
	for i, x := range p.Kept.Promises {
		if x.Small {
			p.Kept.Promises[i].Value = v.T(map[bool]string{true: "agreements.few.rate", false: "agreements.few"}[x.Rate])
		}
	}
	for i, x := range p.Kept.Quotas {
		if x.Small { // what is left would say the number
			p.Kept.Quotas[i].Used, p.Kept.Quotas[i].Left = v.T("agreements.few"), "–"
		}
	}
	for _, x := range p.Kept.States {
		p.Counts = append(p.Counts, counted{x.Word, leaving(v, x.Count)})
	}
	p.Counts = append(p.Counts, counted{v.T("agreements.count.dangers"), leaving(v, p.Kept.Dangers)}, counted{v.T("agreements.count.exceptions"), leaving(v, p.Kept.Exceptions)})
	if err := s.lastDecisions(ctx, v, o, &p); err != nil {
		return err
	}
	v.Title = v.T("agreements.committee.title", "Number", a.Number)
	return c.Render(committeeView(v, p))
}

// network is the page of all agreements of the reader's tenant on one line of time.
type network struct {
	Years []mark // where each begins
	Today int
	Rows  []span
	Soon  []span // that expire, or wait for a notice
	Late  []span // with obligations that are late
}

// span is one agreement on the line of time; X and Width are percents.
type span struct {
	line
	X, Width int
	Begins   string
	Late     int
}

// along is where the mark's word begins, from the left.
func (m mark) along(v *web.View) string {
	if v.Lang.Dir() == "rtl" {
		return percent(100 - m.X)
	}
	return percent(m.X)
}

// seenAtOnce bounds the page of the network.
const seenAtOnce = 200

func (s *Service) networkPage(c *web.Ctx) error {
	ctx, v := c.Std(), c.View("")
	rows, err := s.List(ctx, []string{string(Signed), string(AwaitingVisa), string(InForce), string(Expiring), string(Suspended)}, web.PageOf{Limit: seenAtOnce})
	if err != nil {
		return err
	}
	n, err := s.timeline(ctx, v, rows)
	if err != nil {
		return err
	}
	v.Title = v.T("agreements.network")
	return c.Render(networkView(v, n))
}

// timeline arranges agreements from the first beginning to the last end.
func (s *Service) timeline(ctx context.Context, v *web.View, rows []Agreement) (n network, err error) {
	if len(rows) == 0 {
		return n, nil
	}
	first, last := rows[0].EffectiveOn, rows[0].EndsOn
	for _, a := range rows {
		first, last = min(first, a.EffectiveOn), max(last, a.EndsOn)
	}
	from, to := first[:4]+"-01-01", last[:4]+"-12-31"
	at := func(d string) int { return placeOf(d, from, to) }
	for year := from[:4]; year <= to[:4]; year = PeriodEnd("year", year+"-01-01")[:4] {
		n.Years = append(n.Years, mark{X: at(year + "-01-01"), Word: year})
	}
	today := s.today()
	n.Today = at(today)
	late, err := s.lateCounts(ctx, rows)
	if err != nil {
		return n, err
	}
	for _, a := range rows {
		x := view(a)
		l := span{line: line{View: x, Title: x.Title.in(v.Lang), Parties: s.parties(ctx, v, a.Parties), Ends: day(v, a.EndsOn)}, X: at(a.EffectiveOn), Begins: day(v, a.EffectiveOn), Late: late[a.ID]}
		l.Width = max(1, at(a.EndsOn)-l.X)
		n.Rows = append(n.Rows, l)
		if a.State == Expiring || a.RenewsItself() && a.NoticeUntil() <= Day(today, 90) {
			n.Soon = append(n.Soon, l)
		}
		if l.Late > 0 {
			n.Late = append(n.Late, l)
		}
	}
	return n, nil
}

// lastDecisions fills what the last meeting that was held has decided.
func (s *Service) lastDecisions(ctx context.Context, v *web.View, o Opened, p *committee) error {
	list, err := s.Meetings(ctx, o.ID, "", 50)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.State != Held && m.State != Closed {
			continue
		}
		open, err := s.Meeting(ctx, o.ID, m.ID)
		if err != nil {
			return err
		}
		p.Since = v.T("agreements.committee.since", "Date", day(v, m.StartsLocal[:len(time.DateOnly)]))
		for _, d := range open.Decisions {
			x := outcome{What: d.Words, Who: p.partyName(d.Party, v), Due: day(v, d.DueOn)}
			if d.State != "" {
				x.State = v.T("tasks.state." + d.State)
			}
			p.Decisions = append(p.Decisions, x)
		}
		return nil
	}
	return nil
}

// AgendaOf is what the work puts on the agenda of a committee: obligations that are
// late, or were not met.
func (s *Service) AgendaOf(ctx context.Context, id ids.ID[ids.Agreement]) (out []AgendaItem, err error) {
	o, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	f, err := s.Follow(ctx, o)
	for _, x := range f.Obligations {
		if x.State != Late && x.State != Unmet && x.State != AtRisk {
			continue
		}
		facts := number(x.Target)
		if x.Value.Known {
			facts = number(float64(int(x.Value.Of(x.Obligation)*10))/10) + " / " + facts
		}
		title := x.Title
		if title.Ar == "" && title.Fr == "" {
			title = Title{s.Catalog.T(i18n.Arabic, "agreements.indicator."+x.Indicator, nil), s.Catalog.T(i18n.French, "agreements.indicator."+x.Indicator, nil)}
		}
		out = append(out, AgendaItem{Kind: "obligation", Key: "obligation:" + x.ID.String(), Title: Label{Ar: title.Ar, Fr: title.Fr, En: title.Fr}, Facts: facts})
	}
	return out, err
}
