package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/testkit/faultproxy"
)

// behind is a world whose object store is a real one behind a proxy that obeys the
// test.
func behind(t *testing.T) (*world, *faultproxy.Proxy) {
	t.Helper()
	s, ok := worldSettings(t)["real"]
	if !ok {
		t.Skip("no real parts in this run")
	}
	p := faultproxy.Start(t, s.S3URL)
	s.S3URL = p.Address()
	return newWorld(t, "real", s), p
}

func toStore(r *http.Request) bool { return r.Method == http.MethodPut }

func secondPart(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "2" }

// kept is what the platform holds of documents: rows, objects, bytes of every quota.
func (w *world) kept() string {
	w.t.Helper()
	return fmt.Sprint(w.snapshot(), w.objects(), w.count("select coalesce(sum(bytes), 0) from document_usage"), w.count("select count(*) from document_subjects"))
}

// send uploads n bytes.
func (u user) send(referral string, n int64) answer {
	u.w.t.Helper()
	body, contentType := multipartOf(referral, "x.pdf", &pattern{n: n})
	return u.w.call("POST", "/t/"+u.tenant+"/api/v1/documents", u.token, body, map[string]string{"Content-Type": contentType})
}

// An upload goes in one request, or in parts.
const small, inParts = 100 << 10, 33<<20 + 7

// A store that hangs is given up within blob.Patience, and two seconds for what is
// taken back; the rest of the limit is a busy machine.
func TestAStoreThatHangsCostsSecondsAndNothingElse(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	for name, c := range map[string]struct {
		size int64
		only func(*http.Request) bool
	}{"from the start": {small, nil}, "in the middle of the parts": {inParts, secondPart}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := behind(t)
			desk := w.as("worker@coordination.demo")
			id := desk.sent(nil)
			before := w.kept()
			p.Do(faultproxy.Fault{Hang: true, Only: c.only})
			a := w.within(blob.Patience+5*time.Second, "the upload", func() answer { return desk.send(id, c.size) }).code(503, "unavailable")
			if a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			desk.get("/referrals/" + id).want(200) // everything else goes on
			p.Well()
			if after := w.kept(); after != before {
				t.Errorf("something was left:\n%s\nbefore\n%s", after, before)
			}
			if n, err := w.blobs.Sweep(context.Background(), time.Now().Add(time.Hour)); n != 0 || err != nil {
				t.Errorf("%d uploads were not taken back, %v", n, err)
			}
			doc := desk.send(id, c.size).want(201)
			if sum, n := w.stream(desk, "/documents/"+doc.text("id")+"/content"); n != c.size || sum != doc.text("sha256") {
				t.Errorf("%d bytes came back", n)
			}
		})
	}
}

func TestAStoreThatIsBusyIsAskedAgainOrSaidToBeAway(t *testing.T) {
	t.Parallel()
	w, p := behind(t)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	id := desk.sent(nil)
	hospital.do(id, "accept", nil).want(200)
	for _, size := range []int64{small, inParts} {
		p.Do(faultproxy.Fault{Busy: true, Times: 2})
		doc := desk.send(id, size).want(201).text("id")
		p.Do(faultproxy.Fault{Busy: true, Times: 2})
		hospital.get("/documents/" + doc + "/content").want(200)

		p.Well()
		before := w.kept()
		p.Do(faultproxy.Fault{Busy: true})
		desk.send(id, size).code(503, "unavailable")
		desk.get("/documents/"+doc+"/content").code(503, "unavailable")
		p.Do(faultproxy.Fault{Busy: true, Only: toStore})
		desk.send(id, size).code(503, "unavailable")
		p.Well()
		if after := w.kept(); after != before {
			t.Errorf("something was left:\n%s\nbefore\n%s", after, before)
		}
	}
}

