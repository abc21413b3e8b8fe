package web

import (
	"strconv"
	"time"

	"shubbak/platform/fault"

	"github.com/a-h/templ"
)

// Clock is a deadline in words, with how much of it is used.
type Clock struct {
	Kind  string // ok, warn-at, late, paused
	Icon  string
	Words string
	For   string
	Used  int // per cent
}

// clockWarns is the share of a deadline from which it warns (design.md §5).
const clockWarns = 75

// Clock puts a deadline in real time into words: how long is left, or by how long it
// is late, and for which act.
func (v *View) Clock(since, due time.Time, what string) Clock {
	return v.ClockUsed(due, v.Now.Sub(since), due.Sub(since), what)
}

// ClockUsed is Clock where the term is counted in working time: the bar shows what
// was used of it, and stands still while nobody works; the words say the real time
// that is left.
func (v *View) ClockUsed(due time.Time, used, term time.Duration, what string) Clock {
	c := Clock{Kind: "ok", Icon: "clock", For: what, Used: 100}
	left := due.Sub(v.Now)
	if left > 0 {
		c.Used = share(used, term)
	}
	switch {
	case left < 0:
		c.Kind, c.Icon = "late", "clock-late"
	case c.Used >= clockWarns:
		c.Kind, c.Icon = "warn-at", "warning"
	}
	c.Words = v.span(left)
	return c
}

// Paused is a clock that stands still, and for what.
func (v *View) Paused(used, term time.Duration, what string) Clock {
	return Clock{Kind: "paused", Icon: "pause", Words: v.T("clock.paused"), For: what, Used: share(used, term)}
}

// share is a part in per cent, between what can be seen and what is not over yet.
func share(used, term time.Duration) int {
	if term <= 0 {
		return 99
	}
	return min(max(int(100*(float64(used)/float64(term))), 1), 99)
}

// The lengths from which the smaller unit tells nothing more.
const (
	wholeDays  = 4 * 24 * time.Hour
	wholeHours = 6 * time.Hour
)

// span is a length of time in words: its largest unit, and the next where it matters.
func (v *View) span(left time.Duration) string {
	side := "left"
	if left < 0 {
		side, left = "late", -left
	}
	days, hours, minutes := int(left/(24*time.Hour)), int(left%(24*time.Hour)/time.Hour), int(left%time.Hour/time.Minute)
	said := func(unit string, n int, smaller string, rest int) string {
		if rest == 0 {
			return v.T("clock."+side+"."+unit, "Count", n)
		}
		return v.T("clock."+side+"."+unit+"_and", "Count", n, "Rest", v.T("clock."+side+".and."+smaller, "Count", rest))
	}
	switch {
	case left >= wholeDays:
		return said("days", days, "", 0)
	case days > 0:
		return said("days", days, "hours", hours)
	case left >= wholeHours:
		return said("hours", hours, "", 0)
	case hours > 0:
		return said("hours", hours, "minutes", minutes)
	}
	return said("minutes", max(minutes, 1), "", 0)
}

func (c Clock) width() string { return strconv.Itoa(c.Used) + "%" }

// Problem is one faulty field of a form that is shown again.
type Problem struct {
	Field string // the id of its control
	Text  string
}

// Problems finds the sentences of a form by field.
type Problems []Problem

// Of is the sentence of one field, "" when it is right.
func (p Problems) Of(field string) string {
	for _, x := range p {
		if x.Field == field {
			return x.Text
		}
	}
	return ""
}

// ProblemsOf turns faulty fields into the lines of a summary; control names the
// control of a field. Each line says the name of its field first, where words has
// it.
func ProblemsOf(c *Ctx, faults []fault.Field, words string, control func(field string) string) Problems {
	v := c.View("")
	var out Problems
	for _, f := range faults {
		id := control(f.Field)
		text := c.FieldSentence(f)
		if label := words + id; f.Key == "" && v.Has(label) {
			text = v.T("form.problem", "Field", v.T(label), "Problem", text)
		}
		out = append(out, Problem{Field: id, Text: text})
	}
	return out
}

// Count99 writes a count as screens show it.
func Count99(n int) string {
	if n > 99 {
		return "99+"
	}
	return strconv.Itoa(n)
}

// following tells the script where to listen and what the page shows; nothing on
// pages without a session.
func (v *View) following() templ.Attributes {
	if v.Plain || !v.May("notification", "read") {
		return nil
	}
	a := templ.Attributes{"data-stream": v.Base + "/api/v1/stream", "data-parts": v.Base + "/live", "data-path": v.Path, "data-now": v.Now.UTC().Format(time.RFC3339Nano),
		"data-watch": v.Watch.ID, "data-version": strconv.FormatInt(v.Watch.Version, 10), "data-open": v.Watch.Open, "data-count": strconv.Itoa(v.Watch.Count)}
	return a
}

// emptyStar is the mark in outline, for pages on which nothing waits.
var emptyStar = star(12, 12, 11.5)

var priorityIcons = map[string]string{"routine": "dash", "urgent": "urgent", "emergency": "emergency"}

func noticeRole(tone string) string {
	if tone == "r" {
		return "alert"
	}
	return "status"
}
