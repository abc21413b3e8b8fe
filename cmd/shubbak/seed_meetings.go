package main

import (
	"context"
	"fmt"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/tasks"
	"shubbak/platform/clock"
	"shubbak/platform/ids"
	"shubbak/web"
)

// addMeetings makes what the committees of the hospital's agreement did and will do: one
// meeting whose minutes are closed, one that is planned. Invented people.
func (s *seeder) addMeetings(ctx context.Context) error {
	desk := s.by(ctx, "coordinator@coordination.demo")
	id, err := s.agreementWith(desk, "hospital")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	local := func(days int, at string) string {
		on := s.clock.Now().In(clock.Casablanca()).AddDate(0, 0, days)
		for on.Weekday() == time.Saturday || on.Weekday() == time.Sunday {
			on = on.AddDate(0, 0, 1)
		}
		return on.Format(time.DateOnly) + "T" + at
	}
	start := s.clock.Now() // dates to come, whatever the clock is moved to below
	day := func(days int) string { return start.In(clock.Casablanca()).AddDate(0, 0, days).Format(time.DateOnly) }
	line := func(ar, fr string) agreements.AgendaLine {
		return agreements.AgendaLine{ID: ids.New[ids.Entry](), Kind: "typed", Title: agreements.Label{Ar: ar, Fr: fr}}
	}
	s.clock.Shift(-22 * 24 * time.Hour)
	m, err := s.agreements.PlanMeeting(desk, id, 0, agreements.Meeting{Kind: "follow_up", StartsLocal: local(1, "10:00"), Place: "مقر المنسقية الجهوية، وجدة", Agenda: []agreements.AgendaLine{
		line("آجال الرد على الإحالات", "Délais de réponse aux orientations"), line("لائحة الانتظار في استشارة علاج الإدمان", "Liste d’attente de la consultation d’addictologie"), line("نقط مختلفة", "Questions diverses")}})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	do := func(c agreements.MeetingCommand) error {
		o, err := s.agreements.Meeting(desk, id, m.ID)
		if err != nil {
			return err
		}
		return s.agreements.DoMeeting(desk, id, m.ID, agreements.MeetingAct{Command: c, Version: o.Version})
	}
	s.clock.Shift(-18 * 24 * time.Hour)
	if err := do(agreements.Hold); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	worker := s.actors["worker@coordination.demo"].User
	err = s.agreements.ChangeMeeting(desk, id, m.ID, 2, "minutes", func(m *agreements.Meeting) error {
		m.Attendance = []agreements.Attendee{
			{Party: "coordination", Name: "Abdellatif Berrahili", Quality: "Coordinateur", Presence: "present"},
			{Party: "coordination", Name: "محمد الورياغلي", Quality: "رئيس الشباك", Presence: "present"},
			{Party: "hospital", Name: "Kaoutar Benmoussa", Quality: "Administratrice", Presence: "present"},
			{Party: "hospital", Name: "د. أمينة الراجي", Quality: "رئيسة المصلحة", Presence: "excused"}}
		m.MinutesAr = "افتتح المنسق الاجتماع وذكر بالتزامات الطرفين.\nتم الوقوف على تأخر الرد على بعض الإحالات، وعلى طول الانتظار في استشارة علاج الإدمان.\nاتفق الطرفان على القرارات المدونة أسفله."
		m.MinutesFr = "Le coordinateur ouvre la réunion et rappelle les engagements des deux parties.\nLes parties relèvent des retards de réponse et une longue attente en addictologie.\nElles arrêtent les décisions ci-après."
		m.Decisions = []agreements.Decision{
			{Words: "تحيين عدد الأماكن المتاحة كل يوم اثنين", Party: "hospital", DueOn: day(7)},
			{Words: "إعداد لائحة الإحالات التي تجاوزت أجل الرد وموافاة المستشفى بها", Party: "coordination", UserID: worker, DueOn: day(5)},
			{Words: "اقتراح بروتوكول للتتبع المشترك قبل الاجتماع المقبل", Party: "coordination", DueOn: day(30)}}
		return nil
	})
	if err == nil {
		err = do(agreements.CloseMinutes)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s.clock.Shift(0)
	_, err = s.agreements.PlanMeeting(desk, id, 0, agreements.Meeting{Kind: "steering", StartsLocal: local(12, "09:30"), Place: "قاعة الاجتماعات بالمستشفى", Agenda: []agreements.AgendaLine{
		line("حصيلة السنة", "Bilan de l’année"), line("تجديد الاتفاقية", "Renouvellement de la convention")}})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return s.addTasks(ctx, id, day)
}

// addTasks makes some tasks by hand: of today, late, blocked.
func (s *seeder) addTasks(ctx context.Context, agreement ids.ID[ids.Agreement], day func(int) string) error {
	worker := s.actors["worker@coordination.demo"].User
	for _, x := range []struct {
		by, title string
		about     bool
		to        ids.ID[ids.User]
		ago, due  int
		blocked   string
	}{
		{"head@coordination.demo", "مراجعة ملفات الأسبوع قبل الاجتماع", false, worker, 6, -2, ""},
		{"worker@coordination.demo", "الاتصال بالجمعية بشأن الألبسة الشتوية", false, worker, 1, 3, ""},
		{"worker@coordination.demo", "طلب نسخ جديدة من بطاقة التوجيه", false, worker, 4, 1, "في انتظار التوريد"},
		{"coordinator@coordination.demo", "تحضير ملف لجنة القيادة", true, s.actors["coordinator@coordination.demo"].User, 1, 10, ""},
		{"head@hospital.demo", "تحيين لائحة الأطباء المكلفين بالاستقبال", false, s.actors["doctor@hospital.demo"].User, 1, 5, ""},
	} {
		s.clock.Shift(-time.Duration(x.ago) * 24 * time.Hour)
		d := tasks.Draft{Title: x.title, Assignee: x.to, DueOn: day(x.due)}
		if x.about {
			d.Subject = "agreement:" + agreement.String()
		}
		t, err := s.tasks.Create(s.by(ctx, x.by), d)
		if err == nil && x.blocked != "" {
			_, err = s.tasks.Do(s.by(ctx, x.by), t.ID, tasks.Act{Command: tasks.Block, Version: 1, Reason: x.blocked})
		}
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	s.clock.Shift(0)
	return nil
}

// agreementWith is the agreement in force with a partner.
func (s *seeder) agreementWith(ctx context.Context, partner string) (id ids.ID[ids.Agreement], err error) {
	list, err := s.agreements.List(ctx, []string{string(agreements.InForce)}, web.PageOf{Limit: web.MaxLimit})
	for _, a := range list {
		for _, p := range a.Parties {
			if p.Tenant == partner {
				return a.ID, err
			}
		}
	}
	return id, err
}
