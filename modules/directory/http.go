package directory

import (
	"context"
	"net/http"

	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

// View is a service as the API shows it to one tenant.
type View struct {
	ID           ids.ID[ids.Service]   `json:"id" validate:"required"`
	Version      int64                 `json:"version" validate:"required"`
	Tenant       string                `json:"tenant,omitempty"`
	Organization *OrganizationRef      `json:"organization,omitempty"`
	Mode         string                `json:"mode" validate:"required"`
	Name         Words                 `json:"name" validate:"required"`
	Needs        []string              `json:"needs" validate:"required"`
	Eligibility  Eligibility           `json:"eligibility"`
	Capacity     Capacity              `json:"capacity"`
	Triage       []Question            `json:"triage" validate:"required"`
	Outcomes     []string              `json:"outcomes" validate:"required"`
	Hours        []Hours               `json:"hours" validate:"required"`
	Discreet     bool                  `json:"discreet"`
	AgreementID  ids.ID[ids.Agreement] `json:"agreement_id,omitzero"`
	Permitted    bool                  `json:"permitted"`
	Remaining    *int                  `json:"remaining,omitempty"` // places left in the agreement's quota
	WhyNot       string                `json:"why_not,omitempty"`
}

func (d *Directory) view(ctx context.Context, o Offer) View {
	v := View{ID: o.ID, Version: o.Version, Mode: o.Mode(), Name: o.Name(), Needs: o.Needs, Eligibility: o.Eligibility,
		Capacity: Capacity{o.Status, o.Available, o.Maximum}, Triage: notNil(o.Triage), Outcomes: notNil(o.Outcomes), Hours: notNil(o.Hours), Discreet: o.Discreet,
		AgreementID: o.Agreement, Permitted: o.Permitted, Remaining: o.Remaining, WhyNot: o.WhyNot}
	if o.Letter() {
		v.Organization = o.Body.Ref()
	} else {
		v.Tenant = d.Tenants.Slug(ctx, o.TenantID)
	}
	return v
}

// OrganizationRef names an outside body.
type OrganizationRef struct {
	ID   ids.ID[ids.Organization] `json:"id" validate:"required"`
	Name Words                    `json:"name" validate:"required"`
}

// Ref names the body.
func (o Organization) Ref() *OrganizationRef { return &OrganizationRef{o.ID, o.Name()} }

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

type query struct {
	web.Paging
	Need     string `query:"need" json:"-"`
	Q        string `query:"q" json:"-"`
	Near     string `query:"near" json:"-"`
	PersonID string `query:"person_id" json:"-"`
	All      string `query:"all" json:"-"`
}

type callsQuery struct {
	Commune string `query:"commune" json:"-"`
}

// CallsView is the call list as the API shows it.
type CallsView struct {
	CallList
	Shown []Number `json:"shown" validate:"required"`
}

func (d *Directory) callsView(ctx context.Context, commune string) (CallsView, error) {
	l, err := d.Calls(ctx)
	return CallsView{l, l.Shown(commune)}, err
}

func (d *Directory) routes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/call-list", "Whom to call in an immediate danger", SeeCalls, func(ctx context.Context, in callsQuery) (CallsView, error) {
			if _, ok := terms.Load().Commune(in.Commune); in.Commune != "" && !ok {
				return CallsView{}, web.Malformed("commune")
			}
			return d.callsView(ctx, in.Commune)
		}),
		web.JSON(http.MethodPut, "/call-list", "Say whom to call; version 0 for the first list", EditCalls, func(ctx context.Context, in CallList) (CallsView, error) {
			if err := d.SetCalls(ctx, in); err != nil {
				return CallsView{}, err
			}
			return d.callsView(ctx, "")
		}),
		web.JSON(http.MethodGet, "/services", "List the services that this tenant may refer to now; all=1 the rest too", Read, func(ctx context.Context, in query) (web.List[View], error) {
			q := Search{Need: in.Need, Text: in.Q, Near: in.Near, All: in.All == "1"}
			lists := terms.Load()
			if in.Need != "" && !lists.Need(in.Need) {
				return web.List[View]{}, web.Malformed("need")
			}
			if in.All != "" && in.All != "1" && in.All != "0" {
				return web.List[View]{}, web.Malformed("all")
			}
			if in.Near != "" {
				if _, ok := lists.Commune(in.Near); !ok {
					return web.List[View]{}, web.Malformed("near")
				}
			}
			if in.PersonID != "" {
				id, err := ids.Parse[ids.Person](in.PersonID)
				if err != nil {
					return web.List[View]{}, web.Malformed("person_id")
				}
				q.Person = id
			}
			page, err := in.Decode(in.Need, in.Q, in.Near, in.PersonID, in.All)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := d.Find(ctx, q, page)
			return web.Cut(page, rows, func(o Offer) string { return o.ID.String() }, func(o Offer) View { return d.view(ctx, o) }), err
		}),
	}
}
