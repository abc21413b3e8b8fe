package directory

import (
	"net/url"
	"strconv"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

// bodyLine is an outside body with its services.
type bodyLine struct {
	Organization
	Place    string
	Services []Service
	Mine     bool
}

func (d *Directory) bodiesPage(c *web.Ctx) error {
	list, err := d.ListOrganizations(c.Std(), web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return err
	}
	offers, err := d.Find(c.Std(), Search{All: true}, web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return err
	}
	v := c.View("")
	out := make([]bodyLine, len(list))
	for i, o := range list {
		place, _ := terms.Load().Commune(o.Commune)
		out[i] = bodyLine{Organization: o, Place: place.Name.In(v.Lang), Mine: o.TenantID == v.Tenant.ID && v.May("service", "edit")}
		for _, x := range offers {
			if x.OrganizationID == o.ID {
				out[i].Services = append(out[i].Services, x.Service)
			}
		}
	}
	v.Title = v.T("bodies.title")
	return c.Render(bodiesView(v, out))
}

// bodyForm is an outside body with what was typed.
type bodyForm struct {
	ID       string
	Values   url.Values
	Problems web.Problems
	Conflict bool
	Places   []web.ChoiceGroup
	Partners []web.Choice
}

func (x bodyForm) action() string {
	if x.ID == "" {
		return "/organizations/new"
	}
	return "/organizations/" + x.ID + "/edit"
}

func (d *Directory) bodyOf(c *web.Ctx) (Organization, error) {
	id, err := ids.Parse[ids.Organization](c.Params("id"))
	if err != nil {
		return Organization{}, fault.New(fault.NotFound)
	}
	o, err := d.Organization(c.Std(), id)
	if err == nil && o.TenantID != c.Tenant().ID {
		err = fault.New(fault.NotFound)
	}
	return o, err
}

func (d *Directory) bodyPage(c *web.Ctx) error {
	x := bodyForm{Values: url.Values{"kind": {"administration"}}}
	if c.Params("id") != "" {
		o, err := d.bodyOf(c)
		if err != nil {
			return err
		}
		x.ID = o.ID.String()
		x.Values = url.Values{"version": {strconv.FormatInt(o.Version, 10)}, "name_ar": {o.NameAr}, "name_fr": {o.NameFr}, "name_en": {o.NameEn}, "kind": {o.Kind}, "commune": {o.Commune},
			"phone": {o.Phone}, "address": {o.AddressAr}, "address_fr": {o.AddressFr}, "access": {o.AccessAr}, "access_fr": {o.AccessFr}}
		if !o.Joined.IsZero() {
			x.Values.Set("joined", d.Tenants.Slug(c.Std(), o.Joined))
		}
	}
	return d.showBody(c, x)
}

func (d *Directory) showBody(c *web.Ctx, x bodyForm) error {
	v := c.View("")
	list, err := d.Tenants.All(c.Std())
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID != v.Tenant.ID {
			x.Partners = append(x.Partners, web.Choice{Value: t.Slug, Word: t.Name(v.Lang)})
		}
	}
	x.Places = web.Communes(v)
	v.Title, v.Failed = v.T("bodies.new"), len(x.Problems) > 0 || x.Conflict
	if x.ID != "" {
		v.Title = v.T("bodies.edit")
	}
	return c.Render(bodyFormView(v, x))
}

func (d *Directory) bodyPost(c *web.Ctx) error {
	f := c.Form()
	x := bodyForm{Values: f}
	set := func(o *Organization) {
		o.NameAr, o.NameFr, o.NameEn, o.Kind, o.Commune, o.Phone = f.Get("name_ar"), f.Get("name_fr"), f.Get("name_en"), f.Get("kind"), f.Get("commune"), web.Latin(f.Get("phone"))
		o.AddressAr, o.AddressFr, o.AccessAr, o.AccessFr = f.Get("address"), f.Get("address_fr"), f.Get("access"), f.Get("access_fr")
	}
	var err error
	if c.Params("id") == "" {
		var o Organization
		set(&o)
		_, err = d.AddOrganization(c.Std(), o)
	} else {
		o, lerr := d.bodyOf(c)
		if lerr != nil {
			return lerr
		}
		x.ID = o.ID.String()
		var joined ids.ID[ids.Tenant]
		if slug := f.Get("joined"); slug != "" {
			if t, terr := d.Tenants.BySlug(c.Std(), slug); terr == nil && t != nil {
				joined = t.ID
			}
		}
		version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		err = d.ChangeOrganization(c.Std(), o.ID, version, func(o *Organization) {
			set(o)
			o.Joined = joined
		})
	}
	switch {
	case fault.Has(err, fault.VersionConflict):
		x.Conflict = true
	case len(web.Faults(err)) > 0:
		x.Problems = web.ProblemsOf(c, web.Faults(err), "bodies.label.", serviceControl)
	case err != nil:
		return err
	default:
		c.Flash("flash.bodies.saved", "")
		return c.See("/organizations")
	}
	c.Unprocessable(err)
	return d.showBody(c, x)
}
