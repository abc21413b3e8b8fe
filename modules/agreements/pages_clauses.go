package agreements

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/tenants"
	"shubbak/web"

	"github.com/a-h/templ"
)

// clause is one list of the text as its page edits it: what stands there, and the form
// of one line, new or chosen by its id.
type clause struct {
	part  string // its name in addresses and in the text
	lines func(p speller, t Text) []clauseLine
	fill  func(t Text, id string) url.Values
	read  func(t *Text, id string, f url.Values) error
	take  func(t *Text, id string)
	form  func(v *web.View, x clauseForm) templ.Component
}

// clauseLine is a line of the list: what it says, under which id it is changed.
type clauseLine struct{ ID, Head, More string }

// clauseForm is a clause's page with what was typed.
type clauseForm struct {
	ID       ids.ID[ids.Agreement]
	Number   string
	Part     string
	Of       string // the id of the line, "" for a new one
	Text     Text
	Lines    []clauseLine
	Values   url.Values
	Problems web.Problems
	Refusal  string
	Changed  []string // what others have changed since the form was opened
	Parties  []web.Choice
	Needs    []web.Choice
	Services []web.ChoiceGroup
	Places   []web.ChoiceGroup
	Sits     []web.Choice
	Names    map[string]string
	Clause   clause
}

func (x clauseForm) path() string { return "/agreements/" + x.ID.String() + "/" + x.Part }

func (x clauseForm) box(v *web.View, name string, optional bool) web.Box {
	return web.Box{ID: name, Label: v.T("agreements.label." + name), Value: x.Values.Get(name), Problem: x.Problems.Of(name), Optional: optional, Dir: wordsDir(name), Max: 300}
}

func (x clauseForm) short(v *web.View, name string, optional bool) web.Box {
	b := x.box(v, name, optional)
	b.Short, b.Mode, b.Dir, b.Max = true, "numeric", "ltr", 12
	return b
}

// edited opens an agreement whose text the actor may write now.
func (s *Service) edited(c *web.Ctx) (Opened, error) {
	id, err := s.agreementID(c)
	if err != nil {
		return Opened{}, err
	}
	o, err := s.Get(c.Std(), id)
	if err == nil && (!keeps(c.Std(), o.Agreement) || !o.State.Editable()) {
		err = fault.New(fault.NotFound)
	}
	return o, err
}

func (s *Service) clausePage(k clause) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		o, err := s.edited(c)
		if err != nil {
			return err
		}
		x := clauseForm{Of: c.Query("of"), Values: k.fill(o.Text, c.Query("of"))}
		if x.Values == nil {
			return fault.New(fault.NotFound)
		}
		x.Values.Set("version", strconv.FormatInt(o.Version, 10))
		return s.showClause(c, k, o, x)
	}
}

func (s *Service) showClause(c *web.Ctx, k clause, o Opened, x clauseForm) error {
	v := c.View("")
	x.ID, x.Number, x.Part, x.Text, x.Clause = o.ID, o.Number, k.part, o.Text, k
	if err := s.choices(c.Std(), v, &x); err != nil {
		return err
	}
	x.Lines = k.lines(speller{v, x.Names, x.service}, x.Text)
	v.Title, v.Failed = v.T("agreements.clause."+k.part), len(x.Problems) > 0 || x.Refusal != ""
	return c.Render(clauseView(v, x))
}

func (s *Service) clausePost(k clause) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		o, err := s.edited(c)
		if err != nil {
			return err
		}
		f := c.Form()
		x := clauseForm{Of: f.Get("of"), Values: f}
		version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		_, err = s.Edit(c.Std(), o.ID, max(version, 1), k.part, func(t *Text) error {
			if f.Get("remove") == "1" {
				k.take(t, x.Of)
				return nil
			}
			return k.read(t, x.Of, f)
		})
		if err == nil {
			c.Flash("flash.agreements.clause", "")
			return c.See("/agreements/" + o.ID.String() + "/" + k.part)
		}
		if x.Problems, x.Refusal, x.Changed, err = s.comesBack(c, o, version, err); err != nil {
			return err
		}
		x.Values.Set("version", strconv.FormatInt(o.Version, 10))
		return s.showClause(c, k, o, x)
	}
}

// comesBack says why a form is shown again: its faults, or that the text has changed since it
// was opened, and in what. Saved once more it goes onto the text as it stands now.
func (s *Service) comesBack(c *web.Ctx, o Opened, seen int64, err error) (web.Problems, string, []string, error) {
	v := c.View("")
	switch {
	case len(web.Faults(err)) > 0:
		c.Unprocessable(err)
		return web.ProblemsOf(c, web.Faults(err), "agreements.label.", clauseControl), "", nil, nil
	case fault.Has(err, fault.VersionConflict):
		c.Unprocessable(err)
		var changed []string
		// A version that nobody else had seen is gone: then the sentence is all there is.
		if parts, derr := s.Difference(c.Std(), o.ID, seen, o.Version); derr == nil {
			for _, p := range parts {
				word := v.T("agreements.part.article", "Title", p.Title.in(v.Lang))
				if p.What != "article" {
					word = v.T("agreements.part." + p.What)
				}
				if !slices.Contains(changed, word) {
					changed = append(changed, word)
				}
			}
		}
		return nil, v.T("agreements.clause.stale"), changed, nil
	case fault.Has(err, fault.IllegalTransition):
		var known *fault.Error
		asFault(err, &known)
		c.Unprocessable(err)
		return nil, c.Sentence(known), nil, nil
	}
	return nil, "", nil, err
}

