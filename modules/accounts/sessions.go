package accounts

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// seenEvery is how often the use of a session is written down.
const seenEvery = time.Minute

// maxKept is the largest form that is kept over a lock.
const maxKept = 256 << 10

// Session is one of the reader's own sign-ins, as they know it.
type Session struct {
	ID        ids.ID[ids.Session]
	Device    string
	Program   bool
	CreatedAt time.Time
	SeenAt    time.Time
}

// OwnSessions lists where the actor is signed in, newest first.
func (s *Service) OwnSessions(ctx context.Context) (out []Session, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := openSessions(ctx, tenants.From(ctx).User, s.Clock.Now())
		for _, r := range rows {
			out = append(out, Session{ID: r.ID, Device: r.Device, Program: r.Kind == token, CreatedAt: r.CreatedAt, SeenAt: r.SeenAt})
		}
		return err
	})
	return out, err
}

// EndOwn ends one of the actor's sessions; with zero all but the present one.
func (s *Service) EndOwn(ctx context.Context, id ids.ID[ids.Session]) error {
	a := tenants.From(ctx)
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		if id.IsZero() {
			if err := endSessions(ctx, a.User, a.Session, now); err != nil {
				return err
			}
			return s.Audit.Did(ctx, audit.Entry{Action: "end_others", Object: "session"})
		}
		if err := endSessionOf(ctx, a.User, id, now); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "end", Object: "session", ID: id.String()})
	})
}

// Seen notes that the session of ctx is in use.
func (s *Service) Seen(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setSeen(ctx, tenants.From(ctx).Session, s.Clock.Now()) })
}

// Lock closes the pages of the actor's session until they give the password again.
func (s *Service) Lock(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		return setLocked(ctx, tenants.From(ctx).Session, s.Clock.Now())
	})
}

// Unlock opens them again. Wrong passwords count as they do at sign-in.
func (s *Service) Unlock(ctx context.Context, password string) error {
	a := tenants.From(ctx)
	if err := s.ownPassword(ctx, password); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := setUnlocked(ctx, a.Session, s.Clock.Now()); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "unlock", Object: "session", ID: a.Session.String()})
	})
}

// ownPassword checks the actor's password, with the brake on guessing.
func (s *Service) ownPassword(ctx context.Context, password string) error {
	a := tenants.From(ctx)
	pair, client := s.buckets(ctx, "pair", a.Email)
	if err := s.throttled(ctx, pair, client); err != nil {
		return err
	}
	var u User
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		u, err = userByID(ctx, a.User)
		return err
	})
	if err != nil {
		return err
	}
	ok, err := s.matches(ctx, u.PasswordHash, password)
	if err != nil || ok {
		return err
	}
	if err := s.failed(ctx, pair, client); err != nil {
		return err
	}
	return fault.New(fault.InvalidCredentials)
}

type keptForm struct {
	Path string     `json:"path"`
	Form url.Values `json:"form"`
}

// Keep seals what was typed into a form that reached a locked session. The next one
// takes its place.
func (s *Service) Keep(ctx context.Context, path string, form url.Values) error {
	a := tenants.From(ctx)
	k := keptForm{path, form}
	if b, err := json.Marshal(k); err != nil || len(b) > maxKept {
		return fault.New(fault.TooLarge)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		key, err := s.keyOf(ctx, a.User)
		if err != nil {
			return err
		}
		sealed, err := s.Vault.SealJSON(ctx, key, keptPlace(a.Session), k)
		if err != nil {
			return err
		}
		return putKept(ctx, keptRow{SessionID: a.Session, TenantID: a.Tenant.ID, Sealed: sealed, CreatedAt: s.Clock.Now()})
	})
}

// TakeKept gives back what was typed, once.
func (s *Service) TakeKept(ctx context.Context) (path string, form url.Values, err error) {
	a := tenants.From(ctx)
	var k keptForm
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := takeKept(ctx, a.Session)
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		if err != nil {
			return err
		}
		return s.Vault.OpenJSON(ctx, keptPlace(a.Session), r.Sealed, &k)
	})
	return k.Path, k.Form, err
}

func keptPlace(id ids.ID[ids.Session]) string { return "kept_forms.sealed:" + id.String() }

// keyOf is the key under which a user's own secrets are sealed; it is made with the
// first of them.
func (s *Service) keyOf(ctx context.Context, user ids.ID[ids.User]) (ids.ID[ids.Key], error) {
	u, err := userByID(ctx, user)
	if err != nil || !u.KeyID.IsZero() {
		return u.KeyID, err
	}
	key, err := s.Vault.NewKey(ctx)
	if err != nil {
		return key, err
	}
	return key, setKey(ctx, user, key)
}
