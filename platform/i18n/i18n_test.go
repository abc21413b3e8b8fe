package i18n_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shubbak/platform/i18n"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]i18n.Lang{
		"":                              i18n.French,
		"ar":                            i18n.Arabic,
		"ar-MA,fr;q=0.8":                i18n.Arabic,
		"fr-FR,fr;q=0.9,en;q=0.8":       i18n.French,
		"en-GB":                         i18n.English,
		"de-DE,de;q=0.9,en;q=0.5":       i18n.English,
		"de":                            i18n.French,
		"fr;q=0.2,ar;q=0.9":             i18n.Arabic,
		"*":                             i18n.French,
		"not a header; at=all;;":        i18n.French,
		"zgh-Tfng-MA, ar;q=0.7, en;q=1": i18n.English,
	} {
		if got := i18n.Accept(header, i18n.French); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestParseAndDirection(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"ar": true, "fr": true, "en": true, "AR": false, "ar-MA": false, "": false, "de": false} {
		if _, ok := i18n.Parse(s); ok != want {
			t.Errorf("%q: %v", s, ok)
		}
	}
	if i18n.Arabic.Dir() != "rtl" || i18n.French.Dir() != "ltr" || i18n.English.Dir() != "ltr" {
		t.Error("Arabic alone is written from right to left")
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC)
	for l, want := range map[i18n.Lang][3]string{
		i18n.Arabic:  {"23 نونبر 2026", "الاثنين 23 نونبر 2026", "الاثنين 23 نونبر 2026 على الساعة 09:05"},
		i18n.French:  {"23 novembre 2026", "lundi 23 novembre 2026", "lundi 23 novembre 2026 à 09:05"},
		i18n.English: {"23 November 2026", "Monday 23 November 2026", "Monday 23 November 2026 at 09:05"},
	} {
		if got := [3]string{i18n.Date(l, at), i18n.LongDate(l, at), i18n.DateTime(l, at)}; got != want {
			t.Errorf("%s: %v, want %v", l, got, want)
		}
	}
	first := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if got := i18n.Date(i18n.French, first); got != "1er mai 2026" {
		t.Errorf("the first of a month in French: %s", got)
	}
	if got := i18n.Date(i18n.Arabic, first); got != "1 ماي 2026" {
		t.Errorf("May in Morocco: %s", got)
	}
	months := []string{"يناير", "فبراير", "مارس", "أبريل", "ماي", "يونيو", "يوليوز", "غشت", "شتنبر", "أكتوبر", "نونبر", "دجنبر"}
	for i, m := range months {
		if got := i18n.Date(i18n.Arabic, time.Date(2026, time.Month(i+1), 2, 0, 0, 0, 0, time.UTC)); got != "2 "+m+" 2026" {
			t.Errorf("month %d: %s", i+1, got)
		}
	}
	if i18n.ShortDate(at) != "23/11/2026" || i18n.Clock(at) != "09:05" {
		t.Errorf("%s %s", i18n.ShortDate(at), i18n.Clock(at))
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1499: "1 kB", 1500: "2 kB", 2_500_000: "2.5 MB"} {
		if got := i18n.Size(i18n.English, n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if i18n.Size(i18n.Arabic, 12) != "12 بايت" || i18n.Size(i18n.French, 12) != "12 o" {
		t.Error("the unit is in the reader's language")
	}
}

// folder makes three locale files of one key.
func folder(ar, fr, en string) fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{"l/ar.json": file(ar), "l/fr.json": file(fr), "l/en.json": file(en)}
}

func TestPluralForms(t *testing.T) {
	t.Parallel()
	c := i18n.New()
	err := c.Load(folder(`{"n": {"zero": "لا إحالة", "one": "إحالة واحدة", "two": "إحالتان", "few": "{{.Count}} إحالات", "many": "{{.Count}} إحالة", "other": "{{.Count}} إحالة."}}`,
		`{"n": {"one": "{{.Count}} dossier", "other": "{{.Count}} dossiers"}}`, `{"n": {"one": "{{.Count}} referral", "other": "{{.Count}} referrals"}}`), "l")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{0: "لا إحالة", 1: "إحالة واحدة", 2: "إحالتان", 3: "3 إحالات", 10: "10 إحالات", 11: "11 إحالة", 99: "99 إحالة", 100: "100 إحالة.", 102: "102 إحالة.", 103: "103 إحالات", 111: "111 إحالة"} {
		if got := c.N(i18n.Arabic, "n", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := c.N(i18n.French, "n", 0) + c.N(i18n.French, "n", 2); got != "0 dossier2 dossiers" {
		t.Errorf("French: %q", got)
	}
	if got := c.N(i18n.English, "n", 0) + c.N(i18n.English, "n", 1); got != "0 referrals1 referral" {
		t.Errorf("English: %q", got)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	c := i18n.New()
	if err := c.LoadGlossary([]byte("key,ar,fr,en,note\nx.greet,مرحبا {name},Bonjour {name},Hello {name},\nx.plain,نعم,Oui,Yes,\n")); err != nil {
		t.Fatal(err)
	}
	if got := c.T(i18n.French, "x.greet", map[string]any{"name": "<b>"}); got != "Bonjour <b>" {
		t.Errorf("a placeholder is filled as it stands; the page escapes: %q", got)
	}
	if got := c.T(i18n.Arabic, "x.plain", nil); got != "نعم" {
		t.Errorf("%q", got)
	}
	if got := c.T(i18n.Arabic, "x.missing", nil); got != "x.missing" {
		t.Errorf("a key without words: %q", got)
	}
	if !c.Has(i18n.English, "x.plain") || c.Has(i18n.English, "x.missing") || len(c.Keys(i18n.English)) != 2 {
		t.Error("Has and Keys tell what was loaded")
	}
}

func TestACatalogueRefuses(t *testing.T) {
	t.Parallel()
	for name, fsys := range map[string]fstest.MapFS{
		"a_file_that_is_missing": {"l/ar.json": {Data: []byte(`{}`)}},
		"a_text_that_is_no_json": folder(`{`, `{}`, `{}`),
		"a_value_of_neither":     folder(`{"a": 3}`, `{"a": 3}`, `{"a": 3}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := i18n.New().Load(fsys, "l"); err == nil {
				t.Error("it was loaded")
			}
		})
	}
	t.Run("a_key_that_stands_twice", func(t *testing.T) {
		t.Parallel()
		c := i18n.New()
		one := folder(`{"a": "١"}`, `{"a": "un"}`, `{"a": "one"}`)
		if err := c.Load(one, "l"); err != nil {
			t.Fatal(err)
		}
		if err := c.Load(one, "l"); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("loaded again: %v", err)
		}
	})
}
