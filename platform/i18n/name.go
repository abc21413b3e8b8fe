package i18n

import (
	"strings"

	"shubbak/platform/fault"
)

const longestName = 200

// CheckName wants a name in Arabic and in French, trims it, and lets English fall
// back to French.
func CheckName(f *fault.Collect, field string, ar, fr, en *string) {
	for _, s := range []*string{ar, fr, en} {
		if *s = strings.TrimSpace(*s); len([]rune(*s)) > longestName {
			f.Add(field, "too_long")
			return
		}
	}
	if *ar == "" {
		f.Add(field+".ar", "required")
	}
	if *fr == "" {
		f.Add(field+".fr", "required")
	}
	if *en == "" {
		*en = *fr
	}
}
