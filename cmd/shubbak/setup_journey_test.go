package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// write types into the field under a label of the main part.
func (b *browser) write(label, value string) {
	b.t.Helper()
	b.found(`(() => {
		const l = [...document.querySelectorAll('main label')].find(l => l.textContent.replace(/\s+/g, ' ').trim().startsWith(`+quote(label)+`));
		const e = l && l.control;
		if (!e) return false;
		if (e.tagName === 'SELECT') {
			const o = [...e.options].find(o => o.textContent.trim() === `+quote(value)+`);
			if (!o) return false;
			e.value = o.value;
		} else {
			e.value = `+quote(value)+`;
		}
		e.dispatchEvent(new Event('input', {bubbles: true}));
		e.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`, label+": "+value)
}

// choose presses the radio or the checkbox that stands before some words.
func (b *browser) choose(words string) {
	b.t.Helper()
	b.found(`(() => {
		const l = [...document.querySelectorAll('main label')].find(l => l.textContent.replace(/\s+/g, ' ').trim().startsWith(`+quote(words)+`) && l.control && /radio|checkbox/.test(l.control.type));
		if (!l) return false;
		if (!l.control.checked) l.control.click();
		return l.control.checked;
	})()`, words)
}

func (b *browser) found(js, what string) {
	b.t.Helper()
	if !eval[bool](b, js) {
		b.shot("failed")
		b.t.Fatalf("%s: no field for %s", withoutIDs(b.path()), what)
	}
}

// menu follows an entry of the navigation. It is looked for and pressed in one step:
// an open page writes its navigation anew when something arrives.
func (b *browser) menu(words string) {
	b.t.Helper()
	entry := `[...document.querySelectorAll('nav.wide a')].find(e => e.textContent.replace(/\s+/g, ' ').includes(` + quote(words) + `))`
	b.found(`!!`+entry, "the menu: "+words)
	b.follow(chromedp.Evaluate[chromedp.Void](entry+`.click()`), words)
	b.calm(withoutIDs(b.path()))
}

// TestJourneyFirstSetUp: an institution without anything, from the two commands of
// the shell to the first referral that is sent. Nobody types an address but the two
// that are handed over: the one-time link and the one on the printed sheet.
func TestJourneyFirstSetUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long")
	}
	for _, name := range []string{"with_script", "without_script"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			listen := "127.0.0.1:" + freePort(t)
			env := []string{"SHUBBAK_DATA=" + dir, "SHUBBAK_LISTEN=" + listen, "SHUBBAK_PUBLIC_URL=http://" + listen}
			shell := func(args ...string) string {
				t.Helper()
				out, code := commandOf(env, args...)
				if code != 0 {
					t.Fatalf("%v: status %d", args, code)
				}
				return strings.TrimSpace(out)
			}
			shell("migrate", "up")
			portal := shell("tenant", "add", "nador", "--kind", "coordination", "--name-ar", "المنسقية الإقليمية بالناضور", "--name-fr", "Coordination de Nador")
			link := shell("user", "add", "nador", "admin@nador.demo", "--role", "admin", "--name-ar", "سلمى العمراني", "--name", "Salma Amrani")
			if !strings.HasPrefix(link, portal+"link/") {
				t.Fatalf("the link does not lead to the portal %s", portal)
			}
			server := &child{t: t, env: env, args: []string{"serve"}, log: filepath.Join(dir, "serve.log")}
			server.start()
			t.Cleanup(func() { _ = server.cmd.Process.Kill() })
			w := &world{t: t, name: "embedded", url: "http://" + listen, tokens: map[string]string{}}
			w.eventually("the server is ready", func() bool {
				a, err := w.try("GET", "/readyz", "", nil, nil)
				return err == nil && a.Status == 200
			})
			b := newBrowser(t, w)
			b.width(1366)
			if name == "without_script" {
				b.withoutScript()
			}
			firstSetUp(b, strings.TrimPrefix(link, portal[:len(portal)-1]))
			if err := server.end(syscall.SIGTERM); err != nil {
				t.Errorf("the server's end: %v", err)
			}
			if out := shell("audit", "verify"); strings.Contains(out, "broken") {
				t.Error(out)
			}
		})
	}
}

