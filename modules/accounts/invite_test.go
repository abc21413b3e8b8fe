package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/tenants"
	"shubbak/web"
)

// admin is an administrator in use, and a context that acts as them.
func (h *house) admin(email string) (ids.ID[ids.User], context.Context) {
	h.t.Helper()
	id := h.user(email, nil, "admin")
	return id, tenants.With(h.ctx(), tenants.Actor{User: id, Tenant: h.own, Roles: []string{"admin"}, Lang: i18n.French})
}

func entry(email string, roles ...string) Entry {
	e := Entry{Email: email, NameAr: "نور", NameLatin: "Nour"}
	for _, r := range roles {
		e.Grants = append(e.Grants, Grant{Role: r})
	}
	return e
}

func (h *house) invite(ctx context.Context, email string, spoken bool) (Account, Issue) {
	h.t.Helper()
	a, i, err := h.Invite(ctx, entry(email, "intake"), spoken)
	if err != nil {
		h.t.Fatal(err)
	}
	return a, i
}

func keyOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		return f.Fields[0].Field + ":" + f.Fields[0].Key + f.Fields[0].Code
	}
	if f != nil {
		return string(f.Code) + ":" + f.Key
	}
	return ""
}

func TestAnInvitation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		a, i := h.invite(ctx, "Nour@Hospital.demo", false)
		if a.State() != Invited || a.Email != "nour@hospital.demo" || len(a.Memberships) != 1 || i.ExpiresAt.Sub(h.clock.Now()) != 72*time.Hour {
			t.Fatalf("%+v", a)
		}
		good := Proof{Code: i.Code, Email: " NOUR@hospital.demo", Password: "a new password"}
		forwarded := good
		forwarded.Email = "other@hospital.demo"
		if _, err := h.UseLink(h.ctx(), forwarded); keyOf(err) != "email:link.not_yoursnot_yours" {
			t.Errorf("forwarded to somebody else: %v", err)
		}
		if _, err := h.UseLink(as(h.other), good); !fault.Has(err, fault.NotFound) {
			t.Errorf("in another portal: %v", err)
		}
		in, err := h.UseLink(h.ctx(), good)
		if err != nil || in.Token == "" {
			t.Fatal(err)
		}
		if _, err := h.UseLink(h.ctx(), good); keyOf(err) != "not_found:link.used" {
			t.Errorf("used twice: %v", err)
		}
		if s, err := h.Find(h.ctx(), in.Token); err != nil || s.Actor.User != a.ID || !s.Actor.Has("intake") {
			t.Errorf("%+v %v", s.Actor, err)
		}
		if b, err := h.Account(ctx, a.ID); err != nil || b.State() != Active {
			t.Errorf("%v %v", b.State(), err)
		}
	})
}

func TestAnInvitationThatRanOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		a, old := h.invite(ctx, "nour@hospital.demo", false)
		next, err := h.Help(ctx, a.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		p := Proof{Email: "nour@hospital.demo", Password: "a new password"}
		for want, code := range map[string]string{"not_found:link.replaced": old.Code, "not_found:": "never"} {
			p.Code = code
			if _, err := h.UseLink(h.ctx(), p); keyOf(err) != want {
				t.Errorf("want %s: %v", want, err)
			}
		}
		h.clock.Advance(LinkLife)
		p.Code = next.Code
		if _, err := h.UseLink(h.ctx(), p); keyOf(err) != "not_found:link.expired" {
			t.Errorf("after 72 hours: %v", err)
		}
	})
}

func TestACodeForStaffWithoutMail(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		if _, _, err := h.Invite(ctx, entry("k.amrani", "intake"), false); keyOf(err) != "email:users.no_mailboxno_mailbox" {
			t.Errorf("a mail to a name: %v", err)
		}
		a, i := h.invite(ctx, "k.amrani", true)
		if len(i.Code) != 12 {
			t.Errorf("%d letters", len(i.Code))
		}
		_, again, err := h.Sheet(ctx, a.ID)
		if err != nil || again.Code != i.Code {
			t.Errorf("the sheet shows another code: %v", err)
		}
		_, colleague := h.admin("second@hospital.demo")
		if _, _, err := h.Sheet(colleague, a.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("to another administrator: %v", err)
		}
		spoken := strings.ToLower(i.Code[:4] + " " + i.Code[4:8] + "-" + i.Code[8:])
		if _, err := h.UseLink(h.ctx(), Proof{Code: spoken, Email: "somebody", Password: "a new password", Spoken: true}); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("of somebody else: %v", err)
		}
		if _, err := h.UseLink(h.ctx(), Proof{Code: i.Code, Email: "k.amrani", Password: "a new password"}); !fault.Has(err, fault.NotFound) {
			t.Errorf("as an address: %v", err)
		}
		if _, err := h.UseLink(h.ctx(), Proof{Code: spoken, Email: "K.Amrani", Password: "a new password", Spoken: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "k.amrani", Password: "a new password"}); err != nil {
			t.Errorf("signing in by name: %v", err)
		}
		if _, _, err := h.Sheet(ctx, a.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("the sheet of a used code: %v", err)
		}
	})
}

