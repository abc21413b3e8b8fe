package accounts

import (
	"context"
	"net/http"
	"slices"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/web"
)

type unitBody struct {
	Name     web.Name         `json:"name" validate:"required"`
	Kind     string           `json:"kind" validate:"required"`
	ParentID ids.ID[ids.Unit] `json:"parent_id"`
	Commune  string           `json:"commune" validate:"required"`
	OnCall   string           `json:"on_call" validate:"max=20"`
}

type unitPatch struct {
	ID       ids.ID[ids.Unit]               `path:"id" json:"-"`
	Version  int64                          `json:"version" validate:"required"`
	Name     web.Optional[web.Name]         `json:"name"`
	Kind     web.Optional[string]           `json:"kind"`
	ParentID web.Optional[ids.ID[ids.Unit]] `json:"parent_id"`
	Commune  web.Optional[string]           `json:"commune"`
	OnCall   web.Optional[string]           `json:"on_call"`
}

func (b unitPatch) apply(u *Unit) {
	if b.Name.Set {
		u.NameAr, u.NameFr, u.NameEn = b.Name.Value.Ar, b.Name.Value.Fr, b.Name.Value.En
	}
	u.Kind, u.ParentID, u.Commune, u.OnCall = b.Kind.Of(u.Kind), b.ParentID.Of(u.ParentID), b.Commune.Of(u.Commune), b.OnCall.Of(u.OnCall)
}

// check tries the patch on a unit with which nothing is wrong: whatever is found is
// the patch's own.
func (b unitPatch) check() error {
	u := Unit{NameAr: "س", NameFr: "X", NameEn: "X", Kind: UnitKinds[0], Commune: terms.Load().Communes[0].Code}
	b.apply(&u)
	return u.check()
}

func (b unitBody) unit() Unit {
	return Unit{NameAr: b.Name.Ar, NameFr: b.Name.Fr, NameEn: b.Name.En, Kind: b.Kind, ParentID: b.ParentID, Commune: b.Commune, OnCall: b.OnCall}
}

type unitPath struct {
	ID ids.ID[ids.Unit] `path:"id" json:"-"`
}

// UnitView is a unit as the API shows it.
type UnitView struct {
	ID       ids.ID[ids.Unit] `json:"id" validate:"required"`
	Version  int64            `json:"version" validate:"required"`
	Name     i18n.Words       `json:"name" validate:"required"`
	Kind     string           `json:"kind" validate:"required"`
	ParentID ids.ID[ids.Unit] `json:"parent_id,omitzero"`
	Commune  string           `json:"commune" validate:"required"`
	OnCall   string           `json:"on_call,omitempty"`
}

// ResourceID lets a replay find the unit again.
func (v UnitView) ResourceID() string { return v.ID.String() }

func unitView(u Unit) UnitView {
	return UnitView{u.ID, u.Version, i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}, u.Kind, u.ParentID, u.Commune, u.OnCall}
}

func (s *Service) unitRoutes() []web.Route {
	one := func(ctx context.Context, id ids.ID[ids.Unit]) (UnitView, error) {
		u, err := s.Unit(ctx, id)
		return unitView(u), err
	}
	again := func(ctx context.Context, raw string) (any, error) {
		id, err := ids.Parse[ids.Unit](raw)
		if err != nil {
			return nil, fault.New(fault.NotFound)
		}
		return one(ctx, id)
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/units", "List the units of this tenant", Me, func(ctx context.Context, in web.Paging) (web.List[UnitView], error) {
			page, err := in.Decode("units")
			if err != nil {
				return web.List[UnitView]{}, err
			}
			list, err := s.OwnUnits(ctx)
			if err != nil {
				return web.List[UnitView]{}, err
			}
			slices.Reverse(list) // newest first, as every list
			if i := slices.IndexFunc(list, func(u Unit) bool { return u.ID.String() == page.After }); i >= 0 {
				list = list[i+1:]
			}
			return web.Cut(page, list[:min(len(list), page.Limit+1)], func(u Unit) string { return u.ID.String() }, unitView), nil
		}),
		web.JSON(http.MethodGet, "/units/:id", "A unit of this tenant", Me, func(ctx context.Context, in unitPath) (UnitView, error) { return one(ctx, in.ID) }),
		web.Checked(web.JSON(http.MethodPost, "/units", "Make a unit", Administer, func(ctx context.Context, in unitBody) (UnitView, error) {
			u, err := s.AddUnit(ctx, in.unit())
			return unitView(u), err
		}).Creates().Replays(again), func(_ context.Context, in unitBody) error {
			u := in.unit()
			return u.check()
		}),
		web.Checked(web.JSON(http.MethodPatch, "/units/:id", "Change a unit", Administer, func(ctx context.Context, in unitPatch) (UnitView, error) {
			if err := s.ChangeUnit(ctx, in.ID, in.Version, in.apply); err != nil {
				return UnitView{}, err
			}
			return one(ctx, in.ID)
		}).Replays(again), func(_ context.Context, in unitPatch) error { return in.check() }),
	}
}
