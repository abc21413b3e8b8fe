package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/testkit/faultproxy"
	"shubbak/platform/testkit/parts"
)

// child is a process of ours that is killed and started again at one address.
type child struct {
	t    *testing.T
	env  []string
	args []string
	cmd  *exec.Cmd
	done chan error
	log  string
}

func (c *child) start() {
	c.t.Helper()
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	c.cmd = exec.Command(os.Args[0], c.args...)
	c.cmd.Env = programEnv(c.env)
	c.cmd.Stderr, c.cmd.Stdout = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait(); close(done) }(c.cmd, c.done)
}

// end sends a signal and waits; the exit error is nil after a clean end.
func (c *child) end(s syscall.Signal) error {
	_ = c.cmd.Process.Signal(s)
	select {
	case err := <-c.done:
		return err
	case <-time.After(30 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
		return fmt.Errorf("did not end within 30 s of %s", s)
	}
}

// said is the end of what it has logged, for a failure: the log holds no personal data.
func (c *child) said() string {
	b, _ := os.ReadFile(c.log)
	return string(b[max(0, len(b)-2000):])
}

func (c *child) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// promised is everything that was answered with success.
type promised struct {
	mu        sync.Mutex
	sent      []string
	accepted  []string
	messages  []string
	documents map[string]string // id → hash
	refused   int               // 503 and cut connections: nothing was promised
}

func (p *promised) keep(list *[]string, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, id)
}

// one walks one person from registration to a document; any step may fail, and
// what was promised before stays promised.
func (p *promised) one(w *world, service string, r *rand.Rand) {
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	ok := func(u user, method, path string, body any, header map[string]string, want int) (answer, bool) {
		a, err := w.try(method, "/t/"+u.tenant+"/api/v1"+path, u.token, body, header)
		if err == nil && a.Status == want {
			return a, true
		}
		if err == nil && a.Status != 503 {
			w.t.Errorf("%s %s: %d %s", method, path, a.Status, shorten(a.Raw))
		}
		p.mu.Lock()
		p.refused++
		p.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
		return a, false
	}
	person, good := ok(desk, "POST", "/people", map[string]any{"anonymous": true}, nil, 201)
	if !good {
		return
	}
	id := person.text("id")
	if _, good = ok(desk, "POST", "/people/"+id+"/consents", map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity", "documents"}, "mode": "written", "expires_at": "2035-01-01T00:00:00Z"}, nil, 201); !good {
		return
	}
	sent, good := ok(desk, "POST", "/referrals", map[string]any{"person_id": id, "need": "psychiatric", "service_id": service, "priority": "routine", "reason": "words", "send": true}, nil, 201)
	if !good {
		return
	}
	ref := sent.text("id")
	p.keep(&p.sent, ref)
	if r.IntN(2) == 0 {
		content := fmt.Appendf(nil, "%%PDF-1.4 %d %s", r.Uint64(), ref)
		body, media := multipartOf(ref, "paper.pdf", bytes.NewReader(content))
		if doc, good := ok(desk, "POST", "/documents", body, map[string]string{"Content-Type": media}, 201); good {
			sum := sha256.Sum256(content)
			p.mu.Lock()
			p.documents[doc.text("id")] = hex.EncodeToString(sum[:])
			p.mu.Unlock()
		}
	}
	if m, good := ok(desk, "POST", "/referrals/"+ref+"/messages", map[string]any{"text": "words"}, nil, 201); good {
		p.keep(&p.messages, m.text("id"))
	}
	// The version may have moved by a document whose answer was lost.
	seen, good := ok(hospital, "GET", "/referrals/"+ref, nil, nil, 200)
	if !good {
		return
	}
	if _, good := ok(hospital, "POST", "/referrals/"+ref+"/accept", map[string]any{"version": seen.at("version")}, nil, 200); good {
		p.keep(&p.accepted, ref)
	}
}

