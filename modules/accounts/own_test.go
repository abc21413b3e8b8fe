package accounts

import (
	"context"
	"net/url"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// here signs in on a page and gives the context of its requests.
func (h *house) here(email string) (Issued, context.Context) {
	h.t.Helper()
	in, err := h.SignIn(h.ctx(), Credentials{Email: email, Password: password, Page: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return in, h.acting(in)
}

func (h *house) acting(in Issued) context.Context {
	h.t.Helper()
	s, err := h.Find(h.ctx(), in.Token)
	if err != nil {
		h.t.Fatal(err)
	}
	s.Actor.Tenant = h.own
	if s.Actor.Lang == "" {
		s.Actor.Lang = i18n.French
	}
	return tenants.With(h.ctx(), s.Actor)
}

func (h *house) alive(in Issued) bool {
	h.t.Helper()
	_, err := h.Find(h.ctx(), in.Token)
	if err != nil && !fault.Has(err, fault.Unauthenticated) {
		h.t.Fatal(err)
	}
	return err == nil
}

func TestAChangedPasswordEndsWhatWasOpen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		mine, ctx := h.here("a@hospital.demo")
		elsewhere, _ := h.here("a@hospital.demo")
		program := h.enter("a@hospital.demo")
		if err := h.ChangePassword(ctx, "wrong", "a new password"); keyOf(err) != "old_password:account.password.wrongwrong" {
			t.Errorf("with a wrong one: %v", err)
		}
		if err := h.ChangePassword(ctx, password, "short"); keyOf(err) != "password:too_short" {
			t.Errorf("a short one: %v", err)
		}
		if err := h.ChangePassword(ctx, password, "a new password"); err != nil {
			t.Fatal(err)
		}
		if !h.alive(mine) || h.alive(elsewhere) || h.alive(program) {
			t.Errorf("mine %v, elsewhere %v, a program %v", h.alive(mine), h.alive(elsewhere), h.alive(program))
		}
		if err := h.ChangePassword(h.acting(h.must(h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: "a new password"}))), "a new password", "a third password"); err != nil {
			t.Fatal(err)
		}
		if h.alive(mine) {
			t.Error("a page goes on after a program changed the password")
		}
	})
}

func (h *house) must(in Issued, err error) Issued {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

// asked counts what the request for a new password leaves behind.
func (h *house) asked() (links, events int) {
	h.t.Helper()
	err := h.DB.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
		if err := db.Conn(ctx).NewRaw("select count(*) from sign_in_links").Scan(ctx, &links); err != nil {
			return err
		}
		return db.Conn(ctx).NewRaw("select count(*) from outbox where event = 'account.forgotten'").Scan(ctx, &events)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return links, events
}

func TestAForgottenPassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		in := h.enter("a@hospital.demo")
		for _, email := range []string{"a@hospital.demo", "nobody@hospital.demo"} {
			_, before := h.asked()
			if err := h.Forgotten(h.ctx(), email); err != nil {
				t.Fatal(err)
			}
			if links, after := h.asked(); links != 0 || after != before+1 {
				t.Errorf("the request itself left %d links, %d events", links, after-before)
			}
		}
		if err := h.Forgotten(h.ctx(), "no address"); !fault.Has(err, fault.Invalid) {
			t.Error(err)
		}
		var link Issue
		if err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
			if err := h.forgottenLink(ctx, ids.ID[ids.User]{}); err != nil {
				return err
			}
			return h.forgottenLink(ctx, id)
		}); err != nil {
			t.Fatal(err)
		}
		if links, _ := h.asked(); links != 1 {
			t.Errorf("%d links", links)
		}
		if !h.alive(in) {
			t.Error("asking alone ended a session")
		}
		if err := h.DB.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select id from sign_in_links").Scan(ctx, &link.ID)
		}); err != nil {
			t.Fatal(err)
		}
		code, err := h.secretOf(h.ctx(), link.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(forgotLife - time.Second)
		if _, err := h.UseLink(h.ctx(), Proof{Code: code, Password: "a new password"}); err != nil {
			t.Fatal(err)
		}
		if h.alive(in) {
			t.Error("the other session goes on")
		}
	})
}

func TestAskingForPasswordsIsBraked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		for _, email := range []string{"a@hospital.demo", "nobody@hospital.demo"} {
			for range askedPerAccount {
				if err := h.Forgotten(h.ctx(), email); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Forgotten(h.ctx(), email); !fault.Has(err, fault.TooMany) {
				t.Errorf("once more: %v", err)
			}
		}
		h.enter("a@hospital.demo") // asking does not keep anybody out
		h.clock.Advance(failureWindow + time.Second)
		if err := h.Forgotten(h.ctx(), "a@hospital.demo"); err != nil {
			t.Error(err)
		}
	})
}

