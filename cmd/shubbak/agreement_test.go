package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
)

// draft is a body for a new agreement of the desk and the hospital; change makes
// another of it.
func (w *world) draft(change map[string]any) map[string]any {
	today := w.clock.Now().In(clock.Casablanca())
	out := map[string]any{"kind": "specific", "title": map[string]any{"ar": "اتفاقية", "fr": "Convention"}, "parties": []any{map[string]any{"tenant": "coordination"}, map[string]any{"tenant": "hospital"}},
		"object": "موضوع", "effective_on": today.Format(time.DateOnly), "ends_on": today.AddDate(1, 0, -1).Format(time.DateOnly), "renewal": "tacit", "notice_days": 60}
	for k, v := range change {
		out[k] = v
	}
	return out
}

// toSign is an agreement that both sides are asked to sign.
func (w *world) toSign() string {
	w.t.Helper()
	desk := w.as("coordinator@coordination.demo")
	id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
	for _, c := range []string{"submit", "negotiate", "approve", "open-signing"} {
		desk.agree(id, c, nil).want(200)
	}
	return id
}

// codeFor asks for a code and gives the body that signs with it.
func (u user) codeFor(agreement string) map[string]any {
	u.w.t.Helper()
	body := map[string]any{"party": u.tenant, "method": "one_time_code"}
	version := u.agree(agreement, "sign", body).want(200).at("version")
	return map[string]any{"party": u.tenant, "method": "one_time_code", "version": version, "code": u.w.signingCode(u.email)}
}

func TestBadAgreements(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		today := w.clock.Now().In(clock.Casablanca())
		day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
		standing := desk.get("/agreements?state=in_force").want(200).text("items.0.id")
		draft := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		signing := w.toSign()
		count := func() string {
			return strings.Join([]string{string(desk.get("/agreements/" + draft).Raw), string(desk.get("/agreements/" + signing).Raw), string(desk.get("/agreements/" + standing).Raw), desk.get("/agreements?limit=200").text("items")}, "\n")
		}
		before := count()
		for what, c := range map[string]struct {
			by, path string
			body     map[string]any
			status   int
			field    string
		}{
			"an end before the start":         {"coordinator@coordination.demo", "/agreements", w.draft(map[string]any{"ends_on": day(-1)}), 422, "ends_on"},
			"a notice longer than the term":   {"coordinator@coordination.demo", "/agreements", w.draft(map[string]any{"notice_days": 400}), 422, "notice_days"},
			"a party twice":                   {"coordinator@coordination.demo", "/agreements", w.draft(map[string]any{"parties": []any{map[string]any{"tenant": "hospital"}, map[string]any{"tenant": "hospital"}}}), 422, "parties[2]"},
			"a party that is nobody":          {"coordinator@coordination.demo", "/agreements", w.draft(map[string]any{"parties": []any{map[string]any{"tenant": "nowhere"}}}), 422, "parties[1].tenant"},
			"an impossible date":              {"coordinator@coordination.demo", "/agreements", w.draft(map[string]any{"effective_on": "2026-02-30"}), 422, "effective_on"},
			"an obligation without indicator": {"coordinator@coordination.demo", "/agreements/" + draft + "/obligations", map[string]any{"party": "hospital", "target": 90, "period": "year", "mode": "computed"}, 422, "indicator"},
			"an obligation without target":    {"coordinator@coordination.demo", "/agreements/" + draft + "/obligations", map[string]any{"party": "hospital", "indicator": "accepted", "period": "year", "mode": "computed"}, 422, "target"},
			"a scope of a stranger":           {"coordinator@coordination.demo", "/agreements/" + draft + "/scopes", map[string]any{"from": "coordination", "to": "chamber", "needs": []string{"psychiatric"}}, 422, "to"},
			"a stale signature":               {"director@hospital.demo", "/agreements/" + signing + "/sign", map[string]any{"version": 99, "party": "hospital", "method": "one_time_code"}, 409, ""},
			"a code that nobody asked for":    {"director@hospital.demo", "/agreements/" + signing + "/sign", map[string]any{"version": 1, "party": "hospital", "method": "one_time_code", "code": "12345678"}, 422, "code"},
			"a termination in the past":       {"coordinator@coordination.demo", "/agreements/" + standing + "/terminate", map[string]any{"version": 1, "reason": "x", "effective_on": day(-1)}, 422, "effective_on"},
			"a notice that is too short":      {"coordinator@coordination.demo", "/agreements/" + standing + "/terminate", map[string]any{"version": 1, "reason": "x", "effective_on": day(5), "cause": "notice"}, 422, "effective_on"},
		} {
			said := map[string]bool{}
			for _, lang := range []string{"ar", "fr", "en"} {
				u := w.as(c.by)
				a := w.call("POST", "/t/"+u.tenant+"/api/v1"+c.path, u.token, c.body, map[string]string{"Accept-Language": lang})
				if a.Status != c.status || c.field != "" && !strings.Contains(string(a.Raw), `"field":"`+c.field+`"`) {
					t.Errorf("%s: %d, want %d and %s: %s", what, a.Status, c.status, c.field, shorten(a.Raw))
				}
				sentence := a.text("detail") + a.text("errors.0.detail")
				if said[sentence] || strings.Contains(sentence, "fault.") {
					t.Errorf("%s: not in the reader's language: %s", what, sentence)
				}
				said[sentence] = true
			}
		}
		if after := count(); after != before {
			t.Error("a refusal changed something")
		}
	})
}