func TestAHalfUploadToTheStoreLeavesNothing(t *testing.T) {
	t.Parallel()
	w, p := behind(t)
	desk := w.as("worker@coordination.demo")
	id := desk.sent(nil)
	before := w.kept()
	for _, size := range []int64{small, inParts} {
		p.Do(faultproxy.Fault{CutUp: 50 << 10, Only: toStore})
		desk.send(id, size).code(503, "unavailable")
		if p.Met() == 0 {
			t.Error("nothing was cut")
		}
		p.Well()
		if after := w.kept(); after != before {
			t.Errorf("something was left:\n%s\nbefore\n%s", after, before)
		}
	}
	// What cannot even be taken back is swept, a day later.
	p.Do(faultproxy.Fault{Busy: true, Only: func(r *http.Request) bool { return secondPart(r) || r.Method == http.MethodDelete }})
	desk.send(id, inParts).code(503, "unavailable")
	p.Well()
	if n, err := w.documents.Sweep(context.Background()); n != 0 || err != nil {
		t.Errorf("what may go on was swept: %d, %v", n, err)
	}
	if n, err := w.blobs.Sweep(context.Background(), time.Now().Add(25*time.Hour)); n != 1 || err != nil {
		t.Errorf("%d uploads were swept a day later, want 1, %v", n, err)
	}
	p.Do(faultproxy.Fault{CutUp: 50 << 10, Only: toStore, Times: 1})
	desk.send(id, inParts).want(201)
}

// A reader never takes half a document for the whole; what was opened is disclosed
// although not all of it arrived, and what could not be opened is not.
func TestAHalfDownloadFromTheStoreIsSeenAsOne(t *testing.T) {
	t.Parallel()
	w, p := behind(t)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	id := desk.sent(nil)
	hospital.do(id, "accept", nil).want(200)
	doc := desk.send(id, 3<<20).want(201).text("id")
	disclosed := func() int { return w.count("select count(*) from disclosures where what = ?", "document:"+doc) }

	p.Do(faultproxy.Fault{Busy: true})
	hospital.get("/documents/"+doc+"/content").code(503, "unavailable")
	if disclosed() != 0 {
		t.Error("a document that was not opened stands in the register of disclosures")
	}
	for _, path := range []string{"/api/v1/documents/" + doc + "/content", "/referrals/" + id + "/documents/" + doc, "/referrals/" + id + "/documents/" + doc + "/inline"} {
		for _, at := range []int64{1, 1 << 20, 3<<20 - 10} {
			p.Do(faultproxy.Fault{CutDown: at})
			req, err := http.NewRequest(http.MethodGet, w.url+"/t/hospital"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+hospital.token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				continue // cut before anything was said
			}
			n, err := io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if err == nil && res.StatusCode == 200 {
				t.Errorf("%s cut at %d: 200 with %d bytes, and nobody saw it", path, at, n)
			}
			if res.StatusCode >= 500 && res.StatusCode != 503 {
				t.Errorf("%s cut at %d: %d", path, at, res.StatusCode)
			}
		}
	}
	if disclosed() != 1 {
		t.Errorf("%d disclosures of a document of which half was read", disclosed())
	}
	p.Well()
	hospital.get("/documents/" + doc + "/content").want(200)
}

