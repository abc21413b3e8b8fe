// Package clock is the only place that asks the machine for the time, and knows
// the ordinary working week that deadlines are counted in.
package clock

import (
	"sync"
	"time"
	_ "time/tzdata" // the product counts Moroccan time on any machine
)

// Clock tells the time: UTC, whole microseconds, as both databases store it.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now is the present instant.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Manual is a clock that tests and seeds move by hand.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// At makes a manual clock that stands at t.
func At(t time.Time) *Manual { return &Manual{now: t.UTC().Truncate(time.Microsecond)} }

// Now is where the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Set moves the clock to t, forward or back.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t.UTC().Truncate(time.Microsecond)
}

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) { m.Set(m.Now().Add(d)) }

// Shifted is the machine's clock, moved by an offset: the demo network is seeded
// with a past, then the offset is taken away.
type Shifted struct {
	mu           sync.Mutex
	base, offset time.Duration
}

// Apart makes a clock that goes as the machine's does, but at a distance from it:
// its offsets count from there.
func Apart(d time.Duration) *Shifted { return &Shifted{base: d} }

// Now is the shifted present.
func (s *Shifted) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return System{}.Now().Add(s.base + s.offset)
}

// Shift sets the offset.
func (s *Shifted) Shift(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = d
}

// Set chooses the offset by which it is t now.
func (s *Shifted) Set(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = t.Sub(System{}.Now()) - s.base
}
