package people

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// paper is the form of a person's record, new or not.
type paper struct {
	ID         ids.ID[ids.Person] // zero for a new person
	Name       string             // of a person who has a record
	Version    int64
	Values     url.Values
	Problems   web.Problems
	Candidates []Candidate
	Changed    bool // somebody else saved the record meanwhile
	Unusual    bool
}

// mostPhones is how many numbers a record holds.
const mostPhones = 10

// phoneRows is how many rows of phones the form shows: those that are filled, and
// one more.
func (x paper) phoneRows() int {
	n := 1
	for i := range mostPhones {
		if x.Values.Get("phone_"+strconv.Itoa(i)) != "" {
			n = i + 2
		}
	}
	return min(n, mostPhones)
}

func (s *Service) newPage(c *web.Ctx) error {
	return s.showPaper(c, paper{Values: blank(c)})
}

// known are the controls that another page may fill in.
var known = []string{"given_name_ar", "family_name_ar", "given_name", "family_name", "alias", "anonymous", "sex", "birth_precision", "birth_date", "birth_date_month", "birth_date_year",
	"phone_0", "phone_0_safe", "phone_0_hours", "phone_1", "phone_1_safe", "phone_1_hours", "commune", "address"}

// Known are the values of the form for what is known of somebody.
func Known(p Person) url.Values {
	f, out := written(p), url.Values{"known": {"1"}}
	for _, k := range known {
		if f.Get(k) != "" {
			out.Set(k, f.Get(k))
		}
	}
	return out
}

// blank is what a new form begins with.
func blank(c *web.Ctx) url.Values {
	f := url.Values{}
	if asked := c.Form(); asked.Get("known") == "1" {
		// What an accepted referral has shown: the reader's own register takes it over.
		for _, k := range known {
			if asked.Has(k) {
				f.Set(k, short(asked.Get(k), 500))
			}
		}
		return f
	} else if asked != nil {
		typedName(f, asked.Get("name"))
		f.Set("phone_0", short(asked.Get("phone"), 40))
		f.Set("national_id", short(asked.Get("national_id"), 60))
	}
	f.Set("birth_precision", "day")
	return f
}

// newFrom opens the form with what was searched and not found.
func (s *Service) newFrom(c *web.Ctx) error {
	return s.showPaper(c, paper{Values: blank(c)})
}

func (s *Service) showPaper(c *web.Ctx, x paper) error {
	v := c.View("")
	v.Title, v.Failed = v.T("people.new.title"), len(x.Problems) > 0
	if !x.ID.IsZero() {
		v.Title = v.T("people.edit.title")
	}
	x.Unusual = unusual(normalIdentity(x.Values.Get("national_id"))) && len(x.Problems)+len(x.Candidates) > 0
	return c.Render(s.paperView(v, x))
}

func (s *Service) registerPost(c *web.Ctx) error {
	f := c.Form()
	p, wrong := typedPerson(f)
	var distinct []ids.ID[ids.Person]
	if f.Get("none") == "1" {
		for _, x := range f["candidate"] {
			if id, err := ids.Parse[ids.Person](x); err == nil {
				distinct = append(distinct, id)
			}
		}
	}
	err := s.alsoWrong(p, wrong)
	if len(wrong) == 0 {
		p, err = s.Register(c.Std(), p, distinct)
	}
	if refused := append(wrong, web.Faults(err)...); len(refused) > 0 {
		c.Unprocessable(fault.In("form", "malformed"))
		return s.showPaper(c, paper{Values: f, Problems: problems(c, refused)})
	}
	var alike *fault.Error
	if errors.As(err, &alike) && alike.Code == fault.PossibleDuplicate {
		list, _ := alike.Data["candidates"].([]Candidate)
		c.Unprocessable(err)
		return s.showPaper(c, paper{Values: f, Candidates: list})
	}
	if err != nil {
		return err
	}
	c.Flash("flash.person.registered", p.Number)
	return c.See("/people/" + p.ID.String())
}

func (s *Service) editPage(c *web.Ctx) error {
	id, err := personID(c)
	if err != nil {
		return err
	}
	p, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	return s.showPaper(c, paper{ID: id, Name: p.DisplayName(c.Lang() == i18n.Arabic), Version: p.Version, Values: written(p)})
}

