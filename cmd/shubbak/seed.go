package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// seeder makes the demo network of Oujda: invented people only. It uses the same
// services as everybody else, so what it makes is what the product makes.
type seeder struct {
	*app
	clock    *clock.Shifted
	tenant   map[string]*tenants.Tenant
	units    map[string]ids.ID[ids.Unit]
	services map[string]directory.Service
	actors   map[string]tenants.Actor
	persons  []people.Person
	planted  []agreements.Full
}

// seed fills an empty data folder and gives the sign-in sheet.
func seed(ctx context.Context, a *app, c *clock.Shifted, password string) (demoSheet, error) {
	if err := os.WriteFile(filepath.Join(a.settings.Data, seedingFile), nil, 0o600); err != nil {
		return demoSheet{}, err
	}
	s := &seeder{app: a, clock: c, tenant: map[string]*tenants.Tenant{}, units: map[string]ids.ID[ids.Unit]{}, services: map[string]directory.Service{}, actors: map[string]tenants.Actor{}}
	// Reads wait for their audit entries, so the log runs while the world is made.
	logging, stop := context.WithCancel(ctx)
	sealed := make(chan struct{})
	go func() {
		defer close(sealed)
		a.audit.Run(logging)
	}()
	defer func() {
		stop()
		<-sealed
	}()
	c.Shift(-40 * 24 * time.Hour)
	defer c.Shift(0)
	for _, step := range []func(context.Context) error{s.addTenants, s.addUnits, s.addServices, s.addBodies, s.addAgreements} {
		if err := step(ctx); err != nil {
			return demoSheet{}, fmt.Errorf("demo: %w", err)
		}
	}
	sheet, err := s.addAccounts(ctx, password)
	if err != nil {
		return sheet, fmt.Errorf("demo: %w", err)
	}
	if err := s.declare(ctx); err != nil {
		return demoSheet{}, err
	}
	if err := s.addDrafts(ctx); err != nil {
		return sheet, err
	}
	if err := s.addPeople(ctx); err != nil {
		return sheet, fmt.Errorf("demo: %w", err)
	}
	if err := s.addReferrals(ctx); err != nil {
		return sheet, err
	}
	if err := s.addMeetings(ctx); err != nil {
		return sheet, err
	}
	for _, t := range s.tenant { // what is late by now has been said
		if err := s.referrals.RunClocks(db.As(ctx, t.ID.String())); err != nil {
			return sheet, err
		}
	}
	return sheet, nil
}

func (s *seeder) addTenants(ctx context.Context) error {
	for _, t := range []tenants.Tenant{
		{Slug: "coordination", Kind: "coordination", NameAr: "المنسقية الجهوية للتعاون الوطني", NameFr: "Coordination régionale de l’Entraide Nationale", NameEn: "Regional coordination office"},
		{Slug: "faculty", Kind: "university", NameAr: "كلية الآداب والعلوم الإنسانية بوجدة", NameFr: "Faculté des Lettres et des Sciences Humaines d’Oujda", NameEn: "Faculty of Letters and Human Sciences, Oujda"},
		{Slug: "chamber", Kind: "chamber", NameAr: "غرفة الصناعة التقليدية لجهة الشرق", NameFr: "Chambre d’artisanat de la région de l’Oriental", NameEn: "Chamber of Crafts of the Oriental region"},
		{Slug: "hospital", Kind: "hospital", NameAr: "المركز الاستشفائي للأمراض العقلية والنفسية بوجدة", NameFr: "Hôpital de santé mentale et des maladies psychiatriques d’Oujda", NameEn: "Psychiatric hospital of Oujda"},
	} {
		added, err := s.registry.Add(ctx, s.vault, t)
		if err != nil {
			return err
		}
		s.tenant[t.Slug] = added
	}
	return nil
}

func (s *seeder) as(ctx context.Context, slug string) context.Context {
	return db.As(ctx, s.tenant[slug].ID.String())
}

