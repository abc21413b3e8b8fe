package terms_test

import (
	"testing"
	"time"

	"shubbak/platform/terms"
)

func TestTheHolidaysAreWhole(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	yearly, expected, ramadan := 0, 0, 0
	for _, h := range terms.Holidays() {
		if keys[h.Key] || h.Name.Ar == "" || h.Name.Fr == "" || h.Name.En == "" {
			t.Errorf("%q stands twice, or has no name", h.Key)
		}
		keys[h.Key] = true
		if h.Yearly != "" {
			yearly++
			continue
		}
		from, err := time.Parse(time.DateOnly, h.From)
		to, err2 := time.Parse(time.DateOnly, h.To)
		if err != nil || err2 != nil || to.Before(from) {
			t.Errorf("%s: %s to %s", h.Key, h.From, h.To)
		}
		if h.Expected {
			expected++
		}
		if h.Ramadan {
			ramadan++
		}
	}
	if yearly != 11 || expected != 5 || ramadan != 1 || !keys["eid_al_fitr-2027"] || !keys["ramadan-2027"] || !keys["07-30"] {
		t.Errorf("%d of every year, %d expected, %d Ramadan: %v", yearly, expected, ramadan, keys)
	}
}
