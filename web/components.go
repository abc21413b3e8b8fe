package web

import (
	"strconv"
	"time"

	"shubbak/platform/fault"

	"github.com/a-h/templ"
)

// Clock is a deadline in words, with how much of it is used.
type Clock struct {
	Kind  string // ok, warn-at, late
	Icon  string
	Words string
	For   string
	Used  int // per cent
}

// clockWarns is the share of a deadline from which it warns (design.md §5).
const clockWarns = 75

// Clock puts a deadline into words: how long is left, or by how long it is late,
// and for which act.
func (v *View) Clock(since, due time.Time, what string) Clock {
	c := Clock{Kind: "ok", Icon: "clock", For: what, Used: 100}
	left := due.Sub(v.Now)
	if total := due.Sub(since); total > 0 && left > 0 {
		c.Used = int(100 * v.Now.Sub(since) / total)
		c.Used = min(max(c.Used, 1), 99)
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

// span is a length of time in its largest unit.
func (v *View) span(left time.Duration) string {
	key := "clock.left."
	if left < 0 {
		key, left = "clock.late.", -left
	}
	switch {
	case left >= 24*time.Hour:
		return v.T(key+"days", "Count", int(left/(24*time.Hour)))
	case left >= time.Hour:
		return v.T(key+"hours", "Count", int(left/time.Hour))
	}
	return v.T(key+"minutes", "Count", max(int(left/time.Minute), 1))
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
