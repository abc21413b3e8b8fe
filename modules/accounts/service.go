package accounts

import (
	"context"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// Issued is a fresh sign-in.
type Issued struct {
	Token     string
	ExpiresAt time.Time
	Step      string // the password was right: with code_required, what asks for the rest
}

// Credentials are what somebody types to sign in.
type Credentials struct {
	Email, Password string
	Code            string // of the second factor
	Step            string // instead of the password, which was right a moment ago
	Page            bool   // a person in a browser, not a program
}

// The kinds of sessions. Only a page locks when it is left alone.
const (
	page  = "page"
	token = "token"
)

// SignIn opens a session for the tenant of ctx.
func (s *Service) SignIn(ctx context.Context, c Credentials) (Issued, error) {
	kind := token
	if c.Page {
		kind = page
	}
	if c.Step != "" {
		u, err := s.stepUser(ctx, c.Step)
		if err != nil {
			return Issued{}, err
		}
		if c.Code == "" {
			return Issued{Step: c.Step}, fault.New(fault.CodeRequired)
		}
		if _, err := s.secondStep(ctx, u, c); err != nil {
			return Issued{Step: c.Step}, err
		}
		if err := s.DB.InTx(ctx, func(ctx context.Context) error { return takeLink(ctx, hashToken(c.Step), s.Clock.Now()) }); err != nil {
			return Issued{}, err
		}
		return s.open(ctx, u, "sign_in", kind)
	}
	c.Email = normalEmail(c.Email)
	pair, client := s.buckets(ctx, "pair", c.Email)
	if err := s.throttled(ctx, pair, client); err != nil {
		return Issued{}, err
	}
	var u User
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		u, err = userByEmail(ctx, c.Email)
		return err
	})
	if err != nil && !db.NoRows(err) {
		return Issued{}, err
	}
	ok, err := s.matches(ctx, u.PasswordHash, c.Password)
	if err != nil {
		return Issued{}, err
	}
	if !ok || !u.EndedAt.IsZero() {
		if err := s.failed(ctx, pair, client); err != nil {
			return Issued{}, err
		}
		return Issued{}, fault.New(fault.InvalidCredentials)
	}
	if next, err := s.secondStep(ctx, u, c); err != nil {
		return Issued{Step: next}, err
	}
	return s.open(ctx, u, "sign_in", kind)
}

// buckets are the two counters of one kind of guessing: of this client for this
// account, and of this client.
func (s *Service) buckets(ctx context.Context, kind, email string) (pair, client string) {
	return bucket(kind, web.Client(ctx), email), bucket("client", web.Client(ctx))
}

func (s *Service) throttled(ctx context.Context, pair, client string) error {
	since := s.Clock.Now().Add(-failureWindow)
	return s.DB.ReadAsSystem(ctx, "the brake on guessing knows no tenant", func(ctx context.Context) error {
		for b, limit := range map[string]int{pair: failuresPerPair, client: failuresPerClient} {
			n, err := countFailures(ctx, b, since)
			if err != nil {
				return err
			}
			if n >= limit {
				return errThrottled()
			}
		}
		return nil
	})
}

// failed notes a wrong guess.
func (s *Service) failed(ctx context.Context, buckets ...string) error {
	return s.DB.AsSystem(ctx, "the brake on guessing knows no tenant", func(ctx context.Context) error {
		return insertFailures(ctx, s.Clock.Now(), buckets...)
	})
}

// open makes the session of a user who has proved who they are.
func (s *Service) open(ctx context.Context, u User, how, kind string) (Issued, error) {
	token, hash := newToken()
	now := s.Clock.Now()
	out := Issued{Token: token, ExpiresAt: now.Add(SessionLife)}
	ctx = audit.With(ctx, audit.Who{User: u.ID, RequestID: audit.RequestID(ctx)})
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		id := ids.New[ids.Session]()
		if err := insertSession(ctx, sessionRow{ID: id, TenantID: u.TenantID, UserID: u.ID, TokenHash: hash, Kind: kind, Device: web.Device(ctx),
			CreatedAt: now, SeenAt: now, ExpiresAt: out.ExpiresAt}); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: how, Object: "session", ID: id.String()})
	})
	return out, err
}

// SignOut ends the session of ctx.
func (s *Service) SignOut(ctx context.Context) error {
	a := tenants.From(ctx)
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := endSession(ctx, a.Session, s.Clock.Now()); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "sign_out", Object: "session", ID: a.Session.String()})
	})
}

// Find is the session of a token in the tenant of ctx, with its roles and reach.
func (s *Service) Find(ctx context.Context, token string) (web.Session, error) {
	var out web.Session
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := sessionRows(ctx, hashToken(token), s.Clock.Now())
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.Unauthenticated)
		}
		first := rows[0]
		ms := make([]Membership, len(rows))
		for i, r := range rows {
			ms[i] = Membership{Role: r.Role, UnitID: r.UnitID}
		}
		out.Actor, err = holding(ctx, tenants.Actor{User: first.UserID, Session: first.ID, Email: first.Email, Lang: i18n.Lang(first.Locale),
			Name: i18n.Words{Ar: first.NameAr, Fr: first.NameLatin, En: first.NameLatin}}, ms)
		if err != nil {
			return err
		}
		t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
		if err != nil || t == nil {
			return err
		}
		out.NoKeys, out.Enrol = first.KeysOff, t.SecondFactor && !first.HasTotp
		if first.Kind == page {
			unused := s.Clock.Now().Sub(first.SeenAt)
			out.Idle = t.IdleMinutes
			out.Locked = !first.LockedAt.IsZero() || unused > time.Duration(t.IdleMinutes)*time.Minute
			out.Stale = unused >= seenEvery
		}
		return nil
	})
	return out, err
}

// SetLang remembers the actor's language.
func (s *Service) SetLang(ctx context.Context, l i18n.Lang) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setLocale(ctx, tenants.From(ctx).User, string(l)) })
}
