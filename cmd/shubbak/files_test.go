package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// golden compares with a committed file; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not current; run `make golden` and review the difference", filepath.Base(path))
	}
}

// mails reads what was sent.
func (w *world) mails() [][]byte {
	w.t.Helper()
	names, _ := filepath.Glob(filepath.Join(w.settings.Data, "mail", "*.eml"))
	var out [][]byte
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// decoded is a mail's text.
func decoded(mail []byte) []byte {
	_, body, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	b, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
	if err != nil {
		return mail
	}
	return b
}

// upload sends a file as a browser would, the fields first.
func (u user) upload(referral, category, sensitivity, name string, content []byte) answer {
	u.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"subject", "referral:" + referral}, {"category", category}, {"sensitivity", sensitivity}} {
		_ = m.WriteField(f[0], f[1])
	}
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		u.w.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = m.Close()
	return u.w.call("POST", "/t/"+u.tenant+"/api/v1/documents", u.token, b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType()})
}

// pattern is a reader of n bytes that looks like a PDF and never repeats.
type pattern struct {
	n, at int64
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.at >= p.n {
		return 0, io.EOF
	}
	const head = "%PDF-1.7\n"
	for i := range b {
		if p.at >= p.n {
			return i, nil
		}
		if p.at < int64(len(head)) {
			b[i] = head[p.at]
		} else {
			b[i] = byte(p.at * 2654435761 >> 13)
		}
		p.at++
	}
	return len(b), nil
}

// multipartOf streams a multipart body around a reader, so that no test holds it.
func multipartOf(referral, name string, content io.Reader) (io.Reader, string) {
	pr, pw := io.Pipe()
	m := multipart.NewWriter(pw)
	go func() {
		for _, f := range [][2]string{{"subject", "referral:" + referral}, {"category", "medical"}, {"sensitivity", "health"}} {
			_ = m.WriteField(f[0], f[1])
		}
		part, err := m.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, content)
		}
		if err == nil {
			err = m.Close()
		}
		_ = pw.CloseWithError(err)
	}()
	return pr, m.FormDataContentType()
}

func TestDocuments(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		id := desk.sent(nil)
		paper := desk.upload(id, "medical", "health", `شهادة "طبية".pdf`, []byte("%PDF-1.4 a paper")).want(201)
		doc := paper.text("id")
		if paper.text("media_type") != "application/pdf" || paper.text("state") != "available" {
			t.Errorf("document: %s", paper.Raw)
		}
		hospital.get("/documents/"+doc).code(403, "not_open")
		hospital.get("/documents/"+doc+"/content").code(403, "not_open")
		if n := len(hospital.get("/documents?subject=referral:" + id).want(200).at("items").([]any)); n != 0 {
			t.Errorf("the receiver lists %d closed documents", n)
		}
		w.as("intake@chamber.demo").get("/documents/"+doc).code(404, "not_found")
		w.as("intake@chamber.demo").get("/documents?subject=referral:"+id).code(404, "not_found")
		if n := hospital.get("/referrals/" + id).text("card.documents"); n != "1" {
			t.Errorf("the card counts %s documents", n)
		}
		hospital.upload(id, "medical", "ordinary", "x.pdf", []byte("%PDF-1.4")).code(403, "forbidden")
		hospital.do(id, "accept", nil).want(200)
		got := w.call("GET", "/t/hospital/api/v1/documents/"+doc+"/content", hospital.token, nil, nil).want(200)
		if string(got.Raw) != "%PDF-1.4 a paper" {
			t.Errorf("content: %q", got.Raw)
		}
		disposition := got.Header.Get("Content-Disposition")
		if !strings.HasPrefix(disposition, "attachment") || !strings.Contains(disposition, "filename*=UTF-8''%D8%B4") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers: %v", got.Header)
		}
		hospital.upload(id, "medical", "ordinary", "retour.txt", []byte("compte rendu")).want(201)
		if a := desk.get("/referrals/" + id).want(200); len(a.at("documents").([]any)) != 2 {
			t.Errorf("the sender sees %s", a.text("documents"))
		}
		for what, a := range map[string]answer{
			"a program":           desk.upload(id, "medical", "ordinary", "x.pdf", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")),
			"a page":              desk.upload(id, "medical", "ordinary", "x.pdf", []byte("<!DOCTYPE html><script>1</script>")),
			"an unknown category": desk.upload(id, "novel", "ordinary", "x.pdf", []byte("%PDF-1.4")),
			"nothing":             desk.upload(id, "medical", "ordinary", "x.pdf", nil),
		} {
			if a.Status != 415 && a.Status != 422 {
				t.Errorf("%s: %d %s", what, a.Status, a.Raw)
			}
		}
	})
}

// TestALargeFilePassesFlat streams 200 MB up and down and looks at the heap. It
// runs alone: the heap is the whole process's.
func TestALargeFilePassesFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, name, s)
			const size = 200 << 20
			desk := w.as("worker@coordination.demo")
			id := desk.sent(nil)
			body, contentType := multipartOf(id, "صورة.pdf", &pattern{n: size})
			base := heap()
			peak := watchHeap(t)
			up := w.call("POST", "/t/coordination/api/v1/documents", desk.token, body, map[string]string{"Content-Type": contentType}).want(201)
			if up.text("size") != fmt.Sprint(size) {
				t.Errorf("size %s", up.text("size"))
			}
			sum, n := w.stream(desk, "/documents/"+up.text("id")+"/content")
			if n != size || sum != up.text("sha256") {
				t.Errorf("%d bytes came back, sum %s", n, sum)
			}
			if p := peak(); p > base+120<<20 {
				t.Errorf("the heap grew by %d MB", (p-base)>>20)
			}
		})
	}
}

// TestACutUploadLeavesNothing ends the sender's connection in the middle.
func TestACutUploadLeavesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		// Not the whole snapshot: a deadline that passes meanwhile writes an event too.
		rows := func() string {
			return fmt.Sprint(w.count("select count(*) from documents"), w.count("select count(*) from document_subjects"), w.count("select coalesce(sum(bytes), 0) from document_usage"), w.count("select count(*) from referral_events where event = 'document_added'"))
		}
		before := rows()
		body, contentType := multipartOf(id, "x.pdf", io.MultiReader(&pattern{n: 3 << 20}, broken{}))
		if _, err := w.try("POST", "/t/coordination/api/v1/documents", desk.token, body, map[string]string{"Content-Type": contentType}); err == nil {
			t.Log("the client read an answer before it broke off")
		}
		defer func() {
			if now := rows(); t.Failed() {
				t.Errorf("documents, subjects, bytes, events: %s before, %s now; %d objects", before, now, w.objects())
			}
		}()
		w.eventually("no row and no object of the cut upload", func() bool {
			return rows() == before && w.objects() == 0
		})
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// uploadKeyed uploads with an Idempotency-Key.
func (u user) uploadKeyed(referral, key string, content []byte) answer {
	u.w.t.Helper()
	body, contentType := multipartOf(referral, "x.pdf", bytes.NewReader(content))
	return u.w.call("POST", "/t/"+u.tenant+"/api/v1/documents", u.token, body, map[string]string{"Content-Type": contentType, "Idempotency-Key": key})
}
