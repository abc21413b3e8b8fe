package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a handler leaves of a body is never taken for the connection's next request:
// neither the end of an upload in chunks nor a body that was refused unread.
func TestABodyLeftUnreadIsNotTheNextRequest(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		smuggled := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
		form, media := multipartOf(id, "x.pdf", strings.NewReader("%PDF-1.4 words"))
		file, err := io.ReadAll(form)
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			path, token, media, body string
			chunked                  bool
			status                   int
		}{
			"an upload in chunks":       {"/t/coordination/api/v1/documents", desk.token, media, string(file), true, 201},
			"a body without a session":  {"/t/coordination/api/v1/referrals", "nobody", "application/json", smuggled, false, 401},
			"chunks without a session":  {"/t/coordination/api/v1/referrals", "nobody", "application/json", smuggled, true, 401},
			"an upload nobody may send": {"/t/coordination/api/v1/documents", "nobody", media, string(file) + smuggled, true, 401},
			"a body that no route has":  {"/nowhere", "", "text/plain", smuggled, false, 404},
		} {
			conn, err := net.DialTimeout("tcp", strings.TrimPrefix(w.url, "http://"), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n", c.path, c.token, c.media)
			if c.chunked {
				fmt.Fprintf(conn, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(c.body), c.body)
			} else {
				fmt.Fprintf(conn, "Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
			}
			fmt.Fprint(conn, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
			answers := bufio.NewReader(conn)
			first, err := http.ReadResponse(answers, nil)
			if err != nil || first.StatusCode != c.status {
				t.Fatalf("%s: %v %v", what, first, err)
			}
			_, _ = io.Copy(io.Discard, first.Body)
			if !first.Close { // the connection lives, so the next answer is that of the next request
				second, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if body, _ := io.ReadAll(second.Body); !strings.Contains(string(body), "database: ok") {
					t.Errorf("%s: the next answer is %d %q", what, second.StatusCode, body)
				}
			}
			_ = conn.Close()
		}
	})
}
