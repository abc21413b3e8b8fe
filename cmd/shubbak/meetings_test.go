package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"shubbak/modules/agreements"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/testkit"
)

// local is a wall-clock time of the world, some hours from now.
func (w *world) local(hours int) string {
	return w.clock.Now().In(clock.Casablanca()).Add(time.Duration(hours) * time.Hour).Format("2006-01-02T15:04")
}

func (w *world) agreementOf(u user, partner string) string {
	w.t.Helper()
	for _, x := range u.get("/agreements?state=in_force&limit=200").want(200).at("items").([]any) {
		a := x.(map[string]any)
		if b, _ := json.Marshal(a["parties"]); strings.Contains(string(b), partner) {
			return a["id"].(string)
		}
	}
	w.t.Fatal("no agreement with", partner)
	return ""
}

// heldMeeting is a meeting of the hospital's agreement that took place an hour ago,
// with its address.
func (w *world) heldMeeting(desk user, agreement string) string {
	w.t.Helper()
	a := desk.post("/agreements/"+agreement+"/meetings", map[string]any{"kind": "follow_up", "starts_at_local": w.local(1), "place": "Oujda"}).want(201)
	path := "/agreements/" + agreement + "/meetings/" + a.text("id")
	desk.post(path+"/hold", map[string]any{"version": 1}).code(409, "illegal_transition")
	w.clock.Shift(2 * time.Hour)
	desk.post(path+"/hold", map[string]any{"version": 1}).want(200)
	return path
}

func TestADecisionBecomesATaskOfWhoeverOwnsIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		agreement := w.agreementOf(desk, "hospital")
		path := w.heldMeeting(desk, agreement)
		w.tokens = map[string]string{}
		desk, partner, worker := w.as("coordinator@coordination.demo"), w.as("admin@hospital.demo"), w.as("worker@coordination.demo")
		who, _ := w.as("admin@coordination.demo").userID("worker@coordination.demo")
		due := w.dayFrom(9)
		a := desk.api("PATCH", path, map[string]any{"version": 2, "minutes": map[string]any{"fr": "Compte rendu"}, "attendance": []any{
			map[string]any{"party": "coordination", "name": "Abdellatif Berrahili", "quality": "Coordinateur", "presence": "present"}, map[string]any{"party": "hospital", "name": "Kaoutar Benmoussa", "presence": "excused"}},
			"decisions": []any{map[string]any{"text": "of our worker", "user": who, "due_on": due}, map[string]any{"text": "of the hospital", "party": "hospital", "due_on": due}, map[string]any{"text": "of the house", "party": "coordination", "due_on": due}}}).want(200)
		// The work itself fills the agenda: what is late of the promises, and of the clocks.
		b := desk.get("/agreements/" + agreement + "/meetings?limit=1").want(200)
		for _, kind := range []string{`"kind":"obligation"`, `"kind":"clock"`} {
			if !strings.Contains(b.text("items.0.agenda"), kind) {
				t.Errorf("the agenda has no %s", kind)
			}
		}
		if a.text("decisions.0.party") != "coordination" || a.text("decisions.0.state") != "" {
			t.Errorf("the decisions are %s", a.text("decisions"))
		}
		if strings.Contains(titles(worker.get("/tasks?mine=1")), "of our worker") {
			t.Error("a task before the minutes are closed")
		}
		desk.post(path+"/close", map[string]any{"version": 3}).want(200)
		w.settled()
		if got := titles(worker.get("/tasks?mine=1")); !strings.Contains(got, "of our worker") || strings.Contains(got, "of the") {
			t.Errorf("the worker has %s", got)
		}
		if got := titles(desk.get("/tasks?mine=1")); !strings.Contains(got, "of the house") {
			t.Errorf("the coordinator has %s", got)
		}
		if got := titles(partner.get("/tasks?mine=1")); !strings.Contains(got, "of the hospital") || strings.Contains(got, "of the house") {
			t.Errorf("the partner's administrator has %s", got)
		}
		// The same decision again makes no second task.
		decision, err := ids.Parse[ids.Decision](a.text("decisions.1.id"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.InTx(db.As(t.Context(), w.tenantID("hospital")), func(ctx context.Context) error {
			return decisionTasks{w.app}.Decided(ctx, agreements.DecisionTask{Decision: decision, Words: "again", DueOn: due})
		}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(titles(partner.get("/tasks?limit=200")), "again") {
			t.Error("one decision made two tasks")
		}
		// How far the partner is stands in the minutes on both sides.
		var task map[string]any
		for _, x := range partner.get("/tasks?mine=1").want(200).at("items").([]any) {
			if m := x.(map[string]any); m["title"] == "of the hospital" {
				task = m
			}
		}
		partner.post("/tasks/"+task["id"].(string)+"/start", map[string]any{"version": 1}).want(200)
		for _, u := range []user{desk, partner} {
			if s := u.get(path).want(200).text("decisions.1.state"); s != "doing" {
				t.Errorf("%s reads that the decision is %s", u.email, s)
			}
		}
		if partner.get(path).want(200).text("decisions.0.user") != "" {
			t.Error("the partner reads who works where")
		}
	})
}

