package accounts

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

func (s *Service) unitPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/settings/units", Administer, s.unitsPage),
		web.Page(http.MethodGet, "/settings/units/new", Administer, s.unitPage),
		web.Page(http.MethodPost, "/settings/units/new", Administer, s.unitPost),
		web.Page(http.MethodGet, "/units/:id/edit", Administer, s.unitPage),
		web.Page(http.MethodPost, "/units/:id/edit", Administer, s.unitPost),
	}
}

// unitLine is a unit in the tree, below its parent.
type unitLine struct {
	Unit
	Name  string
	Place string
	Depth int
}

// tree puts units below their parents.
func tree(list []Unit, l i18n.Lang, under ids.ID[ids.Unit], depth int) (out []unitLine) {
	for _, u := range list {
		if u.ParentID != under || depth > deepest {
			continue
		}
		place, _ := terms.Load().Commune(u.Commune)
		out = append(out, unitLine{u, i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}.In(l), place.Name.In(l), depth})
		out = append(out, tree(list, l, u.ID, depth+1)...)
	}
	return out
}

// UnitChoices are the units of the tenant of ctx, for a form of another module.
func (s *Service) UnitChoices(ctx context.Context, l i18n.Lang) ([]web.Choice, error) {
	list, err := s.OwnUnits(ctx)
	var out []web.Choice
	for _, u := range tree(list, l, ids.ID[ids.Unit]{}, 0) {
		out = append(out, web.Choice{Value: u.ID.String(), Word: u.Name})
	}
	return out, err
}

func (s *Service) unitsPage(c *web.Ctx) error {
	list, err := s.OwnUnits(c.Std())
	if err != nil {
		return err
	}
	v := c.View("")
	v.Title = v.T("units.title")
	return c.Render(unitsView(v, tree(list, v.Lang, ids.ID[ids.Unit]{}, 0)))
}

// unitForm is one unit with what was typed.
type unitForm struct {
	ID       string // "" for a new one
	Values   url.Values
	Problems web.Problems
	Conflict bool
	Parents  []web.ChoiceGroup
	Communes []web.ChoiceGroup
}

func (x unitForm) action() string {
	if x.ID == "" {
		return "/settings/units/new"
	}
	return "/units/" + x.ID + "/edit"
}

func (s *Service) unitPage(c *web.Ctx) error {
	x := unitForm{Values: url.Values{"kind": {"service"}}}
	if c.Params("id") != "" {
		u, err := s.unitOf(c)
		if err != nil {
			return err
		}
		x.ID = u.ID.String()
		x.Values = url.Values{"version": {strconv.FormatInt(u.Version, 10)}, "name_ar": {u.NameAr}, "name_fr": {u.NameFr}, "name_en": {u.NameEn}, "kind": {u.Kind},
			"commune": {u.Commune}, "on_call": {u.OnCall}}
		if !u.ParentID.IsZero() {
			x.Values.Set("parent_id", u.ParentID.String())
		}
	}
	return s.showUnit(c, x)
}

func (s *Service) unitOf(c *web.Ctx) (Unit, error) {
	id, err := ids.Parse[ids.Unit](c.Params("id"))
	if err != nil {
		return Unit{}, fault.New(fault.NotFound)
	}
	return s.Unit(c.Std(), id)
}

func (s *Service) showUnit(c *web.Ctx, x unitForm) error {
	list, err := s.OwnUnits(c.Std())
	if err != nil {
		return err
	}
	v := c.View("")
	g := web.ChoiceGroup{}
	for _, u := range tree(list, v.Lang, ids.ID[ids.Unit]{}, 0) {
		if u.ID.String() != x.ID {
			g.Choices = append(g.Choices, web.Choice{Value: u.ID.String(), Word: u.Name})
		}
	}
	x.Parents, x.Communes = []web.ChoiceGroup{g}, web.Communes(v)
	v.Title, v.Failed = v.T("units.new"), len(x.Problems) > 0 || x.Conflict
	if x.ID != "" {
		v.Title = v.T("units.edit")
	}
	return c.Render(unitFormView(v, x))
}

// unitFields are the controls that stand for a field of the service.
var unitFields = map[string]string{"name.ar": "name_ar", "name.fr": "name_fr", "name.en": "name_en"}

func (s *Service) unitPost(c *web.Ctx) error {
	f := c.Form()
	set := func(u *Unit) {
		u.NameAr, u.NameFr, u.NameEn, u.Kind, u.Commune, u.OnCall = f.Get("name_ar"), f.Get("name_fr"), f.Get("name_en"), f.Get("kind"), f.Get("commune"), web.Latin(f.Get("on_call"))
		u.ParentID, _ = ids.Parse[ids.Unit](f.Get("parent_id"))
	}
	x := unitForm{Values: f}
	var err error
	if c.Params("id") == "" {
		var u Unit
		set(&u)
		_, err = s.AddUnit(c.Std(), u)
	} else {
		u, lerr := s.unitOf(c)
		if lerr != nil {
			return lerr
		}
		x.ID = u.ID.String()
		version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		err = s.ChangeUnit(c.Std(), u.ID, version, set)
	}
	switch {
	case fault.Has(err, fault.VersionConflict):
		x.Conflict = true
	case len(web.Faults(err)) > 0:
		x.Problems = web.ProblemsOf(c, web.Faults(err), "units.label.", func(field string) string {
			if at, ok := unitFields[field]; ok {
				return at
			}
			return field
		})
	case err != nil:
		return err
	default:
		c.Flash("flash.units.saved", "")
		return c.See("/settings/units")
	}
	c.Unprocessable(err)
	return s.showUnit(c, x)
}
