package main

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"shubbak/modules/accounts"
	"shubbak/platform/db"
	"shubbak/tenants"
)

// visitor is a browser without script: it keeps cookies and posts the forms that it
// was shown.
type visitor struct {
	w       *world
	cookies map[string]string
	last    answer
	at      string // the path of the last page
}

func (w *world) visitor() *visitor { return &visitor{w: w, cookies: map[string]string{}} }

func (v *visitor) send(method, path, body string) answer {
	v.w.t.Helper()
	req, err := http.NewRequest(method, v.w.url+path, strings.NewReader(body))
	if err != nil {
		v.w.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "fr")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := client.Do(req)
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		v.w.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.Value == "" || c.MaxAge < 0 || c.Expires.Unix() == 1 {
			delete(v.cookies, c.Name)
			continue
		}
		v.cookies[c.Name] = c.Value
	}
	v.last, v.at = answer{t: v.w.t, Status: res.StatusCode, Header: res.Header, Raw: raw}, path
	return v.last
}

// get opens a page and follows where it leads.
func (v *visitor) get(path string) answer {
	v.w.t.Helper()
	a := v.send(http.MethodGet, path, "")
	for range 5 {
		if a.Status != http.StatusSeeOther {
			return a
		}
		a = v.send(http.MethodGet, a.Header.Get("Location"), "")
	}
	v.w.t.Fatal("led on for ever")
	return a
}

// fetch is what the page's own script asks for: the page stays.
func (v *visitor) fetch(path string) answer {
	v.w.t.Helper()
	last, at := v.last, v.at
	a := v.send(http.MethodGet, path, "")
	v.last, v.at = last, at
	return a
}

var (
	inputs     = regexp.MustCompile(`<input [^>]*>`)
	attributes = regexp.MustCompile(`([a-z]+)(?:="([^"]*)")?`)
)

// filled are the values that a form holds as it was shown.
func filled(form string) url.Values {
	values := url.Values{}
	for _, tag := range inputs.FindAllString(form, -1) {
		a := map[string]string{}
		checked := false
		for _, m := range attributes.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = unescape(m[2])
			checked = checked || m[0] == "checked"
		}
		if (a["type"] == "radio" || a["type"] == "checkbox") && !checked {
			continue
		}
		values.Add(a["name"], a["value"])
	}
	return values
}

// post fills in the form of the last page that goes to action, and follows.
func (v *visitor) post(action string, fields map[string]string) answer {
	v.w.t.Helper()
	_, form, ok := strings.Cut(string(v.last.Raw), `action="`+action+`"`)
	if !ok {
		v.w.t.Fatalf("%s has no form for %s: %s", withoutIDs(v.at), withoutIDs(action), shorten(v.last.Raw))
	}
	form, _, _ = strings.Cut(form, "</form>")
	values := filled(form)
	for k, s := range fields {
		values.Set(k, s)
	}
	a := v.send(http.MethodPost, action, values.Encode())
	if a.Status == http.StatusSeeOther {
		return v.get(a.Header.Get("Location"))
	}
	return a
}

func unescape(s string) string {
	return strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(s)
}

func (v *visitor) signIn(email, password string) answer {
	v.w.t.Helper()
	base := "/t/" + tenantOf(email)
	v.get(base + "/sign-in").want(200)
	return v.post(base+"/sign-in", map[string]string{"email": email, "password": password})
}

func (v *visitor) shows(words ...string) *visitor {
	v.w.t.Helper()
	text := unescape(string(v.last.Raw))
	for _, s := range words {
		if !strings.Contains(text, s) {
			v.w.t.Errorf("%s (%d) does not show %q", withoutIDs(v.at), v.last.Status, s)
		}
	}
	return v
}

