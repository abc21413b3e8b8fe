package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"shubbak/platform/clock"
)

// TestTheNameOfAFileIsContent: whoever of the receiver learns what a file is called has
// opened the slice, stands in the register, and cannot take the acceptance back.
func TestTheNameOfAFileIsContent(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		for what, path := range map[string]func(referral, document string) string{
			"a list":     func(r, _ string) string { return "/documents?subject=referral:" + r },
			"a document": func(_, d string) string { return "/documents/" + d },
		} {
			person := desk.person(nil)
			desk.consent(person, "hospital")
			id := desk.refer(person, nil).want(201).text("id")
			doc := desk.upload(id, "medical", "ordinary", "مذكرة.txt", []byte("words of a paper")).want(201).text("id")
			hospital.do(id, "accept", nil).want(200)
			lines := func() int {
				n := 0
				for _, x := range w.as("dpo@coordination.demo").get("/disclosures?person_id=" + person).want(200).at("items").([]any) {
					if x.(map[string]any)["referral_id"] == id || x.(map[string]any)["slice"] == "documents" {
						n++
					}
				}
				return n
			}
			if n := lines(); n != 0 {
				t.Fatalf("%s: %d lines before anybody looked", what, n)
			}
			if a := desk.get(path(id, doc)).want(200); !strings.Contains(string(a.Raw), "مذكرة.txt") || lines() != 0 {
				t.Errorf("%s: the sender's own look is no disclosure", what)
			}
			if a := hospital.get(path(id, doc)).want(200); !strings.Contains(string(a.Raw), "مذكرة.txt") {
				t.Errorf("%s: %s", what, a.Raw)
			}
			if n := lines(); n != 1 {
				t.Errorf("%s: %d lines in the register", what, n)
			}
			hospital.do(id, "undo-accept", nil).want(409)
		}
	})
}

// TestAClinicalOutcomeIsReadWhereItWasRecorded: the other side reads that the service
// was delivered.
func TestAClinicalOutcomeIsReadWhereItWasRecorded(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		id := desk.sent(nil)
		hospital.do(id, "accept", nil).want(200)
		hospital.do(id, "complete", map[string]any{"outcome": "hospitalised"}).want(200)
		reads := func(u user) []string {
			list := u.get("/referrals?limit=1&state=completed&box=" + map[string]string{"coordination": "out", "hospital": "in"}[u.tenant]).want(200)
			events := u.get("/referrals/" + id + "/events").want(200).at("items").([]any)
			return []string{u.get("/referrals/" + id).want(200).text("outcome"), list.text("items.0.outcome"), events[len(events)-1].(map[string]any)["reason"].(string)}
		}
		if got := reads(hospital); !slices.Equal(got, []string{"hospitalised", "hospitalised", "hospitalised"}) {
			t.Errorf("the hospital reads %v", got)
		}
		if got := reads(desk); !slices.Equal(got, []string{"service_delivered", "service_delivered", "service_delivered"}) {
			t.Errorf("the desk reads %v", got)
		}
		if a := w.call("GET", "/t/hospital/referrals/"+id, hospital.token, nil, nil).want(200); !strings.Contains(string(a.Raw), "استشفاء") {
			t.Error("the hospital's page does not say what it recorded")
		}
	})
}

