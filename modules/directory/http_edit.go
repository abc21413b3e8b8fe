package directory

import (
	"context"
	"net/http"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

type paper struct {
	Ar string `json:"ar" validate:"max=1000"`
	Fr string `json:"fr" validate:"max=1000"`
}

type serviceBody struct {
	Name           web.Name                 `json:"name" validate:"required"`
	Needs          []string                 `json:"needs" validate:"required,min=1,max=50"`
	Eligibility    *Eligibility             `json:"eligibility" validate:"required"`
	Triage         []Question               `json:"triage" validate:"required,max=8"`
	Outcomes       []string                 `json:"outcomes" validate:"max=50"`
	Hours          []Hours                  `json:"hours" validate:"required,max=21"`
	Discreet       *bool                    `json:"discreet" validate:"required"`
	UnitID         ids.ID[ids.Unit]         `json:"unit_id"`
	OrganizationID ids.ID[ids.Organization] `json:"organization_id"`
	Papers         paper                    `json:"papers"`
}

func (b serviceBody) service() Service {
	s := Service{NameAr: b.Name.Ar, NameFr: b.Name.Fr, NameEn: b.Name.En, Needs: b.Needs, Triage: b.Triage, Outcomes: b.Outcomes, Hours: b.Hours,
		UnitID: b.UnitID, OrganizationID: b.OrganizationID, PapersAr: b.Papers.Ar, PapersFr: b.Papers.Fr, Discreet: b.Discreet != nil && *b.Discreet}
	if b.Eligibility != nil {
		s.Eligibility = *b.Eligibility
	}
	return s
}

type servicePatch struct {
	ID          ids.ID[ids.Service]            `path:"id" json:"-"`
	Version     int64                          `json:"version" validate:"required"`
	Name        web.Optional[web.Name]         `json:"name"`
	Needs       web.Optional[[]string]         `json:"needs"`
	Eligibility web.Optional[Eligibility]      `json:"eligibility"`
	Triage      web.Optional[[]Question]       `json:"triage"`
	Outcomes    web.Optional[[]string]         `json:"outcomes"`
	Hours       web.Optional[[]Hours]          `json:"hours"`
	Discreet    web.Optional[bool]             `json:"discreet"`
	UnitID      web.Optional[ids.ID[ids.Unit]] `json:"unit_id"`
	Papers      web.Optional[paper]            `json:"papers"`
	Active      web.Optional[bool]             `json:"active"`
}

func (b servicePatch) apply(s *Service) {
	if b.Name.Set {
		s.NameAr, s.NameFr, s.NameEn = b.Name.Value.Ar, b.Name.Value.Fr, b.Name.Value.En
	}
	if b.Papers.Set {
		s.PapersAr, s.PapersFr = b.Papers.Value.Ar, b.Papers.Value.Fr
	}
	s.Needs, s.Eligibility, s.Triage, s.Outcomes = b.Needs.Of(s.Needs), b.Eligibility.Of(s.Eligibility), b.Triage.Of(s.Triage), b.Outcomes.Of(s.Outcomes)
	s.Hours, s.Discreet, s.UnitID, s.Active = b.Hours.Of(s.Hours), b.Discreet.Of(s.Discreet), b.UnitID.Of(s.UnitID), b.Active.Of(s.Active)
}

// check tries the patch on a service with which nothing is wrong: whatever is found
// is the patch's own.
func (b servicePatch) check(d *Directory) error {
	s := Service{NameAr: "س", NameFr: "X", NameEn: "X", Needs: terms.Load().Needs[:1]}
	b.apply(&s)
	return s.check(d.Outcomes)
}

type capacityBody struct {
	ID        ids.ID[ids.Service] `path:"id" json:"-"`
	Status    string              `json:"status" validate:"required,oneof=capacity no_capacity waitlist assessment_required"`
	Available *int                `json:"available" validate:"required,gte=0,lte=10000"`
	Maximum   *int                `json:"maximum" validate:"required,gte=0,lte=10000"`
}

func (b capacityBody) capacity() Capacity {
	c := Capacity{Status: b.Status}
	set(&c.Available, b.Available)
	set(&c.Maximum, b.Maximum)
	return c
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

type organizationBody struct {
	Name    web.Name `json:"name" validate:"required"`
	Kind    string   `json:"kind" validate:"required"`
	Commune string   `json:"commune" validate:"required"`
	Phone   string   `json:"phone" validate:"max=30"`
	Address paper    `json:"address" validate:"required"`
	Access  paper    `json:"access"`
}

func (b organizationBody) apply(o *Organization) {
	o.NameAr, o.NameFr, o.NameEn, o.Kind, o.Commune, o.Phone = b.Name.Ar, b.Name.Fr, b.Name.En, b.Kind, b.Commune, b.Phone
	o.AddressAr, o.AddressFr, o.AccessAr, o.AccessFr = b.Address.Ar, b.Address.Fr, b.Access.Ar, b.Access.Fr
}

type organizationPatch struct {
	organizationBody
	ID      ids.ID[ids.Organization] `path:"id" json:"-"`
	Version int64                    `json:"version" validate:"required"`
	Joined  string                   `json:"joined" validate:"max=60"` // the slug of the partner that it has become
}

// OrganizationView is an outside body as the API shows it.
type OrganizationView struct {
	ID      ids.ID[ids.Organization] `json:"id" validate:"required"`
	Version int64                    `json:"version" validate:"required"`
	Name    Words                    `json:"name" validate:"required"`
	Kind    string                   `json:"kind" validate:"required"`
	Commune string                   `json:"commune" validate:"required"`
	Phone   string                   `json:"phone,omitempty"`
	Address paper                    `json:"address" validate:"required"`
	Access  paper                    `json:"access" validate:"required"`
	Joined  string                   `json:"joined,omitempty"`
	KeptBy  string                   `json:"kept_by" validate:"required"`
}

// ResourceID lets a replay find it again.
func (v OrganizationView) ResourceID() string { return v.ID.String() }

func (d *Directory) organizationView(ctx context.Context, o Organization) OrganizationView {
	v := OrganizationView{ID: o.ID, Version: o.Version, Name: o.Name(), Kind: o.Kind, Commune: o.Commune, Phone: o.Phone, Address: paper{o.AddressAr, o.AddressFr},
		Access: paper{o.AccessAr, o.AccessFr}, KeptBy: d.Tenants.Slug(ctx, o.TenantID)}
	if !o.Joined.IsZero() {
		v.Joined = d.Tenants.Slug(ctx, o.Joined)
	}
	return v
}

// ResourceID lets a replay find the service again.
func (v View) ResourceID() string { return v.ID.String() }

// shown is a service of this tenant, as an answer to a change.
func (d *Directory) shown(ctx context.Context, id ids.ID[ids.Service]) (View, error) {
	s, err := d.Get(ctx, id)
	if err != nil {
		return View{}, err
	}
	o := Offer{Service: s}
	if s.Letter() {
		if o.Body, err = d.Organization(ctx, s.OrganizationID); err != nil {
			return View{}, err
		}
		o.WhyNot = s.standing()
		o.Permitted = o.WhyNot == ""
	}
	return d.view(ctx, o), nil
}

func again[K any, T any](load func(ctx context.Context, id ids.ID[K]) (T, error)) func(ctx context.Context, id string) (any, error) {
	return func(ctx context.Context, raw string) (any, error) {
		id, err := ids.Parse[K](raw)
		if err != nil {
			return nil, fault.New(fault.NotFound)
		}
		return load(ctx, id)
	}
}

type organizationPath struct {
	ID ids.ID[ids.Organization] `path:"id" json:"-"`
}

func (d *Directory) editRoutes() []web.Route {
	organization := func(ctx context.Context, id ids.ID[ids.Organization]) (OrganizationView, error) {
		o, err := d.Organization(ctx, id)
		return d.organizationView(ctx, o), err
	}
	return []web.Route{
		web.Checked(web.JSON(http.MethodPost, "/services", "Put a service of this tenant into the directory", Edit, func(ctx context.Context, in serviceBody) (View, error) {
			s, err := d.Add(ctx, in.service())
			if err != nil {
				return View{}, err
			}
			return d.shown(ctx, s.ID)
		}).Creates().Replays(again(d.shown)), func(_ context.Context, in serviceBody) error {
			s := in.service()
			return s.check(d.Outcomes)
		}),
		web.Checked(web.JSON(http.MethodPatch, "/services/:id", "Change a service of this tenant", Edit, func(ctx context.Context, in servicePatch) (View, error) {
			if err := d.Change(ctx, in.ID, in.Version, in.apply); err != nil {
				return View{}, err
			}
			return d.shown(ctx, in.ID)
		}).Replays(again(d.shown)), func(_ context.Context, in servicePatch) error { return in.check(d) }),
		web.Checked(web.JSON(http.MethodPut, "/services/:id/capacity", "Say how many places there are", Count, func(ctx context.Context, in capacityBody) (View, error) {
			if err := d.SetCapacity(ctx, in.ID, in.capacity()); err != nil {
				return View{}, err
			}
			return d.shown(ctx, in.ID)
		}).Replays(again(d.shown)), func(_ context.Context, in capacityBody) error { return in.capacity().check() }),
		web.JSON(http.MethodGet, "/organizations", "List the outside bodies", Read, func(ctx context.Context, in web.Paging) (web.List[OrganizationView], error) {
			page, err := in.Decode("organizations")
			if err != nil {
				return web.List[OrganizationView]{}, err
			}
			rows, err := d.ListOrganizations(ctx, page)
			return web.Cut(page, rows, func(o Organization) string { return o.ID.String() }, func(o Organization) OrganizationView { return d.organizationView(ctx, o) }), err
		}),
		web.JSON(http.MethodGet, "/organizations/:id", "An outside body", Read, func(ctx context.Context, in organizationPath) (OrganizationView, error) {
			return organization(ctx, in.ID)
		}),
		web.Checked(web.JSON(http.MethodPost, "/organizations", "Put an outside body into the directory", Edit, func(ctx context.Context, in organizationBody) (OrganizationView, error) {
			var o Organization
			in.apply(&o)
			o, err := d.AddOrganization(ctx, o)
			return d.organizationView(ctx, o), err
		}).Creates().Replays(again(organization)), func(_ context.Context, in organizationBody) error {
			var o Organization
			in.apply(&o)
			return o.check()
		}),
		web.Checked(web.JSON(http.MethodPatch, "/organizations/:id", "Change an outside body; joined names the partner that it has become", Edit, func(ctx context.Context, in organizationPatch) (OrganizationView, error) {
			var joined ids.ID[ids.Tenant]
			if in.Joined != "" {
				t, err := d.Tenants.BySlug(ctx, in.Joined)
				if err != nil {
					return OrganizationView{}, err
				}
				if t == nil {
					return OrganizationView{}, fault.In("joined", "unknown_code")
				}
				joined = t.ID
			}
			if err := d.ChangeOrganization(ctx, in.ID, in.Version, func(o *Organization) {
				in.apply(o)
				o.Joined = joined
			}); err != nil {
				return OrganizationView{}, err
			}
			return organization(ctx, in.ID)
		}).Replays(again(organization)), func(_ context.Context, in organizationPatch) error {
			var o Organization
			in.apply(&o)
			return o.check()
		}),
	}
}
