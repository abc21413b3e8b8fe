package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/testkit/parts"
)

// Two servers and a worker share a real database, queue and store: what is sent on
// one is read on the other, the worker makes the notices, open pages are told across
// processes, and each ends in good order without the others noticing.
func TestTwoServersAndAWorker(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	s, ok := emptySettings(t)["real"]
	if !ok {
		t.Skip("no real parts in this run")
	}
	redis := ofOwn(t, parts.Redis) // processes of their own share the default queue
	s.RedisURL, s.queue = redis.Address, ""
	password := seedOnly(t, s)
	run := func(name string, args ...string) (*child, *world) {
		mine := s
		mine.Listen = "127.0.0.1:" + freePort(t)
		mine.Data = t.TempDir()
		c := &child{t: t, env: mine.environ(), args: args, log: filepath.Join(mine.Data, name+".log")}
		c.start()
		t.Cleanup(func() {
			_ = c.cmd.Process.Kill()
			if t.Failed() {
				t.Logf("%s: %s", name, c.said())
			}
		})
		return c, &world{t: t, url: "http://" + mine.Listen, password: password, tokens: map[string]string{}}
	}
	one, first := run("one", "serve", "--without-worker")
	two, second := run("two", "serve", "--without-worker")
	for _, w := range []*world{first, second} {
		w.eventually("a server is ready", func() bool {
			a, err := w.try("GET", "/readyz", "", nil, nil)
			return err == nil && a.Status == 200
		})
	}
	desk, hospital := first.as("worker@coordination.demo"), second.as("intake@hospital.demo")
	// One sign-in counts on both.
	elsewhere := user{first, hospital.tenant, hospital.email, hospital.token}
	stream := hospital.follow("", "", false)
	id := desk.sent(nil)
	if got := hospital.get("/referrals/" + id).want(200); got.text("state") != "sent" {
		t.Errorf("the other server shows it %s", got.text("state"))
	}
	noticed := func(u user, event string) int {
		n := 0
		for _, x := range u.get("/notifications?limit=200").want(200).at("items").([]any) {
			m := x.(map[string]any)
			if m["event"] == event && m["subject"].(map[string]any)["id"] == id {
				n++
			}
		}
		return n
	}
	if n := noticed(hospital, "referral.sent"); n != 0 {
		t.Errorf("%d notices were made without a worker", n)
	}
	worker, _ := run("worker", "worker")
	// A stream looks by itself every 15 seconds; a hint takes far less.
	until := func(event string) { // the worker also finds what the seed left
		t.Helper()
		for {
			if e, ended := stream.next(); ended {
				t.Fatal("the stream ended without ", event)
			} else if e.name == event {
				return
			}
		}
	}
	until("referral.sent")
	first.eventually("the worker has caught up", func() bool { return noticed(elsewhere, "referral.sent") == 1 })
	began := time.Now()
	desk.post("/referrals/"+id+"/messages", map[string]any{"text": "words"}).want(201)
	until("referral.message")
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("the hint took %s across processes", d)
	}
	if n := noticed(elsewhere, "referral.sent"); n != 1 {
		t.Errorf("%d notices, want one", n)
	}

	// One server leaves in good order; its stream ends, the other goes on.
	if err := two.end(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	stream.waitEnd()
	elsewhere.do(id, "accept", nil).want(200)
	// The worker leaves with its work done or given back, and another takes it up.
	if err := worker.end(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM to the worker: %v", err)
	}
	desk.post("/referrals/"+id+"/messages", map[string]any{"text": "while nobody worked"}).want(201)
	worker, _ = run("worker-again", "worker")
	first.eventually("the notices are made", func() bool {
		return noticed(elsewhere, "referral.message") == 2 && noticed(desk, "referral.accepted") == 1
	})
	for name, c := range map[string]*child{"server": one, "worker": worker} {
		if err := c.end(syscall.SIGTERM); err != nil {
			t.Errorf("SIGTERM to the %s: %v", name, err)
		}
	}
	out, code := commandOf(s.environ(), "audit", "verify")
	if code != 0 || strings.Contains(out, "not sealed") {
		t.Errorf("audit verify: %s", out)
	}
}

// What several processes need is named when it is missing.
func TestAWorkerWantsRealParts(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"worker"}, {"serve", "--without-worker"}} {
		if _, code := commandOf([]string{"SHUBBAK_DATA=" + t.TempDir(), "SHUBBAK_REDIS_URL=redis://127.0.0.1:1"}, args...); code != 1 {
			t.Errorf("%v: status %d", args, code)
		}
	}
}
