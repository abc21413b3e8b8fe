package main

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"shubbak/modules/accounts"
	"shubbak/platform/db"
	"shubbak/tenants"

	"github.com/chromedp/chromedp"
)

// eachJourney runs fn in Chromium on the embedded world, with script and without.
func eachJourney(t *testing.T, fn func(t *testing.T, w *world, b *browser)) {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	for _, name := range []string{"embedded", "without_script"} {
		s, ok := worldSettings(t)["embedded"]
		if !ok {
			t.Skip("of the embedded default")
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name, s)
			b := newBrowser(t, w)
			b.width(1366)
			if name == "without_script" {
				b.withoutScript()
			}
			fn(t, w, b)
		})
	}
}

// TestJourneyDanger: a desk meets somebody in danger whom it does not know.
func TestJourneyDanger(t *testing.T) {
	eachJourney(t, func(t *testing.T, w *world, b *browser) {
		b.signIn("worker@coordination.demo")
		b.open("coordination", "/referrals?box=out")
		b.press(`nav.wide a.danger`)
		b.shows("اتصلوا أولا", "15", "الوقاية المدنية", "8350", "05 36 00 11 22")
		b.fill("who", "امرأة مجهولة الهوية، حوالي 30 سنة")
		b.say("إرسال الإحالة فورا")
		b.shows("المكان", "المصلحة المتصل بها") // what is missing is named, what was typed is kept
		if got := eval[string](b, `document.querySelector('#who').value`); !strings.Contains(got, "مجهولة") {
			t.Fatalf("what was typed is lost: %q", got)
		}
		b.fill("place", "محطة القطار")
		b.fill("service_id", w.as("worker@coordination.demo").service("hospital", "psychiatric"))
		b.fill("answered_by", "طبيبة المداومة")
		b.say("إرسال الإحالة فورا")
		b.shows("خطر فوري", "محطة القطار", "مرسلة")
		b.look("the danger at its sender")
		id := strings.Split(b.path(), "/")[4]
		w.settled()
		b.leave()

		b.signIn("intake@hospital.demo")
		b.open("hospital", "/referrals?box=in")
		b.shows("خطر فوري واحد ينتظر جوابكم")
		b.open("hospital", "/referrals/"+id)
		b.shows("امرأة مجهولة الهوية", "محطة القطار", "طبيبة المداومة")
		b.say("تأكيد التوصل")
		b.leave()

		b.signIn("head@coordination.demo")
		b.open("coordination", "/referrals?box=out&tab=review")
		b.shows("خطر فوري")
		b.open("coordination", "/referrals/"+id)
		b.fill("informed", "later")
		b.say("تسجيل المراجعة")
		b.shows("تمت المراجعة", "يخبر متى استطاع ذلك")
	})
}

// TestJourneyHospitalToDesk: the other direction, by the same pages.
func TestJourneyHospitalToDesk(t *testing.T) {
	eachJourney(t, func(t *testing.T, w *world, b *browser) {
		b.signIn("intake@hospital.demo")
		b.open("hospital", "/people/new")
		for k, v := range map[string]string{"given_name_ar": "مصطفى", "family_name_ar": "البوعناني", "given_name": "Mostafa", "family_name": "El Bouanani", "sex": "male",
			"birth_precision": "year", "birth_date_year": "1970", "phone_0": "0661998877", "commune": "02.411.01.23"} {
			b.fill(k, v)
		}
		b.press(`main form button.primary`)
		person := strings.Split(b.path(), "/")[4]
		desk := w.as("intake@hospital.demo").service("coordination", "health_cover")
		b.open("hospital", "/people/"+person+"/refer/"+desk+"?need=health_cover")
		for _, c := range []string{"identity", "contact", "social"} {
			b.fill("categories", c)
		}
		b.fill("reason", "يغادر المستشفى دون تغطية صحية")
		b.say("إرسال الإحالة")
		w.settled()
		b.open("hospital", "/referrals?box=out")
		id := w.as("intake@hospital.demo").get("/referrals?box=out&limit=1").want(200).text("items.0.id")
		b.leave()

		b.signIn("worker@coordination.demo")
		b.open("coordination", "/referrals?box=in")
		b.open("coordination", "/referrals/"+id)
		b.shows("جديدة", "تغطية صحية")
		b.hides("مصطفى", "Mostafa")
		b.say("قبول الإحالة")
		b.open("coordination", "/referrals/"+id)
		b.shows("مصطفى البوعناني")
		// No retyping: the register's form opens filled in.
		b.say("تسجيل في سجل مؤسستكم")
		if got := eval[string](b, `document.querySelector('[name=family_name_ar]').value`); got != "البوعناني" {
			t.Errorf("the form is not filled in: %q", got)
		}
		b.press(`main form#paper button.primary`)
		b.shows("مصطفى البوعناني")
		b.open("coordination", "/referrals/"+id)
		b.say("بدء التكفل")
		b.say("إنهاء التكفل بنتيجة")
		b.fill("outcome", "papers")
		b.press(`main form button.primary`)
		b.shows("منجزة")
		b.leave()
		b.signIn("intake@hospital.demo")
		b.open("hospital", "/referrals/"+id)
		b.shows("منجزة")
	})
}

