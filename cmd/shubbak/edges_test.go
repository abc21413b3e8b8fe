package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// A question that its service drops takes its answer out of the drafts that hold it:
// they are still edited, and sent without it.
func TestAQuestionIsDroppedUnderADraft(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@hospital.demo")
		person := desk.person(nil)
		desk.consent(person, "hospital")
		service := desk.service("hospital", "psychiatric")
		draft := func() string {
			return desk.refer(person, map[string]any{"send": false, "triage": map[string]string{"followed": "no", "companion": "yes"}}).want(201).text("id")
		}
		edited, sent := draft(), draft()
		seen := desk.get("/services?all=1&limit=200&need=psychiatric").want(200)
		var version any
		var kept []any
		for _, x := range seen.at("items").([]any) {
			if m := x.(map[string]any); m["id"] == service {
				version = m["version"]
				for _, q := range m["triage"].([]any) {
					if q.(map[string]any)["code"] != "followed" {
						kept = append(kept, q)
					}
				}
			}
		}
		admin.api("PATCH", "/services/"+service, map[string]any{"version": version, "triage": kept}).want(200)

		change := func(id string, body map[string]any) answer {
			body["version"] = desk.get("/referrals/" + id).want(200).at("version")
			return desk.api("PATCH", "/referrals/"+id, body)
		}
		after := change(edited, map[string]any{"reason": "Autres mots"}).want(200)
		if after.at("card.triage.followed") != nil || after.text("card.triage.companion") != "yes" {
			t.Errorf("the edited draft holds %v", after.at("card.triage"))
		}
		change(edited, map[string]any{"triage": map[string]string{"followed": "no"}}).code(422, "invalid")
		page := string(desk.page("/referrals/" + edited + "/edit").want(200).Raw)
		if strings.Contains(page, `name="triage_followed"`) || !strings.Contains(page, `name="triage_companion"`) {
			t.Error("the draft's page asks what the service no longer asks")
		}
		desk.do(sent, "send", nil).want(200)
		card := w.as("intake@hospital.demo").get("/referrals/" + sent).want(200)
		if card.at("card.triage.followed") != nil || card.text("card.triage.companion") != "yes" {
			t.Errorf("the receiver's card holds %v", card.at("card.triage"))
		}
	})
}

// A slip that is scanned in another unit of the house that it leads to names nobody,
// like one that never existed.
func TestASlipIsScannedInAnotherUnit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, admin := w.as("worker@coordination.demo"), w.as("admin@hospital.demo")
		id := desk.sent(nil)
		code := codeOn(t, desk.page("/referrals/"+id+"/slip"))
		ward := admin.post("/units", map[string]any{"name": map[string]any{"ar": "جناح آخر", "fr": "Autre pavillon"}, "kind": "ward", "commune": "02.411.01.23"}).want(201).text("id")
		ctx := db.As(t.Context(), w.tenantID("hospital"))
		unit, err := ids.Parse[ids.Unit](ward)
		if err != nil {
			t.Fatal(err)
		}
		made, err := w.accounts.AddUser(ctx, accounts.NewUser{Email: "ward@hospital.demo", NameLatin: "Ward", Roles: []string{"intake"}, Units: []ids.ID[ids.Unit]{unit}})
		if err != nil {
			t.Fatal(err)
		}
		link, err := w.accounts.Link(ctx, made)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.accounts.UseLink(ctx, accounts.Proof{Code: link, Password: w.password}); err != nil {
			t.Fatal(err)
		}
		elsewhere := w.as("ward@hospital.demo")
		opened := w.count("select count(*) from disclosures where referral_id = ?", id)
		there, nowhere := elsewhere.page("/slips/"+code), elsewhere.page("/slips/2222-2222-2222")
		if there.Status != 404 || nowhere.Status != 404 {
			t.Fatalf("%d, and %d for a code that never existed", there.Status, nowhere.Status)
		}
		for _, s := range []string{id, "Test", desk.get("/referrals/" + id).text("number")} {
			if strings.Contains(string(there.Raw), s) {
				t.Errorf("the page of another unit's slip holds %q", s)
			}
		}
		if to := elsewhere.page("/referrals?q=" + code).Header.Get("Location"); strings.Contains(to, id) {
			t.Error("a code typed into the search leads another unit on")
		}
		if n := w.count("select count(*) from disclosures where referral_id = ?", id); n != opened {
			t.Error("a scan elsewhere is a disclosure")
		}
		w.as("intake@hospital.demo").page("/slips/" + code).want(303)
	})
}

