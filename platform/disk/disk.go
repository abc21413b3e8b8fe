// Package disk watches the space under a folder, and keeps a reserve of it.
//
// Whoever reads personal data writes an audit entry first, so a disk without a
// single free block would also stop reading. A file of the reserve's size is
// therefore held from the start: when space runs out it is given up, acts and
// uploads are refused, and what reading writes has room until somebody helps.
package disk

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Space is what a file system has.
type Space struct{ Free, Size uint64 }

// Low reports that the operator should act before anything is refused: below 5 %
// or 1 GB.
func (s Space) Low() bool { return s.Free < 1_000_000_000 || s.Free < s.Size/20 }

// largest is the size of the reserve; a small file system gives a fiftieth.
const largest = 16 << 20

// reserveName is the file that is given up.
const reserveName = "reserve"

// Reserve is the held space of one folder. Nil is a reserve that is never needed.
type Reserve struct {
	path string
	size uint64
	full atomic.Bool
	free func(string) (Space, error)
}

// Hold makes the reserve of a folder, or finds the one that is there.
func Hold(dir string) (*Reserve, error) {
	space, err := Free(dir)
	if err != nil {
		return nil, err
	}
	r := &Reserve{path: filepath.Join(dir, reserveName), size: min(largest, space.Size/50), free: Free}
	r.Look()
	return r, nil
}

// Full reports that acts must be refused now.
func (r *Reserve) Full() bool { return r != nil && r.full.Load() }

// Look measures. It holds the reserve while there is room for it and as much again,
// and gives it up when less than its own size is left.
func (r *Reserve) Look() {
	space, err := r.free(filepath.Dir(r.path))
	if err != nil {
		return
	}
	held := uint64(0)
	if st, err := os.Stat(r.path); err == nil {
		held = uint64(st.Size())
	}
	switch {
	case space.Free < r.size/2:
		r.full.Store(true)
		if held > 0 {
			_ = os.Truncate(r.path, 0)
		}
	case held < r.size && space.Free < 2*r.size:
		r.full.Store(true) // what is left is the reserve itself
	case held < r.size:
		if err := fill(r.path, r.size); err != nil {
			_ = os.Truncate(r.path, 0)
			r.full.Store(true)
			return
		}
		r.full.Store(false)
	default:
		r.full.Store(false)
	}
}

// Watch looks until ctx ends.
func (r *Reserve) Watch(ctx context.Context) {
	if r == nil {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.Look()
		}
	}
}

// fill takes the space for good: a sparse file would reserve nothing.
func fill(path string, size uint64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return allocate(f, int64(size))
}

// write fills a file with zeros, where the system cannot allocate.
func write(f *os.File, size int64) error {
	block := make([]byte, 1<<20)
	for size > 0 {
		n, err := f.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return f.Sync()
}
