package agreements

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Follow is how an agreement is being kept, as of the last event that was counted.
type Follow struct {
	AsOf        time.Time
	Quotas      []Use
	Obligations []Promise
	Referrals   []StateCount
	Sent        int64
	Dangers     int64 // beside the quotas
	Exceptions  int64
	Disclosed   int // openings of a person's data, at most MostDisclosed
	Measures    []Measure
}

// MostDisclosed is where the count of openings ends on a page.
const MostDisclosed = 100

// StateCount is how many referrals of an agreement stand in a state.
type StateCount struct {
	State string `json:"state" validate:"required"`
	Count int64  `json:"count" validate:"required"`
}

// Promise is one obligation with its present value and state, and the values of its last
// periods, the oldest first.
type Promise struct {
	Obligation
	Span   Span
	Value  Value
	State  string
	Before []Value
	Reason string // of a waiver
}

// trend is how many periods a curve shows.
const trend = 6

// Follow reads how an agreement is being kept. It adds up at most a few hundred small
// rows; nothing is counted over referrals.
func (s *Service) Follow(ctx context.Context, o Opened) (f Follow, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if f.Quotas, err = quotasOf(ctx, []ids.ID[ids.Agreement]{o.ID}, ids.ID[ids.Service]{}, s.today()); err != nil {
			return err
		}
		e, err := s.evidence(ctx, []Opened{o})
		if err != nil {
			return err
		}
		if s.Counts != nil {
			if f.Disclosed, err = s.Counts.Disclosed(ctx, o.ID, MostDisclosed); err != nil {
				return err
			}
		}
		if f.Measures, err = measuresOf(ctx, o.ID, "", mostMeasures); err != nil {
			return err
		}
		t := e.tallies[o.ID]
		f.AsOf = t.AsOf
		f.count(t)
		f.Obligations, err = s.keep(ctx, o, e)
		return err
	})
	return f, err
}

// evidence is what the obligations of some agreements are held against.
type evidence struct {
	tallies  map[ids.ID[ids.Agreement]]Tally
	declared map[ids.ID[ids.Agreement]][]declaredDay
	waivers  map[ids.ID[ids.Agreement]][]Waiver
	places   map[tenants.ID]int
}

// mostMeasures is how many declarations of an agreement are shown, the newest.
const mostMeasures = 200

// evidence reads it in four queries, for one agreement or for many.
func (s *Service) evidence(ctx context.Context, list []Opened) (e evidence, err error) {
	today := s.today()
	var about []ids.ID[ids.Agreement]
	var offering []tenants.ID
	since := today
	for _, o := range list {
		about, since = append(about, o.ID), min(since, o.firstMonth(today))
		if offering, err = s.offering(ctx, o, offering); err != nil {
			return e, err
		}
	}
	if e.declared, err = declaredOf(ctx, about); err != nil {
		return e, err
	}
	if e.waivers, err = waiversOf(ctx, about); err != nil {
		return e, err
	}
	if s.Counts != nil {
		if e.tallies, err = s.Counts.Tallies(ctx, about, since); err != nil {
			return e, err
		}
	}
	if s.PlacesOf != nil && len(offering) > 0 {
		e.places, err = s.PlacesOf(ctx, offering)
	}
	return e, err
}

// offering adds the parties whose places an obligation of the agreement counts.
func (s *Service) offering(ctx context.Context, o Opened, list []tenants.ID) ([]tenants.ID, error) {
	for _, x := range o.Text.Obligations {
		if x.Indicator != "places_offered" {
			continue
		}
		for _, p := range o.Text.Parties {
			id, err := s.partyOf(ctx, p.Tenant)
			if err != nil {
				return nil, err
			}
			if !id.IsZero() && !slices.Contains(list, id) {
				list = append(list, id)
			}
		}
	}
	return list, nil
}

// firstMonth is from when on figures are wanted: six of the longest periods that the
// obligations name, or the beginning where one counts over the whole term.
func (o Opened) firstMonth(today string) string {
	first := Day(today, -366)
	for _, x := range o.Text.Obligations {
		if !x.Computed() || x.Indicator == "places_offered" {
			continue // asks no figures
		}
		switch x.Period {
		case "term":
			return PeriodStart("year", o.EffectiveOn)
		case "year":
			first = Day(today, -366*trend)
		case "semester":
			first = min(first, Day(today, -183*(trend+1)))
		case "quarter":
			first = min(first, Day(today, -92*(trend+1)))
		}
	}
	return PeriodStart("year", max(first, o.EffectiveOn)) // figures of a year begin with it
}

