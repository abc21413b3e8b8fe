package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestBadInput gives each kind of bad input to real routes: the contract's error in
// the reader's language, nothing changed, nothing lost, never a 500.
func TestBadInput(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		person := desk.person(nil)
		desk.consent(person, "hospital")
		service := desk.service("hospital", "psychiatric")
		id := desk.sent(nil)
		before := w.snapshot()
		ok := func(change map[string]any) map[string]any {
			m := map[string]any{"person_id": person, "need": "psychiatric", "service_id": service, "priority": "routine", "reason": "words", "send": true}
			for k, v := range change {
				m[k] = v
			}
			return m
		}
		const never = "01890000-0000-7000-8000-000000000000"
		name := map[string]any{"given_name": "A", "family_name": "B", "sex": "male"}
		with := func(k string, v any) map[string]any {
			m := map[string]any{}
			for a, b := range name {
				m[a] = b
			}
			m[k] = v
			return m
		}
		for what, c := range map[string]struct {
			method, path string
			body         any
			status       int
			code, field  string
		}{
			"malformed JSON":            {"POST", "/people", `{"given_name":`, 400, "unreadable", ""},
			"no object":                 {"POST", "/people", `[1]`, 400, "unreadable", ""},
			"invalid UTF-8":             {"POST", "/people", "{\"given_name\":\"\xff\"}", 400, "unreadable", ""},
			"a wrong type":              {"POST", "/people", with("sex", 7), 422, "invalid", "sex"},
			"a wrong type inside":       {"POST", "/people", with("phones", []any{map[string]any{"number": 5}}), 422, "invalid", "phones[0].number"},
			"an unknown field":          {"POST", "/people", with("nickname", "x"), 422, "invalid", "nickname"},
			"an unknown field inside":   {"POST", "/people", with("phones", []any{map[string]any{"number": "0661112233", "x": 1}}), 422, "invalid", "phones[0].x"},
			"a later part's field":      {"POST", "/referrals", ok(map[string]any{"case_id": "01890000-0000-7000-8000-000000000001"}), 422, "invalid", "case_id"},
			"a control sign":            {"POST", "/people", with("given_name", "a\u0007b"), 422, "invalid", "given_name"},
			"a NUL":                     {"POST", "/people", with("address", "a\u0000b"), 422, "invalid", "address"},
			"a name of 101 signs":       {"POST", "/people", with("given_name", strings.Repeat("a", 101)), 422, "invalid", "given_name"},
			"an impossible date":        {"POST", "/people", with("birth_date", "2001-02-30"), 422, "invalid", "birth_date"},
			"a future date":             {"POST", "/people", with("birth_date", "2199-01-01"), 422, "invalid", "birth_date"},
			"an unknown commune":        {"POST", "/people", with("commune", "99.99"), 422, "invalid", "commune"},
			"an unusable phone":         {"POST", "/people", with("phones", []any{map[string]any{"number": "12"}}), 422, "invalid", "phones[0].number"},
			"nobody's name":             {"POST", "/people", map[string]any{"sex": "male"}, 422, "invalid", "given_name"},
			"a reason of 4,001 signs":   {"POST", "/referrals", ok(map[string]any{"reason": strings.Repeat("ا", 4001)}), 422, "invalid", "reason"},
			"an empty reason":           {"POST", "/referrals", ok(map[string]any{"reason": "  "}), 422, "invalid", "reason"},
			"an unknown need":           {"POST", "/referrals", ok(map[string]any{"need": "need.psychiatric"}), 422, "invalid", "need"},
			"an unknown slice":          {"POST", "/referrals", ok(map[string]any{"slices": []string{"all"}}), 422, "invalid", "slices"},
			"an unknown priority":       {"POST", "/referrals", ok(map[string]any{"priority": "now"}), 422, "invalid", "priority"},
			"an unknown triage answer":  {"POST", "/referrals", ok(map[string]any{"triage": map[string]string{"followed": "perhaps"}}), 422, "invalid", "triage.followed"},
			"an id that is none":        {"POST", "/referrals", ok(map[string]any{"person_id": "7"}), 422, "invalid", "person_id"},
			"a foreign person":          {"POST", "/referrals", ok(map[string]any{"person_id": never}), 404, "not_found", ""},
			"a service that is none":    {"POST", "/referrals", ok(map[string]any{"service_id": never}), 404, "not_found", ""},
			"a consent of nobody":       {"POST", "/referrals", ok(map[string]any{"consent_id": never}), 404, "not_found", ""},
			"an address that is no id":  {"GET", "/referrals/7", nil, 404, "not_found", ""},
			"a stale version":           {"POST", "/referrals/" + id + "/recall", map[string]any{"version": 99, "reason": "need_met"}, 409, "version_conflict", ""},
			"an illegal transition":     {"POST", "/referrals/" + id + "/confirm", map[string]any{"version": 2}, 409, "illegal_transition", ""},
			"a command of the others":   {"POST", "/referrals/" + id + "/accept", map[string]any{"version": 2}, 403, "forbidden", ""},
			"a command without version": {"POST", "/referrals/" + id + "/recall", map[string]any{"reason": "need_met"}, 422, "invalid", "version"},
			"an unknown reason":         {"POST", "/referrals/" + id + "/recall", map[string]any{"version": 2, "reason": "recall.need_met"}, 422, "invalid", "reason"},
			"an unknown command":        {"POST", "/referrals/" + id + "/explode", map[string]any{}, 404, "not_found", ""},
			"a wrong method":            {"DELETE", "/referrals/" + id, nil, 405, "method_not_allowed", ""},
			"a later part's call":       {"GET", "/cases/" + never, nil, 404, "not_found", ""},
			"a role that never writes":  {"POST", "/agreements", map[string]any{}, 403, "forbidden", ""},
			"nor changes":               {"PATCH", "/agreements/" + never, map[string]any{}, 403, "forbidden", ""},
			"a limit of 201":            {"GET", "/referrals?limit=201", nil, 400, "unreadable", ""},
			"a limit that is none":      {"GET", "/referrals?limit=x", nil, 400, "unreadable", ""},
			"an unknown state":          {"GET", "/referrals?state=ref.status.sent", nil, 400, "unreadable", ""},
			"an unknown box":            {"GET", "/referrals?box=all", nil, 400, "unreadable", ""},
			"a cursor that is none":     {"GET", "/referrals?after=zzz", nil, 400, "unreadable", ""},
			"a limit in a body":         {"POST", "/people/search", map[string]any{"q": "a", "limit": 500}, 422, "invalid", "limit"},
			"a forgotten witness":       {"POST", "/people/" + person + "/consents", map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "thumbprint", "expires_at": "2030-01-01T00:00:00Z"}, 422, "invalid", "witness"},
			"a consent that has ended":  {"POST", "/people/" + person + "/consents", map[string]any{"purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "written", "expires_at": "2020-01-01T00:00:00Z"}, 422, "invalid", "expires_at"},
			"a body of 2 MB":            {"POST", "/people", `{"given_name":"` + strings.Repeat("a", 2<<20) + `"}`, 413, "too_large", ""},
		} {
			for _, lang := range []string{"ar", "fr", "en"} {
				a := w.call(c.method, "/t/coordination/api/v1"+c.path, desk.token, c.body, map[string]string{"Accept-Language": lang})
				if a.Status != c.status || a.text("code") != c.code {
					t.Errorf("%s: %d %s, want %d %s: %s", what, a.Status, a.text("code"), c.status, c.code, shorten(a.Raw))
					break
				}
				if c.field != "" && !strings.Contains(string(a.Raw), `"field":"`+c.field+`"`) {
					t.Errorf("%s: the field %s is not named: %s", what, c.field, shorten(a.Raw))
				}
				detail := a.text("detail")
				if detail == "" || strings.HasPrefix(detail, "fault.") || strings.Contains(detail, "{{") {
					t.Errorf("%s (%s): no sentence: %q", what, lang, detail)
				}
			}
		}
		if a := w.call("POST", "/t/coordination/api/v1/people", desk.token, "a=b", map[string]string{"Content-Type": "text/plain"}); a.Status != 415 {
			t.Errorf("another media type: %d", a.Status)
		}
		if after := w.snapshot(); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("bad input changed something: %v → %v", before, after)
		}
	})
}

