package web

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// A connection that was opened in advance and says nothing does not hold up the end
// of the process; a request that runs is answered.
func TestSilenceDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	s := &Server{app: fiber.New(fiber.Config{DisableStartupMessage: true}), end: func() {}}
	begun := make(chan struct{})
	s.app.Get("/slow", func(c *fiber.Ctx) error {
		close(begun)
		time.Sleep(300 * time.Millisecond)
		return c.SendString("answered")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	srv := s.app.Server()
	srv.Handler = s.app.Handler()
	h := hearing(l)
	s.hearing.Store(h)
	go func() { done <- srv.Serve(h) }()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	dial()
	talks := dial()
	fmt.Fprint(talks, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	end, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := s.Shutdown(end); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	b := make([]byte, 1024)
	if n, err := talks.Read(b); err != nil || string(b[:12]) != "HTTP/1.1 200" {
		t.Errorf("the running request: %q %v", b[:n], err)
	}
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}
