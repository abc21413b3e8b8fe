package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const connections = 16

// result is one line of the table.
type result struct {
	what                       string
	perSecond                  float64
	p50, p95, p99              time.Duration
	app, database, bare, ratio float64 // CPU milliseconds per request; ratio of application and database to the bare line
	memory                     float64
}

// target is where requests go, and which processes do the work.
type target struct {
	base    string
	pid     int
	pg      int
	headers map[string]string
}

// request is one kind of call; body and path are made for the i-th call.
type request struct {
	method string
	path   func(i int) string
	body   func(i int) ([]byte, string)
	status int
	leaves time.Duration // how long the work goes on after the answers
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}}

func (t target) do(r request, i int) ([]byte, error) {
	var body io.Reader
	kind := ""
	if r.body != nil {
		b, k := r.body(i)
		body, kind = bytes.NewReader(b), k
	}
	req, err := http.NewRequest(r.method, t.base+r.path(i), body)
	if err != nil {
		return nil, err
	}
	for k, v := range t.headers {
		req.Header.Set(k, v)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != r.status {
		err = fmt.Errorf("%s %s: %d %s", r.method, r.path(i), res.StatusCode, b[:min(len(b), 300)])
	}
	return b, err
}

// block makes n calls over all connections, from the from-th on.
func (t target) block(r request, from, n int) (took []time.Duration, wall, app, database time.Duration, answers [][]byte, err error) {
	took, answers = make([]time.Duration, n), make([][]byte, n)
	var next sync.Mutex
	i := 0
	app0, pg0, began := cpu(t.pid), family(t.pg), time.Now()
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for {
				next.Lock()
				k := i
				i++
				stop := k >= n || err != nil
				next.Unlock()
				if stop {
					return
				}
				start := time.Now()
				a, e := t.do(r, from+k)
				took[k], answers[k] = time.Since(start), a
				if e != nil {
					next.Lock()
					err = e
					next.Unlock()
				}
			}
		})
	}
	wg.Wait()
	wall = time.Since(began)
	time.Sleep(r.leaves) // what the calls leave behind, deliveries and seals, is their cost too
	return took, wall, cpu(t.pid) - app0, family(t.pg) - pg0, answers, err
}

