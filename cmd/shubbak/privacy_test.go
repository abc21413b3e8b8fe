package main

import (
	"net/url"
	"strings"
	"testing"
)

// The register of a person: the sender's side sees tenant and role of who opened, the
// receiver's side its own users, and nobody else anything.
func TestTheDisclosureRegisterOfAPerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		dpo, theirs, chamber := w.as("dpo@coordination.demo"), w.as("auditor@hospital.demo"), w.as("head@faculty.demo")
		person := desk.person(map[string]any{"languages": []string{"fr"}})
		desk.consent(person, "hospital")
		path := "/disclosures?person_id=" + person
		if n := len(dpo.get(path).want(200).at("items").([]any)); n != 0 {
			t.Errorf("%d lines before anything was opened", n)
		}
		theirs.get(path).code(404, "not_found")
		id := desk.refer(person, nil).want(201).text("id")
		doc := desk.upload(id, "medical", "ordinary", "a.txt", []byte("words")).want(201).text("id")
		hospital.do(id, "accept", nil).want(200)
		hospital.get("/referrals/" + id).want(200)
		hospital.get("/documents/" + doc + "/content").want(200)

		seen := map[string]bool{}
		next := ""
		for range 10 {
			a := dpo.get(path + "&limit=1" + next).want(200)
			for _, x := range a.at("items").([]any) {
				m := x.(map[string]any)
				what := m["slice"].(string)
				if d, ok := m["document_id"].(string); ok {
					what += d
				}
				if seen[what] || m["tenant"] != "hospital" || m["role"] != "intake" || m["user_id"] != nil || m["referral_id"] != id {
					t.Errorf("a line of the sender's register: %v", m)
				}
				seen[what] = true
			}
			if a.at("next") == nil {
				break
			}
			next = "&after=" + url.QueryEscape(a.text("next"))
		}
		if !seen["identity"] || !seen["social"] || !seen["documents"+doc] || len(seen) < 3 {
			t.Errorf("the register holds %v", seen)
		}
		own := theirs.get(path).want(200)
		if own.text("items.0.user_id") == "" || len(own.at("items").([]any)) != len(seen) {
			t.Errorf("the receiver's auditor sees %s", own.Raw)
		}
		for _, u := range []user{desk, hospital, chamber} {
			u.get(path).code(403, "forbidden")
		}
		dpo.get("/disclosures").code(400, "unreadable")
		dpo.get(path+"&after=x").code(400, "unreadable")

		page := string(dpo.page("/disclosures?person=" + person).want(200).Raw)
		if !strings.Contains(page, "/disclosures/sheet?person="+person) {
			t.Error("the page leads to no sheet")
		}
		sheet := string(dpo.page("/disclosures/sheet?person=" + person).want(200).Raw)
		if !strings.Contains(sheet, `lang="fr"`) || !strings.Contains(sheet, "Qui a consulté vos données") {
			t.Error("the sheet is not in the person's language")
		}
		if a := theirs.page("/disclosures/sheet?person=" + person); a.Status != 404 {
			t.Errorf("the receiver prints the sender's person: %d", a.Status)
		}
		staff := string(theirs.page("/disclosures?person=" + person).want(200).Raw)
		if strings.Contains(page, "intake@") || staff == page {
			t.Error("both sides see the same")
		}
		number := desk.get("/referrals/" + id).text("number")
		if a := dpo.form("/disclosures", url.Values{"number": {number}}); a.Status != 303 || !strings.HasSuffix(a.Header.Get("Location"), person) {
			t.Errorf("by number: %d %s", a.Status, a.Header.Get("Location"))
		}
		if a := dpo.form("/disclosures", url.Values{"number": {"2020/0000"}}); a.Status != 422 {
			t.Errorf("an unknown number: %d", a.Status)
		}
	})
}

// The audit is read by its sealed sequence, each tenant its own.
func TestTheAuditOfOnesOwnTenant(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital, auditor := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("auditor@coordination.demo")
		id := desk.sent(nil)
		hospital.do(id, "accept", nil).want(200)
		path := "/audit?subject=referral:" + id
		w.eventually("the acts are sealed", func() bool { return len(auditor.get(path).want(200).at("items").([]any)) >= 2 })
		last, next := 0.0, ""
		for range 20 {
			a := auditor.get(path + "&limit=1" + next).want(200)
			for _, x := range a.at("items").([]any) {
				m := x.(map[string]any)
				if m["sequence"].(float64) <= last || m["subject"] != "referral:"+id || m["action"] == "accept" {
					t.Errorf("an entry out of place: %v", m)
				}
				last = m["sequence"].(float64)
			}
			if a.at("next") == nil {
				break
			}
			next = "&after=" + url.QueryEscape(a.text("next"))
		}
		if last == 0 {
			t.Error("nothing was read")
		}
		if first := auditor.get("/audit?limit=1").want(200); first.text("items.0.sequence") != "1" {
			t.Errorf("the chain begins at %s", first.text("items.0.sequence"))
		}
		auditor.get("/audit?subject=referral").code(400, "unreadable")
		desk.get(path).code(403, "forbidden")
	})
}
