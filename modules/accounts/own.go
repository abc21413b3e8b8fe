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
)

// Preferences are how the actor wants to work.
type Preferences struct {
	Language    string
	SingleKeys  bool // single-key shortcuts on pages
	MailNotices bool // mails that say that a notice waits
}

// Preferences gives the actor's own.
func (s *Service) Preferences(ctx context.Context) (p Preferences, err error) {
	a := tenants.From(ctx)
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err := userByID(ctx, a.User)
		p = Preferences{Language: string(a.Lang), SingleKeys: !u.KeysOff, MailNotices: !u.MailsOff}
		return err
	})
	return p, err
}

// SetPreferences keeps the actor's own; an empty language leaves it as it is.
func (s *Service) SetPreferences(ctx context.Context, p Preferences) error {
	a := tenants.From(ctx)
	if p.Language != "" {
		if l, ok := i18n.Parse(p.Language); !ok || a.Tenant.In(l) != l {
			return fault.In("language", "unknown_code")
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setPreferences(ctx, a.User, p) })
}

// ChangePassword sets the actor's own password. Every other session ends, and every
// program's, the present one included (contract: API rules).
func (s *Service) ChangePassword(ctx context.Context, old, password string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	err := s.ownPassword(ctx, old)
	if fault.Has(err, fault.InvalidCredentials) {
		return &fault.Error{Code: fault.Invalid, Fields: []fault.Field{{Field: "old_password", Code: "wrong", Key: "account.password.wrong"}}}
	}
	if err != nil {
		return err
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	a := tenants.From(ctx)
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		if err := setPassword(ctx, a.User, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, a.User, a.Session, now); err != nil {
			return err
		}
		if err := endTokens(ctx, a.User, now); err != nil {
			return err
		}
		if err := replaceLinks(ctx, a.User, now); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "change_password", Object: "user", ID: a.User.String()})
	})
}

// The brake on asking for a new password: more would only fill a mailbox.
const (
	askedPerAccount = 3
	askedPerClient  = 30
)

// forgotLife is how long the link for a forgotten password lasts.
const forgotLife = 2 * time.Hour

// Forgotten asks for a new password. Whether there is such an account makes no
// difference that the caller could see: the same rows are read and written, and the
// mail is made by the background work.
func (s *Service) Forgotten(ctx context.Context, email string) error {
	email = normalEmail(email)
	if !validEmail(email) {
		return fault.In("email", "malformed")
	}
	account, client := bucket("forgotten", db.Tenant(ctx), email), s.askedBucket(ctx)
	since := s.Clock.Now().Add(-failureWindow)
	flood := false
	err := s.DB.AsSystem(ctx, "the brake on guessing knows no tenant", func(ctx context.Context) error {
		for b, limit := range map[string]int{account: askedPerAccount, client: askedPerClient} {
			n, err := countFailures(ctx, b, since)
			if err != nil {
				return err
			}
			flood = flood || n >= limit
		}
		if flood {
			return nil
		}
		return insertFailures(ctx, s.Clock.Now(), account, client)
	})
	if err != nil {
		return err
	}
	if flood {
		return errThrottled()
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		u, err := userByEmail(ctx, email)
		if err != nil && !db.NoRows(err) {
			return err
		}
		return s.Bus.Publish(ctx, forgotten{Tenant: tenants.Current(ctx), User: u.ID})
	})
}

func (s *Service) askedBucket(ctx context.Context) string {
	_, client := s.buckets(ctx, "", "")
	return bucket("forgotten", client)
}

// forgottenLink makes the link for an account that can use one: in use, with a
// mailbox. It runs as the tenant, after the answer has left.
func (s *Service) forgottenLink(ctx context.Context, user ids.ID[ids.User]) error {
	if user.IsZero() {
		return nil
	}
	u, err := userByID(ctx, user)
	if err != nil || u.State() == Ended || !u.HasMailbox() {
		return err
	}
	kind, life := reset, forgotLife
	if u.State() == Invited {
		kind, life = invitation, LinkLife
	}
	i, err := s.issue(ctx, user, kind, false, life)
	if err != nil {
		return err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "forgotten", Object: "user", ID: user.String()}); err != nil {
		return err
	}
	return s.Bus.Publish(ctx, linked{Tenant: u.TenantID, Link: i.ID})
}
