package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/testkit/clamd"
)

// eicar is the test file that every scanner knows, in two halves so that this file
// is not one.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// eachScanned runs fn on every kind of world with a scanner that obeys the test.
func eachScanned(t *testing.T, fn func(t *testing.T, w *world, daemon *clamd.Server)) {
	t.Helper()
	t.Parallel()
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon := clamd.Start(t)
			s.ClamAVURL = daemon.Address()
			fn(t, newWorld(t, name, s), daemon)
		})
	}
}

// delivered waits until what a document waits for has happened; time is moved on, so
// that a retry is not waited for.
func (w *world) delivered(what string, ok func() bool) {
	w.t.Helper()
	w.eventually(what, func() bool {
		w.clock.Shift(time.Second)
		return ok()
	})
}

func TestADocumentIsShutUntilItIsScanned(t *testing.T) {
	eachScanned(t, func(t *testing.T, w *world, daemon *clamd.Server) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		id := desk.sent(nil)
		hospital.do(id, "accept", nil).want(200)
		daemon.Garbage()
		paper := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 clean")).want(201)
		doc := paper.text("id")
		if paper.text("state") != "quarantined" {
			t.Fatalf("state %s", paper.text("state"))
		}
		w.eventually("the scanner was asked", func() bool { return daemon.Asked() > 0 })
		for name, u := range map[string]user{"the uploader": desk, "the receiver": hospital} {
			u.get("/documents/"+doc+"/content").code(403, "not_open")
			if a := u.get("/documents/" + doc).want(200); a.text("state") != "quarantined" {
				t.Errorf("%s sees %s", name, a.text("state"))
			}
			if n := len(u.get("/documents?subject=referral:" + id).want(200).at("items").([]any)); n != 1 {
				t.Errorf("%s lists %d documents", name, n)
			}
		}
		daemon.Cut()
		asked := daemon.Asked()
		w.delivered("the scanner was asked again", func() bool { return daemon.Asked() > asked })
		desk.get("/documents/"+doc+"/content").code(403, "not_open")
		daemon.Well()
		w.delivered("the document is open", func() bool { return hospital.get("/documents/"+doc).text("state") == "available" })
		if got := hospital.get("/documents/" + doc + "/content").want(200); string(got.Raw) != "%PDF-1.4 clean" {
			t.Errorf("content %q", got.Raw)
		}
	})
}

func TestAnInfectedDocumentIsDestroyedAndTold(t *testing.T) {
	eachScanned(t, func(t *testing.T, w *world, daemon *clamd.Server) {
		infected(t, w)
	})
}

// TestClamdFindsTheTestFile is the same with the daemon itself.
func TestClamdFindsTheTestFile(t *testing.T) {
	address := os.Getenv("TEST_CLAMAV_URL")
	if address == "" {
		t.Skip("no clamd in this run")
	}
	t.Parallel()
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.ClamAVURL = address
			infected(t, newWorld(t, name, s))
		})
	}
}

func infected(t *testing.T, w *world) {
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	id := desk.sent(nil)
	hospital.do(id, "accept", nil).want(200)
	objects := w.objects()
	doc := desk.upload(id, "medical", "ordinary", "a.txt", []byte(eicar)).want(201).text("id")
	w.settled()
	if a := desk.get("/documents/" + doc).want(200); a.text("state") != "infected" {
		t.Fatalf("state %s", a.text("state"))
	}
	if n := w.objects(); n != objects {
		t.Errorf("the content was not destroyed: %d objects, before %d", n, objects)
	}
	desk.get("/documents/"+doc+"/content").code(403, "not_open")
	hospital.get("/documents/"+doc).code(403, "not_open")
	if n := len(hospital.get("/documents?subject=referral:" + id).want(200).at("items").([]any)); n != 0 {
		t.Errorf("the receiver lists %d documents", n)
	}
	if n := hospital.get("/referrals/" + id).want(200).text("card.documents"); n != "0" {
		t.Errorf("the card counts %s", n)
	}
	for email, want := range map[string]int{"worker@coordination.demo": 1, "head@coordination.demo": 1, "intake@hospital.demo": 0} {
		if told := w.as(email).told("referral.document_refused", id); told != want {
			t.Errorf("%s was told %d times, want %d", email, told, want)
		}
	}
	if b := string(desk.page("/referrals/" + id).want(200).Raw); !strings.Contains(b, "مرفوضة من برنامج الحماية") && !strings.Contains(b, "Refusé par l’antivirus") && !strings.Contains(b, "Refused by the virus scanner") {
		t.Error("the page does not say what became of the document")
	}
}

// A scanner may be away for longer than a delivery is tried.
func TestWhatWaitsForTheScannerIsAskedForAgain(t *testing.T) {
	eachScanned(t, func(t *testing.T, w *world, daemon *clamd.Server) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		daemon.Cut()
		doc := desk.upload(id, "medical", "ordinary", "a.pdf", []byte("%PDF-1.4 late")).want(201).text("id")
		w.eventually("the scanner was asked", func() bool { return daemon.Asked() > 0 })
		err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "update outbox set state = 'dead' where subscriber = 'documents.scan'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		daemon.Well()
		w.settled()
		if a := desk.get("/documents/" + doc).want(200); a.text("state") != "quarantined" {
			t.Fatalf("given up as %s", a.text("state"))
		}
		w.clock.Shift(2 * time.Hour)
		w.eventually("the document is open", func() bool { return desk.get("/documents/"+doc).text("state") == "available" })
	})
}
