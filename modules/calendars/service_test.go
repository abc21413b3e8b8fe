package calendars

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/testkit"
)

func TestAUnitsHoursComeFromTheNearestAbove(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const friday = "2026-11-27 16:00"
		for _, u := range []unitRef{{}, h.pole, h.ward} {
			if got := h.due(u, friday); got != "2026-11-30 16:00" {
				t.Errorf("before anybody wrote anything: %s", got)
			}
		}
		h.change(func(c *Content) { c.Week = append(c.Week, Hours{6, "08:30", "16:30"}) })
		if got := h.due(h.ward, friday); got != "2026-11-28 16:00" {
			t.Errorf("the tenant works on Saturday: %s", got)
		}
		h.hours(h.pole, UnitContent{Week: fiveDays("14:00", "18:00")})
		if got := h.due(h.ward, friday); got != "2026-11-30 16:00" {
			t.Errorf("the pole does not: %s", got)
		}
		h.hours(h.ward, UnitContent{Always: true})
		if got := h.due(h.ward, friday); got != "2026-11-28 16:00" {
			t.Errorf("the ward never closes: %s", got)
		}
		if got := h.due(h.second, friday); got != "2026-11-30 16:00" {
			t.Errorf("the other ward still follows the pole: %s", got)
		}
		h.hours(h.ward, UnitContent{Inherit: true})
		h.hours(h.pole, UnitContent{Inherit: true})
		if got := h.due(h.ward, friday); got != "2026-11-28 16:00" {
			t.Errorf("back to the tenant's: %s", got)
		}
		list, err := h.Units(h.as(h.hospital))
		if err != nil || len(list) != 3 || list[0].ID != h.pole || !list[0].From.IsZero() || len(list[0].Week) != 6 || list[1].Version != 3 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestPublishedHolidaysAreConfirmedMovedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		find := func(key string) Holiday {
			c, _, err := h.Get(h.as(h.hospital))
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range c.Holidays {
				if x.Key == key {
					return x
				}
			}
			return Holiday{}
		}
		const eid = "eid_al_fitr-2027"
		if x := find(eid); !x.Expected || x.From != "2027-03-10" {
			t.Fatalf("%+v", x)
		}
		if got := h.due(h.ward, "2027-03-08 12:00"); got != "2027-03-09 12:00" {
			t.Errorf("two days before Eid: %s", got)
		}
		move := func(key, from, to string) {
			h.change(func(c *Content) {
				for i := range c.Holidays {
					if x := &c.Holidays[i]; x.Key == key {
						x.From, x.To, x.Expected = from, to, false
					}
				}
			})
		}
		move(eid, "2027-03-09", "2027-03-10")
		if x := find(eid); x.Expected || x.From != "2027-03-09" {
			t.Errorf("%+v", x)
		}
		if got := h.due(h.ward, "2027-03-08 12:00"); got != "2027-03-11 12:30" {
			t.Errorf("Eid came a day early: %s", got) // half a day of Ramadan, then half an ordinary one
		}
		h.change(func(c *Content) {
			c.Holidays = slices.DeleteFunc(c.Holidays, func(x Holiday) bool { return x.Key == "01-11" })
			c.Holidays = append(c.Holidays, Holiday{From: "2027-01-12", Name: i18n.Words{Ar: "عطلة استثنائية"}})
		})
		if find("01-11").Key != "" {
			t.Error("what was removed is there")
		}
		if got := h.due(h.ward, "2027-01-08 10:00"); got != "2027-01-11 10:00" {
			t.Errorf("11 January is a working day here: %s", got)
		}
		if got := h.due(h.ward, "2027-01-11 10:00"); got != "2027-01-13 10:00" {
			t.Errorf("and the next is not: %s", got)
		}
		// Only what differs is kept, so that the days of a further release come by themselves.
		err := h.DB.Read(h.as(h.hospital), func(ctx context.Context) error {
			r, err := tenantNow(ctx, h.hospital.ID)
			if n := len(r.Content.Holidays); n != 3 || len(r.Content.Ramadan) != 0 {
				t.Errorf("%d holidays are stored", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestACalendarWithoutWorkingDaysIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, c := range map[string]struct {
			edit func(c *Content)
			want string
		}{
			"no day at all":         {func(c *Content) { c.Week = []Hours{} }, "week:no_working_day"},
			"no day in Ramadan":     {func(c *Content) { c.RamadanWeek = nil }, "ramadan_week:no_working_day"},
			"a day that ends early": {func(c *Content) { c.Week = []Hours{{1, "16:00", "08:00"}} }, "week[0].to:before_start"},
			"an hour of no clock":   {func(c *Content) { c.Week = []Hours{{1, "8:00", "16:00"}} }, "week[0].from:malformed"},
			"an eighth day":         {func(c *Content) { c.Week = []Hours{{8, "08:00", "16:00"}} }, "week[0].day:out_of_range"},
			"a day twice":           {func(c *Content) { c.Week = []Hours{{1, "08:00", "12:00"}, {1, "14:00", "16:00"}} }, "week[1].day:twice"},
			"a holiday of three months": {func(c *Content) {
				c.Holidays = []Holiday{{From: "2027-01-01", To: "2027-03-31", Name: i18n.Words{Fr: "x"}}}
			}, "holidays[0].to:out_of_range"},
			"a holiday that ends before it begins": {func(c *Content) {
				c.Holidays = []Holiday{{From: "2027-01-02", To: "2027-01-01", Name: i18n.Words{Fr: "x"}}}
			}, "holidays[0].to:before_start"},
			"a holiday without a name": {func(c *Content) { c.Holidays = []Holiday{{From: "2027-01-02"}} }, "holidays[0].name:required"},
			"a day of no year":         {func(c *Content) { c.Holidays = []Holiday{{Yearly: "02-30", Name: i18n.Words{Fr: "x"}}} }, "holidays[0].yearly:malformed"},
			"every Monday off, and no other day": {func(c *Content) {
				c.Week, c.Holidays = []Hours{{1, "08:00", "16:00"}}, nil
				for d := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC); len(c.Holidays) < 20; d = d.AddDate(0, 0, 7) {
					c.Holidays = append(c.Holidays, Holiday{From: d.Format(time.DateOnly), Name: i18n.Words{Fr: "x"}})
				}
			}, "week:no_working_day"},
		} {
			if got := fieldsOf(h.tryChange(c.edit)); !slices.Contains(got, c.want) {
				t.Errorf("%s: %v, want %s", name, got, c.want)
			}
		}
		if _, version, err := h.Get(h.as(h.hospital)); version != first || err != nil {
			t.Errorf("something was written: version %d %v", version, err)
		}
		u := UnitContent{Week: []Hours{}}
		if got := fieldsOf(h.ChangeUnit(h.as(h.hospital), h.ward, first, u)); !slices.Contains(got, "week:no_working_day") {
			t.Errorf("a unit: %v", got)
		}
	})
}

func TestWhatHasPassedCountsByTheCalendarThatStood(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		since := h.clock.Now() // Monday at eleven of the wall clock
		h.clock.Set(since.Add(49 * time.Hour))
		h.change(func(c *Content) {
			c.Holidays = append(c.Holidays, Holiday{From: "2026-11-23", To: "2026-11-24", Name: i18n.Words{Fr: "Deux jours"}})
		})
		h.hours(h.ward, UnitContent{Always: true})
		past, err := h.For(h.as(h.desk), h.hospital.ID, h.second, since)
		if err != nil {
			t.Fatal(err)
		}
		if got := past.Hours().Between(since, h.clock.Now()); got != 17*time.Hour {
			t.Errorf("%v were used", got)
		}
		past, err = h.For(h.as(h.desk), h.hospital.ID, h.ward, since)
		if err != nil {
			t.Fatal(err)
		}
		later := h.clock.Now().Add(30 * time.Hour)
		if got := past.Hours().Between(since, later); got != 47*time.Hour {
			t.Errorf("%v were used at a ward that has not closed since", got)
		}
	})
}

