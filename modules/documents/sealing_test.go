package documents

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"shubbak/platform/fault"
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

type ends struct{ with error }

func (e ends) Read([]byte) (int, error) { return 0, e.with }

// A sender's stream that breaks off may give an end of something as the cause: it is
// never the end of the file.
func TestACutStreamIsNoShortFile(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{io.ErrUnexpectedEOF, fmt.Errorf("cannot read the next piece: %w", io.EOF)} {
		m := &measured{r: io.MultiReader(strings.NewReader("half"), ends{cause}), sum: sha256.New(), limit: 100}
		if b, err := io.ReadAll(m); len(b) != 4 || !fault.Has(err, fault.Unreadable) {
			t.Errorf("%v: %d bytes, %v", cause, len(b), err)
		}
	}
}
