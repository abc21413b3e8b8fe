package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime/quotedprintable"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/testkit"
	"shubbak/platform/testkit/parts"
)

// ofOwn starts a part that this test may kill. Without the part the test is left
// out, unless this run requires it.
func ofOwn(t *testing.T, start func(dir string) (*parts.Part, error)) *parts.Part {
	t.Helper()
	dir, err := os.MkdirTemp("", "shubbak-part-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p, err := start(dir)
	if errors.Is(err, parts.ErrAbsent) && os.Getenv("TEST_REQUIRE_REAL") == "" {
		t.Skip("a part is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// within fails when an answer takes longer than people would wait.
func (w *world) within(limit time.Duration, what string, do func() answer) answer {
	w.t.Helper()
	var a answer
	if d := testkit.Took(func() { a = do() }); d > limit {
		w.t.Errorf("%s took %s", what, d)
	}
	return a
}

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	textField   = regexp.MustCompile(`(?s)<textarea id="[^"]+" name="([^"]+)"[^>]*>(.*?)</textarea>`)
	formAction  = regexp.MustCompile(`<form class="stack" method="post"(?: enctype="multipart/form-data")? action="([^"]+)"`)
)

// kept reads the form that an error page gives back, as a browser would send it.
func kept(a answer) (action string, f url.Values) {
	a.t.Helper()
	m := formAction.FindStringSubmatch(string(a.Raw))
	if m == nil {
		a.t.Fatalf("the page gives no form back: %s", shorten(a.Raw))
	}
	f = url.Values{}
	for _, x := range hiddenField.FindAllStringSubmatch(string(a.Raw), -1) {
		f.Add(x[1], html.UnescapeString(x[2]))
	}
	for _, x := range textField.FindAllStringSubmatch(string(a.Raw), -1) {
		f.Add(x[1], html.UnescapeString(x[2]))
	}
	return html.UnescapeString(m[1]), f
}

// A database that is killed, or that hangs, costs nobody what they typed, and
// nobody has to restart anything.
func TestPostgreSQLGoesAndComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	s, ok := worldSettings(t)["real"]
	if !ok {
		t.Skip("no real parts in this run")
	}
	pg := ofOwn(t, parts.Postgres)
	s.DatabaseURL, s.handedTimeout = pg.Address, 3*time.Second
	w := newWorld(t, "real", s)
	desk := w.as("worker@coordination.demo")
	id := desk.sent(nil)
	words := "L'intéressée préfère le matin; \"après 10 h\" <et> seule.\nDeuxième ligne: مرحبا"
	say := func() answer { return desk.form("/referrals/"+id+"/messages", url.Values{"text": {words}}) }

	for what, away := range map[string]struct{ gone, back func() }{
		"killed": {pg.Kill, func() {
			if err := pg.Start(); err != nil {
				t.Fatal(err)
			}
		}},
		"hanging": {pg.Freeze, pg.Thaw},
	} {
		away.gone()
		for range 3 {
			w.within(2200*time.Millisecond, what+": reading", func() answer { return desk.get("/referrals/" + id) }).code(503, "unavailable")
		}
		a := w.within(2200*time.Millisecond, what+": writing", func() answer { return desk.post("/referrals/"+id+"/messages", map[string]any{"text": words}) }).code(503, "unavailable")
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if a := w.within(2200*time.Millisecond, what+": a page", func() answer { return w.call("GET", "/t/coordination/referrals", desk.token, nil, nil) }); a.Status != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: the page answers %d", what, a.Status)
		}
		if a := w.call("GET", "/readyz", "", nil, nil); a.Status != 503 || !strings.Contains(string(a.Raw), "database: down") {
			t.Errorf("%s: /readyz: %d %s", what, a.Status, a.Raw)
		}
		page := w.within(2200*time.Millisecond, what+": sending a form", say).want(503)
		action, f := kept(page)
		if f.Get("text") != words || f.Get("_csrf") == "" || action != "/t/coordination/referrals/"+id+"/messages" || page.Header.Get("Retry-After") == "" {
			t.Fatalf("%s: the page gives back %q %v", what, action, f)
		}
		upload := w.within(2200*time.Millisecond, what+": sending a file", func() answer {
			return desk.pageUpload(id, [][2]string{{"category", "medical"}, {"sensitivity", "health"}}, []byte("%PDF-1.4 words"))
		}).want(503)
		if action, f := kept(upload); f.Get("category") != "medical" || f.Get("sensitivity") != "health" || f.Get("_csrf") == "" || action != "/t/coordination/referrals/"+id+"/documents" ||
			!strings.Contains(string(upload.Raw), `type="file"`) {
			t.Errorf("%s: the form of a file gives back %q %v", what, action, f)
		}
		// Whoever did not send a form from our own pages gets nothing back.
		foreign := w.call("POST", action, "", url.Values{"text": {words}, "_csrf": {"guessed"}}.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_session=" + desk.token})
		if foreign.Status != 503 || strings.Contains(string(foreign.Raw), "<textarea") {
			t.Errorf("%s: a foreign form is given back", what)
		}
		signIn := w.call("POST", "/t/coordination/sign-in", "", url.Values{"email": {"worker@coordination.demo"}, "password": {"typed word"}, "_csrf": {csrfFor(desk.token)}}.Encode(),
			map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_session=" + desk.token})
		if strings.Contains(string(signIn.Raw), "typed word") || !strings.Contains(string(signIn.Raw), "worker@coordination.demo") {
			t.Errorf("%s: the sign-in form: %d %s", what, signIn.Status, shorten(signIn.Raw))
		}
		away.back()
		w.eventually(what+": ready again", func() bool { return w.call("GET", "/readyz", "", nil, nil).Status == 200 })
		w.eventually(what+": the form is taken", func() bool {
			return w.call("POST", action, "", f.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_session=" + desk.token}).Status == 303
		})
		if got := desk.get("/referrals/" + id + "/messages").want(200).text("items.0.text"); got != words {
			t.Errorf("%s: %q arrived", what, got)
		}
		w.settled()
	}
}

// A full disk refuses acts and files; whoever reads goes on, audited.
func TestAFullDiskIsStillRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may make a small disk")
	}
	t.Parallel()
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	if err := syscall.Mount("none", s.Data, "tmpfs", 0, "size=96m,mode=700"); err != nil {
		t.Skip("this machine makes no small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(s.Data, syscall.MNT_DETACH) })
	w := newWorld(t, "embedded", s)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	id := desk.sent(nil)
	hospital.do(id, "accept", nil).want(200)
	doc := desk.upload(id, "medical", "health", "lettre.pdf", []byte("%PDF-1.4 words")).want(201).text("id")
	if out, _ := commandOf(s.environ(), "doctor"); bad(out) != "disk" {
		t.Errorf("below 1 GB the doctor says so:\n%s", out)
	}

	big, err := os.Create(s.Data + "/somebody-elses.file")
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); ; {
		if _, err := big.Write(block); err != nil {
			break // not a byte is left
		}
	}
	_ = big.Close()
	w.eventually("the reserve is given up", w.reserve.Full)
	say := map[string]any{"text": "words"}
	if a := desk.post("/referrals/"+id+"/messages", say).code(503, "unavailable"); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_, f := kept(desk.form("/referrals/"+id+"/messages", url.Values{"text": {"typed with care"}}).want(503))
	if f.Get("text") != "typed with care" {
		t.Errorf("the form gives back %v", f)
	}
	desk.upload(id, "medical", "health", "x.pdf", []byte("%PDF-1.4 more words")).code(503, "unavailable")
	if _, f := kept(desk.pageUpload(id, [][2]string{{"category", "medical"}}, []byte("%PDF-1.4 more words")).want(503)); f.Get("category") != "medical" {
		t.Errorf("the form of a file gives back %v", f)
	}
	hospital.do(id, "start", nil).code(503, "unavailable")
	for i := range 200 { // each read leaves its audit entry in the reserve
		if a := hospital.get("/referrals/" + id); a.Status != 200 || a.at("identity") == nil {
			t.Fatalf("read %d: %d %s", i, a.Status, shorten(a.Raw))
		}
	}
	hospital.get("/documents/" + doc + "/content").want(200)
	desk.post("/people/search", map[string]any{"q": "Test"}).want(200)
	w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "doctor@hospital.demo", "password": w.password}, nil).want(201)
	if a := w.call("GET", "/t/hospital/referrals/"+id, hospital.token, nil, nil); a.Status != 200 {
		t.Errorf("the page: %d", a.Status)
	}

	if err := os.Remove(big.Name()); err != nil {
		t.Fatal(err)
	}
	w.eventually("there is room again", func() bool { return !w.reserve.Full() })
	desk.post("/referrals/"+id+"/messages", say).want(201)
	hospital.do(id, "start", nil).want(200)
	w.settled()
}

// An hour without the mail server, the queue or the store loses nothing, keeps the
// order and ends without a flood.
func TestAnHourWithoutMail(t *testing.T) {
	t.Parallel()
	m := startMailServer(t)
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := m
			if name == "real" {
				m = startMailServer(t)
			}
			s.SMTPURL = "smtp://" + m.addr
			w := newWorld(t, name, s)
			before := len(m.taken())
			m.setAway(true)
			desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
			id := desk.sent(nil)
			hospital.do(id, "accept", nil).want(200)
			for i := range 30 {
				desk.post("/referrals/"+id+"/messages", map[string]any{"text": fmt.Sprint("message ", i)}).want(201)
				if i%10 == 9 {
					w.clock.Shift(time.Duration(i+1) * 2 * time.Minute)
				}
			}
			w.eventually("every notice stands in the portal, in order", func() bool {
				list := hospital.get("/notifications?limit=200").want(200).at("items").([]any)
				n := 0
				for _, x := range list {
					if x.(map[string]any)["event"] == "referral.message" {
						n++
					}
				}
				return n == 30
			})
			// The clock does not jump while a mail is on its way: its claim would be over.
			w.clock.Shift(2 * time.Hour)
			w.eventually("whatever was due has been tried", func() bool {
				return w.count("select count(*) from outbox where state = 'handed' or state = 'ready' and next_at <= ?", w.clock.Now()) == 0
			})
			m.setAway(false)
			w.clock.Shift(4 * time.Hour)
			w.settled()
			perUser := map[string]int{}
			counted := false
			for _, mail := range m.taken()[before:] {
				to, _, _ := strings.Cut(mail, "\n")
				perUser[to]++
				_, body, _ := strings.Cut(mail, "\n\n")
				plain, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
				counted = counted || strings.Contains(string(plain), "في انتظاركم")
			}
			// Six hours go by: others hear of deadlines of theirs.
			for _, who := range []string{"worker@coordination.demo", "intake@hospital.demo"} {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(perUser)), func(to string) bool { return strings.Contains(to, who) }) {
					t.Errorf("no mail to %s among %d people", who, len(perUser))
				}
			}
			for to, n := range perUser {
				if n > 2 {
					t.Errorf("%d mails at once to %s", n, to)
				}
			}
			if !counted {
				t.Errorf("no mail says how many wait: %v", m.taken()[before:])
			}
			// What comes after is mailed as ever.
			after := len(m.taken())
			desk.post("/referrals/"+id+"/messages", map[string]any{"text": "and now"}).want(201)
			w.settled()
			if n := len(m.taken()) - after; n != 1 {
				t.Errorf("%d mails for one new notice", n)
			}
		})
	}
}