// mailTo is the last mail to an address, its subject and text decoded.
func (w *world) mailTo(address string) string {
	w.t.Helper()
	w.settled()
	last := ""
	for _, m := range w.mails() {
		if head, _, _ := strings.Cut(string(m), "\r\n\r\n"); strings.Contains(head, "<"+address+">") {
			last = string(decoded(m))
			if subject := regexp.MustCompile(`Subject: (.*(?:\r\n .*)*)`).FindStringSubmatch(head); subject != nil {
				if s, err := new(mime.WordDecoder).DecodeHeader(subject[1]); err == nil {
					last = s + "\n" + last
				}
			}
		}
	}
	if last == "" {
		w.t.Fatal("no mail came")
	}
	return last
}

var neutralAddress = regexp.MustCompile(`/n/[0-9A-Za-z_-]+`)

// TestTheFirstAdministratorInvitesAColleague begins with an institution without
// anybody, as the operator's shell leaves it, and goes on by the pages alone.
func TestTheFirstAdministratorInvitesAColleague(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		fresh, err := w.registry.Add(t.Context(), w.vault, tenants.Tenant{Slug: "clinic", Kind: "hospital", NameAr: "مصحة", NameFr: "Clinique", NameEn: "Clinic"})
		if err != nil {
			t.Fatal(err)
		}
		ctx := db.As(t.Context(), fresh.ID.String())
		id, err := w.accounts.AddUser(ctx, accounts.NewUser{Email: "first@clinic.demo", NameLatin: "Premier", Roles: []string{"admin"}})
		if err != nil {
			t.Fatal(err)
		}
		code, err := w.accounts.Link(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		admin := w.visitor()
		admin.get("/t/clinic/link/" + code).want(200)
		admin.post("/t/clinic/link/"+code, map[string]string{"password": "the first password"}).want(200)
		admin.get("/t/clinic/users").want(200)
		admin.shows("Premier")

		// A colleague with a mailbox.
		admin.get("/t/clinic/users/invite").want(200)
		admin.post("/t/clinic/users/invite", map[string]string{"name": "Nour Test", "email": "nour@clinic.demo", "delivery": "mail", "language": "fr"}).want(422)
		admin.shows("Choisissez au moins un rôle", "Nour Test")
		admin.post("/t/clinic/users/invite", map[string]string{"name": "Nour Test", "email": "nour@clinic.demo", "roles": "intake", "delivery": "mail", "language": "fr"}).want(200)
		admin.shows("Nour Test", "Invitation en attente", "invitation envoyée")
		letter := w.mailTo("nour@clinic.demo")
		for _, s := range []string{"Nour", "Clinique", "/t/", "clinic/"} {
			if strings.Contains(letter, s) {
				t.Errorf("the mail holds %q", s)
			}
		}
		address := neutralAddress.FindString(letter)

		stranger := w.visitor()
		stranger.get(address).want(200)
		link := stranger.at
		stranger.post(link, map[string]string{"email": "else@clinic.demo", "password": "a good password"}).want(422)
		stranger.shows("destinée à une autre personne")

		colleague := w.visitor()
		colleague.get(address).want(200)
		colleague.shows("Bienvenue sur le portail")
		colleague.post(link, map[string]string{"email": "nour@clinic.demo", "password": "short"}).want(422)
		colleague.post(link, map[string]string{"email": "nour@clinic.demo", "password": "a good password"}).want(200)
		if colleague.at != "/t/clinic/home" && !strings.Contains(colleague.at, "/t/clinic/referrals") {
			t.Errorf("the colleague stands at %s", colleague.at)
		}
		stranger.get(link).want(404)
		stranger.shows("a déjà servi")
		colleague.get("/t/clinic/users").want(403)

		// One without a mailbox, by a printed code.
		admin.get("/t/clinic/users/invite").want(200)
		admin.post("/t/clinic/users/invite", map[string]string{"name": "Sans Courrier", "email": "s.courrier", "roles": "intake", "delivery": "code", "language": "fr"}).want(200)
		printed := regexp.MustCompile(`[A-Z2-9]{4} [A-Z2-9]{4} [A-Z2-9]{4}`).FindString(string(admin.last.Raw))
		if printed == "" {
			t.Fatalf("no code on %s", withoutIDs(admin.at))
		}
		other := w.visitor()
		other.get("/t/clinic/code").want(200)
		other.post("/t/clinic/code", map[string]string{"email": "s.courrier", "code": "AAAA AAAA AAAA", "password": "a good password"}).want(401)
		other.post("/t/clinic/code", map[string]string{"email": "s.courrier", "code": strings.ToLower(printed), "password": "a good password"}).want(200)
		if err := ctx.Err(); err != nil {
			t.Error(err)
		}
	})
}

