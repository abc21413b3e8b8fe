package i18n

import (
	"strings"
	"unicode"
)

// Visible takes out what nobody sees and what hides in pasted text: zero-width and
// direction signs, variation selectors, tags, fillers. Signs that belong to a number
// in Arabic writing stay.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII || unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
			return r
		}
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, s)
}

// Blank reports a text in which nobody would read anything.
func Blank(s string) bool { return strings.TrimSpace(Visible(s)) == "" }
