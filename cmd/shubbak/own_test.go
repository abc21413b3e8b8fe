package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// TestASharedComputer leaves a page alone, without script: the next request asks for
// the password, keeps what was typed and gives it back to its owner.
func TestASharedComputer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.visitor()
		v.signIn("reception@coordination.demo", w.password).want(200)
		const form = "/t/coordination/people/new"
		v.get(form).want(200)
		w.clock.Shift(20 * time.Minute)
		typed := map[string]string{"given_name": "Zarqawiya", "family_name": "Test", "sex": "female", "birth_precision": "unknown", "commune": "02.411.01.23"}
		action := regexp.MustCompile(`<form[^>]* action="(/t/coordination/people[^"]*)"`).FindStringSubmatch(string(v.last.Raw))[1]
		locked := v.post(action, typed).want(401)
		v.shows("Page verrouillée", "Votre saisie est conservée", "Hicham Bouazza")
		if strings.Contains(string(locked.Raw), "Zarqawiya") {
			t.Error("the locked page holds what was typed")
		}
		if locked.Header.Get("Cache-Control") != "no-store" {
			t.Error("a locked page may be kept")
		}
		v.post("/t/coordination/unlock", map[string]string{"password": "wrong"}).want(401)
		v.post("/t/coordination/unlock", map[string]string{"password": w.password}).want(200)
		v.shows("Votre saisie d’avant le verrouillage", "Zarqawiya")
		v.post(action, nil).want(200)
		v.shows("Zarqawiya")

		// A page that was only looked at leads back to itself.
		w.clock.Shift(40 * time.Minute)
		v.get("/t/coordination/services?q=x").want(401)
		v.shows("Page verrouillée")
		v.post("/t/coordination/unlock", map[string]string{"password": w.password}).want(200)
		if v.at != "/t/coordination/services?q=x" {
			t.Errorf("it leads to %s", v.at)
		}

		// The API has no way around with the cookie's token.
		token := v.cookies["shubbak_session"]
		w.call("GET", "/t/coordination/api/v1/me", token, nil, nil).want(200)
		v.post("/t/coordination/lock", nil).want(401)
		w.call("GET", "/t/coordination/api/v1/me", token, nil, nil).code(401, "unauthenticated")

		// Somebody else takes the chair in two presses, and comes to the same page.
		v.post("/t/coordination/sign-out", nil).want(200)
		if !strings.HasPrefix(v.at, "/t/coordination/sign-in?next=") {
			t.Errorf("the second press leads to %s", v.at)
		}
		v.post("/t/coordination/sign-in", map[string]string{"email": "worker@coordination.demo", "password": w.password}).want(200)
		v.shows("Khadija El Amrani")
		w.call("GET", "/t/coordination/api/v1/me", token, nil, nil).code(401, "unauthenticated")
	})
}

// TestAnOpenPageIsNobody leaves a page open that follows what happens: neither its
// stream nor what it fetches keeps the session in use.
func TestAnOpenPageIsNobody(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.visitor()
		v.signIn("reception@coordination.demo", w.password).want(200)
		reader := user{w: w, tenant: "coordination", token: v.cookies["shubbak_session"]}
		f := reader.follow("?watch=page", "", true)
		f.want("look")
		for i := range time.Duration(4) {
			w.clock.Shift((i + 1) * 4 * time.Minute)
			v.fetch("/t/coordination/live?path=/home&now=2026-01-01T00:00:00Z&watch=&version=0&open=&count=0")
		}
		v.get("/t/coordination/home").want(401)
		v.shows("Page verrouillée")
		if got := v.fetch("/t/coordination/live?path=/home&now=2026-01-01T00:00:00Z&watch=&version=0&open=&count=0"); got.Status != 401 || len(got.Raw) > 0 {
			t.Errorf("a locked page is told %d, %d bytes", got.Status, len(got.Raw))
		}
		w.as("worker@coordination.demo").sent(nil)
		f.waitEnd()

		// Somebody who is there says so.
		v.post("/t/coordination/unlock", map[string]string{"password": w.password}).want(200)
		for i := range time.Duration(4) {
			w.clock.Shift((i + 5) * 4 * time.Minute)
			v.fetch("/t/coordination/seen")
		}
		v.get("/t/coordination/home").want(200)
	})
}

func TestAForgottenPasswordTellsNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		body := func(email string) string {
			v := w.visitor()
			v.get("/t/chamber/forgotten").want(200)
			a := v.post("/t/chamber/forgotten", map[string]string{"email": email}).want(200)
			return regexp.MustCompile(`name="_csrf" value="[^"]*"`).ReplaceAllString(string(a.Raw), "")
		}
		if body("trainer@chamber.demo") != body("nobody@chamber.demo") {
			t.Error("the answers differ")
		}
		trainer := w.as("trainer@chamber.demo")
		address := neutralAddress.FindString(w.mailTo("trainer@chamber.demo"))
		for _, m := range w.mails() {
			if head, _, _ := strings.Cut(string(m), "\r\n\r\n"); strings.Contains(head, "nobody@") {
				t.Error("a mail went to nobody")
			}
		}
		v := w.visitor()
		v.get(address).want(200)
		v.post(v.at, map[string]string{"password": "another password"}).want(200)
		trainer.get("/me").code(401, "unauthenticated")
		v.get(address).want(404)
		v.shows("a déjà servi")
		again := w.visitor()
		again.signIn("trainer@chamber.demo", w.password).want(401)
		again.signIn("trainer@chamber.demo", "another password").want(200)
	})
}

func TestTheInstitutionRequiresASecondFactor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin := w.as("admin@faculty.demo")
		settings := admin.get("/tenant").want(200)
		program := w.as("tutor@faculty.demo")
		v := w.visitor()
		v.signIn("tutor@faculty.demo", w.password).want(200)
		admin.api("PATCH", "/tenant", map[string]any{"version": settings.at("version"), "limits": map[string]any{"second_factor": true}}).want(200)

		program.get("/me").code(401, "code_required")
		v.get("/t/faculty/notifications").want(200)
		v.shows("Votre établissement demande un second facteur")
		v.post("/t/faculty/account/second-factor/start", nil).want(200)
		secret := regexp.MustCompile(`<bdi dir="ltr">([A-Z2-7 ]{20,})</bdi>`).FindStringSubmatch(string(v.last.Raw))
		if secret == nil || !strings.Contains(string(v.last.Raw), `<svg xmlns="http://www.w3.org/2000/svg" class="qr"`) {
			t.Fatal("neither drawing nor key")
		}
		code := func() string {
			c, err := totp.GenerateCode(strings.ReplaceAll(secret[1], " ", ""), w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		v.post("/t/faculty/account/second-factor/confirm", map[string]string{"code": "000000"}).want(401)
		v.post("/t/faculty/account/second-factor/confirm", map[string]string{"code": code()}).want(200)
		v.shows("Codes de secours")
		recovery := regexp.MustCompile(`[A-Z2-9]{4} [A-Z2-9]{4} [A-Z2-9]{4}`).FindString(string(v.last.Raw))
		v.get("/t/faculty/notifications").want(200)

		w.clock.Shift(time.Minute)
		api := func(body map[string]any) answer {
			body["email"], body["password"] = "tutor@faculty.demo", w.password
			return w.call("POST", "/t/faculty/api/v1/session", "", body, nil)
		}
		api(map[string]any{}).code(401, "code_required")
		used := code()
		api(map[string]any{"code": used}).want(201)
		api(map[string]any{"code": used}).code(401, "invalid_credentials")
		api(map[string]any{"code": recovery}).want(201)
		api(map[string]any{"code": recovery}).code(401, "invalid_credentials")

		w.clock.Shift(2 * time.Minute)
		other := w.visitor()
		other.signIn("tutor@faculty.demo", w.password).want(401)
		other.shows("Code de vérification")
		if strings.Contains(string(other.last.Raw), `type="password"`) {
			t.Error("the password is asked again")
		}
		other.post("/t/faculty/sign-in", map[string]string{"code": code()}).want(200)
		other.get("/t/faculty/account").want(200)
	})
}

