package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A weak line (design.md §1.9): the first page brings at most 60 KB with everything
// that it needs, every later one 15 KB.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	w := newWorld(t, "embedded", s)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	for range 25 {
		desk.sent(nil)
	}
	wire := func(path, token string) (int, string) {
		t.Helper()
		req, _ := http.NewRequest("GET", w.url+path, nil)
		req.Header.Set("Accept-Encoding", "gzip")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		plain := ""
		if res.Header.Get("Content-Encoding") != "gzip" {
			plain = string(b)
		}
		return len(b), plain
	}
	statics := 0
	page := string(hospital.page("/referrals?box=in").Raw)
	for _, m := range regexp.MustCompile(`/static/[a-z.]+`).FindAllString(page, -1) {
		if !strings.Contains(m, "icons") { // counted once below
			n, _ := wire(m, "")
			statics += n
		}
	}
	icons, _ := wire("/static/icons.svg", "")
	referral := hospital.get("/referrals?box=in&limit=1").want(200).text("items.0.id")
	for path, token := range map[string]string{"/t/hospital/sign-in": "", "/t/hospital/referrals?box=in": hospital.token, "/t/hospital/referrals/" + referral: hospital.token,
		"/t/coordination/home": desk.token, "/t/coordination/services?all=1": desk.token, "/t/coordination/people/new": desk.token} {
		n, plain := wire(path, token)
		if plain != "" {
			t.Errorf("%s travels uncompressed", withoutIDs(path))
		}
		t.Logf("%s: %d bytes, with what it needs %d", withoutIDs(path), n, n+statics+icons)
		if n > 15<<10 || n+statics+icons > 60<<10 {
			t.Errorf("%s: %d bytes, with what it needs %d", withoutIDs(path), n, n+statics+icons)
		}
	}
}
