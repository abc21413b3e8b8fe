package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
)

const signedPDF = "%PDF-1.7 the signed paper\n%%EOF\n"

// scan puts a signed file to an agreement.
func (u user) scan(agreement, name, content string, more ...[2]string) answer {
	u.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range append([][2]string{{"subject", "agreement:" + agreement}, {"category", "agreement_signed"}, {"sensitivity", "ordinary"}}, more...) {
		_ = m.WriteField(f[0], f[1])
	}
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		u.w.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = m.Close()
	return u.w.call("POST", "/t/"+u.tenant+"/api/v1/documents", u.token, b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType()})
}

// onPaper is an agreement with an outside body, open for signing.
func (w *world) onPaper() string {
	w.t.Helper()
	desk := w.as("coordinator@coordination.demo")
	today := w.clock.Now().In(clock.Casablanca())
	signer := func(name string, until time.Time) map[string]any {
		return map[string]any{"name": map[string]any{"ar": name, "fr": name}, "capacity": map[string]any{"ar": "رئيس", "fr": "Président"}, "mandate_until": until.Format(time.DateOnly)}
	}
	body := map[string]any{"organization": "Association Amal", "signatories": []any{signer("قديم", today.AddDate(0, 0, -1)), signer("جديد", today.AddDate(1, 0, 0))}}
	id := desk.post("/agreements", w.draft(map[string]any{"parties": []any{map[string]any{"tenant": "coordination"}, map[string]any{"tenant": "hospital"}, body}})).want(201).text("id")
	for _, c := range []string{"submit", "negotiate", "approve", "open-signing"} {
		desk.agree(id, c, nil).want(200)
	}
	return id
}

// TestThreePartiesSignOnPaper: each party with its own file, an outside body by the
// keeper's coordinator; the signature keeps the hash of the file.
func TestThreePartiesSignOnPaper(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.onPaper()
		desk, here, there := w.as("coordinator@coordination.demo"), w.as("director@coordination.demo"), w.as("director@hospital.demo")
		if a := w.as("intake@hospital.demo").scan(id, "x.pdf", signedPDF); a.Status != 404 && a.Status != 403 {
			t.Errorf("whoever signs nothing adds nothing: %d", a.Status)
		}
		w.as("director@chamber.demo").scan(id, "x.pdf", signedPDF).code(404, "not_found")
		paper := func(u user, party, method, file string, more map[string]any) answer {
			body := map[string]any{"party": party, "method": method, "document_id": file}
			for k, v := range more {
				body[k] = v
			}
			return u.agree(id, "sign", body)
		}
		theirs := there.scan(id, "توقيع.pdf", signedPDF).want(201)
		png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
		picture := there.scan(id, "photo.png", png).want(201).text("id")
		for what, a := range map[string]answer{
			"a file of the other side": paper(here, "coordination", "wet_scan", theirs.text("id"), nil),
			"no file":                  paper(here, "coordination", "wet_scan", ids.New[ids.Document]().String(), nil),
			"a picture as signed file": paper(there, "hospital", "external_qualified", picture, nil),
		} {
			if a.Status != 422 || a.text("errors.0.field") != "document_id" {
				t.Errorf("%s: %d %s", what, a.Status, shorten(a.Raw))
			}
		}
		paper(there, "hospital", "external_qualified", theirs.text("id"), nil).want(200)
		paper(there, "Association Amal", "wet_scan", theirs.text("id"), nil).code(403, "forbidden")
		ours := here.scan(id, "scan.pdf", signedPDF+"ours").want(201).text("id")
		paper(here, "coordination", "wet_scan", ours, nil).want(200)
		outside := desk.scan(id, "association.pdf", signedPDF+"amal").want(201).text("id")
		if a := paper(desk, "Association Amal", "wet_scan", outside, map[string]any{"signatory": 1}); a.text("errors.0.code") != "mandate_ended" {
			t.Errorf("a mandate that has ended: %s", shorten(a.Raw))
		}
		paper(desk, "Association Amal", "wet_scan", outside, map[string]any{"signatory": 2}).want(200)
		a := desk.get("/agreements/" + id).want(200)
		if a.text("state") != "in_force" {
			t.Errorf("it is %s", a.text("state"))
		}
		sum := sha256.Sum256([]byte(signedPDF))
		if got := a.text("signatures"); !strings.Contains(got, hex.EncodeToString(sum[:])) || !strings.Contains(got, "جديد") {
			t.Errorf("the signatures keep no hash of the file: %s", got)
		}
		// Its parties read it, once it is theirs to read; nobody else does.
		for who, want := range map[string]int{"coordinator@coordination.demo": 200, "admin@hospital.demo": 200, "director@hospital.demo": 200, "admin@chamber.demo": 404, "coordinator@faculty.demo": 0} {
			if want == 0 {
				continue
			}
			u := w.as(who)
			if got := u.get("/documents/" + theirs.text("id") + "/content"); got.Status != want || want == 200 && string(got.Raw) != signedPDF {
				t.Errorf("%s reads it: %d, want %d", who, got.Status, want)
			}
			u.get("/documents?subject=agreement:" + id).want(want)
		}
	})
}

