package accounts

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/qr"
	"shubbak/tenants"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// period is the length of a time step of RFC 6238; codes of the step before and
// after count too, for clocks that differ.
const period = 30

// recoveryCodes is how many codes replace a lost telephone, each once.
const recoveryCodes = 10

// recoveryShown is how long after the set-up the codes can be seen and printed.
const recoveryShown = 15 * time.Minute

// Factor is where the actor's second factor stands.
type Factor struct {
	On       bool
	Required bool
	Pending  bool     // a secret waits for its first code
	Drawing  string   // of the secret, while pending
	Secret   string   // in groups of four, for typing
	Codes    []string // recovery codes, shortly after the set-up
	Left     int      // recovery codes that were not used
}

func totpPlace(user ids.ID[ids.User]) string { return "users.totp:" + user.String() }

// Factor shows the actor where their second factor stands.
func (s *Service) Factor(ctx context.Context) (f Factor, err error) {
	a := tenants.From(ctx)
	f.Required = a.Tenant.SecondFactor
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		u, err := userByID(ctx, a.User)
		if err != nil {
			return err
		}
		if f.On = !u.TotpAt.IsZero(); f.On {
			if f.Left, err = countRecovery(ctx, u.ID); err != nil || s.Clock.Now().Sub(u.TotpAt) > recoveryShown {
				return err
			}
			f.Codes, err = s.recovery(ctx, u)
			return err
		}
		if len(u.Totp) == 0 {
			return nil
		}
		secret, err := s.Vault.Open(ctx, totpPlace(u.ID), u.Totp)
		if err != nil {
			return err
		}
		f.Pending = true
		key, err := keyFor(a, string(secret))
		if err != nil {
			return err
		}
		f.Secret = inFours(string(secret))
		f.Drawing, err = qr.SVG(key.URL())
		return err
	})
	return f, err
}

// keyFor is the address that an authenticator reads. It names the portal, not the
// person: it stands on a telephone that others see.
func keyFor(a tenants.Actor, secret string) (*otp.Key, error) {
	return otp.NewKeyFromURL(fmt.Sprintf("otpauth://totp/Shubbak:%s?secret=%s&issuer=Shubbak&period=%d", a.Tenant.Slug, secret, period))
}

// BeginFactor makes a secret that waits for its first code.
func (s *Service) BeginFactor(ctx context.Context) error {
	a := tenants.From(ctx)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Shubbak", AccountName: a.Tenant.Slug, Period: period})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		u, err := userByID(ctx, a.User)
		if err != nil {
			return err
		}
		if !u.TotpAt.IsZero() {
			return fault.New(fault.IllegalTransition)
		}
		k, err := s.keyOf(ctx, a.User)
		if err != nil {
			return err
		}
		sealed, err := s.Vault.Seal(ctx, k, totpPlace(a.User), []byte(key.Secret()))
		if err != nil {
			return err
		}
		return setTotp(ctx, a.User, sealed, time.Time{})
	})
}

// ConfirmFactor turns the second factor on with the first code of the telephone, and
// makes the recovery codes.
func (s *Service) ConfirmFactor(ctx context.Context, code string) error {
	a := tenants.From(ctx)
	return s.guarded(ctx, a.User, func(ctx context.Context) error {
		u, err := userByID(ctx, a.User)
		if err != nil {
			return err
		}
		if !u.TotpAt.IsZero() || len(u.Totp) == 0 {
			return fault.New(fault.IllegalTransition)
		}
		if err := s.useTotp(ctx, u, code); err != nil {
			return err
		}
		u.TotpAt = s.Clock.Now().Truncate(time.Microsecond)
		if err := setTotp(ctx, u.ID, u.Totp, u.TotpAt); err != nil {
			return err
		}
		codes, err := s.recovery(ctx, u)
		if err != nil {
			return err
		}
		if err := forgetRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		if err := insertRecovery(ctx, u, codes); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "second_factor_on", Object: "user", ID: u.ID.String()})
	})
}

// RemoveFactor turns it off with a code, where the institution does not require it.
func (s *Service) RemoveFactor(ctx context.Context, code string) error {
	a := tenants.From(ctx)
	if a.Tenant.SecondFactor {
		return &fault.Error{Code: fault.NotPermitted, Key: "account.factor.required", Data: map[string]any{"reason": "second_factor_required"}}
	}
	return s.guarded(ctx, a.User, func(ctx context.Context) error {
		u, err := userByID(ctx, a.User)
		if err != nil {
			return err
		}
		if err := s.useCode(ctx, u, code); err != nil {
			return err
		}
		if err := setTotp(ctx, u.ID, nil, time.Time{}); err != nil {
			return err
		}
		if err := forgetRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "second_factor_off", Object: "user", ID: u.ID.String()})
	})
}

