// Package scan asks a ClamAV daemon whether a stream is harmful, over its socket,
// in flat memory.
//
// The daemon is outside our reach: it may be away, slow, cut or talk nonsense. All
// of that is `unavailable` and says nothing of the stream; only its two sentences,
// "OK" and "FOUND", are a verdict.
package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"shubbak/platform/fault"
)

// Verdict is what the daemon found.
type Verdict struct {
	Infected  bool
	Signature string // the daemon's name for it
}

// Clamd is one daemon.
type Clamd struct {
	network, address string
	// Dial bounds the connection, Step each piece sent, Answer the wait for the
	// verdict: the daemon looks at the whole stream only once it has it.
	Dial, Step, Answer time.Duration
}

// chunk is how much one piece holds.
const chunk = 64 << 10

// longest bounds what the daemon may answer.
const longest = 1 << 10

// Open reads tcp://HOST:PORT or unix:PATH; nothing is asked yet.
func Open(raw string) (*Clamd, error) {
	c := &Clamd{Dial: 5 * time.Second, Step: 30 * time.Second, Answer: 2 * time.Minute}
	if path, ok := strings.CutPrefix(raw, "unix:"); ok {
		path = "/" + strings.TrimLeft(path, "/")
		if path == "/" {
			return nil, errors.New("scan: want tcp://HOST:PORT or unix:PATH")
		}
		c.network, c.address = "unix", path
		return c, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "tcp" || u.Hostname() == "" || u.Port() == "" {
		return nil, errors.New("scan: want tcp://HOST:PORT or unix:PATH")
	}
	c.network, c.address = "tcp", u.Host
	return c, nil
}

// Ping reports whether the daemon answers.
func (c *Clamd) Ping(ctx context.Context) error {
	answer, err := c.talk(ctx, "PING", nil)
	if err == nil && answer != "PONG" {
		err = garbled()
	}
	return err
}

// found is the daemon's sentence for a hit: "stream: Win.Test.EICAR_HDB-1 FOUND".
var found = regexp.MustCompile(`^stream: ([\x21-\x7e]{1,200}) FOUND$`)

// Scan sends r to its end and gives the verdict. A failure of r itself comes back
// as it is.
func (c *Clamd) Scan(ctx context.Context, r io.Reader) (Verdict, error) {
	answer, err := c.talk(ctx, "INSTREAM", r)
	if err != nil {
		return Verdict{}, err
	}
	if answer == "stream: OK" {
		return Verdict{}, nil
	}
	if m := found.FindStringSubmatch(answer); m != nil {
		return Verdict{Infected: true, Signature: m[1]}, nil
	}
	return Verdict{}, garbled()
}

// garbled never repeats the answer: it may hold anything.
func garbled() error {
	return fault.Of(fault.Unavailable, errors.New("scan: the daemon gave no verdict"))
}

func down(err error) error { return fault.Of(fault.Unavailable, fmt.Errorf("scan: %w", err)) }

// talk gives one command, with a body in pieces, and reads the one answer.
func (c *Clamd) talk(ctx context.Context, command string, body io.Reader) (string, error) {
	conn, err := (&net.Dialer{Timeout: c.Dial}).DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", down(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetWriteDeadline(time.Now().Add(c.Step))
	if _, err := conn.Write([]byte("z" + command + "\x00")); err != nil {
		return "", down(err)
	}
	if body != nil {
		if err := c.send(conn, body); err != nil {
			return "", err
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(c.Answer))
	answer, err := io.ReadAll(io.LimitReader(untilZero{conn}, longest))
	if err != nil {
		return "", down(err)
	}
	if !bytes.HasSuffix(answer, []byte{0}) {
		return "", garbled()
	}
	return strings.TrimSpace(strings.TrimSuffix(string(answer), "\x00")), nil
}

// send writes the pieces, each behind its length, and the empty one that ends them.
func (c *Clamd) send(conn net.Conn, body io.Reader) error {
	buf := make([]byte, 4+chunk)
	for {
		n, rerr := full(body, buf[4:])
		if rerr != nil && rerr != io.EOF {
			return rerr // of a file that breaks off the rest is unknown
		}
		if n > 0 {
			if err := c.piece(conn, buf[:4+n]); err != nil {
				return err
			}
		}
		if rerr != nil {
			return c.piece(conn, buf[:4])
		}
	}
}

// full reads until p is full. Unlike io.ReadFull it tells a file that ends from one that
// ends unexpectedly, as the body of a store's answer does when its connection is cut.
func full(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

func (c *Clamd) piece(conn net.Conn, p []byte) error {
	binary.BigEndian.PutUint32(p, uint32(len(p)-4))
	_ = conn.SetWriteDeadline(time.Now().Add(c.Step))
	if _, err := conn.Write(p); err != nil {
		return down(err)
	}
	return nil
}

// untilZero ends at the zero byte that ends an answer.
type untilZero struct{ r io.Reader }

func (u untilZero) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := u.r.Read(p[:1])
	if n == 1 && p[0] == 0 {
		return 1, io.EOF
	}
	return n, err
}
