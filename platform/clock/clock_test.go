package clock_test

import (
	"testing"
	"time"

	"shubbak/platform/clock"

	"pgregory.net/rapid"
)

// draw gives an instant of some years, with Ramadan's changes of the hour in it.
func draw(t *rapid.T, label string) time.Time {
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	return from.Add(time.Duration(rapid.IntRange(0, 3*365*24*3600).Draw(t, label)) * time.Second)
}

func TestBetweenMeasuresWhatAddGave(t *testing.T) {
	t.Parallel()
	w := clock.Ordinary()
	rapid.Check(t, func(t *rapid.T) {
		at := draw(t, "at")
		d := time.Duration(rapid.IntRange(1, 60*8*3600).Draw(t, "working")) * time.Second
		end := w.Add(at, d)
		if got := w.Between(at, end); got != d {
			t.Fatalf("%v after %v is %v, and between them lie %v", d, at, end, got)
		}
		if local := end.In(w.Zone); !w.Days[local.Weekday()] || local.Format("15:04:05") < "08:30:00" || local.Format("15:04:05") > "16:30:00" {
			t.Fatalf("%v ends outside the working day", local)
		}
		if end.Before(at) {
			t.Fatalf("%v is before %v", end, at)
		}
	})
}

func TestAddAddsUp(t *testing.T) {
	t.Parallel()
	w := clock.Ordinary()
	rapid.Check(t, func(t *rapid.T) {
		at := draw(t, "at")
		a := time.Duration(rapid.IntRange(1, 20*3600).Draw(t, "a")) * time.Second
		b := time.Duration(rapid.IntRange(1, 20*3600).Draw(t, "b")) * time.Second
		if x, y := w.Add(w.Add(at, a), b), w.Add(at, a+b); !x.Equal(y) {
			t.Fatalf("in two steps %v, in one %v", x, y)
		}
	})
}

func TestBetweenIsASum(t *testing.T) {
	t.Parallel()
	w := clock.Ordinary()
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t, "a")
		b := a.Add(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "ab")) * time.Second)
		c := b.Add(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "bc")) * time.Second)
		if got, want := w.Between(a, c), w.Between(a, b)+w.Between(b, c); got != want {
			t.Fatalf("%v to %v: %v, in two parts %v", a, c, got, want)
		}
		if w.Between(b, a) != 0 && !a.Equal(b) {
			t.Fatal("time does not run back")
		}
	})
}

func TestWorkingTime(t *testing.T) {
	t.Parallel()
	w := clock.Ordinary()
	local := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, w.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		at      string
		working time.Duration
		want    string
	}{
		{"2026-11-23 10:00", time.Hour, "2026-11-23 11:00"},
		{"2026-11-23 06:00", time.Hour, "2026-11-23 09:30"},
		{"2026-11-23 08:00", time.Hour, "2026-11-23 09:30"},
		{"2026-11-23 08:30", 8 * time.Hour, "2026-11-23 16:30"},
		{"2026-11-23 16:30", time.Minute, "2026-11-24 08:31"},
		{"2026-11-27 16:00", time.Hour, "2026-11-30 09:00"},
		{"2026-11-28 12:00", 8 * time.Hour, "2026-11-30 16:30"},
		{"2026-12-31 16:00", time.Hour, "2027-01-01 09:00"},
		{"2026-11-23 10:00", 0, "2026-11-23 10:00"},
	} {
		if got := w.Add(local(c.at), c.working).In(w.Zone).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%v after %s: %s, want %s", c.working, c.at, got, c.want)
		}
	}
}

func TestTheHourOfRamadan(t *testing.T) {
	t.Parallel()
	w := clock.Ordinary()
	// Morocco leaves UTC+1 on 15 February 2026 and returns on 22 March: a working
	// day has eight hours on either side, and begins at 08:30 of the wall clock.
	for day, want := range map[string]string{"2026-02-13": "07:30", "2026-02-16": "08:30", "2026-03-20": "08:30", "2026-03-23": "07:30"} {
		d, err := time.ParseInLocation(time.DateOnly, day, w.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Add(d, time.Nanosecond).UTC().Format("15:04"); got != want {
			t.Errorf("%s opens at %s UTC, want %s", day, got, want)
		}
		if got := w.Between(d, d.AddDate(0, 0, 1)); got != w.Day() {
			t.Errorf("%s has %v of working time", day, got)
		}
	}
}

func TestAWeekWithoutDaysEnds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, w := range []clock.Week{{Zone: time.UTC}, {Zone: time.UTC, Days: [7]bool{1: true}, Open: time.Hour, Close: time.Hour}, {Zone: time.UTC, Open: 0, Close: time.Hour}} {
		if got := w.Add(at, time.Hour); !got.Equal(at) {
			t.Errorf("%+v: %v", w, got)
		}
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 123456789, clock.Casablanca())
	m := clock.At(at)
	if got := m.Now(); got.Location() != time.UTC || got.Nanosecond() != 123456000 {
		t.Errorf("UTC and whole microseconds: %v", got)
	}
	m.Advance(time.Hour)
	if got := m.Now().Sub(at.Truncate(time.Microsecond)); got != time.Hour {
		t.Errorf("advanced by %v", got)
	}
	var s clock.Shifted
	s.Shift(-48 * time.Hour)
	if d := (clock.System{}).Now().Sub(s.Now()); d < 47*time.Hour || d > 49*time.Hour {
		t.Errorf("shifted by %v", d)
	}
}