func (s *seeder) addUnits(ctx context.Context) error {
	for _, u := range []struct{ tenant, key, parent, kind, ar, fr, en, commune, onCall string }{
		{"coordination", "oujda", "", "delegation", "مندوبية وجدة-أنجاد", "Délégation Oujda-Angad", "Oujda-Angad delegation", "02.411.01.23", ""},
		{"coordination", "medina", "oujda", "desk", "شباك وجدة – المدينة", "Guichet Oujda – Médina", "Oujda – Medina desk", "02.411.01.23", ""},
		{"coordination", "yahya", "oujda", "desk", "شباك وجدة – سيدي يحيى", "Guichet Oujda – Sidi Yahya", "Oujda – Sidi Yahya desk", "02.411.01.23", ""},
		{"coordination", "berkane", "", "delegation", "مندوبية بركان", "Délégation Berkane", "Berkane delegation", "02.113.01.09", ""},
		{"coordination", "berkane-desk", "berkane", "desk", "شباك بركان", "Guichet Berkane", "Berkane desk", "02.113.01.09", ""},
		{"hospital", "consultation", "", "service", "مصلحة الاستشارات الخارجية", "Consultations externes", "Outpatient consultations", "02.411.01.23", "0536001122"},
		{"chamber", "cfa", "", "centre", "مركز التكوين بالتدرج المهني", "Centre de formation par apprentissage", "Apprenticeship training centre", "02.411.01.23", ""},
		{"faculty", "clinic", "", "service", "خلية الاستماع والمواكبة", "Cellule d’écoute et d’accompagnement", "Listening and support unit", "02.411.01.23", ""},
	} {
		added, err := s.accounts.AddUnit(s.as(ctx, u.tenant), accounts.Unit{ParentID: s.units[u.parent], Kind: u.kind, NameAr: u.ar, NameFr: u.fr, NameEn: u.en, Commune: u.commune, OnCall: u.onCall})
		if err != nil {
			return err
		}
		s.units[u.key] = added.ID
	}
	return nil
}

func number(n int) *int { return &n }

func week(from, to string) []directory.Hours {
	var out []directory.Hours
	for day := 1; day <= 5; day++ {
		out = append(out, directory.Hours{Day: day, From: from, To: to})
	}
	return out
}

func yesNo(code, ar, fr, en string) directory.Question {
	return directory.Question{Code: code, Text: directory.Words{Ar: ar, Fr: fr, En: en}, Choices: []directory.Choice{
		{Code: "yes", Text: directory.Words{Ar: "نعم", Fr: "Oui", En: "Yes"}}, {Code: "no", Text: directory.Words{Ar: "لا", Fr: "Non", En: "No"}},
		{Code: "unknown", Text: directory.Words{Ar: "غير معروف", Fr: "Inconnu", En: "Unknown"}}}}
}

