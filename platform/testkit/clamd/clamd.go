// Package clamd is a server that speaks as much of ClamAV's protocol as tests need,
// and that fails in every way a daemon outside our reach can.
package clamd

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// Server finds whatever holds the words of the EICAR test file.
type Server struct {
	l    net.Listener
	mu   sync.Mutex
	mode string
	seen int
	gone chan struct{}
	once sync.Once
}

// Start serves on a loopback port until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return Serve(t, l)
}

// Serve serves on l until the test ends.
func Serve(t testing.TB, l net.Listener) *Server {
	s := &Server{l: l, gone: make(chan struct{})}
	go s.accept()
	t.Cleanup(s.Stop)
	return s
}

// Address is what SHUBBAK_CLAMAV_URL names.
func (s *Server) Address() string { return "tcp://" + s.l.Addr().String() }

// Cut closes each connection once the stream has begun.
func (s *Server) Cut() { s.behave("cut") }

// Garbage answers something that is no sentence of the protocol.
func (s *Server) Garbage() { s.behave("garbage") }

// Endless answers without ever coming to an end.
func (s *Server) Endless() { s.behave("endless") }

// Silent takes everything and never answers.
func (s *Server) Silent() { s.behave("silent") }

// Deaf never reads.
func (s *Server) Deaf() { s.behave("deaf") }

// TooLong answers as clamd does to a stream over its limit.
func (s *Server) TooLong() { s.behave("long") }

// Well answers again.
func (s *Server) Well() { s.behave("") }

// Stop ends the server.
func (s *Server) Stop() {
	s.once.Do(func() {
		close(s.gone)
		_ = s.l.Close()
	})
}

// Asked counts the streams that were begun.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *Server) behave(mode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

func (s *Server) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		go s.answer(c)
	}
}

func (s *Server) answer(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	mode := s.mode
	s.mu.Unlock()
	if mode == "deaf" {
		<-s.gone
		return
	}
	command := make([]byte, 0, 16)
	for b := make([]byte, 1); len(command) < 16; {
		if _, err := io.ReadFull(c, b); err != nil || b[0] == 0 {
			break
		}
		command = append(command, b[0])
	}
	const nonsense = "220 mail.example ESMTP OK\r\n\x00"
	if string(command) == "zPING" {
		answer := "PONG\x00"
		if mode == "garbage" {
			answer = nonsense
		}
		_, _ = c.Write([]byte(answer))
		return
	}
	s.mu.Lock()
	s.seen++
	s.mu.Unlock()
	if mode == "cut" {
		return
	}
	content, err := stream(c)
	if err != nil {
		return
	}
	switch {
	case mode == "silent":
		<-s.gone
	case mode == "garbage":
		_, _ = c.Write([]byte(nonsense))
	case mode == "endless":
		for {
			if _, err := c.Write(bytes.Repeat([]byte("stream: OK "), 100)); err != nil {
				return
			}
		}
	case mode == "long":
		_, _ = c.Write([]byte("INSTREAM size limit exceeded. ERROR\x00"))
	case bytes.Contains(content, []byte("EICAR-STANDARD-ANTIVIRUS-TEST-FILE")):
		_, _ = c.Write([]byte("stream: Eicar-Test.UNOFFICIAL FOUND\x00"))
	default:
		_, _ = c.Write([]byte("stream: OK\x00"))
	}
}

// stream reads the pieces and keeps the first of them.
func stream(r io.Reader) ([]byte, error) {
	var out bytes.Buffer
	for {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil || n == 0 {
			return out.Bytes(), err
		}
		var err error
		if out.Len() == 0 {
			_, err = io.CopyN(&out, r, int64(n))
		} else {
			_, err = io.CopyN(io.Discard, r, int64(n))
		}
		if err != nil {
			return nil, err
		}
	}
}
