package clock_test

import (
	"testing"
	"time"

	"shubbak/platform/clock"
)

func local(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Casablanca())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestKnownCases: 23 November 2026 is a Monday.
func TestKnownCases(t *testing.T) {
	t.Parallel()
	expected, moved := moroccan(), moroccan()
	moved.Off = map[clock.Date]bool{clock.DateFrom(2027, 3, 9): true, clock.DateFrom(2027, 3, 10): true}
	moved.Seasons = []clock.Season{{From: clock.DateFrom(2027, 2, 7), To: clock.DateFrom(2027, 3, 8), Week: moroccan().Seasons[0].Week}}
	const h, wd = time.Hour, clock.WorkingDay
	for name, c := range map[string]struct {
		calendar clock.Calendar
		days     bool
		at       string
		d        time.Duration
		want     string
	}{
		"within a day":                                         {moroccan(), false, "2026-11-23 10:00", h, "2026-11-23 11:00"},
		"before the door opens":                                {moroccan(), false, "2026-11-23 06:00", h, "2026-11-23 09:30"},
		"up to the minute of closing":                          {moroccan(), false, "2026-11-23 08:30", 8 * h, "2026-11-23 16:30"},
		"at the minute of closing":                             {moroccan(), false, "2026-11-23 16:30", time.Minute, "2026-11-24 08:31"},
		"two urgent hours of Friday at four":                   {moroccan(), false, "2026-11-27 16:00", 2 * h, "2026-11-30 10:00"},
		"a working day of Friday at four":                      {moroccan(), true, "2026-11-27 16:00", wd, "2026-11-30 16:00"},
		"a working day of Saturday is Monday":                  {moroccan(), true, "2026-11-28 12:00", wd, "2026-11-30 16:30"},
		"a holiday of every year":                              {moroccan(), true, "2027-01-08 10:00", wd, "2027-01-12 10:00"},
		"a holiday begins at midnight":                         {moroccan(), false, "2027-01-11 00:00", time.Minute, "2027-01-12 08:31"},
		"and ends at midnight":                                 {moroccan(), false, "2027-01-10 23:59", time.Minute, "2027-01-12 08:31"},
		"into Ramadan, by days":                                {moroccan(), true, "2027-02-05 12:30", wd, "2027-02-08 12:00"},
		"into Ramadan, by hours":                               {moroccan(), false, "2027-02-05 15:30", 2 * h, "2027-02-08 10:00"},
		"in Ramadan a day is a day":                            {moroccan(), true, "2027-02-09 10:00", 3 * wd, "2027-02-12 10:00"},
		"the day before Eid, while it is expected":             {expected, true, "2027-03-09 10:00", wd, "2027-03-12 09:50"},
		"two days before Eid":                                  {expected, true, "2027-03-08 12:00", wd, "2027-03-09 12:00"},
		"two days before Eid, which comes a day early":         {moved, true, "2027-03-08 12:00", wd, "2027-03-11 12:30"},
		"a ward that never closes, on Sunday at three":         {ward(), false, "2026-11-29 03:00", 2 * h, "2026-11-29 05:00"},
		"its working day has 24 hours":                         {ward(), true, "2026-11-29 03:00", wd, "2026-11-30 03:00"},
		"it works on a holiday":                                {ward(), false, "2027-01-11 00:30", h, "2027-01-11 01:30"},
		"it counts the hour that the wall clock repeats":       {ward(), false, "2026-02-14 23:00", 6 * h, "2026-02-15 04:00"},
		"it does not count the hour that the wall clock skips": {ward(), false, "2026-03-21 23:00", 6 * h, "2026-03-22 06:00"},
		"nothing":                     {moroccan(), true, "2026-11-28 12:00", 0, "2026-11-28 12:00"},
		"less than nothing":           {moroccan(), true, "2026-11-28 12:00", -h, "2026-11-28 12:00"},
		"a calendar that never works": {clock.Calendar{Zone: clock.Casablanca()}, true, "2026-11-23 10:00", h, "2026-11-23 10:00"},
		"no calendar at all":          {clock.Calendar{}, false, "2026-11-23 10:00", h, "2026-11-23 10:00"},
	} {
		n := c.calendar.History().Hours()
		if c.days {
			n = c.calendar.History().Days()
		}
		if got := n.Add(local(t, c.at), c.d).In(clock.Casablanca()).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: %v after %s is %s, want %s", name, c.d, c.at, got, c.want)
		}
	}
}

// TestTheHourOfRamadan: Morocco leaves UTC+1 on 15 February 2026 and returns on
// 22 March; a working day begins at 08:30 of the wall clock on either side.
func TestTheHourOfRamadan(t *testing.T) {
	t.Parallel()
	n := clock.Ordinary().History().Hours()
	for day, want := range map[string]string{"2026-02-13": "07:30", "2026-02-16": "08:30", "2026-03-20": "08:30", "2026-03-23": "07:30"} {
		d := local(t, day+" 00:00")
		if got := n.Add(d, time.Nanosecond).UTC().Format("15:04"); got != want {
			t.Errorf("%s opens at %s UTC, want %s", day, got, want)
		}
		if got := n.Between(d, d.AddDate(0, 0, 1)); got != clock.WorkingDay {
			t.Errorf("%s has %v of working time", day, got)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Weekday{"2026-11-23": time.Monday, "1970-01-01": time.Thursday, "1969-12-31": time.Wednesday, "2027-03-10": time.Wednesday, "2028-02-29": time.Tuesday} {
		d, err := clock.ParseDate(s)
		if err != nil || d.String() != s || d.Weekday() != want {
			t.Errorf("%s is %s, a %s (%v)", s, d, d.Weekday(), err)
		}
	}
	if y, err := clock.ParseYearly("07-30"); err != nil || y != clock.DateFrom(2027, 7, 30).Yearly() {
		t.Errorf("30 July is %d (%v)", y, err)
	}
	for _, bad := range []string{"13-01", "02-30", "7-30", ""} {
		if _, err := clock.ParseYearly(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestTheLongestRest(t *testing.T) {
	t.Parallel()
	from := clock.DateFrom(2027, 1, 1)
	if n := moroccan().LongestRest(from, 365); n != 3 { // 9 to 11 January, 30 July to 1 August
		t.Errorf("%d days in a row", n)
	}
	if n := (clock.Calendar{}).LongestRest(from, 365); n != 365 {
		t.Errorf("a calendar without days rests %d", n)
	}
	if n := ward().LongestRest(from, 365); n != 0 {
		t.Errorf("a ward that never closes rests %d", n)
	}
}

func BenchmarkTenWorkingDays(b *testing.B) {
	n, at := moroccan().History().Days(), local(b, "2026-11-23 10:00")
	for b.Loop() {
		n.Add(at, 10*clock.WorkingDay)
	}
}
