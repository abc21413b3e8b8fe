package people

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// Person is somebody in difficulty, known to one tenant. Names, birth date, sex
// and commune stand in clear because lists need them; the rest is sealed under a
// key of the person's own.
type Person struct {
	ID             ids.ID[ids.Person] `bun:",pk"`
	TenantID       ids.ID[ids.Tenant]
	Version        int64
	KeyID          ids.ID[ids.Key]
	Anonymous      bool
	Alias          string // designation of an anonymous person: "unknown man, about 40"
	Number         string `bun:",nullzero"` // register number of an anonymous person
	GivenNameAr    string
	FamilyNameAr   string
	GivenName      string
	FamilyName     string
	Sex            string
	BirthDate      string // YYYY-MM-DD, "" when unknown
	BirthPrecision string // day, month, year, estimated, unknown
	Commune        string
	CreatedBy      ids.ID[ids.User]
	CreatedAt      time.Time
	UpdatedAt      time.Time

	Private Private `bun:"-"`
}

// Private is the sealed part of a person.
type Private struct {
	NationalID string   `json:"national_id,omitempty"`
	Phones     []Phone  `json:"phones,omitempty"`
	Address    string   `json:"address,omitempty"`
	Languages  []string `json:"languages,omitempty"`
	Situations []string `json:"situations,omitempty"`
}

// Phone is a number with its safe-contact rule.
type Phone struct {
	Number string `json:"number" validate:"required,max=40"`
	Safe   bool   `json:"safe"`
	Hours  string `json:"hours,omitempty" validate:"max=200"`
}

