package agreements

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// kept is how an agreement is being kept, in words.
type kept struct {
	AsOf       string
	Term       []mark
	Quotas     []quotaLine
	Promises   []promiseLine
	States     []stateLine
	Sent       int64
	Dangers    int64
	Exceptions int64
	Disclosed  string
	Declares   []web.Choice // obligations of which the reader may declare something
	Waits      []measureLine
	Done       []measureLine
}

// mark is a day on the line of the term; X is its place in percent of the line.
type mark struct {
	X          int
	Word, Date string
	Now, Past  bool
}

// fill is full for what has passed, and for today.
func (m mark) fill() string {
	if m.Past {
		return "currentColor"
	}
	return "#fff"
}

type quotaLine struct {
	Service, Period, Used, Left string
	Percent                     int
	Tone                        string
	Small                       bool // too few are counted to leave the tenant
}

type promiseLine struct {
	ID                                 string
	Party, What, Target, Value, Source string
	Curve                              []point
	Goal                               string // height of the target in the curve
	State                              string
	Reason                             string
	Mine                               bool
	Small                              bool // the value counts too few to leave the tenant
	Rate                               bool // the value is a share
	order                              int
}

type point struct{ X, Y string }

type stateLine struct {
	Word  string
	Count int64
}

type measureLine struct {
	ID, What, Value, Day, Who, Evidence, State, Reason string
	Answers                                            bool
}

// promiseLooks are the tones of design.md §6, "Obligation".
var promiseLooks = map[string]look{Programmed: {"n", "calendar"}, OnTrack: {"g", "check"}, AtRisk: {"s", "warning"}, Late: {"r", "clock-late"}, Met: {"g", "check-disc"}, Unmet: {"r", "x"}, Waived: {"n", "minus"}}

var measureLooks = map[string]look{"declared": {"s", "signature"}, "countersigned": {"g", "check"}, "refused": {"r", "x"}}

// keeping puts how an agreement is being kept into words.
func (s *Service) keeping(ctx context.Context, v *web.View, o Opened, p *sheet) error {
	f, err := s.Follow(ctx, o)
	if err != nil {
		return err
	}
	k := &p.Kept
	if !f.AsOf.IsZero() {
		k.AsOf = v.T("agreements.as_of", "Date", i18n.DateTime(v.Lang, v.Local(f.AsOf)))
	}
	k.Term = s.term(v, o)
	k.Sent, k.Dangers, k.Exceptions, k.Disclosed = f.Sent, f.Dangers, f.Exceptions, strconv.Itoa(f.Disclosed)
	if f.Disclosed >= MostDisclosed {
		k.Disclosed += "+"
	}
	for _, x := range f.Referrals {
		k.States = append(k.States, stateLine{v.T("state." + x.State), x.Count})
	}
	if err := s.quotaLines(ctx, v, f, k); err != nil {
		return err
	}
	actor := tenants.From(ctx)
	may := s.Law.Allow(actor, measure, s.Relations(ctx, o.Agreement)...) && slices.Contains(measurable, o.State)
	titles := map[ids.ID[ids.Entry]]string{}
	for i, x := range f.Obligations {
		l := promiseLine{ID: x.ID.String(), Party: p.partyName(x.Party, v), What: promised(v, x.Obligation), Target: amount(v, x.Obligation, x.Target), Source: v.T("agreements.mode." + x.Mode), State: x.State, Reason: x.Reason,
			Mine: x.Party == actor.Tenant.Slug || x.Party == AllParties, order: i}
		titles[x.ID] = l.What
		if x.Value.Known {
			l.Value = amount(v, x.Obligation, x.Value.Of(x.Obligation))
			l.Small = x.counts() && TooFew(int64(x.Value.Num)) || x.Share() && TooFew(int64(x.Value.Den))
			l.Rate = x.Share()
		}
		l.Curve, l.Goal = curve(x)
		k.Promises = append(k.Promises, l)
		if may && !x.Computed() && x.State != Waived && (l.Mine || p.Mine) {
			k.Declares = append(k.Declares, web.Choice{Value: l.ID, Word: l.What})
		}
	}
	// One's own promises come first.
	slices.SortStableFunc(k.Promises, func(a, b promiseLine) int {
		if a.Mine != b.Mine {
			if a.Mine {
				return -1
			}
			return 1
		}
		return a.order - b.order
	})
	for _, m := range f.Measures {
		l := measureLine{ID: m.ID.String(), What: titles[m.ObligationID], Value: number(m.Value), Day: day(v, m.On), Who: s.name(ctx, v, s.Tenants.Slug(ctx, m.ByTenant)), Evidence: m.Evidence, State: m.state(), Reason: m.RefusedReason,
			Answers: may && m.Waits() && m.ByTenant != actor.Tenant.ID}
		if m.Waits() {
			k.Waits = append(k.Waits, l)
		} else {
			k.Done = append(k.Done, l)
		}
	}
	return nil
}

func (s *Service) quotaLines(ctx context.Context, v *web.View, f Follow, k *kept) error {
	var list []ids.ID[ids.Service]
	for _, u := range f.Quotas {
		list = append(list, u.ServiceID)
	}
	names, err := s.services(ctx, list)
	if err != nil {
		return err
	}
	for _, u := range f.Quotas {
		l := quotaLine{Service: names[u.ServiceID].Name.In(v.Lang), Period: periodWords(v, u.Period, u.StartsOn), Used: v.T("agreements.used", "Used", u.Used, "Limit", u.Limit), Percent: u.Percent(), Small: TooFew(int64(u.Used))}
		switch {
		case u.Left() > 0:
			l.Left = v.T("agreements.left", "Count", u.Left())
		case u.Hard:
			l.Left = v.T("agreements.left.none", "Date", day(v, u.FreeOn()))
		default:
			l.Left = v.T("agreements.left.soft")
		}
		switch {
		case u.Percent() >= 100:
			l.Tone = "r"
		case u.Percent() >= Warnings[0]:
			l.Tone = "s"
		}
		k.Quotas = append(k.Quotas, l)
	}
	return nil
}

