package accounts

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

func (h *house) version(id ids.ID[ids.User]) int64 {
	h.t.Helper()
	a, err := h.Account(h.ctx(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.Version
}

func TestLeaving(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake")
		in := h.enter("a@hospital.demo")
		h.desk.held[id] = []Holding{{Type: "referral", Number: "2026/0001", Side: "received"}}
		if held, err := h.Held(ctx, id, nil); err != nil || len(held) != 1 {
			t.Errorf("what is listed before: %v, %v", held, err)
		}
		a, err := h.Change(ctx, id, Change{Version: h.version(id), Ended: true})
		if err != nil || a.State() != Ended || len(a.Memberships) != 0 {
			t.Fatalf("%+v %v", a, err)
		}
		if !slices.Contains(h.desk.gave, id) {
			t.Error("nothing went to the unit")
		}
		if _, err := h.Find(h.ctx(), in.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("the session goes on: %v", err)
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password}); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("signing in: %v", err)
		}
		if _, err := h.Help(ctx, id, true); !fault.Has(err, fault.IllegalTransition) {
			t.Errorf("a way in for somebody who left: %v", err)
		}
		back, _, err := h.Invite(ctx, entry("a@hospital.demo", "intake"), false)
		if err != nil || back.ID != id || back.State() != Invited {
			t.Errorf("coming back: %v %v", back.State(), err)
		}
	})
}

// TestWhatIsHeldAndTheEndAreOneAct lets the handing over fail: nothing has ended.
func TestWhatIsHeldAndTheEndAreOneAct(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake")
		in := h.enter("a@hospital.demo")
		h.desk.fail = errors.New("no")
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), Ended: true}); err == nil {
			t.Fatal("it ended")
		}
		if _, err := h.Find(h.ctx(), in.Token); err != nil {
			t.Errorf("the session died all the same: %v", err)
		}
	})
}

func TestARoleThatChangesEndsSessions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake", "supervisor")
		h.desk.held[id] = []Holding{{Type: "referral"}}
		in := h.enter("a@hospital.demo")
		name := "Another"
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), NameLatin: &name}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Find(h.ctx(), in.Token); err != nil {
			t.Errorf("a name ends no session: %v", err)
		}
		grants := []Grant{{Role: "intake"}}
		a, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants})
		if err != nil || len(a.Memberships) != 1 {
			t.Fatalf("%v %v", a.Memberships, err)
		}
		if _, err := h.Find(h.ctx(), in.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("after a change of roles: %v", err)
		}
		if len(h.desk.gave) != 0 {
			t.Error("somebody who still works there handed over")
		}
		grants = []Grant{{Role: "supervisor"}}
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants}); err != nil || len(h.desk.gave) != 1 {
			t.Errorf("without the role that does the work: %v, %v", h.desk.gave, err)
		}
	})
}

func TestALastDayHandsOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake")
		h.desk.held[id] = []Holding{{Type: "referral"}}
		until, err := UntilEndOf("2026-11-24")
		if err != nil {
			t.Fatal(err)
		}
		grants := []Grant{{Role: "intake", Until: until}}
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants}); err != nil {
			t.Fatal(err)
		}
		sweep := func() {
			t.Helper()
			if err := h.DB.InTx(h.ctx(), func(ctx context.Context) error { return h.ranOut(ctx, outbox.Delivery{}, hourly{}) }); err != nil {
				t.Fatal(err)
			}
		}
		h.signIn("a@hospital.demo")
		sweep()
		if len(h.desk.gave) != 0 {
			t.Error("before the last day is over")
		}
		h.clock.Set(time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)) // midnight in Casablanca, or an hour after
		in, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Find(h.ctx(), in.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("after the last day: %v", err)
		}
		sweep()
		sweep()
		if len(h.desk.gave) != 1 {
			t.Errorf("handed over %d times", len(h.desk.gave))
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id, ctx := h.admin("admin@hospital.demo")
		soon := h.clock.Now().Add(48 * time.Hour)
		other := []Grant{{Role: "intake"}}
		ending := []Grant{{Role: "admin", Until: soon}}
		h.invite(ctx, "later@hospital.demo", false)
		for name, c := range map[string]Change{"ends": {Ended: true}, "loses the role": {Grants: &other}, "has a last day": {Grants: &ending}} {
			c.Version = h.version(id)
			if _, err := h.Change(ctx, id, c); keyOf(err) != "not_permitted:users.last_admin" {
				t.Errorf("the last one %s: %v", name, err)
			}
		}
		if _, err := h.Add(ctx, entry("invited@hospital.demo", "admin")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), Ended: true}); keyOf(err) != "not_permitted:users.last_admin" {
			t.Errorf("beside somebody who never signed in: %v", err)
		}
		h.user("second@hospital.demo", nil, "admin")
		if _, err := h.Change(ctx, id, Change{Version: h.version(id), Ended: true}); err != nil {
			t.Errorf("beside a second one: %v", err)
		}
	})
}

