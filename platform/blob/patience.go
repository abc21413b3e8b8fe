package blob

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Patience is how long a store on another machine may stand still before a call is
// given up: neither answer nor take or give a byte. Whoever uploads to a store that
// hangs is told so after this, and abandonTime more.
const Patience = 10 * time.Second

// abandonTime is how long an upload that failed may take to be taken back; what is
// left then is the sweeper's.
const abandonTime = 2 * time.Second

var errSilent = errors.New("blob: the store stands still")

// watch ends a call of a store that stands still. It counts the store's time only:
// a sender or a reader may be as slow as their line.
type watch struct {
	timer    *time.Timer
	cancel   context.CancelCauseFunc
	patience time.Duration
}

func (s *S3) watched(ctx context.Context) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{time.AfterFunc(s.patience, func() { cancel(errSilent) }), cancel, s.patience}
}

func (w *watch) moved() { w.timer.Reset(w.patience) }
func (w *watch) pause() { w.timer.Stop() }

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// source is what an upload reads. It keeps the source's own failure apart from the
// store's, and its time.
type source struct {
	r   io.Reader
	w   *watch
	err error
}

func (s *source) Read(p []byte) (int, error) {
	s.w.pause()
	n, err := s.r.Read(p)
	s.w.moved()
	if err != nil && err != io.EOF { // a failure may have an end of something as its cause
		s.err = err
	}
	return n, err
}

// sent is one piece on its way to the store, which counts as moving only where it has
// not been before: an attempt that is made again gains no time. The transport of an
// attempt that was answered early may go on reading for a moment. It takes bytes from
// the next attempt then, which comes out too short, is refused and made again.
type sent struct {
	mu      sync.Mutex
	b       []byte
	at, far int
	w       *watch
}

func (s *sent) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at >= len(s.b) {
		return 0, io.EOF
	}
	n := copy(p, s.b[s.at:])
	if s.at += n; s.at > s.far {
		s.far = s.at
		s.w.moved()
	}
	return n, nil
}

// Seek is asked for the start alone, before each attempt.
func (s *sent) Seek(offset int64, whence int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if whence != io.SeekStart || offset < 0 || offset > int64(len(s.b)) {
		return 0, errors.New("blob: a piece is sent from its start")
	}
	s.at = int(offset)
	return offset, nil
}

// over ends it, so that its bytes can be used for the next piece.
func (s *sent) over() {
	s.mu.Lock()
	s.b = nil
	s.mu.Unlock()
}

// received is content on its way from the store.
type received struct {
	body io.ReadCloser
	w    *watch
}

func (r *received) Read(p []byte) (int, error) {
	r.w.moved()
	n, err := r.body.Read(p)
	r.w.pause()
	if err != nil && err != io.EOF {
		err = down(err)
	}
	return n, err
}

func (r *received) Close() error {
	r.w.end()
	return r.body.Close()
}