// userID finds an account by its address.
func (u user) userID(email string) (id string, version any) {
	u.w.t.Helper()
	for _, x := range u.get("/users?limit=200").want(200).at("items").([]any) {
		if a := x.(map[string]any); a["email"] == email {
			return a["id"].(string), a["version"]
		}
	}
	u.w.t.Fatal("no such account")
	return "", nil
}

// TestAStaffMemberLeaves ends an account on each side of referrals: sessions die at
// that request, and what the person held goes to the unit in the same step.
func TestAStaffMemberLeaves(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, intake := w.as("worker2@coordination.demo"), w.as("intake@hospital.demo")
		held, kept := desk.sent(nil), w.as("worker@coordination.demo").sent(nil)
		draft := desk.refer(desk.person(nil), map[string]any{"send": false}).want(201).text("id")
		doctor := w.as("doctor@hospital.demo")
		me := doctor.get("/me").want(200).text("user.id")
		for _, id := range []string{held, kept} {
			intake.do(id, "accept", map[string]any{"user_id": me}).want(200)
		}
		w.settled()

		// The sending side.
		admin := w.as("admin@coordination.demo")
		id, version := admin.userID("worker2@coordination.demo")
		before := admin.get("/users/" + id).want(200)
		if s := fmt.Sprint(before.at("holds")); !strings.Contains(s, held) || !strings.Contains(s, draft) || strings.Contains(s, kept) {
			t.Error("what the worker holds is not listed")
		}
		admin.get("/referrals/"+held).code(403, "forbidden")
		ended := admin.api("PATCH", "/users/"+id, map[string]any{"version": version, "ended": true}).want(200)
		if ended.text("state") != "ended" {
			t.Error(ended.text("state"))
		}
		desk.get("/me").code(401, "unauthenticated")
		seen := w.as("worker@coordination.demo").get("/referrals/" + held).want(200)
		if seen.at("from.unit") == nil {
			t.Error("no unit answers for it")
		}
		// Its news goes to the unit from now on.
		intake.do(held, "start", nil).want(200)
		intake.do(held, "complete", map[string]any{"outcome": "consultation"}).want(200)
		w.settled()
		if owner := w.as("worker@coordination.demo").get("/referrals/" + held).want(200); owner.at("owner.user") != nil || owner.at("owner.unit") == nil {
			t.Errorf("the owner is %v", owner.at("owner"))
		}
		told := false
		for _, n := range w.as("worker@coordination.demo").get("/notifications?unread=1&limit=200").want(200).at("items").([]any) {
			m := n.(map[string]any)
			told = told || m["event"] == "referral.completed" && fmt.Sprint(m["subject"].(map[string]any)["id"]) == held
		}
		if !told {
			t.Error("nobody of the unit was told")
		}

		// The receiving side, by the pages.
		v := w.visitor()
		v.signIn("admin@hospital.demo", w.password).want(200)
		doctorID, _ := w.as("admin@hospital.demo").userID("doctor@hospital.demo")
		number := intake.get("/referrals/" + kept).want(200).text("number")
		v.get("/t/hospital/users/" + doctorID + "/end").want(200)
		v.shows(number, "Orientation affectée à cette personne")
		v.post("/t/hospital/users/"+doctorID+"/end", nil).want(200)
		v.shows("Compte terminé")
		doctor.get("/me").code(401, "unauthenticated")
		after := intake.get("/referrals/" + kept).want(200)
		if after.at("owner.user") != nil || after.at("owner.unit") == nil {
			t.Errorf("the owner is %v", after.at("owner"))
		}
		events := intake.get("/referrals/" + kept + "/events").want(200).at("items").([]any)
		if last := events[len(events)-1].(map[string]any); last["event"] != "assigned" {
			t.Errorf("the history ends with %v", last["event"])
		}
		w.as("admin@hospital.demo").post("/users/"+doctorID+"/link", map[string]any{"delivery": "code"}).code(409, "illegal_transition")
	})
}

