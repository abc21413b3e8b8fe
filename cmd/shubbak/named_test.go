package main

import (
	"testing"

	"shubbak/platform/ids"
)

// A document is added once and named again: each referral opens it by its own slices.
func TestDocumentsNamedInANewReferral(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital, chamber := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("intake@chamber.demo")
		person := desk.person(nil)
		desk.consent(person, "hospital")
		first := desk.refer(person, nil).want(201).text("id")
		doc := desk.upload(first, "medical", "ordinary", "compte rendu.pdf", []byte("%PDF-1.4 held")).want(201).text("id")
		objects := w.objects()
		desk.do(first, "recall", map[string]any{"reason": "person_request"})

		second := desk.refer(person, map[string]any{"documents": []string{doc, doc}}).want(201).text("id")
		if w.objects() != objects {
			t.Errorf("naming a document made another object: %d, then %d", objects, w.objects())
		}
		if n := hospital.get("/referrals/" + second).want(200).text("card.documents"); n != "1" {
			t.Errorf("the card counts %s documents", n)
		}
		hospital.get("/documents/"+doc+"/content").code(403, "not_open")
		if n := len(hospital.get("/documents?subject=referral:" + second).want(200).at("items").([]any)); n != 0 {
			t.Errorf("the receiver lists %d closed documents", n)
		}
		chamber.get("/documents/"+doc).code(404, "not_found")
		hospital.do(second, "accept", nil).want(200)
		if got := hospital.get("/documents/" + doc + "/content").want(200); string(got.Raw) != "%PDF-1.4 held" {
			t.Errorf("content: %q", got.Raw)
		}
		if id := hospital.get("/referrals/" + second).want(200).text("documents.0.id"); id != doc {
			t.Errorf("the receiver sees the document as %s", id)
		}
		if items := hospital.get("/documents?subject=referral:" + first).want(200).at("items").([]any); len(items) != 0 {
			t.Error("the recalled referral opened what the new one opens")
		}

		for what, id := range map[string]string{"of another person": desk.upload(desk.sent(nil), "medical", "ordinary", "x.pdf", []byte("%PDF-1.4")).want(201).text("id"),
			"that never was": ids.New[ids.Document]().String()} {
			other := desk.person(nil)
			desk.consent(other, "hospital")
			if a := desk.refer(other, map[string]any{"documents": []string{id}}); a.Status != 404 || a.text("code") != "not_found" {
				t.Errorf("a document %s: %d %s", what, a.Status, a.Raw)
			}
		}
		theirs := hospital.upload(second, "medical", "ordinary", "retour.txt", []byte("compte rendu")).want(201).text("id")
		desk.post("/referrals", map[string]any{"person_id": person, "need": "psychiatric", "service_id": desk.service("hospital", "psychiatric"), "priority": "routine", "reason": "x", "documents": []string{theirs}}).code(403, "forbidden")
	})
}

// A draft names other documents, or none, until it is sent; what was added to it
// stays.
func TestADraftChangesTheDocumentsItNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		person := desk.person(nil)
		desk.consent(person, "hospital")
		first := desk.refer(person, nil).want(201).text("id")
		a := desk.upload(first, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 a")).want(201).text("id")
		b := desk.upload(first, "medical", "ordinary", "b.pdf", []byte("%PDF-1.4 b")).want(201).text("id")
		draft := desk.refer(person, map[string]any{"send": false, "documents": []string{a}}).want(201)
		id := draft.text("id")
		desk.upload(id, "rsu", "ordinary", "own.pdf", []byte("%PDF-1.4 own")).want(201)
		count := func() string { return desk.get("/referrals/" + id).want(200).text("card.documents") }
		if count() != "2" {
			t.Errorf("one named and one added count %s", count())
		}
		desk.api("PATCH", "/referrals/"+id, map[string]any{"version": desk.version(id), "reason": "Autre motif"}).want(200)
		if count() != "2" {
			t.Errorf("a change of the reason left %s documents", count())
		}
		desk.api("PATCH", "/referrals/"+id, map[string]any{"version": desk.version(id), "documents": []string{a, b}}).want(200)
		if count() != "3" {
			t.Errorf("two named and one added count %s", count())
		}
		desk.api("PATCH", "/referrals/"+id, map[string]any{"version": desk.version(id), "documents": []string{}}).want(200)
		list := desk.get("/documents?subject=referral:" + id).want(200).at("items").([]any)
		if count() != "1" || len(list) != 1 || list[0].(map[string]any)["name"] != "own.pdf" {
			t.Errorf("what was added to the draft itself must stay alone: %s, %v", count(), list)
		}
	})
}
