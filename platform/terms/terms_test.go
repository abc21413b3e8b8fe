package terms_test

import (
	"slices"
	"testing"

	"shubbak/platform/terms"
)

func TestTheListsAreWhole(t *testing.T) {
	t.Parallel()
	l := terms.Load()
	if len(l.Needs) != 30 || len(l.Situations) != 25 || len(l.Languages) != 6 || len(l.Communes) != 124 || len(l.Provinces) != 8 {
		t.Errorf("%d needs, %d situations, %d languages, %d communes, %d provinces", len(l.Needs), len(l.Situations), len(l.Languages), len(l.Communes), len(l.Provinces))
	}
	for _, c := range l.Communes {
		if p, ok := l.Place(c.Parent); !ok || p.Parent != "" || c.Name.Ar == "" || c.Name.Fr == "" || c.Population <= 0 {
			t.Errorf("%s %s in %s, %d people", c.Code, c.Name.Fr, c.Parent, c.Population)
		}
	}
	if !l.Need("psychiatric") || l.Need("need.psychiatric") || !l.Language("tarifit") || l.Language("de") || l.Situation("") {
		t.Error("codes travel without their prefix, and no other code is known")
	}
}

func TestDistrictHidesSmallCommunes(t *testing.T) {
	t.Parallel()
	l := terms.Load()
	small, large := 0, 0
	for _, c := range l.Communes {
		want := c.Code
		if c.Population < 20_000 {
			want = c.Parent
			small++
		} else {
			large++
		}
		if got := l.District(c.Code); got != want {
			t.Errorf("%s with %d people: the card says %s, want %s", c.Code, c.Population, got, want)
		}
	}
	if small == 0 || large == 0 {
		t.Errorf("%d small and %d large communes", small, large)
	}
	for _, none := range []string{"", "02.411", "99.999", "elsewhere"} {
		if got := l.District(none); got != "" {
			t.Errorf("%q: %s", none, got)
		}
	}
}

func TestRulesFail(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	rules := terms.Rules{AgeMin: n(16), AgeMax: n(25), Sex: "female", Communes: []string{"a", "b"}, Situations: []string{"homeless", "widow"}}
	fits := terms.Profile{Age: 20, AgeKnown: true, Sex: "female", Commune: "a", Situations: []string{"migrant", "widow"}}
	with := func(change func(p *terms.Profile)) terms.Profile { p := fits; change(&p); return p }
	for name, c := range map[string]struct {
		p    terms.Profile
		want []string
	}{
		"everything fits":                    {fits, nil},
		"the bounds belong to it":            {with(func(p *terms.Profile) { p.Age = 16 }), nil},
		"too young":                          {with(func(p *terms.Profile) { p.Age = 15 }), []string{"age"}},
		"too old":                            {with(func(p *terms.Profile) { p.Age = 26 }), []string{"age"}},
		"an unknown age excludes nobody":     {with(func(p *terms.Profile) { p.Age, p.AgeKnown = 0, false }), nil},
		"the other sex":                      {with(func(p *terms.Profile) { p.Sex = "male" }), []string{"sex"}},
		"an unknown sex excludes nobody":     {with(func(p *terms.Profile) { p.Sex = "unknown" }), nil},
		"another commune":                    {with(func(p *terms.Profile) { p.Commune = "c" }), []string{"commune"}},
		"an unknown commune excludes nobody": {with(func(p *terms.Profile) { p.Commune = "" }), nil},
		"none of the situations":             {with(func(p *terms.Profile) { p.Situations = []string{"migrant"} }), []string{"situation"}},
		"unknown situations exclude nobody":  {with(func(p *terms.Profile) { p.Situations = nil }), nil},
		"everything that fails is named":     {terms.Profile{Age: 3, AgeKnown: true, Sex: "male", Commune: "z", Situations: []string{"x"}}, []string{"age", "sex", "commune", "situation"}},
		"a person of whom nothing is known":  {terms.Profile{}, nil},
	} {
		if got := rules.Fails(c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := (terms.Rules{}).Fails(fits); got != nil {
		t.Errorf("no rules: %v", got)
	}
}