// While queue and store are away people write and read; what needs a file says 503.
func TestAnHourWithoutQueueAndStore(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	s, ok := worldSettings(t)["real"]
	if !ok {
		t.Skip("no real parts in this run")
	}
	redis, minio := ofOwn(t, parts.Redis), ofOwn(t, parts.MinIO)
	s.RedisURL, s.S3URL, s.handedTimeout = redis.Address, minio.Address+"/hour", 3*time.Second
	w := newWorld(t, "real", s)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	id := desk.sent(nil)
	hospital.do(id, "accept", nil).want(200)
	doc := desk.upload(id, "medical", "health", "a.pdf", []byte("%PDF-1.4 before")).want(201).text("id")
	w.settled()

	redis.Kill()
	minio.Kill()
	const n = 20
	for i := range n {
		desk.post("/referrals/"+id+"/messages", map[string]any{"text": fmt.Sprint("message ", i)}).want(201)
	}
	hospital.get("/referrals/" + id).want(200)
	desk.upload(id, "medical", "health", "b.pdf", []byte("%PDF-1.4 meanwhile")).code(503, "unavailable")
	hospital.get("/documents/"+doc+"/content").code(503, "unavailable")
	if a := w.call("GET", "/readyz", "", nil, nil); a.Status != 503 || !strings.Contains(string(a.Raw), "store: down") {
		t.Errorf("/readyz: %d %s", a.Status, a.Raw)
	}
	w.clock.Shift(time.Hour)
	for _, p := range []*parts.Part{redis, minio} {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	w.eventually("ready again", func() bool { return w.call("GET", "/readyz", "", nil, nil).Status == 200 })
	w.settled()
	if got := hospital.get("/documents/" + doc + "/content").want(200); string(got.Raw) != "%PDF-1.4 before" {
		t.Error("the document has changed")
	}
	desk.upload(id, "medical", "health", "b.pdf", []byte("%PDF-1.4 meanwhile")).want(201)
	notices := 0
	last := ""
	for _, x := range hospital.get("/notifications?limit=200").want(200).at("items").([]any) {
		m := x.(map[string]any)
		if m["event"] != "referral.message" {
			continue
		}
		notices++
		if at := m["created_at"].(string); last != "" && at > last {
			t.Error("the notices are out of order")
		} else {
			last = at
		}
	}
	if notices != n {
		t.Errorf("%d notices for %d messages", notices, n)
	}
}
