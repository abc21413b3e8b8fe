package directory

import (
	"context"
	"net/http"
	"slices"

	"shubbak/platform/i18n"
	"shubbak/platform/terms"
	"shubbak/web"

	"github.com/a-h/templ"
)

func (d *Directory) pages() []web.Route {
	return append([]web.Route{web.Page(http.MethodGet, "/services", Read, d.servicesPage)}, d.editPages()...)
}

func (d *Directory) nav() []web.NavEntry {
	return []web.NavEntry{{Path: "/services", Key: "services.nav", Icon: "building", Perm: Read}}
}

// Row is a service as a page lists it: with its provider and with why it may be
// referred to, or why not.
type Row struct {
	Offer
	Provider string
	Reasons  []Reason
}

// Reason is one line of why: ok, warn, no, or plain where nobody is judged.
type Reason struct{ Kind, Word string }

var reasonIcons = map[string]string{"ok": "check", "warn": "warning", "no": "x", "plain": "people"}

// Rows puts offers into words; p is nil where no person is named.
func (d *Directory) Rows(ctx context.Context, v *web.View, list []Offer, p *terms.Profile) []Row {
	out := make([]Row, len(list))
	for i, o := range list {
		out[i] = Row{Offer: o, Reasons: reasons(v, o, p)}
		if o.Letter() {
			out[i].Provider = o.Body.Name().In(v.Lang)
		} else if t, err := d.Tenants.ByID(ctx, o.TenantID); err == nil && t != nil {
			out[i].Provider = t.Name(v.Lang)
		}
	}
	return out
}

// Side is what stands at the end of a row: a button, or nothing.
type Side func(r Row) templ.Component

// In is a wording in the language of the reader.
func (w Words) In(l i18n.Lang) string { return i18n.Words(w).In(l) }

// assessment is the status of a service that looks at the person first.
const assessment = "assessment_required"

func reasons(v *web.View, o Offer, p *terms.Profile) []Reason {
	var out []Reason
	add := func(kind, key string, pairs ...any) {
		out = append(out, Reason{kind, v.T("services."+key, pairs...)})
	}
	if o.Refusal != nil {
		out = append(out, Reason{"no", v.Say(o.Refusal.Key, o.Refusal.Args)})
	} else if o.WhyNot != "" && o.WhyNot != NotEligible {
		out = append(out, Reason{"no", v.T("referrals.not_permitted." + o.WhyNot)})
	}
	for _, x := range rules(v, o.Eligibility) {
		switch {
		case p == nil:
			add("plain", "rule", "Rule", x.word)
		case slices.Contains(o.Fails, x.code):
			out = append(out, Reason{"no", x.word + failure(v, x.code, *p)})
		case x.unknown(*p):
			out = append(out, Reason{"warn", x.word + v.T("services.unknown")})
		default:
			out = append(out, Reason{"ok", x.word})
		}
	}
	if p != nil && o.Permitted {
		add("ok", "agreement")
		if o.Remaining != nil {
			add(map[bool]string{true: "warn", false: "ok"}[*o.Remaining <= fewPlaces], "quota", "Count", *o.Remaining)
		}
	}
	if o.Status == assessment {
		add("warn", "status.assessment_required")
	}
	return out
}

// fewPlaces is from when on the places that a quota leaves are worth a warning.
const fewPlaces = 3

// failure adds the person's own fact to a rule that is not met.
func failure(v *web.View, code string, p terms.Profile) string {
	switch code {
	case "age":
		return v.T("services.fails.age", "Count", p.Age)
	case "commune":
		if x, ok := terms.Load().Place(p.Commune); ok {
			return v.T("services.fails.commune", "Place", x.Name.In(v.Lang))
		}
	}
	return ""
}

// rule is one condition of a service in words.
type rule struct{ code, word string }

func (r rule) unknown(p terms.Profile) bool {
	switch r.code {
	case "age":
		return !p.AgeKnown
	case "sex":
		return p.Sex == "" || p.Sex == "unknown"
	case "commune":
		return p.Commune == ""
	}
	return len(p.Situations) == 0
}