// TestWhatWasEnteredInErrorIsEmptied: the sender's words and papers go with the payload;
// a paper that another referral names stays there, and what the receiver wrote with it.
func TestWhatWasEnteredInErrorIsEmptied(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		person := desk.person(nil)
		desk.consent(person, "hospital")
		id := desk.refer(person, nil).want(201).text("id")
		gone := desk.upload(id, "medical", "ordinary", "one.txt", []byte("words of a paper")).want(201).text("id")
		stays := desk.upload(id, "medical", "ordinary", "two.txt", []byte("words of another")).want(201).text("id")
		other := desk.refer(person, map[string]any{"documents": []string{stays}, "send": false}).want(201).text("id")
		hospital.do(id, "ask", map[string]any{"text": "Depuis quand ?"}).want(200)
		desk.do(id, "answer", map[string]any{"text": "Depuis l’été, chez sa tante"}).want(200)
		w.settled()
		objects, bytes := w.objects(), w.count("select coalesce(sum(bytes), 0) from document_usage")
		w.as("head@coordination.demo").do(id, "mark-error", map[string]any{"reason": "la mauvaise personne"}).want(200)
		w.settled()
		desk.get("/documents/"+gone).code(404, "not_found")
		desk.get("/documents/"+gone+"/content").code(404, "not_found")
		if got := desk.get("/documents/" + stays + "/content").want(200); string(got.Raw) != "words of another" {
			t.Errorf("a paper that another referral names: %s", got.Raw)
		}
		if n := len(desk.get("/documents?subject=referral:" + id).want(200).at("items").([]any)); n != 0 {
			t.Errorf("%d papers are left", n)
		}
		if n := len(desk.get("/documents?subject=referral:" + other).want(200).at("items").([]any)); n != 1 {
			t.Errorf("%d papers at the other referral", n)
		}
		if n, b := w.objects(), w.count("select coalesce(sum(bytes), 0) from document_usage"); n != objects-1 || b != bytes-len("words of a paper") {
			t.Errorf("%d objects of %d and %d bytes of %d are left", n, objects, b, bytes)
		}
		said := string(desk.get("/referrals/"+id+"/messages").want(200).Raw) + string(desk.get("/referrals/"+id+"/events").want(200).Raw)
		if strings.Contains(said, "tante") || !strings.Contains(said, "Depuis quand") || !strings.Contains(said, "la mauvaise personne") {
			t.Errorf("what is left of the words: %s", said)
		}
		if a := desk.get("/referrals/" + id).want(200); a.at("social") != nil || a.at("card.documents") != 0.0 {
			t.Errorf("the tombstone: %s", shorten(a.Raw))
		}
		if n, err := w.documents.Sweep(t.Context()); err != nil || n != 0 {
			t.Errorf("swept %d: %v", n, err)
		}
	})
}

// TestATimeThatDoesNotExist is moved to the later one, and said (domain.md §1).
func TestATimeThatDoesNotExist(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		_, gap := w.clock.Now().In(clock.Casablanca()).ZoneBounds()
		for range 2 { // the clock is put back for Ramadan, and forward after it
			if _, before := gap.Add(-1).In(clock.Casablanca()).Zone(); before < 3600 {
				break
			}
			_, gap = gap.In(clock.Casablanca()).ZoneBounds()
		}
		day := gap.In(clock.Casablanca()).Format("2006-01-02")
		id := desk.sent(nil)
		hospital.do(id, "accept", nil).want(200)
		if got := hospital.do(id, "schedule", map[string]any{"starts_at_local": day + "T02:30"}).want(200).text("appointment.starts_at_local"); got != day+"T03:30" {
			t.Errorf("half past two of that night stands as %s", got)
		}
		form := url.Values{"starts_at_local": {day}, "starts_at_local_hour": {"2"}, "starts_at_local_minute": {"15"}, "version": {fmt.Sprint(hospital.get("/referrals/" + id).want(200).at("version"))}}
		hospital.form("/referrals/"+id+"/schedule", form).want(303)
		if got := hospital.get("/referrals/" + id).want(200).text("appointment.starts_at_local"); got != day+"T03:15" {
			t.Errorf("from the page: %s", got)
		}
		if got := hospital.do(id, "schedule", map[string]any{"starts_at_local": day + "T10:00:30"}).want(200).text("appointment.starts_at_local"); got != day+"T10:00:30" {
			t.Errorf("a time that exists stands as %s", got)
		}
	})
}