func (s *seeder) addServices(ctx context.Context) error {
	oujda := []string{"02.411.01.23", "02.411.01.11", "02.411.01.19", "02.411.03.03", "02.411.03.07", "02.411.03.05", "02.411.03.01", "02.411.05.11", "02.411.05.17", "02.411.05.19", "02.411.05.09"}
	school := directory.Question{Code: "school", Text: directory.Words{Ar: "المستوى الدراسي", Fr: "Niveau scolaire", En: "School level"}, Choices: []directory.Choice{
		{Code: "none", Text: directory.Words{Ar: "بدون", Fr: "Aucun", En: "None"}}, {Code: "primary", Text: directory.Words{Ar: "ابتدائي", Fr: "Primaire", En: "Primary"}},
		{Code: "secondary", Text: directory.Words{Ar: "ثانوي", Fr: "Secondaire", En: "Secondary"}}}}
	for _, x := range []struct {
		tenant, unit, key string
		s                 directory.Service
	}{
		{"hospital", "consultation", "consultation", directory.Service{NameAr: "استشارة الطب النفسي للكبار", NameFr: "Consultation psychiatrique pour adultes", NameEn: "Adult psychiatric consultation",
			Needs: []string{"psychiatric", "mental_health"}, Eligibility: directory.Eligibility{AgeMin: number(16)}, Outcomes: []string{"consultation", "outpatient", "hospitalised", "partial", "attended", "transferred", "service_delivered"},
			Triage: []directory.Question{yesNo("followed", "متتبع(ة) من قبل في المركز", "Déjà suivi(e) à l’hôpital", "Already followed there"), yesNo("companion", "مصحوب(ة) بمرافق(ة)", "Accompagnant(e)", "Companion")},
			Hours:  week("08:30", "16:30"), Status: "capacity", Available: 9, Maximum: 20, Discreet: true}},
		{"hospital", "consultation", "addiction", directory.Service{NameAr: "فحص علاج الإدمان", NameFr: "Consultation d’addictologie", NameEn: "Addiction consultation",
			Needs: []string{"addiction"}, Eligibility: directory.Eligibility{AgeMin: number(18)}, Outcomes: []string{"consultation", "outpatient", "dropped_out", "partial"}, Hours: week("08:30", "12:30"), Status: "waitlist", Available: 0, Maximum: 10, Discreet: true}},
		{"hospital", "consultation", "support", directory.Service{NameAr: "جلسات الدعم النفسي", NameFr: "Séances de soutien psychologique", NameEn: "Psychological support sessions",
			Needs: []string{"mental_health"}, Eligibility: directory.Eligibility{AgeMin: number(12)}, Hours: week("09:00", "16:00"), Status: "capacity", Available: 6, Maximum: 20, Discreet: true}},
		{"chamber", "cfa", "carpentry", directory.Service{NameAr: "التكوين بالتدرج المهني – النجارة", NameFr: "Formation par apprentissage – menuiserie", NameEn: "Apprenticeship – carpentry",
			Needs: []string{"apprenticeship", "training"}, Eligibility: directory.Eligibility{AgeMin: number(15), AgeMax: number(40), Communes: oujda}, Triage: []directory.Question{school},
			Outcomes: []string{"apprenticeship", "enrolled_training", "dropped_out", "diploma"}, Hours: week("08:30", "16:30"), Status: "capacity", Available: 4, Maximum: 20}},
		{"chamber", "cfa", "sewing", directory.Service{NameAr: "التكوين بالتدرج المهني – الخياطة التقليدية", NameFr: "Formation par apprentissage – couture traditionnelle", NameEn: "Apprenticeship – traditional sewing",
			Needs: []string{"apprenticeship", "training"}, Eligibility: directory.Eligibility{AgeMin: number(15), AgeMax: number(40)}, Triage: []directory.Question{school}, Hours: week("08:30", "16:30"), Status: "assessment_required", Available: 2, Maximum: 15}},
		{"chamber", "cfa", "zellige", directory.Service{NameAr: "التكوين بالتدرج المهني – الزليج", NameFr: "Formation par apprentissage – zellige", NameEn: "Apprenticeship – zellige",
			Needs: []string{"apprenticeship"}, Eligibility: directory.Eligibility{AgeMin: number(15), AgeMax: number(35), Communes: []string{"02.113.01.09"}}, Hours: week("08:30", "16:30"), Status: "no_capacity", Available: 0, Maximum: 12}},
		{"chamber", "cfa", "literacy", directory.Service{NameAr: "ورشة محو الأمية الوظيفي للحرفيين", NameFr: "Atelier d’alphabétisation fonctionnelle des artisans", NameEn: "Functional literacy for craftspeople",
			Needs: []string{"literacy", "digital"}, Hours: week("14:00", "16:30"), Status: "capacity", Available: 9, Maximum: 25}},
		{"faculty", "clinic", "listening", directory.Service{NameAr: "خلية الاستماع والدعم", NameFr: "Cellule d’écoute et de soutien", NameEn: "Listening and support unit",
			Needs: []string{"mental_health", "information", "schooling"}, Hours: week("09:00", "15:00"), Status: "capacity", Available: 12, Maximum: 30}},
		{"coordination", "medina", "desk-oujda", directory.Service{NameAr: "الاستقبال بشباك المساعدة الاجتماعية – وجدة", NameFr: "Accueil au guichet d’assistance sociale – Oujda", NameEn: "Reception by the desk – Oujda",
			Needs: []string{"information", "financial", "social_register", "health_cover"}, Eligibility: directory.Eligibility{Communes: oujda}, Hours: week("08:30", "16:30"), Status: "capacity", Available: 40, Maximum: 60}},
		{"coordination", "berkane-desk", "desk-berkane", directory.Service{NameAr: "الاستقبال بشباك المساعدة الاجتماعية – بركان", NameFr: "Accueil au guichet d’assistance sociale – Berkane", NameEn: "Reception by the desk – Berkane",
			Needs: []string{"information", "financial", "social_register", "health_cover"}, Eligibility: directory.Eligibility{Communes: []string{"02.113.01.09"}}, Hours: week("08:30", "16:30"), Status: "capacity", Available: 25, Maximum: 40}},
	} {
		x.s.UnitID = s.units[x.unit]
		added, err := s.directory.Add(s.as(ctx, x.tenant), x.s)
		if err != nil {
			return err
		}
		s.services[x.key] = added
	}
	return nil
}