func TestGuessingCodesIsBraked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		_, i := h.invite(ctx, "k.amrani", true)
		p := Proof{Code: "ABCDEFGHJKLM", Email: "k.amrani", Password: "a new password", Spoken: true}
		for range 10 {
			if _, err := h.UseLink(h.ctx(), p); !fault.Has(err, fault.InvalidCredentials) {
				t.Fatal(err)
			}
		}
		p.Code = i.Code
		if _, err := h.UseLink(h.ctx(), p); !fault.Has(err, fault.TooMany) {
			t.Errorf("after ten guesses the right code, too: %v", err)
		}
	})
}

func TestTheMailOfAnInvitation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		e := entry("nour@hospital.demo", "intake")
		e.Lang = "ar"
		_, i, err := h.Invite(ctx, e, false)
		if err != nil {
			t.Fatal(err)
		}
		payload := []byte(`{"tenant":"` + h.own.ID.String() + `","link":"` + i.ID.String() + `"}`)
		if err := h.mail(h.ctx(), outbox.Delivery{Payload: payload}); err != nil {
			t.Fatal(err)
		}
		if len(h.post.sent) != 1 {
			t.Fatalf("%d mails", len(h.post.sent))
		}
		m := h.post.sent[0]
		if m.To != "nour@hospital.demo" || m.Lang != "ar" || !strings.Contains(m.Text, "https://example.test/n/"+i.Code) {
			t.Error("the mail lacks its reader, language or address")
		}
		for _, s := range []string{"نور", "Nour", "hospital", "/t/", "nour@"} {
			if strings.Contains(m.Subject+m.Text, s) {
				t.Errorf("the mail holds %q", s)
			}
		}
		id, err := h.LinkTenant(context.Background(), i.Code)
		if err != nil || id != h.own.ID {
			t.Errorf("where it leads: %v", err)
		}
		if _, err := h.UseLink(h.ctx(), Proof{Code: i.Code, Email: m.To, Password: "a new password"}); err != nil {
			t.Fatal(err)
		}
		if err := h.mail(h.ctx(), outbox.Delivery{Payload: payload}); err != nil || len(h.post.sent) != 1 {
			t.Errorf("a link that was used is mailed again: %v", err)
		}
	})
}

func TestInviteRefuses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		foreign, err := h.AddUnit(as(h.other), Unit{Kind: "ward", Commune: "02.411.01.23", NameAr: "w", NameFr: "w", NameEn: "w"})
		if err != nil {
			t.Fatal(err)
		}
		long := entry("x@y.zz", "intake")
		long.NameAr = strings.Repeat("ن", 101)
		for name, c := range map[string]struct {
			entry Entry
			want  string
		}{
			"a role of another kind": {entry("x@y.zz", "student"), "memberships[0].role:unknown_code"},
			"no role":                {entry("x@y.zz"), "memberships:required"},
			"the same role twice":    {entry("x@y.zz", "intake", "intake"), "memberships[1].role:twice"},
			"a unit of others":       {Entry{Email: "x@y.zz", NameAr: "ن", Grants: []Grant{{Role: "intake", Unit: foreign.ID}}}, "memberships[0].unit_id:unknown_code"},
			"an end that has passed": {Entry{Email: "x@y.zz", NameAr: "ن", Grants: []Grant{{Role: "intake", Until: h.clock.Now()}}}, "memberships[0].until:in_the_past"},
			"no name":                {Entry{Email: "x@y.zz", Grants: []Grant{{Role: "intake"}}}, "name:required"},
			"a long name":            {long, "name_ar:too_long"},
			"no address":             {entry("x y", "intake"), "email:malformed"},
			"one that is used":       {entry("admin@hospital.demo", "intake"), "email:taken"},
		} {
			if _, err := h.Add(ctx, c.entry); keyOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestAccountsAreListedByState(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, ctx := h.admin("admin@hospital.demo")
		h.invite(ctx, "a@hospital.demo", false)
		h.invite(ctx, "b@hospital.demo", false)
		first, err := h.Accounts(ctx, Invited, web.PageOf{Limit: 1})
		if err != nil || len(first) != 2 || first[0].Email != "b@hospital.demo" {
			t.Fatalf("%d, %v", len(first), err)
		}
		rest, err := h.Accounts(ctx, Invited, web.PageOf{Limit: 1, After: first[0].ID.String()})
		if err != nil || len(rest) != 1 || rest[0].Email != "a@hospital.demo" {
			t.Errorf("%d, %v", len(rest), err)
		}
		if all, err := h.Accounts(as(h.other), "", web.PageOf{Limit: 9}); err != nil || len(all) != 0 {
			t.Errorf("another tenant sees %d, %v", len(all), err)
		}
	})
}
