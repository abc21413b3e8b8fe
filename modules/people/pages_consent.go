package people

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// consentLine is one consent in a list.
type consentLine struct {
	Consent
	State string
	To    []string // names of the recipients
}

var consentLooks = map[string]struct{ Tone, Icon string }{Given: {"g", "check"}, Expired: {"n", "hourglass"}, Withdrawn: {"r", "x"}, Superseded: {"n", "turn"}}

// consentLines lists the newest consents of a person.
func (s *Service) consentLines(ctx context.Context, v *web.View, id ids.ID[ids.Person]) ([]consentLine, error) {
	rows, err := s.Consents(ctx, id, web.PageOf{Limit: web.DefaultLimit})
	if err != nil {
		return nil, err
	}
	out := make([]consentLine, len(rows))
	for i, c := range rows {
		out[i] = consentLine{Consent: c, State: c.State(v.Now), To: s.names(ctx, v, c.Recipients)}
	}
	return out, nil
}

func (s *Service) names(ctx context.Context, v *web.View, slugs []string) []string {
	var out []string
	for _, slug := range slugs {
		if t, err := s.Tenants.BySlug(ctx, slug); err == nil && t != nil {
			out = append(out, t.Name(v.Lang))
		}
	}
	return out
}

// CategoryWords lists categories of data in words.
func CategoryWords(v *web.View, list []string) string {
	out := []string{}
	for _, code := range Categories {
		if slices.Contains(list, code) {
			out = append(out, v.T("people.category."+code))
		}
	}
	return Joined(v, out)
}

// Joined writes a list with the comma of the language.
func Joined(v *web.View, list []string) string {
	if v.Lang == i18n.Arabic {
		return strings.Join(list, "، ")
	}
	return strings.Join(list, ", ")
}

// ConsentForm is the part of a form in which a consent is recorded. Other modules
// put it into their own forms.
type ConsentForm struct {
	Values   url.Values
	Problems web.Problems
	// Shut says, by category, why it cannot be shared whatever the person says.
	Shut map[string]string
}

// NewConsent is what the form begins with: half a year, nothing agreed yet.
func NewConsent(v *web.View) url.Values {
	f := url.Values{}
	f.Set("mode", "written")
	f.Set("consent_language", "darija")
	f.Set("purpose", "referral")
	web.SetDay(f, "expires", v.Local(v.Now).AddDate(0, 6, 0).Format(time.DateOnly))
	return f
}

// ReadConsent reads the form. What it cannot read stays empty and is named when
// the consent is recorded.
func ReadConsent(f url.Values) Consent {
	c := Consent{Purpose: f.Get("purpose"), Recipients: f["recipients"], Categories: f["categories"], Mode: f.Get("mode"), Language: f.Get("consent_language")}
	if c.Mode == "oral_witness" || c.Mode == "thumbprint" {
		c.Evidence.Witness = short(f.Get("witness"), 200)
	}
	if c.Mode == "guardian" {
		c.Evidence.GivenBy = GivenBy{Name: short(f.Get("given_by"), 200), Quality: short(f.Get("given_by_quality"), 100), Paper: short(f.Get("given_by_paper"), 200)}
	}
	if d, err := time.ParseInLocation(time.DateOnly, web.Day(f, "expires"), clock.Casablanca()); err == nil {
		c.ExpiresAt = d.AddDate(0, 0, 1).UTC() // the whole last day counts
	}
	return c
}

var consentControls = map[string]string{"expires_at": "expires", "given_by.name": "given_by", "given_by.quality": "given_by_quality"}

// ConsentProblems puts the faults of a consent into words, by control.
func ConsentProblems(c *web.Ctx, fields []fault.Field) web.Problems {
	v := c.View("")
	var out web.Problems
	for _, f := range fields {
		id := f.Field
		if to := consentControls[id]; to != "" {
			id = to
		}
		text := v.T("people.problem", "Field", v.T("people.label."+id), "Problem", c.FieldSentence(f))
		if f.Code == "required" && (id == "categories" || id == "recipients" || id == "witness" || id == "given_by") {
			text = v.T("people.field." + id)
		}
		out = append(out, web.Problem{Field: id, Text: text})
	}
	return out
}