// addBodies fills the directory with what is not on the platform: a person goes
// there with a letter. Invented addresses.
func (s *seeder) addBodies(ctx context.Context) error {
	const oujda = "02.411.01.23"
	for _, x := range []struct {
		kind, ar, fr, addressAr, addressFr, accessAr, accessFr, phone string
		serviceAr, serviceFr, papersAr, papersFr                      string
		needs, outcomes                                               []string
	}{
		{"civil_status", "مكتب الحالة المدنية – وجدة", "Bureau de l’état civil – Oujda", "شارع محمد الخامس، وجدة", "Boulevard Mohammed V, Oujda", "الخط 3، محطة البلدية", "Ligne 3, arrêt Municipalité", "0536000101",
			"الحصول على نسخ الحالة المدنية والتسجيل فيها", "Actes et inscription à l’état civil", "الدفتر العائلي\nبطاقة التعريف إن وجدت", "Livret de famille\nCarte d’identité si elle existe", []string{"civil_papers"}, []string{"papers", "service_delivered", "partial"}},
		{"health_centre", "المركز الصحي – سيدي يحيى", "Centre de santé – Sidi Yahya", "حي سيدي يحيى، وجدة", "Quartier Sidi Yahya, Oujda", "مشيا 10 دقائق من الشباك", "À 10 minutes à pied du guichet", "0536000102",
			"الفحص الطبي العام", "Consultation de médecine générale", "بطاقة التعريف\nبطاقة التغطية الصحية إن وجدت", "Carte d’identité\nCarte de couverture si elle existe", []string{"health"}, []string{"consultation", "service_delivered", "attended"}},
		{"employment", "وكالة إنعاش التشغيل – وجدة", "ANAPEC – agence d’Oujda", "زنقة مراكش، وجدة", "Rue de Marrakech, Oujda", "الخط 1، محطة لازاري", "Ligne 1, arrêt Lazaret", "0536000103",
			"التسجيل والمواكبة نحو الشغل", "Inscription et accompagnement vers l’emploi", "بطاقة التعريف\nنهج السيرة\nالشواهد", "Carte d’identité\nCV\nDiplômes", []string{"employment"}, []string{"job", "service_delivered", "partial"}},
		{"court", "محكمة الأسرة – وجدة", "Tribunal de la famille – Oujda", "شارع الدرفوفي، وجدة", "Boulevard Derfoufi, Oujda", "", "", "0536000104",
			"المساعدة القضائية وقضايا الأسرة", "Assistance judiciaire et affaires familiales", "عقد الزواج\nعقود ازدياد الأطفال\nشهادة الاحتياج", "Acte de mariage\nActes de naissance des enfants\nCertificat d’indigence", []string{"legal", "family_mediation"}, []string{"service_delivered", "partial"}},
		{"social_register", "مكتب السجل الاجتماعي الموحد – وجدة", "Bureau du registre social unifié – Oujda", "مقر الملحقة الإدارية الأولى، وجدة", "Première annexe administrative, Oujda", "", "", "0536000105",
			"التسجيل في السجل الوطني للسكان والسجل الاجتماعي", "Inscription au RNP et au RSU", "بطاقة التعريف\nشهادة السكنى", "Carte d’identité\nCertificat de résidence", []string{"social_register"}, []string{"papers", "service_delivered", "partial"}},
		{"association", "جمعية الأمل للتضامن", "Association Al Amal pour la solidarité", "حي القدس، وجدة", "Hay Al Qods, Oujda", "الخط 6، آخر محطة", "Ligne 6, terminus", "0536000106",
			"المساعدة الغذائية والألبسة", "Aide alimentaire et vestimentaire", "", "", []string{"food", "clothing"}, []string{"service_delivered", "partial"}},
	} {
		kept := s.as(ctx, "coordination")
		body, err := s.directory.AddOrganization(kept, directory.Organization{NameAr: x.ar, NameFr: x.fr, NameEn: x.fr, Kind: x.kind, Commune: oujda, Phone: x.phone,
			AddressAr: x.addressAr, AddressFr: x.addressFr, AccessAr: x.accessAr, AccessFr: x.accessFr})
		if err != nil {
			return err
		}
		if _, err := s.directory.Add(kept, directory.Service{OrganizationID: body.ID, NameAr: x.serviceAr, NameFr: x.serviceFr, NameEn: x.serviceFr, Needs: x.needs, Outcomes: x.outcomes,
			PapersAr: x.papersAr, PapersFr: x.papersFr, Hours: week("08:30", "16:30")}); err != nil {
			return fmt.Errorf("%s: %w", x.kind, err)
		}
	}
	return nil
}

