package accounts

import (
	"context"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/tenants"

	"github.com/pquerna/otp/totp"
)

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// phone is an authenticator that read the secret from the page.
type phone struct {
	h      *house
	secret string
}

func (p phone) code(after time.Duration) string {
	p.h.t.Helper()
	c, err := totp.GenerateCode(p.secret, p.h.clock.Now().Add(after))
	if err != nil {
		p.h.t.Fatal(err)
	}
	return c
}

// enrol sets up the second factor of an account.
func (h *house) enrol(ctx context.Context) phone {
	h.t.Helper()
	if err := h.BeginFactor(ctx); err != nil {
		h.t.Fatal(err)
	}
	f, err := h.Factor(ctx)
	if err != nil || !f.Pending || f.On || !strings.HasPrefix(f.Drawing, "<svg") {
		h.t.Fatalf("%+v %v", f, err)
	}
	p := phone{h, strings.ReplaceAll(f.Secret, " ", "")}
	if err := h.ConfirmFactor(ctx, p.code(0)); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func TestTheSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		_, ctx := h.here("a@hospital.demo")
		p := h.enrol(ctx)
		var stored []byte
		if err := h.DB.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select totp from users where id = ?", id).Scan(ctx, &stored)
		}); err != nil || len(stored) == 0 || strings.Contains(string(stored), p.secret) {
			t.Errorf("the secret is not sealed: %v", err)
		}
		h.clock.Advance(time.Minute)
		c := Credentials{Email: "a@hospital.demo", Password: password}
		first, err := h.SignIn(h.ctx(), c)
		if !fault.Has(err, fault.CodeRequired) || first.Token != "" || first.Step == "" {
			t.Fatalf("without a code: %+v %v", first, err)
		}
		c.Code = "000000"
		if _, err := h.SignIn(h.ctx(), c); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("a wrong code: %v", err)
		}
		c.Code = p.code(0)
		if in, err := h.SignIn(h.ctx(), c); err != nil || in.Token == "" {
			t.Fatal(err)
		}
		if _, err := h.SignIn(h.ctx(), c); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("the same code twice: %v", err)
		}
		c.Code = p.code(-30 * time.Second)
		if _, err := h.SignIn(h.ctx(), c); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("the code of before: %v", err)
		}
		h.clock.Advance(time.Minute)
		if in, err := h.SignIn(h.ctx(), Credentials{Step: first.Step, Code: p.code(0), Page: true}); err != nil || in.Token == "" {
			t.Errorf("by the step after the password: %v", err)
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Step: first.Step, Code: p.code(30 * time.Second)}); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("the same step twice: %v", err)
		}
		h.clock.Advance(stepLife)
		if _, err := h.SignIn(h.ctx(), Credentials{Step: first.Step, Code: p.code(0)}); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("a step that ran out: %v", err)
		}
		if _, err := h.CheckLink(h.ctx(), first.Step); !fault.Has(err, fault.NotFound) {
			t.Error("a step is a link")
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		_, ctx := h.here("a@hospital.demo")
		h.enrol(ctx)
		f, err := h.Factor(ctx)
		if err != nil || len(f.Codes) != recoveryCodes || f.Left != recoveryCodes {
			t.Fatalf("%d codes, %d left, %v", len(f.Codes), f.Left, err)
		}
		c := Credentials{Email: "a@hospital.demo", Password: password, Code: strings.ToLower(f.Codes[3][:4] + " " + f.Codes[3][4:])}
		if _, err := h.SignIn(h.ctx(), c); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
		if _, err := h.SignIn(h.ctx(), c); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("twice: %v", err)
		}
		h.clock.Advance(recoveryShown + time.Second)
		if f, err = h.Factor(ctx); err != nil || len(f.Codes) != 0 || f.Left != recoveryCodes-1 {
			t.Errorf("later: %d shown, %d left, %v", len(f.Codes), f.Left, err)
		}
	})
}

func TestTheSecondFactorIsNoWayAround(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		_, ctx := h.here("a@hospital.demo")
		p := h.enrol(ctx)
		h.clock.Advance(time.Minute)
		code, err := h.Link(h.ctx(), id)
		if err != nil {
			t.Fatal(err)
		}
		if in, err := h.UseLink(h.ctx(), Proof{Code: code, Password: "a new password"}); err != nil || in.Token != "" {
			t.Errorf("a link signs in without the code: %v", err)
		}
		for range 10 {
			if _, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: "a new password", Code: "000000"}); !fault.Has(err, fault.InvalidCredentials) {
				t.Fatal(err)
			}
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: "a new password", Code: p.code(0)}); !fault.Has(err, fault.TooMany) {
			t.Errorf("after ten wrong codes: %v", err)
		}
	})
}

func TestASecondFactorThatIsRequired(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		in, ctx := h.here("a@hospital.demo")
		h.require(true)
		if s, err := h.Find(h.ctx(), in.Token); err != nil || !s.Enrol {
			t.Errorf("nothing asks for the set-up: %+v %v", s, err)
		}
		p := h.enrol(h.acting(in))
		if s, err := h.Find(h.ctx(), in.Token); err != nil || s.Enrol {
			t.Errorf("after the set-up: %v", err)
		}
		h.clock.Advance(time.Minute)
		if err := h.RemoveFactor(h.acting(in), p.code(0)); keyOf(err) != "not_permitted:account.factor.required" {
			t.Errorf("turning it off: %v", err)
		}
		h.require(false)
		if err := h.RemoveFactor(h.acting(in), "123"); !fault.Has(err, fault.InvalidCredentials) {
			t.Errorf("without a code: %v", err)
		}
		if err := h.RemoveFactor(h.acting(in), p.code(0)); err != nil {
			t.Errorf("where it is not required: %v", err)
		}
		h.enter("a@hospital.demo")
		_ = ctx
	})
}

func TestAnAdministratorTakesALostFactorAway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, asAdmin := h.admin("admin@hospital.demo")
		id := h.user("a@hospital.demo", nil, "intake")
		_, ctx := h.here("a@hospital.demo")
		h.enrol(ctx)
		off := false
		if _, err := h.Change(asAdmin, id, Change{Version: h.version(id), SecondFactor: &off}); err != nil {
			t.Fatal(err)
		}
		h.enter("a@hospital.demo")
	})
}

// require sets whether the house asks everybody for a second factor.
func (h *house) require(on bool) {
	h.t.Helper()
	ctx := tenants.With(h.ctx(), tenants.Actor{Tenant: h.own, Roles: []string{"admin"}})
	t, err := h.Settings(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	t.SecondFactor = on
	if h.own, err = h.SetSettings(ctx, t); err != nil {
		h.t.Fatal(err)
	}
}
