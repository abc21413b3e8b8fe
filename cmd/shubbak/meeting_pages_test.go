package main

import (
	"net/url"
	"strings"
	"testing"
)

// boxes are the three boxes of a date.
func boxes(f url.Values, name, day string) url.Values {
	p := strings.Split(day, "-")
	f.Set(name, p[2])
	f.Set(name+"_month", p[1])
	f.Set(name+"_year", p[0])
	return f
}

// A meeting by its pages alone: planned, held, written, closed; what is refused is said
// and what was typed is kept.
func TestAMeetingIsKeptOnItsPages(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		agreement := w.agreementOf(desk, "hospital")
		list := "/agreements/" + agreement + "/meetings"
		bad := desk.form(list+"/new", url.Values{"kind": {"steering"}, "place": {"Salle bleue"}})
		if bad.Status != 422 || !strings.Contains(string(bad.Raw), "Salle bleue") {
			t.Errorf("a plan without a day: %d", bad.Status)
		}
		soon := w.local(1)
		day, clock, _ := strings.Cut(soon, "T")
		f := boxes(url.Values{"kind": {"steering"}, "place": {"Salle bleue"}, "agenda": {"Premier point\n\nSecond point"}, "starts_at_local_hour": {clock[:2]}, "starts_at_local_minute": {clock[3:]}}, "starts_at_local", day)
		made := desk.form(list+"/new", f)
		if made.Status != 303 {
			t.Fatalf("planned: %d", made.Status)
		}
		path := strings.TrimPrefix(made.Header.Get("Location"), "/t/coordination")
		if html := desk.html(path); !strings.Contains(html, "Premier point") || !strings.Contains(html, "Second point") || strings.Contains(html, path+"/act/hold") {
			t.Error("the page before its hour")
		}
		w.clock.Shift(2 * 3600e9)
		w.tokens = map[string]string{}
		desk = w.as("coordinator@coordination.demo")
		act := func(what, version string, f url.Values) answer {
			f.Set("version", version)
			return desk.form(path+"/act/"+what, f)
		}
		for i, step := range []struct {
			what   string
			f      url.Values
			status int
			kept   string // is on the page that says why not
		}{
			{"hold", url.Values{}, 303, ""},
			{"attendee", url.Values{"party": {"hospital"}, "quality": {"Directrice"}, "presence": {"present"}}, 422, "Directrice"},
			{"attendee", url.Values{"party": {"hospital"}, "name": {"Kaoutar Benmoussa"}, "presence": {"present"}}, 303, ""},
			{"decision", boxes(url.Values{"text": {"Une décision sans personne"}}, "due_on", w.dayFrom(4)), 422, "Une décision sans personne"},
			{"decision", boxes(url.Values{"text": {"Une décision"}, "owner": {"party:hospital"}}, "due_on", w.dayFrom(4)), 303, ""},
			{"close", url.Values{}, 422, "Une décision"},
			{"minutes", url.Values{"minutes_fr": {"Déroulement & suite"}}, 303, ""},
			{"close", url.Values{}, 303, ""},
			{"minutes", url.Values{"minutes_fr": {"Autre chose"}}, 409, "Déroulement &amp; suite"},
			{"note", url.Values{"text": {"Une rectification"}}, 303, ""},
		} {
			version := desk.get(path).want(200).text("version")
			a := act(step.what, version, step.f)
			if a.Status != step.status || !strings.Contains(string(a.Raw), step.kept) || strings.Contains(string(a.Raw), "agreements.") {
				t.Errorf("step %d, %s: %d, want %d", i, step.what, a.Status, step.status)
			}
		}
		if html := w.as("admin@hospital.demo").html(path); !strings.Contains(html, "Une rectification") || strings.Contains(html, "/act/") {
			t.Error("the partner's page")
		}
		if a := act("minutes", "1", url.Values{"minutes_fr": {"x"}}); a.Status != 409 {
			t.Errorf("a stale version: %d", a.Status)
		}
		if a := act("nothing", "9", url.Values{}); a.Status != 404 {
			t.Errorf("an act that is none: %d", a.Status)
		}
	})
}

func TestTasksOnTheirPage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		worker := w.as("worker@coordination.demo")
		if a := worker.form("/tasks/new", url.Values{"title": {"Écrire au centre"}}); a.Status != 422 || !strings.Contains(string(a.Raw), "Écrire au centre") {
			t.Errorf("without a day: %d", a.Status)
		}
		if a := worker.form("/tasks/new", boxes(url.Values{"title": {"Écrire au centre"}}, "due_on", w.dayFrom(2))); a.Status != 303 {
			t.Fatalf("made: %d", a.Status)
		}
		var task map[string]any
		for _, x := range worker.get("/tasks?mine=1").want(200).at("items").([]any) {
			if m := x.(map[string]any); m["title"] == "Écrire au centre" {
				task = m
			}
		}
		act := "/tasks/" + task["id"].(string) + "/act/"
		if html := worker.html("/tasks"); !strings.Contains(html, act+"start") || strings.Contains(html, act+"done") {
			t.Error("the acts of a new task")
		}
		for _, step := range []struct {
			what, version, reason string
			status                int
		}{{"block", "1", "", 422}, {"block", "1", "Papier manquant", 303}, {"start", "1", "", 409}, {"start", "2", "", 303}, {"done", "3", "", 303}, {"cancel", "4", "", 409}} {
			if a := worker.form(act+step.what, url.Values{"version": {step.version}, "reason": {step.reason}, "tab": {"mine"}}); a.Status != step.status {
				t.Errorf("%s: %d, want %d", step.what, a.Status, step.status)
			}
		}
		if strings.Contains(worker.html("/tasks"), "Écrire au centre") || !strings.Contains(worker.html("/tasks?tab=closed"), "Écrire au centre") {
			t.Error("a task that is done stands in its tab")
		}
		agreement := w.agreementOf(w.as("coordinator@coordination.demo"), "hospital")
		if !strings.Contains(w.as("coordinator@coordination.demo").html("/tasks/new?subject=agreement:"+agreement), "Agreement no.") {
			t.Error("the form does not say what it is about")
		}
		if a := worker.page("/tasks/new?subject=person:01890000-0000-7000-8000-000000000000"); a.Status != 404 {
			t.Errorf("about nobody: %d", a.Status)
		}
	})
}
