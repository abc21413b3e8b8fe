package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/web"
)

// noPages are addresses of GET that show no page of their own, and why.
var noPages = map[string]string{
	"/unlock": "leads back", "/people/search": "leads back", "/notifications/open/:code": "leads on", "/slips/:code": "leads on", "/agreements/code/:code": "leads on",
	"/seen": "an answer without content", "/kept": "an answer to the page's script", "/live": "pieces of the page that asks",
	"/reports/register": "a file", "/reports/agreement": "a file", "/referrals/:id/documents/:doc": "a file", "/referrals/:id/documents/:doc/inline": "a file inside a page",
	"/agreements/:id/articles/:article": "its form is the one of a new article", "/agreements/:id/difference": "needs two versions: agreement pages have tests of their own",
	"/people/:id/consents": "the form of a new consent again",
}

// onePress are the commands whose form is the button itself: their address leads back.
var onePress = []string{"accept", "undo-accept", "acknowledge", "start", "no-show", "resume", "approve", "undo-recall"}

var roleOf = regexp.MustCompile(`/users/[0-9a-f-]{36}/roles/[0-9a-f-]{36}/end`)

var parameterOf = regexp.MustCompile(`:[a-z_]+`)

// unvisited are the pages that none of the addresses opens.
func unvisited(routes []web.Route, addresses []string) (out []string) {
	for _, r := range routes {
		if r.API || r.Method != http.MethodGet || noPages[r.Path] != "" {
			continue
		}
		if cmd, ok := strings.CutPrefix(r.Path, "/referrals/:id/"); ok && slices.Contains(onePress, cmd) {
			continue
		}
		page := regexp.MustCompile("^" + parameterOf.ReplaceAllString(r.Path, `[0-9A-Za-z_-]{12,}`) + `(\?|$)`)
		if !slices.ContainsFunc(addresses, page.MatchString) {
			out = append(out, r.Path)
		}
	}
	return out
}

// TestThePageWalkSeesAMissingPage takes one address out and adds a page that nobody
// visits.
func TestThePageWalkSeesAMissingPage(t *testing.T) {
	t.Parallel()
	page := func(path string) web.Route { return web.Route{Method: http.MethodGet, Path: path} }
	routes := []web.Route{page("/people/new"), page("/people/:id"), page("/people/:id/edit"), page("/live"), page("/referrals/:id/accept"), {Method: http.MethodGet, Path: "/people", API: true}}
	id := ids.New[ids.Person]().String()
	if got := unvisited(routes, []string{"/people/new", "/people/" + id + "?x=1"}); !slices.Equal(got, []string{"/people/:id/edit"}) {
		t.Errorf("unvisited: %v", got)
	}
	if got := unvisited(routes, []string{"/people/new", "/people/" + id + "/edit"}); !slices.Equal(got, []string{"/people/:id"}) {
		t.Errorf("a form stands for its record: %v", got)
	}
}

// forms are the pages that need something to be there first: every command at a
// referral in a state that knows it, a document, a consent, a printed code; and the
// one-time link of an account of the hospital.
func (w *world) forms() (pages map[string][]string, link string) {
	w.t.Helper()
	desk, hospital, head, admin := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("head@coordination.demo"), w.as("admin@hospital.demo")
	at := func(u user, box, state, command string) string {
		id := u.get("/referrals?limit=1&box=" + box + "&state=" + state).want(200).text("items.0.id")
		if id == "" {
			w.t.Fatalf("%s has no referral %s", u.email, state)
		}
		return "/referrals/" + id + "/" + command
	}
	pages = map[string][]string{}
	add := func(u user, list ...string) { pages[u.email] = append(pages[u.email], list...) }
	for command, state := range map[string]string{"ask": "sent", "decline": "sent", "redirect": "sent", "waitlist": "sent", "assign": "sent", "schedule": "accepted", "report": "scheduled", "complete": "scheduled",
		"hold": "in_progress", "fail": "scheduled"} {
		add(hospital, at(hospital, "in", state, command))
	}
	wanted := desk.sent(nil)
	hospital.do(wanted, "accept", nil).want(200)
	desk.do(wanted, "recall", map[string]any{"reason": "other_service"}).want(200)
	add(hospital, "/referrals/"+wanted+"/refuse-recall", "/referrals/"+wanted+"/confirm-recall")
	for command, state := range map[string]string{"answer": "info_requested", "confirm": "completed", "recall": "sent", "send": "draft", "sent": "sent", "edit": "draft"} {
		add(desk, at(desk, "out", state, command))
	}
	add(head, at(head, "out", "awaiting_approval", "return"), at(head, "out", "sent", "mark-error"))

	person := desk.person(nil)
	consent := desk.consent(person, "hospital")
	referral := desk.refer(person, nil).want(201).text("id")
	picture := desk.upload(referral, "medical", "ordinary", "dot.png", png).want(201).text("id")
	hospital.do(referral, "accept", nil).want(200)
	hospital.get("/referrals/" + referral).want(200)
	add(desk, "/people/"+person+"/edit", "/people/"+person+"/consents/"+consent+"/withdraw", "/referrals/"+referral+"/documents/"+picture+"/view")
	add(w.as("dpo@coordination.demo"), "/disclosures", "/disclosures?person="+person, "/disclosures/sheet?person="+person)

	doctor, _ := admin.userID("doctor@hospital.demo")
	printed := admin.post("/invitations", map[string]any{"email": "printed", "name": "Printed", "memberships": []map[string]any{{"role": "intake"}}, "delivery": "code"}).want(201).text("user.id")
	add(admin, "/users/"+printed+"/code", roleOf.FindString(string(admin.page("/users/"+doctor).want(200).Raw)))
	ctx := db.As(w.t.Context(), w.tenantID("hospital"))
	u, err := w.accounts.ByEmail(ctx, "doctor@hospital.demo")
	if err != nil {
		w.t.Fatal(err)
	}
	if link, err = w.accounts.Link(ctx, u.ID); err != nil {
		w.t.Fatal(err)
	}
	return pages, "/link/" + link
}