func TestEditsKeepTheirOrderWhenTheClockJumpsBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(c *Content) { c.Week = fiveDays("08:00", "12:00") })
		h.clock.Set(h.clock.Now().Add(-72 * time.Hour))
		h.change(func(c *Content) { c.Week = fiveDays("14:00", "18:00") })
		past, err := h.For(h.as(h.desk), h.hospital.ID, h.ward, h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(past); i++ {
			if !past[i].From.After(past[i-1].From) {
				t.Error("two eras begin at once")
			}
		}
		if got := h.due(h.ward, "2026-12-01 15:00"); got != "2026-12-02 15:00" {
			t.Errorf("the last edit stands: %s", got)
		}
	})
}

func TestOfTwoEditsAtOnceOneWins(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for range 2 { // the first edit of all, and one after it
			_, version, err := h.Get(h.as(h.hospital))
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			results := make([]error, 4)
			for i := range results {
				wg.Go(func() {
					results[i] = h.Change(h.as(h.hospital), version, "test", func(c *Content) error { c.Week = fiveDays("08:00", "15:00"); return nil })
				})
			}
			wg.Wait()
			won := 0
			for _, err := range results {
				if err == nil {
					won++
				} else if !fault.Has(err, fault.VersionConflict) && !fault.Has(err, fault.Unavailable) {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d of four won", won)
			}
		}
		err := h.DB.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
			n := 0
			err := db.Conn(ctx).NewRaw("select count(*) from tenant_calendars where superseded_at is null").Scan(ctx, &n)
			if n != 1 {
				t.Errorf("%d calendars stand at once", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := h.bus.Pending(context.Background()); n != 2 || err != nil {
			t.Errorf("%d edits were told of, want two (%v)", n, err)
		}
	})
}

func TestAnotherTenantsUnitsAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if _, err := h.Unit(h.as(h.desk), h.ward); !fault.Has(err, fault.NotFound) {
			t.Errorf("reading: %v", err)
		}
		if err := h.ChangeUnit(h.as(h.desk), h.ward, first, UnitContent{Always: true}); !fault.Has(err, fault.NotFound) {
			t.Errorf("writing: %v", err)
		}
		if err := h.ChangeUnit(h.as(h.hospital), ids.New[ids.Unit](), first, UnitContent{Always: true}); !fault.Has(err, fault.NotFound) {
			t.Errorf("no unit: %v", err)
		}
		if !h.DB.Postgres() {
			return
		}
		// The second wall alone: everybody reads, nobody else writes.
		h.change(func(c *Content) { c.Week = fiveDays("08:00", "12:00") })
		err := h.DB.InTx(testkit.Deliberately(h.as(h.desk)), func(ctx context.Context) error {
			n := 0
			if err := db.Conn(ctx).NewRaw("select count(*) from tenant_calendars").Scan(ctx, &n); err != nil || n != 1 {
				t.Errorf("the desk reads %d (%v)", n, err)
			}
			res, err := db.Conn(ctx).NewRaw("update tenant_calendars set version = 9").Exec(ctx)
			if err == nil {
				if touched, _ := res.RowsAffected(); touched != 0 {
					t.Errorf("the desk changes %d rows", touched)
				}
			}
			return nil
		})
		if err != nil && !strings.Contains(err.Error(), "policy") {
			t.Fatal(err)
		}
	})
}

func TestEstimatesAreNamedNearTheirDays(t *testing.T) {
	t.Parallel()
	c := published().whole()
	at := func(s string) time.Time { x, _ := time.Parse(time.DateOnly, s); return x.Add(12 * time.Hour) }
	for _, x := range []struct {
		from, to string
		want     int
	}{{"2026-11-23", "2026-12-23", 0}, {"2027-02-03", "2027-02-05", 0}, {"2027-02-03", "2027-02-07", 1}, {"2027-03-08", "2027-03-09", 2}, {"2027-03-15", "2027-03-20", 0}} {
		if got := len(c.expected(at(x.from), at(x.to))); got != x.want {
			t.Errorf("%s to %s: %d estimates, want %d", x.from, x.to, got, x.want)
		}
	}
}
