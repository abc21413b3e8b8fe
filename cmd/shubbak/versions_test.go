package main

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"
)

// replace uploads a new version of a document.
func (u user) replace(referral, old, name string, content []byte) answer {
	u.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"subject", "referral:" + referral}, {"category", "medical"}, {"sensitivity", "ordinary"}, {"replaces", old}} {
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

func TestANewVersionTakesTheOldOnesPlace(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		id := desk.sent(nil)
		hospital.do(id, "accept", nil).want(200)
		one := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 one")).want(201)
		if one.text("retention") != "health" || one.text("version") != "1" {
			t.Errorf("first version: %s", one.Raw)
		}
		two := desk.replace(id, one.text("id"), "a.pdf", []byte("%PDF-1.4 two")).want(201)
		if two.text("version") != "2" || two.text("replaces") != one.text("id") {
			t.Errorf("second version: %s", two.Raw)
		}
		items := hospital.get("/documents?subject=referral:" + id).want(200).at("items").([]any)
		if len(items) != 1 || items[0].(map[string]any)["id"] != two.text("id") {
			t.Errorf("the receiver sees %v", items)
		}
		hospital.get("/documents/"+one.text("id")+"/content").code(403, "not_open")
		if n := hospital.get("/referrals/" + id).text("card.documents"); n != "1" {
			t.Errorf("the card counts %s", n)
		}
		if got := desk.get("/documents/" + one.text("id") + "/content").want(200); string(got.Raw) != "%PDF-1.4 one" {
			t.Errorf("the sender's old version: %q", got.Raw)
		}
		if a := desk.get("/documents/" + one.text("id")).want(200); a.text("state") != "superseded" {
			t.Errorf("the old version is %s", a.text("state"))
		}
		desk.replace(id, one.text("id"), "late.pdf", []byte("%PDF-1.4 late")).code(409, "version_conflict")
		hospital.replace(id, two.text("id"), "x.pdf", []byte("%PDF-1.4 x")).code(403, "forbidden")
		desk.replace(desk.sent(nil), two.text("id"), "x.pdf", []byte("%PDF-1.4 x")).code(404, "not_found")
	})
}

func TestTheQuotaOfATenant(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@coordination.demo")
		id := desk.sent(nil)
		settings := admin.get("/tenant").want(200)
		if settings.text("limits.documents_size") != "107374182400" {
			t.Errorf("the default is %s", settings.text("limits.documents_size"))
		}
		admin.api("PATCH", "/tenant", map[string]any{"version": settings.at("version"), "limits": map[string]any{"documents_size": 1 << 20}}).want(200)
		desk.upload(id, "medical", "ordinary", "a.pdf", append([]byte("%PDF-1.4"), make([]byte, 600<<10)...)).want(201)
		objects := w.objects()
		a := desk.upload(id, "medical", "ordinary", "b.pdf", append([]byte("%PDF-1.4"), make([]byte, 600<<10)...)).code(422, "invalid")
		if a.text("errors.0.field") != "file" || a.text("errors.0.code") != "quota_used" {
			t.Errorf("refused as %s", a.Raw)
		}
		if w.objects() != objects {
			t.Error("what was refused left an object")
		}
		desk.upload(id, "medical", "ordinary", "c.pdf", append([]byte("%PDF-1.4"), make([]byte, 300<<10)...)).want(201)
		w.as("intake@hospital.demo").do(id, "accept", nil).want(200)
		w.as("intake@hospital.demo").upload(id, "medical", "ordinary", "d.pdf", append([]byte("%PDF-1.4"), make([]byte, 600<<10)...)).want(201)
	})
}

// png is a picture of one point.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82")

func TestAPictureOrAPDFIsShownAndNothingElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		id := desk.sent(nil)
		path := func(doc string) string { return "/referrals/" + id + "/documents/" + doc }
		picture := desk.upload(id, "photo", "ordinary", "صورة.png", png).want(201).text("id")
		paper := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 a")).want(201).text("id")
		text := desk.upload(id, "medical", "ordinary", "a.txt", []byte("words")).want(201).text("id")
		for _, end := range []string{"", "/view", "/inline"} {
			if a := hospital.page(path(picture) + end); a.Status != 403 {
				t.Errorf("closed, and %q answers %d", end, a.Status)
			}
		}
		hospital.do(id, "accept", nil).want(200)
		for doc, element := range map[string]string{picture: "<img", paper: "<iframe"} {
			view := hospital.page(path(doc) + "/view").want(200)
			if !strings.Contains(string(view.Raw), element) || !strings.Contains(view.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
				t.Errorf("the page of %s: %s", element, view.Header.Get("Content-Security-Policy"))
			}
			before := w.count("select count(*) from disclosures where what = ?", "document:"+doc)
			in := hospital.page(path(doc) + "/inline").want(200)
			policy := in.Header.Get("Content-Security-Policy")
			if in.Header.Get("Content-Disposition") != "inline" || in.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(policy, "default-src 'none'") ||
				strings.Contains(policy, "script-src") || !strings.Contains(policy, "frame-ancestors 'self'") {
				t.Errorf("headers of %s: %v", element, in.Header)
			}
			if after := w.count("select count(*) from disclosures where what = ?", "document:"+doc); before != 0 || after != 1 {
				t.Errorf("disclosures of %s: %d before it was shown, %d after", element, before, after)
			}
		}
		for _, end := range []string{"/view", "/inline"} {
			if a := hospital.page(path(text) + end); a.Status != 404 {
				t.Errorf("a text answers %d to %s", a.Status, end)
			}
		}
	})
}
