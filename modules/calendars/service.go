package calendars

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Get gives the calendar of the tenant of ctx, whole, with its version.
func (s *Service) Get(ctx context.Context) (c Content, version int64, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := tenantNow(ctx, tenants.Current(ctx))
		c, version = r.Content.whole(), r.Version
		return err
	})
	return c, version, err
}

// Change edits the tenant's calendar. The version that stood until now is kept, to
// count what has passed.
func (s *Service) Change(ctx context.Context, version int64, what string, change func(c *Content) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := tenantNow(ctx, tenants.Current(ctx))
		if err != nil {
			return err
		}
		if r.Version != version {
			return fault.New(fault.VersionConflict)
		}
		c := r.Content.whole()
		if err := change(&c); err != nil {
			return err
		}
		c.name()
		now := s.Clock.Now()
		if err := c.check(now); err != nil {
			return err
		}
		next := tenantRow{TenantID: r.TenantID, Version: r.Version + 1, Content: c.stored(), ChangedAt: later(now, r.ChangedAt)}
		if err := insertTenant(ctx, next); err != nil {
			return err
		}
		return s.told(ctx, "calendar", r.TenantID.String(), what)
	})
}

// later keeps edits in order when the clock was set back between them.
func later(now, last time.Time) time.Time {
	if now.After(last) {
		return now
	}
	return last.Add(time.Microsecond)
}

// told notes the edit and has the open deadlines counted again.
func (s *Service) told(ctx context.Context, object, id, what string) error {
	if err := s.Audit.Did(ctx, audit.Entry{Action: "change", Object: object, ID: id, Fields: []string{what}}); err != nil {
		return err
	}
	return s.Bus.Publish(ctx, Changed{Tenant: tenants.Current(ctx)})
}

// name gives new entries their keys, and a single day its end.
func (c *Content) name() {
	c.Holidays, c.Ramadan = slices.Clone(c.Holidays), slices.Clone(c.Ramadan)
	for i := range c.Holidays {
		h := &c.Holidays[i]
		if h.Key == "" {
			h.Key = ids.New[ids.Entry]().String()
		}
		if h.To == "" {
			h.To = h.From
		}
		h.Name = filled(h.Name)
	}
	for i := range c.Ramadan {
		if p := &c.Ramadan[i]; p.Key == "" {
			p.Key = ids.New[ids.Entry]().String()
		}
	}
}

// filled lets a name that is known in one language stand for the others.
func filled(w i18n.Words) i18n.Words {
	any := w.Ar
	for _, s := range []string{w.Fr, w.En} {
		if any == "" {
			any = s
		}
	}
	for _, p := range []*string{&w.Ar, &w.Fr, &w.En} {
		if *p == "" {
			*p = any
		}
	}
	return w
}

// UnitHours is the working time of a unit as it stands.
type UnitHours struct {
	Unit
	UnitContent
	Version int64
	From    ids.ID[ids.Unit] // whose hours these are; zero: the tenant's
}

// Units lists the units of the tenant of ctx with their working time, parents first.
func (s *Service) Units(ctx context.Context) (out []UnitHours, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err := units(ctx)
		if err != nil {
			return err
		}
		own, err := ownHours(ctx)
		if err != nil {
			return err
		}
		r, err := tenantNow(ctx, tenants.Current(ctx))
		if err != nil {
			return err
		}
		out = tree(list, own, r.Content.whole().Week)
		return nil
	})
	return out, err
}

// tree puts units below their parents and says whose hours each has.
func tree(list []Unit, own map[ids.ID[ids.Unit]]unitRow, week []Hours) (out []UnitHours) {
	known := map[ids.ID[ids.Unit]]bool{}
	for _, u := range list {
		known[u.ID] = true
	}
	var below func(parent ids.ID[ids.Unit], above UnitHours)
	below = func(parent ids.ID[ids.Unit], above UnitHours) {
		for _, u := range list {
			if u.ParentID != parent && (!parent.IsZero() || known[u.ParentID]) || len(out) > len(list) {
				continue
			}
			h := UnitHours{Unit: u, UnitContent: above.UnitContent, Version: first, From: above.From}
			h.Inherit = true
			if r, ok := own[u.ID]; ok {
				h.Version = r.Version
				if !r.Content.Inherit {
					h.UnitContent, h.From = r.Content, u.ID
				}
			}
			out = append(out, h)
			below(u.ID, h)
		}
	}
	below(ids.ID[ids.Unit]{}, UnitHours{UnitContent: UnitContent{Week: week}})
	return out
}

// Unit gives the working time of one unit of the tenant of ctx; not_found for any
// other.
func (s *Service) Unit(ctx context.Context, id ids.ID[ids.Unit]) (UnitHours, error) {
	list, err := s.Units(ctx)
	if err != nil {
		return UnitHours{}, err
	}
	for _, u := range list {
		if u.ID == id {
			return u, nil
		}
	}
	return UnitHours{}, fault.New(fault.NotFound)
}

// ChangeUnit gives a unit hours of its own, or takes them away again. Units below
// that have none follow it.
func (s *Service) ChangeUnit(ctx context.Context, id ids.ID[ids.Unit], version int64, c UnitContent) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Unit(ctx, id); err != nil {
			return err
		}
		r, err := unitNow(ctx, id)
		if err != nil {
			return err
		}
		if r.Version != version {
			return fault.New(fault.VersionConflict)
		}
		t, err := tenantNow(ctx, tenants.Current(ctx))
		if err != nil {
			return err
		}
		if c.Inherit || c.Always {
			c.Week = nil
		}
		now := s.Clock.Now()
		if err := c.check(t.Content.whole(), now); err != nil {
			return err
		}
		next := unitRow{UnitID: id, TenantID: t.TenantID, Version: r.Version + 1, Content: c, ChangedAt: later(now, r.ChangedAt)}
		if err := insertUnit(ctx, next); err != nil {
			return err
		}
		return s.told(ctx, "unit_calendar", id.String(), "hours")
	})
}
