package main

import (
	"context"
	"fmt"
	"time"

	"shubbak/modules/agreements"
	"shubbak/platform/ids"
)

// addDrafts makes the agreements that are not signed yet: one that the chamber speaks
// of, one that the faculty is asked to sign.
func (s *seeder) addDrafts(ctx context.Context) error {
	now := s.clock.Now()
	from, to := now.AddDate(0, 4, 0).Format(time.DateOnly), now.AddDate(3, 4, -1).Format(time.DateOnly)
	desk, chamber := s.by(ctx, "coordinator@coordination.demo"), s.by(ctx, "admin@chamber.demo")
	begin := func(kind, partner, ar, fr, object, objectFr string) (agreements.Agreement, error) {
		return s.agreements.Create(desk, agreements.Text{Kind: kind, Title: agreements.Title{Ar: ar, Fr: fr}, Object: agreements.Body{Ar: object, Fr: objectFr},
			Parties:     []agreements.PartyText{{Party: agreements.Party{Tenant: "coordination"}}, {Party: agreements.Party{Tenant: partner}}},
			EffectiveOn: from, EndsOn: to, Renewal: "express", NoticeDays: 90})
	}
	do := func(id ids.ID[ids.Agreement], commands ...agreements.Command) error {
		for _, c := range commands {
			o, err := s.agreements.Get(desk, id)
			if err == nil {
				err = s.agreements.Do(desk, id, agreements.Act{Command: c, Version: o.Version})
			}
			if err != nil {
				return fmt.Errorf("demo: %s: %w", c, err)
			}
		}
		return nil
	}
	a, err := begin("framework", "chamber", "اتفاقية إطار من أجل الإدماج الاقتصادي", "Convention-cadre pour l’insertion économique", "تنسيق التكوين والمواكبة نحو الأنشطة المدرة للدخل.", "Coordonner la formation et l’accompagnement vers les activités génératrices de revenus.")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := do(a.ID, agreements.Submit, agreements.Negotiate); err != nil {
		return err
	}
	o, err := s.agreements.Get(chamber, a.ID)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	for _, c := range []agreements.Comment{
		{ArticleID: o.Text.Articles[2].ID.String(), Body: "المرجو إضافة محو الأمية الوظيفي إلى مجالات التعاون."},
		{ArticleID: o.Text.Articles[1].ID.String(), Body: "نقترح تدقيق الموضوع.", ProposalAr: "تهدف هذه الاتفاقية الإطار إلى تنسيق تدخلات الطرفين في مجال التكوين والإدماج الاقتصادي للأشخاص في وضعية صعبة، على أن تفصل كيفيات تنفيذها باتفاقيات خاصة."},
	} {
		if _, err := s.agreements.Say(chamber, a.ID, c); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	b, err := begin("placement", "faculty", "اتفاقية التدريب الميداني لطلبة ماستر المساعدة الاجتماعية", "Convention de stage des étudiants du master Assistance sociale", "استقبال الطلبة المتدربين بشبابيك المساعدة الاجتماعية وتأطيرهم.", "Accueil et encadrement des étudiants stagiaires dans les guichets d’assistance sociale.")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := do(b.ID, agreements.Submit, agreements.Negotiate); err != nil {
		return err
	}
	if _, err := s.agreements.Say(s.by(ctx, "admin@faculty.demo"), b.ID, agreements.Comment{Body: "لا ملاحظات إضافية، النص مناسب."}); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return do(b.ID, agreements.Approve, agreements.OpenSigning)
}

// clauses are the quotas and obligations of the agreement with a partner. The quotas
// are indicative: no limit of the demo stops anybody.
func (s *seeder) clauses(partner string) (quotas []agreements.Quota, out []agreements.Obligation) {
	quota := func(service, period string, limit int) {
		quotas = append(quotas, agreements.Quota{ServiceID: s.services[service].ID, Period: period, Limit: limit})
	}
	promise := func(party, indicator, period, mode string, target float64, ar, fr string) {
		out = append(out, agreements.Obligation{Party: party, Indicator: indicator, Period: period, Mode: mode, Target: target, Title: agreements.Title{Ar: ar, Fr: fr}})
	}
	promise(partner, "answered_in_time", "quarter", "computed", 90, "الجواب على الإحالات داخل الأجل", "Réponse aux orientations dans les délais")
	switch partner {
	case "hospital":
		quota("addiction", "quarter", 15)
		quota("support", "month", 4)
		promise(partner, "persons_accompanied", "year", "computed", 6, "أشخاص تمت مواكبتهم خلال السنة", "Personnes accompagnées dans l’année")
		promise(partner, "trainings", "year", "declared", 2, "دورات تكوينية لفائدة أطر الشبابيك", "Sessions de formation au profit des guichets")
	case "chamber":
		quota("carpentry", "quarter", 20)
		promise(partner, "places_offered", "year", "computed", 60, "أماكن التكوين المتاحة", "Places de formation offertes")
	case "faculty":
		promise(partner, "student_hours", "year", "declared", 400, "ساعات تدريب الطلبة بالشبابيك", "Heures de stage des étudiants aux guichets")
	}
	promise("coordination", "outcomes_confirmed", "quarter", "computed", 80, "تأكيد نتائج الإحالات المنجزة", "Confirmation des résultats des orientations réalisées")
	promise(agreements.AllParties, "report", "semester", "declared", 1, "التقرير المرحلي السداسي", "Rapport d’étape semestriel")
	return quotas, out
}

// declare lets the hospital say that it held a session, which the coordination has
// counter-signed, and a second one that waits.
func (s *seeder) declare(ctx context.Context) error {
	there, own, now := s.by(ctx, "admin@hospital.demo"), s.by(ctx, "coordinator@coordination.demo"), s.clock.Now()
	for _, a := range s.planted {
		for _, o := range a.Obligations {
			if o.Indicator != "trainings" {
				continue
			}
			for i, evidence := range []string{"دورة حول التكفل بالأزمات النفسية، لائحة الحضور رقم 7", "دورة حول الوقاية من الإدمان، لائحة الحضور رقم 12"} {
				m, err := s.agreements.Declare(there, a.ID, agreements.Measure{ObligationID: o.ID, On: now.AddDate(0, 0, -20+10*i).Format(time.DateOnly), Value: 1, Evidence: evidence})
				if err == nil && i == 0 {
					err = s.agreements.Countersign(own, a.ID, m.ID, true, "")
				}
				if err != nil {
					return fmt.Errorf("demo: %w", err)
				}
			}
		}
	}
	return nil
}