// TestRefusalsComeInOrder is the contract's order for one address.
func TestRefusalsComeInOrder(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.call("GET", "/t/nowhere/api/v1/me", "", nil, nil).code(404, "not_found")
		w.call("GET", "/t/hospital/api/v1/me", "", nil, nil).code(401, "unauthenticated")
		w.call("GET", "/t/hospital/api/v1/no/such/path", "", nil, nil).code(401, "unauthenticated")
		desk := w.as("worker@coordination.demo")
		w.call("GET", "/t/hospital/api/v1/me", desk.token, nil, nil).code(401, "unauthenticated")
		w.call("GET", "/t/coordination/api/v1/no/such/path", desk.token, nil, nil).code(404, "not_found")
		auditor := w.as("auditor@hospital.demo")
		w.call("POST", "/t/hospital/api/v1/people", auditor.token, "{", nil).code(403, "forbidden")
		w.call("GET", "/t/hospital/api/v1/people/7", auditor.token, nil, nil).code(403, "forbidden")
		fresh := w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "doctor@hospital.demo", "password": w.password}, nil).want(201)
		w.call("DELETE", "/t/hospital/api/v1/session", fresh.text("token"), nil, nil).want(204)
		w.call("GET", "/t/hospital/api/v1/me", fresh.text("token"), nil, nil).code(401, "unauthenticated")
		w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "doctor@hospital.demo", "password": "wrong"}, nil).code(401, "invalid_credentials")
		for range 10 {
			w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "nobody@hospital.demo", "password": "wrong"}, nil).want(401, 429)
		}
		a := w.call("POST", "/t/hospital/api/v1/session", "", map[string]any{"email": "nobody@hospital.demo", "password": "wrong"}, nil).want(429)
		if a.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		w.as("head@hospital.demo") // others still sign in
	})
}

