package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestABodyIsJudgedFirst: the contract names every fault of a readable body before
// it looks anything up, so a faulty change of nobody's record is 422 and not 404, and
// of a stale version 422 and not 409.
func TestABodyIsJudgedFirst(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@hospital.demo")
		const never = "01890000-0000-7000-8000-000000000000"
		person := desk.person(nil)
		draft := desk.refer(person, map[string]any{"send": false}).want(201).text("id")
		past := testNow().AddDate(-1, 0, 0)
		for what, c := range map[string]struct {
			as     user
			method string
			path   string // %s is the id
			real   string // "" where only nobody's record is tried
			body   map[string]any
			field  string
		}{
			"an impossible birth date":  {desk, "PATCH", "/people/%s", person, map[string]any{"birth_date": "1990-02-31"}, "birth_date"},
			"a birth date to come":      {desk, "PATCH", "/people/%s", person, map[string]any{"birth_date": "2090-01-01"}, "birth_date"},
			"a name of 101 signs":       {desk, "PATCH", "/people/%s", person, map[string]any{"given_name": strings.Repeat("é", 101)}, "given_name"},
			"a phone of unknown safety": {desk, "PATCH", "/people/%s", person, map[string]any{"phones": []any{map[string]any{"number": "0661112233"}}}, "phones[0].safe"},
			"an unusable phone":         {desk, "PATCH", "/people/%s", person, map[string]any{"phones": []any{map[string]any{"number": "1", "safe": true}}}, "phones[0].number"},
			"a need that is none":       {desk, "PATCH", "/referrals/%s", draft, map[string]any{"need": "x"}, "need"},
			"a reason taken away":       {desk, "PATCH", "/referrals/%s", draft, map[string]any{"reason": nil}, "reason"},
			"a number among the rest":   {desk, "PATCH", "/referrals/%s", draft, map[string]any{"receiver_number": "R", "need": "housing"}, "receiver_number"},
			"an appointment that was":   {desk, "POST", "/referrals/%s/schedule", draft, map[string]any{"starts_at_local": past.Format("2006-01-02T15:04")}, "starts_at_local"},
			"an estimate that was":      {desk, "POST", "/referrals/%s/waitlist", draft, map[string]any{"estimate": past.Format(time.DateOnly)}, "estimate"},
			"needs that are none":       {desk, "POST", "/referrals/%s/report", draft, map[string]any{"text": "words", "needs": []string{"x"}}, "needs[0]"},
			"an assignment to whom":     {desk, "POST", "/referrals/%s/assign", draft, map[string]any{}, "user_id"},
			"words that nobody sees":    {desk, "POST", "/referrals/%s/ask", draft, map[string]any{"text": "\u200b\u2066"}, "text"},
			"a service of no need":      {admin, "PATCH", "/services/%s", "", map[string]any{"needs": []string{"x"}}, "needs"},
			"a unit of no kind":         {admin, "PATCH", "/units/%s", "", map[string]any{"kind": "x"}, "kind"},
			"an account of no role":     {admin, "PATCH", "/users/%s", "", map[string]any{"memberships": []any{map[string]any{"role": "x"}}}, "memberships[0].role"},
			"settings of no language":   {admin, "PATCH", "/tenant", "", map[string]any{"languages": []string{"xx"}}, "languages"},
		} {
			c.body["version"] = 99
			for _, id := range []string{never, c.real} {
				if id == "" {
					continue
				}
				path := c.path
				if strings.Contains(path, "%s") {
					path = fmt.Sprintf(path, id)
				}
				a := c.as.api(c.method, path, c.body)
				if a.Status != 422 || !strings.Contains(string(a.Raw), `"field":"`+c.field+`"`) {
					t.Errorf("%s, of %s: %d %s", what, id, a.Status, shorten(a.Raw))
				}
			}
		}
		// What cannot be read and what cannot be are named together.
		a := desk.post("/people", map[string]any{"given_name": 5, "family_name": "B", "sex": "x", "birth_date": "2090-01-01", "foo": 1}).code(422, "invalid")
		for _, field := range []string{"given_name", "sex", "birth_date", "foo"} {
			if !strings.Contains(string(a.Raw), `"field":"`+field+`"`) {
				t.Errorf("%s is not named: %s", field, a.Raw)
			}
		}
	})
}

