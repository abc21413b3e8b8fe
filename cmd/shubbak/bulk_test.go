package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestSeveralReferralsAtOnce acts on rows of a list: each by its own command, those
// that refuse are named with the reason, and the last assignment can be taken back.
func TestSeveralReferralsAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, intake := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		first, second := desk.sent(nil), desk.sent(nil)
		v := w.visitor()
		v.signIn("intake@hospital.demo", w.password).want(200)
		const list = "/t/hospital/referrals?box=in"
		v.get(list).want(200)
		page := string(v.last.Raw)
		csrf := regexp.MustCompile(`name="_csrf" value="([^"]+)"`).FindStringSubmatch(page)[1]
		pick := func(id string) string {
			m := regexp.MustCompile(`name="pick" value="(` + id + `\.\d+)"`).FindStringSubmatch(page)
			if m == nil {
				t.Fatal("the row cannot be chosen")
			}
			return "&pick=" + m[1]
		}
		both := pick(first) + pick(second)
		post := func(path, fields string) answer {
			a := v.send("POST", "/t/hospital/referrals/"+path, "list=%2Freferrals%3Fbox%3Din&_csrf="+csrf+fields)
			if a.Status == 303 {
				return v.get(a.Header.Get("Location"))
			}
			return a
		}
		v.send("POST", "/t/hospital/referrals/acknowledge", "_csrf=no"+both).want(403)
		post("acknowledge", "").want(400)

		// One of the two has moved on meanwhile: the other passes, and the reason stands.
		intake.do(second, "acknowledge", nil).want(200)
		post("acknowledge", both).want(409)
		v.shows("pour 1 orientation", "Elle a abouti pour 1 orientation", intake.get("/referrals/"+second).text("number"))
		if got := intake.get("/referrals/" + first).text("state"); got != "acknowledged" {
			t.Errorf("the other is %s", got)
		}

		page = string(v.get(list).Raw)
		both = pick(first) + pick(second)
		post("assign", both).want(200)
		doctor, _ := w.as("admin@hospital.demo").userID("doctor@hospital.demo")
		v.shows("Affecter 2 orientations", `<option value="`+doctor+`">`)
		post("assign", both+"&user_id="+doctor).want(200)
		v.shows("2 orientations affectées")
		if got := intake.get("/referrals/" + second).text("owner.user"); got != doctor {
			t.Errorf("it went to %q", got)
		}

		// The doctor passes on what is theirs, and that only.
		third := desk.sent(nil)
		other := w.visitor()
		other.signIn("doctor@hospital.demo", w.password).want(200)
		other.get("/t/hospital/referrals?box=in").want(200)
		for id, theirs := range map[string]bool{first: true, second: true, third: false} {
			if got := strings.Contains(string(other.last.Raw), `name="pick" value="`+id); got != theirs {
				t.Errorf("a row is offered to the doctor: %v, theirs: %v", got, theirs)
			}
		}

		// One alone, and back.
		v.get("/t/hospital/referrals/" + first + "/assign").want(200)
		v.post("/t/hospital/referrals/"+first+"/assign", map[string]string{"user_id": ""}).want(200)
		if got := intake.get("/referrals/" + first).at("owner.user"); got != nil {
			t.Errorf("it still belongs to %v", got)
		}
		_, toast, _ := strings.Cut(string(v.last.Raw), `class="toast"`)
		v.last.Raw = []byte(toast)
		v.post("/t/hospital/referrals/"+first+"/assign", nil).want(200)
		if got := intake.get("/referrals/" + first).text("owner.user"); got != doctor {
			t.Errorf("undone, it belongs to %q", got)
		}
		// What the cookie carries becomes a form only with its seal.
		v.cookies["shubbak_flash"] = "key=flash.undone&undo=%2Freferrals%2Fx%2Fdecline%3Fa%3Db&seal=AAAA"
		v.get(list).want(200)
		if strings.Contains(string(v.last.Raw), `class="toast"`) {
			t.Error("a forged way back was offered")
		}
	})
}

// TestADocumentIsChosenOnTheSendPage names what an earlier referral of the person
// holds, without script and without a second upload.
func TestADocumentIsChosenOnTheSendPage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		person, stranger := desk.person(nil), desk.person(nil)
		draft := func(of string) string {
			return desk.post("/referrals", map[string]any{"person_id": of, "need": "psychiatric", "service_id": desk.service("hospital", "psychiatric"), "priority": "routine", "reason": "Suivi"}).want(201).text("id")
		}
		first, alien := draft(person), draft(stranger)
		doc := desk.upload(first, "medical", "health", "paper.pdf", []byte("%PDF-1.4\n%%EOF\n")).want(201).text("id")
		foreign := desk.upload(alien, "medical", "health", "other.pdf", []byte("%PDF-1.4\n%%EOF\n")).want(201).text("id")
		v := w.visitor()
		v.signIn("worker@coordination.demo", w.password).want(200)
		form := "/people/" + person + "/refer/" + desk.service("hospital", "mental_health")
		v.get("/t/coordination" + form + "?need=mental_health").want(200)
		v.shows("Documents déjà conservés", "paper.pdf", "Certificat médical · Santé")
		if strings.Contains(string(v.last.Raw), foreign) {
			t.Error("a document of another person is offered")
		}
		fields := map[string]string{"do": "draft", "consent": "none", "reason": "Suite", "documents": doc}
		shown := v.last
		v.post("/t/coordination"+form, fields).want(200)
		id := v.at[strings.LastIndex(v.at, "/")+1:]
		if got := desk.get("/documents?subject=referral:" + id).want(200); got.text("items.0.id") != doc {
			t.Error("the draft does not name the document")
		}
		v.get("/t/coordination/referrals/" + id + "/edit").want(200)
		if !regexp.MustCompile(`name="documents" value="` + doc + `" checked`).Match(v.last.Raw) {
			t.Error("the draft does not show what was chosen")
		}
		v.last = shown
		fields["documents"] = foreign
		v.post("/t/coordination"+form, fields).want(404)
	})
}
