package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"shubbak/platform/db"
)

// form posts a page's form without script.
func (u user) form(path string, f url.Values) answer {
	u.w.t.Helper()
	f.Set("_csrf", csrfFor(u.token))
	return u.w.call("POST", "/t/"+u.tenant+path, "", f.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": "shubbak_session=" + u.token})
}

func (u user) html(path string) string {
	u.w.t.Helper()
	return string(u.w.call("GET", "/t/"+u.tenant+path, u.token, nil, map[string]string{"Accept-Language": "en"}).want(200).Raw)
}

func TestAnAdministratorKeepsTheCalendar(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		admin := w.as("admin@chamber.demo")
		version := func() string { return admin.get("/calendar").want(200).text("version") }
		const eid = "eid_al_fitr-2027"
		holiday := func(key string) map[string]any {
			for _, x := range admin.get("/calendar").want(200).at("holidays").([]any) {
				if m := x.(map[string]any); m["key"] == key || m["name"].(map[string]any)["ar"] == key {
					return m
				}
			}
			return nil
		}
		if !strings.Contains(admin.html("/calendar?year=2027"), ">Expected<") {
			t.Error("the page does not say that Eid is expected")
		}
		admin.form("/calendar/confirm", url.Values{"version": {version()}, "kind": {"holiday"}, "key": {eid}, "year": {"2027"}}).want(303)
		if holiday(eid)["expected"] != false {
			t.Error("it was not confirmed")
		}
		day := url.Values{"version": {version()}, "kind": {"holiday"}, "key": {eid}, "name_ar": {"عيد الفطر"}, "often": {"once"}, "from": {"9"}, "from_month": {"3"}, "from_year": {"2027"},
			"to": {"10"}, "to_month": {"3"}, "to_year": {"2027"}}
		admin.form("/calendar/day", day).want(303)
		if h := holiday(eid); h["from"] != "2027-03-09" || h["to"] != "2027-03-10" {
			t.Errorf("moved to %v", h)
		}
		if a := admin.form("/calendar/day", day).want(409); !strings.Contains(string(a.Raw), `value="9"`) {
			t.Error("an old form loses what was typed")
		}
		day.Set("version", version())
		day.Set("to", "8")
		if a := admin.form("/calendar/day", day).want(422); !strings.Contains(string(a.Raw), `id="to-error"`) {
			t.Error("the end before the start is not said beside its boxes")
		}
		admin.form("/calendar/day", url.Values{"version": {version()}, "kind": {"holiday"}, "name_ar": {"موسم"}, "often": {"yearly"}, "from": {"29"}, "from_month": {"2"}}).want(303)
		if h := holiday("موسم"); h == nil || h["yearly"] != "02-29" || h["from"] != nil {
			t.Errorf("a day of every year: %v", h)
		}
		admin.form("/calendar/remove", url.Values{"version": {version()}, "kind": {"holiday"}, "key": {"01-11"}}).want(303)
		if holiday("01-11") != nil {
			t.Error("it was not removed")
		}
		admin.form("/calendar/remove", url.Values{"version": {version()}, "kind": {"holiday"}, "key": {"never"}}).want(404)
		admin.form("/calendar/day", url.Values{"version": {version()}, "kind": {"ramadan"}, "key": {"ramadan-2027"}, "from": {"7/2/2027"}, "to": {"8/3/2027"}}).want(303)
		week := url.Values{"version": {version()}, "of": {"week"}}
		if a := admin.form("/calendar/hours", week).want(422); !strings.Contains(string(a.Raw), `href="#from_1"`) {
			t.Error("a week without days is not refused with a sentence")
		}
		week.Set("from_1", "9")
		week.Set("to_1", "٨:٣٠")
		if a := admin.form("/calendar/hours", week).want(422); !strings.Contains(string(a.Raw), `id="to_1-error"`) {
			t.Error("hours that end before they begin")
		}
		week.Set("to_1", "15h30")
		admin.form("/calendar/hours", week).want(303)
		if got := admin.get("/calendar").want(200); got.text("week.0.from") != "09:00" || got.text("week.0.to") != "15:30" || got.text("ramadan.0.from") != "2027-02-07" {
			t.Errorf("%s", got.Raw)
		}
		unit := admin.get("/calendar/units").want(200).text("items.0.id")
		admin.form("/calendar/units/"+unit, url.Values{"version": {"1"}, "hours": {"own"}}).want(422)
		admin.form("/calendar/units/"+unit, url.Values{"version": {"1"}, "hours": {"always"}}).want(303)
		admin.form("/calendar/units/"+unit, url.Values{"version": {"1"}, "hours": {"inherit"}}).want(409)
		if a := admin.get("/calendar/units/" + unit).want(200); a.at("always") != true || a.at("inherit") != false {
			t.Errorf("%s", a.Raw)
		}
		intake := w.as("intake@chamber.demo")
		intake.form("/calendar/hours", week).want(403)
		if strings.Contains(intake.html("/home"), `href="/t/chamber/calendar"`) {
			t.Error("somebody who is no administrator is led to the calendar")
		}
		w.settled()
	})
}

// TestNoClockScansTheTable: the schedule runs every minute for ever.
func TestNoClockScansTheTable(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		now := testNow()
		hospital := w.tenantID("hospital")
		for name, q := range map[string]struct {
			index, text string
			args        []any
		}{
			"whose clocks ring": {"referrals_ring", "select distinct owner_tenant from referrals where ring_at <= ?", []any{now}},
			"what rings":        {"referrals_ring", "select * from referrals r where r.owner_tenant = ? and r.ring_at <= ? order by r.ring_at limit 200", []any{hospital, now}},
			"what is owed":      {"referrals_owed", "select * from referrals r where r.owner_tenant = ? and r.due_at > ? and r.due_unit <> 'real' order by r.id limit 200", []any{hospital, now}},
		} {
			var plan []string
			err := w.db.AsSystem(context.Background(), "test", func(ctx context.Context) error {
				explain := "explain query plan "
				if w.db.Postgres() {
					// A table of two dozen rows is read whole unless that is forbidden.
					if _, err := db.Conn(ctx).ExecContext(ctx, "set local enable_seqscan = off"); err != nil {
						return err
					}
					explain = "explain "
				}
				var rows []map[string]any
				err := db.Conn(ctx).NewRaw(explain+q.text, q.args...).Scan(ctx, &rows)
				for _, r := range rows {
					plan = append(plan, fmt.Sprint(r))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(plan, "\n"); !strings.Contains(all, q.index) || strings.Contains(all, "Seq Scan") {
				t.Errorf("%s: %s", name, all)
			}
		}
	})
}
