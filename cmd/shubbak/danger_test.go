package main

import (
	"maps"
	"testing"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// danger writes an immediate danger to the hospital.
func (u user) danger(extra map[string]any) answer {
	u.w.t.Helper()
	if extra["service_id"] == nil {
		extra = maps.Clone(extra)
		if extra == nil {
			extra = map[string]any{}
		}
		extra["service_id"] = u.service("hospital", "psychiatric")
	}
	body := map[string]any{"danger": true, "call": map[string]any{"answered_by": "Interne de garde", "place": "Gare routière d'Oujda"}}
	for k, v := range extra {
		body[k] = v
	}
	if body["person_id"] == nil {
		body["person_id"] = u.post("/people", map[string]any{"anonymous": true, "alias": "Homme inconnu, 40 ans environ"}).want(201).text("id")
	}
	return u.post("/referrals", body)
}

// sunday is a Sunday at three in the morning in Oujda, after now.
func sunday(now time.Time) time.Time {
	z := clock.Casablanca()
	t := now.In(z).AddDate(0, 0, 7-int(now.In(z).Weekday()))
	return time.Date(t.Year(), t.Month(), t.Day(), 3, 0, 0, 0, z)
}

// No consent, no agreement, quota used, hospital closed, Sunday 03:00: sent and seen
// (domain.md §2, "Immediate danger").
func TestImmediateDanger(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		service := desk.service("hospital", "psychiatric")
		person := desk.person(map[string]any{"given_name": "Zoubida", "family_name": "Dangerton", "address": "Rue 7", "phones": []map[string]any{{"number": "0661777001", "safe": true}, {"number": "0661777002", "safe": false}}})
		list := desk.get("/agreements").want(200).at("items").([]any)
		for _, x := range list {
			id, err := ids.Parse[ids.Agreement](x.(map[string]any)["id"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.agreements.SetState(db.As(t.Context(), w.tenantID("coordination")), id, agreements.Suspended); err != nil {
				t.Fatal(err)
			}
		}
		sid, _ := ids.Parse[ids.Service](service)
		if err := w.directory.SetCapacity(db.As(t.Context(), w.tenantID("hospital")), sid, directory.Capacity{Status: "no_capacity"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Set(sunday(w.clock.Now()))
		w.tokens = map[string]string{}
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		desk.post("/referrals", map[string]any{"person_id": person, "need": "psychiatric", "service_id": service, "priority": "emergency", "reason": "x", "send": true}).code(409, "not_permitted")

		made := desk.post("/referrals", map[string]any{"person_id": person, "service_id": service, "danger": true}).want(201)
		id := made.text("id")
		if made.text("state") != "sent" || made.text("priority") != "emergency" || made.text("basis") != "vital_interest" || made.at("danger") != true || made.text("number") == "" {
			t.Fatalf("not sent as a danger: %s", shorten(made.Raw))
		}
		due, err := time.Parse(time.RFC3339, made.text("due_at"))
		if err != nil || due.Sub(w.clock.Now()) > 15*time.Minute {
			t.Errorf("due in %s", due.Sub(w.clock.Now()))
		}
		w.settled()
		// Days have passed, so that other deadlines are told of at the same time.
		if n := hospital.told("referral.sent", id); n != 1 {
			t.Errorf("the unit is told %d times", n)
		}
		seen := hospital.get("/referrals/" + id).want(200)
		if seen.text("identity.family_name") != "Dangerton" || seen.text("identity.address") != "Rue 7" || seen.at("social") != nil || seen.at("documents") != nil || seen.at("person_id") != nil {
			t.Errorf("the called unit sees %s", shorten(seen.Raw))
		}
		if phones, _ := seen.at("identity.phones").([]any); len(phones) != 1 {
			t.Errorf("phones %v", phones)
		}
		w.as("doctor@hospital.demo").get("/referrals/"+id).code(404, "not_found")
		w.as("intake@chamber.demo").get("/referrals/"+id).code(404, "not_found")
		w.as("coordinator@coordination.demo").get("/referrals/"+id).code(404, "not_found")

		// Who is not known has a description; nothing else may be missing but the place.
		unknown := desk.danger(map[string]any{"service_id": service}).want(201)
		if got := hospital.get("/referrals/" + unknown.text("id")).want(200); got.text("call.place") != "Gare routière d'Oujda" || got.text("identity.alias") == "" {
			t.Errorf("call and description: %s", shorten(got.Raw))
		}
		nobody := desk.post("/people", map[string]any{"anonymous": true}).want(201).text("id")
		desk.danger(map[string]any{"service_id": service, "person_id": nobody}).code(422, "invalid")
		nowhere := desk.post("/people", map[string]any{"anonymous": true, "alias": "Femme"}).want(201).text("id")
		desk.danger(map[string]any{"service_id": service, "person_id": nowhere, "call": map[string]any{"answered_by": "X"}}).code(422, "invalid")
		desk.danger(map[string]any{"service_id": service, "person_id": nowhere, "call": map[string]any{"at": w.clock.Now().Add(time.Hour).Format(time.RFC3339), "place": "Gare"}}).code(422, "invalid")
		desk.danger(map[string]any{"service_id": service, "person_id": nowhere, "priority": "routine", "basis": "consent"}).want(201)
		desk.danger(map[string]any{"service_id": service, "person_id": nowhere}).code(409, "already_open")
		desk.post("/referrals", map[string]any{"person_id": person, "need": "psychiatric", "service_id": service, "priority": "routine", "reason": "x", "call": map[string]any{"place": "x"}}).code(422, "invalid")

		// The other direction has no agreement at all.
		other := w.as("intake@hospital.demo")
		theirs := other.post("/people", map[string]any{"anonymous": true, "alias": "Jeune femme"}).want(201).text("id")
		var chamber string
		for _, x := range other.get("/services?all=1&limit=200").want(200).at("items").([]any) {
			if m := x.(map[string]any); m["tenant"] == "chamber" {
				chamber = m["id"].(string)
			}
		}
		between := other.post("/referrals", map[string]any{"person_id": theirs, "service_id": chamber, "danger": true, "call": map[string]any{"place": "Pavillon 3"}}).want(201).text("id")
		w.as("intake@chamber.demo").get("/referrals/" + between).want(200)

		// Fifteen real minutes without acknowledgement: the alarm, once, to each.
		hospital.do(unknown.text("id"), "acknowledge", nil).want(200)
		raised := func(email, id string) (n int) {
			for _, x := range w.as(email).get("/notifications?limit=200").want(200).at("items").([]any) {
				if m := x.(map[string]any); m["event"] == "referral.danger_unanswered" && (id == "" || m["subject"].(map[string]any)["id"] == id) {
					n++
				}
			}
			return n
		}
		watch := func() {
			t.Helper()
			for _, slug := range []string{"coordination", "hospital", "chamber"} {
				if err := w.referrals.RunWatch(db.As(t.Context(), w.tenantID(slug))); err != nil {
					t.Fatal(err)
				}
			}
			w.settled()
		}
		w.clock.Set(w.clock.Now().Add(14 * time.Minute))
		watch()
		if n := raised("intake@hospital.demo", ""); n != 0 {
			t.Errorf("%d alarms before fifteen minutes have passed", n)
		}
		w.clock.Set(w.clock.Now().Add(2 * time.Minute))
		watch()
		watch()
		for _, email := range []string{"intake@hospital.demo", "head@hospital.demo", "worker@coordination.demo", "head@coordination.demo"} {
			if n := raised(email, id); n != 1 {
				t.Errorf("%s is told %d times", email, n)
			}
			if n := raised(email, unknown.text("id")); n != 0 {
				t.Errorf("%s is told of an acknowledged danger", email)
			}
		}
		if n := raised("intake@chamber.demo", ""); n != 1 {
			t.Errorf("the chamber is told %d times", n)
		}
		if n := raised("head@coordination.demo", ""); n < 3 {
			t.Errorf("the coordination's person on call is told of %d dangers, one of them between others", n)
		}

		// The supervisor reviews it afterwards, once.
		head := w.as("head@coordination.demo")
		own := head.get("/referrals/" + id).want(200)
		if own.at("review.due_at") == nil || own.at("review.reviewed_at") != nil {
			t.Errorf("review: %s", shorten(own.Raw))
		}
		body := func(informed, note string) map[string]any {
			return map[string]any{"informed": informed, "note": note}
		}
		desk.do(id, "review", body("yes", "")).code(403, "forbidden")
		head.do(id, "review", body("would_endanger", "")).code(422, "invalid")
		head.do(id, "review", body("yes", "")).want(200)
		head.do(id, "review", body("yes", "")).code(409, "illegal_transition")
		if v := hospital.get("/referrals/" + id).want(200); v.at("review") != nil {
			t.Error("the receiver reads the sender's review")
		}
	})
}
