package main

import (
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
)

// domain.md §2, "After the end": what the receiver's register keeps.
func TestAfterTheEnd(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		sent := func(family string) (person, consent, id string) {
			person = desk.person(map[string]any{"family_name": family, "phones": []map[string]any{{"number": "06613377" + digits(family), "safe": true}}})
			consent = desk.consent(person, "hospital")
			id = desk.refer(person, map[string]any{"consent_id": consent}).want(201).text("id")
			hospital.do(id, "accept", map[string]any{"receiver_number": "H-" + family}).want(200)
			hospital.get("/referrals/" + id).want(200)
			return person, consent, id
		}
		listed := func(id string) string {
			for _, x := range hospital.get("/referrals?box=in&limit=200").want(200).at("items").([]any) {
				if m := x.(map[string]any); m["id"] == id {
					name, _ := m["display_name"].(string)
					return name
				}
			}
			t.Fatalf("%s left the register", id)
			return ""
		}
		keeps := func(what, id, family string) {
			t.Helper()
			v := hospital.get("/referrals/" + id).want(200)
			if !strings.Contains(v.text("display_name"), family) || !strings.Contains(listed(id), family) {
				t.Errorf("%s: the name is gone: %s", what, shorten(v.Raw))
			}
			for _, closed := range []string{"identity", "social", "documents", "person_id"} {
				if v.at(closed) != nil {
					t.Errorf("%s: %s is still open", what, closed)
				}
			}
			if strings.Contains(string(v.Raw), "1990-05-05") || v.text("open_slices") != `["card"]` {
				t.Errorf("%s: more than the name: %s", what, shorten(v.Raw))
			}
		}
		forgets := func(what, id, family string) {
			t.Helper()
			if v := hospital.get("/referrals/" + id).want(200); strings.Contains(string(v.Raw), family+`"`) && !strings.Contains(v.text("receiver_number"), family) || v.text("display_name") != "" || listed(id) != "" {
				t.Errorf("%s: the name is still there: %s", what, shorten(v.Raw))
			}
		}

		_, _, recalled := sent("Recalledson")
		desk.do(recalled, "recall", map[string]any{"reason": "person_request"}).want(200)
		hospital.do(recalled, "confirm-recall", nil).want(200)
		keeps("recalled after acceptance", recalled, "Recalledson")

		p, c, stays := sent("Stayson")
		desk.post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{"continue": true}).want(200)
		keeps("withdrawn, and the service goes on", stays, "Stayson")

		p, c, leaves := sent("Leaveson")
		desk.post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{"continue": false}).want(200)
		forgets("withdrawn", leaves, "Leaveson")

		p, c, never := sent("Neverson")
		hospital.do(never, "start", nil).want(200)
		hospital.do(never, "complete", map[string]any{"outcome": "consultation", "note": "mot du service"}).want(200)
		desk.post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{"continue": false}).want(200)
		desk.do(never, "confirm", nil).want(200) // a confirmation after the withdrawal opens nothing again
		forgets("completed, withdrawn, confirmed", never, "Neverson")
		desk.post("/referrals/"+never+"/messages", map[string]any{"text": "après"}).code(409, "illegal_transition")

		p, c, _ = sent("Declinedson")
		declined := desk.refer(desk.person(map[string]any{"family_name": "Declinedson"}), map[string]any{"basis": "public_interest"}).want(201).text("id")
		hospital.do(declined, "decline", map[string]any{"reason": "out_of_scope", "by_whom": "provider"}).want(200)
		forgets("declined", declined, "Declinedson")
		_, _ = p, c

		_, _, done := sent("Doneson")
		hospital.do(done, "start", nil).want(200)
		desk.post("/referrals/"+done+"/messages", map[string]any{"text": "Un mot du guichet"}).want(201)
		hospital.do(done, "complete", map[string]any{"outcome": "consultation"}).want(200)
		if v := hospital.get("/referrals/" + done).want(200); v.at("identity") == nil {
			t.Error("the slices close before thirty days have passed")
		}
		if n := len(hospital.get("/referrals/" + done + "/messages").want(200).at("items").([]any)); n != 1 {
			t.Errorf("%d messages in the thirty days", n)
		}
		w.clock.Shift(31 * 24 * time.Hour)
		w.tokens = map[string]string{} // sessions last twelve hours
		desk, hospital = w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		keeps("thirty days later, before the housekeeping", done, "Doneson")
		for _, slug := range []string{"coordination", "hospital"} {
			if err := w.referrals.RunDaily(db.As(t.Context(), w.tenantID(slug))); err != nil {
				t.Fatal(err)
			}
		}
		keeps("thirty days later", done, "Doneson")
		desk.do(done, "confirm", nil).want(200)
		keeps("confirmed after thirty days", done, "Doneson")
		if n := len(hospital.get("/referrals/" + done + "/messages").want(200).at("items").([]any)); n != 0 {
			t.Errorf("%d messages of the desk are open for ever", n)
		}
	})
}

func digits(s string) string {
	n := 0
	for _, r := range s {
		n = n*31 + int(r)
	}
	return string([]byte{byte('0' + n/10%10), byte('0' + n%10)})
}