// TestAnUploadThatIsNotWhatItSays: refused in three languages, and nothing is kept.
func TestAnUploadThatIsNotWhatItSays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.toSign()
		there := w.as("director@hospital.demo")
		before := w.kept()
		for what, f := range map[string][2]string{
			"a program as PDF": {"scan.pdf", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"},
			"a picture as PDF": {"scan.pdf", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"},
			"a PDF as picture": {"scan.jpg", signedPDF},
			"a text as scan":   {"scan.txt", "nous soussignés"},
		} {
			a := there.scan(id, f[0], f[1])
			if a.Status != 415 || strings.Contains(a.text("detail"), "documents.") {
				t.Errorf("%s: %d %s", what, a.Status, shorten(a.Raw))
			}
		}
		there.upload(strings.TrimPrefix(id, "x"), "agreement_signed", "ordinary", "x.pdf", []byte(signedPDF)).code(404, "not_found")
		if after := w.kept(); after != before {
			t.Errorf("something was kept:\n%s\nbefore\n%s", after, before)
		}
	})
}

// TestASignedFileIsKept: what a signature names is never replaced, superseded or
// deleted, whatever asks; what was put there by mistake may still be replaced.
func TestASignedFileIsKept(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.toSign()
		there := w.as("director@hospital.demo")
		wrong := there.scan(id, "wrong.pdf", signedPDF+"wrong").want(201).text("id")
		right := there.scan(id, "right.pdf", signedPDF, [2]string{"replaces", wrong}).want(201).text("id")
		there.agree(id, "sign", map[string]any{"party": "hospital", "method": "wet_scan", "document_id": right}).want(200)
		there.scan(id, "later.pdf", signedPDF+"later", [2]string{"replaces", right}).code(403, "forbidden")
		key := w.tenantID("hospital") + "/" + right
		if _, isDisk := w.blobs.(*blob.Disk); isDisk { // a bucket without locks holds nothing
			w.eventually("the store holds the file", func() bool {
				_, err := w.blobs.Put(context.Background(), key, broken{})
				return errors.Is(err, blob.ErrHeld)
			})
			if err := w.blobs.Delete(context.Background(), key); !errors.Is(err, blob.ErrHeld) {
				t.Errorf("the store let it go: %v", err)
			}
		}
		ctx := db.As(context.Background(), w.tenantID("hospital"))
		state := func() (s string) {
			if err := w.db.Read(ctx, func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select state from documents where id = ? and tenant_id = ?", right, db.Tenant(ctx)).Scan(ctx, &s)
			}); err != nil {
				t.Fatal(err)
			}
			return s
		}
		if got := state(); got != "available" {
			t.Errorf("it is %s", got)
		}
		if _, err := w.documents.Sweep(context.Background()); err != nil {
			t.Error(err)
		}
		if got := there.get("/documents/" + right + "/content").want(200); string(got.Raw) != signedPDF {
			t.Errorf("it reads %q", got.Raw)
		}
	})
}

// TestClausesNameServicesOfTheParties: a scope one of the receiver, a quota one of a
// party; a clause on another service would act on nothing.
func TestClausesNameServicesOfTheParties(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, worker := w.as("coordinator@coordination.demo"), w.as("worker@coordination.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		theirs, others := worker.service("hospital", "psychiatric"), worker.service("chamber", "training")
		nobody := ids.New[ids.Service]().String()
		scope := func(service string) answer {
			return desk.post("/agreements/"+id+"/scopes", map[string]any{"from": "coordination", "to": "hospital", "needs": []string{"psychiatric"}, "services": []string{service}})
		}
		quota := func(service string) answer {
			return desk.post("/agreements/"+id+"/quotas", map[string]any{"service_id": service, "period": "month", "limit": 5, "hard": true})
		}
		for what, c := range map[string]struct {
			a     answer
			field string
		}{"a scope on another's": {scope(others), "services[0]"}, "a scope on none": {scope(nobody), "services[0]"}, "a quota on another's": {quota(others), "service_id"}, "a quota on none": {quota(nobody), "service_id"}} {
			if c.a.Status != 422 || c.a.text("errors.0.field") != c.field || c.a.text("errors.0.code") != "unknown_code" {
				t.Errorf("%s: %d %s", what, c.a.Status, shorten(c.a.Raw))
			}
		}
		scope(theirs).want(201)
		quota(theirs).want(201)
	})
}

