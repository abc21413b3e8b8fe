package main

import (
	"time"

	"shubbak/modules/referrals"
)

// demoPerson is an invented person.
type demoPerson struct {
	givenAr, familyAr, given, family, sex, birth, precision, commune, language, address, hours string
	situations                                                                                 []string
}

const oujdaCommune = "02.411.01.23"

var demoPeople = []demoPerson{
	{"فاطمة الزهراء", "بوزيان", "Fatima-Zahra", "Bouziane", "female", "1988-03-14", "day", oujdaCommune, "darija", "حي النور، زنقة 12", "10:00–12:00", []string{"woman_difficulty"}},
	{"محمد", "بنعلي", "Mohamed", "Ben Ali", "male", "1987-01-01", "year", oujdaCommune, "darija", "واد الناشف", "", []string{"poor_household"}},
	{"امحمد", "بنعلي", "M’hamed", "Benali", "male", "1986-01-01", "year", "02.113.01.09", "darija", "", "", nil},
	{"سعيدة", "المختاري", "Saida", "El Mokhtari", "female", "1995-07-02", "day", oujdaCommune, "ar", "سيدي يحيى", "", []string{"single_mother"}},
	{"عبد القادر", "زروال", "Abdelkader", "Zeroual", "male", "1961-11-20", "day", oujdaCommune, "tarifit", "", "", []string{"elderly_alone"}},
	{"الحسين", "أوحمو", "Lahoucine", "Ouhammou", "male", "1979-05-05", "day", "02.411.01.11", "tamazight", "", "", []string{"chronic_illness"}},
	{"مريم", "الطيبي", "Meryem", "Taïbi", "female", "2004-09-30", "day", oujdaCommune, "fr", "", "", []string{"dropout"}},
	{"يوسف", "قدوري", "Youssef", "Kaddouri", "male", "2007-02-17", "day", oujdaCommune, "darija", "", "", []string{"dropout"}},
	{"خديجة", "رحموني", "Khadija", "Rahmouni", "female", "1972-01-01", "estimated", "02.411.03.01", "darija", "", "", []string{"widow"}},
	{"إبراهيم", "السالمي", "Brahim", "Essalmi", "male", "1990-12-12", "day", oujdaCommune, "darija", "", "", []string{"addiction"}},
	{"نجاة", "بلقاسم", "Najat", "Belkacem", "female", "1983-04-08", "day", oujdaCommune, "ar", "", "", []string{"divorced_children"}},
	{"كمال", "حمداش", "Kamal", "Hamdache", "male", "1998-10-01", "day", oujdaCommune, "darija", "", "", nil},
	{"حليمة", "ويشو", "Halima", "Ouichou", "female", "1966-06-06", "day", "02.113.01.25", "tarifit", "", "", []string{"disability"}},
	{"جواد", "مرزوق", "Jaouad", "Marzouk", "male", "1993-08-19", "day", oujdaCommune, "darija", "", "", []string{"homeless"}},
	{"لطيفة", "العيساوي", "Latifa", "El Aissaoui", "female", "2000-03-03", "day", oujdaCommune, "darija", "", "", []string{"woman_difficulty"}},
	{"أحمد", "دحماني", "Ahmed", "Dahmani", "male", "1955-01-01", "year", oujdaCommune, "ar", "", "", []string{"elderly_alone"}},
	{"سميرة", "بوعلام", "Samira", "Boualam", "female", "1991-05-27", "day", oujdaCommune, "fr", "", "", nil},
	{"رضوان", "الهواري", "Redouane", "El Houari", "male", "1985-09-09", "day", oujdaCommune, "darija", "", "", []string{"ex_prisoner"}},
	{"زينب", "مسعودي", "Zineb", "Messaoudi", "female", "2002-11-11", "day", oujdaCommune, "darija", "", "", []string{"dropout"}},
	{"طارق", "بنصالح", "Tarik", "Bensalah", "male", "1996-02-02", "day", oujdaCommune, "darija", "", "", nil},
	{"أمينة", "الشرقاوي", "Amina", "Cherkaoui", "female", "1978-07-15", "day", oujdaCommune, "ar", "", "", []string{"chronic_illness"}},
	{"مصطفى", "قاسمي", "Mostafa", "Kasmi", "male", "1969-03-21", "day", oujdaCommune, "darija", "", "", []string{"poor_household"}},
	{"هند", "لحلو", "Hind", "Lahlou", "female", "1999-12-24", "day", oujdaCommune, "fr", "", "", nil},
	{"عمر", "بوتشيش", "Omar", "Boutchiche", "male", "1989-10-10", "day", oujdaCommune, "darija", "", "", nil},
	{"نورة", "العربي", "Noura", "El Arbi", "female", "1994-01-19", "day", oujdaCommune, "darija", "", "", []string{"single_mother"}},
}

