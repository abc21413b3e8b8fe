package terms

import (
	"strings"
	"sync"

	"shubbak/platform/i18n"
)

// Holiday is a public holiday, or Ramadan. Days that follow the moon are estimates
// until they are announced; each new release brings those of further years.
type Holiday struct {
	Key      string // names it for ever: 07-30, eid_al_fitr-2027
	Yearly   string // MM-DD, for one of every year
	From, To string // YYYY-MM-DD, for one of a single year
	Ramadan  bool   // not days off: other hours
	Expected bool
	Name     i18n.Words
}

// Holidays reads the published list, once.
var Holidays = sync.OnceValue(func() (out []Holiday) {
	for _, r := range table("holidays.csv") {
		h := Holiday{Ramadan: r[1] == "ramadan", Expected: r[2] == "expected", Name: i18n.Words{Ar: r[3], Fr: r[4], En: r[5]}}
		if r[1] == "yearly" {
			h.Key, h.Yearly = r[0], r[0]
		} else {
			from, to, several := strings.Cut(r[0], "/")
			if !several {
				to = from
			}
			h.Key, h.From, h.To = slug(r[5])+"-"+from[:4], from, to
			if h.Ramadan {
				h.Key = "ramadan-" + from[:4]
			}
		}
		out = append(out, h)
	}
	return out
})

// slug writes a name in the letters of a code.
func slug(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r < 'a' || r > 'z' }), "_")
}