// Whatever stands before an ordinary referral does not stand before a danger: each
// obstacle alone refuses the one and lets the other through.
func TestNothingStandsBeforeADanger(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		service := desk.service("hospital", "psychiatric")
		sid, err := ids.Parse[ids.Service](service)
		if err != nil {
			t.Fatal(err)
		}
		var states []agreements.State
		var list []ids.ID[ids.Agreement]
		for _, x := range desk.get("/agreements?limit=200").want(200).at("items").([]any) {
			m := x.(map[string]any)
			id, err := ids.Parse[ids.Agreement](m["id"].(string))
			if err != nil {
				t.Fatal(err)
			}
			list, states = append(list, id), append(states, agreements.State(m["state"].(string)))
		}
		all := func(state func(i int) agreements.State) {
			t.Helper()
			for i, id := range list {
				if err := w.agreements.SetState(db.As(t.Context(), w.tenantID("coordination")), id, state(i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		capacity := func(c directory.Capacity) {
			t.Helper()
			if err := w.directory.SetCapacity(db.As(t.Context(), w.tenantID("hospital")), sid, c); err != nil {
				t.Fatal(err)
			}
		}
		quota := func(query string) { // a place that nobody can take
			t.Helper()
			err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
				for _, id := range list {
					if _, err := db.Conn(ctx).NewRaw("update agreements set has_quotas = true where id = ?", id).Exec(ctx); err != nil {
						return err
					}
					if query == "" {
						if _, err := db.Conn(ctx).NewRaw("delete from agreement_quotas where agreement_id = ? and amount = 0", id).Exec(ctx); err != nil {
							return err
						}
						continue
					}
					if _, err := db.Conn(ctx).NewRaw(query, ids.New[ids.Agreement](), id, w.tenantID("coordination"), service).Exec(ctx); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for reason, obstacle := range map[string]struct{ set, lift func() }{
			"suspended": {func() { all(func(int) agreements.State { return agreements.Suspended }) }, func() { all(func(i int) agreements.State { return states[i] }) }},
			"quota_used": {func() {
				quota("insert into agreement_quotas (id, agreement_id, tenant_id, service_id, period, amount, hard) values (?, ?, ?, ?, 'month', 0, true)")
			}, func() { quota("") }},
			"no_capacity": {func() { capacity(directory.Capacity{Status: "no_capacity"}) }, func() { capacity(directory.Capacity{Status: "capacity", Available: 9, Maximum: 20}) }},
		} {
			obstacle.set()
			person := desk.person(map[string]any{"address": "Rue 7"})
			desk.consent(person, "hospital")
			if got := desk.post("/referrals", map[string]any{"person_id": person, "need": "psychiatric", "service_id": service, "priority": "emergency", "reason": "x", "send": true}).code(409, "not_permitted").text("reason"); got != reason {
				t.Errorf("an ordinary one is refused for %s, want %s", got, reason)
			}
			id := desk.danger(map[string]any{"service_id": service, "person_id": person}).want(201)
			if id.text("state") != "sent" {
				t.Errorf("%s stands before a danger: %s", reason, id.text("state"))
			}
			if hospital.get("/referrals/"+id.text("id")).want(200).text("identity.given_name") == "" {
				t.Errorf("%s: the called unit does not see who it is", reason)
			}
			obstacle.lift()
		}
	})
}

// slowly reads an answer over a line that is slow for a while, then whole.
func slowly(body io.Reader, during time.Duration, got func(b []byte)) error {
	b := make([]byte, 64<<10)
	for end := time.Now().Add(during); ; {
		piece := b
		if time.Now().Before(end) {
			// The line itself: 2 MB a second. The system tells the writer of room only once
			// a third of its buffer is free, so that a much slower one looks like none.
			time.Sleep(30 * time.Millisecond)
		}
		n, err := body.Read(piece)
		got(piece[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
