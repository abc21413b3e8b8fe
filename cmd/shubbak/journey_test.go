package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// fill types into a control of the main part of the page, by its name; a radio or
// a checkbox is chosen by its value.
func (b *browser) fill(name, value string) {
	b.t.Helper()
	if !eval[bool](b, `(() => {
		const all = [...document.querySelectorAll('main [name=' + JSON.stringify(`+quote(name)+`) + ']')].filter(e => e.type !== 'hidden');
		if (!all.length) return false;
		const first = all[0];
		if (first.type === 'radio' || first.type === 'checkbox') {
			const one = all.find(e => e.value === `+quote(value)+`);
			if (!one) return false;
			if (!one.checked) one.click();
			return true;
		}
		first.value = `+quote(value)+`;
		first.dispatchEvent(new Event('input', {bubbles: true}));
		first.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`) {
		b.shot("failed")
		b.t.Fatalf("%s: no control %s with %s", withoutIDs(b.path()), name, value)
	}
}

// say presses the button or link of the main part whose words hold some words, and
// waits for the page that follows.
func (b *browser) say(words string) {
	b.t.Helper()
	js := `(() => {
		for (const d of document.querySelectorAll('main details')) d.open = true;
		const shown = e => e.getClientRects().length > 0;
		const e = [...document.querySelectorAll('main button, main a')].filter(shown).find(e => e.textContent.replace(/\s+/g, ' ').includes(` + quote(words) + `));
		if (!e) return false;
		e.setAttribute('data-next', '');
		return true;
	})()`
	if !eval[bool](b, js) {
		b.shot("failed")
		b.t.Fatalf("%s: nothing says %q", withoutIDs(b.path()), words)
	}
	b.follow(chromedp.Click(chromedp.CSS(`[data-next]`)), words)
	b.calm(withoutIDs(b.path()))
}

// shows fails unless the main part holds the words.
func (b *browser) shows(words ...string) {
	b.t.Helper()
	main := b.text("main")
	for _, w := range words {
		if !strings.Contains(main, w) {
			b.shot("failed")
			b.t.Errorf("%s does not show %q", withoutIDs(b.path()), w)
		}
	}
}

// hides fails when the whole page, as it was sent, holds the words.
func (b *browser) hides(words ...string) {
	b.t.Helper()
	html := eval[string](b, `document.documentElement.outerHTML`)
	for _, w := range words {
		if strings.Contains(html, w) {
			b.t.Errorf("%s holds %q", withoutIDs(b.path()), w)
		}
	}
}

// leave signs out by the menu of the person.
func (b *browser) leave() {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(`.person > summary`)), chromedp.WaitVisible(chromedp.CSS(`.person .person-menu`)))
	b.follow(chromedp.Click(chromedp.CSS(`.person form:last-child button`)), "sign out")
}