func TestOwnSessions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		h.user("b@hospital.demo", nil, "intake")
		first, ctx := h.here("a@hospital.demo")
		second, _ := h.here("a@hospital.demo")
		program := h.enter("a@hospital.demo")
		foreign, asB := h.here("b@hospital.demo")
		list, err := h.OwnSessions(ctx)
		if err != nil || len(list) != 3 || !list[0].Program {
			t.Fatalf("%+v %v", list, err)
		}
		if err := h.EndOwn(asB, list[0].ID); !fault.Has(err, fault.NotFound) || !h.alive(program) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := h.EndOwn(ctx, list[0].ID); err != nil || h.alive(program) {
			t.Errorf("one's own: %v", err)
		}
		if err := h.EndOwn(ctx, ids.ID[ids.Session]{}); err != nil || h.alive(second) || !h.alive(first) || !h.alive(foreign) {
			t.Errorf("all others: %v", err)
		}
	})
}

func TestPreferences(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		in, ctx := h.here("a@hospital.demo")
		if p, err := h.Preferences(ctx); err != nil || !p.SingleKeys || !p.MailNotices {
			t.Errorf("at first: %+v %v", p, err)
		}
		if err := h.SetPreferences(ctx, Preferences{Language: "de"}); keyOf(err) != "language:unknown_code" {
			t.Error(err)
		}
		if err := h.SetPreferences(ctx, Preferences{Language: "ar"}); err != nil {
			t.Fatal(err)
		}
		s, err := h.Find(h.ctx(), in.Token)
		if err != nil || !s.NoKeys || s.Actor.Lang != i18n.Arabic {
			t.Errorf("the session: %+v %v", s, err)
		}
		if who, err := h.StaffByID(h.ctx(), id); err != nil || who.Mailbox != "" || who.Email == "" {
			t.Errorf("the mailbox: %+v %v", who, err)
		}
	})
}

func TestAPageThatWasLeftAloneLocks(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		in, ctx := h.here("a@hospital.demo")
		program := h.enter("a@hospital.demo")
		locked := func(in Issued) bool {
			t.Helper()
			s, err := h.Find(h.ctx(), in.Token)
			if err != nil {
				t.Fatal(err)
			}
			return s.Locked
		}
		h.clock.Advance(10 * time.Minute)
		if err := h.Seen(ctx); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(15 * time.Minute)
		if locked(in) {
			t.Error("before its time")
		}
		h.clock.Advance(time.Second)
		if !locked(in) || locked(program) {
			t.Errorf("after fifteen minutes: a page %v, a program %v", locked(in), locked(program))
		}
		if err := h.Unlock(ctx, "wrong"); !fault.Has(err, fault.InvalidCredentials) || !locked(in) {
			t.Errorf("with a wrong password: %v", err)
		}
		if err := h.Unlock(ctx, password); err != nil || locked(in) {
			t.Errorf("with the right one: %v", err)
		}
		if err := h.Lock(ctx); err != nil || !locked(in) {
			t.Errorf("by hand: %v", err)
		}
		if err := h.Seen(ctx); err != nil || !locked(in) {
			t.Error("being seen opens a lock")
		}
		for range 9 {
			if err := h.Unlock(ctx, "wrong"); !fault.Has(err, fault.InvalidCredentials) {
				t.Fatal(err)
			}
		}
		if err := h.Unlock(ctx, password); !fault.Has(err, fault.TooMany) {
			t.Errorf("after ten wrong ones: %v", err)
		}
	})
}

func TestAFormIsKeptOverALock(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		h.user("b@hospital.demo", nil, "intake")
		_, ctx := h.here("a@hospital.demo")
		_, other := h.here("b@hospital.demo")
		form := url.Values{"reason": {"كلام مكتوب"}, "roles": {"a", "b"}}
		for range 2 {
			if err := h.Keep(ctx, "/people/new", form); err != nil {
				t.Fatal(err)
			}
		}
		raw := ""
		if err := h.DB.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select cast(sealed as text) from kept_forms").Scan(ctx, &raw)
		}); err != nil {
			t.Fatal(err)
		}
		if raw == "" || len(raw) > 0 && containsAny(raw, "reason", "people") {
			t.Error("what was typed stands open in the database")
		}
		if _, _, err := h.TakeKept(other); !fault.Has(err, fault.NotFound) {
			t.Errorf("by somebody else: %v", err)
		}
		path, back, err := h.TakeKept(ctx)
		if err != nil || path != "/people/new" || back.Get("reason") != "كلام مكتوب" || len(back["roles"]) != 2 {
			t.Errorf("%s %v %v", path, back, err)
		}
		if _, _, err := h.TakeKept(ctx); !fault.Has(err, fault.NotFound) {
			t.Errorf("twice: %v", err)
		}
		if err := h.Keep(ctx, "/x", url.Values{"text": {string(make([]byte, maxKept))}}); !fault.Has(err, fault.TooLarge) {
			t.Errorf("too large: %v", err)
		}
	})
}
