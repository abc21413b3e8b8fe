package agreements

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

// speller puts the parts of a text into the reader's words: what is read before signing,
// edited clause by clause and compared between two versions says the same everywhere.
type speller struct {
	v       *web.View
	names   map[string]string // of the parties
	service func(id string) string
}

// speller looks up the names that some texts of an agreement need.
func (s *Service) speller(ctx context.Context, v *web.View, texts ...Text) (speller, error) {
	p := speller{v: v, names: map[string]string{}}
	var list []ids.ID[ids.Service]
	for _, t := range texts {
		for _, x := range t.Parties {
			p.names[x.Key()] = s.parties(ctx, v, []Party{x.Party})
		}
		for _, x := range t.Quotas {
			list = append(list, x.ServiceID)
		}
		for _, x := range t.Scopes {
			list = append(list, x.Services...)
		}
	}
	slices.SortFunc(list, func(a, b ids.ID[ids.Service]) int { return strings.Compare(a.String(), b.String()) })
	found, err := s.services(ctx, slices.Compact(list))
	p.service = func(id string) string {
		for _, x := range found {
			if x.ID.String() == id {
				return x.Name.In(v.Lang)
			}
		}
		return id
	}
	return p, err
}

// The parts of a text beside its title, object and articles: what stands before the
// articles, and what is annexed after them.
var (
	openingParts = []string{"parties", "effective_on", "ends_on", "renewal", "notice_days", "needs_visa", "territory", "population"}
	annexedParts = []string{"scopes", "sharing", "quotas", "obligations", "committees", "focal_points"}
)

// spelled is one part in words.
type spelled struct {
	What  string
	Lines []clauseLine
}

// wording is everything that a text says beside its articles.
type wording struct {
	Text             Text
	Opening, Annexed []spelled
}

func (s *Service) wording(ctx context.Context, v *web.View, t Text) (wording, error) {
	p, err := s.speller(ctx, v, t)
	return wording{t, p.parts(t, openingParts), p.parts(t, annexedParts)}, err
}

// parts are those of a text that say something, in this order.
func (p speller) parts(t Text, which []string) (out []spelled) {
	for _, what := range which {
		if lines := p.part(t, what); len(lines) > 0 {
			out = append(out, spelled{what, lines})
		}
	}
	return out
}

func (p speller) part(t Text, what string) (out []clauseLine) {
	v := p.v
	say := func(words string) {
		if words != "" {
			out = append(out, clauseLine{More: words})
		}
	}
	switch what {
	case "parties":
		for _, x := range t.Parties {
			out = append(out, p.party(x))
		}
	case "effective_on":
		say(day(v, t.EffectiveOn))
	case "ends_on":
		say(day(v, t.EndsOn))
	case "renewal":
		say(v.T("agreements.renewal." + t.Renewal))
	case "notice_days":
		say(v.T("agreements.days", "Count", t.NoticeDays))
	case "needs_visa":
		say(v.T("agreements.visa." + strconv.FormatBool(t.NeedsVisa)))
	case "territory":
		say(communeNames(v, t.Territory))
	case "population":
		say(p.population(t.Population))
	case "scopes":
		for _, x := range t.Scopes {
			out = append(out, p.scope(x))
		}
	case "sharing":
		for _, x := range t.Sharing {
			out = append(out, p.sharing(x))
		}
	case "quotas":
		for _, x := range t.Quotas {
			out = append(out, p.quota(x))
		}
	case "obligations":
		for _, x := range t.Obligations {
			out = append(out, p.obligation(x))
		}
	case "committees":
		for _, x := range t.Committees {
			out = append(out, clauseLine{Head: v.T("agreements.terms.committee." + x.Kind), More: v.T("agreements.period." + x.Every)})
		}
	case "focal_points":
		for _, x := range t.FocalPoints {
			out = append(out, clauseLine{Head: p.name(x.Party), More: dotted(x.Name, x.Email, x.Phone)})
		}
	}
	return out
}

func (p speller) name(key string) string {
	if key == AllParties {
		return p.v.T("agreements.obligation.all")
	}
	if name := p.names[key]; name != "" {
		return name
	}
	return key
}

func (p speller) direction(from, to string) string {
	return p.v.T("agreements.clause.direction", "From", p.name(from), "To", p.name(to))
}

func (p speller) party(x PartyText) clauseLine {
	var signers []string
	for _, y := range x.Signatories {
		until := ""
		if y.MandateUntil != "" {
			until = p.v.T("agreements.mandate", "Date", day(p.v, y.MandateUntil))
		}
		signers = append(signers, dotted(y.Name.in(p.v.Lang), y.Capacity.in(p.v.Lang), until))
	}
	return clauseLine{Head: p.name(x.Key()), More: joined(" / ", signers...)}
}

func (p speller) scope(x ScopeText) clauseLine {
	var needs, services, priorities []string
	for _, n := range x.Needs {
		needs = append(needs, p.v.T("need."+n))
	}
	for _, y := range x.Services {
		services = append(services, p.service(y.String()))
	}
	for _, y := range x.Priorities {
		priorities = append(priorities, p.v.T("urgency."+y))
	}
	return clauseLine{x.ID.String(), p.direction(x.From, x.To), joined(" — ", dotted(needs...), p.population(x.Population), dotted(services...), dotted(priorities...))}
}

func (p speller) sharing(x ShareText) clauseLine {
	var categories []string
	for _, c := range gridCategories {
		if slices.Contains(x.Categories, c) {
			categories = append(categories, p.v.T("agreements.category."+c))
		}
	}
	purpose := ""
	if x.Purpose != "" && !x.refers() {
		purpose = p.v.T("people.purpose." + x.Purpose)
	}
	return clauseLine{Head: joined(" · ", p.direction(x.From, x.To), purpose), More: p.v.T("agreements.clause.cell", "Slice", p.v.T("agreements.slice."+x.Slice), "Category", dotted(categories...))}
}

func (p speller) quota(x Quota) clauseLine {
	return clauseLine{x.ID.String(), p.service(x.ServiceID.String()), p.v.T("agreements.quota", "Count", x.Limit) + " " + p.v.T("agreements.period."+x.Period) + " · " + p.v.T("agreements.quota."+strconv.FormatBool(x.Hard))}
}

func (p speller) obligation(x Obligation) clauseLine {
	return clauseLine{x.ID.String(), promised(p.v, x), p.name(x.Party) + " · " + amount(p.v, x, x.Target) + " " + p.v.T("agreements.period."+x.Period) + " · " + p.v.T("agreements.mode."+x.Mode)}
}

// population names the communes too, where there are few.
func (p speller) population(x Population) string {
	names := communeNames(p.v, x.Communes)
	x.Communes = nil
	if names != "" && len(x.Situations) == 0 && x.AgeMin == nil && x.AgeMax == nil && x.Sex == "" {
		return names
	}
	return joined(" · ", population(p.v, x), names)
}

func communeNames(v *web.View, codes []string) string {
	lists := terms.Load()
	var out []string
	for _, code := range codes {
		if place, ok := lists.Commune(code); ok {
			code = place.Name.In(v.Lang)
		}
		out = append(out, code)
	}
	return dotted(out...)
}

func dotted(list ...string) string { return joined(" · ", list...) }

// joined leaves out what is empty.
func joined(by string, list ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" }), by)
}

// plainLines is a part as one text, for a comparison word by word.
func plainLines(list []clauseLine) string {
	var out []string
	for _, l := range list {
		out = append(out, joined(" : ", l.Head, l.More))
	}
	return strings.Join(out, "\n")
}