// clauseControl is the control of a faulty field: its last name without its place in a
// list.
func clauseControl(field string) string {
	parts := strings.Split(field, ".")
	last := parts[len(parts)-1]
	if i := strings.IndexByte(last, '['); i > 0 {
		last = last[:i]
	}
	return last
}

// choices fills what the forms offer.
func (s *Service) choices(ctx context.Context, v *web.View, x *clauseForm) error {
	lists := terms.Load()
	for _, n := range lists.Needs {
		x.Needs = append(x.Needs, web.Choice{Value: n, Word: v.T("need." + n)})
	}
	for _, n := range lists.Situations {
		x.Sits = append(x.Sits, web.Choice{Value: n, Word: v.T("vul." + n)})
	}
	x.Places, x.Names = web.Communes(v), map[string]string{}
	var members []tenants.ID
	for _, p := range x.Text.Parties {
		name := s.parties(ctx, v, []Party{p.Party})
		x.Names[p.Key()] = name
		if p.Tenant == "" {
			continue
		}
		x.Parties = append(x.Parties, web.Choice{Value: p.Tenant, Word: name})
		t, err := s.Tenants.BySlug(ctx, p.Tenant)
		if err != nil {
			return err
		}
		if t != nil {
			members = append(members, t.ID)
		}
	}
	if s.ServicesOf == nil {
		return nil
	}
	found, err := s.ServicesOf(ctx, members)
	for _, m := range members {
		g := web.ChoiceGroup{Word: x.Names[s.Tenants.Slug(ctx, m)]}
		for _, y := range found {
			if y.Tenant == m {
				g.Choices = append(g.Choices, web.Choice{Value: y.ID.String(), Word: y.Name.In(v.Lang)})
			}
		}
		if len(g.Choices) > 0 {
			x.Services = append(x.Services, g)
		}
	}
	return err
}

// service is the name of one that the forms offer.
func (x clauseForm) service(id string) string {
	for _, g := range x.Services {
		for _, c := range g.Choices {
			if c.Value == id {
				return c.Word
			}
		}
	}
	return id
}

// chosen reports whether one of a group is ticked: what is not stays folded.
func (x clauseForm) chosen(name string, g web.ChoiceGroup) bool {
	return slices.ContainsFunc(g.Choices, func(c web.Choice) bool { return slices.Contains(x.Values[name], c.Value) })
}

// at is where a line stands in its list, -1 for a new one.
func at[T any](list []T, id string, of func(T) ids.ID[ids.Entry]) int {
	return slices.IndexFunc(list, func(x T) bool { return id != "" && of(x).String() == id })
}

// put writes a line in the place of the one it was opened from, or at the end.
func put[T any](list []T, id string, of func(T) ids.ID[ids.Entry], x T) ([]T, error) {
	i := at(list, id, of)
	switch {
	case i >= 0:
		list[i] = x
		return list, nil
	case id != "":
		return list, fault.New(fault.VersionConflict) // somebody took it away
	}
	return append(list, x), nil
}

func without[T any](list []T, id string, of func(T) ids.ID[ids.Entry]) []T {
	return slices.DeleteFunc(list, func(x T) bool { return id != "" && of(x).String() == id })
}

// serviceIDs reads the ticked services; what is no id names none and is refused later.
func serviceIDs(list []string) (out []ids.ID[ids.Service]) {
	for _, x := range list {
		id, err := ids.Parse[ids.Service](x)
		if err != nil {
			id = ids.New[ids.Service]()
		}
		out = append(out, id)
	}
	return out
}

// populationOf reads the fields that say whom something is for.
func populationOf(f url.Values, faults *fault.Collect) Population {
	age := func(name string) *int {
		typed := web.Latin(f.Get(name))
		if typed == "" {
			return nil
		}
		n, err := strconv.Atoi(typed)
		if err != nil {
			faults.Add(name, "malformed")
		}
		return &n
	}
	return Population{AgeMin: age("age_min"), AgeMax: age("age_max"), Sex: f.Get("sex"), Communes: f["communes"], Situations: f["situations"]}
}

func setPopulation(f url.Values, p Population) {
	if p.AgeMin != nil {
		f.Set("age_min", strconv.Itoa(*p.AgeMin))
	}
	if p.AgeMax != nil {
		f.Set("age_max", strconv.Itoa(*p.AgeMax))
	}
	f.Set("sex", p.Sex)
	f["communes"], f["situations"] = slices.Clone(p.Communes), slices.Clone(p.Situations)
}

func sexes(v *web.View) []web.Choice {
	return []web.Choice{{Value: "", Word: v.T("agreements.sex.any")}, {Value: "female", Word: v.T("agreements.sex.female")}, {Value: "male", Word: v.T("agreements.sex.male")}}
}
