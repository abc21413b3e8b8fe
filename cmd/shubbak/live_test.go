package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
)

// sse is one server-sent event; a comment has nothing.
type sse struct{ id, name, data string }

// following is an open stream.
type following struct {
	t      testing.TB
	events chan sse
	cancel context.CancelFunc
}

// follow opens the stream as a bearer, or with the cookie of a page.
func (u user) follow(path, last string, cookie bool) *following {
	u.w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.w.url+"/t/"+u.tenant+"/api/v1/stream"+path, nil)
	if err != nil {
		u.w.t.Fatal(err)
	}
	if cookie {
		req.Header.Set("Cookie", "shubbak_session="+u.token)
	} else {
		req.Header.Set("Authorization", "Bearer "+u.token)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		u.w.t.Fatal(err)
	}
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		u.w.t.Fatalf("the stream answers %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	f := &following{t: u.w.t, events: make(chan sse, 1000), cancel: cancel}
	u.w.t.Cleanup(cancel)
	go func() {
		defer close(f.events)
		defer res.Body.Close()
		var e sse
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					f.events <- e
				}
				e = sse{}
			}
		}
	}()
	return f
}

// next waits for the next event; ended is true when the stream is over.
func (f *following) next() (e sse, ended bool) {
	f.t.Helper()
	select {
	case e, ok := <-f.events:
		return e, !ok
	case <-time.After(patient):
		f.t.Fatal("nothing came")
		return e, true
	}
}

func (f *following) want(event string) sse {
	f.t.Helper()
	e, ended := f.next()
	if ended || e.name != event {
		f.t.Fatalf("%+v (ended %v), want %s", e, ended, event)
	}
	return e
}

// waitEnd reads until the stream is over.
func (f *following) waitEnd() {
	f.t.Helper()
	for {
		if _, ended := f.next(); ended {
			return
		}
	}
}

func TestTheStreamTellsWhatHappens(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		f := hospital.follow("", "", false)
		page := hospital.follow("?watch=page", "", true)
		page.want("look") // the page may be older than its stream
		id := desk.sent(nil)
		e := f.want("referral.sent")
		if notice := hospital.get("/notifications").want(200); e.id != notice.text("items.0.id") || notice.text("items.0.subject.id") != id {
			t.Error("the event's id is not the notice's")
		}
		if want := `{"id":"` + e.id + `","event":"referral.sent"}`; e.data != want {
			t.Errorf("data %s, want %s", e.data, want)
		}
		page.want("referral.sent")
		page.want("look")

		t.Run("going on after Last-Event-ID loses nothing and repeats nothing", func(t *testing.T) {
			f.cancel()
			for range 3 {
				desk.sent(nil)
			}
			w.settled()
			again := hospital.follow("", e.id, false)
			last := e.id
			for range 3 {
				x := again.want("referral.sent")
				if x.id <= last {
					t.Error("an event came twice or out of order")
				}
				last = x.id
			}
			desk.sent(nil)
			if x := again.want("referral.sent"); x.id <= last {
				t.Error("after what was missed, something old came again")
			}
		})
		t.Run("a page that shows a referral hears of every change of it", func(t *testing.T) {
			f := hospital.follow("?watch="+id, "", true)
			f.want("look")
			hospital.do(id, "acknowledge", nil).want(200) // by the same user: no notice
			f.want("look")
		})
		t.Run("refusals", func(t *testing.T) {
			hospital.get("/stream?watch=nonsense").code(400, "unreadable")
			w.call("GET", "/t/hospital/api/v1/stream", hospital.token, nil, map[string]string{"Last-Event-ID": "nonsense"}).code(400, "unreadable")
			w.call("GET", "/t/hospital/api/v1/stream", "", nil, nil).code(401, "unauthenticated")
			w.call("GET", "/t/hospital/api/v1/stream", desk.token, nil, nil).code(401, "unauthenticated")
			w.call("GET", "/t/hospital/api/v1/me", "", nil, map[string]string{"Cookie": "shubbak_session=" + hospital.token}).code(401, "unauthenticated")
		})
	})
}

