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
