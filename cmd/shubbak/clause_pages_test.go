package main

import (
	"net/url"
	"strings"
	"testing"
)

// TestClausesAreWrittenOnTheirPages: each line is added, changed and removed by a form
// without script; what is wrong comes back with what was typed; a stale form says what
// has changed.
func TestClausesAreWrittenOnTheirPages(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		for _, c := range []string{"submit", "negotiate"} {
			desk.agree(id, c, nil).want(200)
		}
		service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
		page := "/agreements/" + id
		post := func(part string, status int, pairs ...string) string {
			t.Helper()
			f := url.Values{"version": {desk.get(page).text("version")}}
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == "version" {
					f.Del("version")
				}
				f.Add(pairs[i], pairs[i+1])
			}
			a := desk.form(page+"/"+part, f)
			if a.Status != status {
				t.Fatalf("%s: %d, want %d: %s", part, a.Status, status, shorten(a.Raw))
			}
			return string(a.Raw)
		}
		holds := func(part, want string) {
			t.Helper()
			if got := desk.get(page + "/" + part).text("items"); !strings.Contains(got, want) {
				t.Errorf("%s: %s, want %s in it", part, got, want)
			}
		}
		post("scopes", 303, "from", "coordination", "to", "hospital", "needs", "psychiatric", "services", service, "priorities", "urgent", "age_min", "١٦", "sex", "female", "communes", "02.411.01.23", "situations", "homeless")
		holds("scopes", service)
		holds("scopes", "homeless")
		scope := desk.get(page + "/scopes").text("items.0.id")
		if form := desk.html(page + "/scopes?of=" + scope); !strings.Contains(form, `value="16"`) || !strings.Contains(form, service+`" checked`) {
			t.Error("the form of a scope does not hold what the scope says")
		}
		wrong := post("scopes", 422, "of", scope, "from", "coordination", "to", "coordination", "needs", "mental_health", "age_min", "x")
		if !strings.Contains(wrong, `id="errors"`) || !strings.Contains(wrong, `value="mental_health" checked`) {
			t.Error("a refused scope loses what was typed")
		}
		post("quotas", 303, "service_id", service, "period", "month", "limit", "12", "hard", "true")
		holds("quotas", "12")
		post("quotas", 422, "service_id", service, "period", "week", "limit", "0", "hard", "true")
		post("quotas", 422, "service_id", service, "period", "month", "limit", "5", "hard", "false") // a second of the same period
		post("obligations", 303, "party", "hospital", "mode", "computed", "indicator", "accepted", "target", "90", "period", "year", "title_ar", "قبول")
		post("obligations", 303, "party", "all", "mode", "declared", "own_words", "Sessions de formation", "target", "2,5", "period", "semester")
		holds("obligations", "Sessions de formation")
		if a := post("obligations", 422, "party", "hospital", "mode", "computed", "own_words", "Sessions", "target", "2", "period", "year"); !strings.Contains(a, "Sessions") {
			t.Error("an obligation that nobody measures loses what was typed")
		}
		before := desk.get(page).text("version")
		shown := post("sharing", 200, "from", "coordination", "to", "hospital", "share", "identity:identity", "preview", "1")
		closed := post("sharing", 200, "from", "coordination", "to", "hospital", "preview", "1")
		if name := "حياة المثالية"; !strings.Contains(shown, name) || strings.Contains(closed, name) || desk.get(page).text("version") != before {
			t.Error("the preview shows the grid as typed and saves nothing")
		}
		post("sharing", 303, "from", "coordination", "to", "hospital", "share", "identity:identity", "share", "identity:contact", "share", "social:social")
		holds("sharing", "contact")
		// Health data stay closed to who gives no care.
		if a := desk.form(page+"/sharing", url.Values{"version": {before}, "from": {"hospital"}, "to": {"coordination"}, "share": {"documents:documents", "documents:health"}, "preview": {"1"}}); strings.Contains(string(a.Raw), "شهادة طبية") {
			t.Error("a medical paper is shown to a tenant without care")
		}
		stale := post("quotas", 409, "version", before, "service_id", service, "period", "year", "limit", "77", "hard", "false")
		if !strings.Contains(stale, `value="77"`) || !strings.Contains(stale, "ملحق") && !strings.Contains(stale, "تبادل") {
			t.Errorf("a stale form says what has changed and keeps what was typed: %s", shorten([]byte(stale)))
		}
		post("scopes", 303, "of", scope, "remove", "1")
		if got := desk.get(page + "/scopes").text("items.0.id"); got != "" {
			t.Errorf("the scope is still there: %s", got)
		}
		if a := w.as("admin@hospital.demo").page(page + "/scopes"); a.Status != 403 && a.Status != 404 {
			t.Errorf("the partner writes no clause: %d", a.Status)
		}
	})
}

// TestTermsHoldPeopleAndPlaces: territory, population, focal points, committees and
// signatories, and a form without them leaves them alone.
func TestTermsHoldPeopleAndPlaces(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		today := w.draft(nil)["effective_on"].(string)
		year, rest, _ := strings.Cut(today, "-")
		month, day, _ := strings.Cut(rest, "-")
		next := map[string]string{"2026": "2027", "2027": "2028"}[year]
		base := func() url.Values {
			return url.Values{"version": {desk.get("/agreements/" + id).text("version")}, "title_ar": {"اتفاقية"}, "title_fr": {"Convention"}, "object": {"موضوع"}, "partners": {"hospital"}, "renewal": {"tacit"}, "notice_days": {"60"},
				"effective_on": {day}, "effective_on_month": {month}, "effective_on_year": {year}, "ends_on": {"1"}, "ends_on_month": {"6"}, "ends_on_year": {next}}
		}
		f := base()
		for k, v := range map[string]string{"more": "1", "territory": "02.411.01.23", "age_min": "18", "committee_steering": "quarter", "party_0": "coordination", "party_1": "hospital", "focal_name_1_0": "Samira", "focal_email_1_0": "samira@example.ma",
			"signer_ar_1_0": "مدير", "capacity_fr_1_0": "Directeur", "signer_email_1_0": "director@hospital.demo", "mandate_until_1_0": "31", "mandate_until_1_0_month": "12", "mandate_until_1_0_year": next} {
			f.Set(k, v)
		}
		if a := desk.form("/agreements/"+id+"/edit", f); a.Status != 303 {
			t.Fatalf("%d %s", a.Status, shorten(a.Raw))
		}
		for range 2 {
			got := string(desk.get("/agreements/" + id).want(200).Raw)
			for _, want := range []string{"02.411.01.23", `"age_min":18`, "steering", "samira@example.ma", "director@hospital.demo", next + "-12-31"} {
				if !strings.Contains(got, want) {
					t.Errorf("%s is missing", want)
				}
			}
			if a := desk.form("/agreements/"+id+"/edit", base()); a.Status != 303 {
				t.Fatalf("%d", a.Status)
			}
		}
		bad := base()
		for k, v := range map[string]string{"more": "1", "party_1": "hospital", "signer_fr_1_0": "Directeur", "signer_email_1_0": "nowhere"} {
			bad.Set(k, v)
		}
		if a := desk.form("/agreements/"+id+"/edit", bad); a.Status != 422 || !strings.Contains(string(a.Raw), "signer_email_1_0-error") {
			t.Errorf("an address that is none: %d", a.Status)
		}
	})
}
