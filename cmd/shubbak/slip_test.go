package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"shubbak/platform/db"
)

// page reads a page with the bearer token.
func (u user) page(path string) answer {
	u.w.t.Helper()
	return u.w.call("GET", "/t/"+u.tenant+path, u.token, nil, nil)
}

var printedCode = regexp.MustCompile(`>([2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4})<`)

func codeOn(t *testing.T, a answer) string {
	t.Helper()
	m := printedCode.FindSubmatch(a.want(200).Raw)
	if m == nil {
		t.Fatal("no code on the slip")
	}
	return string(m[1])
}

// count asks the database for one number.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	err := w.db.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw(query, args...).Scan(ctx, &n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestTheSlip: who may print it, what stands on it, and where its code leads.
func TestTheSlip(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital, chamber := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("intake@chamber.demo")
		p := desk.person(map[string]any{"given_name": "Ghita", "family_name": "Mansouri" + letters("x9")})
		desk.consent(p, "hospital")
		id := desk.refer(p, nil).want(201).text("id")
		number := desk.get("/referrals/" + id).want(200).text("number")
		has := func(a answer, want bool, words ...string) {
			t.Helper()
			for _, x := range words {
				if strings.Contains(string(a.Raw), x) != want {
					t.Errorf("%q on the slip: %v, want %v", x, !want, want)
				}
			}
		}

		own := desk.page("/referrals/" + id + "/slip?lang=fr")
		code := codeOn(t, own)
		t.Run("a discreet service is not named", func(t *testing.T) {
			has(own, true, number, "Ghita", "Fiche d’orientation", "loi 09-08", `class="qr"`)
			has(own, false, "Hôpital", "hôpital", "psychiatri", "Psychiatri", "hospital", "Consultation")
		})
		t.Run("an ordinary one is", func(t *testing.T) {
			q := desk.person(nil)
			desk.consent(q, "chamber")
			body := map[string]any{"need": "apprenticeship", "service_id": desk.service("chamber", "apprenticeship")}
			other := desk.refer(q, body).want(201).text("id")
			has(desk.page("/referrals/"+other+"/slip?lang=ar"), true, "بطاقة التوجيه", "موجه(ة) إلى", "غرفة الصناعة التقليدية", `dir="rtl"`)
		})
		t.Run("every print carries the same code", func(t *testing.T) {
			if again := codeOn(t, desk.page("/referrals/"+id+"/slip")); again != code {
				t.Error("another code")
			}
		})
		t.Run("before acceptance the receiver's print names nobody", func(t *testing.T) {
			before := w.count("select count(*) from disclosures where referral_id = ?", id)
			has(hospital.page("/referrals/"+id+"/slip?lang=fr"), false, "Ghita", "Mansouri")
			if n := w.count("select count(*) from disclosures where referral_id = ?", id); n != before {
				t.Error("a print of the card is no disclosure")
			}
		})
		t.Run("afterwards it is a disclosure", func(t *testing.T) {
			hospital.do(id, "accept", nil).want(200)
			hospital.do(id, "schedule", map[string]any{"starts_at_local": w.clock.Now().AddDate(0, 0, 14).Format("2006-01-02T") + "10:10", "place": "12, rue des Orangers, 2e étage", "bring": "carte nationale، photo"}).want(200)
			has(hospital.page("/referrals/"+id+"/slip?lang=fr"), true, "Ghita", " à 10:10<", "rue des Orangers", "carte nationale", "photo")
			if n := w.count("select count(*) from disclosures where referral_id = ? and slice = 'identity'", id); n != 1 {
				t.Errorf("%d disclosures of the identity, want 1", n)
			}
			if n := w.count("select count(*) from audit_entries where object_id = ? and action = 'print'", id); n < 4 {
				t.Errorf("%d prints in the audit trail", n)
			}
		})
		t.Run("whoever is elsewhere gets nothing", func(t *testing.T) {
			chamber.page("/referrals/" + id + "/slip").want(404)
			chamber.page("/slips/" + code).want(404)
			chamber.page("/slips/nonsense").want(404)
			w.call("GET", "/t/hospital/slips/"+code, "", nil, nil).want(303)
		})
		t.Run("the code leads on at either portal, and to a sign-in elsewhere", func(t *testing.T) {
			scan := func(u user) answer {
				return w.call("GET", "/n/"+strings.ReplaceAll(code, "-", ""), "", nil, map[string]string{"Cookie": "shubbak_mail=" + u.token})
			}
			for _, u := range []user{hospital, desk} {
				to := scan(u).want(303).Header.Get("Location")
				if to != "/t/"+u.tenant+"/slips/"+strings.ReplaceAll(code, "-", "") {
					t.Errorf("%s is led to %s", u.email, to)
				}
				if to := u.page("/slips/" + code).want(303).Header.Get("Location"); to != "/t/"+u.tenant+"/referrals/"+id {
					t.Errorf("%s is led on to %s", u.email, to)
				}
			}
			stranger := scan(chamber).want(200)
			nobody := w.call("GET", "/n/"+strings.ToLower(code), "", nil, nil).want(200)
			for _, a := range []answer{stranger, nobody} {
				has(a, false, number, "Ghita", id, "hospital", "hôpital", "الأمراض")
			}
			if to := hospital.page("/referrals?q=" + strings.ToLower(code)).want(303).Header.Get("Location"); to != "/t/hospital/referrals/"+id {
				t.Error("a code typed into the search finds its referral, not", to)
			}
		})
		t.Run("there is none before the send and after the end", func(t *testing.T) {
			q := desk.person(nil)
			desk.page("/referrals/" + desk.refer(q, map[string]any{"send": false}).want(201).text("id") + "/slip").want(404)
			hospital.do(id, "start", nil).want(200)
			hospital.do(id, "complete", map[string]any{"outcome": "consultation"}).want(200)
			desk.page("/referrals/" + id + "/slip").want(404)
		})
	})
}