func TestContradictoryAnnexesAreBothNamed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		id := desk.post("/agreements", w.draft(nil)).want(201).text("id")
		desk.post("/agreements/"+id+"/scopes", map[string]any{"from": "coordination", "to": "hospital", "needs": []string{"psychiatric"}}).want(201)
		desk.post("/agreements/"+id+"/sharing", map[string]any{"from": "coordination", "to": "hospital", "slice": "identity", "categories": []string{"identity"}}).want(201)
		desk.agree(id, "submit", nil).want(200)
		desk.agree(id, "negotiate", nil).want(200)
		a := desk.agree(id, "approve", nil).code(422, "invalid")
		if len(a.at("agreements").([]any)) != 2 || !strings.Contains(a.text("detail"), a.text("agreements.0.number")) || !strings.Contains(a.text("detail"), a.text("agreements.1.number")) {
			t.Errorf("both are to be named: %s", shorten(a.Raw))
		}
		if s := desk.get("/agreements/" + id).text("state"); s != "negotiation" {
			t.Errorf("it went on to %s", s)
		}
	})
}

func TestAMandateThatHasEndedSignsNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		yesterday := w.clock.Now().In(clock.Casablanca()).AddDate(0, 0, -1).Format(time.DateOnly)
		id := w.toSign()
		signer := map[string]any{"name": map[string]any{"ar": "مدير", "fr": "Directeur"}, "capacity": map[string]any{"ar": "مدير", "fr": "Directeur"}, "email": "director@hospital.demo", "mandate_until": yesterday}
		desk.api("PATCH", "/agreements/"+id, map[string]any{"version": 1, "parties": []any{map[string]any{"tenant": "coordination"}, map[string]any{"tenant": "hospital", "signatories": []any{signer}}}}).want(200)
		a := w.as("director@hospital.demo").agree(id, "sign", map[string]any{"party": "hospital", "method": "one_time_code"}).code(422, "invalid")
		if a.text("errors.0.code") != "mandate_ended" {
			t.Errorf("%s", shorten(a.Raw))
		}
	})
}

