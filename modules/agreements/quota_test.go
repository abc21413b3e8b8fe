package agreements

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/terms"
	"shubbak/tenants"
)

func TestPeriods(t *testing.T) {
	for day, want := range map[string][5]string{
		"2026-11-23": {"2026-11-23", "2026-11-01", "2026-10-01", "2026-07-01", "2026-01-01"}, // a Monday
		"2026-11-22": {"2026-11-16", "2026-11-01", "2026-10-01", "2026-07-01", "2026-01-01"},
		"2027-01-01": {"2026-12-28", "2027-01-01", "2027-01-01", "2027-01-01", "2027-01-01"}, // a Friday
		"2028-02-29": {"2028-02-28", "2028-02-01", "2028-01-01", "2028-01-01", "2028-01-01"},
		"2026-09-30": {"2026-09-28", "2026-09-01", "2026-07-01", "2026-07-01", "2026-01-01"},
	} {
		for i, period := range []string{"week", "month", "quarter", "semester", "year"} {
			got := PeriodStart(period, day)
			if got != want[i] {
				t.Errorf("%s of %s begins %s, want %s", period, day, got, want[i])
			}
			if end := PeriodEnd(period, got); end <= day || PeriodStart(period, end) != end || PeriodStart(period, Day(end, -1)) != got {
				t.Errorf("%s of %s ends %s", period, day, end)
			}
		}
	}
}

// limited is an agreement of desk and hospital with quotas on one service.
func (h *house) limited(quotas ...Quota) (Full, ids.ID[ids.Service]) {
	h.t.Helper()
	service := ids.New[ids.Service]()
	for i := range quotas {
		quotas[i].ServiceID = service
	}
	return h.plant("1/2026", func(f *Full) { f.Quotas = quotas }), service
}

func (h *house) take(f Full, service ids.ID[ids.Service], referral ids.ID[ids.Referral]) error {
	return h.DB.InTx(as(h.desk), func(ctx context.Context) error {
		if _, why, err := h.Permits(ctx, h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}}); err != nil || why != "" {
			return errors.Join(err, errors.New(string(why)))
		}
		return h.Take(ctx, f.ID, service, referral)
	})
}

// TestAWarningWaitsForNobodyInARing tells the keeper of a quota that is nearly used while
// somebody sends: the sender holds the agreement and takes a place, the warning touches
// both too.
func TestAWarningWaitsForNobodyInARing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f, service := h.limited(Quota{Period: "month", Limit: 2, Hard: true})
		if err := h.take(f, service, ids.New[ids.Referral]()); err != nil {
			t.Fatal(err)
		}
		told := make(chan error, 1)
		err := h.DB.InTx(as(h.desk), func(ctx context.Context) error {
			if _, why, err := h.Permits(ctx, h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}}); err != nil || why != "" {
				return errors.Join(err, errors.New(string(why)))
			}
			go func() {
				told <- h.DB.InTx(as(h.desk), func(ctx context.Context) error {
					return h.noteFilled(ctx, outbox.Delivery{}, filled{h.desk.ID, f.ID, service, "month", PeriodStart("month", h.today()), 80})
				})
			}()
			time.Sleep(300 * time.Millisecond) // on PostgreSQL it stands at a lock by now
			return h.Take(ctx, f.ID, service, ids.New[ids.Referral]())
		})
		if err != nil {
			t.Errorf("the sender: %v", err)
		}
		if err := <-told; err != nil {
			t.Errorf("the warning: %v", err)
		}
		uses, err := h.Quotas(as(h.hospital), f.ID)
		if err != nil || uses[0].Used != 2 {
			t.Errorf("%+v %v", uses, err)
		}
	})
}