func (s *Service) editPost(c *web.Ctx) error {
	id, err := personID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	p, wrong := typedPerson(f)
	q := p.Private
	err = s.alsoWrong(p, wrong)
	if len(wrong) == 0 {
		_, err = s.Change(c.Std(), id, Patch{Version: version, Anonymous: set(p.Anonymous), Alias: set(p.Alias), GivenNameAr: set(p.GivenNameAr), FamilyNameAr: set(p.FamilyNameAr),
			GivenName: set(p.GivenName), FamilyName: set(p.FamilyName), Sex: set(p.Sex), BirthDate: set(p.BirthDate), BirthPrecision: set(p.BirthPrecision), Commune: set(p.Commune),
			NationalID: set(q.NationalID), Address: set(q.Address), Phones: set(q.Phones), Languages: set(q.Languages), Situations: set(q.Situations)})
	}
	refused := append(wrong, web.Faults(err)...)
	stale := fault.Has(err, fault.VersionConflict)
	if len(refused) == 0 && !stale {
		if err != nil {
			return err
		}
		c.Flash("flash.person.changed", "")
		return c.See("/people/" + id.String())
	}
	now, lerr := s.Load(c.Std(), id)
	if lerr != nil {
		return lerr
	}
	x := paper{ID: id, Name: now.DisplayName(c.Lang() == i18n.Arabic), Version: version, Values: f, Problems: problems(c, refused), Changed: stale}
	if stale {
		x.Version = now.Version
		c.Unprocessable(err)
	} else {
		c.Unprocessable(fault.In("form", "malformed"))
	}
	return s.showPaper(c, x)
}

// alsoWrong names the faults that the register would name, where the form has some
// of its own: all of them are told at once.
func (s *Service) alsoWrong(p Person, wrong []fault.Field) error {
	if len(wrong) == 0 {
		return nil
	}
	return p.normalise(s.Clock.Now().In(clock.Casablanca()), s.terms, s.isCommune)
}

func set[T any](x T) web.Optional[T] { return web.Optional[T]{Set: true, Value: x} }

// typedPerson reads the form; its faults are those of what only the form knows:
// the boxes of the birth date and the rows of phones.
func typedPerson(f url.Values) (Person, []fault.Field) {
	var wrong []fault.Field
	p := Person{Anonymous: f.Get("anonymous") == "1", GivenNameAr: short(f.Get("given_name_ar"), 200), FamilyNameAr: short(f.Get("family_name_ar"), 200),
		GivenName: short(f.Get("given_name"), 200), FamilyName: short(f.Get("family_name"), 200), Sex: f.Get("sex"), Commune: f.Get("commune"),
		Private: Private{NationalID: short(f.Get("national_id"), 100), Address: short(f.Get("address"), 1000), Situations: f["situations"]}}
	if p.Anonymous {
		p.Alias = short(f.Get("alias"), 200)
	}
	if l := f.Get("language"); l != "" {
		p.Private.Languages = append([]string{l}, f["also"]...)
	}
	for i := range mostPhones {
		at := "phone_" + strconv.Itoa(i)
		typed := short(f.Get(at), 60)
		if typed == "" {
			continue
		}
		n, ok := NormalPhone(typed)
		if !ok {
			wrong = append(wrong, fault.Field{Field: at, Code: "malformed", Key: "people.field.phone"})
			n = ""
		}
		p.Private.Phones = append(p.Private.Phones, Phone{Number: n, Safe: f.Get(at+"_safe") == "1", Hours: short(f.Get(at+"_hours"), 200)})
	}
	if len(wrong) > 0 {
		p.Private.Phones = nil // the register must not judge them a second time
	}
	birth, bad := typedBirth(f)
	p.BirthDate, p.BirthPrecision = birth.date, birth.precision
	return p, append(wrong, bad...)
}

type birth struct{ date, precision string }

