package i18n

import "testing"

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Fatima":                   "Fatima",
		"فاطمة":                    "فاطمة",
		"\u202eFa\u200bti\u2066ma": "Fatima",
		"Fa\u034fti\U000e0100ma":   "Fatima", // a joiner and a variation selector that count as marks
		"\u3164":                   "",       // a filler that counts as a letter
		"a\U000e0041b":             "ab",     // a tag
		"e\u0301":                  "e\u0301",
		"\u0600١٢":                 "\u0600١٢",
		"a b\tc\nd":                "a b\tc\nd",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%+q) = %+q, want %+q", in, got, want)
		}
	}
	if !Blank(" \u200f\u3164\n") || Blank(" x ") {
		t.Error("a text is blank when nothing of it is seen")
	}
}
