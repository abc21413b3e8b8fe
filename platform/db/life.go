package db

import (
	"sync"
	"time"

	"shubbak/platform/clock"
)

// life remembers when the database last said something.
type life struct {
	mu   sync.Mutex
	last time.Time
}

func (l *life) sign() {
	l.mu.Lock()
	l.last = clock.System{}.Now()
	l.mu.Unlock()
}

// silent is how long nothing has been heard.
func (l *life) silent() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return clock.System{}.Now().Sub(l.last)
}

// wait calls gone once the database has said nothing for Patience, unless begun is
// called before. begun reports false where it was too late.
func (l *life) wait(gone func()) (begun func() bool) {
	w := &waiting{life: l, gone: gone}
	w.mu.Lock()
	w.timer = time.AfterFunc(Patience, w.look)
	w.mu.Unlock()
	return w.begun
}

type waiting struct {
	life  *life
	gone  func()
	mu    sync.Mutex
	timer *time.Timer
	over  bool // begun, or given up
	given bool
}

func (w *waiting) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if silent := w.life.silent(); silent < Patience {
		w.timer.Reset(Patience - silent)
		return
	}
	w.over, w.given = true, true
	w.gone()
}

func (w *waiting) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
	return !w.given
}