func (s *seeder) addAgreements(ctx context.Context) error {
	start := s.clock.Now().AddDate(0, -8, 0)
	from, to := start.Format(time.DateOnly), start.AddDate(3, 0, -1).Format(time.DateOnly)
	own := s.tenant["coordination"].ID
	line := func(from, to tenants.ID, slice string, categories ...string) agreements.Sharing {
		return agreements.Sharing{FromTenant: from, ToTenant: to, Slice: slice, Categories: categories}
	}
	for i, x := range []struct {
		partner, ar, fr, object string
		needs, back             []string
		health                  bool
	}{
		{"faculty", "اتفاقية شراكة في مجال التكوين والاستماع", "Convention de partenariat pour la formation et l’écoute", "تأطير الطلبة المتدربين واستقبال الأشخاص المحالين من طرف الشبابيك.", []string{"mental_health", "information", "schooling"}, []string{"information", "financial"}, false},
		{"chamber", "اتفاقية شراكة من أجل التدرج المهني", "Convention de partenariat pour l’apprentissage", "تكوين الأشخاص المحالين وإدماجهم في حرف الصناعة التقليدية.", []string{"apprenticeship", "training", "literacy", "income_activity"}, []string{"information", "financial", "social_register"}, false},
		{"hospital", "اتفاقية خاصة بالتكفل النفسي", "Convention spécifique de prise en charge psychique", "استقبال الأشخاص المحالين من طرف شبابيك المساعدة الاجتماعية وتتبعهم.", []string{"psychiatric", "mental_health", "addiction"}, []string{"information", "financial", "social_register", "health_cover"}, true},
	} {
		there := s.tenant[x.partner].ID
		f := agreements.Full{Agreement: agreements.Agreement{Number: fmt.Sprintf("%d/%02d", start.Year(), i+1), State: agreements.InForce, Kind: "specific", TitleAr: x.ar, TitleFr: x.fr, Object: x.object,
			Parties: []agreements.Party{{Tenant: "coordination"}, {Tenant: x.partner}}, EffectiveOn: from, EndsOn: to, Renewal: "tacit", NoticeDays: 90},
			Scopes: []agreements.Scope{{FromTenant: own, ToTenant: there, Needs: x.needs}, {FromTenant: there, ToTenant: own, Needs: x.back}}}
		documents := []string{"documents"}
		if x.health {
			documents = append(documents, "health")
		}
		f.Sharing = []agreements.Sharing{line(own, there, "identity", "identity", "contact"), line(own, there, "social", "social"), line(own, there, "documents", documents...),
			line(there, own, "identity", "identity", "contact"), line(there, own, "social", "social"), line(there, own, "documents", "documents")}
		f.Quotas, f.Obligations = s.clauses(x.partner)
		planted, err := s.agreements.Plant(s.as(ctx, "coordination"), f)
		if err != nil {
			return err
		}
		s.planted = append(s.planted, planted)
	}
	return nil
}

