package agreements

import (
	"slices"
	"testing"
)

func TestHowAnObligationStands(t *testing.T) {
	quarter := Span{"2026-10-01", "2026-12-31"} // 92 days
	share := Obligation{Indicator: "answered_in_time", Target: 90, Period: "quarter", Mode: "computed"}
	number := Obligation{Indicator: "persons_accompanied", Target: 92, Period: "quarter", Mode: "computed"} // one a day
	word := Obligation{Indicator: "report", Target: 1, Period: "quarter", Mode: "declared"}
	of := func(num, den float64) Value { return Value{num, den, true} }
	var none Value
	for name, c := range map[string]struct {
		o    Obligation
		v    Value
		day  string
		want string
	}{
		"before its first day":                     {share, none, "2026-09-30", Programmed},
		"nothing measured yet":                     {share, none, "2026-11-01", Programmed},
		"a share at its target":                    {share, of(9, 10), "2026-11-01", OnTrack},
		"a share above it, before the end":         {share, of(10, 10), "2026-11-01", OnTrack},
		"a share below it":                         {share, of(8, 10), "2026-11-01", AtRisk},
		"a share far below it":                     {share, of(6, 10), "2026-11-01", Late},
		"a share on the last day":                  {share, of(10, 10), "2026-12-31", OnTrack},
		"a share, the period over":                 {share, of(9, 10), "2027-01-01", Met},
		"a share missed, the period over":          {share, of(8, 10), "2027-01-01", Unmet},
		"a share of nothing, the period over":      {share, none, "2027-01-01", Met},
		"a number as expected by now":              {number, of(31, 0), "2026-10-31", OnTrack},
		"a number nearly so":                       {number, of(28, 0), "2026-10-31", OnTrack},
		"a number behind":                          {number, of(25, 0), "2026-10-31", AtRisk},
		"a number far behind":                      {number, of(20, 0), "2026-10-31", Late},
		"a number reached early":                   {number, of(92, 0), "2026-10-31", Met},
		"a number missed, the period over":         {number, of(91, 0), "2027-01-01", Unmet},
		"nothing at all, the period over":          {number, of(0, 0), "2027-01-01", Unmet},
		"declared":                                 {word, of(1, 0), "2026-10-02", Met},
		"not declared yet":                         {word, none, "2026-10-31", Programmed},
		"not declared on the last day":             {word, none, "2026-12-31", Programmed},
		"never declared, the period over":          {word, none, "2027-01-01", Late},
		"declared below what was due, and it ends": {Obligation{Indicator: "trainings", Target: 2, Mode: "declared"}, of(1, 0), "2027-01-01", Unmet},
	} {
		if got := c.o.Stand(c.v, quarter, c.day); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := number.Stand(of(0, 0), Span{"2026-11-28", "2026-11-28"}, "2026-11-28"); got != Late {
		t.Errorf("a period of one day: %s", got)
	}
}

func TestSpansOfAnObligation(t *testing.T) {
	for name, c := range map[string]struct {
		period, day string
		n           int
		want        []Span
	}{
		"quarters, the first cut to the term": {"quarter", "2027-02-10", 6, []Span{{"2027-01-01", "2027-03-31"}, {"2026-10-01", "2026-12-31"}, {"2026-09-15", "2026-09-30"}}},
		"no more than asked":                  {"month", "2027-02-10", 2, []Span{{"2027-02-01", "2027-02-28"}, {"2027-01-01", "2027-01-31"}}},
		"the last cut to the term":            {"semester", "2027-08-01", 1, []Span{{"2027-07-01", "2027-09-14"}}},
		"after the end, the last one":         {"year", "2031-05-05", 6, []Span{{"2027-01-01", "2027-09-14"}, {"2026-09-15", "2026-12-31"}}},
		"the whole term is one":               {"term", "2027-02-10", 6, []Span{{"2026-09-15", "2027-09-14"}}},
		"before its first day there is none":  {"month", "2026-09-14", 6, nil},
	} {
		if got := (Obligation{Period: c.period}).spans(c.day, "2026-09-15", "2027-09-14", c.n); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