// TestFaults kills the process and each part, and spoils the way to the store, at
// random moments under load. Its long form is `make faults`; FAULT_SEED repeats a run's
// choices.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	rounds, _ := strconv.Atoi(os.Getenv("FAULT_ROUNDS"))
	if rounds == 0 {
		rounds = 5 // every victim once
	}
	seed_, err := strconv.ParseUint(os.Getenv("FAULT_SEED"), 10, 64)
	if err != nil {
		seed_ = rand.Uint64()
	}
	t.Logf("%d rounds, FAULT_SEED=%d", rounds, seed_)
	r := rand.New(rand.NewPCG(seed_, 1))

	pg, redis, minio := ofOwn(t, parts.Postgres), ofOwn(t, parts.Redis), ofOwn(t, parts.MinIO)
	store := faultproxy.Start(t, minio.Address+"/faults")
	dir := t.TempDir()
	s := settings{Listen: "127.0.0.1:" + freePort(t), Data: dir, Log: "text", Shutdown: 15 * time.Second, KeyFile: filepath.Join(dir, "master.key"),
		DatabaseURL: pg.Address, RedisURL: redis.Address, S3URL: store.Address()}
	password := seedOnly(t, s)
	server := &child{t: t, env: s.environ(), args: []string{"serve"}, log: filepath.Join(dir, "serve.log")}
	server.start()
	t.Cleanup(func() { _ = server.cmd.Process.Kill() })
	w := &world{t: t, url: "http://" + s.Listen, password: password, tokens: map[string]string{}}
	ready := func() {
		t.Helper()
		deadline := time.Now().Add(45 * time.Second)
		for {
			if a, err := w.try("GET", "/readyz", "", nil, nil); err == nil && a.Status == 200 {
				return
			}
			if !server.alive() {
				log, _ := os.ReadFile(server.log)
				t.Fatalf("the process ended by itself: %s", log[max(0, len(log)-2000):])
			}
			if time.Now().After(deadline) {
				t.Fatal("not ready again within 45 s")
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	ready()
	service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
	w.as("intake@hospital.demo")

	p := &promised{documents: map[string]string{}}
	load, stop := context.WithCancel(context.Background())
	defer stop()
	var wg sync.WaitGroup
	for i := range 6 {
		mine := rand.New(rand.NewPCG(seed_, uint64(i+2)))
		wg.Go(func() {
			for load.Err() == nil {
				p.one(w, service, mine)
			}
		})
	}
	killed := map[string]int{}
	victims := []string{"process", "postgres", "redis", "minio", "way to minio"}
	began := time.Now()
	for i := range rounds {
		victim := victims[r.IntN(len(victims))]
		if i < len(victims) { // each at least once
			victim = victims[(i+int(seed_%uint64(len(victims))))%len(victims)]
		}
		killed[victim]++
		time.Sleep(time.Duration(300+r.IntN(1500)) * time.Millisecond)
		pause := time.Duration(r.IntN(1200)) * time.Millisecond
		switch victim {
		case "way to minio":
			store.Do([]faultproxy.Fault{{Hang: true}, {Busy: true}, {CutUp: 100}, {CutDown: 50}}[r.IntN(4)])
			time.Sleep(pause)
			store.Well()
		case "process":
			_ = server.end(syscall.SIGKILL)
			time.Sleep(pause / 2)
			server.start()
		default:
			part := map[string]*parts.Part{"postgres": pg, "redis": redis, "minio": minio}[victim]
			part.Kill()
			time.Sleep(pause)
			if err := part.Start(); err != nil {
				t.Fatal(err)
			}
		}
		ready()
	}
	stop()
	wg.Wait()
	d, err := db.Open(s.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	drained(t, d)
	took := time.Since(began).Round(time.Second)
	lost := p.lost(t, d, w)
	noticesOnce(t, d, nil)
	missing, doubled := countNotices(t, d)
	if err := server.end(syscall.SIGTERM); err != nil {
		log, _ := os.ReadFile(server.log)
		t.Errorf("SIGTERM: %v: %s", err, log[max(0, len(log)-1500):])
	}
	verify := exec.Command(os.Args[0], "audit", "verify")
	verify.Env = programEnv(s.environ())
	chain := "verifies"
	if out, err := verify.CombinedOutput(); err != nil {
		chain = "BROKEN"
		log, _ := os.ReadFile(server.log)
		t.Errorf("audit verify: %v: %s\n%s", err, out, log[max(0, len(log)-3000):])
	}
	t.Logf("seed %d: %d rounds in %s (%v); promised: %d sends, %d acceptances, %d messages, %d documents; %d calls refused or cut; lost %d, notices missing %d, doubled %d, the chain %s",
		seed_, rounds, took, killed, len(p.sent), len(p.accepted), len(p.messages), len(p.documents), p.refused, lost, missing, doubled, chain)
	if len(p.sent) < rounds || p.refused == 0 && rounds >= len(victims) {
		t.Error("there was no load, or nothing was ever away: the run proves nothing")
	}
}

// seedOnly makes the demo network of settings and starts nothing.
func seedOnly(t *testing.T, s settings) (password string) {
	t.Helper()
	ctx, c := context.Background(), testClock()
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	a, err := build(ctx, s, slog.New(slog.DiscardHandler), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if err := a.db.Migrate(ctx, trees(schemaModules())); err != nil {
		t.Fatal(err)
	}
	if err := a.complete(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := seed(ctx, a, c, "a-test-password"); err != nil {
		t.Fatal(err)
	}
	return "a-test-password"
}

// lost counts what was promised and is not there: acts in the database, documents
// by their content.
func (p *promised) lost(t *testing.T, d *db.DB, w *world) (n int) {
	t.Helper()
	missing := func(what, query string, list []string) {
		for _, id := range list {
			found := 0
			err := d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw(query, id).Scan(ctx, &found)
			})
			if err != nil || found != 1 {
				n++
				t.Errorf("%s %s: found %d times (%v)", what, id, found, err)
			}
		}
	}
	missing("send", "select count(*) from referral_events where referral_id = ? and event = 'sent'", p.sent)
	missing("acceptance", "select count(*) from referral_events where referral_id = ? and event = 'accepted'", p.accepted)
	missing("message", "select count(*) from messages where id = ?", p.messages)
	for id, sum := range p.documents {
		a, err := w.try(http.MethodGet, "/t/coordination/api/v1/documents/"+id+"/content", w.as("worker@coordination.demo").token, nil, nil)
		got := sha256.Sum256(a.Raw)
		if err != nil || a.Status != 200 || hex.EncodeToString(got[:]) != sum {
			n++
			t.Errorf("document %s: %d (%v)", id, a.Status, err)
		}
	}
	return n
}

// countNotices compares notices with what happened: one per send at the hospital's
// desk, one per acceptance at the sender, one per message at the other side.
func countNotices(t *testing.T, d *db.DB) (missing, doubled int) {
	t.Helper()
	count := func(query string) (n int) {
		if err := d.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error { return db.Conn(ctx).NewRaw(query).Scan(ctx, &n) }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, event := range []string{"sent", "accepted"} {
		missing += count(`select count(*) from referral_events e join referrals r on r.id = e.referral_id where e.event = '` + event + `' and e.at > (select max(created_at) from users)
			and not exists (select 1 from notifications n where n.subject_id = e.referral_id and n.event = 'referral.` + event + `')`)
		doubled += count(`select count(*) from (select 1 from notifications where event = 'referral.` + event + `' and subject_id in (select referral_id from referral_events where event = '` + event + `' group by 1 having count(*) = 1) group by subject_id, user_id having count(*) > 1) x`)
	}
	wrong := `select count(*) from (select m.referral_id, count(*) as said, (select count(*) from notifications n where n.subject_id = m.referral_id and n.event = 'referral.message') as told
		from messages m join referrals r on r.id = m.referral_id where m.kind = 'message' and r.sent_at > (select max(created_at) from users) group by m.referral_id) x where told `
	missing += count(wrong + "< said")
	doubled += count(wrong + "> said")
	if missing+doubled > 0 {
		t.Errorf("%d notices are missing, %d doubled", missing, doubled)
	}
	return missing, doubled
}
