package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/testkit"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// browser is one Chromium with a fresh profile, looking at one world.
type browser struct {
	t   *testing.T
	w   *world
	ctx context.Context

	scriptless bool // axe is a script too
}

// listening notes what a page complains about: console errors, exceptions, reports
// of the content policy.
const listening = `window.__troubles = [];
console.error = (...a) => window.__troubles.push('console: ' + a.join(' '));
window.addEventListener('error', e => window.__troubles.push('error: ' + (e.message || (e.target && e.target.tagName))), true);
document.addEventListener('securitypolicyviolation', e => window.__troubles.push('CSP: ' + e.violatedDirective));`

// newBrowser starts Chromium, or skips where this run has none.
func newBrowser(t *testing.T, w *world) *browser {
	t.Helper()
	path := testkit.Part(t, "TEST_CHROMIUM")
	if path == "" {
		t.Skip("no Chromium in this run")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(60*time.Second))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	b := &browser{t: t, w: w, ctx: ctx}
	// The first run starts the browser, which lives as long as its context.
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listening})
		return err
	})); err != nil {
		t.Fatal(err)
	}
	return b
}

// withoutScript makes every page do without its script; the test's own still runs.
func (b *browser) withoutScript() {
	b.t.Helper()
	b.scriptless = true
	if err := chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})); err != nil {
		b.t.Fatal(err)
	}
}

// calm fails when the page complained.
func (b *browser) calm(where string) {
	b.t.Helper()
	for _, s := range eval[[]string](b, `window.__troubles || []`) {
		b.t.Errorf("%s: %s", where, s)
	}
}

// eval runs JavaScript and gives its value.
func eval[T any](b *browser, js string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 60*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.shot("failed")
		b.t.Fatal(err)
	}
	return v
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 60*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.shot("failed")
		b.t.Fatal(err)
	}
}

// shot keeps a picture of what the browser shows, where SHUBBAK_SHOTS names a folder.
func (b *browser) shot(name string) {
	dir := os.Getenv("SHUBBAK_SHOTS")
	if dir == "" {
		return
	}
	// As tall as the page: a picture beyond the viewport is shifted where the page
	// reads from the right.
	size, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]int64](`[innerWidth, document.documentElement.scrollHeight]`))
	if err != nil || len(size) != 2 {
		return
	}
	_ = chromedp.Do(b.ctx, chromedp.EmulateViewport(size[0], max(size[1], 800)))
	defer func() { _ = chromedp.Do(b.ctx, chromedp.EmulateViewport(size[0], 800)) }()
	if png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot()); err == nil {
		_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "_")+"-"+name+".png"), png, 0o600)
	}
}

func (b *browser) width(px int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(px, 800))
}

// open goes to a path of a portal.
func (b *browser) open(tenant, path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.w.url+"/t/"+tenant+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// signIn is the form; the account reads Arabic afterwards.
func (b *browser) signIn(email string) {
	b.t.Helper()
	tenant := tenantOf(email)
	b.open(tenant, "/sign-in")
	b.do(chromedp.SetValue(chromedp.CSS("#email"), email), chromedp.SetValue(chromedp.CSS("#password"), b.w.password))
	b.press(`main button.primary`)
	b.lang(tenant, "ar")
}

// press clicks and waits for the page that follows.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.follow(chromedp.Click(chromedp.CSS(selector)), selector)
}

func (b *browser) follow(act chromedp.Action[chromedp.Void], what string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 60*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, act); err != nil {
		b.shot("failed")
		b.t.Fatalf("%s: %v", what, err)
	}
	b.do(chromedp.WaitReady(chromedp.CSS("main")))
}

func (b *browser) text(selector string) (s string) {
	b.t.Helper()
	s = eval[string](b, `(document.querySelector(`+quote(selector)+`)||{textContent:""}).textContent`)
	return strings.Join(strings.Fields(s), " ")
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// path is where the browser stands.
func (b *browser) path() string {
	b.t.Helper()
	return eval[string](b, `location.pathname + location.search`)
}

// lang reads in another language from now on.
func (b *browser) lang(tenant, lang string) {
	b.t.Helper()
	if eval[string](b, `document.documentElement.lang`) != lang {
		b.follow(chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/language"] button[value=`+lang+`]').click()`), "the other language")
	}
}

var axeSource = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("../../web/e2e/node_modules/axe-core/axe.min.js")
	return string(b), err
})

// look checks one page as it stands: direction, overflow, cut text, axe, complaints.
func (b *browser) look(where string) {
	b.t.Helper()
	b.glance(where)
	if !b.scriptless {
		b.axe(where)
	}
	b.calm(where)
}

