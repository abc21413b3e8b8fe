package main

import (
	"bytes"
	"context"
	"html"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/sheet"
)

// TestFiguresEqualARecount acts at random, several at once, and counts again from the
// events once everything has been delivered.
func TestFiguresEqualARecount(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		recount := func(when string) int {
			t.Helper()
			n, wrong := w.recounted()
			if len(wrong) > 0 {
				t.Errorf("%s: %d figures differ: %v", when, len(wrong), wrong[:min(len(wrong), 5)])
			}
			return n
		}
		before := recount("the demo network")
		if before == 0 {
			t.Fatal("nothing was counted")
		}
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(worker), 7))
				desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
				person := desk.person(nil)
				desk.consent(person, "hospital")
				for range 4 {
					id := desk.refer(person, nil).want(201).text("id")
					w.wander(r, desk, hospital, id)
				}
			})
		}
		all.Wait()
		if after := recount("after acts at random"); after != before+16 {
			t.Errorf("%d referrals were counted, want %d more than %d", after, 16, before)
		}

		// A figure that is wrong is found.
		if err := w.db.AsSystem(context.Background(), "a test spoils a figure", func(ctx context.Context) error {
			return spoil(ctx)
		}); err != nil {
			t.Fatal(err)
		}
		if _, wrong, _ := w.reports.Recount(context.Background()); len(wrong) == 0 {
			t.Error("a spoilt figure is not found")
		}
	})
}

// wander takes one referral to some end, by one of the ways.
func (w *world) wander(r *rand.Rand, desk, hospital user, id string) {
	w.t.Helper()
	do := func(u user, command string, body map[string]any) bool {
		return u.do(id, command, body).Status == 200
	}
	if r.IntN(2) == 0 {
		do(hospital, "acknowledge", nil)
	}
	switch r.IntN(5) {
	case 0:
		do(desk, "recall", map[string]any{"reason": "need_met"})
		return
	case 1:
		do(hospital, "decline", map[string]any{"reason": "no_capacity", "by_whom": "provider"})
		return
	case 2:
		do(hospital, "accept", nil)
		do(hospital, "undo-accept", nil)
		do(hospital, "decline", map[string]any{"reason": "not_eligible", "by_whom": "provider"})
		return
	}
	do(hospital, "accept", nil)
	do(hospital, "start", nil)
	if r.IntN(2) == 0 {
		do(hospital, "fail", map[string]any{"reason": "moved"})
		return
	}
	do(hospital, "complete", map[string]any{"outcome": "consultation"})
	if r.IntN(2) == 0 {
		do(desk, "confirm", map[string]any{"result": []string{"met", "unmet"}[r.IntN(2)]})
	}
}

// recounted counts again from the events once everything has been delivered. What happens
// between the two by itself, such as a referral that expires, is waited for.
func (w *world) recounted() (counted int, wrong []string) {
	w.t.Helper()
	for deadline := time.Now().Add(patient); ; {
		w.settled()
		var err error
		if counted, wrong, err = w.reports.Recount(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if len(wrong) == 0 || time.Now().After(deadline) {
			return counted, wrong
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func spoil(ctx context.Context) error {
	_, err := db.Conn(ctx).NewRaw("update agreement_figures set num = num + 1 where indicator = 'sent' and unit = 'day' and span = (select max(span) from agreement_figures where indicator = 'sent' and unit = 'day')").Exec(ctx)
	return err
}

// TestALateAnswerStaysLate: what was late by the calendar of its time is late for ever;
// a holiday that somebody writes into the past afterwards changes no figure.
func TestALateAnswerStaysLate(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		monday := w.monday()
		agreement, services := w.limited(nil)
		send := func() string {
			desk := w.as("worker@coordination.demo")
			p := desk.person(nil)
			desk.consent(p, "hospital", "identity")
			return desk.post("/referrals", map[string]any{"person_id": p, "need": "assistive", "service_id": services[0], "priority": "routine", "reason": "Demande un fauteuil", "send": true}).want(201).text("id")
		}
		value := func(want string) {
			t.Helper()
			w.settled()
			if got := w.as("coordinator@coordination.demo").get("/agreements/" + agreement + "/follow").want(200).text("obligations.0.value"); got != want {
				t.Errorf("%s %% were answered in time, want %s", got, want)
			}
			if _, wrong := w.recounted(); len(wrong) > 0 {
				t.Errorf("counted again: %v", wrong)
			}
		}
		late, prompt := send(), send()
		w.as("intake@hospital.demo").do(prompt, "accept", nil).want(200)
		value("100")
		w.set(monday.AddDate(0, 0, 7)) // five working days later, of three
		w.as("intake@hospital.demo").do(late, "accept", nil).want(200)
		value("50")

		admin := w.as("admin@hospital.demo")
		holidays := []any{map[string]any{"key": "closed", "from": monday.Format("2006-01-02"), "to": monday.AddDate(0, 0, 6).Format("2006-01-02"), "name": map[string]any{"ar": "إغلاق", "fr": "Fermeture", "en": "Closed"}}}
		admin.api("PATCH", "/calendar", map[string]any{"version": admin.get("/calendar").want(200).at("version"), "holidays": holidays}).want(200)
		w.as("intake@hospital.demo").get("/referrals/" + late).want(200)
		w.as("intake@hospital.demo").do(late, "start", nil).want(200) // read and counted again
		value("50")
	})
}

// TestTheCommitteesFileHoldsNoSmallCount: it leaves the house, so that one to four
// referrals or persons are "fewer than 5", in quotas and obligations too; the parties see
// the numbers on the agreement's own page.
func TestTheCommitteesFileHoldsNoSmallCount(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("coordinator@coordination.demo")
		page := "/agreements/" + w.agreementOf(desk, "hospital")
		used := regexp.MustCompile(`[1-4] (of|sur|من) \d+`)
		if !used.MatchString(desk.html(page)) {
			t.Fatal("the agreement's page does not show what is used of its quotas")
		}
		file := desk.html(page + "/committee?lang=fr")
		if got := used.FindString(file); got != "" || strings.Count(file, "moins de 5") < 3 {
			t.Errorf("the file says %q, and %d times that something is too small to say", got, strings.Count(file, "moins de 5"))
		}
		// As a browser follows its link: with the page's session and no header.
		m := regexp.MustCompile(`href="(/t/coordination/[^"]*format=xlsx[^"]*)"`).FindStringSubmatch(file)
		if m == nil {
			t.Fatal("no link to the table")
		}
		follow := func(path string) answer {
			return w.call("GET", html.UnescapeString(path), "", nil, map[string]string{"Cookie": "shubbak_session=" + desk.token}).want(200)
		}
		if table := follow(m[1]); table.Header.Get("Content-Type") != sheet.XLSXType || !bytes.HasPrefix(table.Raw, []byte("PK")) {
			t.Errorf("the table is %s", table.Header.Get("Content-Type"))
		}
		follow("/t/coordination/api/v1/openapi.json")
		w.call("GET", "/t/coordination/api/v1/agreements", "", nil, map[string]string{"Cookie": "shubbak_session=" + desk.token}).code(401, "unauthenticated")
		if persons := regexp.MustCompile(`(?s)Personnes accompagnées.*?</tr>`).FindString(file); !strings.Contains(persons, "moins de 5") {
			t.Error("few persons are counted in the file")
		}
	})
}
