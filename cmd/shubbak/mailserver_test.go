package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// mailServer takes mails and keeps them; while it is away it hangs up.
type mailServer struct {
	addr  string
	mu    sync.Mutex
	away  bool
	tries int
	mails []string
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m := &mailServer{addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(c)
		}
	}()
	return m
}

func (m *mailServer) setAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *mailServer) taken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.mails...)
}

func (m *mailServer) serve(c net.Conn) {
	defer c.Close()
	m.mu.Lock()
	away := m.away
	m.tries++
	m.mu.Unlock()
	if away {
		return
	}
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("220 test")
	var mail strings.Builder
	in := false
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case in && line == ".":
			in = false
			m.mu.Lock()
			m.mails = append(m.mails, mail.String())
			m.mu.Unlock()
			mail.Reset()
			say("250 taken")
		case in:
			mail.WriteString(line + "\n")
		case strings.HasPrefix(line, "RCPT"):
			mail.WriteString(line + "\n")
			say("250 ok")
		case line == "DATA":
			in = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