func TestTheInstitutionsSettings(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin := w.as("admin@hospital.demo")
		before := admin.get("/tenant").want(200)
		version := before.at("version")
		patch := func(body map[string]any) answer {
			body["version"] = version
			return admin.api("PATCH", "/tenant", body)
		}
		for field, body := range map[string]map[string]any{
			"accent":              {"accent": "#ffee00"},
			"mark":                {"mark": "nonsense"},
			"languages":           {"languages": []string{"de"}},
			"locale":              {"languages": []string{"fr"}, "locale": "ar"},
			"name.fr":             {"name": map[string]any{"fr": " "}},
			"authorisation":       {"authorisation": "<script>"},
			"limits.file_size":    {"limits": map[string]any{"file_size": 10}},
			"limits.idle_minutes": {"limits": map[string]any{"idle_minutes": 0}},
			"notice.fr":           {"notice": map[string]any{"fr": strings.Repeat("a", 4001)}},
		} {
			refused := patch(body).code(422, "invalid")
			if refused.text("errors.0.field") != field {
				t.Errorf("%s: %s", field, refused.text("errors.0.field"))
			}
			if field == "accent" && refused.text("errors.0.code") != "no_contrast" {
				t.Error("a colour without contrast is refused without saying so")
			}
		}
		w.as("intake@hospital.demo").get("/tenant").code(403, "forbidden")
		after := patch(map[string]any{"accent": "sea", "mark": "shield", "languages": []string{"fr", "ar"}, "notice": map[string]any{"fr": "Vos données"}, "authorisation": "A-W-1/2026"}).want(200)
		if after.text("accent") != "sea" || after.text("notice.fr") != "Vos données" || after.text("name.ar") != before.text("name.ar") || after.text("authorisation") != "A-W-1/2026" {
			t.Error(shorten(after.Raw))
		}
		patch(map[string]any{"accent": "olive"}).code(409, "version_conflict")

		// The notice is read to the person where they are registered.
		page := w.call("GET", "/t/hospital/people/new", w.as("intake@hospital.demo").token, nil, map[string]string{"Accept-Language": "fr"}).want(200)
		if s := string(page.Raw); !strings.Contains(s, "Vos données") || !strings.Contains(s, "A-W-1/2026") {
			t.Error("the form of a person does not show the institution's notice")
		}
		v := w.visitor()
		v.get("/t/hospital/sign-in").want(200)
		v.shows(`data-brand="sea"`)
		if strings.Contains(string(v.last.Raw), "English") {
			t.Error("a language that is not offered is offered")
		}
		v.signIn("admin@hospital.demo", w.password).want(200)
		v.get("/t/hospital/settings").want(200)
		v.get("/t/hospital/settings/limits").want(200)
		version = admin.get("/tenant").want(200).at("version")
		patch(map[string]any{"authorisation": nil}).want(200)
		v.post("/t/hospital/settings/limits", map[string]string{"idle_minutes": "30"}).want(409)
		v.shows("Les paramètres ont été modifiés entre-temps", `value="30"`)
		v.post("/t/hospital/settings/limits", map[string]string{"idle_minutes": "1"}).want(422)
		v.shows("De 2 à 120 minutes")
		v.post("/t/hospital/settings/limits", map[string]string{"idle_minutes": "30"}).want(200)
		now := admin.get("/tenant").want(200)
		if now.text("limits.idle_minutes") != "30" || now.at("authorisation") != nil {
			t.Error(shorten(now.Raw))
		}
	})
}

func TestOwnSessionsAndPreferences(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		program := w.as("worker2@coordination.demo")
		v := w.visitor()
		v.signIn("worker2@coordination.demo", w.password).want(200)
		v.get("/t/coordination/account").want(200)
		v.shows("Un programme", "Cette session")
		v.post("/t/coordination/account/sessions/end", nil).want(200)
		v.shows("Session fermée")
		program.get("/me").code(401, "unauthenticated")

		program = w.as("head@coordination.demo")
		if p := program.get("/preferences").want(200); p.text("single_keys") != "true" {
			t.Error(shorten(p.Raw))
		}
		program.api("PUT", "/preferences", map[string]any{"language": "fr", "single_keys": false, "mail_notices": false}).want(200)
		program.api("PUT", "/preferences", map[string]any{"language": "de", "single_keys": false, "mail_notices": false}).code(422, "invalid")
		program.api("PUT", "/preferences", map[string]any{"language": "fr"}).code(422, "invalid")
		page := w.call(http.MethodGet, "/t/coordination/home", program.token, nil, nil).want(200)
		if !strings.Contains(string(page.Raw), `data-keys="off"`) || !strings.Contains(string(page.Raw), `lang="fr"`) {
			t.Error("the page knows nothing of the preferences")
		}

		v = w.visitor()
		v.signIn("reception@coordination.demo", w.password).want(200)
		token := w.as("reception@coordination.demo")
		v.get("/t/coordination/account/password").want(200)
		v.post("/t/coordination/account/password", map[string]string{"old_password": "wrong", "password": "a new password"}).want(422)
		v.shows("Le mot de passe actuel est incorrect")
		v.post("/t/coordination/account/password", map[string]string{"old_password": w.password, "password": "a new password"}).want(200)
		v.shows("Mot de passe changé")
		token.get("/me").code(401, "unauthenticated")
	})
}