// glance is look without axe.
func (b *browser) glance(where string) {
	b.t.Helper()
	type factsOf struct {
		Lang, Dir string
		Over      int
		Cut       []string
		Untold    []string
		Headings  int
	}
	facts := eval[factsOf](b, `(() => {
		const root = document.documentElement, cut = [], untold = [];
		for (const e of document.querySelectorAll('main *')) {
			const s = getComputedStyle(e);
			if (e.scrollWidth > e.clientWidth + 1 && s.overflowX === 'hidden' && s.textOverflow !== 'ellipsis' && e.clientWidth > 1 && !e.closest('.hidden,.skip,svg')) cut.push(e.tagName + '.' + e.className);
		}
		const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (walk.nextNode()) if (/\b((fault|state|flash|users|account(?!\.(?:me|administer)\b)|accounts|link|settings|need|urgency|people|send|clock|referrals|notifications|frame|form|inbox|agreements|tasks|services|danger|letter|reports)\.|calendar\.(?!(read|update)\b))[a-z_.]+\b/.test(walk.currentNode.data) && !walk.currentNode.parentElement.closest('script')) untold.push(walk.currentNode.data.trim());
		return {Lang: root.lang, Dir: root.dir, Over: root.scrollWidth - root.clientWidth, Cut: cut, Untold: untold, Headings: document.querySelectorAll('h1').length};
	})()`)
	if (facts.Lang == "ar") != (facts.Dir == "rtl") {
		b.t.Errorf("%s: lang %s, dir %s", where, facts.Lang, facts.Dir)
	}
	if facts.Over > 0 {
		b.t.Errorf("%s: %d px wider than the screen", where, facts.Over)
		b.shot("wide")
	}
	if len(facts.Cut) > 0 {
		b.t.Errorf("%s: text is cut in %v", where, facts.Cut)
	}
	if len(facts.Untold) > 0 {
		b.t.Errorf("%s: keys without words: %v", where, facts.Untold)
	}
	if facts.Headings != 1 {
		b.t.Errorf("%s: %d headings of the first level", where, facts.Headings)
	}
}

func (b *browser) axe(where string) {
	b.t.Helper()
	source, err := axeSource()
	if err != nil {
		if os.Getenv("TEST_REQUIRE_REAL") != "" {
			b.t.Fatal("axe is required in this run: make services")
		}
		return
	}
	type violation struct {
		ID    string
		Nodes int
		First string
	}
	if !eval[bool](b, `typeof axe === "object"`) {
		eval[bool](b, source+`;true`)
	}
	found := eval[[]violation](b, `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => ({ID: v.id, Nodes: v.nodes.length, First: v.nodes[0].target.join(' ')})))`)
	for _, v := range found {
		b.t.Errorf("%s: axe: %s (%d, first %s)", where, v.ID, v.Nodes, v.First)
	}
}