// TestPagesRefuseForms: a wrong CSRF token, an ended session, a foreign portal.
func TestPagesRefuseForms(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_session=" + desk.token}
		if a := w.call("POST", "/t/coordination/sign-out", "", "_csrf=wrong", form); a.Status != http.StatusForbidden {
			t.Errorf("a wrong CSRF token: %d", a.Status)
		}
		if a := w.call("POST", "/t/hospital/sign-out", "", "_csrf="+csrfFor(desk.token), form); a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Header.Get("Location"), "/t/hospital/sign-in") {
			t.Errorf("a session of another tenant: %d %s", a.Status, a.Header.Get("Location"))
		}
		page := w.call("GET", "/t/coordination/sign-in", "", nil, map[string]string{"Accept-Language": "fr"}).want(200)
		if !bytes.Contains(page.Raw, []byte(`<html lang="fr" dir="ltr"`)) || !bytes.Contains(page.Raw, []byte(`name="_csrf"`)) {
			t.Error("the sign-in page is not in the reader's language, or without its token")
		}
		if a := w.call("GET", "/t/coordination/no-such-page", "", nil, nil); a.Status != 404 || !bytes.Contains(a.Raw, []byte("<html")) {
			t.Errorf("an unknown page: %d", a.Status)
		}
	})
}

