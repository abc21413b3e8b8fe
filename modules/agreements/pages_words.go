package agreements

import (
	"slices"
	"strings"
	"time"

	"shubbak/platform/i18n"
	"shubbak/web"

	"github.com/a-h/templ"
)

// plain commands are one press; the others want words first.
func plain(c Command) bool {
	return !slices.Contains([]Command{Suspend, Object, Terminate, Abandon, Visa}, c)
}

func actURL(v *web.View, p sheet, c Command) templ.SafeURL {
	return v.URL("/agreements/" + p.ID.String() + "/act/" + string(c))
}

func words(v *web.View, prefix string, codes []string) []web.Choice {
	out := make([]web.Choice, len(codes))
	for i, c := range codes {
		out[i] = web.Choice{Value: c, Word: v.T(prefix + c)}
	}
	return out
}

func causes(v *web.View) []web.Choice { return words(v, "agreements.cause.", Causes) }

// lines are a text's paragraphs.
func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

func dateTime(v *web.View, t time.Time) string { return i18n.DateTime(v.Lang, v.Local(t)) }

// promised is what an obligation is about.
func promised(v *web.View, o Obligation) string {
	if t := o.Title.in(v.Lang); t != "" {
		return t
	}
	if slices.Contains(Indicators, o.Indicator) {
		return v.T("agreements.indicator." + o.Indicator)
	}
	return o.Indicator
}

// partyName is the party of an obligation.
func (p sheet) partyName(key string, v *web.View) string {
	if key == AllParties {
		return v.T("agreements.obligation.all")
	}
	if name := p.Names[key]; name != "" {
		return name
	}
	return key
}

var direction = map[string]string{"ar": "rtl", "fr": "ltr"}

var proposalLooks = map[string]look{open: {"s", "message"}, accepted: {"g", "check"}, refused: {"n", "x-disc"}}

// wordy reports that something can be done that wants words.
func (p sheet) wordy() bool {
	return slices.ContainsFunc(p.Acts, func(c Command) bool { return !plain(c) })
}
