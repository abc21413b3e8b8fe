package accounts

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

func TestMembershipsAreValidForATime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		now := h.clock.Now()
		if err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
			return insertMembership(ctx, Membership{ID: ids.New[ids.Entry](), TenantID: h.own.ID, UserID: id, Role: "supervisor", Position: 1, ValidFrom: now.Add(time.Hour), ValidTo: now.Add(2 * time.Hour)})
		}); err != nil {
			t.Fatal(err)
		}
		in, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		for later, want := range map[time.Duration][]string{0: {"intake"}, time.Hour: {"intake", "supervisor"}, 2 * time.Hour: {"intake"}} {
			h.clock.Set(now.Add(later))
			s, err := h.Find(h.ctx(), in.Token)
			if err != nil || !slices.Equal(s.Actor.Roles, want) {
				t.Errorf("%v later: %v, %v", later, s.Actor.Roles, err)
			}
			staff, err := h.WithRoles(h.ctx(), ids.ID[ids.Unit]{}, "supervisor")
			if err != nil || (len(staff) == 1) != slices.Contains(want, "supervisor") {
				t.Errorf("%v later: staff %v, %v", later, staff, err)
			}
		}
	})
}

func TestARoleInAUnitReachesTheUnitsBelow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		top := h.unit(ids.ID[ids.Unit]{})
		ward, other := h.unit(top), h.unit(top)
		room := h.unit(ward)
		h.user("ward@hospital.demo", []ids.ID[ids.Unit]{ward}, "intake")
		h.user("all@hospital.demo", nil, "intake")
		a := h.signIn("ward@hospital.demo").Actor
		if a.Unit != ward || !a.Reaches(ward) || !a.Reaches(room) || a.Reaches(top) || a.Reaches(other) || !a.Reaches(ids.ID[ids.Unit]{}) {
			t.Errorf("units %v of %v", a.Units, a.Unit)
		}
		if all := h.signIn("all@hospital.demo").Actor; !all.Reaches(top) || !all.Reaches(other) || len(all.Units) != 0 {
			t.Errorf("the whole tenant: %v", all.Units)
		}
		emails := func(unit ids.ID[ids.Unit]) (out []string) {
			staff, err := h.WithRoles(h.ctx(), unit, "intake", "supervisor")
			if err != nil {
				t.Error(err)
			}
			for _, s := range staff {
				out = append(out, s.Email)
			}
			slices.Sort(out)
			return out
		}
		both := []string{"all@hospital.demo", "ward@hospital.demo"}
		for name, c := range map[string]struct {
			unit ids.ID[ids.Unit]
			want []string
		}{"the ward": {ward, both}, "the room below it": {room, both}, "another ward": {other, both[:1]}, "above": {top, both[:1]}, "no unit": {ids.ID[ids.Unit]{}, both}} {
			if got := emails(c.unit); !slices.Equal(got, c.want) {
				t.Errorf("told of something for %s: %v, want %v", name, got, c.want)
			}
		}
	})
}

func TestActingForSomebodyReachesWhatTheyReach(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ward := h.unit(ids.ID[ids.Unit]{})
		id := h.user("a@hospital.demo", []ids.ID[ids.Unit]{ward}, "intake")
		a, err := h.ActorFor(h.ctx(), "a@hospital.demo")
		if err != nil || a.User != id || !slices.Equal(a.Units, []ids.ID[ids.Unit]{ward}) || !a.Has("intake") || a.Tenant.Slug != "hospital" {
			t.Errorf("%+v %v", a, err)
		}
		if err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
			return insertMembership(ctx, Membership{ID: ids.New[ids.Entry](), TenantID: h.own.ID, UserID: id, Role: "supervisor", Position: 1, ValidFrom: h.clock.Now()})
		}); err != nil {
			t.Fatal(err)
		}
		signed := h.signIn("a@hospital.demo").Actor
		if a, err = h.ActorFor(h.ctx(), "a@hospital.demo"); err != nil || len(a.Units) != 0 || len(signed.Units) != 0 || !slices.Equal(a.Roles, signed.Roles) {
			t.Errorf("with a role in the whole tenant: %v, signed in %v, %v", a.Units, signed.Units, err)
		}
	})
}

func TestAddUserRefuses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("taken@hospital.demo", nil, "intake")
		for name, c := range map[string]struct {
			user        NewUser
			field, code string
		}{
			"a role of another kind":  {NewUser{Email: "x@y.z", NameAr: "ا", Roles: []string{"student"}}, "roles", "unknown_code"},
			"no role":                 {NewUser{Email: "x@y.z", NameAr: "ا"}, "roles", "required"},
			"no name":                 {NewUser{Email: "x@y.z", Roles: []string{"intake"}}, "name", "required"},
			"no address":              {NewUser{Email: "x", NameAr: "ا", Roles: []string{"intake"}}, "email", "malformed"},
			"an address with a name":  {NewUser{Email: "X <x@y.z>", NameAr: "ا", Roles: []string{"intake"}}, "email", "malformed"},
			"an address that is used": {NewUser{Email: "TAKEN@hospital.demo", NameAr: "ا", Roles: []string{"intake"}}, "email", "taken"},
		} {
			_, err := h.AddUser(h.ctx(), c.user)
			var f *fault.Error
			if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Field != c.field || f.Fields[0].Code != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.AddUser(as(h.other), NewUser{Email: "taken@hospital.demo", NameAr: "ا", Roles: []string{"intake"}}); err != nil {
			t.Errorf("the same address in another tenant: %v", err)
		}
	})
}