func TestClosedMinutesStayAsTheyAre(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		agreement := w.agreementOf(desk, "hospital")
		path := w.heldMeeting(desk, agreement)
		w.tokens = map[string]string{}
		desk = w.as("coordinator@coordination.demo")
		desk.post(path+"/close", map[string]any{"version": 2}).code(422, "invalid")
		desk.api("PATCH", path, map[string]any{"version": 2, "minutes": map[string]any{"ar": "محضر"}, "attendance": []any{map[string]any{"party": "hospital", "name": "x", "presence": "present"}}}).want(200)
		desk.api("PATCH", path, map[string]any{"version": 2, "minutes": map[string]any{"ar": "آخر"}}).code(409, "version_conflict")
		closed := desk.post(path+"/close", map[string]any{"version": 3}).want(200)
		desk.api("PATCH", path, map[string]any{"version": 4, "minutes": map[string]any{"ar": "آخر"}}).code(409, "illegal_transition")
		desk.post(path+"/hold", map[string]any{"version": 4}).code(409, "illegal_transition")
		// The second wall says so too.
		if w.db.Postgres() {
			changed := int64(0)
			if err := w.db.InTx(db.As(testkit.Deliberately(t.Context()), w.tenantID("coordination")), func(ctx context.Context) error {
				res, err := db.Conn(ctx).NewRaw("update agreement_meetings set minutes_ar = 'x' where id = ? and tenant_id = ?", closed.text("id"), w.tenantID("coordination")).Exec(ctx)
				if err == nil {
					changed, err = res.RowsAffected()
				}
				return err
			}); err != nil || changed != 0 {
				t.Errorf("%d closed minutes were written over (%v)", changed, err)
			}
		}
		n := desk.post(path+"/notes", map[string]any{"version": 4, "text": "Lire : dix"}).want(201)
		if n.text("notes.0.text") != "Lire : dix" || n.text("minutes.ar") != "محضر" || n.at("version") != closed.at("version") {
			t.Errorf("corrected as %s", shorten(n.Raw))
		}
		told := 0
		for _, x := range desk.get("/agreements/" + agreement + "/events?limit=200").want(200).at("items").([]any) {
			switch x.(map[string]any)["event"] {
			case "meeting_planned", "meeting_held", "minutes_closed", "minutes_corrected":
				told++
			}
		}
		if told < 4+3+1 { // of this one, and of the two of the demo
			t.Errorf("the history tells %d events", told)
		}
		for _, lang := range []string{"ar", "fr"} {
			if paper := desk.page(path + "/minutes?lang=" + lang); paper.Status != 200 || !strings.Contains(string(paper.Raw), "محضر") || !strings.Contains(string(paper.Raw), "Lire : dix") {
				t.Errorf("the paper in %s: %d", lang, paper.Status)
			}
		}
	})
}

func TestTheAgendaIsFilledFromTheWork(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		agreement := w.agreementOf(desk, "hospital")
		items := []agreements.AgendaItem{{Kind: "obligation", Key: "o1", Title: agreements.Label{Ar: "التزام", Fr: "Engagement", En: "Obligation"}, Facts: "41 / 60"}}
		w.agreements.Agenda = func(context.Context, ids.ID[ids.Agreement]) ([]agreements.AgendaItem, error) { return items, nil }
		a := desk.post("/agreements/"+agreement+"/meetings", map[string]any{"kind": "steering", "starts_at_local": w.local(48), "place": "Oujda", "agenda": []any{map[string]any{"title": map[string]any{"fr": "Divers"}}}}).want(201)
		path := "/agreements/" + agreement + "/meetings/" + a.text("id")
		if a.text("agenda.0.kind") != "obligation" || a.text("agenda.0.facts") != "41 / 60" || a.text("agenda.1.title.fr") != "Divers" {
			t.Errorf("the agenda is %s", a.text("agenda"))
		}
		items = append(items, agreements.AgendaItem{Kind: "clock", Key: "c1", Title: agreements.Label{Ar: "أجل"}})
		b := desk.post(path+"/agenda", map[string]any{"version": 1}).want(200)
		if got := len(b.at("agenda").([]any)); got != 3 {
			t.Errorf("%d lines after filling, want 3", got)
		}
		order := []any{map[string]any{"id": b.text("agenda.1.id")}, map[string]any{"id": b.text("agenda.2.id")}, map[string]any{"title": map[string]any{"ar": "نقطة"}}}
		c := desk.api("PATCH", path, map[string]any{"version": 2, "agenda": order}).want(200)
		if c.text("agenda.0.title.fr") != "Divers" || c.text("agenda.1.kind") != "clock" || c.text("agenda.2.title.ar") != "نقطة" || len(c.at("agenda").([]any)) != 3 {
			t.Errorf("the agenda is %s", c.text("agenda"))
		}
	})
}

