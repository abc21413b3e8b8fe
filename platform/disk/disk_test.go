package disk

import (
	"os"
	"path/filepath"
	"testing"
)

// The reserve is held while there is room, given up when there is none, and held
// again once somebody has helped.
func TestTheReserveIsGivenUpAndTakenBack(t *testing.T) {
	t.Parallel()
	now := Space{Free: 500 << 20, Size: 1 << 40}
	r := &Reserve{path: filepath.Join(t.TempDir(), reserveName), size: 1 << 20, free: func(string) (Space, error) { return now, nil }}
	for _, step := range []struct {
		free uint64
		full bool
		held int64
	}{
		{500 << 20, false, 1 << 20},
		{1 << 20, false, 1 << 20},   // there is room beside the reserve
		{100 << 10, true, 0},        // given up
		{100<<10 + 1<<20, true, 0},  // what is free is what was given up
		{300 << 10, true, 0},        // and reading has used some of it
		{3 << 20, false, 1 << 20},   // somebody helped
		{0, true, 0},                // all at once
		{400 << 20, false, 1 << 20}, // and back
	} {
		now.Free = step.free
		r.Look()
		st, err := os.Stat(r.path)
		if err != nil || r.Full() != step.full || st.Size() != step.held {
			t.Fatalf("with %d free: full %v, %d held (%v), want %v and %d", step.free, r.Full(), st.Size(), err, step.full, step.held)
		}
	}
}

func TestLowIsOneGigabyteOrFivePercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s   Space
		low bool
	}{{Space{2_000_000_000, 10_000_000_000}, false}, {Space{999_999_999, 2_000_000_000}, true}, {Space{40_000_000_000, 1_000_000_000_000}, true}, {Space{60_000_000_000, 1_000_000_000_000}, false}} {
		if c.s.Low() != c.low {
			t.Errorf("%+v: %v", c.s, c.s.Low())
		}
	}
}

func TestFreeMeasures(t *testing.T) {
	t.Parallel()
	s, err := Free(t.TempDir())
	if err != nil || s.Free == 0 || s.Free > s.Size {
		t.Errorf("%+v %v", s, err)
	}
}