// count takes the plain counts from the figures.
func (f *Follow) count(t Tally) {
	states := map[string]int64{}
	for _, c := range t.Cells {
		switch {
		case c.Unit == UnitNow && strings.HasPrefix(c.Indicator, CountState) && c.Num > 0:
			states[strings.TrimPrefix(c.Indicator, CountState)] += c.Num
		case c.Unit == UnitMonth && c.Indicator == CountSent:
			f.Sent += c.Num
		case c.Unit == UnitMonth && c.Indicator == CountDangers:
			f.Dangers += c.Num
		case c.Unit == UnitMonth && c.Indicator == CountExceptions:
			f.Exceptions += c.Num
		}
	}
	for _, state := range t.States {
		if n := states[state]; n > 0 {
			f.Referrals = append(f.Referrals, StateCount{state, n})
		}
	}
}

// keep holds each obligation of an agreement against the evidence.
func (s *Service) keep(ctx context.Context, o Opened, e evidence) (out []Promise, err error) {
	today := s.today()
	for _, x := range o.Text.Obligations {
		k := Promise{Obligation: x}
		party, err := s.partyOf(ctx, x.Party)
		if err != nil {
			return nil, err
		}
		value := func(span Span) (Value, error) {
			switch {
			case !x.Computed():
				return declared(e.declared[o.ID], x.ID, span), nil
			case x.Indicator == "places_offered":
				return s.places(ctx, o, x, e.places)
			}
			return e.tallies[o.ID].of(x, party, span), nil
		}
		spans := x.spans(today, o.EffectiveOn, o.EndsOn, trend)
		if len(spans) == 0 {
			k.Span, k.State = x.spanOf(o.EffectiveOn, o.EffectiveOn, o.EndsOn), Programmed
		}
		for i := len(spans) - 1; i >= 0; i-- {
			v, err := value(spans[i])
			if err != nil {
				return nil, err
			}
			k.Before = append(k.Before, v)
			if i == 0 {
				k.Span, k.Value, k.State = spans[0], v, x.Stand(v, spans[0], today)
			}
		}
		waivers := e.waivers[o.ID]
		if i := slices.IndexFunc(waivers, func(w Waiver) bool { return w.ObligationID == x.ID }); i >= 0 {
			k.State, k.Reason = Waived, waivers[i].Reason
		}
		out = append(out, k)
	}
	return out, nil
}

// partyOf is the tenant of a party; zero for all of them, and for an outside body.
func (s *Service) partyOf(ctx context.Context, key string) (id tenants.ID, err error) {
	if key == AllParties {
		return id, nil
	}
	t, err := s.Tenants.BySlug(ctx, key)
	if t != nil {
		id = t.ID
	}
	return id, err
}

// of is the value of a computed obligation in a span.
func (t Tally) of(o Obligation, party tenants.ID, span Span) Value {
	mine := func(c Cell) bool { return party.IsZero() || c.Party == party }
	var n, d int64
	if o.Indicator == "persons_accompanied" {
		first := ""
		if o.Period != "term" {
			first = PeriodStart(o.Period, span.From)
		}
		n, _ = t.sum(o.Indicator, o.Period, func(c Cell) bool { return mine(c) && c.Span == first })
	} else {
		n, d = t.sum(o.Indicator, UnitMonth, func(c Cell) bool { return mine(c) && c.Span >= PeriodStart("month", span.From) && c.Span <= span.To })
	}
	return Value{Num: float64(n), Den: float64(d), Known: !o.Share() || d > 0}
}

// declaredDay is what was declared of an obligation for one day and counter-signed.
type declaredDay struct {
	AgreementID  ids.ID[ids.Agreement]
	ObligationID ids.ID[ids.Entry]
	On           string `bun:"on_day"`
	Value        float64
}

// declared adds what counts in a span.
func declared(list []declaredDay, obligation ids.ID[ids.Entry], span Span) (v Value) {
	for _, m := range list {
		if m.ObligationID == obligation && span.holds(m.On) {
			v.Num, v.Known = v.Num+m.Value, true
		}
	}
	return v
}

// places is how many places a party's services offer today.
func (s *Service) places(ctx context.Context, o Opened, x Obligation, offered map[tenants.ID]int) (v Value, err error) {
	for _, p := range o.Text.Parties {
		if p.Tenant == "" || x.Party != AllParties && x.Party != p.Tenant {
			continue
		}
		id, err := s.partyOf(ctx, p.Tenant)
		if err != nil {
			return v, err
		}
		if n, known := offered[id]; known {
			v.Num, v.Known = v.Num+float64(n), true
		}
	}
	return v, nil
}
