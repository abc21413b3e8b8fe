package agreements

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"testing"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/terms"
	"shubbak/platform/testkit"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/tenants/chamber"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/web"
)

// house is a network of three without any agreement.
type house struct {
	*Service
	t                       *testing.T
	clock                   *clock.Manual
	desk, hospital, chamber *tenants.Tenant
}

type noKeys struct{}

func (noKeys) AddTenant(context.Context, string) error { return nil }

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), audit.Tree(), outbox.Tree(), tenants.Tree(), web.Tree(), migrations} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) {
		c := clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
		registry := tenants.NewRegistry(d, c, []tenants.Kind{coordination.Kind, hospital.Kind, chamber.Kind})
		h := &house{t: t, clock: c, Service: New(Deps{DB: d, Clock: c, Audit: audit.New(d, c), Tenants: registry, Bus: outbox.New(d, c, slog.New(slog.DiscardHandler), outbox.Config{})})}
		h.Bus.Subscribe(h.subscriptions()...)
		for kind, to := range map[string]**tenants.Tenant{"coordination": &h.desk, "hospital": &h.hospital, "chamber": &h.chamber} {
			var err error
			if *to, err = registry.Add(context.Background(), noKeys{}, tenants.Tenant{Slug: kind, Kind: kind, NameAr: kind, NameFr: kind, NameEn: kind}); err != nil {
				t.Fatal(err)
			}
		}
		fn(t, h)
	})
}

func as(t *tenants.Tenant) context.Context { return db.As(context.Background(), t.ID.String()) }

// plant puts an agreement of desk and hospital in force; change makes another of it.
func (h *house) plant(number string, change ...func(f *Full)) Full {
	h.t.Helper()
	sixteen := 16
	f := Full{Agreement: Agreement{Number: number, State: InForce, Kind: "specific", TitleAr: "ا", TitleFr: "a", EffectiveOn: "2026-01-01", EndsOn: "2026-12-31", Renewal: "express",
		Parties: []Party{{Tenant: "coordination"}, {Tenant: "hospital"}, {Organization: "an outside body"}}},
		Scopes:  []Scope{{FromTenant: h.desk.ID, ToTenant: h.hospital.ID, Needs: []string{"psychiatric"}, Population: Population{AgeMin: &sixteen}}},
		Sharing: []Sharing{{FromTenant: h.desk.ID, ToTenant: h.hospital.ID, Slice: "identity", Categories: []string{"identity"}}, {FromTenant: h.hospital.ID, ToTenant: h.desk.ID, Slice: "social", Categories: []string{"social"}}}}
	for _, c := range change {
		c(&f)
	}
	f, err := h.Plant(as(h.desk), f)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func (h *house) permits(from, to *tenants.Tenant, need string, p terms.Profile) (Permit, Reason) {
	h.t.Helper()
	permit, why, err := h.Permits(as(from), from.ID, Ask{To: to.ID, Needs: []string{need}, Person: &p})
	if err != nil {
		h.t.Fatal(err)
	}
	return permit, why
}

var adult = terms.Profile{Age: 30, AgeKnown: true, Sex: "female"}

func TestPermits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Full)
		need   string
		person terms.Profile
		want   Reason
	}{
		"what the agreement covers":             {func(*Full) {}, "psychiatric", adult, ""},
		"a person of unknown age":               {func(*Full) {}, "psychiatric", terms.Profile{}, ""},
		"an agreement that is about to end":     {func(f *Full) { f.State = Expiring }, "psychiatric", adult, ""},
		"its first day":                         {func(f *Full) { f.EffectiveOn = "2026-11-23" }, "psychiatric", adult, ""},
		"its last day":                          {func(f *Full) { f.EndsOn = "2026-11-23" }, "psychiatric", adult, ""},
		"not before its first day":              {func(f *Full) { f.EffectiveOn = "2026-11-24" }, "psychiatric", adult, NoAgreement},
		"not after its last day":                {func(f *Full) { f.EndsOn = "2026-11-22" }, "psychiatric", adult, Ended},
		"not while suspended":                   {func(f *Full) { f.State = Suspended }, "psychiatric", adult, IsSuspended},
		"not when expired":                      {func(f *Full) { f.State = Expired }, "psychiatric", adult, Ended},
		"not when terminated":                   {func(f *Full) { f.State = Terminated }, "psychiatric", adult, Ended},
		"not when renewed by another":           {func(f *Full) { f.State = Renewed }, "psychiatric", adult, Ended},
		"not while it is written":               {func(f *Full) { f.State = "draft" }, "psychiatric", adult, NoAgreement},
		"not another need":                      {func(*Full) {}, "housing", adult, NeedNotCovered},
		"not a person outside the population":   {func(*Full) {}, "psychiatric", terms.Profile{Age: 15, AgeKnown: true}, OutsidePopulation},
		"a suspension counts before the need":   {func(f *Full) { f.State = Suspended }, "housing", adult, IsSuspended},
		"not without a scope in this direction": {func(f *Full) { f.Scopes = nil }, "psychiatric", adult, NoAgreement},
		"not by a scope of the opposite direction": {func(f *Full) {
			f.Scopes[0].FromTenant, f.Scopes[0].ToTenant = f.Scopes[0].ToTenant, f.Scopes[0].FromTenant
		}, "psychiatric", adult, NoAgreement},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				f := h.plant("1/2026", c.change)
				permit, why := h.permits(h.desk, h.hospital, c.need, c.person)
				if why != c.want {
					t.Fatalf("%q, want %q", why, c.want)
				}
				if why == "" && (permit.Agreement != f.ID || permit.Number != "1/2026" || !slices.Equal(permit.Annex[policies.Identity], []string{"identity"}) || len(permit.Annex) != 1) {
					t.Errorf("%+v", permit)
				}
				if why != "" && permit.Annex != nil {
					t.Errorf("a refusal with an annex: %+v", permit)
				}
			})
		})
	}
}

