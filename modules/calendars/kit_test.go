package calendars

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"shubbak/modules/accounts"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/testkit"
	"shubbak/platform/vault"
	"shubbak/tenants"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/web"
)

type unitRef = ids.ID[ids.Unit]

// house is a hospital with two wards under one roof, and a coordination beside it.
type house struct {
	*Service
	t                  *testing.T
	clock              *clock.Manual
	hospital, desk     *tenants.Tenant
	pole, ward, second unitRef
	bus                *outbox.Bus
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), vault.Tree(), audit.Tree(), outbox.Tree(), tenants.Tree(), web.Tree(), (&accounts.Service{}).Module().Migrations, migrations} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) {
		c := clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
		master, err := vault.OpenMaster(filepath.Join(t.TempDir(), "master.key"), true)
		if err != nil {
			t.Fatal(err)
		}
		v, log := vault.New(d, master, c), audit.New(d, c)
		registry := tenants.NewRegistry(d, c, []tenants.Kind{coordination.Kind, hospital.Kind})
		h := &house{t: t, clock: c, bus: outbox.New(d, c, slog.New(slog.NewTextHandler(io.Discard, nil)), outbox.Config{})}
		h.bus.Subscribe(outbox.On("test.recount", func(context.Context, outbox.Delivery, Changed) error { return nil }))
		h.Service = New(Deps{DB: d, Clock: c, Audit: log, Bus: h.bus, Tenants: registry})
		for kind, to := range map[string]**tenants.Tenant{"coordination": &h.desk, "hospital": &h.hospital} {
			if *to, err = registry.Add(context.Background(), v, tenants.Tenant{Slug: kind, Kind: kind, NameAr: kind, NameFr: kind, NameEn: kind}); err != nil {
				t.Fatal(err)
			}
		}
		people := accounts.New(accounts.Deps{DB: d, Clock: c, Audit: log, Tenants: registry})
		unit := func(parent unitRef) unitRef {
			u, err := people.AddUnit(h.as(h.hospital), accounts.Unit{ParentID: parent, Kind: "ward", Commune: "02.411.01.23", NameAr: "مصلحة", NameFr: "Service", NameEn: "Ward"})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		h.pole = unit(unitRef{})
		h.ward, h.second = unit(h.pole), unit(h.pole)
		fn(t, h)
	})
}

func (h *house) as(t *tenants.Tenant) context.Context {
	return tenants.With(context.Background(), tenants.Actor{User: ids.New[ids.User](), Tenant: t, Roles: []string{"admin"}, Lang: i18n.French})
}

// change edits the hospital's calendar at the version that stands.
func (h *house) change(edit func(c *Content)) {
	h.t.Helper()
	if err := h.tryChange(edit); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tryChange(edit func(c *Content)) error {
	h.t.Helper()
	_, version, err := h.Get(h.as(h.hospital))
	if err != nil {
		h.t.Fatal(err)
	}
	return h.Change(h.as(h.hospital), version, "test", func(c *Content) error { edit(c); return nil })
}

func (h *house) hours(unit unitRef, c UnitContent) {
	h.t.Helper()
	u, err := h.Unit(h.as(h.hospital), unit)
	if err == nil {
		err = h.ChangeUnit(h.as(h.hospital), unit, u.Version, c)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// due is one working day after a wall-clock time, as the coordination counts it.
func (h *house) due(unit unitRef, local string) string {
	h.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, clock.Casablanca())
	if err != nil {
		h.t.Fatal(err)
	}
	past, err := h.For(h.as(h.desk), h.hospital.ID, unit, at)
	if err != nil {
		h.t.Fatal(err)
	}
	return past.Days().Add(at, clock.WorkingDay).In(clock.Casablanca()).Format("2006-01-02 15:04")
}

func fieldsOf(err error) (out []string) {
	for _, f := range web.Faults(err) {
		out = append(out, f.Field+":"+f.Code)
	}
	if err != nil && out == nil {
		out = append(out, string(fault.CodeOf(err)))
	}
	return out
}
