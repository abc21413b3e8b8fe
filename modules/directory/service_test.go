package directory

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/platform/testkit"
	"shubbak/tenants"
	"shubbak/tenants/chamber"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/web"
)

// house is a network of three; every agreement permits what `allows` lists.
type house struct {
	*Directory
	t                       *testing.T
	desk, hospital, chamber *tenants.Tenant
	allows                  map[tenants.ID]string // reason by target, "" for permitted
	profile                 terms.Profile
}

type noKeys struct{}

func (noKeys) AddTenant(context.Context, string) error { return nil }

// Permits is the judgement of an agreement, as a test wants it.
func (h *house) Permits(to tenants.ID, _ ids.ID[ids.Service], _ []string, _ *terms.Profile) (agreement ids.ID[ids.Agreement], remaining *int, no *fault.Error) {
	why, ok := h.allows[to]
	if !ok {
		why = "no_agreement"
	}
	if why == "" {
		return ids.New[ids.Agreement](), nil, nil
	}
	return agreement, nil, &fault.Error{Code: fault.NotPermitted, Data: map[string]any{"reason": why}}
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	// A service names a unit, so the units' own table must stand.
	units := "create table units (id {{.UUID}} primary key);\n"
	for _, tree := range []fs.FS{db.Tree(), audit.Tree(), tenants.Tree(), web.Tree(), migrations} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	trees = append(trees, oneFile("20261101001000_units.tx.up.sql", units))
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) {
		c := clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
		registry := tenants.NewRegistry(d, c, []tenants.Kind{coordination.Kind, hospital.Kind, chamber.Kind})
		h := &house{t: t, allows: map[tenants.ID]string{}}
		h.Directory = New(Deps{DB: d, Clock: c, Audit: audit.New(d, c), Tenants: registry, Judge: func(context.Context) (Judge, error) { return h, nil },
			Profile: func(context.Context, ids.ID[ids.Person]) (terms.Profile, error) { return h.profile, nil }})
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

func (h *house) add(of *tenants.Tenant, name string, change ...func(s *Service)) Service {
	h.t.Helper()
	s := Service{NameAr: name, NameFr: name, NameEn: name, Needs: []string{"psychiatric"}, Status: "capacity"}
	for _, c := range change {
		c(&s)
	}
	s, err := h.Add(as(of), s)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// find lists names with why each is not offered.
func (h *house) find(q Search) (out []string) {
	h.t.Helper()
	list, err := h.Find(as(h.desk), q, web.PageOf{Limit: 50})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, o := range list {
		name := o.NameEn
		if o.WhyNot != "" {
			name += ":" + o.WhyNot
		}
		if o.Permitted != (o.WhyNot == "") {
			h.t.Errorf("%s is permitted: %v", name, o.Permitted)
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestFindOffersWhatIsPermitted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.allows[h.hospital.ID] = ""
		sixteen := 16
		h.add(h.hospital, "open")
		h.add(h.hospital, "full", func(s *Service) { s.Status = "no_capacity" })
		h.add(h.hospital, "waits", func(s *Service) { s.Status = "waitlist" })
		h.add(h.hospital, "other need", func(s *Service) { s.Needs = []string{"housing"} })
		h.add(h.hospital, "adults", func(s *Service) { s.Eligibility.AgeMin = &sixteen })
		h.add(h.chamber, "no agreement")
		h.add(h.desk, "own")
		closed := h.add(h.hospital, "closed")
		if err := h.DB.InTx(as(h.hospital), func(ctx context.Context) error {
			_, err := db.Conn(ctx).NewUpdate().Model((*row)(nil)).Set("active = ?", false).Where("id = ?", closed.ID).Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		child := ids.New[ids.Person]()
		h.profile = terms.Profile{Age: 10, AgeKnown: true}
		for name, c := range map[string]struct {
			q    Search
			want []string
		}{
			"all that may be referred to": {Search{}, []string{"adults", "open", "other need", "waits"}},
			"for one need":                {Search{Need: "psychiatric"}, []string{"adults", "open", "waits"}},
			"for one person":              {Search{Need: "psychiatric", Person: child}, []string{"open", "waits"}},
			"by its name":                 {Search{Text: "WAI"}, []string{"waits"}},
			"by a sign of the search":     {Search{Text: "%"}, nil},
			"the whole directory": {Search{All: true, Person: child}, []string{"adults:not_eligible", "closed:service_closed", "full:no_capacity", "no agreement:no_agreement",
				"open", "other need", "own:no_agreement", "waits"}},
		} {
			if got := h.find(c.q); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		h.allows[h.hospital.ID] = "suspended"
		if got := h.find(Search{}); len(got) != 0 {
			t.Errorf("under a suspended agreement: %v", got)
		}
		if got := h.find(Search{All: true, Text: "full"}); !slices.Equal(got, []string{"full:suspended"}) {
			t.Errorf("the agreement's reason comes first: %v", got)
		}
	})
}

func TestAPageIsFilledFromAsManyReadsAsItTakes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.allows[h.hospital.ID] = ""
		var want []string
		for i := range 5 {
			want = append(want, h.add(h.hospital, fmt.Sprint("old ", i)).ID.String())
		}
		// More than one read's worth of what is not offered stands before them.
		if err := h.DB.InTx(as(h.chamber), func(ctx context.Context) error {
			for i := range web.MaxLimit + 10 {
				s := Service{ID: ids.New[ids.Service](), TenantID: h.chamber.ID, NameAr: "x", NameFr: "x", NameEn: fmt.Sprint(i), Needs: []string{"x"}, Status: "capacity", Active: true}
				if err := insert(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(want)
		var got []string
		for after := ""; ; {
			list, err := h.Find(as(h.desk), Search{}, web.PageOf{Limit: 2, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list[:min(2, len(list))] {
				got = append(got, o.ID.String())
				after = o.ID.String()
			}
			if len(list) <= 2 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestTheDirectoryIsReadByAllAndWrittenByItsOwner(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		s := h.add(h.hospital, "clinic")
		for _, reader := range []*tenants.Tenant{h.desk, h.hospital, h.chamber} {
			if got, err := h.Get(as(reader), s.ID); err != nil || got.NameFr != "clinic" || got.TenantID != h.hospital.ID {
				t.Errorf("%s: %+v %v", reader.Slug, got, err)
			}
		}
		if _, err := h.Get(as(h.desk), ids.New[ids.Service]()); !fault.Has(err, fault.NotFound) {
			t.Errorf("an invented id: %v", err)
		}
		if err := h.SetCapacity(as(h.desk), s.ID, Capacity{Status: "no_capacity"}); err == nil {
			t.Error("another tenant closed it")
		}
		if err := h.SetCapacity(as(h.hospital), s.ID, Capacity{Status: "no_capacity"}); err != nil {
			t.Fatal(err)
		}
		got, err := h.ByIDs(as(h.desk), []ids.ID[ids.Service]{s.ID, ids.New[ids.Service]()})
		if err != nil || len(got) != 1 || got[s.ID].Status != "no_capacity" || got[s.ID].Version != 2 {
			t.Errorf("%+v %v", got, err)
		}
		if why := h.Admits(got[s.ID], terms.Profile{}); why != NoCapacity {
			t.Errorf("it admits: %q", why)
		}
	})
}
