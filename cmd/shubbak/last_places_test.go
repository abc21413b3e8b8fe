package main

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"shubbak/modules/agreements"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// limited makes services of the hospital that one agreement covers, each with quotas,
// and gives the agreement and the services.
func (w *world) limited(quotas ...[]agreements.Quota) (agreement string, services []string) {
	w.t.Helper()
	admin := w.as("admin@hospital.demo")
	unit := admin.get("/units").want(200).text("items.0.id")
	var clauses []agreements.Quota
	for i, list := range quotas {
		id := admin.post("/services", map[string]any{"name": map[string]any{"ar": "معينات", "fr": "Aides " + strconv.Itoa(i)}, "needs": []string{"assistive"}, "eligibility": map[string]any{}, "triage": []any{}, "hours": []any{}, "discreet": false, "unit_id": unit}).want(201).text("id")
		services = append(services, id)
		service, err := ids.Parse[ids.Service](id)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, q := range list {
			q.ServiceID, q.Hard = service, true
			clauses = append(clauses, q)
		}
	}
	today := w.clock.Now().In(clock.Casablanca())
	desk, err1 := ids.Parse[ids.Tenant](w.tenantID("coordination"))
	hospital, err2 := ids.Parse[ids.Tenant](w.tenantID("hospital"))
	if err := errors.Join(err1, err2); err != nil {
		w.t.Fatal(err)
	}
	f, err := w.agreements.Plant(db.As(w.t.Context(), w.tenantID("coordination")), agreements.Full{
		Agreement: agreements.Agreement{Number: "900/2026", Kind: "specific", TitleAr: "اتفاقية", TitleFr: "Convention", State: agreements.InForce, Parties: []agreements.Party{{Tenant: "coordination"}, {Tenant: "hospital"}},
			EffectiveOn: today.AddDate(0, -1, 0).Format("2006-01-02"), EndsOn: today.AddDate(1, 0, 0).Format("2006-01-02"), Renewal: "express", NoticeDays: 30},
		Scopes: []agreements.Scope{{FromTenant: desk, ToTenant: hospital, Needs: []string{"assistive"}}},
		Quotas: clauses, Obligations: []agreements.Obligation{{Party: "hospital", Indicator: "answered_in_time", Period: "term", Mode: "computed", Target: 90, Title: agreements.Title{Ar: "الجواب", Fr: "Réponse"}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return f.ID.String(), services
}

// used is what is taken of each quota of an agreement, by service and period.
func (u user) used(agreement string) map[string]string {
	u.w.t.Helper()
	a, out := u.get("/agreements/"+agreement+"/follow").want(200), map[string]string{}
	for i := range a.at("quotas").([]any) {
		q := "quotas." + strconv.Itoa(i) + "."
		out[a.text(q+"service_id")+" "+a.text(q+"period")] = a.text(q + "used")
	}
	return out
}

// TestTheLastPlaces sends fifty referrals at once for the last ten places.
func TestTheLastPlaces(t *testing.T) {
	const asked, places, earlier = 50, 10, 3
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		// The first service has one quota. The second has two that end together, and a
		// third that does not.
		one := []agreements.Quota{{Period: "year", Limit: places + earlier}}
		half := []agreements.Quota{{Period: "year", Limit: places / 2}}
		both := []agreements.Quota{{Period: "week", Limit: places / 2}, {Period: "month", Limit: places}, {Period: "year", Limit: places / 2}}
		agreement, services := w.limited(one, half, both)
		body := func(person, service string) map[string]any {
			return map[string]any{"person_id": person, "need": "assistive", "service_id": service, "priority": "routine", "reason": "Demande un fauteuil", "send": true}
		}
		var people []string
		for range asked {
			p := desk.person(nil)
			desk.consent(p, "hospital", "identity")
			people = append(people, p)
		}
		for range earlier {
			p := desk.person(nil)
			desk.consent(p, "hospital", "identity")
			desk.post("/referrals", body(p, services[0])).want(201)
		}
		race := func(name string, of func(i int) string) (passed []string) {
			var mu sync.Mutex
			var all sync.WaitGroup
			refused, start := 0, make(chan struct{})
			for i, p := range people {
				all.Go(func() {
					<-start
					a, err := w.try("POST", "/t/coordination/api/v1/referrals", desk.token, body(p, of(i)), nil)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil && a.Status == 201 && a.text("state") == "sent":
						passed = append(passed, a.text("id"))
					case err == nil && a.Status == 409 && a.text("code") == "not_permitted" && a.text("reason") == "quota_used":
						refused++
					default:
						t.Errorf("%s: %d %v %s", name, a.Status, err, shorten(a.Raw))
					}
				})
			}
			close(start)
			all.Wait()
			if len(passed) != places || refused != asked-places {
				t.Errorf("%s: %d passed, %d were refused", name, len(passed), refused)
			}
			return passed
		}
		passed := race("one quota", func(int) string { return services[0] })
		race("half of them at two quotas", func(i int) string { return services[1+i%2] })
		used := desk.coordinator().used(agreement)
		for key, want := range map[string]int{services[0] + " year": places + earlier, services[1] + " year": places / 2, services[2] + " week": places / 2, services[2] + " month": places / 2, services[2] + " year": places / 2} {
			if used[key] != strconv.Itoa(want) {
				t.Errorf("of %s %s are used, want %d", key, used[key], want)
			}
		}

		// A decline and a recall at once: one of them ends it, one place comes back.
		if len(passed) == 0 {
			t.FailNow()
		}
		won, version := 0, hospital.version(passed[0])
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 4 {
			for u, command := range map[user]string{desk: "recall", hospital: "decline"} {
				all.Go(func() {
					words := map[string]any{"version": version, "reason": map[string]string{"recall": "need_met", "decline": "no_capacity"}[command]}
					if command == "decline" {
						words["by_whom"] = "provider"
					}
					a, err := w.try("POST", "/t/"+u.tenant+"/api/v1/referrals/"+passed[0]+"/"+command, u.token, words, nil)
					mu.Lock()
					defer mu.Unlock()
					if err == nil && a.Status == 200 {
						won++
					} else if err != nil || a.Status != 409 {
						t.Errorf("%s: %d %v %s", command, a.Status, err, shorten(a.Raw))
					}
				})
			}
		}
		all.Wait()
		if got := desk.coordinator().used(agreement)[services[0]+" year"]; won != 1 || got != strconv.Itoa(places+earlier-1) {
			t.Errorf("%d ended it, %s places are used", won, got)
		}
	})
}

func (u user) coordinator() user { return u.w.as("coordinator@" + u.tenant + ".demo") }