// TestIdempotency: one key, one act.
func TestIdempotency(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		body := map[string]any{"given_name": "Idem", "family_name": "Potent", "sex": "male", "birth_date": "1980-01-01"}
		key := map[string]string{"Idempotency-Key": "k-1"}
		first := w.call("POST", "/t/coordination/api/v1/people", desk.token, body, key).want(201)
		again := w.call("POST", "/t/coordination/api/v1/people", desk.token, body, key).want(201)
		if again.text("id") != first.text("id") || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the replay made another: %s %s", again.Raw, again.Header)
		}
		body["sex"] = "female"
		w.call("POST", "/t/coordination/api/v1/people", desk.token, body, key).code(409, "idempotency_mismatch")
		w.call("POST", "/t/coordination/api/v1/people", desk.token, body, map[string]string{"Idempotency-Key": strings.Repeat("k", 129)}).want(400)
		if a := w.call("POST", "/t/coordination/api/v1/people", w.as("worker2@coordination.demo").token, body, key); a.Status == 201 && a.Header.Get("Idempotency-Replayed") != "" {
			t.Error("a key is not its user's alone")
		}
		// Only successful calls are kept.
		bad := map[string]string{"Idempotency-Key": "k-2"}
		w.call("POST", "/t/coordination/api/v1/people", desk.token, map[string]any{"sex": "male"}, bad).want(422)
		w.call("POST", "/t/coordination/api/v1/people", desk.token, map[string]any{"given_name": "Autre", "family_name": "Personne", "sex": "male", "birth_date": "1970-01-01"}, bad).want(201)
		// Many at once: one act.
		p := desk.person(nil)
		desk.consent(p, "hospital")
		send := map[string]any{"person_id": p, "need": "psychiatric", "service_id": desk.service("hospital", "psychiatric"), "priority": "routine", "reason": "words", "send": true}
		var wg sync.WaitGroup
		got := make([]answer, 10)
		for i := range got {
			wg.Go(func() {
				got[i], _ = w.try("POST", "/t/coordination/api/v1/referrals", desk.token, send, map[string]string{"Idempotency-Key": "k-3"})
			})
		}
		wg.Wait()
		ids := map[string]bool{}
		for _, a := range got {
			switch {
			case a.Status == 201:
				ids[a.text("id")] = true
			case a.Status == 409 && a.text("code") == "in_progress":
			default:
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		}
		if len(ids) != 1 {
			t.Errorf("%d referrals", len(ids))
		}
		// A document, whose body is known only once it has been read.
		id := desk.sent(nil)
		one := desk.uploadKeyed(id, "d-1", []byte("%PDF-1.4 a")).want(201)
		two := desk.uploadKeyed(id, "d-1", []byte("%PDF-1.4 a")).want(201)
		if one.text("id") != two.text("id") || w.objects() != 1 {
			t.Errorf("the same upload twice: %s, %s, %d objects", one.text("id"), two.text("id"), w.objects())
		}
		desk.uploadKeyed(id, "d-1", []byte("%PDF-1.4 b")).code(409, "idempotency_mismatch")
	})
}

// TestWithdrawal closes what the consent had opened, at once and for ever.
func TestWithdrawal(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		p := desk.person(nil)
		c := desk.consent(p, "hospital")
		id := desk.refer(p, nil).want(201).text("id")
		doc := desk.upload(id, "medical", "health", "x.pdf", []byte("%PDF-1.4")).want(201).text("id")
		hospital.do(id, "accept", map[string]any{"receiver_number": "R-77"}).want(200)
		hospital.get("/referrals/" + id).want(200)
		hospital.get("/documents/" + doc).want(200)
		desk.refer(p, nil).code(409, "already_open")
		w.as("intake@chamber.demo").post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{}).code(404, "not_found")
		desk.post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{"continue": true}).want(200)
		again := desk.post("/people/"+p+"/consents/"+c+"/withdraw", map[string]any{}).want(200)
		if again.text("state") != "withdrawn" || again.text("version") != "2" {
			t.Errorf("withdrawn twice: %s", again.Raw)
		}
		seen := hospital.get("/referrals/" + id).want(200)
		if seen.text("state") != "recalled" || seen.text("reason_code") != "consent_withdrawn" || seen.at("identity") != nil || seen.at("social") != nil || seen.at("documents") != nil || seen.text("receiver_number") != "R-77" {
			t.Errorf("after the withdrawal the receiver sees %s", seen.Raw)
		}
		if seen.text("continue") != "true" {
			t.Error("the partner is not told that the person wants the service to go on")
		}
		page := w.call("GET", "/t/hospital/referrals/"+id, hospital.token, nil, map[string]string{"Accept-Language": "fr"}).want(200)
		if !strings.Contains(string(page.Raw), "souhaite que le service continue") {
			t.Error("the page does not say that the service goes on")
		}
		hospital.get("/documents/"+doc+"/content").code(403, "not_open")
		if a := hospital.get("/referrals?box=in&limit=200"); strings.Contains(string(a.Raw), "given_name") && strings.Contains(listed(a, id), "identity") {
			t.Error("the list still holds the identity")
		}
		again = desk.refer(p, nil).want(201)
		if again.text("state") != "awaiting_consent" {
			t.Errorf("without consent: %s", again.text("state"))
		}
		w.settled()
		for _, u := range []user{desk, hospital} {
			found := false
			for _, n := range u.get("/notifications?limit=200").want(200).at("items").([]any) {
				m := n.(map[string]any)
				found = found || m["event"] == "referral.recalled" && m["subject"].(map[string]any)["id"] == id
			}
			if !found && u.email != desk.email { // never to the user who acted
				t.Errorf("%s was not told", u.email)
			}
		}
	})
}

