package agreements

import (
	"slices"
	"time"

	"shubbak/platform/ids"
)

// The states of an obligation (domain.md §3). They are computed from its figures and
// the day, never stored; only waived is somebody's act.
const (
	Programmed = "planned"
	OnTrack    = "on_track"
	AtRisk     = "at_risk"
	Late       = "late"
	Met        = "met"
	Unmet      = "unmet"
	Waived     = "waived"
)

// Standings lists them.
var Standings = []string{Programmed, OnTrack, AtRisk, Late, Met, Unmet, Waived}

// shares are the indicators whose target is a percentage of what was counted; the
// target of every other is a number in the period.
var shares = []string{"answered_in_time", "accepted", "outcomes_confirmed"}

// Share reports that the target of an obligation is a percentage.
func (o Obligation) Share() bool { return o.Mode == "computed" && slices.Contains(shares, o.Indicator) }

// Computed reports that the platform measures it; what no part of the platform feeds
// yet (hours of students, trainings) is declared until then.
func (o Obligation) Computed() bool {
	return o.Mode == "computed" && !slices.Contains([]string{"student_hours", "trainings"}, o.Indicator)
}

// counts reports that the value is a number of referrals or of persons.
func (o Obligation) counts() bool {
	return o.Computed() && !o.Share() && o.Indicator != "places_offered"
}

// Span is one period of an obligation within the agreement's term: first and last day.
type Span struct{ From, To string }

// holds reports whether a day lies in it.
func (s Span) holds(day string) bool { return s.From <= day && day <= s.To }

// spanOf is the period of an obligation that holds a day, cut to the agreement's term.
func (o Obligation) spanOf(day, from, to string) Span {
	if o.Period == "term" {
		return Span{from, to}
	}
	first := PeriodStart(o.Period, day)
	last := Day(PeriodEnd(o.Period, first), -1)
	return Span{max(first, from), min(last, to)}
}

// spans are the last periods up to the one that holds a day, the newest first.
func (o Obligation) spans(day, from, to string, n int) []Span {
	var out []Span
	for at := min(day, to); len(out) < n && at >= from; {
		s := o.spanOf(at, from, to)
		out = append(out, s)
		at = Day(s.From, -1)
	}
	return out
}

// Value is what an obligation has reached in a span: Num of Den for a share, else Num.
// Known is false where nothing was measured.
type Value struct {
	Num, Den float64
	Known    bool
}

// Of is the value in the unit of the target.
func (v Value) Of(o Obligation) float64 {
	if !o.Share() {
		return v.Num
	}
	if v.Den == 0 {
		return 0
	}
	return v.Num / v.Den * 100
}

// How near to what is expected by now counts as being at risk, and as late.
const (
	riskBelow = 0.9
	lateBelow = 0.7
)

// Stand says how an obligation stands in a span on a day. Before its first day it is
// planned; after its last met or unmet, or late where nothing was declared. In between a
// share is held against its target; a number against what would be there by now if the
// work came evenly.
func (o Obligation) Stand(v Value, s Span, day string) string {
	value := v.Of(o)
	switch {
	case day < s.From:
		return Programmed
	case v.Known && value >= o.Target && (day > s.To || !o.Share()):
		return Met
	case day > s.To && !v.Known && !o.Computed():
		return Late
	case day > s.To && !v.Known && o.Share():
		return Met // nothing came in that could have been answered late
	case day > s.To:
		return Unmet
	case !v.Known:
		return Programmed
	}
	expected := o.Target
	if !o.Share() {
		expected *= elapsed(s, day)
	}
	switch {
	case value >= expected*riskBelow && (!o.Share() || value >= expected):
		return OnTrack
	case value >= expected*lateBelow:
		return AtRisk
	}
	return Late
}

// elapsed is the part of a span that has passed with a day.
func elapsed(s Span, day string) float64 {
	from, err1 := time.Parse(time.DateOnly, s.From)
	to, err2 := time.Parse(time.DateOnly, s.To)
	at, err3 := time.Parse(time.DateOnly, day)
	if err1 != nil || err2 != nil || err3 != nil || !to.After(from) {
		return 1
	}
	return min(1, float64(at.Sub(from)+24*time.Hour)/float64(to.Sub(from)+24*time.Hour))
}

// Measure is a declared value of an obligation, with its evidence. It counts once
// somebody of another party has counter-signed it.
type Measure struct {
	ID            ids.ID[ids.Entry] `bun:",pk"`
	AgreementID   ids.ID[ids.Agreement]
	ObligationID  ids.ID[ids.Entry]
	On            string `bun:"on_day"` // the day for which it counts
	Value         float64
	Evidence      string               // words: a report's number, a list of attendance
	DocumentID    ids.ID[ids.Document] `bun:",nullzero"`
	ByTenant      ids.ID[ids.Tenant]
	ByUser        ids.ID[ids.User]
	At            time.Time
	SignedTenant  ids.ID[ids.Tenant] `bun:",nullzero"`
	SignedUser    ids.ID[ids.User]   `bun:",nullzero"`
	SignedAt      time.Time          `bun:",nullzero"`
	RefusedReason string
}

// Counts reports that another party has counter-signed it.
func (m Measure) Counts() bool { return !m.SignedAt.IsZero() && m.RefusedReason == "" }

// Waits reports that nobody of another party has answered it yet.
func (m Measure) Waits() bool { return m.SignedAt.IsZero() }

// Waiver frees a party from an obligation, for a reason that stays.
type Waiver struct {
	AgreementID  ids.ID[ids.Agreement] `bun:",pk"`
	ObligationID ids.ID[ids.Entry]     `bun:",pk"`
	Reason       string
	ByTenant     ids.ID[ids.Tenant]
	ByUser       ids.ID[ids.User]
	At           time.Time
}