// DisplayName is the name in one script, else in the other, else the alias or
// number of an anonymous person.
func (p Person) DisplayName(arabic bool) string {
	ar, latin := join(p.GivenNameAr, p.FamilyNameAr), join(p.GivenName, p.FamilyName)
	if arabic && ar != "" || latin == "" && ar != "" {
		return ar
	}
	if latin != "" {
		return latin
	}
	if p.Alias != "" {
		return p.Alias
	}
	return p.Number
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// Names lists every name of the person, for the name check before acceptance.
func (p Person) Names() []string {
	var out []string
	for _, s := range []string{p.GivenNameAr, p.FamilyNameAr, p.GivenName, p.FamilyName} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Age is the person's age in full years on a day of their zone; ok is false when
// the birth date is unknown.
func (p Person) Age(day time.Time) (years int, ok bool) {
	b, err := time.Parse(time.DateOnly, p.BirthDate)
	if err != nil {
		return 0, false
	}
	years = day.Year() - b.Year()
	if p.BirthPrecision != "year" && p.BirthPrecision != "estimated" && (day.Month() < b.Month() || day.Month() == b.Month() && day.Day() < b.Day()) {
		years--
	}
	return max(years, 0), true
}

// AgeBand is what the anonymous card says of an age.
func AgeBand(years int) string {
	bounds := []int{0, 6, 12, 16, 18, 25, 35, 45, 55, 65}
	for i := len(bounds) - 1; i >= 0; i-- {
		if years >= bounds[i] {
			if i == len(bounds)-1 {
				return strconv.Itoa(bounds[i]) + "+"
			}
			return strconv.Itoa(bounds[i]) + "-" + strconv.Itoa(bounds[i+1]-1)
		}
	}
	return "unknown"
}

var (
	precisions = []string{"day", "month", "year", "estimated", "unknown"}
	sexes      = []string{"female", "male", "unknown"}
)

// Places answers which codes exist; terms.Lists satisfies it through the service.
type codes interface {
	Language(code string) bool
	Situation(code string) bool
}

// normalise checks and tidies what a person typed; `today` is the day in the
// tenant's zone. Every fault is named.
func (p *Person) normalise(today time.Time, c codes, commune func(string) bool) error {
	var f fault.Collect
	name := func(field string, s *string) {
		clean, ok := cleanName(*s)
		if !ok {
			f.Add(field, "unexpected_sign")
		} else if len([]rune(clean)) > 100 {
			f.Add(field, "too_long")
		}
		*s = clean
	}
	name("given_name_ar", &p.GivenNameAr)
	name("family_name_ar", &p.FamilyNameAr)
	name("given_name", &p.GivenName)
	name("family_name", &p.FamilyName)
	p.Alias = visible(p.Alias)
	if len([]rune(p.Alias)) > 100 {
		f.Add("alias", "too_long")
	}
	if !p.Anonymous {
		arabic, latin := p.GivenNameAr != "" && p.FamilyNameAr != "", p.GivenName != "" && p.FamilyName != ""
		if !arabic && !latin {
			for _, x := range [][2]string{{"given_name", p.GivenNameAr + p.GivenName}, {"family_name", p.FamilyNameAr + p.FamilyName}} {
				if x[1] == "" {
					f.AddField(fault.Field{Field: x[0], Code: "required", Key: "people.field." + x[0] + "_required"})
				}
			}
			if p.GivenNameAr+p.GivenName != "" && p.FamilyNameAr+p.FamilyName != "" {
				f.AddField(fault.Field{Field: "family_name", Code: "required", Key: "people.field.one_script"})
			}
		}
	}
	if p.Anonymous && len(p.Names()) > 0 {
		f.Add("anonymous", "not_together")
	}
	if p.Sex == "" && p.Anonymous {
		p.Sex = "unknown"
	}
	if !slices.Contains(sexes, p.Sex) {
		f.Add("sex", choiceFault(p.Sex))
	}
	if p.BirthPrecision == "" {
		p.BirthPrecision = "unknown"
		if p.BirthDate != "" {
			p.BirthPrecision = "day"
		}
	}
	if !slices.Contains(precisions, p.BirthPrecision) {
		f.Add("birth_precision", "unknown_code")
	}
	if p.BirthDate != "" {
		d, err := time.Parse(time.DateOnly, p.BirthDate)
		switch {
		case err != nil:
			f.Add("birth_date", "malformed")
		case d.After(time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)):
			f.Add("birth_date", "in_the_future")
		case d.Year() < today.Year()-130:
			f.Add("birth_date", "out_of_range")
		}
		if p.BirthPrecision == "unknown" {
			p.BirthDate = ""
		}
	} else if p.BirthPrecision != "unknown" && slices.Contains(precisions, p.BirthPrecision) {
		f.Add("birth_date", "required")
	}
	if p.Commune != "" && !commune(p.Commune) {
		f.Add("commune", "unknown_code")
	}
	q := &p.Private
	q.NationalID = normalIdentity(q.NationalID)
	if strings.Contains(q.NationalID, "*") { // a masked one that came back
		f.Add("national_id", "malformed")
	}
	if len([]rune(q.NationalID)) > 40 {
		f.Add("national_id", "too_long")
	}
	q.Address = visible(q.Address)
	if len([]rune(q.Address)) > 500 {
		f.Add("address", "too_long")
	}
	if len(q.Phones) > 10 {
		f.Add("phones", "too_long")
	}
	for i := range q.Phones {
		n, ok := NormalPhone(q.Phones[i].Number)
		if !ok {
			f.Add("phones["+strconv.Itoa(i)+"].number", "malformed")
			continue
		}
		q.Phones[i].Number = n
		if len([]rune(q.Phones[i].Hours)) > 200 {
			f.Add("phones["+strconv.Itoa(i)+"].hours", "too_long")
		}
	}
	for i, l := range q.Languages {
		if !c.Language(l) {
			f.Add("languages["+strconv.Itoa(i)+"]", "unknown_code")
		}
	}
	for i, s := range q.Situations {
		if !c.Situation(s) {
			f.Add("situations["+strconv.Itoa(i)+"]", "unknown_code")
		}
	}
	return f.Err()
}

func choiceFault(s string) string {
	if s == "" {
		return "required"
	}
	return "unknown_code"
}

// birthAgrees reports whether two birth dates do not contradict each other: they
// are compared as coarsely as the coarser of the two is known.
func birthAgrees(a, b Person) bool {
	if a.BirthDate == "" || b.BirthDate == "" {
		return true
	}
	x, err1 := time.Parse(time.DateOnly, a.BirthDate)
	y, err2 := time.Parse(time.DateOnly, b.BirthDate)
	if err1 != nil || err2 != nil {
		return true
	}
	coarse := max(slices.Index(precisions, a.BirthPrecision), slices.Index(precisions, b.BirthPrecision))
	switch {
	case coarse >= slices.Index(precisions, "estimated"):
		d := x.Year() - y.Year()
		return d >= -2 && d <= 2
	case coarse == slices.Index(precisions, "year"):
		return x.Year() == y.Year()
	case coarse == slices.Index(precisions, "month"):
		return x.Year() == y.Year() && x.Month() == y.Month()
	}
	return x.Equal(y)
}

// Candidate is a record that may be the same person.
type Candidate struct {
	ID          ids.ID[ids.Person] `json:"id"`
	DisplayName string             `json:"display_name"`
	Score       float64            `json:"score"` // 1 equal number, 0.9 equal names, 0.7 names alike
	// What agrees and what does not, for the page; never a percentage there.
	GivenName, FamilyName, Birth, Phone, Identity bool   `json:"-"`
	Person                                        Person `json:"-"`
}

// compare judges a record against what was typed; ok is false when they are
// different people (contract: POST /people).
func compare(typed, other Person, arabic bool) (Candidate, bool) {
	c := Candidate{ID: other.ID, DisplayName: other.DisplayName(arabic), Person: other}
	for _, a := range typed.Private.Phones {
		for _, b := range other.Private.Phones {
			c.Phone = c.Phone || a.Number == b.Number
		}
	}
	c.Identity = typed.Private.NationalID != "" && typed.Private.NationalID == other.Private.NationalID
	var exactGiven, exactFamily bool
	c.GivenName, exactGiven = agree(typed.GivenNameAr, typed.GivenName, other.GivenNameAr, other.GivenName)
	c.FamilyName, exactFamily = agree(typed.FamilyNameAr, typed.FamilyName, other.FamilyNameAr, other.FamilyName)
	c.Birth = birthAgrees(typed, other)
	switch {
	case c.Phone || c.Identity:
		c.Score = 1
	case c.GivenName && c.FamilyName && c.Birth && exactGiven && exactFamily:
		c.Score = 0.9
	case c.GivenName && c.FamilyName && c.Birth:
		c.Score = 0.7
	default:
		return c, false
	}
	return c, true
}