// TestWhatTheContractAsksFor: a field without a question mark is asked for.
func TestWhatTheContractAsksFor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, intake, admin := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("admin@hospital.demo")
		service := desk.service("hospital", "psychiatric")
		whole := map[string]any{"name": map[string]any{"ar": "س", "fr": "S", "en": "S"}, "needs": []string{"psychiatric"}, "eligibility": map[string]any{}, "triage": []any{}, "hours": []any{}, "discreet": false}
		made := admin.post("/services", whole).want(201)
		if list, ok := made.at("outcomes").([]any); !ok || len(list) < 20 {
			t.Errorf("a service that names no outcomes may use all: %s", made.Raw)
		}
		places := map[string]any{"status": "capacity", "available": 3, "maximum": 5}
		consent := map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "guardian", "given_by": map[string]any{"name": "A", "quality": "mother"}, "expires_at": testNow().AddDate(0, 1, 0).Format(time.RFC3339)}
		person := desk.person(nil)
		desk.post("/people/"+person+"/consents", consent).want(201)
		intake.api("PUT", "/services/"+service+"/capacity", places).want(200)
		for _, c := range []struct {
			as           user
			method, path string
			whole        map[string]any
		}{{admin, "POST", "/services", whole}, {intake, "PUT", "/services/" + service + "/capacity", places}, {desk, "POST", "/people/" + person + "/consents", consent}} {
			for left := range c.whole {
				body := map[string]any{}
				for k, v := range c.whole {
					if k != left {
						body[k] = v
					}
				}
				if a := c.as.api(c.method, c.path, body); a.Status != 422 || !strings.Contains(string(a.Raw), `"field":"`+left) {
					t.Errorf("%s without %s: %d %s", c.path, left, a.Status, shorten(a.Raw))
				}
			}
		}
		for what, change := range map[string]map[string]any{
			"a blank witness":        {"mode": "thumbprint", "witness": "  "},
			"a blank representative": {"given_by": map[string]any{"name": " \u200b", "quality": "mother"}},
		} {
			body := map[string]any{}
			for k, v := range consent {
				body[k] = v
			}
			for k, v := range change {
				body[k] = v
			}
			if a := desk.post("/people/"+person+"/consents", body); a.Status != 422 {
				t.Errorf("%s: %d", what, a.Status)
			}
		}
		desk.post("/people", map[string]any{"given_name": "\u3164", "family_name": "\U000e0100", "sex": "male"}).code(422, "invalid")
		desk.post("/referrals", map[string]any{"person_id": person, "need": "*", "service_id": service, "priority": "routine", "reason": "words"}).code(422, "invalid")
		// Words for another legal basis are asked for when a draft changes it, and kept.
		draft := desk.refer(person, map[string]any{"send": false}).want(201).text("id")
		desk.api("PATCH", "/referrals/"+draft, map[string]any{"version": 1, "basis": "legal_obligation"}).code(422, "invalid")
		desk.api("PATCH", "/referrals/"+draft, map[string]any{"version": 1, "basis": "legal_obligation", "basis_note": "Art. 12"}).want(200)
		desk.api("PATCH", "/referrals/"+draft, map[string]any{"version": 2, "basis_note": "Art. 13"}).want(200)
	})
}

// TestReplaysOfWhatHasNoNumber: settings and searches are found again too.
func TestReplaysOfWhatHasNoNumber(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@coordination.demo")
		version := admin.get("/tenant").want(200).at("version")
		person := desk.person(map[string]any{"family_name": "Zoghlami"})
		for _, c := range []struct {
			as           user
			method, path string
			body         map[string]any
		}{
			{desk, "PUT", "/preferences", map[string]any{"language": "fr", "single_keys": true, "mail_notices": true}},
			{admin, "PATCH", "/tenant", map[string]any{"version": version, "authorisation": "D-12"}},
			{desk, "POST", "/people/search", map[string]any{"q": "Zoghlami"}},
		} {
			key := map[string]string{"Idempotency-Key": strings.Repeat("م", 100)} // signs, not bytes
			path := "/t/coordination/api/v1" + c.path
			first := w.call(c.method, path, c.as.token, c.body, key).want(200)
			again := w.call(c.method, path, c.as.token, c.body, key).want(200)
			if string(first.Raw) != string(again.Raw) || again.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s: first %s, then %s", c.path, first.Raw, again.Raw)
			}
			w.call(c.method, path, c.as.token, c.body, map[string]string{"Idempotency-Key": strings.Repeat("م", 129)}).code(400, "unreadable")
		}
		if a := desk.post("/people/search", map[string]any{"q": "Zoghlami"}).want(200); a.text("items.0.id") != person {
			t.Errorf("%s", a.Raw)
		}
	})
}

