package directory

import (
	"context"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/tenants"
	"shubbak/web"
)

// Offer is a service as one tenant may use it.
type Offer struct {
	Service
	Agreement ids.ID[ids.Agreement]
	Remaining *int // places left in the agreement's quota; nil where there is none
	Permitted bool
	WhyNot    string
	Refusal   *fault.Error // of the agreements, whose reason WhyNot then is
	Fails     []string     // rules that the person does not meet: age, sex, commune, situation
	Body      Organization // of a letter
}

// Search says what is looked for.
type Search struct {
	Need   string
	Text   string
	Near   string // code of a commune
	Person ids.ID[ids.Person]
	All    bool
}

// Find lists services, newest first: those that the tenant of ctx may refer to
// now, or with All every one with why it is not offered.
func (d *Directory) Find(ctx context.Context, q Search, page web.PageOf) ([]Offer, error) {
	var profile *terms.Profile
	if !q.Person.IsZero() {
		p, err := d.Profile(ctx, q.Person)
		if err != nil {
			return nil, err
		}
		profile = &p
	}
	judge, err := d.Judge(ctx)
	if err != nil {
		return nil, err
	}
	out := []Offer{}
	after := page.After
	own := tenants.Current(ctx)
	for len(out) <= page.Limit { // a page is filled from as many reads as it takes
		var rows []row
		err := d.DB.Read(ctx, func(ctx context.Context) (err error) {
			rows, err = find(ctx, q, after, web.MaxLimit)
			return err
		})
		if err != nil {
			return nil, err
		}
		bodies, err := d.bodies(ctx, rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			after = r.ID.String()
			if r.TenantID == own && !q.All && !r.Letter() || !r.near(q.Near) {
				continue
			}
			o := d.offer(judge, r.Service, q.Need, profile, bodies[r.OrganizationID])
			if (o.Permitted || q.All) && len(out) <= page.Limit {
				out = append(out, o)
			}
		}
		if len(rows) < web.MaxLimit {
			break
		}
	}
	return out, nil
}

// bodies are the outside bodies of a page of services, in one query.
func (d *Directory) bodies(ctx context.Context, rows []row) (map[ids.ID[ids.Organization]]Organization, error) {
	var list []ids.ID[ids.Organization]
	for _, r := range rows {
		if r.Letter() {
			list = append(list, r.OrganizationID)
		}
	}
	return d.Organizations(ctx, list...)
}

func (d *Directory) offer(j Judge, s Service, need string, p *terms.Profile, body Organization) Offer {
	needs := s.Needs
	if need != "" {
		needs = []string{need}
	}
	o := Offer{Service: s, Body: body}
	if !s.Letter() {
		if o.Agreement, o.Remaining, o.Refusal = j.Permits(s.TenantID, s.ID, needs, p); o.Refusal != nil {
			o.WhyNot, _ = o.Refusal.Data["reason"].(string)
		}
	} else if !body.Joined.IsZero() {
		o.WhyNot = ServiceClosed // it is a partner now
	}
	if o.WhyNot == "" {
		o.WhyNot = s.standing()
	}
	if p != nil {
		o.Fails = terms.Rules(s.Eligibility).Fails(*p)
		if o.WhyNot == "" && len(o.Fails) > 0 {
			o.WhyNot = NotEligible
		}
	}
	o.Permitted = o.WhyNot == ""
	return o
}

// Get finds a service of any tenant; not_found when there is none.
func (d *Directory) Get(ctx context.Context, id ids.ID[ids.Service]) (s Service, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := byIDs(ctx, []ids.ID[ids.Service]{id})
		if err == nil && len(rows) == 0 {
			return fault.New(fault.NotFound)
		}
		if err == nil {
			s = rows[0].Service
		}
		return err
	})
	return s, err
}

// Counted lists the first of the tenant's own services that count their places.
func (d *Directory) Counted(ctx context.Context, limit int) (out []Service, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := counted(ctx, limit)
		for _, r := range rows {
			out = append(out, r.Service)
		}
		return err
	})
	return out, err
}

// ByIDs finds services in one query.
func (d *Directory) ByIDs(ctx context.Context, list []ids.ID[ids.Service]) (out map[ids.ID[ids.Service]]Service, err error) {
	out = map[ids.ID[ids.Service]]Service{}
	if len(list) == 0 {
		return out, nil
	}
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := byIDs(ctx, list)
		for _, r := range rows {
			out[r.ID] = r.Service
		}
		return err
	})
	return out, err
}

// OfTenants lists the services that some tenants offer themselves.
func (d *Directory) OfTenants(ctx context.Context, list []tenants.ID) (out []Service, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := ofTenants(ctx, list)
		for _, r := range rows {
			out = append(out, r.Service)
		}
		return err
	})
	return out, err
}

// Admits says why a service takes nobody, or not this person; "" when it does.
func (d *Directory) Admits(s Service, p terms.Profile) string {
	if why := s.standing(); why != "" {
		return why
	}
	if len(terms.Rules(s.Eligibility).Fails(p)) > 0 {
		return NotEligible
	}
	return ""
}

// Places is how many places the services of each tenant offer at most.
func (d *Directory) Places(ctx context.Context, list []tenants.ID) (out map[tenants.ID]int, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		out, err = placesOf(ctx, list)
		return err
	})
	return out, err
}