// demoStep is one act after the referral was written.
type demoStep struct {
	after time.Duration
	by    string // "" is the partner's intake
	act   referrals.Act
	open  bool // the actor opens the person afterwards
}

// demoReferral is one referral of the demo network, on its way to a state.
type demoReferral struct {
	state                           referrals.State
	who                             int // index in demoPeople
	service, need, priority, reason string
	ago                             time.Duration
	triage                          map[string]string
	steps                           []demoStep
}

const (
	day  = 24 * time.Hour
	head = "head@coordination.demo"
	desk = "worker@coordination.demo"
)

func act(c referrals.Command) referrals.Act { return referrals.Act{Command: c} }

func said(c referrals.Command, text string) referrals.Act {
	return referrals.Act{Command: c, Text: text}
}

// accepted is how a partner takes somebody on and opens who it is.
func accepted(after time.Duration, receiverNumber string) demoStep {
	return demoStep{after: after, act: referrals.Act{Command: referrals.Accept, ReceiverNumber: receiverNumber}, open: true}
}

var demoReferrals = []demoReferral{
	{state: referrals.Expired, who: 0, service: "support", need: "mental_health", priority: "routine", reason: "قلق مستمر بعد فقدان العمل، يطلب مرافقة نفسية.", ago: 39 * day,
		steps: []demoStep{{after: 35 * day, act: act(referrals.Expire)}}},
	{state: referrals.OutcomeConfirmed, who: 1, service: "consultation", need: "psychiatric", priority: "routine", reason: "صعوبات في النوم منذ ستة أشهر دون تتبع طبي.", ago: 36 * day, triage: map[string]string{"followed": "no"},
		steps: []demoStep{accepted(2*day, "R-0388"), {after: 3 * day, act: act(referrals.Schedule)}, {after: 8 * day, act: act(referrals.Start)},
			{after: 9 * day, act: said(referrals.Report, "حضرت الحصة الأولى، والتتبع مستمر.")}, {after: 20 * day, act: referrals.Act{Command: referrals.Complete, Outcome: "consultation"}},
			{after: 22 * day, by: desk, act: referrals.Act{Command: referrals.Confirm, SaidBy: "person", Result: "met"}}}},
	{state: referrals.Completed, who: 10, service: "consultation", need: "mental_health", priority: "routine", reason: "ضغط نفسي داخل الأسرة، تطلب من تتحدث إليه.", ago: 28 * day,
		steps: []demoStep{accepted(1*day, "R-0391"), {after: 10 * day, act: act(referrals.Start)}, {after: 25 * day, act: referrals.Act{Command: referrals.Complete, Outcome: "consultation"}}}},
	{state: referrals.Failed, who: 7, service: "carpentry", need: "apprenticeship", priority: "routine", reason: "يرغب في تعلم النجارة بعد انقطاعه عن الدراسة.", ago: 27 * day,
		steps: []demoStep{accepted(2*day, "CFA-71"), {after: 9 * day, act: act(referrals.Start)}, {after: 20 * day, act: referrals.Act{Command: referrals.Fail, Reason: "dropped_out"}}}},
	{state: referrals.Declined, who: 14, service: "sewing", need: "training", priority: "routine", reason: "تبحث عن تكوين قريب من سكناها.", ago: 21 * day,
		steps: []demoStep{{after: 2 * day, act: referrals.Act{Command: referrals.Decline, Reason: "needs_assessment", ByWhom: "provider"}}}},
	{state: referrals.Redirected, who: 6, service: "consultation", need: "mental_health", priority: "routine", reason: "يحتاج إلى جلسات استماع منتظمة.", ago: 18 * day,
		steps: []demoStep{{after: 1 * day, act: referrals.Act{Command: referrals.Redirect, Note: "جلسات الدعم أنسب لهذه الوضعية."}}}},
	{state: referrals.Recalled, who: 8, service: "literacy", need: "literacy", priority: "routine", reason: "ترغب في تعلم القراءة والكتابة.", ago: 16 * day,
		steps: []demoStep{{after: 3 * day, by: desk, act: referrals.Act{Command: referrals.Recall, Reason: "other_service"}}}},
	{state: referrals.EnteredInError, who: 15, service: "listening", need: "information", priority: "routine", reason: "طلب معلومات حول التسجيل.", ago: 15 * day,
		steps: []demoStep{{after: 1 * day, by: head, act: referrals.Act{Command: referrals.MarkError, Reason: "سجلت الإحالة لشخص آخر"}}}},
	{state: referrals.OnHold, who: 11, service: "carpentry", need: "training", priority: "routine", reason: "تكوين في النجارة مع مراعاة وضعيته الصحية.", ago: 24 * day,
		steps: []demoStep{accepted(1*day, "CFA-74"), {after: 6 * day, act: act(referrals.Start)}, {after: 14 * day, act: referrals.Act{Command: referrals.Hold, Reason: "awaiting_papers"}}}},
	{state: referrals.InProgress, who: 9, service: "consultation", need: "psychiatric", priority: "urgent", reason: "انقطع عن العلاج منذ سنة ويعيش في عزلة.", ago: 14 * day, triage: map[string]string{"followed": "yes", "companion": "yes"},
		steps: []demoStep{accepted(1*day, "R-0407"), {after: 1*day + time.Hour, act: act(referrals.Start)}}},
	{state: referrals.NoShow, who: 24, service: "support", need: "mental_health", priority: "routine", reason: "تطلب مرافقة نفسية بعد الطلاق.", ago: 12 * day,
		steps: []demoStep{accepted(1*day, "R-0409"), {after: 2 * day, act: act(referrals.Schedule)}, {after: 7 * day, act: act(referrals.MarkNoShow)}}},
	{state: referrals.RecallRequested, who: 18, service: "sewing", need: "apprenticeship", priority: "routine", reason: "ترغب في تعلم الخياطة التقليدية.", ago: 10 * day,
		steps: []demoStep{accepted(1*day, "CFA-77"), {after: 9 * day, by: desk, act: referrals.Act{Command: referrals.Recall, Reason: "person_request"}}}},
	{state: referrals.Waitlisted, who: 9, service: "addiction", need: "addiction", priority: "routine", reason: "يطلب المساعدة للإقلاع عن الإدمان.", ago: 9 * day,
		steps: []demoStep{accepted(1*day, "R-0411"), {after: 2 * day, act: act(referrals.Waitlist)}}},
	{state: referrals.Scheduled, who: 0, service: "consultation", need: "psychiatric", priority: "routine", reason: "اضطراب في النوم والشهية، تقيم مع أختها.", ago: 5 * day, triage: map[string]string{"followed": "no", "companion": "yes"},
		steps: []demoStep{{after: 5 * time.Hour, act: said(referrals.Ask, "هل تتوفر على تغطية صحية سارية المفعول؟")}, {after: 20 * time.Hour, by: desk, act: said(referrals.Answer, "نعم، أمو تضامن، الحقوق مفتوحة إلى نهاية السنة.")},
			accepted(2*day, "R-0413"), {after: 4 * day, act: act(referrals.Schedule)}}},
	{state: referrals.Accepted, who: 20, service: "support", need: "mental_health", priority: "routine", reason: "خوف مستمر بعد حادثة، تطلب الاستماع.", ago: 3 * day,
		steps: []demoStep{accepted(1*day, "R-0414")}},
	{state: referrals.InfoRequested, who: 13, service: "consultation", need: "psychiatric", priority: "routine", reason: "تراجع في العناية بالنفس منذ شهرين.", ago: 2 * day,
		steps: []demoStep{{after: 6 * time.Hour, act: said(referrals.Ask, "هل يوجد من يرافق المعني بالأمر إلى الموعد؟")}}},
	{state: referrals.Acknowledged, who: 17, service: "consultation", need: "psychiatric", priority: "urgent", reason: "حالة قلق شديد تستدعي فحصا قريبا.", ago: 5*day + 2*time.Hour, // late whatever day it is: it has had a working day at least
		steps: []demoStep{{after: time.Hour, act: act(referrals.Acknowledge)}}},
	{state: referrals.Sent, who: 5, service: "consultation", need: "psychiatric", priority: "routine", reason: "عزلة ورفض للخروج منذ أسابيع.", ago: 5 * time.Hour, triage: map[string]string{"followed": "unknown"}},
	{state: referrals.Sent, who: 16, service: "consultation", need: "mental_health", priority: "urgent", reason: "قلق شديد بعد وفاة قريب.", ago: 70 * time.Minute},
	{state: referrals.Sent, who: 7, service: "carpentry", need: "apprenticeship", priority: "routine", reason: "يبحث عن تكوين يسمح له بالعمل.", ago: 3 * time.Hour, triage: map[string]string{"school": "primary"}},
	{state: referrals.Sent, who: 22, service: "listening", need: "mental_health", priority: "routine", reason: "طالبة تواجه صعوبات في متابعة الدراسة.", ago: 4 * time.Hour},
	{state: referrals.AwaitingApproval, who: 21, service: "literacy", need: "digital", priority: "routine", reason: "يحتاج إلى تعلم استعمال الخدمات الرقمية لمشروعه الحرفي.", ago: 2 * day},
	{state: referrals.AwaitingConsent, who: 3, service: "support", need: "mental_health", priority: "routine", reason: "في انتظار موافقتها على إطلاع الشريك.", ago: day},
	{state: referrals.Draft, who: 19, service: "consultation", need: "psychiatric", priority: "routine", reason: "مسودة في انتظار استكمال المعطيات.", ago: 8 * time.Hour},
}
