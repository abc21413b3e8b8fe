package directory

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/tenants"
)

// The statuses of capacity (contract: PUT /services/{id}/capacity).
var Statuses = []string{"capacity", "no_capacity", "waitlist", assessment}

const (
	maxQuestions = 8 // domain.md §2, "Triage answers"
	maxChoices   = 8
	maxPlaces    = 10000
	oldest       = 120
)

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// check names what is wrong with a service. Outcomes are the codes that a service
// may use.
func (s *Service) check(outcomes []string) error {
	var f fault.Collect
	lists := terms.Load()
	i18n.CheckName(&f, "name", &s.NameAr, &s.NameFr, &s.NameEn)
	if len(s.Needs) == 0 {
		f.Add("needs", "required")
	}
	s.Needs = unique(s.Needs)
	if slices.ContainsFunc(s.Needs, func(n string) bool { return !lists.Need(n) }) {
		f.Add("needs", "unknown_code")
	}
	s.Eligibility.check(&f, lists)
	for _, o := range s.Outcomes {
		if !slices.Contains(outcomes, o) {
			f.Add("outcomes", "unknown_code")
			break
		}
	}
	checkTriage(&f, s.Triage)
	for _, h := range s.Hours {
		if h.Day < 1 || h.Day > 7 || !wall.MatchString(h.From) || !wall.MatchString(h.To) || h.From >= h.To {
			f.Add("hours", "malformed")
			break
		}
	}
	for field, text := range map[string]*string{"papers": &s.PapersAr, "papers_fr": &s.PapersFr} {
		if *text = strings.TrimSpace(*text); len([]rune(*text)) > 1000 {
			f.Add(field, "too_long")
		}
	}
	return f.Err()
}

var wall = regexp.MustCompile(`^([01][0-9]|2[0-4]):[0-5][0-9]$`)

// check refuses rules that nobody can meet.
func (e *Eligibility) check(f *fault.Collect, lists *terms.Lists) {
	for field, age := range map[string]*int{"eligibility.age_min": e.AgeMin, "eligibility.age_max": e.AgeMax} {
		if age != nil && (*age < 0 || *age > oldest) {
			f.Add(field, "out_of_range")
		}
	}
	if e.AgeMin != nil && e.AgeMax != nil && *e.AgeMin > *e.AgeMax {
		f.Add("eligibility.age_max", "nobody_can")
	}
	if e.Sex != "" && e.Sex != "female" && e.Sex != "male" {
		f.Add("eligibility.sex", "unknown_code")
	}
	if slices.ContainsFunc(e.Communes, func(c string) bool { _, ok := lists.Commune(c); return !ok }) {
		f.Add("eligibility.communes", "unknown_code")
	}
	if slices.ContainsFunc(e.Situations, func(c string) bool { return !slices.Contains(lists.Situations, c) }) {
		f.Add("eligibility.situations", "unknown_code")
	}
}

func checkTriage(f *fault.Collect, list []Question) {
	if len(list) > maxQuestions {
		f.Add("triage", "too_long")
	}
	var seen []string
	for _, q := range list {
		if !codeForm.MatchString(q.Code) || slices.Contains(seen, q.Code) {
			f.Add("triage", "unknown_code")
		}
		seen = append(seen, q.Code)
		i18n.CheckName(f, "triage.text", &q.Text.Ar, &q.Text.Fr, &q.Text.En)
		if len(q.Choices) < 2 || len(q.Choices) > maxChoices {
			f.Add("triage.choices", "out_of_range")
		}
		var codes []string
		for _, c := range q.Choices {
			if !codeForm.MatchString(c.Code) || slices.Contains(codes, c.Code) {
				f.Add("triage.choices", "unknown_code")
			}
			codes = append(codes, c.Code)
			i18n.CheckName(f, "triage.choices.text", &c.Text.Ar, &c.Text.Fr, &c.Text.En)
		}
	}
}

func unique(list []string) []string {
	var out []string
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Add puts a service of the tenant of ctx into the directory. A given id is kept, for
// the demo network.
func (d *Directory) Add(ctx context.Context, s Service) (Service, error) {
	if s.Status == "" {
		s.Status = "capacity"
	}
	if err := s.check(d.Outcomes); err != nil {
		return s, err
	}
	if s.ID.IsZero() {
		s.ID = ids.New[ids.Service]()
	}
	s.TenantID, s.Version, s.CreatedAt, s.Active = tenants.Current(ctx), 1, d.Clock.Now(), true
	return s, d.DB.InTx(ctx, func(ctx context.Context) error {
		if err := d.checkPlace(ctx, s); err != nil {
			return err
		}
		if err := insert(ctx, s); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "add", Object: "service", ID: s.ID.String()})
	})
}

// checkPlace refuses a unit or an outside body of somebody else.
func (d *Directory) checkPlace(ctx context.Context, s Service) error {
	if s.Letter() {
		o, err := d.Organization(ctx, s.OrganizationID)
		if err != nil || o.TenantID != tenants.Current(ctx) {
			return fault.In("organization_id", "unknown_code")
		}
		return nil
	}
	if s.UnitID.IsZero() {
		return nil
	}
	own, err := d.OwnUnit(ctx, s.UnitID)
	if err == nil && !own {
		err = fault.In("unit_id", "unknown_code")
	}
	return err
}

// Change edits a service of the tenant of ctx; of two at once one wins. A question
// that goes takes its answers from no referral that was sent: a draft loses them
// when it is sent.
func (d *Directory) Change(ctx context.Context, id ids.ID[ids.Service], version int64, change func(s *Service)) error {
	return d.DB.InTx(ctx, func(ctx context.Context) error {
		s, err := d.own(ctx, id)
		if err != nil {
			return err
		}
		if s.Version != version {
			return fault.New(fault.VersionConflict)
		}
		change(&s)
		if err := s.check(d.Outcomes); err != nil {
			return err
		}
		if err := d.checkPlace(ctx, s); err != nil {
			return err
		}
		s.Version = version + 1
		if err := save(ctx, s, version); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "change", Object: "service", ID: id.String()})
	})
}

// own loads a service of the tenant of ctx; not_found for any other.
func (d *Directory) own(ctx context.Context, id ids.ID[ids.Service]) (Service, error) {
	s, err := d.Get(ctx, id)
	if err == nil && s.TenantID != tenants.Current(ctx) {
		err = fault.New(fault.NotFound)
	}
	return s, err
}

// SetCapacity says how many places there are. Whoever counts last is right: it
// needs no version.
func (d *Directory) SetCapacity(ctx context.Context, id ids.ID[ids.Service], c Capacity) error {
	if err := c.check(); err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := d.own(ctx, id); err != nil {
			return err
		}
		if err := setCapacity(ctx, id, c); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "capacity", Object: "service", ID: id.String(), Fields: []string{c.Status}})
	})
}

func (c Capacity) check() error {
	var f fault.Collect
	if !slices.Contains(Statuses, c.Status) {
		f.Add("status", "unknown_code")
	}
	if c.Available < 0 || c.Available > maxPlaces {
		f.Add("available", "out_of_range")
	}
	if c.Maximum < 0 || c.Maximum > maxPlaces || c.Maximum < c.Available {
		f.Add("maximum", "out_of_range")
	}
	return f.Err()
}
