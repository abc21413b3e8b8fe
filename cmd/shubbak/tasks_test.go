package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shubbak/platform/clock"
)

// dayFrom is a day of the world's calendar, n days from today.
func (w *world) dayFrom(n int) string {
	return w.clock.Now().In(clock.Casablanca()).AddDate(0, 0, n).Format(time.DateOnly)
}

// task is a body for a new task of one's own about a person.
func (u user) task(title string, change map[string]any) map[string]any {
	u.w.t.Helper()
	out := map[string]any{"subject": "person:" + u.w.as("worker@coordination.demo").person(nil), "title": title, "assignee": u.get("/me").text("user.id"), "due_on": u.w.dayFrom(3)}
	for k, v := range change {
		out[k] = v
	}
	return out
}

// titles are the titles of a list of tasks.
func titles(a answer) string {
	var out []string
	for _, x := range a.want(200).at("items").([]any) {
		out = append(out, x.(map[string]any)["title"].(string))
	}
	return strings.Join(out, "|")
}

func TestATaskIsGivenAndDone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, worker, other := w.as("head@coordination.demo"), w.as("worker@coordination.demo"), w.as("worker2@coordination.demo")
		who, _ := w.as("admin@coordination.demo").userID("worker@coordination.demo")
		a := head.post("/tasks", head.task("Zarqawiya Saria à rappeler", map[string]any{"assignee": who})).want(201)
		id := a.text("id")
		if a.text("state") != "todo" || a.at("overdue") != false || a.text("assignee") != who {
			t.Errorf("made as %s", shorten(a.Raw))
		}
		w.settled()
		notice := worker.get("/notifications?unread=1").want(200)
		if notice.text("items.0.event") != "task.assigned" || notice.text("items.0.subject.id") != id || strings.Contains(string(notice.Raw), "Zarqawiya") {
			t.Errorf("the assignee is told %s", shorten(notice.Raw))
		}
		for _, m := range w.mails() {
			if strings.Contains(string(decoded(m)), "Zarqawiya") {
				t.Error("a mail names a person")
			}
		}
		if strings.Contains(w.log.String(), "Zarqawiya") {
			t.Error("the log names a person")
		}
		if !strings.Contains(titles(worker.get("/tasks?mine=1")), "Zarqawiya") || strings.Contains(titles(head.get("/tasks?mine=1")), "Zarqawiya") || !strings.Contains(titles(head.get("/tasks")), "Zarqawiya") {
			t.Error("it does not stand where it belongs")
		}
		if strings.Contains(titles(other.get("/tasks")), "Zarqawiya") {
			t.Error("a colleague reads it")
		}
		other.get("/tasks/"+id).code(404, "not_found")
		other.post("/tasks/"+id+"/start", map[string]any{"version": 1}).code(404, "not_found")
		worker.post("/tasks/"+id+"/done", map[string]any{"version": 1}).code(409, "illegal_transition")
		worker.post("/tasks/"+id+"/cancel", map[string]any{"version": 1}).code(403, "forbidden")
		worker.post("/tasks/"+id+"/start", map[string]any{"version": 1}).want(200)
		worker.post("/tasks/"+id+"/start", map[string]any{"version": 1}).code(409, "version_conflict")
		worker.post("/tasks/"+id+"/block", map[string]any{"version": 2}).code(422, "invalid")
		if b := worker.post("/tasks/"+id+"/block", map[string]any{"version": 2, "reason": "en attente"}).want(200); b.text("state") != "blocked" || b.text("reason") != "en attente" {
			t.Errorf("blocked as %s", shorten(b.Raw))
		}
		worker.post("/tasks/"+id+"/start", map[string]any{"version": 3}).want(200)
		if d := worker.post("/tasks/"+id+"/done", map[string]any{"version": 4}).want(200); d.text("state") != "done" || d.text("reason") != "" {
			t.Errorf("done as %s", shorten(d.Raw))
		}
		for _, c := range []string{"start", "done", "cancel"} {
			u := worker
			if c == "cancel" {
				u = head
			}
			u.post("/tasks/"+id+"/"+c, map[string]any{"version": 5}).code(409, "illegal_transition")
		}
	})
}

