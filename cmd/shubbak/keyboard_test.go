package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until the focus stands on an element that matches, and checks
// on the way that the focus can be seen and never leaves the reading order's page.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, `(() => {
			const e = document.activeElement;
			if (e && e !== document.body && e.getClientRects().length) {
				const s = getComputedStyle(e), host = e.closest('label') ? getComputedStyle(e.closest('label')) : s;
				if (s.outlineStyle === 'none' && s.boxShadow === 'none' && host.outlineStyle === 'none' && host.boxShadow === 'none') window.__troubles.push('no visible focus on ' + e.tagName + '.' + e.className);
			}
			return e && e.matches(`+quote(selector)+`);
		})()`) {
			return
		}
	}
	b.shot("failed")
	b.t.Fatalf("%s: Tab never reaches %s", withoutIDs(b.path()), selector)
}

func (b *browser) typed(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

func (b *browser) enter(what string) {
	b.t.Helper()
	b.follow(chromedp.KeyEvent(kb.Enter), what)
	b.calm(withoutIDs(b.path()))
}

// TestTheKeyboardAlone takes a referral from sign-in to its acceptance with no
// pointer.
func TestTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("the embedded world is not part of this run")
	}
	w := newWorld(t, "embedded", s)
	id := w.as("worker@coordination.demo").sent(nil)
	b := newBrowser(t, w)
	b.width(1366)
	b.open("hospital", "/sign-in")
	b.tabTo("#email")
	b.typed("intake@hospital.demo")
	b.tabTo("#password")
	b.typed(w.password)
	b.enter("sign in")
	b.open("hospital", "/referrals?box=in")
	b.tabTo(".skip")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(`[data-rows] a[href$="` + id + `"]`)
	b.enter("the first row")
	b.tabTo(`form[action$="/acknowledge"] button, .decision button`)
	b.tabTo(`form[action$="/accept"] button`)
	b.enter("accept")
	if got := w.as("intake@hospital.demo").get("/referrals/" + id).want(200).text("state"); got != "accepted" {
		t.Errorf("state %s", got)
	}
	// Single keys: the list, a row, back.
	b.open("hospital", "/referrals?box=in")
	b.do(chromedp.KeyEvent("j"))
	if !eval[bool](b, `document.activeElement.closest('[data-rows]') !== null`) {
		t.Error("j does not reach the first row")
	}
	// Rows are chosen by key, counted in words, and let go again.
	b.do(chromedp.KeyEvent("x"))
	if got := b.text("#bulk b"); got != "1 referral selected" {
		t.Errorf("one chosen row is told as %q", got)
	}
	b.shot("chosen")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("X"))
	if got := b.text("#bulk b"); got != "2 referrals selected" {
		t.Errorf("two chosen rows are told as %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	if eval[bool](b, `document.querySelector('[name=pick]:checked') !== null || document.querySelector('#bulk').offsetParent !== null`) {
		t.Error("Esc does not let the rows go")
	}
	b.follow(chromedp.KeyEvent("o"), "open by key")
	second := b.path()
	b.follow(chromedp.KeyEvent(kb.ArrowUp, chromedp.KeyModifiers(chromedp.ModifierAlt)), "the item before")
	if b.path() == second {
		t.Error("Alt and up does not lead to the item before")
	}
	b.follow(chromedp.KeyEvent(kb.Escape), "back to the list")
	if got := b.path(); got != "/t/hospital/referrals?box=in" {
		t.Errorf("Esc leads to %s", withoutIDs(got))
	}
	b.do(chromedp.KeyEvent("j"))
	b.follow(chromedp.KeyEvent("o"), "open by key")
	// The list of keys lies over the page, takes the focus and gives it back.
	b.do(chromedp.KeyEvent("?"), chromedp.WaitReady(chromedp.CSS("dialog.keys[open] dl")))
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(chromedp.CSS("dialog.keys")))
	b.do(chromedp.KeyEvent("/"))
	if !eval[bool](b, `document.activeElement.matches('input[type=search], main input, header input')`) {
		t.Error("/ does not reach the search")
	}
}