func TestAQuotaIsNeverOverdrawn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f, service := h.limited(Quota{Period: "month", Limit: 10, Hard: true}, Quota{Period: "week", Limit: 40, Hard: true}, Quota{Period: "year", Limit: 5})
		var taken, refused sync.Map
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				id := ids.New[ids.Referral]()
				if err := h.take(f, service, id); err == nil {
					taken.Store(id, i)
				} else {
					refused.Store(id, err)
				}
			})
		}
		all.Wait()
		count := func(m *sync.Map) (n int) { m.Range(func(any, any) bool { n++; return true }); return n }
		if count(&taken) != 10 || count(&refused) != 40 {
			t.Errorf("%d passed, %d were refused", count(&taken), count(&refused))
		}
		refused.Range(func(_, err any) bool {
			if e := err.(error); !fault.Has(e, fault.NotPermitted) && e.Error() != string(QuotaUsed) {
				t.Errorf("refused by %v", e)
			}
			return true
		})
		uses, err := h.Quotas(as(h.hospital), f.ID)
		if err != nil || len(uses) != 3 {
			t.Fatalf("%+v %v", uses, err)
		}
		for _, u := range uses {
			if u.Used != 10 {
				t.Errorf("%s: %d used", u.Period, u.Used)
			}
		}
		permit, why, err := h.Permits(as(h.desk), h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}})
		if err != nil || why != QuotaUsed || permit.Full == nil || permit.Full.Period != "month" || permit.Agreement != f.ID {
			t.Errorf("%+v %q %v", permit, why, err)
		}
		if _, why, _ := h.Permits(as(h.desk), h.desk.ID, Ask{To: h.hospital.ID, Service: ids.New[ids.Service](), Needs: []string{"psychiatric"}}); why != "" {
			t.Errorf("another service: %q", why)
		}

		// 80 and 100 percent of each quota are told once, whoever took the place.
		if n, err := h.Bus.Pending(context.Background()); err != nil || n != 4 {
			t.Errorf("%d warnings, want both of the month and both of the year: %v", n, err)
		}

		// Whoever forgets to ask before is refused by the statement that takes.
		if err := h.DB.InTx(as(h.desk), func(ctx context.Context) error { return h.Take(ctx, f.ID, service, ids.New[ids.Referral]()) }); !fault.Has(err, fault.NotPermitted) {
			t.Errorf("an eleventh place: %v", err)
		}

		// One place comes back, however often it is asked for.
		var one ids.ID[ids.Referral]
		taken.Range(func(id, _ any) bool { one = id.(ids.ID[ids.Referral]); return false })
		for range 3 {
			if err := h.DB.InTx(as(h.hospital), func(ctx context.Context) error { return h.GiveBack(ctx, one) }); err != nil {
				t.Fatal(err)
			}
		}
		permit, why, err = h.Permits(as(h.desk), h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}})
		if err != nil || why != "" || permit.Remaining == nil || *permit.Remaining != 0 && *permit.Remaining != 1 {
			t.Errorf("after one came back: %+v %q %v", permit, why, err)
		}
		if err := h.take(f, service, ids.New[ids.Referral]()); err != nil {
			t.Error(err)
		}
		if err := h.take(f, service, ids.New[ids.Referral]()); err == nil {
			t.Error("two were taken for one that came back")
		}

		// The next month has its own places, and what was taken before does not count.
		h.clock.Set(h.clock.Now().AddDate(0, 0, 10))
		if permit, why, err := h.Permits(as(h.desk), h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}}); err != nil || why != "" || permit.Remaining == nil {
			t.Errorf("next month: %+v %q %v", permit, why, err)
		}
	})
}

func TestWhatWasDeclaredIsAnsweredOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.plant("1/2026")
		m := Measure{ID: ids.New[ids.Entry](), AgreementID: f.ID, ObligationID: ids.New[ids.Entry](), On: "2026-11-02", Value: 3, Evidence: "-", ByTenant: h.hospital.ID, ByUser: ids.New[ids.User](), At: h.clock.Now()}
		answered := m
		answered.SignedTenant, answered.SignedUser, answered.SignedAt = h.desk.ID, ids.New[ids.User](), h.clock.Now()
		refused := answered
		refused.RefusedReason = "no list was enclosed"
		for i, step := range []struct {
			by *tenants.Tenant
			do func(ctx context.Context) error
			ok bool
		}{
			{h.hospital, func(ctx context.Context) error { return insertMeasure(ctx, m) }, true},
			{h.chamber, func(ctx context.Context) error { return saveMeasure(ctx, answered) }, false}, // no party to it
			{h.desk, func(ctx context.Context) error { return saveMeasure(ctx, answered) }, true},
			{h.desk, func(ctx context.Context) error { return saveMeasure(ctx, refused) }, false},
		} {
			if err := h.DB.InTx(as(step.by), step.do); (err == nil) != step.ok || !step.ok && !fault.Has(err, fault.VersionConflict) {
				t.Errorf("step %d: %v", i, err)
			}
		}
		second := m
		second.ID = ids.New[ids.Entry]()
		err := h.DB.InTx(as(h.hospital), func(ctx context.Context) error {
			if err := insertMeasure(ctx, second); err != nil {
				return err
			}
			page, err := measuresOf(ctx, f.ID, "", 1)
			if err != nil || len(page) != 1 || page[0].ID != second.ID {
				t.Errorf("the newest: %+v %v", page, err)
			}
			rest, err := measuresOf(ctx, f.ID, second.ID.String(), 10)
			if err != nil || len(rest) != 1 || rest[0].ID != m.ID {
				t.Errorf("before it: %+v %v", rest, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestStrangersSeeAndTakeNoPlaces(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f, service := h.limited(Quota{Period: "month", Limit: 2, Hard: true})
		if err := h.take(f, service, ids.New[ids.Referral]()); err != nil {
			t.Fatal(err)
		}
		if uses, err := h.Quotas(as(h.chamber), f.ID); err != nil || len(uses) != 0 {
			t.Errorf("a stranger reads %+v, %v", uses, err)
		}
		if err := h.DB.InTx(as(h.chamber), func(ctx context.Context) error { return h.Take(ctx, f.ID, service, ids.New[ids.Referral]()) }); err != nil {
			t.Error(err)
		}
		if uses, _ := h.Quotas(as(h.desk), f.ID); len(uses) != 1 || uses[0].Used != 1 {
			t.Errorf("%+v", uses)
		}
	})
}

func TestAScopeNamesServicesAndPriorities(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, other := ids.New[ids.Service](), ids.New[ids.Service]()
		h.plant("1/2026", func(f *Full) {
			f.Scopes[0].Services, f.Scopes[0].Priorities = []ids.ID[ids.Service]{one}, []string{"urgent"}
		})
		ask := func(service ids.ID[ids.Service], priority string) Reason {
			_, why, err := h.Permits(as(h.desk), h.desk.ID, Ask{To: h.hospital.ID, Service: service, Needs: []string{"psychiatric"}, Priority: priority, Person: &terms.Profile{Age: 30, AgeKnown: true}})
			if err != nil {
				t.Fatal(err)
			}
			return why
		}
		if why := ask(one, "urgent"); why != "" {
			t.Errorf("what it names: %q", why)
		}
		if why := ask(other, "urgent"); why != NeedNotCovered {
			t.Errorf("another service: %q", why)
		}
		if why := ask(one, "routine"); why != NeedNotCovered {
			t.Errorf("another priority: %q", why)
		}
	})
}

func TestADayHasItsPlaceOnALineOfAnyLength(t *testing.T) {
	for _, c := range []struct {
		day, from, to string
		want          int
	}{
		{"2026-01-01", "2026-01-01", "2026-12-31", 0}, {"2026-12-31", "2026-01-01", "2026-12-31", 100}, {"2025-01-01", "2026-01-01", "2026-12-31", 0},
		{"2029-12-31", "2026-01-01", "2029-12-31", 100}, {"2028-01-01", "2026-01-01", "2029-12-31", 50}, {"2075-12-31", "2026-01-01", "2125-12-31", 49}, {"x", "2026-01-01", "2026-12-31", 0},
	} {
		if got := placeOf(c.day, c.from, c.to); got != c.want {
			t.Errorf("%s between %s and %s lies at %d, want %d", c.day, c.from, c.to, got, c.want)
		}
	}
}