// Nobody is told of what they gave to themselves; what is late is computed.
func TestATaskOfOnesOwnIsLateTheDayAfter(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		worker := w.as("worker@coordination.demo")
		w.settled()
		before := len(worker.get("/notifications").want(200).at("items").([]any))
		id := worker.post("/tasks", worker.task("Aujourd’hui", map[string]any{"due_on": w.dayFrom(0)})).want(201).text("id")
		w.settled()
		if after := len(worker.get("/notifications").want(200).at("items").([]any)); after != before {
			t.Error("who acts is told")
		}
		if worker.get("/tasks/"+id).want(200).at("overdue") != false {
			t.Error("late on its own day")
		}
		tomorrow := w.clock.Now().In(clock.Casablanca()).AddDate(0, 0, 1)
		w.clock.Set(time.Date(tomorrow.Year(), tomorrow.Month(), tomorrow.Day(), 12, 0, 0, 0, clock.Casablanca()))
		defer w.clock.Shift(0)
		if worker.api("GET", "/tasks/"+id, nil).Status == 401 { // the session's day is over too
			w.tokens = map[string]string{}
			worker = w.as("worker@coordination.demo")
		}
		if worker.get("/tasks/"+id).want(200).at("overdue") != true {
			t.Error("not late the day after")
		}
		if !strings.Contains(titles(worker.get("/tasks?mine=1&due_before="+w.dayFrom(0))), "Aujourd’hui") {
			t.Error("due_before does not find it")
		}
		if strings.Contains(titles(worker.get("/tasks?mine=1&due_before="+w.dayFrom(-1))), "Aujourd’hui") {
			t.Error("due_before holds its own day")
		}
	})
}

func TestWhoOverseesSeesAndTakesOver(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		coordinator, admin, head, worker := w.as("coordinator@coordination.demo"), w.as("admin@coordination.demo"), w.as("head@coordination.demo"), w.as("worker@coordination.demo")
		agreement := coordinator.get("/agreements?state=in_force").want(200).text("items.0.id")
		made := coordinator.post("/tasks", coordinator.task("of an agreement", map[string]any{"subject": "agreement:" + agreement})).want(201)
		if made.text("subject_number") != coordinator.get("/agreements/"+agreement).text("number") {
			t.Errorf("about %s", made.text("subject_number"))
		}
		person := worker.person(nil)
		worker.post("/tasks", worker.task("of a person", map[string]any{"subject": "person:" + person})).want(201)
		if got := titles(admin.get("/tasks")); !strings.Contains(got, "of an agreement") || strings.Contains(got, "of a person") {
			t.Errorf("the administrator reads %s", got)
		}
		if got := titles(coordinator.get("/tasks")); strings.Contains(got, "of a person") {
			t.Errorf("the coordinator reads %s", got)
		}
		if got := titles(head.get("/tasks")); !strings.Contains(got, "of a person") || strings.Contains(got, "of an agreement") {
			t.Errorf("the supervisor of the desk reads %s", got)
		}
		id := made.text("id")
		admin.post("/tasks/"+id+"/done", map[string]any{"version": 1}).code(403, "forbidden")
		me, _ := admin.userID("admin@coordination.demo")
		if a := admin.post("/tasks/"+id+"/start", map[string]any{"version": 1}).want(200); a.text("assignee") != me {
			t.Error("who takes it over does not have it")
		}
		if strings.Contains(titles(w.as("admin@hospital.demo").get("/tasks")), "of an agreement") {
			t.Error("another house reads it")
		}
		w.as("admin@hospital.demo").get("/tasks/"+id).code(404, "not_found")
	})
}

func TestBadTasks(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		worker := w.as("worker@coordination.demo")
		foreign, _ := w.as("admin@hospital.demo").userID("intake@hospital.demo")
		colleague, _ := w.as("admin@coordination.demo").userID("worker2@coordination.demo")
		signatory, _ := w.as("admin@coordination.demo").userID("director@coordination.demo")
		stranger := w.as("intake@hospital.demo").person(nil)
		draft := w.as("coordinator@coordination.demo").post("/agreements", w.draft(nil)).want(201).text("id")
		const never = "01890000-0000-7000-8000-000000000000"
		before := titles(worker.get("/tasks?limit=200"))
		for what, c := range map[string]struct {
			by     string
			body   map[string]any
			status int
			code   string
		}{
			"no title":                     {"worker@coordination.demo", w.as("worker@coordination.demo").task("", nil), 422, "title"},
			"a title of spaces":            {"worker@coordination.demo", w.as("worker@coordination.demo").task("  ", nil), 422, "title"},
			"a title that is too long":     {"worker@coordination.demo", w.as("worker@coordination.demo").task(strings.Repeat("x", 501), nil), 422, "title"},
			"an impossible day":            {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"due_on": "2026-02-30"}), 422, "due_on"},
			"a day that is over":           {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"due_on": w.dayFrom(-1)}), 422, "due_on"},
			"a subject without an id":      {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"subject": "agreement"}), 422, "subject"},
			"a subject of no kind":         {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"subject": "user:" + never}), 422, "subject"},
			"a subject that never was":     {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"subject": "referral:" + never}), 404, "not_found"},
			"a person of another house":    {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"subject": "person:" + stranger}), 404, "not_found"},
			"a draft it may not read":      {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"subject": "agreement:" + draft}), 404, "not_found"},
			"a colleague, by a worker":     {"worker@coordination.demo", w.as("worker@coordination.demo").task("x", map[string]any{"assignee": colleague}), 403, "forbidden"},
			"somebody of another house":    {"head@coordination.demo", w.as("head@coordination.demo").task("x", map[string]any{"assignee": foreign}), 422, "assignee"},
			"somebody who has no tasks":    {"head@coordination.demo", w.as("head@coordination.demo").task("x", map[string]any{"assignee": signatory}), 422, "assignee"},
			"a person, by the coordinator": {"coordinator@coordination.demo", w.as("coordinator@coordination.demo").task("x", map[string]any{"subject": "person:" + stranger}), 404, "not_found"},
			"a signatory":                  {"director@coordination.demo", w.as("director@coordination.demo").task("x", nil), 403, "forbidden"},
			"an auditor":                   {"auditor@coordination.demo", w.as("auditor@coordination.demo").task("x", nil), 403, "forbidden"},
			"a student":                    {"student@faculty.demo", w.as("student@faculty.demo").task("x", nil), 403, "forbidden"},
		} {
			a := w.as(c.by).post("/tasks", c.body)
			if a.Status != c.status || c.status != 422 && a.text("code") != c.code || c.status == 422 && !strings.Contains(string(a.Raw), fmt.Sprintf(`"field":%q`, c.code)) {
				t.Errorf("%s: %d, want %d %s: %s", what, a.Status, c.status, c.code, shorten(a.Raw))
			}
		}
		if after := titles(worker.get("/tasks?limit=200")); after != before {
			t.Error("a refusal made a task")
		}
		for _, q := range []string{"mine=2", "state=late", "due_before=tomorrow", "limit=0", "after=x"} {
			worker.get("/tasks?"+q).code(400, "unreadable")
		}
	})
}