// TestEveryPageInThreeLanguages looks at the pages of three portals on a phone and
// on an office screen.
func TestEveryPageInThreeLanguages(t *testing.T) {
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
	first := func(u user, query string) string {
		return u.get("/referrals?limit=1&" + query).want(200).text("items.0.id")
	}
	person := desk.get("/referrals?box=out&state=scheduled").want(200).text("items.0.person_id")
	agreement := hospital.get("/agreements").want(200).text("items.0.id")
	coordinator := w.as("coordinator@coordination.demo")
	talked, toSign := coordinator.get("/agreements?state=negotiation").want(200).text("items.0.id"), coordinator.get("/agreements?state=signing").want(200).text("items.0.id")
	service := desk.service("hospital", "psychiatric")
	body := desk.get("/organizations").want(200).text("items.0.id")
	desks := desk.get("/units").want(200).text("items.0.id")
	reception := ""
	for _, x := range desk.get("/services?all=1&limit=200").want(200).at("items").([]any) {
		if m := x.(map[string]any); m["tenant"] == "coordination" {
			reception = m["id"].(string)
		}
	}
	letterTo := desk.get("/services?need=civil_papers").want(200).text("items.0.id")
	carrier := desk.person(nil)
	letter := desk.post("/referrals", map[string]any{"person_id": carrier, "need": "civil_papers", "service_id": letterTo, "priority": "routine", "reason": "Inscription des enfants", "send": true}).want(201).text("id")
	danger := desk.danger(nil).want(201).text("id")
	kept := coordinator.get("/agreements/" + agreement + "/meetings").want(200)
	meetings := "/agreements/" + agreement + "/meetings"
	planned, closed := meetings+"/"+kept.text("items.0.id"), meetings+"/"+kept.text("items.1.id")
	unit := w.as("admin@hospital.demo").get("/calendar/units").want(200).text("items.0.id")
	doctor, _ := w.as("admin@hospital.demo").userID("doctor@hospital.demo")
	pages := map[string][]string{
		"worker@coordination.demo": {"/home", "/people", "/people/new", "/people/" + person, "/people/" + person + "/refer", "/people/" + person + "/refer?need=psychiatric",
			"/people/" + person + "/refer/" + service + "?need=psychiatric", "/people/" + person + "/consents/new", "/referrals?box=out", "/referrals?box=in", "/services",
			"/referrals/" + first(desk, "box=out&state=completed"), "/referrals/" + first(desk, "box=out&state=declined"), "/referrals/" + first(desk, "box=out&state=draft"), "/notifications", "/agreements", "/danger", "/danger?person=" + person, "/referrals/" + danger, "/reports?box=out",
			"/people/" + person + "/letter/" + letterTo, "/referrals/" + letter, "/referrals/" + letter + "/letter", "/referrals/" + letter + "/accept",
			"/referrals/" + first(desk, "box=out&state=scheduled") + "/slip", "/tasks", "/tasks/new", "/tasks?tab=given"},
		"admin@coordination.demo": {"/danger/numbers", "/services", "/services/new", "/services/" + reception + "/edit", "/organizations", "/organizations/new", "/organizations/" + body + "/edit", "/services/new?organization=" + body,
			"/settings/units", "/settings/units/new", "/units/" + desks + "/edit"},
		"head@coordination.demo": {"/referrals?box=out&tab=review", "/referrals/" + danger},
		"intake@hospital.demo": {"/home", "/help", "/referrals?box=in", "/referrals/" + first(hospital, "box=in&state=sent"), "/referrals/" + first(hospital, "box=in&state=scheduled"),
			"/referrals/" + first(hospital, "box=in&state=info_requested"), "/referrals/" + danger, "/agreements/" + agreement, "/api-reference", "/no-such-page", "/reports?box=in"},
		"auditor@hospital.demo": {"/home"},
		"admin@hospital.demo": {"/calendar", "/calendar?year=2027", "/calendar/hours?of=week", "/calendar/hours?of=ramadan", "/calendar/day?kind=holiday", "/calendar/day?kind=holiday&key=eid_al_fitr-2027",
			"/calendar/day?kind=ramadan&key=ramadan-2027", "/calendar/units/" + unit,
			"/users", "/users?state=ended", "/users/invite", "/users/" + doctor, "/users/" + doctor + "/edit", "/users/" + doctor + "/end",
			"/settings", "/settings/look", "/settings/languages", "/settings/notice", "/settings/limits", "/account", "/account/password", "/account/second-factor"},
		"coordinator@coordination.demo": {"/home", "/referrals?box=out", "/agreements", "/agreements/network", "/agreements/new", "/agreements/" + agreement, "/agreements/" + agreement + "/committee?lang=ar", "/agreements/" + agreement + "/committee?lang=fr",
			"/agreements/" + agreement + "/referrals", "/agreements/" + talked, "/agreements/" + talked + "?tab=text", "/agreements/" + agreement + "?tab=scope", "/agreements/" + agreement + "?tab=versions", "/agreements/" + talked + "/edit", "/agreements/" + talked + "/articles/new",
			"/agreements/" + talked + "/scopes", "/agreements/" + talked + "/sharing", "/agreements/" + talked + "/quotas", "/agreements/" + talked + "/obligations",
			meetings, meetings + "/new", planned, closed, closed + "/minutes?lang=ar", closed + "/minutes?lang=fr", "/tasks?tab=house"},
		"admin@chamber.demo":    {"/agreements/" + talked, "/tasks"},
		"director@faculty.demo": {"/agreements/" + toSign, "/agreements/" + toSign + "/sign"},
	}
	forms, link := w.forms()
	for email, list := range forms {
		pages[email] = append(pages[email], list...)
	}
	addresses := []string{"/sign-in", "/forgotten", "/code", link}
	for _, list := range pages {
		addresses = append(addresses, list...)
	}
	if left := unvisited(w.server.Routes(), addresses); len(left) > 0 {
		t.Errorf("nobody looks at %v", left)
	}
	for email, list := range pages {
		t.Run(strings.ReplaceAll(email, "@", "-at-"), func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, w)
			tenant := tenantOf(email)
			for _, px := range []int64{360, 1366} {
				b.width(px)
				b.open(tenant, "/sign-in")
				if px == 360 {
					b.look("sign-in")
					for _, p := range []string{"/forgotten", "/forgotten?asked=1", "/code"} {
						b.open(tenant, p)
						b.look(p)
					}
					if tenant == "hospital" {
						b.open(tenant, link)
						b.look("/link")
					}
					b.signIn(email)
				}
			}
			for _, lang := range []string{"ar", "fr", "en"} {
				b.open(tenant, "/home")
				b.lang(tenant, lang)
				for i, p := range list {
					b.width(1366)
					b.open(tenant, p)
					for _, px := range []int64{1366, 360} { // one page, two screens
						b.width(px)
						where := fmt.Sprintf("%s in %s at %d", withoutIDs(p), lang, px)
						if lang == "ar" || lang == "fr" && px == 1366 || lang == "en" && px == 360 {
							b.look(where)
						} else { // what axe asks differs by width and by words, not by both together
							b.glance(where)
							b.calm(where)
						}
						b.shot(fmt.Sprintf("%02d-%s-%d", i, lang, px))
					}
				}
			}
		})
	}
}

// withoutIDs keeps ids out of the test's output.
func withoutIDs(p string) string {
	parts := strings.Split(p, "/")
	for i, x := range parts {
		if len(x) >= 36 {
			parts[i] = ":id" + x[36:]
		}
	}
	return strings.Join(parts, "/")
}
