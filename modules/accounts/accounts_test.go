package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/platform/testkit"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/tenants/hospital"
	"shubbak/web"
)

const password = "a long password"

// house is a hospital and a second one, with nobody in them.
type house struct {
	*Service
	t     *testing.T
	clock *clock.Manual
	hash  string
	desk  *desk
	post  *letterbox
	own   *tenants.Tenant
	other *tenants.Tenant
}

// desk is what the module above knows of the work that users hold.
type desk struct {
	held map[ids.ID[ids.User]][]Holding
	gave []ids.ID[ids.User] // to whose units something was handed over
	fail error
}

func (d *desk) Lost(_ context.Context, left tenants.Actor) ([]Holding, error) {
	if left.Has("intake") {
		return nil, nil
	}
	return d.held[left.User], nil
}

func (d *desk) HandOver(ctx context.Context, left tenants.Actor) error {
	if list, _ := d.Lost(ctx, left); len(list) > 0 {
		d.gave = append(d.gave, left.User)
	}
	return d.fail
}

// letters are the mails that were sent.
type letterbox struct {
	mu   sync.Mutex
	sent []mail.Message
}

func (l *letterbox) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
	return nil
}

// hash is the stored form of the password, made once: it costs as much as a sign-in.
var hash = sync.OnceValues(func() (string, error) { return New(Deps{}).HashPassword(context.Background(), password) })

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), vault.Tree(), audit.Tree(), outbox.Tree(), tenants.Tree(), web.Tree(), migrations} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) {
		c := clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
		law, err := policies.Load()
		if err != nil {
			t.Fatal(err)
		}
		registry := tenants.NewRegistry(d, c, []tenants.Kind{hospital.Kind})
		master, err := vault.OpenMaster(filepath.Join(t.TempDir(), "master.key"), true)
		if err != nil {
			t.Fatal(err)
		}
		words := i18n.New()
		if err := words.Load(locales, "locales"); err != nil {
			t.Fatal(err)
		}
		v, bus := vault.New(d, master, c), outbox.New(d, c, slog.New(slog.NewTextHandler(io.Discard, nil)), outbox.Config{})
		h := &house{t: t, clock: c, desk: &desk{held: map[ids.ID[ids.User]][]Holding{}}, post: &letterbox{}}
		h.Service = New(Deps{DB: d, Clock: c, Audit: audit.New(d, c), Vault: v, Bus: bus, Law: law, Catalog: words, Tenants: registry, Mail: h.post, PublicURL: "https://example.test", Holdings: h.desk})
		bus.Subscribe(h.subscriptions()...)
		for slug, to := range map[string]**tenants.Tenant{"hospital": &h.own, "clinic": &h.other} {
			if *to, err = registry.Add(context.Background(), v, tenants.Tenant{Slug: slug, Kind: "hospital", NameAr: slug, NameFr: slug, NameEn: slug}); err != nil {
				t.Fatal(err)
			}
		}
		if h.hash, err = hash(); err != nil {
			t.Fatal(err)
		}
		fn(t, h)
	})
}

func (h *house) ctx() context.Context { return as(h.own) }

func as(t *tenants.Tenant) context.Context { return db.As(context.Background(), t.ID.String()) }

func (h *house) user(email string, units []ids.ID[ids.Unit], roles ...string) ids.ID[ids.User] {
	h.t.Helper()
	id, err := h.AddUser(h.ctx(), NewUser{Email: email, NameLatin: "Test", Roles: roles, Units: units, Hash: h.hash})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) unit(parent ids.ID[ids.Unit]) ids.ID[ids.Unit] {
	h.t.Helper()
	u, err := h.AddUnit(h.ctx(), Unit{ParentID: parent, Kind: "ward", Commune: "02.411.01.23", NameAr: "w", NameFr: "w", NameEn: "w"})
	if err != nil {
		h.t.Fatal(err)
	}
	return u.ID
}

func (h *house) signIn(email string) web.Session {
	h.t.Helper()
	in, err := h.SignIn(h.ctx(), Credentials{Email: email, Password: password})
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := h.Find(h.ctx(), in.Token)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("Intake@Hospital.demo ", nil, "intake", "supervisor")
		in, err := h.SignIn(h.ctx(), Credentials{Email: " intake@hospital.DEMO", Password: password})
		if err != nil || !in.ExpiresAt.Equal(h.clock.Now().Add(12*time.Hour)) || len(in.Token) < 40 {
			t.Fatalf("%+v %v", in, err)
		}
		s, err := h.Find(h.ctx(), in.Token)
		if err != nil || s.Actor.User != id || !slices.Equal(s.Actor.Roles, []string{"intake", "supervisor"}) || len(s.Actor.Units) != 0 {
			t.Errorf("%+v %v", s.Actor, err)
		}
		for name, c := range map[string]struct {
			tenant          *tenants.Tenant
			email, password string
		}{"another password": {h.own, "intake@hospital.demo", password + "x"}, "no password": {h.own, "intake@hospital.demo", ""},
			"an unknown address": {h.own, "nobody@hospital.demo", password}, "another tenant": {h.other, "intake@hospital.demo", password}} {
			if _, err := h.SignIn(as(c.tenant), Credentials{Email: c.email, Password: c.password}); !fault.Has(err, fault.InvalidCredentials) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.Find(as(h.other), in.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("a token where it was not issued: %v", err)
		}
		if _, err := h.Find(h.ctx(), in.Token+"x"); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("an invented token: %v", err)
		}
	})
}