// TestJourneyInArabic is the four-tenant story in Chromium, in Arabic, with nothing
// but what stands on the pages.
func TestJourneyInArabic(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	worlds := worldSettings(t)
	if s, ok := worldSettings(t)["embedded"]; ok {
		worlds["without_script"] = s
	}
	for name, s := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name, s)
			b := newBrowser(t, w)
			b.width(1366)
			if name == "without_script" {
				b.withoutScript()
			}

			// The desk registers a person in both scripts and refers her.
			b.signIn("worker@coordination.demo")
			if dir := eval[string](b, `document.documentElement.dir`); dir != "rtl" {
				t.Fatalf("dir %s", dir)
			}
			b.open("coordination", "/people/new")
			for k, v := range map[string]string{"given_name_ar": "حياة", "family_name_ar": "الزهراوي", "given_name": "Hayat", "family_name": "Ezzahraoui", "sex": "female",
				"birth_precision": "year", "birth_date_year": "1991", "phone_0": "06 61 44 55 66", "phone_0_hours": "بين 10 و12", "commune": "02.411.01.23", "language": "darija"} {
				b.fill(k, v)
			}
			b.press(`main form button.primary`)
			b.shows("حياة الزهراوي")
			person := strings.Split(b.path(), "/")[4]

			// Somebody who types her again is shown that she is there.
			b.open("coordination", "/people/new")
			for k, v := range map[string]string{"given_name": "Hayate", "family_name": "Zahraoui", "sex": "female"} {
				b.fill(k, v)
			}
			b.press(`main form button.primary`)
			b.shows("حياة الزهراوي")

			b.open("coordination", "/people/"+person+"/refer?need=psychiatric")
			b.shows("استشارة الطب النفسي للكبار")
			service := w.as("worker@coordination.demo").service("hospital", "psychiatric")
			b.open("coordination", "/people/"+person+"/refer/"+service+"?need=psychiatric")
			b.shows("المركز الاستشفائي")
			b.fill("priority", "urgent")
			for _, c := range []string{"identity", "contact", "social"} {
				b.fill("categories", c)
			}
			b.fill("reason", "صعوبات في النوم منذ وفاة والدتها")
			b.say("إرسال الإحالة")
			w.settled()
			list := w.as("worker@coordination.demo").get("/referrals?box=out&limit=1").want(200)
			id, number := list.text("items.0.id"), list.text("items.0.number")
			if list.text("items.0.state") != "sent" || list.text("items.0.person_id") != person {
				t.Fatalf("not sent: %s", list.text("items.0.state"))
			}
			b.open("coordination", "/referrals/"+id)
			b.shows("مرسلة", "حياة الزهراوي", number)
			b.leave()

			// The chamber and the faculty find nothing.
			strangers := func() {
				for email, tenant := range map[string]string{"intake@chamber.demo": "chamber", "placements@faculty.demo": "faculty"} {
					b.signIn(email)
					b.open(tenant, "/referrals/"+id)
					b.shows("الصفحة غير موجودة")
					b.hides("حياة", number)
					b.open(tenant, "/referrals?box=in")
					b.hides("حياة", id)
					b.leave()
				}
			}
			strangers()

			// The hospital is told, sees an anonymous card, asks.
			b.signIn("intake@hospital.demo")
			b.open("hospital", "/notifications")
			b.shows(number)
			b.open("hospital", "/referrals/"+id)
			b.shows("جديدة", "علاج نفسي وعقلي", "مستعجل")
			b.hides("حياة", "Hayat", "الزهراوي", "661445566", "وفاة والدتها")
			b.look("the card")
			b.say("طلب معلومات إضافية")
			b.fill("text", "هل تتوفر على تغطية صحية؟")
			b.press(`main form button.primary`)
			b.leave()

			// The desk answers.
			b.signIn("worker@coordination.demo")
			b.open("coordination", "/referrals/"+id)
			b.shows("هل تتوفر على تغطية صحية؟")
			b.say("جواب")
			b.fill("text", "نعم، أمو تضامن")
			b.press(`main form button.primary`)
			b.leave()

			// The hospital accepts, and only then sees who it is.
			b.signIn("intake@hospital.demo")
			b.open("hospital", "/referrals/"+id)
			b.shows("نعم، أمو تضامن")
			b.say("قبول الإحالة")
			b.hides("حياة", "الزهراوي", "وفاة والدتها")
			b.look("after the acceptance")
			b.open("hospital", "/referrals/"+id)
			b.shows("حياة الزهراوي", "وفاة والدتها")
			b.look("the person")
			b.leave()
			strangers()
			b.signIn("intake@hospital.demo")
			b.open("hospital", "/referrals/"+id)
			b.say("تحديد موعد")
			y := w.clock.Now().Year() + 1
			for k, v := range map[string]string{"starts_at_local": "5", "starts_at_local_month": "3", "starts_at_local_year": strconv.Itoa(y), "starts_at_local_hour": "10", "starts_at_local_minute": "00", "place": "الجناح 2"} {
				b.fill(k, v)
			}
			b.press(`main form button.primary`)
			b.shows("5 مارس "+strconv.Itoa(y), "موعد محدد")
			b.say("بدء التكفل")
			b.say("كتابة تقرير مرحلي")
			b.fill("text", "تمت الحصة الأولى")
			b.press(`main form button.primary`)
			b.say("إنهاء التكفل بنتيجة")
			b.fill("outcome", "consultation")
			b.press(`main form button.primary`)
			b.shows("منجزة")
			b.leave()

			// The desk sees every step and confirms.
			b.signIn("worker@coordination.demo")
			b.open("coordination", "/referrals/"+id)
			b.shows("منجزة", "استشارة طبية منجزة", "تمت الحصة الأولى")
			b.say("تأكيد النتيجة")
			if eval[bool](b, `!!document.querySelector('main form button.primary') && location.pathname.endsWith('/confirm')`) {
				b.press(`main form button.primary`)
			}
			b.shows("نتيجة مؤكدة")
			if got := w.as("worker@coordination.demo").get("/referrals/" + id).text("state"); got != "outcome_confirmed" {
				t.Errorf("state %s", got)
			}
		})
	}
}
