package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestALockCoversThePage leaves a form alone in Chromium: the page is covered, the
// right password uncovers it, and what was typed is still there and can be sent.
func TestALockCoversThePage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	s, ok := worldSettings(t)["embedded"]
	if !ok {
		t.Skip("of the embedded default")
	}
	w := newWorld(t, "embedded", s)
	b := newBrowser(t, w)
	b.width(1366)
	b.signIn("reception@coordination.demo")
	b.open("coordination", "/people/new")
	for k, v := range map[string]string{"given_name_ar": "حياة", "family_name_ar": "الزهراوي", "sex": "female", "birth_precision": "year", "birth_date_year": "1991", "commune": "02.411.01.23"} {
		b.fill(k, v)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`void (localStorage.setItem("seen/t/coordination", "1"), document.dispatchEvent(new Event("visibilitychange")))`),
		chromedp.WaitVisible(chromedp.CSS("dialog.lock[open]")))
	if got := b.text("dialog.lock h2"); got != "الصفحة مقفلة" {
		t.Errorf("it says %q", got)
	}
	b.shot("covered")
	b.look("the covered page")

	b.do(chromedp.SetValue(chromedp.CSS("dialog.lock input[type=password]"), "wrong"), chromedp.Click(chromedp.CSS("dialog.lock button.primary")),
		chromedp.WaitVisible(chromedp.CSS("dialog.lock .error")))
	b.do(chromedp.SetValue(chromedp.CSS("dialog.lock input[type=password]"), w.password), chromedp.Click(chromedp.CSS("dialog.lock button.primary")),
		chromedp.WaitNotPresent(chromedp.CSS("dialog.lock")))
	b.press(`main form button.primary`)
	b.shows("حياة الزهراوي")

	// The menu of the person: sign in as somebody else is its second press.
	b.do(chromedp.Click(chromedp.CSS("details.person > summary")), chromedp.WaitVisible(chromedp.CSS(`.person .person-menu`)))
	b.shot("menu")
	b.look("the menu")
	b.press(`.person form[action$="/sign-out"] button`)
	if got := b.path(); len(got) < 30 || got[:29] != "/t/coordination/sign-in?next=" {
		t.Errorf("it leads to %s", withoutIDs(got))
	}
}