func listed(a answer, id string) string {
	for _, x := range a.at("items").([]any) {
		if m := x.(map[string]any); m["id"] == id {
			return fmt.Sprint(m)
		}
	}
	return ""
}

// TestOwnHost runs the main job under a tenant's own host name, without prefix.
func TestOwnHost(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.host("hospital", "hopital.example")
		id := w.as("worker@coordination.demo").sent(nil)
		h := map[string]string{"Host": "hopital.example"}
		in := w.call("POST", "/api/v1/session", "", map[string]any{"email": "intake@hospital.demo", "password": w.password}, h).want(201)
		w.call("GET", "/api/v1/referrals/"+id, in.text("token"), nil, h).want(200)
		page := w.call("GET", "/sign-in", "", nil, h).want(200)
		if !bytes.Contains(page.Raw, []byte(`action="/sign-in"`)) || strings.Contains(page.Header.Get("Set-Cookie"), "/t/") {
			t.Errorf("the page under its own host: %s", page.Header.Get("Set-Cookie"))
		}
		if a := w.call("GET", "/referrals", "", nil, h); a.Status != 303 || a.Header.Get("Location") != "/sign-in?next=%2Freferrals" {
			t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
		}
	})
}

// TestTheAddressInAMail names no portal to a stranger and leads staff on.
func TestTheAddressInAMail(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.as("worker@coordination.demo").sent(nil)
		w.settled()
		hospital := w.as("intake@hospital.demo")
		var address string
		for _, m := range w.mails() {
			if bytes.Contains(m, []byte("intake@hospital.demo")) {
				_, after, _ := strings.Cut(string(decoded(m)), w.url)
				address = strings.TrimSpace(after)
			}
		}
		if !strings.HasPrefix(address, "/n/") {
			t.Fatalf("the mail leads to %q", address)
		}
		page := w.call("GET", address, "", nil, nil).want(200)
		if bytes.Contains(page.Raw, []byte("hospital")) || bytes.Contains(page.Raw, []byte("النفسية")) || page.Header.Get("Location") != "" {
			t.Error("the address names the portal to a stranger")
		}
		w.call("GET", "/n/aaaaaaaaaaaaaaaa", "", nil, nil).want(200) // no oracle
		here := w.call("GET", address, "", nil, map[string]string{"Cookie": "shubbak_mail=" + hospital.token}).want(303)
		if !strings.HasPrefix(here.Header.Get("Location"), "/t/hospital/notifications/open/") {
			t.Errorf("a signed-in reader is led to %s", here.Header.Get("Location"))
		}
		nonce := strings.Split(strings.Split(page.Header.Get("Set-Cookie"), "shubbak_nonce=")[1], ";")[0]
		_, after, _ := strings.Cut(string(page.Raw), `name="_csrf" value="`)
		csrf, _, _ := strings.Cut(after, `"`)
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_nonce=" + nonce}
		w.call("POST", address, "", "_csrf="+csrf+"&email=intake%40hospital.demo&password=wrong", form).want(401)
		w.call("POST", "/n/aaaaaaaaaaaaaaaa", "", "_csrf="+csrf+"&email=intake%40hospital.demo&password="+w.password, form).want(401)
		in := w.call("POST", address, "", "_csrf="+csrf+"&email=intake%40hospital.demo&password="+w.password, form).want(303)
		cookies := strings.Join(in.Header.Values("Set-Cookie"), "\n")
		if !strings.Contains(cookies, "path=/t/hospital/") || !strings.Contains(cookies, "path=/n/") {
			t.Errorf("cookies after signing in: %d", len(in.Header.Values("Set-Cookie")))
		}
		if !strings.HasPrefix(in.Header.Get("Location"), "/t/hospital/notifications/open/") {
			t.Errorf("after signing in: %s", in.Header.Get("Location"))
		}
	})
}