// TestJourneyLetter: a body that is not on the platform, and the slip that returns.
func TestJourneyLetter(t *testing.T) {
	eachJourney(t, func(t *testing.T, w *world, b *browser) {
		desk := w.as("worker@coordination.demo")
		person := desk.person(map[string]any{"given_name_ar": "زهرة", "family_name_ar": "التازي"})
		b.signIn("worker@coordination.demo")
		b.open("coordination", "/people/"+person+"/refer?need=civil_papers")
		b.shows("مكتب الحالة المدنية")
		b.say("إعداد بطاقة توجيه")
		b.fill("reason", "تسجيل الأطفال في الحالة المدنية")
		b.say("إعداد البطاقة للطبع")
		b.shows("بطاقة التوجيه", "بطاقة الجواب", "زهرة التازي", "الدفتر العائلي", "تسجيل الأطفال")
		id := strings.Split(b.path(), "/")[4]
		b.open("coordination", "/referrals/"+id+"/letter?lang=fr")
		b.shows("Talon-réponse", "Livret de famille")
		// The slip comes back: its code, typed or scanned, leads to the referral.
		b.open("coordination", "/referrals?box=out&q="+url.QueryEscape(replyCode.FindString(b.text("main"))))
		if got := b.path(); !strings.HasSuffix(got, "/referrals/"+id) {
			b.shot("failed")
			t.Fatalf("the slip's code leads to %s", withoutIDs(got))
		}
		b.say("تسجيل قبول الجهة")
		b.fill("source", "slip")
		b.press(`main form button.primary`)
		b.say("تسجيل النتيجة")
		b.fill("source", "person")
		b.fill("outcome", "papers")
		b.press(`main form button.primary`)
		b.shows("منجزة")
		if got := desk.get("/referrals/" + id + "/events").want(200).text("items.2.source"); got != "slip" {
			t.Errorf("source %q", got)
		}
	})
}

// TestJourneyStaffLeaves: what somebody held goes to the unit in the same press.
func TestJourneyStaffLeaves(t *testing.T) {
	eachJourney(t, func(t *testing.T, w *world, b *browser) {
		id := w.as("worker@coordination.demo").sent(nil)
		admin := w.as("admin@hospital.demo")
		doctor, _ := admin.userID("doctor@hospital.demo")
		w.as("intake@hospital.demo").do(id, "accept", map[string]any{"user_id": doctor}).want(200)
		held := w.as("doctor@hospital.demo")
		held.get("/referrals/" + id).want(200)
		number := w.as("intake@hospital.demo").get("/referrals/" + id).want(200).text("number")
		b.signIn("admin@hospital.demo")
		b.menu("حسابات المؤسسة")
		b.say("د. كريم وزاني")
		b.say("إنهاء الحساب")
		b.shows(number, "تنتهي الجلسات في الحين") // what the unit gets is listed before it is confirmed
		b.hides("Test", "Person")
		b.look("the end of an account")
		b.press(`main form button.danger-solid`)
		b.shows("حساب منته")
		held.get("/me").code(401, "unauthenticated")
		b.leave()
		b.open("hospital", "/sign-in")
		b.do(chromedp.SetValue(chromedp.CSS("#email"), "doctor@hospital.demo"), chromedp.SetValue(chromedp.CSS("#password"), w.password))
		b.press(`main button.primary`)
		if !strings.Contains(b.path(), "/sign-in") {
			t.Errorf("who has left stands at %s", withoutIDs(b.path()))
		}
		b.signIn("intake@hospital.demo")
		b.open("hospital", "/referrals/"+id)
		b.shows("غير مسندة")
		if got := w.as("intake@hospital.demo").get("/referrals/" + id).want(200).text("owner.user"); got != "" {
			t.Error("the referral is still in the hands of who left")
		}
	})
}

// replyCode is the code on a slip.
var replyCode = regexp.MustCompile(`[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}`)

// printedInvitation is the code on the sheet of an invitation.
var printedInvitation = regexp.MustCompile(`[A-Z2-9]{4}[- ][A-Z2-9]{4}[- ][A-Z2-9]{4}`)

// emptyTenant adds an institution without any data and gives the one-time link of
// its administrator, as the shell prints it.
func (w *world) emptyTenant(slug string) (link string) {
	w.t.Helper()
	ctx := context.Background()
	added, err := w.registry.Add(ctx, w.vault, tenants.Tenant{Slug: slug, Kind: "chamber", NameAr: "جمعية الأمل", NameFr: "Association Al Amal", NameEn: "Al Amal"})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx = db.As(ctx, added.ID.String())
	id, err := w.accounts.AddUser(ctx, accounts.NewUser{Email: "admin@amal.demo", NameLatin: "Admin", NameAr: "المدير", Roles: []string{"admin"}})
	if err != nil {
		w.t.Fatal(err)
	}
	if link, err = w.accounts.Link(ctx, id); err != nil {
		w.t.Fatal(err)
	}
	return link
}
