package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/testkit"

	"github.com/uptrace/bun"
)

// world is the demo network, running, on one set of real or embedded parts.
type world struct {
	*app
	t        testing.TB
	name     string
	clock    *clock.Shifted
	url      string
	password string
	log      *syncBuffer
	serving  *serving
	mu       sync.Mutex
	tokens   map[string]string
	schema   map[string]bool   // tables and partial indexes, where plans are read
	indexes  map[string]string // their statements, by name
	asked    int               // plans asked for
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// partSettings are the settings of each kind of world of this run: everything embedded,
// and everything real where this run has the parts. The real one has no database yet.
func partSettings(t testing.TB) map[string]settings {
	t.Helper()
	out := map[string]settings{}
	base := func() settings {
		dir := t.TempDir()
		return settings{Listen: "127.0.0.1:0", Data: dir, Log: "text debug", Shutdown: 10 * time.Second, KeyFile: filepath.Join(dir, "master.key")}
	}
	if os.Getenv("TEST_ONLY_POSTGRES") == "" {
		out["embedded"] = base()
	}
	if pg, redis, s3 := testkit.Part(t, "TEST_DATABASE_URL"), testkit.Part(t, "TEST_REDIS_URL"), testkit.Bucket(t); pg != "" && redis != "" && s3 != "" {
		s := base()
		s.RedisURL, s.S3URL, s.queue = redis, s3, testkit.Unique()
		out["real"] = s
	}
	return out
}

// emptySettings are the same with nothing in them.
func emptySettings(t testing.TB) map[string]settings {
	t.Helper()
	out := partSettings(t)
	if s, ok := out["real"]; ok {
		s.DatabaseURL = testkit.Schema(t)
		out["real"] = s
	}
	return out
}

// worldSettings are the same with the demo network in each.
func worldSettings(t testing.TB) map[string]settings {
	t.Helper()
	out := partSettings(t)
	for name, s := range out {
		out[name] = templateOf(t, name).copied(t, s)
	}
	return out
}

// eachWorld runs fn on every kind of world, in parallel.
func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, newWorld(t, name, s))
		})
	}
}

// newWorld builds, seeds and starts a demo network.
func newWorld(t testing.TB, name string, s settings, hooks ...bun.QueryHook) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, name: name, clock: testClock(), log: &syncBuffer{}, password: testPassword, tokens: map[string]string{}}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	a, err := build(ctx, s, slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), w.clock)
	if err != nil {
		t.Fatal(err)
	}
	w.app = a
	t.Cleanup(a.close)
	if err := a.db.Migrate(ctx, trees(schemaModules())); err != nil {
		t.Fatal(err)
	}
	if err := a.complete(ctx); err != nil {
		t.Fatal(err)
	}
	a.db.AddHook(testkit.ScopeHook{T: t})
	for _, h := range hooks {
		a.db.AddHook(h)
	}
	if list, err := a.registry.All(ctx); err != nil {
		t.Fatal(err)
	} else if len(list) == 0 {
		if _, err := seed(ctx, a, w.clock, w.password); err != nil {
			t.Fatal(err)
		}
	}
	if w.serving, err = a.start(ctx, true, true); err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + w.serving.addr
	t.Cleanup(w.stopServing)
	w.settled()
	return w
}

// stopServing ends the server and its background work, once.
func (w *world) stopServing() {
	w.mu.Lock()
	s := w.serving
	w.serving = nil
	w.mu.Unlock()
	if s == nil {
		return
	}
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.stop(end)
}

// answer is what the API said.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Raw    []byte
	JSON   map[string]any
}

// at walks the JSON by a path of names and numbers: items.0.id.
func (a answer) at(path string) any {
	var v any = a.JSON
	for _, p := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			var i int
			if _, err := fmt.Sscan(p, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// text is at as a string.
func (a answer) text(path string) string {
	switch v := a.at(path).(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		b, _ := json.Marshal(v)
		return string(b)
	}
}

// want fails the test unless the status is one of those.
func (a answer) want(status ...int) answer {
	a.t.Helper()
	for _, s := range status {
		if a.Status == s {
			return a
		}
	}
	a.t.Fatalf("status %d, want %v: %s", a.Status, status, shorten(a.Raw))
	return a
}

func shorten(b []byte) string { return string(b[:min(len(b), 800)]) }

// code fails the test unless the answer is a problem with this code.
func (a answer) code(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if a.text("code") != code {
		a.t.Fatalf("code %q, want %q: %s", a.text("code"), code, shorten(a.Raw))
	}
	if a.text("request_id") == "" {
		a.t.Fatal("a problem without a request id")
	}
	return a
}

// user calls the API as one account; email names the tenant too.
type user struct {
	w      *world
	tenant string
	email  string
	token  string
}

// as signs an account in, once per world.
func (w *world) as(email string) user {
	w.t.Helper()
	tenant := strings.TrimSuffix(email[strings.Index(email, "@")+1:], ".demo")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tokens[email] == "" {
		a := w.call("POST", "/t/"+tenant+"/api/v1/session", "", map[string]any{"email": email, "password": w.password}, nil)
		a.want(201)
		w.tokens[email] = a.text("token")
	}
	return user{w, tenant, email, w.tokens[email]}
}

// call sends one request; body may be nil, a string, bytes, or anything for JSON.
func (w *world) call(method, path, token string, body any, header map[string]string) answer {
	w.t.Helper()
	a, err := w.try(method, path, token, body, header)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) try(method, path, token string, body any, header map[string]string) (answer, error) {
	var r io.Reader
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	case io.Reader:
		r = b
	default:
		enc, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		r = bytes.NewReader(enc)
	}
	req, err := http.NewRequest(method, w.url+path, r)
	if err != nil {
		return answer{}, err
	}
	if r != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range header {
		req.Header.Set(k, v)
		if k == "Host" {
			req.Host = v
		}
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{t: w.t, Status: res.StatusCode, Header: res.Header, Raw: raw}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &a.JSON); err != nil {
			return a, fmt.Errorf("%s %s: not JSON: %w", method, path, err)
		}
	}
	if w.app != nil && w.server != nil && strings.Contains(path, "/api/v1") && !strings.Contains(path, "openapi.json") && !strings.HasSuffix(path, "/content") {
		raw, err := w.server.Document()
		if err != nil {
			return a, err
		}
		described.check(w.t, raw, method, path, a)
	}
	return a, nil
}

