package reports

import (
	"cmp"
	"slices"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/referrals"
	"shubbak/platform/ids"
)

// periods are the spans in which a person counts once: those that an obligation may
// name.
var periods = []string{"month", "quarter", "semester", "year", "term"}

// persons is the indicator of persons accompanied.
const persons = "persons_accompanied"

// given is one figure that a referral gives, in a form that is stored and compared.
// Token stands for the person of `persons` and is "" everywhere else.
type given struct {
	Party     ids.ID[ids.Tenant] `json:"p"`
	Indicator string             `json:"i"`
	Unit      string             `json:"u"`
	Span      string             `json:"s"`
	Num       int64              `json:"n"`
	Den       int64              `json:"d,omitempty"`
	Token     string             `json:"t,omitempty"`
}

func (g given) key() given { g.Num, g.Den = 0, 0; return g }

func compare(a, b given) int {
	return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Span, b.Span), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Party.String(), b.Party.String()), cmp.Compare(a.Token, b.Token))
}

// contribution is everything that one referral gives to the figures of its agreement,
// from its whole history: the same history gives the same, whenever and however often
// it is asked. token stands for the person.
func contribution(c referrals.Course, token string, zone *time.Location) []given {
	var f fold
	sent := slices.IndexFunc(c.Steps, func(s referrals.Step) bool { return s.Event == "sent" })
	if c.Agreement.IsZero() || sent < 0 || slices.ContainsFunc(c.Steps, func(s referrals.Step) bool { return s.Event == "entered_in_error" }) {
		return nil
	}
	f.zone = zone
	var decision, end, begun *referrals.Step
	confirmed := false
	for i := range c.Steps {
		s := &c.Steps[i]
		switch s.Event {
		case "accepted", "declined", "redirected", "expired":
			decision = s
		case "acceptance_undone":
			decision = nil
		case "started", "completed":
			if begun == nil {
				begun = s
			}
		}
		if s.Event == "completed" {
			end = s
		}
		confirmed = confirmed || s.Event == "outcome_confirmed"
	}
	at := c.Steps[sent].At
	f.add(c.From, agreements.CountSent, at, 1, 0)
	if c.Danger {
		f.add(c.From, agreements.CountDangers, at, 1, 0)
	}
	if c.Exception {
		f.add(c.From, agreements.CountExceptions, at, 1, 0)
	}
	if decision != nil {
		f.add(c.To, "answered_in_time", decision.At, one(!decision.Late && decision.Event != "expired"), 1)
		f.add(c.To, "accepted", decision.At, one(decision.Event == "accepted"), 1)
	}
	if end != nil {
		f.add(c.To, "completed", end.At, 1, 0)
		f.add(c.From, "outcomes_confirmed", end.At, one(confirmed), 1)
	}
	if begun != nil {
		day := begun.At.In(zone).Format(time.DateOnly)
		for _, p := range periods {
			span := ""
			if p != "term" {
				span = agreements.PeriodStart(p, day)
			}
			f.out = append(f.out, given{Party: c.To, Indicator: persons, Unit: p, Span: span, Num: 1, Token: token})
		}
	}
	f.out = append(f.out, given{Party: c.To, Indicator: agreements.CountState + string(c.Steps[len(c.Steps)-1].To), Unit: agreements.UnitNow, Num: 1})
	slices.SortFunc(f.out, compare)
	return f.out
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

type fold struct {
	zone *time.Location
	out  []given
}

// add gives to the day and to its month.
func (f *fold) add(party ids.ID[ids.Tenant], indicator string, at time.Time, num, den int64) {
	day := at.In(f.zone).Format(time.DateOnly)
	f.out = append(f.out, given{Party: party, Indicator: indicator, Unit: agreements.UnitDay, Span: day, Num: num, Den: den},
		given{Party: party, Indicator: indicator, Unit: agreements.UnitMonth, Span: agreements.PeriodStart("month", day), Num: num, Den: den})
}

// difference is what has to be added to the figures so that they hold `now` in place of
// `before`, in one order, so that two never wait for each other.
func difference(before, now []given) []given {
	sum := map[given]given{}
	count := func(list []given, sign int64) {
		for _, g := range list {
			x := sum[g.key()]
			n, d := x.Num+sign*g.Num, x.Den+sign*g.Den
			x = g
			x.Num, x.Den = n, d
			sum[g.key()] = x
		}
	}
	count(before, -1)
	count(now, 1)
	var out []given
	for _, g := range sum {
		if g.Num != 0 || g.Den != 0 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, compare)
	return out
}
