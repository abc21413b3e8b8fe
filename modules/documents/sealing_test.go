package documents

import (
	"errors"
	"io"
	"testing"
)

// counted is a sender without an end.
type counted struct{ reads int }

func (c *counted) Read(p []byte) (int, error) {
	c.reads++
	return len(p), nil
}

type closer struct{ io.Writer }

func (closer) Close() error { return nil }

// A store that fails in the middle leaves nobody who reads on in the sender's stream;
// the race detector sees it too.
func TestAnUploadThatStopsReadsNoMore(t *testing.T) {
	t.Parallel()
	src := &counted{}
	r, stop := sealing(func(w io.Writer) (io.WriteCloser, error) { return closer{w}, nil }, src)
	if _, err := io.ReadFull(r, make([]byte, 100<<10)); err != nil {
		t.Fatal(err)
	}
	stop()
	before := src.reads
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("it goes on: %v", err)
	}
	if src.reads != before {
		t.Error("the sender's stream was read on")
	}
}