func TestAnAccountThatWasNeverOpenedHasNoPassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if _, err := h.AddUser(h.ctx(), NewUser{Email: "new@hospital.demo", NameAr: "ن", Roles: []string{"intake"}}); err != nil {
			t.Fatal(err)
		}
		for _, guess := range []string{"", "x", "no such account!"} {
			if _, err := h.SignIn(h.ctx(), Credentials{Email: "new@hospital.demo", Password: guess}); !fault.Has(err, fault.InvalidCredentials) {
				t.Errorf("%q: %v", guess, err)
			}
		}
	})
}

func TestASessionEnds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		first, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		s, err := h.Find(h.ctx(), first.Token)
		if err != nil {
			t.Fatal(err)
		}
		s.Actor.Tenant = h.own
		if err := h.SignOut(tenants.With(h.ctx(), s.Actor)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Find(h.ctx(), first.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("after signing out: %v", err)
		}
		h.clock.Advance(12*time.Hour - time.Second)
		if _, err := h.Find(h.ctx(), second.Token); err != nil {
			t.Errorf("the other session lasts twelve hours: %v", err)
		}
		h.clock.Advance(time.Second)
		if _, err := h.Find(h.ctx(), second.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("after twelve hours: %v", err)
		}
	})
}

func TestGuessingIsBraked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.user("a@hospital.demo", nil, "intake")
		h.user("b@hospital.demo", nil, "intake")
		fail := func(buckets ...string) {
			t.Helper()
			if err := h.DB.AsSystem(context.Background(), "test", func(ctx context.Context) error { return insertFailures(ctx, h.clock.Now(), buckets...) }); err != nil {
				t.Fatal(err)
			}
		}
		for range 9 {
			fail(bucket("pair", "", "a@hospital.demo"), bucket("client", ""))
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: "wrong"}); !fault.Has(err, fault.InvalidCredentials) { // the tenth
			t.Errorf("the tenth failure: %v", err)
		}
		_, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.TooMany || f.Data["retry_after"] != 900 {
			t.Errorf("after ten failures the right password, too: %v", err)
		}
		h.signIn("b@hospital.demo") // another address from the same client
		h.clock.Advance(15*time.Minute + time.Second)
		h.signIn("a@hospital.demo")

		for i := range 100 {
			fail(bucket("pair", "", fmt.Sprint(i)), bucket("client", ""))
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "b@hospital.demo", Password: password}); !fault.Has(err, fault.TooMany) {
			t.Errorf("after a hundred failures of one client: %v", err)
		}
	})
}

func TestALinkWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.user("a@hospital.demo", nil, "intake")
		before, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		old, err := h.Link(h.ctx(), id)
		if err != nil {
			t.Fatal(err)
		}
		code, err := h.Link(h.ctx(), id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.CheckLink(h.ctx(), old); !fault.Has(err, fault.NotFound) {
			t.Errorf("a link that a newer one replaced: %v", err)
		}
		if _, err := h.CheckLink(as(h.other), code); !fault.Has(err, fault.NotFound) {
			t.Errorf("in another tenant: %v", err)
		}
		if _, err := h.UseLink(h.ctx(), Proof{Code: code, Password: "short"}); !fault.Has(err, fault.Invalid) {
			t.Errorf("a short password: %v", err)
		}
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i := range results {
			wg.Go(func() { _, results[i] = h.UseLink(h.ctx(), Proof{Code: code, Password: "another password"}) })
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) || !fault.Has(errors.Join(results...), fault.NotFound) {
			t.Errorf("two at once: %v", results)
		}
		if _, err := h.Find(h.ctx(), before.Token); !fault.Has(err, fault.Unauthenticated) {
			t.Errorf("a session from before: %v", err)
		}
		if _, err := h.SignIn(h.ctx(), Credentials{Email: "a@hospital.demo", Password: "another password"}); err != nil {
			t.Errorf("with the new password: %v", err)
		}
		late, err := h.Link(h.ctx(), id)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(LinkLife)
		if _, err := h.UseLink(h.ctx(), Proof{Code: late, Password: "a third password"}); !fault.Has(err, fault.NotFound) {
			t.Errorf("after 72 hours: %v", err)
		}
	})
}

func TestALinkThatSomebodyIsUsingIsNotFree(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code, err := h.Link(h.ctx(), h.user("a@hospital.demo", nil, "intake"))
		if err != nil {
			t.Fatal(err)
		}
		taken, release := make(chan struct{}), make(chan struct{})
		first, second := make(chan error, 1), make(chan error, 1)
		take := func(after func()) error {
			return h.DB.InTx(h.ctx(), func(ctx context.Context) error {
				err := takeLink(ctx, hashToken(code), h.clock.Now())
				after()
				return err
			})
		}
		go func() { first <- take(func() { close(taken); <-release }) }()
		<-taken
		go func() { second <- take(func() {}) }()
		select {
		case err := <-second:
			t.Errorf("it did not wait: %v", err)
		case <-time.After(150 * time.Millisecond):
		}
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
		if err := <-second; !fault.Has(err, fault.NotFound) {
			t.Errorf("the second: %v", err)
		}
	})
}

func TestHashingWaitsOutsideTransactions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
			if _, err := h.HashPassword(ctx, password); err == nil {
				t.Error("a password was hashed inside a transaction")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