// TestSmallPromises are single sentences of the contract that a reader tried one by one.
func TestSmallPromises(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")

		// What is assigned to a practitioner was received.
		id := desk.sent(nil)
		doctor := w.as("doctor@hospital.demo")
		me := doctor.get("/me").want(200).text("user.id")
		hospital.do(id, "accept", map[string]any{"user_id": me}).want(200)
		hospital.do(id, "schedule", map[string]any{"starts_at_local": w.clock.Now().AddDate(0, 0, 7).Format("2006-01-02T15:04")}).want(200)
		if n := len(doctor.get("/referrals?box=in").want(200).at("items").([]any)); n == 0 {
			t.Error("nothing is assigned to the practitioner")
		}
		if n := len(doctor.get("/referrals?box=out").want(200).at("items").([]any)); n != 0 {
			t.Errorf("a practitioner has sent %d referrals", n)
		}
		judge := w.as("coordinator@coordination.demo")
		if n := len(judge.get("/referrals?box=in").want(200).at("items").([]any)); n != 0 {
			t.Errorf("who judges exceptions has received %d referrals", n)
		}

		// Whoever gives no name may be known by a number, and has no name.
		known := desk.person(map[string]any{"phones": []any{map[string]any{"number": "0661445566", "safe": true}}, "national_id": "F771203"})
		desk.post("/people", map[string]any{"anonymous": true, "phones": []any{map[string]any{"number": "0661 44 55 66", "safe": true}}}).code(409, "possible_duplicate")
		desk.post("/people", map[string]any{"anonymous": true, "phones": []any{map[string]any{"number": "0661 44 55 66", "safe": true}}, "distinct_from": []string{known}}).want(201)
		desk.post("/people", map[string]any{"anonymous": true, "given_name": "Khadija", "family_name": "Serhani"}).code(422, "invalid")
		desk.api("PATCH", "/people/"+known, map[string]any{"version": 1, "anonymous": true}).code(422, "invalid")

		// A masked number that comes back is the number.
		masked := desk.get("/people/" + known).want(200).text("national_id")
		if masked != "****203" {
			t.Fatalf("masked as %s", masked)
		}
		desk.api("PATCH", "/people/"+known, map[string]any{"version": 1, "national_id": masked}).want(200)
		if n := len(desk.post("/people/search", map[string]any{"national_id": "F771203"}).want(200).at("items").([]any)); n != 1 {
			t.Errorf("the number is found %d times after its mask was sent", n)
		}
		desk.api("PATCH", "/people/"+known, map[string]any{"version": 2, "national_id": "****999"}).code(422, "invalid")
		desk.api("PATCH", "/people/"+known, map[string]any{"version": 2, "national_id": nil}).want(200)
		if got := desk.get("/people/" + known).want(200); got.at("national_id") != nil {
			t.Errorf("a number that was taken away: %v", got.at("national_id"))
		}

		// What a person may be referred to is for those who may know the person.
		for _, email := range []string{"coordinator@coordination.demo", "dpo@coordination.demo", "admin@coordination.demo"} {
			w.as(email).get("/services?person_id=" + known).want(403)
		}
		desk.get("/services?person_id=" + known).want(200)

		// A recall that was refused leaves no reason behind.
		other := desk.sent(nil)
		hospital.do(other, "accept", nil).want(200)
		desk.do(other, "recall", map[string]any{"reason": "need_met"}).want(200)
		if a := hospital.do(other, "refuse-recall", map[string]any{"note": "words"}).want(200); a.at("reason_code") != nil {
			t.Errorf("reason %v of a referral that goes on", a.at("reason_code"))
		}
		hospital.do(other, "start", nil).want(200)
		if a := hospital.do(other, "hold", map[string]any{"reason": "person_away", "until": "2020-01-01"}).code(422, "invalid"); a.text("errors.0.field") != "until" {
			t.Errorf("held until a day that has passed: %s", a.Raw)
		}

		// Consents end with their day in Oujda.
		body := map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "written"}
		if got := desk.post("/people/"+known+"/consents", body).code(422, "invalid"); !strings.Contains(string(got.Raw), `"required"`) {
			t.Errorf("an end that is missing: %s", got.Raw)
		}
		body["expires_at"] = w.clock.Now().In(clock.Casablanca()).AddDate(0, 2, 0).Format("2006-01-02")
		ends := desk.post("/people/"+known+"/consents", body).want(201).text("expires_at")
		if ends[:10] != body["expires_at"] || !strings.HasPrefix(ends[11:], "22:59:59") && !strings.HasPrefix(ends[11:], "23:59:59") {
			t.Errorf("a consent to the end of %s ends at %s", body["expires_at"], ends)
		}

		// Faults come in one order.
		for range 20 {
			if got := desk.post("/people", map[string]any{}).want(422).text("errors.0.field"); got != "given_name" {
				t.Fatalf("first %s", got)
			}
		}
	})
}

// TestAWordTooMany is wrong usage, said before anything is opened.
func TestAWordTooMany(t *testing.T) {
	t.Parallel()
	env := []string{"SHUBBAK_DATA=" + t.TempDir() + "/none"}
	for _, args := range [][]string{{"audit", "verify", "x"}, {"migrate", "up", "x"}, {"migrate", "status", "x"}, {"tenant", "list", "x"}, {"user", "list", "hospital", "x"}, {"doctor", "x"}, {"config", "x"}, {"serve", "x"}, {"worker", "x"}} {
		if _, code := commandOf(env, args...); code != 2 {
			t.Errorf("%v: status %d", args, code)
		}
	}
}
