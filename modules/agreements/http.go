package agreements

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"shubbak/platform/ids"
	"shubbak/web"
)

// Title is the agreement's title in its two languages.
type Title struct {
	Ar string `json:"ar" validate:"required"`
	Fr string `json:"fr" validate:"required"`
}

// View is an agreement as the API shows it.
type View struct {
	ID          ids.ID[ids.Agreement] `json:"id" validate:"required"`
	Number      string                `json:"number" validate:"required"`
	Version     int64                 `json:"version" validate:"required"`
	State       string                `json:"state" validate:"required"`
	Kind        string                `json:"kind" validate:"required"`
	Title       Title                 `json:"title" validate:"required"`
	Parties     []Party               `json:"parties" validate:"required"`
	Object      string                `json:"object,omitempty"`
	EffectiveOn string                `json:"effective_on" validate:"required"`
	EndsOn      string                `json:"ends_on" validate:"required"`
	Renewal     string                `json:"renewal" validate:"required"`
	NoticeDays  int                   `json:"notice_days" validate:"required"`
	Scopes      []ScopeView           `json:"scopes,omitempty"`
	Sharing     []SharingView         `json:"sharing,omitempty"`
}

// ScopeView is what one party may refer to another.
type ScopeView struct {
	From       string     `json:"from" validate:"required"`
	To         string     `json:"to" validate:"required"`
	Needs      []string   `json:"needs" validate:"required"`
	Population Population `json:"population"`
}

// SharingView is one line of the annex.
type SharingView struct {
	From       string   `json:"from" validate:"required"`
	To         string   `json:"to" validate:"required"`
	Slice      string   `json:"slice" validate:"required"`
	Categories []string `json:"categories" validate:"required"`
}

func view(a Agreement) View {
	return View{ID: a.ID, Number: a.Number, Version: a.Version, State: string(a.State), Kind: a.Kind, Title: Title{a.TitleAr, a.TitleFr}, Parties: a.Parties,
		Object: a.Object, EffectiveOn: a.EffectiveOn, EndsOn: a.EndsOn, Renewal: a.Renewal, NoticeDays: a.NoticeDays}
}

func (s *Service) fullView(ctx context.Context, f Full) View {
	v := view(f.Agreement)
	for _, x := range f.Scopes {
		v.Scopes = append(v.Scopes, ScopeView{s.Tenants.Slug(ctx, x.FromTenant), s.Tenants.Slug(ctx, x.ToTenant), x.Needs, x.Population})
	}
	for _, x := range f.Sharing {
		v.Sharing = append(v.Sharing, SharingView{s.Tenants.Slug(ctx, x.FromTenant), s.Tenants.Slug(ctx, x.ToTenant), x.Slice, x.Categories})
	}
	return v
}

var states = []string{"draft", "internal_review", "negotiation", "approved", "signing", "signed", "awaiting_visa", "in_force", "expiring", "suspended", "expired", "renewed", "terminated", "abandoned"}

type listQuery struct {
	web.Paging
	State string `query:"state" json:"-"`
}

type path struct {
	ID ids.ID[ids.Agreement] `path:"id" json:"-"`
}

func (s *Service) routes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/agreements", "List the agreements to which this tenant is a party", Read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			var want []string
			if in.State != "" {
				want = strings.Split(in.State, ",")
				for _, w := range want {
					if !slices.Contains(states, w) {
						return web.List[View]{}, web.Malformed("state")
					}
				}
			}
			page, err := in.Decode(in.State)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.List(ctx, want, page)
			return web.Cut(page, rows, func(a Agreement) string { return a.ID.String() }, view), err
		}),
		web.JSON(http.MethodGet, "/agreements/:id", "Open an agreement", Read, func(ctx context.Context, in path) (View, error) {
			f, err := s.Get(ctx, in.ID)
			return s.fullView(ctx, f), err
		}),
	}
}