// TestReplicasTellEachOther: an act at one process is seen by a stream of another
// at once, through Redis; streams look by themselves only every 15 seconds then.
func TestReplicasTellEachOther(t *testing.T) {
	t.Parallel()
	s, ok := worldSettings(t)["real"]
	if !ok {
		t.Skip("no real parts in this run")
	}
	w := newWorld(t, "real", s)
	second, err := build(t.Context(), s, w.app.log, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	defer second.close()
	if err := second.complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	running, err := second.start(t.Context(), true, false)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := running.stop(end); err != nil {
				t.Error(err)
			}
		}
	}
	defer stop()
	hospital := w.as("intake@hospital.demo")
	there := hospital
	there.w = &world{t: t, url: "http://" + running.addr}
	w.joined(second, w.app)
	f := there.follow("", "", false)
	start := time.Now()
	w.as("worker@coordination.demo").sent(nil)
	e := f.want("referral.sent")
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("the hint took %v: the stream looked by itself", d)
	}
	t.Run("and a stream ends before its process does", func(t *testing.T) {
		stop()
		f.waitEnd()
	})
	t.Run("then the other replica goes on where it ended", func(t *testing.T) {
		w.as("worker@coordination.demo").sent(nil)
		if x := hospital.follow("", e.id, false).want("referral.sent"); x.id <= e.id {
			t.Error("not the next one")
		}
	})
}

// joined waits until hints of other processes arrive.
func (w *world) joined(list ...*app) {
	w.t.Helper()
	deadline := time.Now().Add(patient)
	for _, a := range list {
		for a.live.Every() < 15*time.Second {
			if time.Now().After(deadline) {
				w.t.Fatal("the channel is never joined")
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func TestAStreamEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, s := range worldSettings(t) {
		s.streamEvery = 50 * time.Millisecond
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name, s)
			hospital := w.as("intake@hospital.demo")
			t.Run("the session", func(t *testing.T) {
				f := hospital.follow("", "", false)
				hospital.api("DELETE", "/session", nil).want(204)
				f.waitEnd()
			})
			t.Run("the membership", func(t *testing.T) {
				chamber := w.as("intake@chamber.demo")
				f := chamber.follow("?watch=page", "", true)
				f.want("look")
				err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
					_, err := db.Conn(ctx).NewRaw("update memberships set valid_to = ? where user_id in (select id from users where email = ?)", w.clock.Now(), chamber.email).Exec(ctx)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				f.waitEnd()
			})
			t.Run("the process", func(t *testing.T) {
				f := w.as("worker@coordination.demo").follow("", "", false)
				end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				if err := w.server.Shutdown(end); err != nil {
					t.Error("the process waits for a stream:", err)
				}
				f.waitEnd()
			})
		})
	}
}

// TestAReaderWhoNeverReadsIsLetGo: neither its memory nor its goroutine stays.
func TestAReaderWhoNeverReadsIsLetGo(t *testing.T) {
	t.Parallel()
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) { // one after the other: both count goroutines
			s.streamEvery, s.streamLife = 20*time.Millisecond, 8*time.Second // on a busy machine twenty open slowly
			neverReads(t, newWorld(t, name, s))
		})
	}
}

func neverReads(t *testing.T, w *world) {
	emails := []string{"worker@coordination.demo", "worker2@coordination.demo", "intake@hospital.demo", "intake@chamber.demo", "placements@faculty.demo"}
	for _, e := range emails {
		w.as(e)
	}
	var lines []net.Conn
	for range 4 {
		for _, e := range emails {
			u := w.as(e)
			c, err := net.Dial("tcp", w.serving.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.(*net.TCPConn).SetReadBuffer(1 << 10)
			_, err = io.WriteString(c, "GET /t/"+u.tenant+"/api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+u.token+"\r\n\r\n")
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, c)
		}
	}
	until(t, "all streams are open", func() bool { return w.live.Open() == len(lines) })
	if n := streaming(); n < len(lines) {
		t.Fatalf("%d goroutines serve %d streams: this test looks at the wrong place", n, len(lines))
	}
	until(t, "all places are given back", func() bool { return w.live.Open() == 0 })
	until(t, "their goroutines end", func() bool { return streaming() < len(lines)/2 })
}

// streaming counts the goroutines that make pieces of an answer; other tests may
// have a few.
func streaming() int {
	b := make([]byte, 16<<20)
	return strings.Count(string(b[:runtime.Stack(b, true)]), "shubbak/web.(*body).Read(")
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patient)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("not in time:", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// exporting counts the connections that write an answer made while it leaves.
func exporting() int {
	b := make([]byte, 16<<20)
	return strings.Count(string(b[:runtime.Stack(b, true)]), "fasthttp.writeBodyChunked(")
}
