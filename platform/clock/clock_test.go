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
}
