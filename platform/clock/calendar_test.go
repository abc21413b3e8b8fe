package clock_test

import (
	"fmt"
	"testing"
	"time"

	"shubbak/platform/clock"

	"pgregory.net/rapid"
)

// moroccan is the ordinary week with what the demo's year has: Ramadan from
// 8 February to 9 March 2027, Eid on 10 and 11 March, 11 January and 30 July.
func moroccan() clock.Calendar {
	c := clock.Ordinary()
	c.Seasons = []clock.Season{{From: clock.DateFrom(2027, 2, 8), To: clock.DateFrom(2027, 3, 9), Week: clock.MondayToFriday(clock.Hours{Open: 9 * 60, Close: 15 * 60})}}
	c.Off = map[clock.Date]bool{clock.DateFrom(2027, 3, 10): true, clock.DateFrom(2027, 3, 11): true}
	c.Yearly = map[clock.Yearly]bool{clock.YearlyOf(time.January, 11): true, clock.YearlyOf(time.July, 30): true}
	return c
}

func ward() clock.Calendar { return clock.Calendar{Zone: clock.Casablanca(), Always: true} }

// oddWeeks are calendars that nobody would think of: nights, one hour a week, a
// door that opens in the hour that the clock skips.
func drawCalendar(t *rapid.T) clock.Calendar {
	zone, err := time.LoadLocation(rapid.SampledFrom([]string{"Africa/Casablanca", "Europe/Paris", "UTC", "Australia/Lord_Howe"}).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	c := clock.Calendar{Zone: zone, Off: map[clock.Date]bool{}, Yearly: map[clock.Yearly]bool{}}
	hours := func(label string) clock.Hours {
		open := rapid.IntRange(0, 24*60-30).Draw(t, label+" open")
		return clock.Hours{Open: open, Close: rapid.IntRange(open+30, 24*60).Draw(t, label+" close")}
	}
	works := rapid.IntRange(1, 127).Draw(t, "days of the week")
	for d := range 7 {
		if works&(1<<d) != 0 {
			c.Week[d] = hours(fmt.Sprint("day ", d))
		}
	}
	for range rapid.IntRange(0, 6).Draw(t, "holidays") {
		c.Off[clock.DateFrom(2026, 1, 1)+clock.Date(rapid.IntRange(0, 800).Draw(t, "off"))] = true
	}
	if rapid.Bool().Draw(t, "Ramadan") {
		from := clock.DateFrom(2026, 2, 1) + clock.Date(rapid.IntRange(0, 500).Draw(t, "from"))
		c.Seasons = []clock.Season{{From: from, To: from + 29, Week: clock.MondayToFriday(hours("Ramadan"))}}
	}
	return c
}

// drawAt gives an instant of some years, with Ramadan's changes of the hour in it.
func drawAt(t *rapid.T, label string) time.Time {
	from := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	return from.Add(time.Duration(rapid.IntRange(0, 2*365*24*3600).Draw(t, label)) * time.Second)
}

func drawHistory(t *rapid.T) clock.History {
	h := drawCalendar(t).History()
	at := drawAt(t, "first edit")
	for range rapid.IntRange(0, 3).Draw(t, "edits") {
		h = append(h, clock.Era{From: at, Calendar: drawCalendar(t)})
		at = at.Add(time.Duration(rapid.IntRange(1, 60*24*3600).Draw(t, "next edit")) * time.Second)
	}
	return h
}

func counts(h clock.History) map[string]clock.Count {
	return map[string]clock.Count{"hours": h.Hours(), "days": h.Days()}
}

// grain is how far a sum in working days may be off: the rounding of a nanosecond
// on each day that it crosses.
const grain = time.Microsecond

func near(a, b time.Duration) bool { return a-b < grain && b-a < grain }

func TestBetweenMeasuresWhatAddGave(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		at := drawAt(t, "at")
		d := time.Duration(rapid.IntRange(1, 100*3600).Draw(t, "working")) * time.Second
		for name, n := range counts(h) {
			end := n.Add(at, d)
			if got := n.Between(at, end); !near(got, d) {
				t.Fatalf("%s: %v after %v is %v, and between them lie %v", name, d, at, end, got)
			}
			if before := n.Between(at, end.Add(-time.Second)); before >= d {
				t.Fatalf("%s: %v has passed since %v before %v", name, d, at, end)
			}
			if end.Before(at) {
				t.Fatalf("%s: %v is before %v", name, end, at)
			}
		}
	})
}

func TestAddAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		at := drawAt(t, "at")
		a := time.Duration(rapid.IntRange(1, 20*3600).Draw(t, "a")) * time.Second
		b := time.Duration(rapid.IntRange(1, 20*3600).Draw(t, "b")) * time.Second
		for name, n := range counts(h) {
			if x, y := n.Add(n.Add(at, a), b), n.Add(at, a+b); !near(n.Between(at, x), n.Between(at, y)) {
				t.Fatalf("%s: in two steps %v, in one %v", name, x, y)
			}
		}
	})
}

func TestBetweenIsASum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		a := drawAt(t, "a")
		b := a.Add(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "ab")) * time.Second)
		c := b.Add(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "bc")) * time.Second)
		for name, n := range counts(h) {
			if got, want := n.Between(a, c), n.Between(a, b)+n.Between(b, c); !near(got, want) {
				t.Fatalf("%s: %v to %v: %v, in two parts %v", name, a, c, got, want)
			}
			if n.Between(b, a) != 0 && !a.Equal(b) {
				t.Fatalf("%s: time does not run back", name)
			}
		}
	})
}

// TestAnEditChangesNothingThatHasPassed: whatever calendar is written at an instant,
// what was used before it stays.
func TestAnEditChangesNothingThatHasPassed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		edit := h[len(h)-1].From.Add(time.Duration(rapid.IntRange(1, 90*24*3600).Draw(t, "edit")) * time.Second)
		if len(h) == 1 {
			edit = drawAt(t, "edit")
		}
		since := edit.Add(-time.Duration(rapid.IntRange(0, 40*24*3600).Draw(t, "since")) * time.Second)
		after := append(append(clock.History{}, h...), clock.Era{From: edit, Calendar: drawCalendar(t)})
		for name, n := range counts(h) {
			if got, want := counts(after)[name].Between(since, edit), n.Between(since, edit); got != want {
				t.Fatalf("%s: %v were used, after the edit %v", name, want, got)
			}
			d := time.Duration(rapid.IntRange(1, 40*3600).Draw(t, "term")) * time.Second
			if was := n.Add(since, d); !was.After(edit) && !counts(after)[name].Add(since, d).Equal(was) {
				t.Fatalf("%s: a deadline that had passed has moved", name)
			}
		}
	})
}

func FuzzAddEnds(f *testing.F) {
	f.Add(int64(1795429800), int64(3600), 510, 990, byte(62), true)
	f.Add(int64(-1<<40), int64(1<<40), 0, 1440, byte(127), false)
	f.Add(int64(1_774_000_000), int64(1), 150, 151, byte(1), true)
	f.Fuzz(func(t *testing.T, at, seconds int64, open, close int, days byte, whole bool) {
		c := clock.Calendar{Zone: clock.Casablanca()}
		for d := range 7 {
			if days&(1<<d) != 0 {
				c.Week[d] = clock.Hours{Open: max(0, min(open, 24*60)), Close: max(0, min(close, 24*60))}
			}
		}
		n := c.History().Hours()
		if whole {
			n = c.History().Days()
		}
		from, d := time.Unix(at%(1<<33), 0), time.Duration(seconds%(1<<25))*time.Second
		end := n.Add(from, d)
		if end.Before(from) {
			t.Fatalf("%v before %v", end, from)
		}
		if got := n.Between(from, end); got > d+grain && d > 0 {
			t.Fatalf("%v were asked for and %v passed", d, got)
		}
	})
}
