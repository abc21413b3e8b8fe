package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// faults are the faults of a refused body, as field:code.
func (a answer) faults() (out []string) {
	list, _ := a.at("errors").([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		out = append(out, fmt.Sprint(m["field"], ":", m["code"]))
	}
	return out
}

// refuses fails unless an answer is 422 and names a field with a code.
func (a answer) refuses(t *testing.T, what, fault string) {
	t.Helper()
	if a.Status != 422 || a.text("code") != "invalid" || !slices.Contains(a.faults(), fault) {
		t.Errorf("%s: %d %v, want %s: %s", what, a.Status, a.faults(), fault, shorten(a.Raw))
	}
}

// without is a body that leaves a field out.
func without(body map[string]any, left string) map[string]any {
	out := map[string]any{}
	for k, v := range body {
		if k != left {
			out[k] = v
		}
	}
	return out
}

// TestWhoSeesAnAgreementReadsItsParts: every part, its versions too, of one that is
// signed; nothing of one that is only written.
func TestWhoSeesAnAgreementReadsItsParts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		draft := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		signed := w.toSign()
		desk.api("PATCH", "/agreements/"+signed, map[string]any{"version": 1, "notice_days": 30}).want(200)
		for _, u := range []user{w.as("director@hospital.demo"), w.as("director@coordination.demo")} {
			u.agree(signed, "sign", u.codeFor(signed)).want(200)
		}
		if state := desk.get("/agreements/" + signed).text("state"); state != "in_force" {
			t.Fatalf("it is %s", state)
		}
		for _, email := range []string{"worker@coordination.demo", "head@coordination.demo", "reception@coordination.demo", "intake@hospital.demo", "doctor@hospital.demo", "admin@hospital.demo"} {
			u := w.as(email)
			u.get("/agreements/" + signed).want(200)
			for _, part := range []string{"articles", "scopes", "sharing", "quotas", "obligations", "meetings", "versions"} {
				if a := u.get("/agreements/" + signed + "/" + part); a.Status != 200 {
					t.Errorf("%s reads the %s: %d", email, part, a.Status)
				}
			}
			list := u.get("/agreements/" + signed + "/versions")
			if list.text("items.0.version") != "2" || list.text("items.1.version") != "1" {
				t.Errorf("%s: versions %s", email, shorten(list.Raw))
			}
			if a := u.get("/agreements/" + signed + "/versions/1"); a.Status != 200 || a.text("text.notice_days") != "60" {
				t.Errorf("%s: version 1: %d", email, a.Status)
			}
			if a := u.get("/agreements/" + signed + "/difference?from=1&to=2"); a.text("items.0.what") != "notice_days" {
				t.Errorf("%s: the difference: %s", email, shorten(a.Raw))
			}
			difference := "/agreements/" + signed + "/difference?from=1&amp;to=2"
			if !strings.Contains(u.html("/agreements/"+signed+"?tab=versions"), difference) {
				t.Errorf("%s: no page leads to the difference", email)
			}
			if a := u.page("/agreements/" + signed + "/difference?from=1&to=2"); a.Status != 200 {
				t.Errorf("%s: the page of the difference: %d", email, a.Status)
			}
			u.get("/agreements/"+draft+"/versions").code(404, "not_found")
			u.get("/agreements/"+draft+"/versions/1").code(404, "not_found")
		}
		w.as("worker@coordination.demo").get("/agreements/"+signed+"/comments").code(403, "forbidden")
		w.as("intake@chamber.demo").get("/agreements/"+signed+"/versions").code(404, "not_found")
	})
}

// TestOpenAgreements: `open` in a list is every state in which something still happens.
func TestOpenAgreements(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		draft := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		gone := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		desk.agree(gone, "abandon", map[string]any{"reason": "x"}).want(200)
		signing, standing := w.toSign(), desk.get("/agreements?state=in_force").want(200).text("items.0.id")
		desk.agree(standing, "suspend", map[string]any{"reason": "x"}).want(200)
		in := func(u user, query string) (out []string) {
			for path := "/agreements?" + query; path != ""; {
				a := u.get(path).want(200)
				for _, x := range a.at("items").([]any) {
					out = append(out, x.(map[string]any)["id"].(string))
				}
				path = ""
				if next := a.text("next"); next != "" {
					path = "/agreements?" + query + "&after=" + url.QueryEscape(next)
				}
			}
			return out
		}
		open := in(desk, "state=open&limit=2")
		for what, id := range map[string]string{"a draft": draft, "one being signed": signing, "a suspended one": standing} {
			if !slices.Contains(open, id) {
				t.Errorf("%s is not open", what)
			}
		}
		if slices.Contains(open, gone) || !slices.Contains(in(desk, "state=draft,abandoned&limit=2"), gone) {
			t.Error("an abandoned one is open")
		}
		if got := in(w.as("worker@coordination.demo"), "state=open"); slices.Contains(got, draft) || !slices.Contains(got, standing) {
			t.Errorf("a worker reads %v", got)
		}
		desk.get("/agreements?state=open,draft").code(400, "unreadable")
		desk.get("/agreements?state=shut").code(400, "unreadable")
	})
}

