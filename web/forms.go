package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Box is one control of a form, with its words and what was typed.
type Box struct {
	ID       string // of the control, and its name
	Label    string
	Hint     string
	Value    string
	Problem  string
	Warning  string // beside the control, never in the way
	Optional bool
	Dir      string // ltr for phones, identity numbers, e-mails
	Mode     string // inputmode
	Type     string // text unless said
	Complete string // autocomplete; off unless said: most forms are about somebody else
	Max      int
	Rows     int // of a textarea
	Short    bool
}

// Choice is one value of a list.
type Choice struct {
	Value, Word, Hint string
}

// ChoiceGroup is a part of a long list under its own heading.
type ChoiceGroup struct {
	Word    string
	Choices []Choice
}

// attributes are those that every kind of control shares.
func (b Box) attributes() templ.Attributes {
	a := templ.Attributes{"id": b.ID, "name": b.ID}
	if b.Max > 0 {
		a["maxlength"] = strconv.Itoa(b.Max)
	}
	if b.Dir != "" {
		a["dir"] = b.Dir
	}
	if b.Mode != "" {
		a["inputmode"] = b.Mode
	}
	if b.Problem != "" {
		a["aria-invalid"] = "true"
	}
	if d := b.described(); d != "" {
		a["aria-describedby"] = d
	}
	return a
}

func (b Box) inputAttributes() templ.Attributes {
	a := b.attributes()
	a["type"], a["autocomplete"], a["value"] = "text", "off", b.Value
	if b.Type != "" {
		a["type"] = b.Type
	}
	if b.Complete != "" {
		a["autocomplete"] = b.Complete
	}
	return a
}

func (b Box) areaAttributes() templ.Attributes {
	a := b.attributes()
	a["rows"] = strconv.Itoa(max(b.Rows, 2))
	return a
}

// described names the sentences that belong to the control.
func (b Box) described() string {
	var out []string
	if b.Hint != "" {
		out = append(out, b.ID+"-hint")
	}
	if b.Problem != "" {
		out = append(out, b.ID+"-error")
	}
	if b.Warning != "" {
		out = append(out, b.ID+"-warning")
	}
	return strings.Join(out, " ")
}

// groupAttributes are those of a fieldset: it takes the focus of the summary's link.
func (b Box) groupAttributes() templ.Attributes {
	a := templ.Attributes{"id": b.ID, "tabindex": "-1"}
	if d := b.described(); d != "" {
		a["aria-describedby"] = d
	}
	return a
}

// Day reads the three boxes of a date, or a whole date pasted into the first:
// YYYY-MM-DD, "" when all are empty. Nothing is checked but the shape.
func Day(f url.Values, name string) string {
	d, m, y := DayParts(f, name)
	if d+m+y == "" {
		return ""
	}
	return fmt.Sprintf("%s-%s-%s", y, twoDigits(m), twoDigits(d))
}

// Moment reads a date with the two boxes of its time, as YYYY-MM-DDTHH:MM; "" without
// a date.
func Moment(f url.Values, name string) string {
	day := Day(f, name)
	if day == "" {
		return ""
	}
	return day + "T" + twoDigits(Latin(f.Get(name+"_hour"))) + ":" + twoDigits(Latin(f.Get(name+"_minute")))
}

// DayParts are the three boxes as typed, in Latin digits.
func DayParts(f url.Values, name string) (day, month, year string) {
	day, month, year = Latin(f.Get(name)), Latin(f.Get(name+"_month")), Latin(f.Get(name+"_year"))
	if parts := strings.FieldsFunc(day, func(r rune) bool { return strings.ContainsRune("/-. ", r) }); len(parts) == 3 && month+year == "" {
		if len(parts[0]) == 4 {
			parts[0], parts[2] = parts[2], parts[0]
		}
		return parts[0], parts[1], parts[2]
	}
	return day, month, year
}

// SetDay fills the three boxes from YYYY-MM-DD.
func SetDay(f url.Values, name, day string) {
	if p := strings.Split(day, "-"); len(p) == 3 {
		f.Set(name, strings.TrimPrefix(p[2], "0"))
		f.Set(name+"_month", strings.TrimPrefix(p[1], "0"))
		f.Set(name+"_year", p[0])
	}
}

// Latin writes digits of any script in Latin ones, without spaces around.
func Latin(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹':
			return '0' + r - '۰'
		}
		return r
	}, s))
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// Chosen reports whether a value stands among those of a list.
func Chosen(list []string, value string) bool { return slices.Contains(list, value) }