// consentSheet is the page on which a consent is recorded.
type consentSheet struct {
	ConsentForm
	ID         ids.ID[ids.Person]
	Name       string
	Recipients []web.Choice
}

func (s *Service) consentPage(c *web.Ctx) error {
	id, err := personID(c)
	if err != nil {
		return err
	}
	return s.showConsent(c, id, NewConsent(c.View("")), nil)
}

func (s *Service) showConsent(c *web.Ctx, id ids.ID[ids.Person], f url.Values, wrong web.Problems) error {
	p, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	x := consentSheet{ConsentForm: ConsentForm{Values: f, Problems: wrong}, ID: id, Name: p.DisplayName(v.Lang == i18n.Arabic)}
	if x.Recipients, err = s.recipients(c.Std(), v); err != nil {
		return err
	}
	v.Title, v.Failed = v.T("people.consent.new"), len(wrong) > 0
	return c.Render(consentView(v, x))
}

func (s *Service) consentPost(c *web.Ctx) error {
	id, err := personID(c)
	if err != nil {
		return err
	}
	consent := ReadConsent(c.Form())
	consent.PersonID = id
	_, err = s.Record(c.Std(), consent)
	if fields := web.Faults(err); fields != nil {
		c.Unprocessable(err)
		return s.showConsent(c, id, c.Form(), ConsentProblems(c, fields))
	}
	if err != nil {
		return err
	}
	c.Flash("flash.person.consent", "")
	return c.See("/people/" + id.String())
}

// withdrawal is the page that asks before a consent ends.
type withdrawal struct {
	consentLine
	Name    string
	Problem string
	Resting []restingLine
}

// restingLine is a referral that the withdrawal closes.
type restingLine struct {
	Resting
	Partner string
}

func (s *Service) withdrawal(c *web.Ctx) (x withdrawal, err error) {
	id, err := personID(c)
	if err != nil {
		return x, err
	}
	cid, err := ids.Parse[ids.Consent](c.Params("consent_id"))
	if err != nil {
		return x, fault.New(fault.NotFound)
	}
	consent, err := s.Consent(c.Std(), id, cid)
	if err != nil {
		return x, err
	}
	p, err := s.Get(c.Std(), id)
	if err != nil {
		return x, err
	}
	v := c.View("")
	x = withdrawal{consentLine: consentLine{consent, consent.State(v.Now), s.names(c.Std(), v, consent.Recipients)}, Name: p.DisplayName(v.Lang == i18n.Arabic)}
	list, err := s.Withdrawals.Resting(c.Std(), cid)
	for _, r := range list {
		l := restingLine{Resting: r}
		if t, err := s.Tenants.ByID(c.Std(), r.To); err == nil && t != nil {
			l.Partner = t.Name(v.Lang)
		}
		x.Resting = append(x.Resting, l)
	}
	return x, err
}

func (s *Service) withdrawPage(c *web.Ctx) error {
	x, err := s.withdrawal(c)
	if err != nil {
		return err
	}
	if x.State == Withdrawn {
		return c.See("/people/" + x.PersonID.String())
	}
	v := c.View("")
	v.Title = v.T("people.withdraw.title")
	return c.Render(withdrawView(v, x))
}

func (s *Service) withdrawPost(c *web.Ctx) error {
	x, err := s.withdrawal(c)
	if err != nil {
		return err
	}
	goOn := c.Form().Get("continue")
	if goOn != "yes" && goOn != "no" {
		v := c.View("")
		x.Problem = v.T("people.field.continue")
		c.Unprocessable(fault.In("continue", "required"))
		v.Title, v.Failed = v.T("people.withdraw.title"), true
		return c.Render(withdrawView(v, x))
	}
	if _, err := s.Withdraw(c.Std(), x.PersonID, x.ID, goOn == "yes"); err != nil {
		return err
	}
	c.Flash("flash.person.withdrawn", "")
	return c.See("/people/" + x.PersonID.String())
}
