package people

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/testkit"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/web"
)

type pid = ids.ID[ids.Person]

// house is a coordination and a hospital with empty registers.
type house struct {
	*Service
	t        *testing.T
	clock    *clock.Manual
	desk     *tenants.Tenant
	hospital *tenants.Tenant
	told     *withdrawals
}

// withdrawals remembers who was told, inside which transaction.
type withdrawals struct {
	calls  int
	inside bool
	fail   error
}

func (w *withdrawals) ConsentWithdrawn(ctx context.Context, _ pid, _ ids.ID[ids.Consent], _ bool) error {
	w.calls++
	w.inside = db.Inside(ctx)
	return w.fail
}

func (w *withdrawals) Resting(context.Context, ids.ID[ids.Consent]) ([]Resting, error) {
	return nil, nil
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), vault.Tree(), audit.Tree(), outbox.Tree(), tenants.Tree(), web.Tree(), migrations} {
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
		law, err := policies.Load()
		if err != nil {
			t.Fatal(err)
		}
		v, log := vault.New(d, master, c), audit.New(d, c)
		registry := tenants.NewRegistry(d, c, []tenants.Kind{coordination.Kind, hospital.Kind})
		h := &house{t: t, clock: c, told: &withdrawals{}}
		h.Service = New(Deps{DB: d, Clock: c, Audit: log, Vault: v, Law: law, Tenants: registry, Withdrawals: h.told,
			Bus: outbox.New(d, c, slog.New(slog.NewTextHandler(io.Discard, nil)), outbox.Config{})})
		for kind, to := range map[string]**tenants.Tenant{"coordination": &h.desk, "hospital": &h.hospital} {
			if *to, err = registry.Add(context.Background(), v, tenants.Tenant{Slug: kind, Kind: kind, NameAr: kind, NameFr: kind, NameEn: kind}); err != nil {
				t.Fatal(err)
			}
		}
		running, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); log.Run(running) }()
		t.Cleanup(func() { stop(); <-ended })
		fn(t, h)
	})
}

func (h *house) as(t *tenants.Tenant) context.Context {
	return tenants.With(context.Background(), tenants.Actor{User: ids.New[ids.User](), Tenant: t, Roles: []string{"social_worker", "intake"}, Lang: i18n.French})
}

func (h *house) ctx() context.Context { return h.as(h.desk) }

// fatima is a person with everything; change makes another of her.
func fatima(change ...func(p *Person)) Person {
	p := Person{GivenNameAr: "فاطمة", FamilyNameAr: "بوزيان", GivenName: "Fatima", FamilyName: "Bouziane", Sex: "female", BirthDate: "1990-05-04", BirthPrecision: "day",
		Private: Private{NationalID: "f 123456", Phones: []Phone{{Number: "06 61 00 00 27", Safe: true}}, Languages: []string{"darija"}, Address: "12, rue des Oliviers"}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func (h *house) register(p Person, distinct ...pid) Person {
	h.t.Helper()
	got, err := h.Register(h.ctx(), p, distinct)
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

// candidates are the ids of a possible_duplicate, nil for any other answer.
func candidatesOf(err error) (out []pid) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.PossibleDuplicate {
		return nil
	}
	for _, c := range f.Data["candidates"].([]Candidate) {
		out = append(out, c.ID)
	}
	return out
}

// find searches and gives the ids, newest first.
func (h *house) find(q Query) (out []pid) {
	h.t.Helper()
	list, err := h.Find(h.ctx(), q, web.PageOf{Limit: 50})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range list {
		out = append(out, p.ID)
	}
	return out
}

func fieldsOf(err error) (out []string) {
	var f *fault.Error
	if errors.As(err, &f) {
		for _, x := range f.Fields {
			out = append(out, x.Field+":"+x.Code)
		}
	}
	slices.Sort(out)
	return out
}