// TestMethodsNobodyKnows are refused as every other that a path does not have.
func TestMethodsNobodyKnows(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		for _, method := range []string{"PURGE", "PROPFIND", "TRACE"} {
			w.call(method, "/t/coordination/api/v1/me", "", nil, nil).code(401, "unauthenticated")
			w.call(method, "/t/coordination/api/v1/me", desk.token, nil, nil).code(405, "method_not_allowed")
			w.call(method, "/t/coordination/api/v1/no/such", desk.token, nil, nil).code(404, "not_found")
		}
	})
}

// TestCommandsOfTheTable: lines of the contract's table that no story tells.
func TestCommandsOfTheTable(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, intake, doctor := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("doctor@hospital.demo")
		id := desk.sent(nil)
		a := intake.do(id, "accept", map[string]any{"user_id": doctor.get("/me").text("user.id")}).want(200)
		if a.text("open_slices") != `["card"]` || a.at("identity") != nil {
			t.Errorf("the answer to accept holds the card only: %s", a.Raw)
		}
		if a := doctor.get("/referrals/" + id).want(200); !strings.Contains(a.text("open_slices"), "identity") || a.at("identity") == nil {
			t.Errorf("the next reading opens the rest: %s", a.Raw)
		}
		desk.do(id, "recall", map[string]any{"reason": "need_met"}).want(200)
		doctor.do(id, "refuse-recall", map[string]any{"note": "words"}).want(200)
		doctor.do(id, "report", map[string]any{"text": "words", "needs": []string{"housing", "legal"}}).want(200)
		events := desk.get("/referrals/" + id + "/events").want(200).at("items").([]any)
		if last := events[len(events)-1].(map[string]any); last["event"] != "reported" || last["reason"] != "housing,legal" {
			t.Errorf("what else the person needs is not told: %v", last)
		}
		page := w.call("GET", "/t/coordination/referrals/"+id, desk.token, nil, map[string]string{"Accept-Language": "fr"}).want(200)
		if words := w.catalog.T("fr", "need.legal", nil); !strings.Contains(string(page.Raw), words) {
			t.Errorf("the page does not say %s", words)
		}
		doctor.do(id, "assign", map[string]any{"user_id": nil}).want(200)
		doctor.get("/referrals/"+id).code(404, "not_found")
		// Either side finds it by either number.
		intake.api("PATCH", "/referrals/"+id, map[string]any{"version": intake.version(id), "receiver_number": "ZQ-88"}).want(200)
		for _, u := range []user{desk, intake} {
			for _, number := range []string{"ZQ-88", desk.get("/referrals/" + id).text("number")} {
				if a := u.get("/referrals?q=" + number).want(200); a.text("items.0.id") != id {
					t.Errorf("%s does not find %s: %s", u.email, number, a.Raw)
				}
			}
		}
		// Nobody refers to oneself: a draft is taken, sending is not permitted.
		own := ""
		for _, x := range desk.get("/services?all=1&limit=200").want(200).at("items").([]any) {
			if m := x.(map[string]any); m["tenant"] == "coordination" && m["why_not"] == "no_agreement" {
				own = m["id"].(string)
			}
		}
		person := desk.person(nil)
		draft := desk.refer(person, map[string]any{"service_id": own, "need": "information", "send": false}).want(201).text("id")
		for _, extra := range []map[string]any{{}, {"exception_reason": "words"}} {
			if a := desk.do(draft, "send", extra).code(409, "not_permitted"); a.text("reason") != "no_agreement" {
				t.Errorf("%s", a.Raw)
			}
		}
	})
}