// measure runs every line on one database.
func (w *world) measure(ctx context.Context, kind string) ([]result, error) {
	env := []string{"SHUBBAK_DATA=" + w.folder, "SHUBBAK_LISTEN=127.0.0.1:0", "SHUBBAK_LOG=text"}
	dsn := "sqlite:" + w.file()
	if kind == "postgres" {
		dsn = w.pg
		env = append(env, "SHUBBAK_DATABASE_URL="+dsn)
	}
	if w.profile != "" {
		env = append(env, "SHUBBAK_METRICS_LISTEN="+profiled)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	env[1] = fmt.Sprintf("SHUBBAK_LISTEN=127.0.0.1:%d", port)
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	began := time.Now()
	p, err := start(ctx, env, w.bin, "serve")
	if err != nil {
		return nil, err
	}
	defer p.end()
	quick := &http.Client{Timeout: time.Second}
	if err := p.until(30*time.Second, func() error {
		res, err := quick.Get(base + "/healthz")
		if err == nil {
			res.Body.Close()
		}
		return err
	}); err != nil {
		return nil, err
	}
	first := time.Since(began)
	d, err := w.open(kind)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := w.settled(ctx, d); err != nil {
		return nil, err
	}
	fmt.Printf("\n%s, %d referrals: first answer after %d ms, %.0f MB at rest\n", kind, w.n, first.Milliseconds(), resident(p.cmd.Process.Pid))
	app := target{base: base, pid: p.cmd.Process.Pid, pg: w.pgPID}
	if kind == "sqlite" {
		app.pg = 0
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp(w.folder, "bare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	j, err := w.jobs(ctx, d, app)
	if err != nil {
		return nil, err
	}
	var out []result
	fmt.Printf("%-14s %8s %8s %8s %8s %9s %9s %9s %7s %6s\n", "", "req/s", "p50 ms", "p95 ms", "p99 ms", "app CPU", "db CPU", "bare CPU", "ratio", "MB")
	for _, line := range j.lines {
		q, err := start(ctx, nil, self, "-bare", dsn, line.tenant, scratch)
		if err != nil {
			return nil, err
		}
		if err := q.until(20*time.Second, func() error {
			if listens.FindStringSubmatch(q.out.String()) == nil {
				return errors.New("the bare line does not listen")
			}
			return nil
		}); err != nil {
			return nil, err
		}
		b := target{base: "http://" + listens.FindStringSubmatch(q.out.String())[1], pid: q.cmd.Process.Pid, pg: app.pg}
		stop := w.record(kind, line.what)
		r, err := w.alternate(line, app, b)
		stop()
		q.end()
		if err != nil {
			said := p.out.String()
			return out, fmt.Errorf("%s: %w\n%s", line.what, err, said[max(0, len(said)-1500):])
		}
		fmt.Printf("%-14s %8.0f %8.1f %8.1f %8.1f %9.2f %9.2f %9.2f %7.2f %6.0f\n", r.what, r.perSecond, ms(r.p50), ms(r.p95), ms(r.p99), r.app, r.database, r.bare, r.ratio, r.memory)
		out = append(out, r)
	}
	return out, nil
}

var listens = regexp.MustCompile(`listen=(\S+)`)

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// alternate runs product and bare line in turns, after one turn of each to warm up.
func (w *world) alternate(l line, app, b target) (result, error) {
	app.headers = l.headers
	out := result{what: l.what}
	var all []time.Duration
	var ratios, apps, dbs, bares []float64
	var calls int
	var wall time.Duration
	if l.warm != nil {
		if err := l.warm(app, b); err != nil {
			return out, err
		}
	}
	for k := range w.blocks {
		took, d, a, p, answers, err := app.block(l.app, k*l.calls, l.calls)
		if err != nil {
			return out, err
		}
		if l.then != nil {
			l.then(answers)
		}
		all, calls, wall = append(all, took...), calls+l.calls, wall+d
		_, _, ba, bp, _, err := b.block(l.bare, k*l.calls, l.calls)
		if err != nil {
			return out, err
		}
		n := float64(l.calls)
		apps, dbs, bares = append(apps, ms(a)/n), append(dbs, ms(p)/n), append(bares, ms(ba+bp)/n)
		if ba+bp > 0 {
			ratios = append(ratios, float64(a+p)/float64(ba+bp))
		}
	}
	slices.Sort(all)
	at := func(p float64) time.Duration { return all[min(len(all)-1, int(p*float64(len(all))))] }
	out.perSecond, out.p50, out.p95, out.p99 = float64(calls)/wall.Seconds(), at(.5), at(.95), at(.99)
	out.app, out.database, out.bare, out.ratio, out.memory = median(apps), median(dbs), median(bares), median(ratios), resident(app.pid)
	return out, nil
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[len(x)/2]
}

// printGrowth compares the large world with the small one.
func printGrowth(large, small []result) {
	fmt.Println("\nCPU of the large world against the small one:")
	for _, l := range large {
		for _, s := range small {
			if s.what == l.what && s.app+s.database > 0 {
				fmt.Printf("%-14s %6.2f\n", l.what, (l.app+l.database)/(s.app+s.database))
			}
		}
	}
}

// open is a connection for looking at the world, past all walls.
func (w *world) open(kind string) (*sql.DB, error) {
	if kind == "sqlite" {
		return sql.Open("sqlite", "file:"+w.file()+"?_pragma=busy_timeout(5000)")
	}
	return sql.Open("pgx", strings.Replace(w.pg, "shubbak@", "owner@", 1))
}

// settled waits until nothing is left to deliver and two seconds more.
func (w *world) settled(ctx context.Context, d *sql.DB) error {
	for range 1200 {
		n := 0
		if err := d.QueryRowContext(ctx, "select count(*) from outbox where state in ('ready', 'handed')").Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			time.Sleep(2 * time.Second)
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("deliveries do not end")
}

// megabyte is a document that nobody can compress.
func megabyte(seed int) []byte {
	b := make([]byte, 1<<20)
	x := uint64(seed)*2654435761 + 88172645463325252
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	copy(b, "%PDF-1.7\n")
	return b
}

func form(referral string, content []byte) ([]byte, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"subject", "referral:" + referral}, {"category", "medical"}, {"sensitivity", "ordinary"}} {
		_ = m.WriteField(f[0], f[1])
	}
	part, _ := m.CreateFormFile("file", "paper.pdf")
	_, _ = part.Write(content)
	_ = m.Close()
	return b.Bytes(), m.FormDataContentType()
}

func asJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

// profiled is where the product hands out profiles during a run that wants them.
const profiled = "127.0.0.1:6061"

// record writes a CPU profile of the product for as long as one line is measured.
func (w *world) record(kind, what string) (stop func()) {
	if w.profile == "" {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan struct{})
	go func() {
		defer close(done)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+profiled+"/debug/pprof/profile?seconds=8", nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil {
			_ = os.MkdirAll(w.profile, 0o700)
			_ = os.WriteFile(filepath.Join(w.profile, fmt.Sprintf("%s-%d-%s.pprof", kind, w.n, strings.ReplaceAll(what, " ", "-"))), b, 0o600)
		}
	}()
	return func() { <-done; cancel() }
}
