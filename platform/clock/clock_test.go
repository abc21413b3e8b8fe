package clock_test

import (
	"testing"
	"time"

	"shubbak/platform/clock"
)

func TestClocks(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 123456789, clock.Casablanca())
	m := clock.At(at)
	if got := m.Now(); got.Location() != time.UTC || got.Nanosecond() != 123456000 {
		t.Errorf("UTC and whole microseconds: %v", got)
	}
	m.Advance(time.Hour)
	if got := m.Now().Sub(at.Truncate(time.Microsecond)); got != time.Hour {
		t.Errorf("advanced by %v", got)
	}
	var s clock.Shifted
	s.Shift(-48 * time.Hour)
	if d := (clock.System{}).Now().Sub(s.Now()); d < 47*time.Hour || d > 49*time.Hour {
		t.Errorf("shifted by %v", d)
	}
	apart := clock.Apart(at.Sub(clock.System{}.Now()))
	near := func(what string, want time.Time) {
		t.Helper()
		if d := apart.Now().Sub(want); d < -time.Second || d > time.Hour {
			t.Errorf("%s: %v off", what, d)
		}
	}
	near("at a distance", at)
	apart.Shift(48 * time.Hour)
	near("and shifted", at.Add(48*time.Hour))
	apart.Set(at.AddDate(0, 0, -9))
	near("and set", at.AddDate(0, 0, -9))
	apart.Shift(0)
	near("and taken back", at)
}