func TestBadMeetings(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		agreement := w.agreementOf(desk, "hospital")
		other := w.agreementOf(desk, "chamber")
		over := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		desk.agree(over, "abandon", map[string]any{"reason": "x"}).want(200)
		path := w.heldMeeting(desk, agreement)
		w.tokens = map[string]string{}
		desk = w.as("coordinator@coordination.demo")
		planned := "/agreements/" + agreement + "/meetings/" + desk.post("/agreements/"+agreement+"/meetings", map[string]any{"kind": "steering", "starts_at_local": w.local(48), "place": "Oujda"}).want(201).text("id")
		worker, _ := w.as("admin@coordination.demo").userID("worker@coordination.demo")
		foreign, _ := w.as("admin@hospital.demo").userID("intake@hospital.demo")
		plan := func(change map[string]any) map[string]any {
			out := map[string]any{"kind": "steering", "starts_at_local": w.local(48), "place": "Oujda"}
			for k, v := range change {
				out[k] = v
			}
			return out
		}
		decision := func(change map[string]any) map[string]any {
			d := map[string]any{"text": "x", "party": "hospital", "due_on": w.dayFrom(5)}
			for k, v := range change {
				d[k] = v
			}
			return map[string]any{"version": 2, "decisions": []any{d}}
		}
		someone := func(party string) map[string]any {
			return map[string]any{"version": 2, "attendance": []any{map[string]any{"party": party, "name": "x", "presence": "present"}}}
		}
		count := func() string {
			return string(desk.get(path).Raw) + string(desk.get(planned).Raw) + desk.get("/agreements/"+agreement+"/meetings?limit=200").text("items") + desk.get("/agreements/"+over+"/meetings").text("items")
		}
		before := count()
		for what, c := range map[string]struct {
			by, method, path string
			body             map[string]any
			status           int
			field            string
		}{
			"on an agreement that has ended":     {"coordinator@coordination.demo", "POST", "/agreements/" + over + "/meetings", plan(nil), 409, ""},
			"in the past":                        {"coordinator@coordination.demo", "POST", "/agreements/" + agreement + "/meetings", plan(map[string]any{"starts_at_local": w.local(-48)}), 422, "starts_at_local"},
			"at no time":                         {"coordinator@coordination.demo", "POST", "/agreements/" + agreement + "/meetings", plan(map[string]any{"starts_at_local": "2026-02-30T10:00"}), 422, "starts_at_local"},
			"of no committee":                    {"coordinator@coordination.demo", "POST", "/agreements/" + agreement + "/meetings", plan(map[string]any{"kind": "party"}), 422, "kind"},
			"without a place":                    {"coordinator@coordination.demo", "POST", "/agreements/" + agreement + "/meetings", plan(map[string]any{"place": " "}), 422, "place"},
			"on a version nobody sees":           {"coordinator@coordination.demo", "POST", "/agreements/" + agreement + "/meetings", plan(map[string]any{"version": 99}), 409, ""},
			"by the partner":                     {"admin@hospital.demo", "POST", "/agreements/" + agreement + "/meetings", plan(nil), 403, ""},
			"by a stranger":                      {"admin@chamber.demo", "GET", path, nil, 404, ""},
			"of another agreement":               {"coordinator@coordination.demo", "GET", strings.Replace(path, agreement, other, 1), nil, 404, ""},
			"minutes before it has begun":        {"coordinator@coordination.demo", "PATCH", planned, map[string]any{"version": 1, "minutes": map[string]any{"fr": "x"}}, 422, "minutes"},
			"attendance before it has begun":     {"coordinator@coordination.demo", "PATCH", planned, map[string]any{"version": 1, "attendance": someone("hospital")["attendance"]}, 422, "attendance"},
			"held before it has begun":           {"coordinator@coordination.demo", "POST", planned + "/hold", map[string]any{"version": 1}, 409, ""},
			"another time once it was held":      {"coordinator@coordination.demo", "PATCH", path, map[string]any{"version": 2, "place": "elsewhere"}, 409, ""},
			"called off without a reason":        {"coordinator@coordination.demo", "POST", planned + "/cancel", map[string]any{"version": 1}, 422, "reason"},
			"called off once it was held":        {"coordinator@coordination.demo", "POST", path + "/cancel", map[string]any{"version": 2, "reason": "x"}, 409, ""},
			"a correction of what is not closed": {"coordinator@coordination.demo", "POST", path + "/notes", map[string]any{"version": 2, "text": "x"}, 409, ""},
			"attendance of no party":             {"coordinator@coordination.demo", "PATCH", path, someone("chamber"), 422, "attendance[0].party"},
			"a decision without an owner":        {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"party": ""}), 422, "decisions[0].party"},
			"a decision without a date":          {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"due_on": ""}), 422, "decisions[0].due_on"},
			"a decision that is due before":      {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"due_on": w.dayFrom(-1)}), 422, "decisions[0].due_on"},
			"a decision of no party":             {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"party": "chamber"}), 422, "decisions[0].party"},
			"a decision of somebody elsewhere":   {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"party": "", "user": foreign}), 422, "decisions[0].user"},
			"a decision of their user":           {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"user": foreign}), 422, "decisions[0].user"},
			"their decision by our worker":       {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"user": worker}), 422, "decisions[0].user"},
			"a decision of another meeting":      {"coordinator@coordination.demo", "PATCH", path, decision(map[string]any{"id": "01890000-0000-7000-8000-000000000000"}), 422, "decisions[0].id"},
			"a line of another agenda":           {"coordinator@coordination.demo", "PATCH", path, map[string]any{"version": 2, "agenda": []any{map[string]any{"id": "01890000-0000-7000-8000-000000000000"}}}, 422, "agenda[0].id"},
			"a line without words":               {"coordinator@coordination.demo", "PATCH", path, map[string]any{"version": 2, "agenda": []any{map[string]any{"title": map[string]any{"fr": " "}}}}, 422, "agenda[0].title"},
			"a stale version":                    {"coordinator@coordination.demo", "PATCH", path, map[string]any{"version": 1, "minutes": map[string]any{"fr": "x"}}, 409, ""},
			"no version":                         {"coordinator@coordination.demo", "PATCH", path, map[string]any{"minutes": map[string]any{"fr": "x"}}, 422, "version"},
		} {
			said := map[string]bool{}
			for _, lang := range []string{"ar", "fr", "en"} {
				u := w.as(c.by)
				var body any
				if c.body != nil {
					body = c.body
				}
				a := w.call(c.method, "/t/"+u.tenant+"/api/v1"+c.path, u.token, body, map[string]string{"Accept-Language": lang})
				if a.Status != c.status || c.field != "" && !strings.Contains(string(a.Raw), `"field":"`+c.field+`"`) {
					t.Errorf("%s: %d, want %d and %s: %s", what, a.Status, c.status, c.field, shorten(a.Raw))
				}
				sentence := a.text("detail") + a.text("errors.0.detail")
				if said[sentence] || strings.Contains(sentence, "fault.") {
					t.Errorf("%s: not in the reader's language: %s", what, sentence)
				}
				said[sentence] = true
			}
		}
		if after := count(); after != before {
			t.Error("a refusal changed something")
		}
	})
}

// A partner reads the meetings once it may read the agreement, and not before.
func TestThePartnerReadsMeetingsWithTheAgreement(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, partner := w.as("coordinator@coordination.demo"), w.as("admin@hospital.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		path := "/agreements/" + id + "/meetings/" + desk.post("/agreements/"+id+"/meetings", map[string]any{"kind": "steering", "starts_at_local": w.local(48), "place": "Oujda"}).want(201).text("id")
		partner.get(path).code(404, "not_found")
		desk.agree(id, "submit", nil).want(200)
		desk.agree(id, "negotiate", nil).want(200)
		partner.get(path).want(200)
		w.as("director@hospital.demo").get(path).want(200)
		w.as("intake@hospital.demo").get(path).code(404, "not_found") // nothing is signed yet
	})
}
