package main

import (
	"bytes"
	"context"
	"mime"
	"net/mail"
	"regexp"
	"testing"

	"shubbak/modules/notifications"
	"shubbak/platform/i18n"
)

// noNumber is a place for a number where none stands.
var noNumber = regexp.MustCompile(`(رقم|n°|no\.)\s*([.,:;]|$)|<no value>`)

// A draft has no number, and who is told of one reads no gap where it would stand.
func TestWhatWasNeverSentIsToldWithoutANumber(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, coordinator := w.as("worker@coordination.demo"), w.as("coordinator@coordination.demo")
		p := desk.person(nil)
		desk.consent(p, "chamber")
		id := desk.post("/referrals", map[string]any{"person_id": p, "need": "digital", "service_id": desk.get("/services?need=digital&all=1").want(200).text("items.0.id"),
			"priority": "routine", "reason": "words", "send": true, "exception_reason": "words"}).want(201).text("id")
		w.settled()
		coordinator.do(id, "return", map[string]any{"reason": "words"}).want(200)
		w.settled()
		if coordinator.told("referral.approval_awaited", id) != 1 || desk.told("referral.returned", id) != 1 {
			t.Error("not everybody was told")
		}
		n := 0
		for _, raw := range w.mails() {
			m, err := mail.ReadMessage(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
			if err != nil {
				t.Fatal(err)
			}
			if body := string(decoded(raw)); noNumber.MatchString(subject) || noNumber.MatchString(body) {
				t.Errorf("a mail names an empty number: %q, %q", subject, body)
			}
			n++
		}
		if n < 2 {
			t.Errorf("%d mails", n)
		}
		for _, lang := range i18n.Langs {
			for _, event := range []string{"approval_awaited", "returned", "document_refused", "reminder", "overdue"} {
				title := w.notifications.Title(context.Background(), notifications.Notification{Event: "referral." + event, Reason: "approve"}, lang)
				if title == "" || noNumber.MatchString(title) {
					t.Errorf("%s in %s: %q", event, lang, title)
				}
			}
		}
	})
}
