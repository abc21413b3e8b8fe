package web

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// headerTime is how long a connection may take over the head of a request. From
// there the route's own time counts, which an upload needs.
const headerTime = 30 * time.Second

// silent knows the connections that have said nothing yet. Browsers and proxies
// open some in advance, and fasthttp counts them as busy: without a list of our own
// a shutdown would wait for them until its time is over.
type silent struct {
	net.Listener
	close func() error // once: fasthttp takes a second for a failure
	mu    sync.Mutex
	conns map[*conn]struct{}
}

type conn struct {
	net.Conn
	of   *silent
	said atomic.Bool
}

func hearing(l net.Listener) *silent {
	return &silent{Listener: l, close: sync.OnceValue(l.Close), conns: map[*conn]struct{}{}}
}

func (s *silent) Close() error { return s.close() }

func (s *silent) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	mine := &conn{Conn: c, of: s}
	s.mu.Lock()
	s.conns[mine] = struct{}{}
	s.mu.Unlock()
	return mine, nil
}

// hangUp closes what has said nothing.
func (s *silent) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Conn.Close()
	}
	clear(s.conns)
}

func (s *silent) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.said.CompareAndSwap(false, true) {
		c.of.forget(c)
	}
	return n, err
}

// ReadFrom keeps the kernel's own copying of files.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

func (c *conn) Close() error {
	c.of.forget(c)
	return c.Conn.Close()
}