// services finds services by their ids.
func (s *Service) services(ctx context.Context, list []ids.ID[ids.Service]) (map[ids.ID[ids.Service]]ServiceName, error) {
	if s.ServiceNames == nil || len(list) == 0 {
		return map[ids.ID[ids.Service]]ServiceName{}, nil
	}
	return s.ServiceNames(ctx, list)
}

// periodWords names a period: the month by its name, the quarter by its number.
func periodWords(v *web.View, period, start string) string {
	t, err := time.Parse(time.DateOnly, start)
	if err != nil {
		return start
	}
	switch period {
	case "month":
		return strings.TrimPrefix(strings.TrimPrefix(i18n.Date(v.Lang, t), "1er "), "1 ")
	case "quarter":
		return v.T("agreements.quarter", "Number", int(t.Month()-1)/3+1, "Year", t.Year())
	case "year":
		return strconv.Itoa(t.Year())
	}
	return v.T("agreements.week_of", "Date", i18n.Date(v.Lang, t))
}

// amount is a value in the unit of an obligation's target.
func amount(v *web.View, o Obligation, n float64) string {
	if !o.Share() {
		return number(n)
	}
	if v.Lang == i18n.French {
		return fmt.Sprintf("%.0f\u00a0%%", n)
	}
	return fmt.Sprintf("%.0f%%", n)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// The size of a curve (design.md §11).
const (
	curveWidth  = 84
	curveHeight = 22
)

// curve draws the last periods, with the height of the target.
func curve(k Promise) (out []point, goal string) {
	top := k.Target
	for _, x := range k.Before {
		top = max(top, x.Of(k.Obligation))
	}
	if len(k.Before) < 2 || top <= 0 {
		return nil, ""
	}
	y := func(n float64) string { return fmt.Sprintf("%.1f", 2+(curveHeight-4)*(1-n/top)) }
	for i, x := range k.Before {
		if x.Known {
			out = append(out, point{fmt.Sprintf("%.1f", 3+float64(i)*(curveWidth-6)/float64(len(k.Before)-1)), y(x.Of(k.Obligation))})
		}
	}
	return out, y(k.Target)
}

// path joins the points of a curve.
func curvePath(list []point) string {
	var b strings.Builder
	for i, p := range list {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + p.X + " " + p.Y)
	}
	return b.String()
}

// term is the line from the first to the last day, with today and the notice.
func (s *Service) term(v *web.View, o Opened) []mark {
	if o.EndsOn <= o.EffectiveOn {
		return nil
	}
	today := s.today()
	at := func(d string) int { return placeOf(d, o.EffectiveOn, o.EndsOn) }
	out := []mark{{0, v.T("agreements.mark.start"), day(v, o.EffectiveOn), false, o.EffectiveOn <= today}}
	if o.NoticeDays > 0 && o.Renewal == "tacit" {
		n := o.NoticeUntil()
		out = append(out, mark{at(n), v.T("agreements.mark.notice"), day(v, n), false, n <= today})
	}
	out = append(out, mark{100, v.T("agreements.mark.end"), day(v, o.EndsOn), false, o.EndsOn <= today})
	if o.EffectiveOn <= today && today <= o.EndsOn {
		out = append(out, mark{at(today), v.T("agreements.mark.today"), day(v, today), true, true})
	}
	slices.SortStableFunc(out, func(a, b mark) int { return a.X - b.X })
	return out
}

// done is how far the line of the term has come, in percent.
func (k kept) done() string {
	n := 0
	for _, m := range k.Term {
		if m.Past {
			n = max(n, m.X)
		}
	}
	return strconv.Itoa(n) + "%"
}

// placeOf is where a day lies on a line from one day to another, in percent.
func placeOf(day, from, to string) int {
	a, err1 := time.Parse(time.DateOnly, from)
	b, err2 := time.Parse(time.DateOnly, to)
	t, err3 := time.Parse(time.DateOnly, day)
	if err1 != nil || err2 != nil || err3 != nil || !b.After(a) {
		return 0
	}
	return min(100, max(0, int(float64(t.Sub(a))/float64(b.Sub(a))*100)))
}

func percent(n int) string { return strconv.Itoa(n) + "%" }

// The posts of the page.

func (s *Service) measurePost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	obligation, err := ids.Parse[ids.Entry](f.Get("obligation_id"))
	if err != nil {
		obligation = ids.ID[ids.Entry]{}
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(web.Latin(f.Get("value")), ",", "."), 64)
	if err != nil {
		value = 0
	}
	_, err = s.Declare(c.Std(), id, Measure{ObligationID: obligation, On: web.Day(f, "on"), Value: value, Evidence: f.Get("evidence")})
	return s.afterPost(c, id, err, "declared")
}

func (s *Service) answerPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	which, err := ids.Parse[ids.Entry](c.Params("measure"))
	if err != nil {
		return gone(err)
	}
	f := c.Form()
	yes := f.Get("verdict") == "countersign"
	return s.afterPost(c, id, s.Countersign(c.Std(), id, which, yes, f.Get("reason-"+which.String())), map[bool]string{true: "countersigned", false: "not_countersigned"}[yes])
}
