package main

import (
	"strings"
	"sync"
	"testing"
)

// TestTheLoopCloses is the programme's main job, by the API.
func TestTheLoopCloses(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		p := desk.person(map[string]any{"given_name_ar": "أسماء", "family_name_ar": "وردي", "given_name": "Asmae", "family_name": "Ouardi", "phones": []map[string]any{{"number": "0661223344", "safe": true}, {"number": "0661223355", "safe": false}}, "address": "Rue 5"})
		c := desk.consent(p, "hospital")
		made := desk.refer(p, map[string]any{"consent_id": c, "triage": map[string]string{"followed": "no"}}).want(201)
		id := made.text("id")
		if made.text("state") != "sent" || made.text("number") == "" || made.text("person_id") != p {
			t.Fatalf("not sent: %s", made.Raw)
		}
		w.settled()
		card := hospital.get("/referrals/" + id).want(200)
		for _, closed := range []string{"person_id", "identity", "social", "documents"} {
			if card.at(closed) != nil {
				t.Errorf("the receiver sees %s before acceptance", closed)
			}
		}
		if card.text("card.age_band") != "35-44" || card.text("card.triage.followed") != "no" {
			t.Errorf("card: %s", card.Raw)
		}
		told := false // other clocks may ring meanwhile
		for _, x := range hospital.get("/notifications?unread=1&limit=200").want(200).at("items").([]any) {
			m := x.(map[string]any)
			told = told || m["event"] == "referral.sent" && m["subject"].(map[string]any)["id"] == id && strings.Contains(m["title"].(string), made.text("number"))
		}
		if !told {
			t.Error("the unit is not told of what was sent")
		}
		hospital.do(id, "ask", map[string]any{"text": "Couverture médicale ?"}).want(200)
		desk.do(id, "answer", map[string]any{"text": "Mme OUARDI a AMO"}).code(422, "invalid")
		desk.do(id, "answer", map[string]any{"text": "AMO Tadamon, valable"}).want(200)
		took := hospital.do(id, "accept", map[string]any{"receiver_number": "R-1"}).want(200)
		if took.at("identity") != nil {
			t.Error("the answer to accept holds the identity")
		}
		open := hospital.get("/referrals/" + id).want(200)
		if open.text("identity.family_name_ar") != "وردي" || open.text("social.reason") == "" || open.at("person_id") != nil {
			t.Errorf("after acceptance: %s", open.Raw)
		}
		if phones := open.at("identity.phones").([]any); len(phones) != 1 {
			t.Errorf("phones that are not safe are shared: %v", phones)
		}
		hospital.do(id, "undo-accept", nil).code(409, "illegal_transition")
		hospital.do(id, "schedule", map[string]any{"starts_at_local": w.clock.Now().AddDate(0, 0, 7).Format("2006-01-02") + "T10:00"}).want(200)
		hospital.do(id, "start", nil).want(200)
		hospital.do(id, "report", map[string]any{"text": "Première séance faite"}).want(200)
		hospital.do(id, "complete", map[string]any{"outcome": "hospitalised"}).want(200)
		seen := desk.get("/referrals/" + id).want(200)
		if seen.text("outcome") != "service_delivered" {
			t.Errorf("the desk reads a clinical outcome: %s", seen.text("outcome"))
		}
		done := desk.do(id, "confirm", map[string]any{"said_by": "person", "result": "met"}).want(200)
		if done.text("state") != "outcome_confirmed" {
			t.Errorf("state %s", done.text("state"))
		}
		events := desk.get("/referrals/" + id + "/events").want(200)
		for i, e := range events.at("items").([]any) {
			if e.(map[string]any)["sequence"].(float64) != float64(i+1) {
				t.Errorf("a gap in the events: %s", events.Raw)
			}
		}
		w.settled()
		for _, email := range []string{"intake@chamber.demo", "placements@faculty.demo"} {
			w.as(email).get("/referrals/"+id).code(404, "not_found")
		}
		if err := w.audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		reports, err := w.audit.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range reports {
			if !r.OK() || r.Unsealed > 0 || r.Sealed == 0 {
				t.Error(r)
			}
		}
	})
}

// TestTwoAtOnce lets several people accept the same referral: one wins.
func TestTwoAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.as("worker@coordination.demo").sent(nil)
		hospital := w.as("intake@hospital.demo")
		v := hospital.version(id)
		var wg sync.WaitGroup
		got := make([]answer, 8)
		for i := range got {
			wg.Go(func() {
				got[i], _ = w.try("POST", "/t/hospital/api/v1/referrals/"+id+"/accept", hospital.token, map[string]any{"version": v}, nil)
			})
		}
		wg.Wait()
		won := 0
		for _, a := range got {
			switch a.Status {
			case 200:
				won++
			case 409:
				if a.text("code") != "version_conflict" && a.text("code") != "illegal_transition" {
					t.Errorf("the loser got %s", a.Raw)
				}
			default:
				t.Errorf("status %d: %s", a.Status, a.Raw)
			}
		}
		if won != 1 {
			t.Errorf("%d winners", won)
		}
	})
}

// TestAnException is judged by the coordinator on the anonymous card alone.
func TestAnException(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, coordinator := w.as("worker@coordination.demo"), w.as("coordinator@coordination.demo")
		p := desk.person(map[string]any{"family_name_ar": "المستثناة", "given_name_ar": "سهام"})
		desk.consent(p, "chamber")
		service := desk.get("/services?need=digital&all=1").want(200).text("items.0.id")
		body := map[string]any{"person_id": p, "need": "digital", "service_id": service, "priority": "routine", "reason": "Secret de la personne", "send": true}
		refused := desk.post("/referrals", body).code(409, "not_permitted")
		if refused.text("reason") != "need_not_covered" {
			t.Errorf("reason %s", refused.text("reason"))
		}
		body["exception_reason"] = "Rien d'autre n'existe"
		id := desk.post("/referrals", body).want(201).text("id")
		w.settled()
		seen := coordinator.get("/referrals/" + id).want(200)
		for _, closed := range []string{"identity", "social", "documents", "person_id"} {
			if seen.at(closed) != nil {
				t.Errorf("the coordinator reads %s", closed)
			}
		}
		page := w.call("GET", "/t/coordination/referrals/"+id, coordinator.token, nil, nil).want(200)
		for _, s := range []string{"المستثناة", "سهام", "Secret de la personne"} {
			if strings.Contains(string(page.Raw), s) || strings.Contains(string(coordinator.get("/referrals?box=out").Raw), s) {
				t.Error("a page or list of the coordinator names the person")
			}
		}
		w.as("head@coordination.demo").do(id, "approve", nil).code(403, "forbidden")
		coordinator.do(id, "approve", nil).want(200)
		chamber := w.as("intake@chamber.demo")
		chamber.do(id, "accept", nil).want(200)
		open := chamber.get("/referrals/" + id).want(200)
		if open.text("identity.family_name_ar") != "المستثناة" || open.at("social") != nil || open.at("documents") != nil {
			t.Errorf("an exception opens %s", open.Raw)
		}
		coordinator.get("/referrals/"+id).code(404, "not_found")
	})
}
