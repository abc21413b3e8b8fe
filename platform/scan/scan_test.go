package scan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/scan"
	"shubbak/platform/testkit/clamd"
)

// eicar is the test file that every scanner knows, in two halves so that this file
// is not one.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

func open(t *testing.T, address string) *scan.Clamd {
	t.Helper()
	c, err := scan.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestScanTellsTheVerdict(t *testing.T) {
	t.Parallel()
	addresses := map[string]string{"a server that speaks the protocol": clamd.Start(t).Address()}
	if real := os.Getenv("TEST_CLAMAV_URL"); real != "" {
		addresses["clamd"] = real
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ctx := open(t, address), context.Background()
			if err := c.Ping(ctx); err != nil {
				t.Fatal(err)
			}
			if v, err := c.Scan(ctx, strings.NewReader(eicar)); err != nil || !v.Infected || !strings.Contains(strings.ToLower(v.Signature), "eicar") {
				t.Errorf("the test file: %+v %v", v, err)
			}
			for what, body := range map[string]io.Reader{"nothing": strings.NewReader(""), "words": strings.NewReader("a paper"), "one piece and a byte": bytes.NewReader(make([]byte, 64<<10+1)), "many pieces": bytes.NewReader(make([]byte, 5<<20))} {
				if v, err := c.Scan(ctx, body); err != nil || v.Infected {
					t.Errorf("%s: %+v %v", what, v, err)
				}
			}
		})
	}
}

func TestADaemonThatFailsGivesNoVerdict(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, behave := range map[string]func(s *clamd.Server){
		"cuts the connection":              (*clamd.Server).Cut,
		"answers garbage":                  (*clamd.Server).Garbage,
		"answers garbage without end":      (*clamd.Server).Endless,
		"never answers":                    (*clamd.Server).Silent,
		"never reads":                      (*clamd.Server).Deaf,
		"says that the stream is too long": (*clamd.Server).TooLong,
		"is away":                          (*clamd.Server).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clamd.Start(t)
			behave(s)
			c := open(t, s.Address())
			c.Step, c.Answer = 100*time.Millisecond, 100*time.Millisecond
			v, err := c.Scan(ctx, bytes.NewReader(make([]byte, 32<<20)))
			if !fault.Has(err, fault.Unavailable) || v != (scan.Verdict{}) {
				t.Errorf("%+v %v", v, err)
			}
		})
	}
}

func TestAScanEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := clamd.Start(t)
	s.Silent()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := open(t, s.Address()).Scan(ctx, strings.NewReader("x"))
		done <- err
	}()
	cancel()
	if err := <-done; !fault.Has(err, fault.Unavailable) {
		t.Error(err)
	}
}

// A source that fails is the source's failure, never a verdict.
func TestAScanTellsTheSourcesFailure(t *testing.T) {
	t.Parallel()
	c := open(t, clamd.Start(t).Address())
	for _, gone := range []error{errors.New("the object has gone"), io.ErrUnexpectedEOF, fmt.Errorf("cannot read: %w", io.EOF)} {
		if v, err := c.Scan(context.Background(), io.MultiReader(strings.NewReader("half"), failing{gone})); !errors.Is(err, gone) {
			t.Errorf("%v: %+v %v", gone, v, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOpenRefusesABadAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "tcp://", "tcp://host", "http://host:1", "unix:", "unix://", "/run/clamd"} {
		if _, err := scan.Open(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestScanOverAUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "scan") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", dir+"/c")
	if err != nil {
		t.Fatal(err)
	}
	clamd.Serve(t, l)
	if err := open(t, "unix:"+dir+"/c").Ping(context.Background()); err != nil {
		t.Error(err)
	}
}