func firstSetUp(b *browser, link string) {
	b.t.Helper()
	b.open("nador", link)
	b.lang("nador", "ar")
	b.write("كلمة السر الجديدة", "a-long-new-password")
	b.say("حفظ وتسجيل الدخول")

	// The first page says what comes first, and each entry leads to its page.
	b.menu("إعدادات المؤسسة")
	b.say("الوحدات والشبابيك")
	b.say("إضافة وحدة")
	b.write("الاسم بالعربية", "شباك الناضور")
	b.write("الاسم بالفرنسية", "Guichet de Nador")
	b.choose("شباك")
	b.write("الجماعة", "الناضور")
	b.say("حفظ")
	b.shows("شباك الناضور")
	b.look("units")

	// A body outside the platform, with what it does.
	b.menu("دليل الخدمات")
	b.look("an empty directory")
	b.say("الجهات خارج المنصة")
	b.say("إضافة جهة")
	b.write("الاسم بالعربية", "جمعية الوفاء")
	b.write("الاسم بالفرنسية", "Association Al Wafa")
	b.write("النوع", "جمعية")
	b.write("الجماعة", "الناضور")
	b.write("العنوان بالعربية", "شارع الحسن الثاني، الناضور")
	b.say("حفظ")
	b.shows("جمعية الوفاء")
	b.say("إضافة خدمة")
	b.write("الاسم بالعربية", "المساعدة الغذائية")
	b.write("الاسم بالفرنسية", "Aide alimentaire")
	b.choose("تغذية")
	b.say("حفظ")
	b.shows("المساعدة الغذائية")

	// A colleague without mail gets a printed code.
	b.menu("حسابات المؤسسة")
	b.say("دعوة موظف(ة)")
	b.write("الاسم الكامل بالعربية", "سعاد بنعيسى")
	b.write("الاسم الكامل بالحروف اللاتينية", "Souad Benaissa")
	b.write("البريد الإلكتروني أو اسم الدخول", "s.benaissa")
	b.choose("عامل(ة) اجتماعي(ة)")
	b.write("الوحدة", "شباك الناضور")
	b.choose("رمز مطبوع يسلم باليد")
	b.say("إنشاء الحساب والدعوة")
	sheet := b.text("main")
	code := printedInvitation.FindString(sheet)
	if code == "" || !strings.Contains(sheet, "/t/nador/code") {
		b.shot("failed")
		b.t.Fatal("the sheet holds no code, or no address")
	}
	b.look("the sheet")
	b.say("الحساب")
	b.leave()

	b.open("nador", "/code")
	b.lang("nador", "ar")
	b.write("البريد الإلكتروني أو اسم الدخول", "s.benaissa")
	b.write("الرمز", code)
	b.write("كلمة السر الجديدة", "another-long-password")
	b.say("حفظ وتسجيل الدخول")
	b.lang("nador", "ar")
	b.look("the first page of somebody new")
	b.menu("المساعدة")
	b.shows("ما تقومون به هنا")

	// She registers somebody and sends the first referral.
	b.menu("المستفيدون")
	b.say("تسجيل شخص جديد")
	b.write("الاسم الشخصي بالعربية", "علي")
	b.write("الاسم العائلي بالعربية", "الناصري")
	b.choose("ذكر")
	b.choose("السنة فقط")
	b.write("السنة", "1988")
	b.write("الجماعة", "الناضور")
	b.press(`main form button.primary`)
	b.shows("علي الناصري")
	b.say("توجيه نحو خدمة")
	b.say("تغذية")
	b.say("إعداد بطاقة توجيه")
	b.write("سبب التوجيه", "أسرة دون مورد")
	b.say("إعداد البطاقة للطبع")
	b.shows("بطاقة التوجيه", "علي الناصري", "جمعية الوفاء", "المملكة المغربية", "0001")
	b.say("0001")
	b.shows("مرسلة")
}