func TestTheDayIsTheMoroccanOne(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.plant("1/2026", func(f *Full) { f.EndsOn = "2026-11-23" })
		h.clock.Set(time.Date(2026, 11, 23, 22, 59, 0, 0, time.UTC))
		if _, why := h.permits(h.desk, h.hospital, "psychiatric", adult); why != "" {
			t.Errorf("a minute before midnight in Oujda: %q", why)
		}
		h.clock.Set(time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC))
		if _, why := h.permits(h.desk, h.hospital, "psychiatric", adult); why != Ended {
			t.Errorf("at midnight: %q", why)
		}
	})
}

func TestOfSeveralAgreementsTheNearestMissIsTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.plant("1/2026", func(f *Full) { f.State = Terminated })
		h.plant("2/2026", func(f *Full) { f.Scopes[0].Needs = []string{"housing"} })
		if _, why := h.permits(h.desk, h.hospital, "psychiatric", adult); why != NeedNotCovered {
			t.Errorf("%q", why)
		}
		third := h.plant("3/2026")
		if permit, why := h.permits(h.desk, h.hospital, "psychiatric", adult); why != "" || permit.Agreement != third.ID {
			t.Errorf("%q", why)
		}
	})
}

func TestOthersAgreementsPermitNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.plant("1/2026")
		if _, why := h.permits(h.desk, h.chamber, "psychiatric", adult); why != NoAgreement {
			t.Errorf("to a tenant that is no party: %q", why)
		}
		if _, why := h.permits(h.chamber, h.hospital, "psychiatric", adult); why != NoAgreement {
			t.Errorf("from one: %q", why)
		}
		if _, why, err := h.Permits(as(h.chamber), h.desk.ID, Ask{To: h.hospital.ID, Needs: []string{"psychiatric"}, Person: &adult}); err != nil || why != NoAgreement {
			t.Errorf("asked by a stranger: %q, %v", why, err)
		}
		if _, err := h.Get(as(h.chamber), f.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("opened by a stranger: %v", err)
		}
		if list, err := h.List(as(h.chamber), nil, web.PageOf{Limit: 5}); err != nil || len(list) != 0 {
			t.Errorf("listed for a stranger: %d, %v", len(list), err)
		}
		if err := h.SetState(as(h.chamber), f.ID, Suspended); !fault.Has(err, fault.VersionConflict) {
			t.Errorf("suspended by a stranger: %v", err)
		}
		for _, party := range []*tenants.Tenant{h.desk, h.hospital} {
			got, err := h.Get(as(party), f.ID)
			if err != nil || len(got.Text.Scopes) != 1 || len(got.Text.Sharing) != 2 || len(got.Agreement.Parties) != 3 {
				t.Errorf("%s opens %+v, %v", party.Slug, got, err)
			}
		}
		if list, err := h.List(as(h.hospital), []string{"suspended"}, web.PageOf{Limit: 5}); err != nil || len(list) != 0 {
			t.Errorf("by another state: %d, %v", len(list), err)
		}
	})
}

func TestASuspensionActsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.plant("1/2026")
		if err := h.SetState(as(h.hospital), f.ID, Suspended); err != nil {
			t.Fatal(err)
		}
		if _, why := h.permits(h.desk, h.hospital, "psychiatric", adult); why != IsSuspended {
			t.Errorf("%q", why)
		}
	})
}

func TestASuspensionWaitsForAnActUnderTheAgreement(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.plant("1/2026")
		held, release := make(chan struct{}), make(chan struct{})
		ended, done := make(chan error, 1), make(chan error, 1)
		go func() {
			ended <- h.DB.InTx(as(h.desk), func(ctx context.Context) error {
				_, why, err := h.Permits(ctx, h.desk.ID, Ask{To: h.hospital.ID, Needs: []string{"psychiatric"}, Person: &adult})
				close(held)
				<-release
				if why != "" {
					return errors.New(string(why))
				}
				return err
			})
		}()
		<-held
		go func() { done <- h.SetState(as(h.hospital), f.ID, Suspended) }()
		select {
		case err := <-done:
			t.Errorf("it did not wait: %v", err)
		case <-time.After(150 * time.Millisecond):
		}
		close(release)
		if err := errors.Join(<-ended, <-done); err != nil {
			t.Error(err)
		}
	})
}

func TestTheAnnexHasADirection(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.plant("1/2026")
		there, err := h.AnnexOf(as(h.desk), f.ID, h.desk.ID, h.hospital.ID)
		if err != nil || len(there) != 1 || !slices.Equal(there[policies.Identity], []string{"identity"}) {
			t.Errorf("%v %v", there, err)
		}
		back, err := h.AnnexOf(as(h.hospital), f.ID, h.hospital.ID, h.desk.ID)
		if err != nil || len(back) != 1 || !slices.Equal(back[policies.Social], []string{"social"}) {
			t.Errorf("%v %v", back, err)
		}
		if none, err := h.AnnexOf(as(h.desk), ids.New[ids.Agreement](), h.desk.ID, h.hospital.ID); err != nil || len(none) != 0 {
			t.Errorf("of another agreement: %v %v", none, err)
		}
	})
}

func TestAPartyMustExist(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, err := h.Plant(as(h.desk), Full{Agreement: Agreement{Parties: []Party{{Tenant: "coordination"}, {Tenant: "nowhere"}}}})
		if !fault.Has(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	})
}