func rules(v *web.View, e Eligibility) []rule {
	var out []rule
	switch {
	case e.AgeMin != nil && e.AgeMax != nil:
		out = append(out, rule{"age", v.T("services.age.between", "From", *e.AgeMin, "To", *e.AgeMax)})
	case e.AgeMin != nil:
		out = append(out, rule{"age", v.T("services.age.from", "Count", *e.AgeMin)})
	case e.AgeMax != nil:
		out = append(out, rule{"age", v.T("services.age.to", "Count", *e.AgeMax)})
	}
	if e.Sex != "" {
		out = append(out, rule{"sex", v.T("services.sex." + e.Sex)})
	}
	if len(e.Communes) > 0 {
		out = append(out, rule{"commune", communeWords(v, e.Communes)})
	}
	if len(e.Situations) > 0 {
		var list []string
		for _, s := range e.Situations {
			list = append(list, v.T("vul."+s))
		}
		out = append(out, rule{"situation", joined(v, list)})
	}
	return out
}

// communeWords names up to three communes, or their province and how many.
func communeWords(v *web.View, codes []string) string {
	l := terms.Load()
	var names, provinces []string
	for _, code := range codes {
		c, ok := l.Commune(code)
		if !ok {
			continue
		}
		names = append(names, c.Name.In(v.Lang))
		if p, ok := l.Place(c.Parent); ok && !slices.Contains(provinces, p.Name.In(v.Lang)) {
			provinces = append(provinces, p.Name.In(v.Lang))
		}
	}
	if len(names) <= 3 {
		return v.T("services.commune", "Place", joined(v, names))
	}
	return v.T("services.communes", "Count", len(names), "Place", joined(v, provinces))
}

func joined(v *web.View, list []string) string {
	sep := ", "
	if v.Lang == i18n.Arabic {
		sep = "، "
	}
	out := ""
	for i, s := range list {
		if i > 0 {
			out += sep
		}
		out += s
	}
	return out
}

// Places says how many are free.
func Places(v *web.View, s Service) string {
	switch {
	case s.Status == "no_capacity":
		return v.T("services.status.no_capacity")
	case s.Status == "waitlist":
		return v.T("services.status.waitlist")
	case s.Maximum > 0:
		return v.T("services.places", "Count", s.Available, "Maximum", s.Maximum)
	}
	return ""
}

// NeedGroups lists the needs for a select; those that a service of the network
// answers to come first.
func NeedGroups(v *web.View, served map[string]int) []web.ChoiceGroup {
	with, without := web.ChoiceGroup{Word: v.T("services.needs.served")}, web.ChoiceGroup{Word: v.T("services.needs.unserved")}
	for _, n := range terms.Load().Needs {
		c := web.Choice{Value: n, Word: v.T("need." + n)}
		if served[n] > 0 {
			with.Choices = append(with.Choices, c)
		} else {
			without.Choices = append(without.Choices, c)
		}
	}
	return []web.ChoiceGroup{with, without}
}

// listing is what the directory's page shows.
type listing struct {
	Need string
	All  bool
	Own  []Row
	Open []Row
	Shut []Row
	Some map[string]int
}

func (d *Directory) servicesPage(c *web.Ctx) error {
	l := listing{Need: c.Query("need"), All: c.Query("all") == "1", Some: map[string]int{}}
	if l.Need != "" && !terms.Load().Need(l.Need) {
		return web.Malformed("need")
	}
	whole, err := d.Find(c.Std(), Search{All: true}, web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return err
	}
	v := c.View("")
	shown := whole
	if l.Need != "" {
		if shown, err = d.Find(c.Std(), Search{Need: l.Need, All: true}, web.PageOf{Limit: web.MaxLimit}); err != nil {
			return err
		}
	}
	for _, o := range whole {
		for _, n := range o.Needs {
			l.Some[n]++
		}
	}
	var own, open, shut []Offer
	for _, o := range shown {
		switch {
		case o.TenantID == v.Tenant.ID && !o.Letter():
			o.WhyNot, o.Refusal, o.Permitted = "", nil, false
			own = append(own, o)
		case o.Permitted:
			open = append(open, o)
		default:
			shut = append(shut, o)
		}
	}
	l.Own, l.Open, l.Shut = d.Rows(c.Std(), v, own, nil), d.Rows(c.Std(), v, open, nil), d.Rows(c.Std(), v, shut, nil)
	v.Title = v.T("services.title")
	return c.Render(servicesView(v, l))
}

var statusLooks = map[string]struct{ Tone, Icon string }{"capacity": {"g", "check"}, "waitlist": {"s", "waitlist"}, assessment: {"s", "warning"}, "no_capacity": {"r", "x"}}

func needWords(v *web.View, needs []string) string {
	var out []string
	for _, n := range needs {
		out = append(out, v.T("need."+n))
	}
	return joined(v, out)
}
