package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The inner widths of A4 and A5 in CSS pixels (design.md §10: margins 18 and 8 mm).
const a4, a5 = 658, 499

// onPaper shows the page as it prints, at the width of its paper.
func (b *browser) onPaper(width int64, print bool) {
	b.t.Helper()
	media := ""
	if print {
		media = "print"
	}
	b.width(width)
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media})
		return err
	}))
}

var mediaBox = regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]`)

// pdf prints the page and gives how many sheets it takes, and their width in
// millimetres.
func (b *browser) pdf(name string) (sheets, width int) {
	b.t.Helper()
	var raw []byte
	own := true
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		out, err := cdp.Call(ctx, t, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &own})
		raw = out.Data
		return err
	}))
	if dir := os.Getenv("SHUBBAK_SHOTS"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "_")+"-"+name+".pdf"), raw, 0o600)
	}
	boxes := mediaBox.FindAllSubmatch(raw, -1)
	if len(boxes) > 0 {
		points, _ := strconv.ParseFloat(string(boxes[0][1]), 64)
		width = int(points/72*25.4 + .5)
	}
	return len(boxes), width
}

// view keeps a picture of the paper, from its own corner whatever the direction.
func (b *browser) view(name string) {
	if dir := os.Getenv("SHUBBAK_SHOTS"); dir != "" {
		if png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot()); err == nil {
			_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "_")+"-"+name+".png"), png, 0o600)
		}
	}
}

func TestListsPrintCleanly(t *testing.T) {
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
	b.signIn("worker@coordination.demo")
	desk, chamber := w.as("worker@coordination.demo"), w.as("intake@chamber.demo")
	p := desk.person(map[string]any{"given_name": "Abderrahmane Mohammed Yassine", "family_name": "Bouchaib El Ouazzani Touhami"})
	desk.consent(p, "chamber")
	sent := desk.refer(p, map[string]any{"need": "apprenticeship", "service_id": desk.service("chamber", "apprenticeship")}).want(201).text("id")
	chamber.do(sent, "accept", nil).want(200)
	chamber.do(sent, "schedule", map[string]any{"starts_at_local": w.clock.Now().AddDate(0, 0, 14).Format("2006-01-02T") + "09:00",
		"place": "مركز التكوين بالتدرج المهني، شارع محمد الخامس، الطابق الأول، مكتب رقم 4، أمام المحطة", "bring": "البطاقة الوطنية للتعريف أو وصلها، شهادة السكنى، صورتان شمسيتان، الشهادة المدرسية"}).want(200)
	for _, lang := range []string{"ar", "fr"} {
		b.onPaper(1366, false)
		b.open("coordination", "/home")
		b.lang("coordination", lang)
		for name, path := range map[string]string{"outbox": "/referrals?box=out", "inbox": "/referrals?box=in", "people": "/people", "services": "/services?need=psychiatric", "notices": "/notifications", "agreements": "/agreements"} {
			b.onPaper(1366, false)
			b.open("coordination", path)
			b.onPaper(a4, true)
			bad := eval[[]string](b, `(() => {
				const shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 1, out = [];
				for (const e of document.querySelectorAll('nav a, button, input, select, textarea, .button, form, .notice')) if (shown(e) && !e.closest('.tabs')) out.push('shown: ' + e.tagName + '.' + e.className);
				for (const e of document.querySelectorAll('main *')) {
					const r = e.getBoundingClientRect();
					if (shown(e) && !e.closest('.hidden, svg') && (r.left < -1 || r.right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')) out.push('cut: ' + e.tagName + '.' + e.className);
				}
				if (!document.querySelector('h1') || !shown(document.querySelector('h1'))) out.push('no heading');
				return out;
			})()`)
			for _, x := range bad {
				t.Errorf("%s in %s: %s", name, lang, x)
			}
			b.view("print-" + name + "-" + lang)
			if n, mm := b.pdf(name + "-" + lang); n < 1 || n > 3 || mm != 210 {
				t.Errorf("%s in %s takes %d sheets %d mm wide", name, lang, n, mm)
			}
		}
		b.onPaper(1366, false)
		b.open("coordination", "/referrals/"+sent+"/slip?lang="+lang)
		b.look("the slip in " + lang)
		b.onPaper(a5, true)
		if h := eval[int](b, `Math.ceil(document.querySelector('main').lastElementChild.getBoundingClientRect().bottom)`); h > 733 {
			t.Errorf("the slip in %s is %d px high, a sheet holds 733", lang, h)
		}
		b.view("slip-" + lang)
		if n, mm := b.pdf("slip-" + lang); n != 1 || mm != 148 {
			t.Errorf("the slip in %s takes %d sheets %d mm wide", lang, n, mm)
		}
	}
}
