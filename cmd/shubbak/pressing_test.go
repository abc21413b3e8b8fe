package main

import (
	"context"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shubbak/platform/db"
)

var (
	listedRow = regexp.MustCompile(`<a href="/t/[a-z]+/referrals/([0-9a-f-]{36})"`)
	nextPage  = regexp.MustCompile(`href="/t/[a-z]+(/referrals\?[^"]*after=[^"]*)"`)
)

// listed are the referrals of a list in its order, over all of its pages.
func (u user) listed(path string) (out []string) {
	u.w.t.Helper()
	for range 20 {
		a := u.page(path).want(200)
		for _, m := range listedRow.FindAllSubmatch(a.Raw, -1) {
			out = append(out, string(m[1]))
		}
		next := nextPage.FindSubmatch(a.Raw)
		if next == nil {
			return out
		}
		path = html.UnescapeString(string(next[1]))
	}
	u.w.t.Fatal("a list without an end")
	return nil
}

// TestTheMostPressingComeFirst: what is open stands in the order of its deadlines, over
// all pages, and a list can be narrowed without losing or inventing a row.
func TestTheMostPressingComeFirst(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		var mine string
		for i := range 28 { // with those of the demo more than one page
			mine = desk.sent(map[string]any{"priority": []string{"routine", "urgent", "routine", "emergency"}[i%4]})
		}
		me := hospital.get("/me").want(200).text("user.id")
		hospital.do(mine, "accept", map[string]any{"user_id": me}).want(200)
		w.settled()
		ordered := func(where string) (out []string) {
			err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select id from referrals where to_tenant = ? and from_tenant <> to_tenant and sent_at is not null and state in ('sent', 'acknowledged', 'accepted', 'no_show', 'recall_requested') and "+
					where+" order by due_at, id", w.tenantID("hospital")).Scan(ctx, &out)
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		const act = "/referrals?box=in&tab=act"
		if want := ordered("true"); len(want) < 30 || !slices.Equal(hospital.listed(act), want) {
			t.Errorf("the inbox of %d is not in the order of its deadlines", len(want))
		}
		for sieve, where := range map[string]string{
			"&need=psychiatric":                      "need = 'psychiatric'",
			"&partner=coordination":                  "true",
			"&partner=chamber":                       "false",
			"&mine=1":                                "owner_user = '" + me + "'",
			"&mine=1&need=psychiatric":               "owner_user = '" + me + "' and need = 'psychiatric'",
			"&partner=coordination&need=psychiatric": "need = 'psychiatric'",
		} {
			if got, want := hospital.listed(act+sieve), ordered(where); !slices.Equal(got, want) {
				t.Errorf("%s: %d rows, want %d", sieve, len(got), len(want))
			}
		}
		if got := hospital.listed(act + "&mine=1"); !slices.Equal(got, []string{mine}) {
			t.Errorf("the reader's own: %v", got)
		}
		for range 27 { // the sender's own acts too: with drafts, and with what is to be confirmed
			desk.refer(desk.person(nil), map[string]any{"send": false}).want(201)
		}
		var toAct []string
		err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select id from referrals where from_tenant = ? and state in ('draft', 'awaiting_consent', 'awaiting_approval', 'info_requested', 'completed') order by due_at, id", w.tenantID("coordination")).Scan(ctx, &toAct)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.as("head@coordination.demo").listed("/referrals?box=out&tab=act"); len(toAct) < 30 || !slices.Equal(got, toAct) {
			t.Errorf("%d of the outbox in the order of their deadlines, want %d", len(got), len(toAct))
		}
		if n := len(desk.listed("/referrals?box=out&tab=waiting_partner&mine=1&partner=hospital")); n < 27 {
			t.Errorf("%d of the desk's own wait for the hospital", n)
		}
		if got := w.as("worker2@coordination.demo").listed("/referrals?box=out&tab=waiting_partner&mine=1"); slices.Contains(got, mine) || len(got) > 27 {
			t.Errorf("a colleague's own: %d", len(got))
		}
		if !strings.Contains(string(hospital.page(act+"&partner=chamber").want(200).Raw), "لا إحالة توافق هذا الاختيار") {
			t.Error("an empty choice does not say so")
		}
		// What has ended is not narrowed: nothing there says that it is.
		if a, b := hospital.listed("/referrals?box=in&tab=closed"), hospital.listed("/referrals?box=in&tab=closed&need=legal_aid&mine=1"); !slices.Equal(a, b) {
			t.Errorf("%d ended ones, %d narrowed", len(a), len(b))
		}
		for _, wrong := range []string{"&need=nonsense", "&partner=nobody", "&partner=%27", "&after=x"} {
			hospital.page(act + wrong).want(400)
		}
		// A cursor belongs to its list, however it is narrowed.
		first := nextPage.FindSubmatch(hospital.page(act).want(200).Raw)
		if first == nil {
			t.Fatal("no second page")
		}
		other := strings.Replace(html.UnescapeString(string(first[1])), "tab=act", "tab=act&need=psychiatric", 1)
		hospital.page(other).want(400)
	})
}
