package main

import (
	"html"
	"strings"
	"testing"
)

// What a page of an act brings along: the appointment that is moved, the question that
// is answered, the person whom a referral is about.
func TestPagesOfActsBringWhatStands(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		holds := func(u user, path string, words ...string) {
			t.Helper()
			text := html.UnescapeString(string(u.page(path).want(200).Raw))
			for _, x := range words {
				if !strings.Contains(text, x) {
					t.Errorf("%s does not hold %q", path, x)
				}
			}
		}
		id := desk.sent(nil)
		holds(desk, "/referrals/"+id, "/people/"+desk.get("/referrals/"+id).text("person_id")+`"`)
		hospital.do(id, "ask", map[string]any{"text": "Depuis quand; avec <qui> ?"}).want(200)
		holds(desk, "/referrals/"+id+"/answer", "Depuis quand; avec <qui> ?")
		desk.do(id, "answer", map[string]any{"text": "Depuis mars"}).want(200)
		hospital.do(id, "accept", nil).want(200)
		if a := hospital.page("/referrals/" + id).want(200); strings.Contains(string(a.Raw), desk.get("/referrals/"+id).text("person_id")) {
			t.Error("the partner's page leads into the sender's register")
		}
		hospital.do(id, "schedule", map[string]any{"starts_at_local": "2026-12-14T10:30", "place": "Pavillon 3", "bring": "La carte"}).want(200)
		holds(hospital, "/referrals/"+id+"/schedule", `value="Pavillon 3"`, `value="La carte"`, `name="starts_at_local" inputmode="numeric" maxlength="10" value="14"`, `name="starts_at_local_minute" inputmode="numeric" maxlength="2" value="30"`)

		desk.pageUpload(id, [][2]string{{"category", "medical"}, {"sensitivity", "ordinary"}}, []byte("%PDF-1.4 words")).want(303)
		desk.upload(id, "consent_form", "ordinary", "f.pdf", []byte("%PDF-1.4 words")).want(201)
		for _, x := range desk.get("/documents?subject=referral:" + id).want(200).at("items").([]any) {
			m := x.(map[string]any)
			if want := map[string]string{"medical": "health", "consent_form": "ordinary"}[m["category"].(string)]; m["sensitivity"] != want {
				t.Errorf("%s is filed as %s", m["category"], m["sensitivity"])
			}
		}
	})
}