// paperForm presses the form of the signing page.
func (u user) paperForm(agreement, name, content string, fields map[string]string) answer {
	u.w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("_csrf", csrfFor(u.token))
	_ = m.WriteField("version", u.get("/agreements/"+agreement).text("version"))
	for k, v := range fields {
		_ = m.WriteField(k, v)
	}
	if name != "" {
		part, err := m.CreateFormFile("file", name)
		if err != nil {
			u.w.t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
	}
	_ = m.Close()
	return u.w.call("POST", "/t/"+u.tenant+"/agreements/"+agreement+"/sign/paper", "", b.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Cookie": "shubbak_session=" + u.token, "Accept-Language": "fr"})
}

// TestTheFormOfAPaperSignature: file and signature in one press; a refusal keeps what was
// chosen, and a file that came through is not asked for again.
func TestTheFormOfAPaperSignature(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.onPaper()
		desk, there := w.as("coordinator@coordination.demo"), w.as("director@hospital.demo")
		chosen := func(what string, a answer, status int, want ...string) {
			t.Helper()
			page := string(a.want(status).Raw)
			for _, x := range want {
				if !strings.Contains(page, x) {
					t.Errorf("%s: the page does not hold %s", what, x)
				}
			}
		}
		qualified := map[string]string{"party": "hospital", "method": "external_qualified"}
		chosen("no file", there.paperForm(id, "", "", qualified), 422, `value="external_qualified" checked`)
		chosen("a program", there.paperForm(id, "scan.pdf", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff", qualified), 415, `value="external_qualified" checked`)
		if a := there.paperForm(id, "a.pdf", signedPDF, map[string]string{"party": "coordination", "method": "wet_scan"}); a.Status != 403 {
			t.Errorf("signing for another party: %d", a.Status)
		}
		old := map[string]string{"party": "Association Amal", "method": "wet_scan", "signatory": "1"}
		a := desk.paperForm(id, "amal.pdf", signedPDF+"amal", old)
		scan := desk.get("/documents?subject=agreement:" + id).want(200).text("items.0.id")
		chosen("a mandate that has ended", a, 422, `name="signatory" value="1" checked`, `value="`+scan+`" selected`)
		old["signatory"], old["document_id"] = "2", scan
		desk.paperForm(id, "", "", old).want(303)
		there.paperForm(id, "a.pdf", signedPDF, qualified).want(303)
		w.as("director@coordination.demo").paperForm(id, "b.pdf", signedPDF+"desk", map[string]string{"party": "coordination", "method": "wet_scan"}).want(303)
		if got := desk.get("/agreements/" + id).want(200).text("state"); got != "in_force" {
			t.Errorf("three forms later it is %s", got)
		}
	})
}

// TestASignedFileIsKeptAsLongAsTheAgreementLasts: each term that begins by itself keeps
// the signed files of both sides a year longer.
func TestASignedFileIsKeptAsLongAsTheAgreementLasts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.toSign()
		files := map[string]string{}
		for _, email := range []string{"director@hospital.demo", "director@coordination.demo"} {
			u := w.as(email)
			files[u.tenant] = u.scan(id, "signed.pdf", signedPDF+u.tenant).want(201).text("id")
			u.agree(id, "sign", map[string]any{"party": u.tenant, "method": "wet_scan", "document_id": files[u.tenant]}).want(200)
		}
		kept := func(tenant string) (until time.Time) {
			ctx := db.As(context.Background(), w.tenantID(tenant))
			if err := w.db.Read(ctx, func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select kept_until from documents where id = ? and tenant_id = ?", files[tenant], db.Tenant(ctx)).Scan(ctx, &until)
			}); err != nil {
				t.Fatal(err)
			}
			return until
		}
		before := map[string]time.Time{"hospital": kept("hospital"), "coordination": kept("coordination")}
		if err := w.later(370 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		w.settled()
		if got := w.as("coordinator@coordination.demo").get("/agreements/" + id).want(200).text("state"); got != "in_force" {
			t.Fatalf("it did not renew itself: %s", got)
		}
		for tenant, was := range before {
			if now := kept(tenant); now.Sub(was) < 360*24*time.Hour {
				t.Errorf("the file of %s is kept until %s, it was %s", tenant, now.Format(time.DateOnly), was.Format(time.DateOnly))
			}
		}
	})
}