// TestWhatAnAgreementAndATaskAskFor: a field without a question mark is asked for, and
// can't be taken away.
func TestWhatAnAgreementAndATaskAskFor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const never = "01890000-0000-7000-8000-000000000000"
		desk, worker := w.as("coordinator@coordination.demo"), w.as("worker@coordination.demo")
		me, _ := w.as("admin@coordination.demo").userID("worker@coordination.demo")
		task := map[string]any{"subject": "person:" + worker.person(nil), "title": "x", "assignee": me, "due_on": w.dayFrom(3)}
		for left := range task {
			worker.post("/tasks", without(task, left)).refuses(t, "a task without "+left, left+":required")
		}
		worker.post("/tasks", task).want(201)
		if a := worker.form("/tasks/new", url.Values{"title": {"Ranger"}, "due_on": {"1"}, "due_on_month": {"2"}, "due_on_year": {"2031"}}); a.Status != 303 {
			t.Errorf("a page makes a task for oneself: %d", a.Status)
		}

		for left := range w.draft(nil) {
			desk.post("/agreements", without(w.draft(nil), left)).refuses(t, "an agreement without "+left, left+":required")
		}
		for what, c := range map[string]struct {
			change map[string]any
			fault  string
		}{
			"a title too long":   {map[string]any{"title": map[string]any{"ar": "اتفاقية", "fr": strings.Repeat("é", 301)}}, "title.fr:too_long"},
			"an object too long": {map[string]any{"object": strings.Repeat("س", 4001)}, "object:too_long"},
			"no French title":    {map[string]any{"title": map[string]any{"ar": "اتفاقية"}}, "title.fr:required"},
			"no Arabic title":    {map[string]any{"title": map[string]any{"fr": "Convention"}}, "title.ar:required"},
			"a title of spaces":  {map[string]any{"title": map[string]any{"ar": " ", "fr": "Convention"}}, "title.ar:required"},
			"an object of none":  {map[string]any{"object": " \u200b"}, "object:required"},
			"no days of notice":  {map[string]any{"notice_days": nil}, "notice_days:required"},
			"less than no days":  {map[string]any{"notice_days": -1}, "notice_days:out_of_range"},
			"an article of none": {map[string]any{"articles": []any{map[string]any{"title": map[string]any{"fr": "Objet"}}, map[string]any{}}}, "articles[1].title:required"},
		} {
			desk.post("/agreements", w.draft(c.change)).refuses(t, what, c.fault)
		}
		if a := desk.post("/agreements", w.draft(map[string]any{"notice_days": 0})).want(201); a.at("notice_days") != 0.0 {
			t.Errorf("no notice at all: %v", a.at("notice_days"))
		}

		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		for _, which := range []string{id, never} { // a body is judged first
			for _, field := range []string{"title", "parties", "object", "effective_on", "ends_on", "renewal", "notice_days"} {
				desk.api("PATCH", "/agreements/"+which, map[string]any{"version": 1, field: nil}).refuses(t, "taking "+field+" away", field+":required")
			}
			desk.api("PATCH", "/agreements/"+which, map[string]any{"version": 1, "title": map[string]any{"fr": "Convention"}}).refuses(t, "taking half a title away", "title.ar:required")
			desk.api("PATCH", "/agreements/"+which, map[string]any{"version": 1, "object": ""}).refuses(t, "emptying the object", "object:required")
		}
		desk.api("PATCH", "/agreements/"+id, map[string]any{"version": 1, "object_fr": nil, "territory": nil, "population": nil, "notice_days": 0}).want(200)
	})
}

