package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/testkit"
)

// TestMain lets the test binary be the program itself, so that a test can kill it.
func TestMain(m *testing.M) {
	if os.Getenv("SHUBBAK_BE_THE_PROGRAM") != "" {
		os.Exit(execute(testMachine()))
	}
	status := m.Run()
	forgetTemplates()
	os.Exit(status)
}

// programEnv is the environment in which this binary is the program, by our clock.
func programEnv(settings []string) []string {
	return append(append(os.Environ(), "SHUBBAK_BE_THE_PROGRAM=1", "TEST_APART="+apart.String()), settings...)
}

// program is one running process of ours.
type program struct {
	cmd *exec.Cmd
	url string
}

// spawn starts the program and waits for its first line.
func spawn(t *testing.T, env []string, args ...string) program {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = programEnv(env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := program{cmd: cmd}
	if args[0] == "demo" {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal("the demo printed nothing: ", err)
		}
		var sheet demoSheet
		if err := json.Unmarshal([]byte(line), &sheet); err != nil {
			t.Fatal(err)
		}
		p.url = sheet.URL
	}
	return p
}

// sendMany sends referrals from eight workers until n were tried or the server is
// gone, and gives the ids of those that were answered 201.
func sendMany(w *world, people []string, service string, n int, kill func(sent int)) []string {
	desk := w.as("worker@coordination.demo")
	var mu sync.Mutex
	var ids []string
	var wg sync.WaitGroup
	next := make(chan string)
	for range 8 {
		wg.Go(func() {
			for p := range next {
				a, err := w.try("POST", "/t/coordination/api/v1/referrals", desk.token, map[string]any{"person_id": p, "need": "psychiatric", "service_id": service, "priority": "routine", "reason": "words", "send": true}, nil)
				if err == nil && a.Status == 201 {
					mu.Lock()
					ids = append(ids, a.text("id"))
					kill(len(ids))
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- people[i%len(people)]
	}
	close(next)
	wg.Wait()
	return ids
}

// manyPeople registers persons with consent to the hospital.
func manyPeople(w *world, n int) []string {
	desk := w.as("worker@coordination.demo")
	out := make([]string, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range out {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			a, err := w.try("POST", "/t/coordination/api/v1/people", desk.token, map[string]any{"anonymous": true, "alias": fmt.Sprint("person ", i)}, nil)
			if err != nil || a.Status != 201 {
				return
			}
			out[i] = a.text("id")
			_, _ = w.try("POST", "/t/coordination/api/v1/people/"+out[i]+"/consents", desk.token, map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "written", "expires_at": "2035-01-01T00:00:00Z"}, nil)
		})
	}
	wg.Wait()
	return out
}

// noticesOnce fails unless every committed send has exactly one notice per
// recipient; committed is counted in the database, not by what was answered.
func noticesOnce(t *testing.T, d *db.DB, answered []string) {
	t.Helper()
	var committed, noticed, doubled int
	var missing []string
	err := d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
		c := db.Conn(ctx)
		if err := c.NewRaw("select count(*) from referrals where state = 'sent'").Scan(ctx, &committed); err != nil {
			return err
		}
		if err := c.NewRaw("select count(distinct subject_id) from notifications n join referrals r on r.id = n.subject_id where n.event = 'referral.sent' and r.state = 'sent'").Scan(ctx, &noticed); err != nil {
			return err
		}
		if err := c.NewRaw("select count(*) from (select subject_id, user_id from notifications where event = 'referral.sent' group by subject_id, user_id having count(*) > 1) x").Scan(ctx, &doubled); err != nil {
			return err
		}
		for _, id := range answered {
			n := 0
			if err := c.NewRaw("select count(*) from notifications where subject_id = ? and event = 'referral.sent'", id).Scan(ctx, &n); err != nil {
				return err
			}
			if n != 1 {
				missing = append(missing, fmt.Sprint(id, ": ", n))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if committed < len(answered) || noticed != committed || doubled > 0 || len(missing) > 0 {
		t.Errorf("%d answered, %d committed, %d noticed, %d doubled, wrong: %v", len(answered), committed, noticed, doubled, missing)
	}
	var gaps int
	err = d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw("select max(last) - (select count(*) from referrals where number is not null) from registers where name = 'referral'").Scan(ctx, &gaps)
	})
	if err != nil || gaps != 0 {
		t.Errorf("the register has %d gaps (%v)", gaps, err)
	}
}

// TestKilledInTheMiddle kills the embedded process with signal 9 in the middle of
// 500 sends; after the restart nothing is missing or doubled.
func TestKilledInTheMiddle(t *testing.T) {
	if testing.Short() || os.Getenv("TEST_ONLY_POSTGRES") != "" {
		t.Skip("long, and of the embedded default")
	}
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, nil, "demo", "--listen", "127.0.0.1:0", "--data", dir, "--json")
	sheet, err := readSheet(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, url: p.url, password: sheet.Accounts[0].Password, tokens: map[string]string{}}
	people := manyPeople(w, 500)
	service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
	var once sync.Once
	ids := sendMany(w, people, service, 500, func(sent int) {
		if sent >= 250 {
			once.Do(func() { _ = p.cmd.Process.Kill() })
		}
	})
	_ = p.cmd.Wait()
	if len(ids) < 250 || len(ids) >= 500 {
		t.Fatalf("%d sends were answered: the kill was not in the middle", len(ids))
	}
	again := spawn(t, nil, "demo", "--listen", "127.0.0.1:0", "--data", dir, "--json")
	after := &world{t: t, url: again.url, password: sheet.Accounts[0].Password, tokens: map[string]string{}}
	after.as("worker@coordination.demo") // the password works after a kill
	d, err := db.Open("sqlite:" + filepath.Join(dir, "shubbak.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	drained(t, d)
	noticesOnce(t, d, ids)
	if err := again.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := again.cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	verify := exec.Command(os.Args[0], "audit", "verify", "--data", dir)
	verify.Env = programEnv(nil)
	if out, err := verify.CombinedOutput(); err != nil {
		t.Errorf("audit verify: %v: %s", err, out)
	}
}

// drained waits until the outbox of a database is empty.
func drained(t *testing.T, d *db.DB) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		n := 0
		err := d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select count(*) from outbox where state in ('ready', 'handed')").Scan(ctx, &n)
		})
		if err == nil && n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d deliveries are left (%v)", n, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestRedisKilledInTheMiddle kills Redis with signal 9 in the middle of 500 sends.
// People keep working; the notices follow once it is back, empty.
func TestRedisKilledInTheMiddle(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("TEST_REQUIRE_REAL") != "" {
			t.Fatal("redis-server is required in this run")
		}
		t.Skip("no Redis in this run")
	}
	for name, s := range worldSettings(t) {
		if name == "embedded" && testkit.Part(t, "TEST_DATABASE_URL") != "" {
			continue // the real database is there: one world is enough
		}
		port := freePort(t)
		start := func() *exec.Cmd {
			cmd := exec.Command(server, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			return cmd
		}
		redis := start()
		s.RedisURL = (&url.URL{Scheme: "redis", Host: "127.0.0.1:" + port}).String()
		s.handedTimeout = 3 * time.Second
		waitPort(t, port)
		w := newWorld(t, name, s)
		people := manyPeople(w, 500)
		service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
		var once sync.Once
		ids := sendMany(w, people, service, 500, func(sent int) {
			if sent >= 200 {
				once.Do(func() { _ = redis.Process.Kill() })
			}
		})
		if len(ids) != 500 {
			t.Errorf("only %d of 500 sends were answered while the queue was gone", len(ids))
		}
		w.eventually("the queue is seen as degraded", w.bus.Degraded)
		if a := w.call("GET", "/readyz", "", nil, nil); a.Status != 200 || !strings.Contains(string(a.Raw), "queue: degraded") {
			t.Errorf("/readyz: %d %s", a.Status, a.Raw)
		}
		_ = redis.Wait()
		start()
		drained(t, w.db)
		noticesOnce(t, w.db, ids)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func waitPort(t *testing.T, port string) {
	t.Helper()
	for range 100 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nothing listens on the port")
}
