package main

import (
	"fmt"
	"testing"
	"time"
)

func TestZZLook(t *testing.T) {
	s := worldSettings(t)["embedded"]
	w := newWorld(t, "embedded", s)
	desk := w.as("coordinator@coordination.demo")
	ag := w.agreementOf(desk, "hospital")
	items := desk.get("/agreements/" + ag + "/meetings").want(200)
	base := "/agreements/" + ag + "/meetings/"
	planned, closed := base+items.text("items.0.id"), base+items.text("items.1.id")
	p := desk.post("/agreements/"+ag+"/meetings", map[string]any{"kind": "follow_up", "starts_at_local": w.local(1), "place": "Oujda"}).want(201).text("id")
	w.clock.Shift(2 * time.Hour)
	desk.post(base+p+"/hold", map[string]any{"version": 1}).want(200)
	w.clock.Shift(0)
	for email, list := range map[string][]string{
		"worker@coordination.demo":      {"/tasks", "/tasks/new"},
		"coordinator@coordination.demo": {"/tasks?tab=house", "/agreements/" + ag + "/meetings", "/agreements/" + ag + "/meetings/new", planned, closed, base + p, closed + "/minutes?lang=fr", closed + "/minutes?lang=ar", "/agreements/" + ag},
		"head@coordination.demo":        {"/tasks?tab=house", "/tasks/new"},
		"admin@hospital.demo":           {"/tasks", closed, "/notifications"},
	} {
		b := newBrowser(t, w)
		tenant := tenantOf(email)
		b.width(1366)
		b.open(tenant, "/sign-in")
		b.signIn(email)
		for _, lang := range []string{"ar", "fr", "en"} {
			b.open(tenant, "/home")
			b.lang(tenant, lang)
			for _, px := range []int64{360, 1366} {
				b.width(px)
				for i, path := range list {
					b.open(tenant, path)
					b.look(fmt.Sprintf("%s in %s at %d", withoutIDs(path), lang, px))
					b.shot(fmt.Sprintf("%s-%02d-%s-%d", email[:5], i, lang, px))
				}
			}
		}
	}
}