// TestPartsAreNamedAsTheirBody: the faults of one part that is added, and of a list that
// is replaced, bear the names of the body.
func TestPartsAreNamedAsTheirBody(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		at, service := "/agreements/"+id, w.as("worker@coordination.demo").service("hospital", "psychiatric")
		scope := map[string]any{"from": "coordination", "to": "hospital", "needs": []string{"psychiatric"}}
		share := map[string]any{"from": "coordination", "to": "hospital", "slice": "identity", "categories": []string{"identity"}}
		quota := map[string]any{"service_id": service, "period": "month", "limit": 5, "hard": true}
		obligation := map[string]any{"party": "hospital", "indicator": "accepted", "target": 90, "period": "year", "mode": "computed"}
		article := map[string]any{"title": map[string]any{"ar": "مادة"}, "body": map[string]any{"fr": "Texte"}}
		whole := map[string]map[string]any{"scopes": scope, "sharing": share, "quotas": quota, "obligations": obligation, "articles": article}
		for part, body := range whole { // one stands there already: what is added is the second
			desk.post(at+"/"+part, body).want(201)
		}
		with := func(body map[string]any, field string, value any) map[string]any {
			out := without(body, "")
			out[field] = value
			return out
		}
		for what, c := range map[string]struct {
			part string
			body map[string]any
			want string
		}{
			"a scope of nobody":      {"scopes", with(scope, "from", "nowhere"), "from:unknown_code"},
			"a scope of no need":     {"scopes", with(scope, "needs", []string{"x"}), "needs[0]:unknown_code"},
			"a scope of ages":        {"scopes", with(scope, "population", map[string]any{"age_min": 130}), "population.age_min:out_of_range"},
			"a scope of no service":  {"scopes", with(scope, "services", []string{id}), "services[0]:unknown_code"},
			"a slice that is none":   {"sharing", with(share, "slice", "x"), "slice:unknown_code"},
			"a share of nobody":      {"sharing", with(share, "to", "nowhere"), "to:unknown_code"},
			"a quota that is there":  {"quotas", quota, "period:twice"},
			"a quota of no service":  {"quotas", with(quota, "service_id", id), "service_id:unknown_code"},
			"a quota that is either": {"quotas", without(quota, "hard"), "hard:required"},
			"a quota of any number":  {"quotas", without(quota, "limit"), "limit:required"},
			"a quota of nothing":     {"quotas", with(quota, "limit", 0), "limit:out_of_range"},
			"a promise of nothing":   {"obligations", with(obligation, "indicator", "x"), "indicator:not_measurable"},
			"a promise of nobody":    {"obligations", with(obligation, "party", "chamber"), "party:unknown_code"},
			"an article of nothing":  {"articles", map[string]any{}, "title:required"},
			"an article of spaces":   {"articles", map[string]any{"title": map[string]any{"ar": " "}, "body": map[string]any{"fr": "\n"}}, "title:required"},
		} {
			desk.post(at+"/"+c.part, c.body).refuses(t, what, c.want)
			items := []any{whole[c.part], c.body}
			desk.api("PUT", at+"/"+c.part, map[string]any{"version": 6, "items": items}).refuses(t, what+", in a list", "items[1]."+c.want)
		}
		for part := range whole {
			desk.api("PUT", at+"/"+part, map[string]any{"items": []any{}}).refuses(t, part+" of no version", "version:required")
			desk.api("PUT", at+"/"+part, map[string]any{"version": 6}).refuses(t, "no "+part, "items:required")
		}
		if got := desk.get(at).text("version"); got != "6" {
			t.Fatalf("a refusal changed something: version %s", got)
		}
		desk.api("PUT", at+"/quotas", map[string]any{"version": 6, "items": []any{quota, with(with(quota, "period", "year"), "hard", false)}}).want(200)
		if got := desk.get(at + "/quotas"); got.at("items.0.hard") != true || got.at("items.1.hard") != false || got.text("items.1.limit") != "5" {
			t.Errorf("the quotas are %s", got.Raw)
		}
		desk.api("PUT", at+"/obligations", map[string]any{"version": 7, "items": []any{}}).want(200)

		// An article keeps a word: neither the API nor a page empties it.
		list := desk.get(at + "/articles").at("items").([]any)
		last := at + "/articles/" + list[len(list)-1].(map[string]any)["id"].(string)
		desk.api("PATCH", last, map[string]any{"version": 8, "title": nil}).want(200)
		desk.api("PATCH", last, map[string]any{"version": 9, "body": nil}).refuses(t, "emptying an article", "title:required")
		for _, page := range []string{last, at + "/articles/new"} {
			if a := desk.form(page, url.Values{"version": {"9"}, "title_ar": {" "}}); a.Status != 422 || !strings.Contains(string(a.Raw), `name="body_fr"`) {
				t.Errorf("%s takes an article of nothing: %d", page, a.Status)
			}
		}
		if a := desk.form(last, url.Values{"version": {"9"}, "remove": {"1"}}); a.Status != 303 {
			t.Errorf("an article goes: %d", a.Status)
		}
	})
}
