package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"shubbak/platform/clock"
)

// date fills the three boxes of a date.
func (b *browser) date(name string, day time.Time) {
	b.t.Helper()
	for part, n := range map[string]int{"": day.Day(), "_month": int(day.Month()), "_year": day.Year()} {
		b.fill(name+part, strconv.Itoa(n))
	}
}

// signs goes from the agreement's page to the text, asks for a code and signs.
func (b *browser) signs(tenant, email, agreement string) {
	b.t.Helper()
	b.signIn(email)
	b.open(tenant, "/agreements/"+agreement)
	b.shows("هذه الاتفاقية في انتظار توقيعكم")
	b.say("القراءة والتوقيع")
	b.shows("توقيع إلكتروني بسيط", "43.20")
	b.say("إرسال رمز")
	b.fill("code", b.w.signingCode(email))
	b.say("توقيع الاتفاقية")
	b.leave()
}

// TestJourneyOfAnAgreement is the story of an agreement in Chromium, in Arabic: what it
// says is written, negotiated and signed on the pages, and from then on decides what the
// desk's worker can send.
func TestJourneyOfAnAgreement(t *testing.T) {
	eachJourney(t, func(t *testing.T, w *world, b *browser) {
		admin, worker := w.as("admin@hospital.demo"), w.as("worker@coordination.demo")
		service := admin.post("/services", map[string]any{"name": map[string]string{"ar": "معينات تقنية", "fr": "Aides techniques"}, "needs": []string{"assistive"}, "eligibility": map[string]any{}, "triage": []any{}, "hours": []any{}, "discreet": false, "unit_id": admin.get("/units").text("items.0.id")}).want(201).text("id")
		var people []string
		for range 4 {
			p := worker.person(nil)
			worker.consent(p, "hospital")
			people = append(people, p)
		}
		// sends writes the referral of one person and presses what the page offers.
		sends := func(person string, consent ...string) {
			t.Helper()
			b.open("coordination", "/people/"+person+"/refer?need=assistive")
			b.say("توجيه")
			for _, c := range consent {
				b.fill("categories", c)
			}
			b.fill("reason", "يحتاج إلى كرسي متحرك")
			b.say("إرسال الإحالة")
			b.shows("أرسلت الإحالة")
		}
		// refused finds the service closed to one person, with the reason in words.
		refused := func(person string, why ...string) {
			t.Helper()
			b.open("coordination", "/people/"+person+"/refer?need=assistive")
			b.shows(append(why, "غير متاحة لهذا الشخص", "معينات تقنية")...)
			b.hides("/refer/" + service + "?need=assistive\"")
		}
		today := w.clock.Now().In(clock.Casablanca())

		// Before: nothing covers what the hospital offers.
		b.signIn("worker@coordination.demo")
		refused(people[0], "هذه الحاجة")
		b.leave()

		// The coordinator drafts from the template and says what it covers.
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", "/agreements")
		b.say("إعداد اتفاقية")
		b.fill("kind", "specific")
		b.fill("title_ar", "اتفاقية خاصة بالمعينات التقنية")
		b.fill("title_fr", "Convention spécifique relative aux aides techniques")
		b.fill("object", "توجيه الأشخاص إلى خدمة المعينات التقنية")
		b.fill("partners", "hospital")
		b.date("effective_on", today.AddDate(0, 0, 1))
		b.date("ends_on", today.AddDate(1, 0, 0))
		b.fill("renewal", "express")
		b.fill("notice_days", "60")
		b.look("a new agreement")
		b.say("حفظ")
		id := strings.Split(b.path(), "/")[4]
		b.shows("مشروع اتفاقية")
		page := "/agreements/" + id
		b.say("النطاق وملحق التبادل")
		b.say("نطاق الإحالة")
		b.fill("from", "coordination")
		b.fill("to", "hospital")
		b.fill("needs", "assistive")
		b.say("حفظ")
		b.open("coordination", page+"/sharing")
		for _, cell := range []string{"identity:identity", "identity:contact", "social:social"} {
			b.fill("share", cell)
		}
		b.say("حفظ")
		b.open("coordination", page+"/quotas")
		b.fill("service_id", service)
		b.fill("period", "year")
		b.fill("limit", "2")
		b.fill("hard", "true")
		b.say("حفظ")
		b.open("coordination", page)
		b.look("a draft with its clauses")
		b.say("عرض على الدراسة الداخلية")
		b.leave()

		// The hospital's administrator finds no draft, then comments and proposes.
		b.signIn("admin@hospital.demo")
		b.open("hospital", page)
		b.shows("الصفحة غير موجودة")
		b.leave()
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page)
		b.say("فتح التفاوض مع الأطراف")
		b.leave()
		b.signIn("admin@hospital.demo")
		b.open("hospital", "/agreements")
		b.say("اتفاقية خاصة بالمعينات التقنية")
		b.open("hospital", page+"?tab=text")
		b.fill("text", "نقترح صياغة أدق للمادة الأولى")
		b.fill("proposal_ar", "صياغة باتفاق مع المستشفى")
		b.fill("proposal_fr", "Rédaction convenue avec l’hôpital")
		b.say("إرسال")
		b.leave()

		// The coordinator takes the words, sees the difference, approves.
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page+"?tab=text")
		b.shows("نقترح صياغة أدق للمادة الأولى")
		b.say("اعتماد الصياغة")
		b.open("coordination", page+"?tab=text")
		b.shows("صياغة معتمدة")
		b.open("coordination", page+"?tab=versions")
		b.say("ما الذي تغير")
		b.shows("صياغة", "Rédaction") // word by word
		b.look("the difference")
		b.open("coordination", page)
		b.say("المصادقة على النص")
		b.say("عرض النص للتوقيع")
		b.leave()
		b.signIn("intake@chamber.demo")
		b.open("chamber", page)
		b.shows("الصفحة غير موجودة")
		b.leave()

		// Two signatures; it stands from its day on.
		b.signs("hospital", "director@hospital.demo", id)
		b.signs("coordination", "director@coordination.demo", id)
		if got := w.as("coordinator@coordination.demo").get(page).text("state"); got != "signed" {
			t.Fatalf("after two signatures: %s", got)
		}
		b.signIn("worker@coordination.demo")
		refused(people[0])
		b.leave()
		if err := w.later(24 * time.Hour); err != nil {
			t.Fatal(err)
		}

		// What was refused yesterday passes, until the places are used.
		b.signIn("worker@coordination.demo")
		sends(people[0])
		open := w.as("worker@coordination.demo").get("/referrals?box=out&limit=1").text("items.0.id")
		sends(people[1])
		refused(people[2], "استنفدت حصة هذه السنة")
		b.look("the quota is used")
		b.leave()
		w.settled()
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page)
		b.shows("سارية", "الحصص", "0")
		b.look("in force with its quota used")

		// Suspended: new ones are refused and the open one finishes.
		b.found(`(() => { const e = document.querySelector('form[action$="/suspend"] [name=reason]'); if (e) e.value = "إعادة تنظيم المصلحة"; return !!e; })()`, "the reason of a suspension")
		b.say("تعليق الاتفاقية")
		b.shows("الاتفاقية معلقة", "إعادة تنظيم المصلحة")
		b.look("suspended")
		b.leave()
		b.signIn("worker@coordination.demo")
		refused(people[2], "معلقة منذ")
		b.leave()
		b.signIn("intake@hospital.demo")
		b.open("hospital", "/referrals/"+open)
		b.say("قبول الإحالة")
		b.open("hospital", "/referrals/"+open)
		b.say("بدء التكفل")
		b.say("إنهاء التكفل بنتيجة")
		b.fill("outcome", "service_delivered")
		b.press(`main form button.primary`)
		b.shows("منجزة")
		b.leave()

		// Resumed and amended: the child's limit acts with its last signature.
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page)
		b.say("استئناف العمل بالاتفاقية")
		b.say("إعداد ملحق تعديلي")
		child := strings.Split(b.path(), "/")[4]
		if child == id {
			t.Fatal("the coordinator is not led to the amendment")
		}
		b.shows("مشروع اتفاقية", "الاتفاقية التي يعدلها هذا الملحق")
		b.open("coordination", "/agreements/"+child+"/quotas")
		b.say("تعديل")
		b.fill("limit", "3")
		b.say("حفظ")
		through := func(of string) {
			t.Helper()
			b.open("coordination", "/agreements/"+of)
			for _, act := range []string{"عرض على الدراسة الداخلية", "فتح التفاوض مع الأطراف", "المصادقة على النص", "عرض النص للتوقيع"} {
				b.say(act)
			}
			b.leave()
			b.signs("hospital", "director@hospital.demo", of)
			b.signs("coordination", "director@coordination.demo", of)
		}
		through(child)
		b.signIn("worker@coordination.demo")
		sends(people[2])
		refused(people[3], "استنفدت حصة هذه السنة")
		b.leave()

		// Renewed: the next term begins on its day, with places of its own.
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page)
		b.say("إعداد التجديد")
		next := strings.Split(b.path(), "/")[4]
		b.shows("مشروع اتفاقية", "الاتفاقية السابقة")
		through(next)
		if err := w.later(366 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		b.signIn("coordinator@coordination.demo")
		b.open("coordination", page)
		b.shows("مجددة")
		b.look("the term that is over")
		b.open("coordination", "/agreements/"+next)
		b.shows("سارية")
		b.look("the next term")
		b.leave()
		b.signIn("worker@coordination.demo")
		sends(people[3], "identity", "contact", "social") // what was consented to before is over too
	})
}