func (s *seeder) addAccounts(ctx context.Context, password string) (demoSheet, error) {
	var sheet demoSheet
	hash, err := s.accounts.HashPassword(ctx, password)
	if err != nil {
		return sheet, err
	}
	for _, u := range []struct {
		local, tenant, ar, latin string
		units                    []string
		roles                    []string
	}{
		{"admin", "coordination", "نادية الصغير", "Nadia Esseghir", nil, []string{"admin"}},
		{"coordinator", "coordination", "عبد اللطيف برحيلي", "Abdellatif Berrahili", nil, []string{"coordinator"}},
		{"reception", "coordination", "هشام بوعزة", "Hicham Bouazza", []string{"medina"}, []string{"reception"}},
		{"worker", "coordination", "خديجة العمراني", "Khadija El Amrani", []string{"medina"}, []string{"social_worker"}},
		{"worker2", "coordination", "رشيد المرابط", "Rachid El Mrabet", []string{"medina"}, []string{"social_worker"}},
		{"supervisor", "coordination", "سعاد الخياطي", "Souad El Khayati", []string{"medina"}, []string{"field_supervisor", "social_worker"}},
		{"head", "coordination", "محمد الورياغلي", "Mohamed El Ouriaghli", []string{"oujda"}, []string{"supervisor"}},
		{"delegate", "coordination", "فوزية حمداوي", "Fouzia Hamdaoui", []string{"oujda"}, []string{"delegate"}},
		{"dpo", "coordination", "إدريس التازي", "Driss Tazi", nil, []string{"dpo"}},
		{"auditor", "coordination", "لبنى الفاسي", "Loubna El Fassi", nil, []string{"auditor"}},
		{"admin", "hospital", "كوثر بنموسى", "Kaoutar Benmoussa", nil, []string{"admin"}},
		{"intake", "hospital", "سناء بلحاج", "Sanae Belhaj", []string{"consultation"}, []string{"intake"}},
		{"doctor", "hospital", "د. كريم وزاني", "Dr Karim Ouazzani", []string{"consultation"}, []string{"practitioner"}},
		{"head", "hospital", "د. أمينة الراجي", "Dr Amina Erraji", []string{"consultation"}, []string{"supervisor", "field_supervisor"}},
		{"auditor", "hospital", "ياسين مزيان", "Yassine Mezian", nil, []string{"auditor", "dpo"}},
		{"admin", "chamber", "حسن اليعقوبي", "Hassan El Yaacoubi", nil, []string{"admin"}},
		{"intake", "chamber", "زهور بوشيخي", "Zhour Bouchikhi", []string{"cfa"}, []string{"intake"}},
		{"trainer", "chamber", "المعلم عبد القادر نجاري", "Maître Abdelkader Nejjari", []string{"cfa"}, []string{"practitioner"}},
		{"head", "chamber", "مصطفى الحرفي", "Mostafa El Herfi", []string{"cfa"}, []string{"supervisor"}},
		{"admin", "faculty", "أسماء العلوي", "Asmae El Alaoui", nil, []string{"admin"}},
		{"placements", "faculty", "جمال بنيونس", "Jamal Benyounes", []string{"clinic"}, []string{"placement_coordinator", "intake"}},
		{"head", "faculty", "نعيمة الدرويش", "Naima Darouich", []string{"clinic"}, []string{"supervisor"}},
		{"tutor", "faculty", "الأستاذ حميد الزروالي", "Pr Hamid Zerouali", nil, []string{"tutor"}},
		{"student", "faculty", "إلهام المسعودي", "Ilham El Messaoudi", nil, []string{"student"}},
		{"student2", "faculty", "أيوب بوطيب", "Ayoub Boutayeb", nil, []string{"student"}},
		{"director", "coordination", "عائشة بنسعيد", "Aïcha Bensaid", nil, []string{"signatory"}},
		{"director", "hospital", "د. طارق الإدريسي", "Dr Tarik El Idrissi", nil, []string{"signatory"}},
		{"director", "chamber", "إدريس بوجوالة", "Driss Boujouala", nil, []string{"signatory"}},
		{"director", "faculty", "نور الدين عالم", "Noureddine Alem", nil, []string{"signatory"}},
	} {
		var units []ids.ID[ids.Unit]
		for _, k := range u.units {
			units = append(units, s.units[k])
		}
		ctx := s.as(ctx, u.tenant)
		email := u.local + "@" + u.tenant + ".demo"
		if _, err := s.accounts.AddUser(ctx, accounts.NewUser{Email: email, NameAr: u.ar, NameLatin: u.latin, Roles: u.roles, Units: units, Hash: hash}); err != nil {
			return sheet, err
		}
		if s.actors[email], err = s.accounts.ActorFor(ctx, email); err != nil {
			return sheet, err
		}
		sheet.Accounts = append(sheet.Accounts, demoAccount{Tenant: u.tenant, Email: email, Password: password, Roles: u.roles, Name: u.latin})
	}
	return sheet, nil
}

