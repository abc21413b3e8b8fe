package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var months = map[Lang][12]string{
	Arabic:  {"يناير", "فبراير", "مارس", "أبريل", "ماي", "يونيو", "يوليوز", "غشت", "شتنبر", "أكتوبر", "نونبر", "دجنبر"},
	French:  {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
	English: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

var weekdays = map[Lang][7]string{
	Arabic:  {"الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"},
	French:  {"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
	English: {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
}

// Date writes a day: 23 نونبر 2026.
func Date(l Lang, t time.Time) string {
	d := strconv.Itoa(t.Day())
	if l == French && t.Day() == 1 {
		d = "1er"
	}
	return d + " " + months[l][t.Month()-1] + " " + strconv.Itoa(t.Year())
}

// LongDate writes a day with its weekday: الاثنين 23 نونبر 2026.
func LongDate(l Lang, t time.Time) string { return weekdays[l][t.Weekday()] + " " + Date(l, t) }

// DateTime writes a day and an hour: 23 نونبر 2026 على الساعة 09:05.
func DateTime(l Lang, t time.Time) string {
	at := map[Lang]string{Arabic: " على الساعة ", French: " à ", English: " at "}[l]
	return LongDate(l, t) + at + Clock(t)
}

// Clock writes an hour: 09:05.
func Clock(t time.Time) string { return t.Format("15:04") }

// ShortDate writes 25/11/2026.
func ShortDate(t time.Time) string { return t.Format("02/01/2006") }

// Size writes a file's size in the units of the language.
func Size(l Lang, n int64) string {
	units := map[Lang][3]string{Arabic: {"بايت", "كيلوبايت", "ميغابايت"}, French: {"o", "Ko", "Mo"}, English: {"B", "kB", "MB"}}[l]
	switch {
	case n < 1000:
		return fmt.Sprintf("%d %s", n, units[0])
	case n < 1_000_000:
		return fmt.Sprintf("%d %s", (n+500)/1000, units[1])
	}
	text := strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64)
	if n >= 100_000_000 {
		text = strconv.FormatInt(n/1_000_000, 10) // down: what is promised as a limit must pass
	}
	if l != English {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + " " + units[2]
}

// Weekday names a day of the week: الاثنين.
func Weekday(l Lang, d time.Weekday) string { return weekdays[l][d] }
