package clock

import "time"

// Date is a day of the calendar, without hour or zone: days since 1 January 1970.
type Date int

const secondsOfADay = 24 * 60 * 60

// DateOf is the day on the wall clock of t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return DateFrom(y, m, d)
}

// DateFrom is the day with this year, month and day.
func DateFrom(y int, m time.Month, d int) Date {
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfADay)
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	return DateOf(t), err
}

// Time is midnight of the day in UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*secondsOfADay, 0).UTC() }

// String writes YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(((int(d)+int(time.Thursday))%7 + 7) % 7) // day 0 was a Thursday
}

// Yearly names the day in every year, the same for 30 July 2026 and 2027.
type Yearly int

// Yearly is the day without its year.
func (d Date) Yearly() Yearly {
	t := d.Time()
	return YearlyOf(t.Month(), t.Day())
}

// YearlyOf is the same day of every year.
func YearlyOf(m time.Month, day int) Yearly { return Yearly(int(m)*100 + day) }

// ParseYearly reads MM-DD; 29 February is a day, in the years that have it.
func ParseYearly(s string) (Yearly, error) {
	t, err := time.Parse(time.DateOnly, "2024-"+s)
	return YearlyOf(t.Month(), t.Day()), err
}