// page uploads by the form of a referral's page.
func (u user) pageUpload(referral string, fields [][2]string, content []byte) answer {
	u.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range append([][2]string{{"_csrf", csrfFor(u.token)}}, fields...) {
		_ = m.WriteField(f[0], f[1])
	}
	part, err := m.CreateFormFile("file", "a.pdf")
	if err != nil {
		u.w.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = m.Close()
	return u.w.call("POST", "/t/"+u.tenant+"/referrals/"+referral+"/documents", "", b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Cookie": "shubbak_session=" + u.token, "Accept-Language": "en"})
}

func TestAnUploadFormKeepsWhatWasChosen(t *testing.T) {
	t.Parallel()
	w, p := behind(t)
	desk := w.as("worker@coordination.demo")
	id := desk.sent(nil)
	old := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 one")).want(201).text("id")
	fields := [][2]string{{"category", "disability_cert"}, {"sensitivity", "confidential"}, {"replaces", old}}
	chosen := func(what string, a answer, status int) {
		t.Helper()
		page := string(a.want(status).Raw)
		for _, x := range []string{`value="disability_cert" selected`, `value="confidential" checked`, `value="` + old + `" selected`, `id="document-file-error"`, "<details open"} {
			if !strings.Contains(page, x) {
				t.Errorf("%s: the page does not hold %s", what, x)
			}
		}
		if strings.Count(page, " checked") != 1 {
			t.Errorf("%s: more than one is checked", what)
		}
	}
	p.Do(faultproxy.Fault{Busy: true})
	away := desk.pageUpload(id, fields, []byte("%PDF-1.4 two"))
	chosen("the store is away", away, 503)
	if away.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.Well()
	chosen("a program", desk.pageUpload(id, fields, []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")), 415)
	chosen("nothing", desk.pageUpload(id, fields, nil), 422)
	desk.pageUpload(id, fields, []byte("%PDF-1.4 two")).want(303)
}

// fullDisk takes so many bytes and then says what a full disk says.
type fullDisk struct {
	w    io.Writer
	left int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	n, err := f.w.Write(p[:min(len(p), f.left)])
	if f.left -= n; err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "put", Err: syscall.ENOSPC}
	}
	return n, err
}

// TestAFullDiskIsStillRead asks the same of a disk that is really full, as root.
func TestADiskThatFillsUnderAnUpload(t *testing.T) {
	t.Parallel()
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	w := newWorld(t, "embedded", s)
	disk := w.blobs.(*blob.Disk)
	desk := w.as("worker@coordination.demo")
	id := desk.sent(nil)
	before, through := w.kept(), disk.Through
	disk.Through = func(w io.Writer) io.Writer { return &fullDisk{w, 1 << 20} }
	if a := desk.send(id, 3<<20).code(503, "unavailable"); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if left, err := filepath.Glob(filepath.Join(s.Data, "documents", ".tmp", "*")); err != nil || len(left) != 0 {
		t.Errorf("%d files were left, %v", len(left), err)
	}
	if after := w.kept(); after != before {
		t.Errorf("something was left:\n%s\nbefore\n%s", after, before)
	}
	disk.Through = through
	desk.send(id, 3<<20).want(201)
}

// gate is a store that lets nothing in before so many uploads stand before it.
type gate struct {
	blob.Store
	wait *sync.WaitGroup
}

func (g gate) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	g.wait.Done()
	g.wait.Wait()
	return g.Store.Put(ctx, key, r)
}

// race makes two uploads stand at the store together, past every look ahead.
func (w *world) race(one, two func() answer) [2]answer {
	w.t.Helper()
	var at, done sync.WaitGroup
	at.Add(2)
	plain := w.documents.Blobs
	w.documents.Blobs = gate{plain, &at}
	defer func() { w.documents.Blobs = plain }()
	var out [2]answer
	for i, call := range []func() answer{one, two} {
		done.Go(func() { out[i] = call() })
	}
	done.Wait()
	if out[0].Status > out[1].Status {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

func TestTwoUploadsRaceForTheLastOfTheQuota(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@coordination.demo")
		used := func() int {
			return w.count("select bytes from document_usage where tenant_id = (select id from tenants where slug = 'coordination')")
		}
		first, second := desk.sent(nil), desk.sent(nil)
		desk.send(first, 1000).want(201)
		for range 3 {
			settings := admin.get("/tenant").want(200)
			admin.api("PATCH", "/tenant", map[string]any{"version": settings.at("version"), "limits": map[string]any{"documents_size": max(used()+600<<10+1, 1<<20)}}).want(200)
			fill := max(0, 1<<20-used()-600<<10-1)
			if fill > 0 {
				desk.send(first, int64(fill)).want(201)
			}
			held, objects := used(), w.objects()
			a := w.race(func() answer { return desk.send(first, 600<<10) }, func() answer { return desk.send(second, 600<<10) })
			a[0].want(201)
			if a[1].code(422, "invalid").text("errors.0.code") != "quota_used" {
				t.Errorf("refused as %s", a[1].Raw)
			}
			if used() != held+600<<10 || w.objects() != objects+1 {
				t.Errorf("%d bytes and %d objects more", used()-held, w.objects()-objects)
			}
		}
	})
}

func TestTwoNewVersionsOfOneDocument(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		for i := range 5 {
			old := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 one")).want(201).text("id")
			objects := w.objects()
			a := w.race(func() answer { return desk.replace(id, old, "a.pdf", []byte("%PDF-1.4 two")) }, func() answer { return desk.replace(id, old, "b.pdf", []byte("%PDF-1.4 zwei")) })
			a[0].want(201)
			a[1].code(409, "version_conflict")
			if n := w.count("select count(*) from documents where replaces = ? and state = 'available'", old); n != 1 {
				t.Errorf("%d current versions", n)
			}
			if n := w.count("select count(*) from documents where id = ? and state = 'superseded'", old); n != 1 {
				t.Error("the old version is current")
			}
			if n := w.objects() - objects; n != 1 {
				t.Errorf("%d objects more", n)
			}
			if n := desk.get("/referrals/" + id).text("card.documents"); n != fmt.Sprint(i+1) {
				t.Errorf("the card counts %s papers, want %d", n, i+1)
			}
		}
	})
}
