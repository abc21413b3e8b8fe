package directory

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

func (d *Directory) editPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/services/new", Edit, d.servicePage),
		web.Page(http.MethodPost, "/services/new", Edit, d.servicePost),
		web.Page(http.MethodGet, "/services/:id/edit", Edit, d.servicePage),
		web.Page(http.MethodPost, "/services/:id/edit", Edit, d.servicePost),
		web.Page(http.MethodPost, "/services/:id/capacity", Count, d.capacityPost),
		web.Page(http.MethodGet, "/organizations", Read, d.bodiesPage),
		web.Page(http.MethodGet, "/organizations/new", Edit, d.bodyPage),
		web.Page(http.MethodPost, "/organizations/new", Edit, d.bodyPost),
		web.Page(http.MethodGet, "/organizations/:id/edit", Edit, d.bodyPage),
		web.Page(http.MethodPost, "/organizations/:id/edit", Edit, d.bodyPost),
	}
}

// capacityPost is one press: a status, or one place more or less.
func (d *Directory) capacityPost(c *web.Ctx) error {
	id, err := ids.Parse[ids.Service](c.Params("id"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	s, err := d.own(c.Std(), id)
	if err != nil {
		return err
	}
	n := Capacity{Status: s.Status, Available: s.Available, Maximum: s.Maximum}
	before, f := n, c.Form()
	if status := f.Get("status"); status != "" {
		n.Status = status
	}
	switch f.Get("places") {
	case "more":
		n.Available++
		n.Maximum = max(n.Maximum, n.Available)
	case "less":
		n.Available = max(n.Available-1, 0)
	}
	if typed := web.Latin(f.Get("available")); typed != "" {
		n.Available, _ = strconv.Atoi(typed)
		n.Maximum = max(n.Maximum, n.Available)
	}
	if f.Get("undo") != "" {
		n.Maximum, _ = strconv.Atoi(f.Get("maximum"))
	}
	if err := d.SetCapacity(c.Std(), id, n); err != nil {
		return err
	}
	if f.Get("undo") != "" {
		c.Flash("flash.undone", "")
		return c.See("/services#own")
	}
	c.FlashUndo("flash.services.capacity", "", "/services/"+id.String()+"/capacity", url.Values{"status": {before.Status}, "available": {strconv.Itoa(before.Available)}, "maximum": {strconv.Itoa(before.Maximum)}})
	return c.See("/services#own")
}

// serviceForm is a service with what was typed.
type serviceForm struct {
	ID       string // "" for a new one
	Body     Organization
	Values   url.Values
	Problems web.Problems
	Conflict bool
	Units    []web.ChoiceGroup
	Needs    []web.Choice
	Places   []web.ChoiceGroup
	Outcomes []web.Choice
	Sits     []web.Choice
	Rows     int // of questions
}

func (x serviceForm) action() string {
	switch {
	case x.ID != "":
		return "/services/" + x.ID + "/edit"
	case !x.Body.ID.IsZero():
		return "/services/new?organization=" + x.Body.ID.String()
	}
	return "/services/new"
}

func (d *Directory) servicePage(c *web.Ctx) error {
	x := serviceForm{Values: url.Values{"active": {"1"}, "from": {"08:30"}, "to": {"16:30"}, "days": {"1", "2", "3", "4", "5"}}}
	var err error
	if x.ID = c.Params("id"); x.ID != "" {
		s, err := d.ownOf(c)
		if err != nil {
			return err
		}
		x.Values = serviceValues(s)
		if s.Letter() {
			if x.Body, err = d.Organization(c.Std(), s.OrganizationID); err != nil {
				return err
			}
		}
	} else if x.Body, err = d.asked(c); err != nil {
		return err
	}
	return d.showService(c, x)
}

// asked is the outside body for which a service is written; zero for one's own.
func (d *Directory) asked(c *web.Ctx) (Organization, error) {
	if c.Query("organization") == "" {
		return Organization{}, nil
	}
	id, err := ids.Parse[ids.Organization](c.Query("organization"))
	if err != nil {
		return Organization{}, fault.New(fault.NotFound)
	}
	return d.Organization(c.Std(), id)
}

func (d *Directory) ownOf(c *web.Ctx) (Service, error) {
	id, err := ids.Parse[ids.Service](c.Params("id"))
	if err != nil {
		return Service{}, fault.New(fault.NotFound)
	}
	return d.own(c.Std(), id)
}

func (d *Directory) showService(c *web.Ctx, x serviceForm) error {
	v := c.View("")
	lists := terms.Load()
	for _, n := range lists.Needs {
		x.Needs = append(x.Needs, web.Choice{Value: n, Word: v.T("need." + n)})
	}
	for _, o := range d.Outcomes {
		x.Outcomes = append(x.Outcomes, web.Choice{Value: o, Word: v.T("outcome." + o)})
	}
	for _, s := range lists.Situations {
		x.Sits = append(x.Sits, web.Choice{Value: s, Word: v.T("vul." + s)})
	}
	x.Places = web.Communes(v)
	units, err := d.UnitNames(c.Std(), v.Lang)
	if err != nil {
		return err
	}
	x.Units = []web.ChoiceGroup{{Choices: units}}
	for x.Values.Get("question_"+strconv.Itoa(x.Rows)) != "" {
		x.Rows++
	}
	x.Rows = min(x.Rows+1, maxQuestions)
	v.Title, v.Failed = v.T("services.new"), len(x.Problems) > 0 || x.Conflict
	if x.ID != "" {
		v.Title = v.T("services.edit")
	}
	return c.Render(serviceFormView(v, x))
}

func (d *Directory) servicePost(c *web.Ctx) error {
	f := c.Form()
	x := serviceForm{ID: c.Params("id"), Values: f}
	typed, wrong := typedService(f)
	var err error
	if x.ID == "" {
		if x.Body, err = d.asked(c); err != nil {
			return err
		}
		if typed.OrganizationID = x.Body.ID; wrong == nil {
			_, err = d.Add(c.Std(), typed)
		}
	} else {
		s, lerr := d.ownOf(c)
		if lerr != nil {
			return lerr
		}
		if s.Letter() {
			if x.Body, lerr = d.Organization(c.Std(), s.OrganizationID); lerr != nil {
				return lerr
			}
		}
		version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		if wrong == nil {
			err = d.Change(c.Std(), s.ID, version, func(s *Service) {
				keepCodes(s.Triage, typed.Triage)
				s.NameAr, s.NameFr, s.NameEn, s.Needs, s.Eligibility, s.Triage, s.Outcomes, s.Hours = typed.NameAr, typed.NameFr, typed.NameEn, typed.Needs, typed.Eligibility, typed.Triage, typed.Outcomes, typed.Hours
				s.Discreet, s.Active, s.UnitID, s.PapersAr, s.PapersFr = typed.Discreet, typed.Active, typed.UnitID, typed.PapersAr, typed.PapersFr
			})
		}
	}
	if wrong != nil {
		err = wrong
	}
	switch {
	case fault.Has(err, fault.VersionConflict):
		x.Conflict = true
	case len(web.Faults(err)) > 0:
		x.Problems = web.ProblemsOf(c, web.Faults(err), "services.label.", serviceControl)
	case err != nil:
		return err
	default:
		c.Flash("flash.services.saved", "")
		if !x.Body.ID.IsZero() {
			return c.See("/organizations")
		}
		return c.See("/services#own")
	}
	c.Unprocessable(err)
	return d.showService(c, x)
}

// serviceControl is the control that stands for a field of the service.
func serviceControl(field string) string {
	switch {
	case strings.HasPrefix(field, "name."):
		return strings.ReplaceAll(field, ".", "_")
	case strings.HasPrefix(field, "eligibility."):
		return strings.TrimPrefix(field, "eligibility.")
	case strings.HasPrefix(field, "triage"):
		return "question_0"
	case field == "hours":
		return "from"
	}
	return field
}

// serviceValues fills the form with a service.
func serviceValues(s Service) url.Values {
	f := url.Values{"version": {strconv.FormatInt(s.Version, 10)}, "name_ar": {s.NameAr}, "name_fr": {s.NameFr}, "name_en": {s.NameEn}, "needs": s.Needs, "outcomes": s.Outcomes,
		"sex": {s.Eligibility.Sex}, "communes": s.Eligibility.Communes, "situations": s.Eligibility.Situations, "papers_ar": {s.PapersAr}, "papers_fr": {s.PapersFr}}
	if s.Eligibility.AgeMin != nil {
		f.Set("age_min", strconv.Itoa(*s.Eligibility.AgeMin))
	}
	if s.Eligibility.AgeMax != nil {
		f.Set("age_max", strconv.Itoa(*s.Eligibility.AgeMax))
	}
	for _, h := range s.Hours {
		f.Add("days", strconv.Itoa(h.Day))
		f.Set("from", h.From)
		f.Set("to", h.To)
	}
	if !s.UnitID.IsZero() {
		f.Set("unit_id", s.UnitID.String())
	}
	if s.Discreet {
		f.Set("discreet", "1")
	}
	if s.Active {
		f.Set("active", "1")
	}
	for i, q := range s.Triage {
		k := strconv.Itoa(i)
		f.Set("question_"+k, q.Text.Ar)
		f.Set("question_fr_"+k, q.Text.Fr)
		f.Set("code_"+k, q.Code)
		if q.Required {
			f.Set("required_"+k, "1")
		}
		var lines []string
		for _, ch := range q.Choices {
			lines = append(lines, ch.Text.Ar+" | "+ch.Text.Fr)
		}
		f.Set("choices_"+k, strings.Join(lines, "\n"))
	}
	return f
}

// typedService reads the form.
func typedService(f url.Values) (s Service, wrong error) {
	var faults fault.Collect
	age := func(field string) *int {
		typed := web.Latin(f.Get(field))
		if typed == "" {
			return nil
		}
		n, err := strconv.Atoi(typed)
		if err != nil {
			faults.Add(field, "malformed")
		}
		return &n
	}
	s = Service{NameAr: f.Get("name_ar"), NameFr: f.Get("name_fr"), NameEn: f.Get("name_en"), Needs: f["needs"], Outcomes: f["outcomes"], Discreet: f.Get("discreet") == "1", Active: f.Get("active") == "1",
		PapersAr: lines(f.Get("papers_ar")), PapersFr: lines(f.Get("papers_fr")),
		Eligibility: Eligibility{AgeMin: age("age_min"), AgeMax: age("age_max"), Sex: f.Get("sex"), Communes: f["communes"], Situations: f["situations"]}}
	s.UnitID, _ = ids.Parse[ids.Unit](f.Get("unit_id"))
	for day := 1; day <= 7; day++ {
		if slices.Contains(f["days"], strconv.Itoa(day)) {
			s.Hours = append(s.Hours, Hours{Day: day, From: hour(f.Get("from")), To: hour(f.Get("to"))})
		}
	}
	for i := range maxQuestions {
		k := strconv.Itoa(i)
		if ar, fr := strings.TrimSpace(f.Get("question_"+k)), strings.TrimSpace(f.Get("question_fr_"+k)); ar != "" || fr != "" {
			s.Triage = append(s.Triage, typedQuestion(i, ar, fr, f.Get("code_"+k), f.Get("choices_"+k), f.Get("required_"+k) == "1"))
		}
	}
	return s, faults.Err()
}

// typedQuestion reads one question: its answers a line each, Arabic and French apart
// by a stroke; none means yes, no, unknown.
func typedQuestion(i int, ar, fr, code, choices string, required bool) Question {
	q := Question{Code: code, Text: Words{ar, fr, fr}, Required: required}
	if !codeForm.MatchString(code) {
		q.Code = "q" + strconv.Itoa(i+1)
	}
	for n, line := range strings.Split(lines(choices), "\n") {
		a, b, _ := strings.Cut(line, "|")
		if a, b = strings.TrimSpace(a), strings.TrimSpace(b); a != "" || b != "" {
			q.Choices = append(q.Choices, Choice{Code: "c" + strconv.Itoa(n+1), Text: Words{a, b, b}})
		}
	}
	if len(q.Choices) == 0 {
		q.Choices = []Choice{{"yes", Words{"نعم", "Oui", "Yes"}}, {"no", Words{"لا", "Non", "No"}}, {"unknown", Words{"غير معروف", "Inconnu", "Unknown"}}}
	}
	return q
}

// keepCodes gives answers that were there before their codes again, so that what
// referrals have answered keeps its meaning.
func keepCodes(before, after []Question) {
	for i := range after {
		j := slices.IndexFunc(before, func(q Question) bool { return q.Code == after[i].Code })
		if j < 0 {
			continue
		}
		for n := range after[i].Choices {
			c := &after[i].Choices[n]
			if k := slices.IndexFunc(before[j].Choices, func(x Choice) bool { return x.Text.Fr == c.Text.Fr || x.Text.Ar == c.Text.Ar }); k >= 0 {
				c.Code = before[j].Choices[k].Code
			}
		}
	}
}

func lines(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// hour reads 8:30, 08h30 or 0830.
func hour(s string) string {
	s = strings.NewReplacer("h", ":", "H", ":", ".", ":").Replace(web.Latin(s))
	if len(s) == 4 && s[1] == ':' {
		s = "0" + s
	}
	return s
}

// UnitNames are the units of the tenant of ctx for a select.
type UnitNames func(ctx context.Context, l i18n.Lang) ([]web.Choice, error)