// TestFiveWrongCodesAreTheLast counts a try also where an idempotency key undoes the
// call that made it.
func TestFiveWrongCodesAreTheLast(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id, director := w.toSign(), w.as("director@hospital.demo")
		right := director.codeFor(id)
		for i, key := range []string{"", "k1", "", "k2", ""} {
			wrong := map[string]any{"party": "hospital", "method": "one_time_code", "version": right["version"], "code": "1"}
			header := map[string]string{}
			if key != "" {
				header["Idempotency-Key"] = key
			}
			if a := w.call("POST", "/t/hospital/api/v1/agreements/"+id+"/sign", director.token, wrong, header); a.text("errors.0.code") != "code_wrong" {
				t.Fatalf("try %d: %s", i, shorten(a.Raw))
			}
		}
		if a := director.agree(id, "sign", right); a.text("errors.0.code") != "code_over" {
			t.Errorf("the right code after five wrong ones: %s", shorten(a.Raw))
		}
	})
}

func TestTwoSignAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.toSign()
		there, here := w.as("director@hospital.demo"), w.as("director@coordination.demo")
		bodies := map[user]map[string]any{there: there.codeFor(id), here: here.codeFor(id)}
		var wg sync.WaitGroup
		for u, body := range bodies {
			wg.Go(func() {
				if a, err := w.try("POST", "/t/"+u.tenant+"/api/v1/agreements/"+id+"/sign", u.token, body, nil); err != nil || a.Status != 200 {
					t.Errorf("%s: %d %v %s", u.tenant, a.Status, err, shorten(a.Raw))
				}
			})
		}
		wg.Wait()
		a := here.get("/agreements/" + id).want(200)
		if a.text("state") != "in_force" || len(a.at("signatures").([]any)) != 2 {
			t.Errorf("%s with %s", a.text("state"), a.text("signatures"))
		}
	})
}

// TestAnEditAgainstASignature: whoever comes second finds the other's version, and no
// signature stands under words that it does not name.
func TestAnEditAgainstASignature(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for range 5 {
			id := w.toSign()
			there, desk := w.as("director@hospital.demo"), w.as("coordinator@coordination.demo")
			body := there.codeFor(id)
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = w.try("POST", "/t/hospital/api/v1/agreements/"+id+"/sign", there.token, body, nil) })
			wg.Go(func() {
				if a, err := w.try("PATCH", "/t/coordination/api/v1/agreements/"+id, desk.token, map[string]any{"version": 1, "notice_days": 30}, nil); err != nil || a.Status != 200 {
					t.Errorf("the edit: %d %v", a.Status, err)
				}
			})
			wg.Wait()
			a := desk.get("/agreements/" + id).want(200)
			if a.text("state") != "signing" || a.text("version") != "2" || a.at("signatures") != nil {
				t.Errorf("%s, version %s, signatures %s", a.text("state"), a.text("version"), a.text("signatures"))
			}
		}
	})
}

// TestDaysComeOnce: what time does is done once, however often and by however many it
// is asked; an agreement of the future is in force by itself on its day.
func TestDaysComeOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		standing := desk.get("/agreements?state=in_force").want(200).text("items.0.id")
		ends, err := time.Parse(time.DateOnly, desk.get("/agreements/"+standing).text("ends_on"))
		if err != nil {
			t.Fatal(err)
		}
		desk.agree(standing, "object", map[string]any{"reason": "x"}).want(200)
		ctx := db.As(context.Background(), w.tenantID("coordination"))
		for _, days := range []int{90, 30, 7, 0} {
			w.clock.Set(ends.AddDate(0, 0, -days).Add(12 * time.Hour))
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := w.agreements.RunDays(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		w.clock.Set(ends.AddDate(0, 0, 1).Add(12 * time.Hour))
		if err := w.agreements.RunDays(ctx); err != nil {
			t.Fatal(err)
		}
		var got []string
		err = w.db.Read(ctx, func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select event || ' ' || days from agreement_events where agreement_id = ? and tenant_id = ? and event in ('objected', 'expiring', 'alert', 'expired', 'renewed') order by sequence", standing, db.Tenant(ctx)).Scan(ctx, &got)
		})
		if want := "objected 0, expiring 0, alert 90, alert 30, alert 7, alert 0, expired 0"; err != nil || strings.Join(got, ", ") != want {
			t.Errorf("%s, want %s (%v)", strings.Join(got, ", "), want, err)
		}
	})
}
