package people

import (
	"time"

	"shubbak/platform/i18n"
	"shubbak/web"
)

// Where the form is sent to.
func (x paper) action() string {
	if x.ID.IsZero() {
		return "/people"
	}
	return "/people/" + x.ID.String() + "/edit"
}

// box is one control of the form by its field name.
func (x paper) box(v *web.View, id string, optional bool) web.Box {
	return web.Box{ID: id, Label: v.T("people.label." + id), Value: x.Values.Get(id), Problem: x.Problems.Of(id), Optional: optional, Max: boxLimits[id]}
}

var boxLimits = map[string]int{"given_name_ar": 100, "family_name_ar": 100, "given_name": 100, "family_name": 100, "address": 500}

func (x paper) identityBox(v *web.View) web.Box {
	b := x.box(v, "national_id", true)
	b.Dir, b.Max = "ltr", 40
	if x.Unusual {
		b.Warning = v.T("people.identity.unusual")
	}
	return b
}

func (s *Service) languages(v *web.View) []web.Choice {
	var out []web.Choice
	for _, l := range s.terms.Languages {
		out = append(out, web.Choice{Value: l, Word: v.T("lang." + l)})
	}
	return out
}

func (s *Service) situations(v *web.View) []web.Choice {
	var out []web.Choice
	for _, x := range s.terms.Situations {
		out = append(out, web.Choice{Value: x, Word: v.T("vul." + x)})
	}
	return out
}

// nameCheck says which part of a candidate's name agrees.
func nameCheck(c Candidate) string {
	switch {
	case c.GivenName && !c.FamilyName:
		return "given_only"
	case c.FamilyName && !c.GivenName:
		return "family_only"
	}
	return "name"
}

// sameYear reports that both birth years are known and equal: what is not known
// agrees with nothing on the page.
func sameYear(c Candidate, x paper) bool {
	typed, wrong := typedBirth(x.Values)
	year := birthYear(c.Person)
	return len(wrong) == 0 && year != "" && len(typed.date) >= 4 && typed.date[:4] == year
}

// modeChoices are the ways in which a consent is given.
func modeChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, m := range Modes {
		out = append(out, web.Choice{Value: m, Word: v.T("people.mode." + m)})
	}
	return out
}

func purposeChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, p := range Purposes {
		out = append(out, web.Choice{Value: p, Word: v.T("people.purpose." + p)})
	}
	return out
}

// readable are the languages in which the text is read to the person.
func readable(v *web.View) []web.Choice {
	var out []web.Choice
	for _, l := range []string{"darija", "ar", "tamazight", "tarifit", "fr", "sign"} {
		out = append(out, web.Choice{Value: l, Word: v.T("lang." + l)})
	}
	return out
}

// age is the person's age in words, after the birth date.
func age(v *web.View, p Person) string {
	years, ok := p.Age(v.Local(v.Now))
	if !ok {
		return ""
	}
	return " · " + v.T("people.age", "Count", years)
}

// lastDay is the last day on which a consent counts.
func lastDay(v *web.View, c Consent) string {
	return i18n.Date(v.Lang, v.Local(c.ExpiresAt.Add(-time.Second)))
}

func languageWords(v *web.View, list []string) string { return coded(v, "lang.", list) }

func situationWords(v *web.View, list []string) string { return coded(v, "vul.", list) }

func coded(v *web.View, prefix string, list []string) string {
	var out []string
	for _, x := range list {
		out = append(out, v.T(prefix+x))
	}
	return Joined(v, out)
}

// noticeWords is the information notice: the institution's own words where it wrote
// some, else the general ones, with the number of its authorisation.
func noticeWords(v *web.View) string {
	number := v.Tenant.Authorisation
	if own := v.Tenant.Notice(v.Lang); own != "" {
		if number != "" {
			own += " " + v.T("people.notice.number", "Number", number)
		}
		return own
	}
	if number == "" {
		number = v.T("people.notice.auth")
	}
	return v.T("msg.privacy_notice", "controller", v.Tenant.Name(v.Lang), "purpose", v.T("people.notice.purpose"), "auth", number)
}
