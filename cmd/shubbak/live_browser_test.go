package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"

	"github.com/chromedp/chromedp"
)

// sees waits until a piece of an open page says something; the page is not loaded
// again meanwhile.
func (b *browser) sees(selector, words string) {
	b.t.Helper()
	deadline := time.Now().Add(patient)
	for !strings.Contains(b.text(selector), words) {
		if time.Now().After(deadline) {
			b.shot("failed")
			b.t.Fatalf("%s says %q, never %q", selector, b.text(selector), words)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestOpenPagesFollow: a list, the counts and an open referral, in Arabic.
func TestOpenPagesFollow(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	w := newWorld(t, "embedded", s)
	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	b := newBrowser(t, w)
	b.width(1366)
	b.signIn("intake@hospital.demo")
	const bar, bell = `[data-live=bar]`, `[data-live=bell] b`
	rows := func() int { return eval[int](b, `document.querySelectorAll('tbody tr').length`) }
	here := func() { eval[bool](b, `window.__same = true`) }
	stays := func() {
		t.Helper()
		if !eval[bool](b, `window.__same === true`) {
			t.Error("the page was loaded again under the reader's hand")
		}
	}

	b.open("hospital", "/referrals?box=in")
	here()
	before, unread := rows(), b.text(bell)
	nav := b.text(`.shell > .nav [aria-current] b`)
	first := desk.sent(nil)
	b.sees(bar, "وصلت إحالة جديدة واحدة.")
	desk.sent(nil)
	b.sees(bar, "وصلت إحالتان جديدتان. تحيين اللائحة")
	b.look("the inbox with its bar")
	b.shot("bar")
	if rows() != before || b.text(bell) == unread || b.text(`.shell > .nav [aria-current] b`) == nav && nav != "99+" {
		t.Errorf("the list has %d rows of %d, the bell says %q after %q, the navigation %q", rows(), before, b.text(bell), unread, nav)
	}
	stays()
	b.press(bar + ` a`)
	if b.text(bar) != "" || !strings.Contains(b.path(), "box=in") {
		t.Error("the bar leads to the list as it is now")
	}

	// A colleague works on the list: nobody is told, the list has changed.
	here()
	hospital.do(first, "accept", nil).want(200)
	hospital.do(first, "start", nil).want(200)
	eval[bool](b, `look().then(() => true)`)
	b.sees(bar, "تغيرت هذه اللائحة.")
	stays()

	// The open referral: the notice stands above, what is typed stays.
	b.open("hospital", "/referrals/"+first)
	name := b.text("h1")
	here()
	b.do(chromedp.SetValue(chromedp.CSS("#message"), "نص لم يرسل بعد"))
	desk.post("/referrals/"+first+"/messages", map[string]any{"text": "Merci de me tenir au courant"}).want(201)
	b.sees(bar, "تغيرت هذه الإحالة")
	if eval[string](b, `document.querySelector('#message').value`) != "نص لم يرسل بعد" {
		t.Error("a message in progress was lost")
	}
	b.look("the referral with its bar")
	b.shot("changed")
	stays()

	// Withdrawn: the open page is cut, without a reload and whatever is being typed.
	person := desk.get("/referrals/" + first).want(200).text("person_id")
	consent := desk.get("/people/" + person + "/consents").want(200).text("items.0.id")
	desk.post("/people/"+person+"/consents/"+consent+"/withdraw", map[string]any{}).want(200)
	b.sees("h1", "أغلق الاطلاع على هذه الصفحة")
	if html := eval[string](b, `document.documentElement.outerHTML`); strings.Contains(html, name) || name == "" {
		t.Error("the person's name is still in the page")
	}
	b.look("the closed page")
	b.shot("closed")
	stays()

	// A page whose session has ended does not stay open.
	b.open("hospital", "/notifications")
	err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
		_, err := db.Conn(ctx).NewRaw("update sessions set ended_at = ? where ended_at is null", w.clock.Now()).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Nor does it cut off the answer to a form that ended the session: signing out.
	here()
	eval[bool](b, `document.dispatchEvent(new Event("submit")), look().then(() => new Promise((r) => setTimeout(r, 500))).then(() => true)`)
	stays()
	eval[bool](b, `sent = 0, true`)
	b.follow(chromedp.Evaluate[chromedp.Void](`void look()`), "the sign-in")
	if !strings.Contains(b.path(), "/sign-in?next=") {
		t.Error("the page of an ended session stays open at", b.path())
	}
}

// TestATypedDayIsAnswered: the page answers what is typed without being loaded again, the
// last of several questions, and nothing where the question finds no answer.
func TestATypedDayIsAnswered(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	w := newWorld(t, "embedded", s)
	id := w.as("worker@coordination.demo").sent(nil)
	w.as("intake@hospital.demo").do(id, "accept", nil).want(200)
	b := newBrowser(t, w)
	b.width(360)
	b.signIn("intake@hospital.demo")
	b.open("hospital", "/referrals/"+id+"/schedule")
	sunday := w.clock.Now().In(clock.Casablanca()).AddDate(0, 0, 14)
	for sunday.Weekday() != time.Sunday {
		sunday = sunday.AddDate(0, 0, 1)
	}
	b.date("starts_at_local", sunday)
	b.fill("starts_at_local_hour", "10")
	b.fill("starts_at_local_minute", "0")
	b.sees("[data-answer]", "يوم لا تعمل فيه المصلحة")
	b.date("starts_at_local", sunday.AddDate(0, 0, 2))
	b.sees("[data-answer]", "الثلاثاء")
	b.look("an answer beside a date")
}