// client follows no redirects: a 303 is an answer to look at.
var client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func (u user) api(method, path string, body any) answer {
	u.w.t.Helper()
	return u.w.call(method, "/t/"+u.tenant+"/api/v1"+path, u.token, body, nil)
}

func (u user) get(path string) answer            { u.w.t.Helper(); return u.api("GET", path, nil) }
func (u user) post(path string, body any) answer { u.w.t.Helper(); return u.api("POST", path, body) }

// do gives a command with the version that the actor sees now.
func (u user) do(referral, command string, body map[string]any) answer {
	u.w.t.Helper()
	if body == nil {
		body = map[string]any{}
	}
	if body["version"] == nil {
		body["version"] = u.version(referral)
	}
	return u.post("/referrals/"+referral+"/"+command, body)
}

// version reads the version from the list, which opens nothing.
func (u user) version(referral string) any {
	u.w.t.Helper()
	for _, box := range []string{"in", "out"} {
		a := u.get("/referrals?limit=200&box=" + box).want(200)
		for _, x := range a.at("items").([]any) {
			if m := x.(map[string]any); m["id"] == referral {
				return m["version"]
			}
		}
	}
	u.w.t.Fatalf("%s does not see %s", u.email, referral)
	return nil
}

// person registers somebody whose name nobody else has.
func (u user) person(extra map[string]any) string {
	u.w.t.Helper()
	body := map[string]any{"given_name": "Test" + letters(testkit.Unique()), "family_name": "Person" + letters(testkit.Unique()), "sex": "female", "birth_date": "1990-05-05", "commune": "02.411.01.23"}
	for k, v := range extra {
		body[k] = v
	}
	return u.post("/people", body).want(201).text("id")
}

// letters turns a random word into consonants that a skeleton keeps apart.
func letters(s string) string {
	const set = "bdfgjklmnrstzhkq"
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(set[int(s[i])%len(set)])
		b.WriteByte("aeiou"[i%5])
	}
	return b.String()
}

// consent records a consent of all categories for a partner.
func (u user) consent(person, partner string, categories ...string) string {
	u.w.t.Helper()
	if len(categories) == 0 {
		categories = []string{"identity", "contact", "social", "health", "documents"}
	}
	return u.post("/people/"+person+"/consents", map[string]any{"purpose": "referral", "recipients": []string{partner}, "categories": categories, "mode": "written",
		"expires_at": testNow().AddDate(0, 6, 0).UTC().Format(time.RFC3339)}).want(201).text("id")
}

// service finds a service of a partner by need.
func (u user) service(partner, need string) string {
	u.w.t.Helper()
	items := u.get("/services?need=" + need).want(200).at("items").([]any)
	id := ""
	for _, x := range items {
		if m := x.(map[string]any); m["tenant"] == partner {
			id = m["id"].(string) // the oldest: the list is newest first
		}
	}
	if id == "" {
		u.w.t.Fatalf("no service of %s for %s", partner, need)
	}
	return id
}

// sent makes a referral to the hospital that is in its inbox.
func (u user) sent(extra map[string]any) string {
	u.w.t.Helper()
	p := u.person(nil)
	u.consent(p, "hospital")
	return u.refer(p, extra).want(201).text("id")
}

func (u user) refer(person string, extra map[string]any) answer {
	u.w.t.Helper()
	body := map[string]any{"person_id": person, "need": "psychiatric", "service_id": u.service("hospital", "psychiatric"), "priority": "routine", "reason": "Troubles du sommeil depuis six mois", "send": true}
	for k, v := range extra {
		body[k] = v
	}
	return u.post("/referrals", body)
}

// settled waits until every delivery is done.
func (w *world) settled() {
	w.t.Helper()
	deadline := time.Now().Add(patient)
	for {
		n, err := w.bus.Pending(context.Background())
		if err == nil && n == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d deliveries are still pending (%v)", n, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
