package web

import (
	"os"
	"testing"
	"time"

	"shubbak/platform/i18n"
)

// words is a view at an instant, with the frame's own catalogue.
func words(t *testing.T, l i18n.Lang, now time.Time) *View {
	t.Helper()
	c := i18n.New()
	if err := c.Load(os.DirFS("."), "locales"); err != nil {
		t.Fatal(err)
	}
	return &View{Lang: l, Now: now, catalog: c}
}

func TestALengthOfTimeIsSaidInTwoUnitsWhereItMatters(t *testing.T) {
	t.Parallel()
	const h, d = time.Hour, 24 * time.Hour
	now := time.Date(2026, 11, 23, 10, 40, 0, 0, time.UTC)
	for _, c := range []struct {
		left       time.Duration
		ar, fr, en string
	}{
		{25 * time.Minute, "بقيت 25 دقيقة", "Reste 25 min", "25 minutes left"},
		{20 * time.Second, "بقيت دقيقة واحدة", "Reste 1 min", "1 minute left"},
		{h, "بقيت ساعة واحدة", "Reste 1 h", "1 hour left"},
		{h + 40*time.Minute, "بقيت ساعة و40 دقيقة", "Reste 1 h 40 min", "1 hour and 40 minutes left"},
		{2*h + 5*time.Minute, "بقيت ساعتان و5 دقائق", "Reste 2 h 5 min", "2 hours and 5 minutes left"},
		{6*h + 30*time.Minute, "بقيت 6 ساعات", "Reste 6 h", "6 hours left"},
		{d, "بقي يوم واحد", "Reste 1 jour", "1 day left"},
		{d + 3*h, "بقي يوم واحد و3 ساعات", "Reste 1 jour et 3 h", "1 day and 3 hours left"},
		{2*d + 2*h, "بقي يومان وساعتان", "Reste 2 jours et 2 h", "2 days and 2 hours left"},
		{3*d + h, "بقيت 3 أيام وساعة واحدة", "Reste 3 jours et 1 h", "3 days and 1 hour left"},
		{4*d + 5*h, "بقيت 4 أيام", "Reste 4 jours", "4 days left"},
		{12 * d, "بقي 12 يوما", "Reste 12 jours", "12 days left"},
		{-2 * h, "متجاوز للأجل بساعتين", "En retard de 2 h", "2 hours late"},
		{-(d + 2*h), "متجاوز للأجل بيوم واحد وساعتين", "En retard de 1 jour et 2 h", "1 day and 2 hours late"},
		{-(h + 2*time.Minute), "متجاوز للأجل بساعة ودقيقتين", "En retard de 1 h 2 min", "1 hour and 2 minutes late"},
	} {
		for l, want := range map[i18n.Lang]string{i18n.Arabic: c.ar, i18n.French: c.fr, i18n.English: c.en} {
			if got := words(t, l, now).span(c.left); got != want {
				t.Errorf("%v in %s: %q, want %q", c.left, l, got, want)
			}
		}
	}
}

func TestAClockShowsWhatWasUsed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) // a Saturday
	v := words(t, i18n.French, now)
	const h = time.Hour
	for name, c := range map[string]struct {
		due        time.Time
		used, term time.Duration
		kind       string
		share      int
	}{
		"half of it":                   {now.Add(48 * h), 4 * h, 8 * h, "ok", 50},
		"nothing, and it can be seen":  {now.Add(48 * h), 0, 8 * h, "ok", 1},
		"three quarters":               {now.Add(48 * h), 6 * h, 8 * h, "warn-at", 75},
		"all of it, at the last hour":  {now.Add(h), 8 * h, 8 * h, "warn-at", 99},
		"late":                         {now.Add(-h), 9 * h, 8 * h, "late", 100},
		"a term that nobody has noted": {now.Add(h), 0, 0, "warn-at", 99},
	} {
		if k := v.ClockUsed(c.due, c.used, c.term, "x"); k.Kind != c.kind || k.Used != c.share {
			t.Errorf("%s: %s at %d %%", name, k.Kind, k.Used)
		}
	}
	if k := v.Paused(2*h, 8*h, "x"); k.Kind != "paused" || k.Used != 25 || k.Words != "En pause" || k.Icon != "pause" {
		t.Errorf("%+v", k)
	}
}

func TestPhonesAreReadInPairs(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"+212661000027": "06 61 00 00 27", "0536000101": "05 36 00 01 01", "+33612345678": "+33612345678", "8350": "8350", "": "", "05360001-1": "05360001-1"} {
		if got := PhoneWords(number); got != want {
			t.Errorf("%q: %q", number, got)
		}
	}
}