// TestTheLastAdministratorAndTheirPages says on the page itself what stands in the
// way, and what a colleague did meanwhile.
func TestTheLastAdministratorAndTheirPages(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.visitor()
		v.signIn("admin@chamber.demo", w.password).want(200)
		api := w.as("admin@chamber.demo")
		own, _ := api.userID("admin@chamber.demo")
		v.get("/t/chamber/users/" + own + "/end").want(200)
		v.post("/t/chamber/users/"+own+"/end", nil).want(409)
		v.shows("dernier compte qui administre")

		id, version := api.userID("trainer@chamber.demo")
		page := "/t/chamber/users/" + id
		v.get(page + "/edit").want(200)
		api.api("PATCH", "/users/"+id, map[string]any{"version": version, "name": "Nom du premier"}).want(200)
		v.post(page+"/edit", map[string]string{"name": "Nom du second"}).want(409)
		v.shows("Ce compte a été modifié entre-temps", "Nom du premier", "Nom du second", "Hassan El Yaacoubi")
		v.post(page+"/edit", map[string]string{"name": "Nom du second"}).want(200)
		v.shows("Nom du second")

		v.get(page).want(200)
		v.post(page+"/roles", map[string]string{"roles": "auditor"}).want(200)
		v.shows("Auditeur(trice)")
		v.get("/t/chamber/users/" + own).want(200)
		v.post("/t/chamber/users/"+own+"/roles", map[string]string{"roles": "dpo"}).want(403)
		v.shows("Vous ne pouvez pas vous confier à vous-même")
		api.api("PATCH", "/users/"+id, map[string]any{"version": version, "name": "x"}).code(409, "version_conflict")
		api.post("/invitations", map[string]any{"email": "x", "memberships": []any{}}).code(422, "invalid")
		made := api.post("/users", map[string]any{"email": "new@chamber.demo", "name": "New", "memberships": []map[string]any{{"role": "intake", "until": "2099-12-31"}}}).want(201)
		if made.text("state") != "invited" || made.text("memberships.0.until") != "2099-12-31" {
			t.Error(shorten(made.Raw))
		}
		for page := api.get("/users?limit=1").want(200); ; page = api.get("/users?limit=1&after=" + page.text("next")).want(200) {
			if page.at("next") == nil {
				break
			}
		}
		api.get("/users?state=nonsense").code(400, "unreadable")

		// A repeated call invites nobody twice, and does not say the code again.
		again := map[string]any{"email": "twice", "name": "Twice", "memberships": []map[string]any{{"role": "intake"}}, "delivery": "code"}
		key := map[string]string{"Idempotency-Key": "invite-twice"}
		first := w.call("POST", "/t/chamber/api/v1/invitations", api.token, again, key).want(201)
		second := w.call("POST", "/t/chamber/api/v1/invitations", api.token, again, key).want(201)
		if first.text("code") == "" || second.at("code") != nil || second.text("delivery") != "code" || second.text("user.id") != first.text("user.id") {
			t.Errorf("repeated: %s", second.Header.Get("Idempotency-Replayed"))
		}
	})
}