// TestTwoAdministratorsWhoEndEachOther shows that one of them stays.
func TestTwoAdministratorsWhoEndEachOther(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for round := range 5 {
			a, asA := h.admin(string(rune('a'+round)) + "1@hospital.demo")
			b, asB := h.admin(string(rune('a'+round)) + "2@hospital.demo")
			var wg sync.WaitGroup
			var errs [2]error
			va, vb := h.version(a), h.version(b)
			wg.Go(func() { _, errs[0] = h.Change(asB, a, Change{Version: va, Ended: true}) })
			wg.Go(func() { _, errs[1] = h.Change(asA, b, Change{Version: vb, Ended: true}) })
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) || keyOf(errors.Join(errs[:]...)) != "not_permitted:users.last_admin" {
				t.Fatalf("round %d: %v", round, errs)
			}
			h.noAdmins()
		}
	})
}

// noAdmins takes the role from everybody, past every rule.
func (h *house) noAdmins() {
	h.t.Helper()
	if err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).NewRaw("update memberships set valid_to = ? where tenant_id = ?", h.clock.Now(), db.Tenant(ctx)).Exec(ctx)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) enter(email string) Issued {
	h.t.Helper()
	in, err := h.SignIn(h.ctx(), Credentials{Email: email, Password: password})
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

func TestAnAdministratorIsNotItsOwnWatcher(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id, ctx := h.admin("admin@hospital.demo")
		colleague, asColleague := h.admin("second@hospital.demo")
		for _, role := range []string{"auditor", "dpo"} {
			grants := []Grant{{Role: "admin"}, {Role: role}}
			if _, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants}); keyOf(err) != "forbidden:users.not_to_oneself" {
				t.Errorf("%s to itself: %v", role, err)
			}
			if _, err := h.Change(asColleague, id, Change{Version: h.version(id), Grants: &grants}); err != nil {
				t.Errorf("%s by a colleague: %v", role, err)
			}
			if _, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants}); err != nil {
				t.Errorf("keeping %s: %v", role, err)
			}
			grants = grants[:1]
			if _, err := h.Change(ctx, id, Change{Version: h.version(id), Grants: &grants}); err != nil {
				t.Errorf("giving %s up: %v", role, err)
			}
		}
		grants := []Grant{{Role: "admin"}, {Role: "dpo"}}
		if _, err := h.Change(ctx, colleague, Change{Version: h.version(colleague), Grants: &grants}); err != nil {
			t.Errorf("to somebody else: %v", err)
		}
	})
}

func TestTwoAdministratorsEditOneAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake")
		v := h.version(id)
		for i, want := range []bool{true, false} {
			name := []string{"First", "Second"}[i]
			_, err := h.Change(ctx, id, Change{Version: v, NameLatin: &name})
			if (err == nil) != want || !want && !fault.Has(err, fault.VersionConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if a, err := h.Account(ctx, id); err != nil || a.NameLatin != "First" {
			t.Errorf("%s %v", a.NameLatin, err)
		}
		if _, err := h.Change(tenants.With(as(h.other), tenants.Actor{Tenant: h.other}), id, Change{Version: v}); !fault.Has(err, fault.NotFound) {
			t.Errorf("from another tenant: %v", err)
		}
	})
}
