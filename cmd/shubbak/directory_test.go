package main

import (
	"net/url"
	"strings"
	"testing"
)

// press is a press of a button with a value, in the last page's form for an action.
func (v *visitor) press(action, name, value string) answer {
	v.w.t.Helper()
	return v.post(action, map[string]string{name: value})
}

// The directory is kept by its owners: places change in two presses and back in one,
// units stand in a tree, and a commune has numbers of its own.
func TestTheDirectoryIsKeptByItsOwner(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin, intake := w.as("admin@hospital.demo"), w.as("intake@hospital.demo")
		service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
		places := func() (status, available string) {
			t.Helper()
			for _, x := range intake.get("/services?all=1&limit=200&need=psychiatric").want(200).at("items").([]any) {
				if m := x.(map[string]any); m["id"] == service {
					c := answer{t: t, JSON: m}
					return c.text("capacity.status"), c.text("capacity.available")
				}
			}
			t.Fatal("the own service is not listed")
			return "", ""
		}
		t.Run("places, in two presses and back in one", func(t *testing.T) {
			_, before := places()
			v := w.visitor()
			v.signIn("intake@hospital.demo", w.password).want(200)
			v.get("/t/hospital/services").want(200) // the first press: the entry of the menu
			capacity := "/t/hospital/services/" + service + "/capacity"
			v.press(capacity, "status", "no_capacity").want(200)
			if status, _ := places(); status != "no_capacity" {
				t.Errorf("status %s", status)
			}
			w.as("worker@coordination.demo").get("/services?need=psychiatric").want(200)
			undo := url.Values{"undo": {"1"}, "status": {"capacity"}, "available": {before}, "maximum": {"20"}}
			if !strings.Contains(string(v.last.Raw), `name="undo"`) {
				t.Error("the act cannot be taken back")
			}
			form := map[string]string{}
			for k := range undo {
				form[k] = undo.Get(k)
			}
			v.post(capacity, form).want(200)
			if status, available := places(); status != "capacity" || available != before {
				t.Errorf("taken back: %s, %s places of %s", status, available, before)
			}
			v.press(capacity, "places", "less").want(200)
			if _, available := places(); available == before {
				t.Error("one place less changes nothing")
			}
		})
		t.Run("units in their tree", func(t *testing.T) {
			unit := func(name string, parent any) answer {
				body := map[string]any{"name": map[string]any{"ar": name, "fr": name}, "kind": "ward", "commune": "02.411.01.23"}
				if parent != nil {
					body["parent_id"] = parent
				}
				return admin.post("/units", body)
			}
			above := unit("Pôle", nil).want(201)
			below := unit("Pavillon", above.text("id")).want(201)
			circle := admin.api("PATCH", "/units/"+above.text("id"), map[string]any{"version": above.at("version"), "parent_id": below.text("id")}).code(422, "invalid")
			if circle.text("errors.0.field") != "parent_id" || circle.text("errors.0.code") != "circle" {
				t.Errorf("a unit under its own: %s", shorten(circle.Raw))
			}
			unit("Ailleurs", w.as("admin@coordination.demo").get("/units").want(200).text("items.0.id")).code(422, "invalid")
			admin.api("PATCH", "/units/"+below.text("id"), map[string]any{"version": 99, "kind": "service"}).code(409, "version_conflict")
		})
		t.Run("numbers of a commune", func(t *testing.T) {
			desk, head := w.as("worker@coordination.demo"), w.as("admin@coordination.demo")
			list := head.get("/call-list").want(200)
			head.api("PUT", "/call-list", map[string]any{"version": list.at("version"), "hidden": []string{"177"}, "own": []map[string]any{
				{"number": "0536111213", "label": "Commissariat de Berkane", "commune": "02.113.01.09"}, {"number": "0536141516", "label": "Astreinte"}}}).want(200)
			shown := func(commune string) string {
				return string(desk.get("/call-list?commune=" + commune).want(200).Raw)
			}
			_, oujda, _ := strings.Cut(shown("02.411.01.23"), `"shown"`)
			_, berkane, _ := strings.Cut(shown("02.113.01.09"), `"shown"`)
			if strings.Contains(oujda, "Berkane") || !strings.Contains(oujda, "Astreinte") || strings.Contains(oujda, `"177"`) || !strings.Contains(oujda, `"15"`) {
				t.Errorf("in Oujda: %s", oujda)
			}
			if !strings.Contains(berkane, "Berkane") || !strings.Contains(berkane, "Astreinte") {
				t.Errorf("in Berkane: %s", berkane)
			}
			desk.get("/call-list?commune=nowhere").code(400, "unreadable")
			if page := string(desk.page("/danger").want(200).Raw); !strings.Contains(page, "05 36 14 15 16") {
				t.Error("the page of a danger does not show the institution's own number")
			}
		})
	})
}