// typedBirth reads the date of birth. It takes what there is: a year alone is the
// precision `year`, whatever was ticked.
func typedBirth(f url.Values) (birth, []fault.Field) {
	refuse := func(key string) (birth, []fault.Field) {
		return birth{}, []fault.Field{{Field: "birth_date", Code: "malformed", Key: "people.field." + key}}
	}
	day, month, year := web.DayParts(f, "birth_date")
	precision := f.Get("birth_precision")
	if precision == "year" || precision == "estimated" {
		day, month, year = "", "", cmp.Or(year, day) // the year may stand in the first box
	}
	if day+month+year == "" {
		return birth{precision: "unknown"}, nil
	}
	y, err := strconv.Atoi(year)
	if err != nil || len(year) != 4 {
		return refuse("year")
	}
	if day+month == "" {
		if precision != "estimated" {
			precision = "year"
		}
		return birth{strconv.Itoa(y) + "-01-01", precision}, nil
	}
	m, err := strconv.Atoi(month)
	if err != nil || m < 1 || m > 12 {
		return refuse("month")
	}
	if day == "" {
		return birth{web.Day(url.Values{"d": {"1"}, "d_month": {month}, "d_year": {year}}, "d"), "month"}, nil
	}
	if d, err := strconv.Atoi(day); err != nil || d < 1 || d > 31 {
		return refuse("day")
	}
	return birth{web.Day(url.Values{"d": {day}, "d_month": {month}, "d_year": {year}}, "d"), "day"}, nil
}

// written fills the form from a record.
func written(p Person) url.Values {
	f := url.Values{}
	for k, x := range map[string]string{"given_name_ar": p.GivenNameAr, "family_name_ar": p.FamilyNameAr, "given_name": p.GivenName, "family_name": p.FamilyName, "alias": p.Alias,
		"sex": p.Sex, "commune": p.Commune, "national_id": p.Private.NationalID, "address": p.Private.Address, "birth_precision": p.BirthPrecision} {
		f.Set(k, x)
	}
	if p.Anonymous {
		f.Set("anonymous", "1")
	}
	if p.BirthDate != "" {
		web.SetDay(f, "birth_date", p.BirthDate)
		switch p.BirthPrecision {
		case "year", "estimated":
			f.Del("birth_date")
			f.Del("birth_date_month")
		case "month":
			f.Del("birth_date")
		}
	}
	if p.BirthPrecision == "unknown" || p.BirthPrecision == "month" {
		f.Set("birth_precision", "day")
	}
	f["situations"] = p.Private.Situations
	for i, l := range p.Private.Languages {
		if i == 0 {
			f.Set("language", l)
		} else {
			f.Add("also", l)
		}
	}
	for i, ph := range p.Private.Phones {
		at := "phone_" + strconv.Itoa(i)
		f.Set(at, web.PhoneWords(ph.Number))
		f.Set(at+"_hours", ph.Hours)
		if ph.Safe {
			f.Set(at+"_safe", "1")
		}
	}
	return f
}

// controls names the control that a field of the register belongs to.
var controls = map[string]string{"given_name_ar": "given_name_ar", "languages": "language", "birth_precision": "birth_date"}

// problems turns faulty fields into the lines of the summary: the sentence, after
// the field's name where it lacks it.
func problems(c *web.Ctx, fields []fault.Field) web.Problems {
	v := c.View("")
	var out web.Problems
	for _, f := range fields {
		id, _, _ := strings.Cut(f.Field, "[")
		if to := controls[id]; to != "" {
			id = to
		}
		if f.Code == "required" && (id == "given_name" || id == "family_name") {
			id += "_ar"
		}
		text := c.FieldSentence(f)
		if f.Key == "" {
			text = v.T("people.problem", "Field", v.T("people.label."+id), "Problem", text)
		}
		out = append(out, web.Problem{Field: id, Text: text})
	}
	slices.SortStableFunc(out, func(a, b web.Problem) int {
		return cmp.Compare(slices.Index(order, a.Field), slices.Index(order, b.Field))
	})
	return out
}

// order is the order of the form, for the summary.
var order = []string{"given_name_ar", "family_name_ar", "given_name", "family_name", "alias", "sex", "birth_date", "phone_0", "phone_1", "phone_2", "national_id", "commune", "language", "address", "situations"}

var identityForm = regexp.MustCompile(`^(?:[A-Z]{1,2}[0-9]{3,7}|[0-9]{10})$`)

// unusual reports an identity number that has neither the form of a card nor that
// of the digital identifier: it is said, and never in the way.
func unusual(number string) bool { return number != "" && !identityForm.MatchString(number) }