// by is a context in which somebody of the demo acts.
func (s *seeder) by(ctx context.Context, email string) context.Context {
	return tenants.With(ctx, s.actors[email])
}

func (s *seeder) addPeople(ctx context.Context) error {
	for i, p := range demoPeople {
		x := people.Person{GivenNameAr: p.givenAr, FamilyNameAr: p.familyAr, GivenName: p.given, FamilyName: p.family, Sex: p.sex, BirthDate: p.birth, BirthPrecision: p.precision, Commune: p.commune,
			Private: people.Private{Languages: []string{p.language}, Situations: p.situations, Address: p.address,
				Phones: []people.Phone{{Number: fmt.Sprintf("06610000%02d", i+10), Safe: i%5 != 4, Hours: p.hours}}}}
		if i%3 == 0 {
			x.Private.NationalID = fmt.Sprintf("F%06d", 410233+i*7)
		}
		added, err := s.people.Register(s.by(ctx, "worker@coordination.demo"), x, nil)
		if err != nil {
			return err
		}
		s.persons = append(s.persons, added)
	}
	return nil
}

func (s *seeder) consent(ctx context.Context, p people.Person, partner string, categories ...string) error {
	_, err := s.people.Record(ctx, people.Consent{PersonID: p.ID, Purpose: "referral", Recipients: []string{partner}, Categories: categories, Mode: "written", Language: "ar",
		ExpiresAt: s.clock.Now().AddDate(0, 9, 0)})
	return err
}

// addReferrals makes one referral per line of demoReferrals, each at its own time.
func (s *seeder) addReferrals(ctx context.Context) error {
	for i, d := range demoReferrals {
		if err := s.addReferral(ctx, d); err != nil {
			return fmt.Errorf("demo: referral %d (%s): %w", i, d.state, err)
		}
	}
	s.clock.Shift(0)
	return nil
}

func (s *seeder) addReferral(ctx context.Context, d demoReferral) error {
	s.clock.Shift(-d.ago)
	sender, p, service := s.by(ctx, "worker@coordination.demo"), s.persons[d.who], s.services[d.service]
	partner := s.registry.Slug(ctx, service.TenantID)
	if d.state != referrals.AwaitingConsent && d.state != referrals.Draft {
		if err := s.consent(sender, p, partner, "identity", "contact", "social", "documents", "health"); err != nil {
			return err
		}
	}
	exception := ""
	if d.state == referrals.AwaitingApproval {
		exception = "لا تشمل الاتفاقية هذه الحاجة، والشخص لا يتوفر على خدمة أخرى قريبة"
	}
	w := referrals.Writing{PersonID: p.ID, Need: d.need, ServiceID: service.ID, Priority: d.priority, Reason: d.reason, Triage: d.triage}
	id, err := s.referrals.Create(sender, w, d.state != referrals.Draft, exception)
	if err != nil {
		return err
	}
	for _, step := range d.steps {
		s.clock.Shift(-max(d.ago-step.after, 0))
		who := step.by
		if who == "" {
			who = "intake@" + partner + ".demo"
		}
		if step.act.Command == referrals.Expire { // time does this, not a person
			if err := s.referrals.RunDaily(db.As(ctx, s.tenant["coordination"].ID.String())); err != nil {
				return err
			}
			continue
		}
		ctx := s.by(ctx, who)
		v, err := s.referrals.Card(ctx, id)
		if err != nil {
			return err
		}
		step.act.Version = v.Version
		if step.act.Command == referrals.Redirect {
			step.act.ServiceID = s.services["support"].ID
		}
		if step.act.Command == referrals.Schedule {
			step.act.StartsLocal = s.clock.Now().In(clock.Casablanca()).AddDate(0, 0, 4).Format("2006-01-02") + "T09:30"
		}
		if err := s.referrals.Do(ctx, id, step.act); err != nil {
			return fmt.Errorf("%s: %w", step.act.Command, err)
		}
		if step.open {
			if _, err := s.referrals.Get(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}