// guarded runs an act that wants a right code. Wrong ones are counted per account,
// from wherever they come.
func (s *Service) guarded(ctx context.Context, user ids.ID[ids.User], act func(ctx context.Context) error) error {
	_, client := s.buckets(ctx, "", "")
	account := bucket("code", user.String())
	if err := s.throttled(ctx, account, client); err != nil {
		return err
	}
	err := s.DB.InTx(ctx, act)
	if fault.Has(err, fault.InvalidCredentials) {
		if err := s.failed(ctx, account, client); err != nil {
			return err
		}
	}
	return err
}

// useCode takes a code of the telephone, or a recovery code. None works twice.
func (s *Service) useCode(ctx context.Context, u User, code string) error {
	if t := typed(code); len(t) == 12 {
		used, err := useRecovery(ctx, u.ID, hashToken(t), s.Clock.Now())
		if err != nil || used {
			return err
		}
		return fault.New(fault.InvalidCredentials)
	}
	return s.useTotp(ctx, u, code)
}

func (s *Service) useTotp(ctx context.Context, u User, code string) error {
	code = strings.Join(strings.Fields(code), "")
	secret, err := s.Vault.Open(ctx, totpPlace(u.ID), u.Totp)
	if err != nil {
		return err
	}
	now := s.Clock.Now().Unix() / period
	for _, at := range []int64{now, now - 1, now + 1} {
		ok, err := hotp.ValidateCustom(code, uint64(at), string(secret), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil || !ok {
			continue // of another length: not a code
		}
		if fault.Has(setTotpUsed(ctx, u.ID, at), fault.VersionConflict) {
			return fault.New(fault.InvalidCredentials) // this code or a later one was used
		}
		return nil
	}
	return fault.New(fault.InvalidCredentials)
}

// recovery computes the codes of one set-up: they can be printed again for a while
// and no copy of them is kept.
func (s *Service) recovery(ctx context.Context, u User) ([]string, error) {
	seeds := make([]string, recoveryCodes)
	for i := range seeds {
		seeds[i] = fmt.Sprintf("%s %d %d", u.ID, u.TotpAt.UnixMicro(), i)
	}
	hashes, err := s.Vault.Hash(ctx, "recovery code", seeds...)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(hashes))
	for i, h := range hashes {
		raw, err := hex.DecodeString(h)
		if err != nil {
			return nil, err
		}
		for _, x := range raw[:12] {
			out[i] += string(letters[x&31])
		}
	}
	return out, nil
}

// secondStep is what sign-in asks after a right password.
func (s *Service) secondStep(ctx context.Context, u User, c Credentials) (next string, err error) {
	if u.TotpAt.IsZero() {
		return "", nil
	}
	if c.Code == "" {
		next, err = s.stepLink(ctx, u)
		if err != nil {
			return "", err
		}
		return next, fault.New(fault.CodeRequired)
	}
	return "", s.guarded(ctx, u.ID, func(ctx context.Context) error { return s.useCode(ctx, u, c.Code) })
}

// stepLife is how long a right password waits for its code.
const stepLife = 5 * time.Minute

func (s *Service) stepLink(ctx context.Context, u User) (string, error) {
	token, hash := newToken()
	now := s.Clock.Now()
	return token, s.DB.InTx(ctx, func(ctx context.Context) error {
		return insertLink(ctx, linkRow{CodeHash: hash, ID: ids.New[ids.Entry](), TenantID: u.TenantID, UserID: u.ID, Kind: step, CreatedAt: now, ExpiresAt: now.Add(stepLife)})
	})
}

// stepUser is who gave the right password a moment ago.
func (s *Service) stepUser(ctx context.Context, token string) (u User, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		l, err := linkByHash(ctx, hashToken(token))
		if db.NoRows(err) || err == nil && (l.Kind != step || l.refusal(s.Clock.Now()) != nil) {
			return fault.New(fault.InvalidCredentials)
		}
		if err != nil {
			return err
		}
		u, err = userByID(ctx, l.UserID)
		return err
	})
	return u, err
}
