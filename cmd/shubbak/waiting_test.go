package main

import (
	"net/url"
	"strings"
	"testing"
)

// arabic is a page in Arabic.
func (u user) arabic(path string) string {
	u.w.t.Helper()
	return string(u.w.call("GET", "/t/"+u.tenant+path, u.token, nil, map[string]string{"Accept-Language": "ar"}).want(200).Raw)
}

// holds asserts that a page says all of this, and nothing of what follows a "!".
func (u user) holds(path string, words ...string) {
	u.w.t.Helper()
	page := u.arabic(path)
	for _, word := range words {
		not := strings.HasPrefix(word, "!")
		if strings.Contains(page, strings.TrimPrefix(word, "!")) == not {
			u.w.t.Errorf("%s at %s: %q in it: %v", u.email, path, strings.TrimPrefix(word, "!"), not)
		}
	}
}

// TestWhatWaitsInAgreementsStandsAtHome: a signature, a text to comment on, a proposal to
// settle and a declaration to counter-sign, each for whom it concerns and no longer than
// it waits.
func TestWhatWaitsInAgreementsStandsAtHome(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin, director := w.as("coordinator@coordination.demo"), w.as("admin@hospital.demo"), w.as("director@hospital.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		at := "/agreements/" + id
		desk.agree(id, "submit", nil).want(200)
		admin.holds("/home", "!"+at)
		desk.agree(id, "negotiate", nil).want(200)
		admin.holds("/home", at+"?tab=text")
		desk.holds("/home", "!"+at)

		articles := admin.get(at + "/articles").want(200)
		first, second := articles.text("items.0.id"), articles.text("items.1.id")
		propose := func(article string, extra map[string]any) string {
			body := map[string]any{"article_id": article, "text": "Proposition"}
			for k, v := range extra {
				body[k] = v
			}
			return admin.post(at+"/comments", body).want(201).text("id")
		}
		arabic := propose(first, map[string]any{"proposal": map[string]any{"ar": "صياغة عربية وحدها"}})
		whole := propose(second, map[string]any{"proposal": map[string]any{"ar": "صياغة", "fr": "Rédaction"}})
		desk.holds("/home", at+"?tab=text#comments")

		// A wording in one language leads on to the other.
		settle := func(which string) string {
			a := desk.form(at+"/comments/"+which, url.Values{"version": {desk.get(at).text("version")}, "verdict": {"accepted"}})
			if a.Status != 303 {
				t.Fatalf("%d %s", a.Status, shorten(a.Raw))
			}
			return a.Header.Get("Location")
		}
		if to := settle(arabic); !strings.HasSuffix(to, at+"/articles/"+first) {
			t.Errorf("a wording in Arabic alone leads to %s", to)
		}
		if to := settle(whole); !strings.HasSuffix(to, at) {
			t.Errorf("a wording in both languages leads to %s", to)
		}
		desk.holds("/home", "!"+at)

		for _, c := range []string{"approve", "open-signing"} {
			desk.agree(id, c, nil).want(200)
		}
		director.holds("/home", at+"/sign")
		for _, other := range []string{"admin@hospital.demo", "intake@hospital.demo", "director@chamber.demo", "coordinator@coordination.demo"} {
			w.as(other).holds("/home", "!"+at)
		}
		director.post(at+"/sign", director.codeFor(id)).want(200)
		director.holds("/home", "!"+at)
		w.as("director@coordination.demo").holds("/home", at+"/sign")

		// What the hospital has declared in the demo network waits for the coordination.
		held := w.agreementOf(desk, "hospital")
		desk.holds("/home", "/agreements/"+held+"?tab=overview#measures")
		admin.holds("/home", "!/agreements/"+held+"?tab=overview#measures")
	})
}

// TestAllThatIsSignedIsShown: whoever signs reads parties, term, scope, annex, quotas and
// obligations beside the articles, the partner reads them before anything is in force, and
// the difference of two versions says what changed in them.
func TestAllThatIsSignedIsShown(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("coordinator@coordination.demo"), w.as("admin@hospital.demo")
		id := desk.post("/agreements", w.draft(map[string]any{"object": "موضوع الشراكة في الصحة النفسية"})).want(201).text("id")
		at := "/agreements/" + id
		service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
		part := func(name string, body map[string]any) {
			body["version"] = desk.get(at).at("version")
			desk.post(at+"/"+name, body).want(201)
		}
		desk.agree(id, "submit", nil).want(200)
		desk.agree(id, "negotiate", nil).want(200)
		before := desk.get(at).text("version")
		part("scopes", map[string]any{"from": "coordination", "to": "hospital", "needs": []string{"assistive"}, "population": map[string]any{"age_min": 17}})
		part("quotas", map[string]any{"service_id": service, "period": "month", "limit": 137, "hard": true})
		part("obligations", map[string]any{"party": "hospital", "indicator": "answered_in_time", "target": 93, "period": "quarter", "mode": "computed", "title": map[string]any{"ar": "جواب سريع عن الإحالات"}})
		all := []string{"موضوع الشراكة في الصحة النفسية", "التجديد الضمني", "137 إحالة", "حصة ملزمة", "جواب سريع عن الإحالات", "93%", "17 سنة"}
		admin.holds(at+"?tab=text", all...)
		desk.agree(id, "approve", nil).want(200)
		desk.agree(id, "open-signing", nil).want(200)
		w.as("director@hospital.demo").holds(at+"/sign", all...)

		after := desk.get(at).text("version")
		desk.holds(at+"/difference?from="+before+"&to="+after, "137 إحالة", "جواب سريع عن الإحالات", "<ins>")
	})
}

// TestTheDayOfAnAppointmentIsAnswered: beside the boxes stands the day of the week, and
// whether the unit works then; it never refuses.
func TestTheDayOfAnAppointmentIsAnswered(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		monday := w.monday()
		id := w.as("worker@coordination.demo").sent(nil)
		hospital := w.as("intake@hospital.demo")
		hospital.do(id, "accept", nil).want(200)
		for _, x := range []struct {
			days    int
			hour    string
			outside bool
		}{{0, "10", false}, {0, "22", true}, {6, "10", true}} {
			day := monday.AddDate(0, 0, x.days+7)
			q := url.Values{"starts_at_local": {day.Format("2")}, "starts_at_local_month": {day.Format("1")}, "starts_at_local_year": {day.Format("2006")}, "starts_at_local_hour": {x.hour}, "starts_at_local_minute": {"0"}}
			page := hospital.arabic("/referrals/" + id + "/schedule?" + q.Encode())
			_, said, _ := strings.Cut(page, "data-answer")
			said, _, _ = strings.Cut(said, "</p>")
			weekday := map[int]string{0: "الاثنين", 6: "الأحد"}[x.days]
			if !strings.Contains(said, weekday) || strings.Contains(said, "خارج أوقات العمل") != (x.outside && x.days == 0) || strings.Contains(said, "لا تعمل فيه") != (x.days == 6) {
				t.Errorf("%s at %s: %s", day.Format("2006-01-02"), x.hour, said)
			}
		}
		hospital.do(id, "schedule", map[string]any{"starts_at_local": monday.AddDate(0, 0, 13).Format("2006-01-02") + "T10:00"}).want(200)
		if strings.Contains(hospital.arabic("/referrals/"+id), "/no-show\"") {
			t.Error("somebody can be absent before the hour")
		}
		w.set(monday.AddDate(0, 0, 14))
		if !strings.Contains(w.as("intake@hospital.demo").html("/referrals/"+id), "/no-show\"") {
			t.Error("nobody can be absent after the hour")
		}
	})
}
