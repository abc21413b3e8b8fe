package calendars

import (
	"context"
	"net/http"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// HolidayBody is a holiday as the API takes and gives it: yearly as MM-DD, or the
// days of one year.
type HolidayBody struct {
	Key      string     `json:"key,omitempty" validate:"max=80"`
	Yearly   string     `json:"yearly,omitempty" validate:"max=5"`
	From     string     `json:"from,omitempty" validate:"max=10"`
	To       string     `json:"to,omitempty" validate:"max=10"`
	Expected bool       `json:"expected"`
	Name     i18n.Words `json:"name"`
}

// PeriodBody is one Ramadan as the API takes and gives it.
type PeriodBody struct {
	Key      string `json:"key,omitempty" validate:"max=80"`
	From     string `json:"from" validate:"max=10"`
	To       string `json:"to" validate:"max=10"`
	Expected bool   `json:"expected"`
}

// View is a tenant's calendar as the API shows it.
type View struct {
	Version     int64         `json:"version" validate:"required"`
	Week        []Hours       `json:"week" validate:"required"`
	RamadanWeek []Hours       `json:"ramadan_week" validate:"required"`
	Ramadan     []PeriodBody  `json:"ramadan" validate:"required"`
	Holidays    []HolidayBody `json:"holidays" validate:"required"`
}

type patchBody struct {
	Version     int64                       `json:"version" validate:"required"`
	Week        web.Optional[[]Hours]       `json:"week"`
	RamadanWeek web.Optional[[]Hours]       `json:"ramadan_week"`
	Ramadan     web.Optional[[]PeriodBody]  `json:"ramadan"`
	Holidays    web.Optional[[]HolidayBody] `json:"holidays"`
}

// apply takes what the patch says; null goes back to what is published.
func (p patchBody) apply(c *Content) error {
	known := published()
	week := func(o web.Optional[[]Hours], now, known []Hours) []Hours {
		if o.Null {
			return known
		}
		return o.Of(now)
	}
	c.Week, c.RamadanWeek = week(p.Week, c.Week, known.Week), week(p.RamadanWeek, c.RamadanWeek, known.RamadanWeek)
	switch {
	case p.Ramadan.Null:
		c.Ramadan = known.Ramadan
	case p.Ramadan.Set:
		c.Ramadan = nil
		for _, x := range p.Ramadan.Value {
			c.Ramadan = append(c.Ramadan, Period{Key: x.Key, From: x.From, To: x.To, Expected: x.Expected})
		}
	}
	switch {
	case p.Holidays.Null:
		c.Holidays = known.Holidays
	case p.Holidays.Set:
		c.Holidays = nil
		for _, x := range p.Holidays.Value {
			c.Holidays = append(c.Holidays, Holiday{Key: x.Key, Yearly: x.Yearly, From: x.From, To: x.To, Expected: x.Expected, Name: x.Name})
		}
	}
	return nil
}

func (s *Service) view(ctx context.Context) (View, error) {
	c, version, err := s.Get(ctx)
	v := View{Version: version, Week: c.Week, RamadanWeek: c.RamadanWeek, Ramadan: []PeriodBody{}, Holidays: []HolidayBody{}}
	for _, x := range c.Ramadan {
		v.Ramadan = append(v.Ramadan, PeriodBody{x.Key, x.From, x.To, x.Expected})
	}
	for _, x := range c.Holidays {
		v.Holidays = append(v.Holidays, HolidayBody{x.Key, x.Yearly, x.From, x.To, x.Expected, x.Name})
	}
	return v, err
}

// UnitView is a unit's working time as the API shows it.
type UnitView struct {
	ID      ids.ID[ids.Unit] `json:"id" validate:"required"`
	Version int64            `json:"version" validate:"required"`
	Name    i18n.Words       `json:"name"`
	Inherit bool             `json:"inherit"`
	Always  bool             `json:"always"`
	Week    []Hours          `json:"week" validate:"required"`
	From    ids.ID[ids.Unit] `json:"from,omitzero"` // the unit whose hours these are; absent: the tenant's
}

// ResourceID lets a replay find the hours again.
func (v UnitView) ResourceID() string { return v.ID.String() }

func (u UnitHours) view() UnitView {
	v := UnitView{ID: u.ID, Version: u.Version, Name: i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}, Inherit: u.From != u.ID, Always: u.Always, Week: u.Week, From: u.From}
	if v.Week == nil {
		v.Week = []Hours{}
	}
	return v
}

type unitPath struct {
	ID ids.ID[ids.Unit] `path:"id" json:"-"`
}

type unitPatch struct {
	ID      ids.ID[ids.Unit]      `path:"id" json:"-"`
	Version int64                 `json:"version" validate:"required"`
	Inherit web.Optional[bool]    `json:"inherit"`
	Always  web.Optional[bool]    `json:"always"`
	Week    web.Optional[[]Hours] `json:"week"`
}

// over gives what the patch makes of the hours that a unit has now.
func (p unitPatch) over(u UnitHours) UnitContent {
	c := UnitContent{Inherit: u.From != u.ID, Always: u.Always, Week: u.Week}
	if p.Week.Set && !p.Week.Null {
		c = UnitContent{Week: p.Week.Value}
	}
	if p.Always.Set {
		c.Always, c.Inherit = p.Always.Value, false
	}
	if p.Inherit.Set {
		c.Inherit = p.Inherit.Value
	}
	return c
}

func (s *Service) routes() []web.Route {
	unit := func(ctx context.Context, id ids.ID[ids.Unit]) (UnitView, error) {
		u, err := s.Unit(ctx, id)
		return u.view(), err
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/calendar", "Working hours, holidays and Ramadan of the tenant", Read, func(ctx context.Context, _ web.Nothing) (View, error) {
			return s.view(ctx)
		}),
		web.JSON(http.MethodPatch, "/calendar", "Change the tenant's calendar: open deadlines are counted again", Update, func(ctx context.Context, in patchBody) (View, error) {
			if err := s.Change(ctx, in.Version, "calendar", in.apply); err != nil {
				return View{}, err
			}
			return s.view(ctx)
		}).Replays(func(ctx context.Context, _ string) (any, error) { return s.view(ctx) }),
		web.JSON(http.MethodGet, "/calendar/units", "Working time of each unit of the tenant", Read, func(ctx context.Context, _ web.Nothing) (web.List[UnitView], error) {
			list, err := s.Units(ctx)
			out := web.List[UnitView]{Items: []UnitView{}}
			for _, u := range list {
				out.Items = append(out.Items, u.view())
			}
			return out, err
		}),
		web.JSON(http.MethodGet, "/calendar/units/:id", "Working time of a unit", Read, func(ctx context.Context, in unitPath) (UnitView, error) {
			return unit(ctx, in.ID)
		}),
		web.JSON(http.MethodPatch, "/calendar/units/:id", "Give a unit hours of its own, or take them away", Update, func(ctx context.Context, in unitPatch) (UnitView, error) {
			u, err := s.Unit(ctx, in.ID)
			if err != nil {
				return UnitView{}, err
			}
			if err := s.ChangeUnit(ctx, in.ID, in.Version, in.over(u)); err != nil {
				return UnitView{}, err
			}
			return unit(ctx, in.ID)
		}).Replays(func(ctx context.Context, raw string) (any, error) {
			id, err := ids.Parse[ids.Unit](raw)
			if err != nil {
				return nil, fault.New(fault.NotFound)
			}
			return unit(ctx, id)
		}),
	}
}