// A list goes on after its cursor, newest first, whatever its parts are.
func TestTasksPageByPage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.as("head@coordination.demo")
		who, _ := w.as("admin@coordination.demo").userID("worker@coordination.demo")
		for i := range 5 {
			change := map[string]any{"due_on": w.dayFrom(9 - i)}
			if i%2 == 0 {
				change["assignee"] = who
			}
			head.post("/tasks", head.task(fmt.Sprintf("n%d", i), change)).want(201)
		}
		var got []string
		path := "/tasks?state=todo&limit=2"
		for range 3 {
			a := head.get(path).want(200)
			got = append(got, titles(a))
			path = "/tasks?state=todo&limit=2&after=" + a.text("next")
		}
		if all := strings.Join(got, "|"); !strings.HasPrefix(all, "n4|n3|n2|n1|n0|") {
			t.Errorf("the pages hold %s", all)
		}
	})
}

// TestTheTasksOfWhoLeaves go back to who gave them, one's own to an administrator; the
// page before the end names none of their words.
func TestTheTasksOfWhoLeaves(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin, head, worker := w.as("admin@coordination.demo"), w.as("head@coordination.demo"), w.as("worker2@coordination.demo")
		who, version := admin.userID("worker2@coordination.demo")
		for open := worker.get("/tasks?mine=1").want(200).at("items").([]any); len(open) > 0; open = open[1:] {
			m := open[0].(map[string]any) // of the demo
			worker.post("/tasks/"+m["id"].(string)+"/cancel", map[string]any{"version": m["version"], "reason": "x"})
		}
		given := head.post("/tasks", head.task("Zarqawiya Nadia à rappeler", map[string]any{"assignee": who})).want(201).text("id")
		own := worker.post("/tasks", worker.task("Ranger", nil)).want(201).text("id")
		done := worker.post("/tasks", worker.task("Fini", nil)).want(201)
		started := worker.post("/tasks/"+done.text("id")+"/start", map[string]any{"version": done.at("version")}).want(200)
		worker.post("/tasks/"+done.text("id")+"/done", map[string]any{"version": started.at("version")}).want(200)
		page := admin.html("/users/" + who + "/end")
		if !strings.Contains(page, "2 tasks go back") || strings.Contains(page, "Zarqawiya") {
			t.Error("the page before the end does not count the tasks, or names what they say")
		}
		admin.api("PATCH", "/users/"+who, map[string]any{"version": version, "ended": true}).want(200)
		w.settled()
		if got := head.get("/tasks?mine=1").want(200); !strings.Contains(titles(got), "Zarqawiya") {
			t.Errorf("what %s had been given did not come back", given)
		}
		if n := head.get("/notifications?unread=1").want(200); !strings.Contains(n.text("items"), given) {
			t.Error("who has the task again is not told")
		}
		if got := titles(admin.get("/tasks?mine=1")); !strings.Contains(got, "Ranger") || strings.Contains(got, "Fini") {
			t.Errorf("an own task %s went to %q", own, got)
		}
	})
}
