package accounts

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// The kinds of one-time links.
const (
	invitation = "invitation"
	reset      = "reset"
	step       = "step" // the password was right; the code of the second factor is asked
)

// Issue is a one-time way in that was just made. Code is the secret: part of an
// address, or twelve letters to be typed where Spoken.
type Issue struct {
	ID        ids.ID[ids.Entry]
	Code      string
	Spoken    bool
	ExpiresAt time.Time
}

// letters cannot be misread by hand; there are 32 of them, five bits each.
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// secretOf is the secret of a link, computed from its id under the tenant's key: a
// mail sent later, and the sheet looked at again, need no copy of it, and the
// database alone tells nobody how to get in.
func (s *Service) secretOf(ctx context.Context, id ids.ID[ids.Entry], spoken bool) (string, error) {
	h, err := s.Vault.Hash(ctx, "one-time link", id.String())
	if err != nil || !spoken {
		return strings.Join(h, ""), err
	}
	raw, err := hex.DecodeString(h[0])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, x := range raw[:12] {
		b.WriteByte(letters[x&31])
	}
	return b.String(), nil
}

// typed is a spoken code as it is compared: people type spaces, dashes and small
// letters.
func typed(code string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}

// issue makes a one-time link inside the transaction of ctx; links made before stop
// working.
func (s *Service) issue(ctx context.Context, user ids.ID[ids.User], kind string, spoken bool, life time.Duration) (Issue, error) {
	now := s.Clock.Now()
	out := Issue{ID: ids.New[ids.Entry](), Spoken: spoken, ExpiresAt: now.Add(life)}
	var err error
	if out.Code, err = s.secretOf(ctx, out.ID, spoken); err != nil {
		return out, err
	}
	if err := replaceLinks(ctx, user, now); err != nil {
		return out, err
	}
	return out, insertLink(ctx, linkRow{CodeHash: hashToken(out.Code), ID: out.ID, TenantID: tenants.Current(ctx), UserID: user, Kind: kind, Spoken: spoken,
		CreatedAt: now, CreatedBy: tenants.From(ctx).User, ExpiresAt: out.ExpiresAt})
}

// Link makes the address with which a user sets a password, for the operator's
// shell. Links made before stop working.
func (s *Service) Link(ctx context.Context, user ids.ID[ids.User]) (code string, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		i, err := s.issue(ctx, user, reset, false, LinkLife)
		if err != nil {
			return err
		}
		code = i.Code
		return s.Audit.Did(ctx, audit.Entry{Action: "link", Object: "user", ID: user.String()})
	})
	return code, err
}

// Help gives an account a new way in: a mail, or a code that the administrator
// hands over face to face. It is an invitation for somebody who never signed in.
func (s *Service) Help(ctx context.Context, id ids.ID[ids.User], spoken bool) (out Issue, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		u, err := reach(ctx, id)
		if err != nil {
			return err
		}
		if !u.EndedAt.IsZero() {
			return &fault.Error{Code: fault.IllegalTransition, Key: "users.ended_already"}
		}
		if !spoken && !u.HasMailbox() {
			return noMailbox("delivery")
		}
		kind := reset
		if u.State() == Invited {
			kind = invitation
		}
		if out, err = s.issue(ctx, id, kind, spoken, LinkLife); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: kind, Object: "user", ID: id.String(), Fields: []string{way(spoken)}}); err != nil || spoken {
			return err
		}
		return s.Bus.Publish(ctx, linked{Tenant: tenants.Current(ctx), Link: out.ID})
	})
	return out, err
}

func way(spoken bool) string {
	if spoken {
		return "code"
	}
	return "mail"
}

func noMailbox(field string) error {
	return &fault.Error{Code: fault.Invalid, Fields: []fault.Field{{Field: field, Code: "no_mailbox", Key: "users.no_mailbox"}}}
}

// lastIssue is the newest way in of a user, without its secret.
func (s *Service) lastIssue(ctx context.Context, id ids.ID[ids.User]) (out Issue, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := lastLink(ctx, id)
		out = Issue{ID: r.ID, Spoken: r.Spoken, ExpiresAt: r.ExpiresAt}
		return err
	})
	return out, err
}

// Sheet gives the code that this administrator made for a user, as long as it
// works, so that it can be printed.
func (s *Service) Sheet(ctx context.Context, id ids.ID[ids.User]) (u User, out Issue, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if u, err = reach(ctx, id); err != nil {
			return err
		}
		r, err := openLink(ctx, id, tenants.From(ctx).User, s.Clock.Now())
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		if err != nil {
			return err
		}
		out = Issue{ID: r.ID, Spoken: true, ExpiresAt: r.ExpiresAt}
		out.Code, err = s.secretOf(ctx, r.ID, true)
		return err
	})
	return u, out, err
}

// MinPassword is the shortest password that is taken.
const MinPassword = 10

func checkPassword(field, password string) error {
	if len([]rune(password)) < MinPassword {
		return fault.In(field, "too_short")
	}
	if len(password) > 200 {
		return fault.In(field, "too_long")
	}
	return nil
}

// Proof is what somebody with a one-time link or code gives. Email is asked for an
// invitation and for a code: whoever was forwarded one does not know for whom.
type Proof struct {
	Code, Email, Password string
	Spoken                bool
}

// UseLink sets the password of a one-time link's user, ends their other sessions
// and signs them in, unless a second factor is to be asked first. A link that was
// used, replaced or has run out is a not_found that says so.
func (s *Service) UseLink(ctx context.Context, p Proof) (Issued, error) {
	if err := checkPassword("password", p.Password); err != nil {
		return Issued{}, err
	}
	if p.Spoken {
		p.Code = typed(p.Code)
	}
	p.Email = normalEmail(p.Email)
	l, err := s.proved(ctx, p)
	if err != nil {
		return Issued{}, err
	}
	hash, err := s.HashPassword(ctx, p.Password)
	if err != nil {
		return Issued{}, err
	}
	var u User
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		now := s.Clock.Now()
		if err := takeLink(ctx, l.CodeHash, now); err != nil {
			return err
		}
		if err := setPassword(ctx, l.UserID, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, l.UserID, ids.ID[ids.Session]{}, now); err != nil {
			return err
		}
		if u, err = userByID(ctx, l.UserID); err != nil {
			return err
		}
		ctx = audit.With(ctx, audit.Who{User: u.ID, RequestID: audit.RequestID(ctx)})
		return s.Audit.Did(ctx, audit.Entry{Action: "set_password", Object: "user", ID: u.ID.String(), Fields: []string{l.Kind, way(l.Spoken)}})
	})
	if err != nil || !u.TotpAt.IsZero() {
		return Issued{}, err
	}
	return s.open(ctx, u, "first_sign_in", page)
}

// proved finds the link that a proof names and checks for whom it is. Wrong guesses
// count against the brake.
func (s *Service) proved(ctx context.Context, p Proof) (linkRow, error) {
	pair, client := s.buckets(ctx, "link", p.Email)
	if err := s.throttled(ctx, pair, client); err != nil {
		return linkRow{}, err
	}
	l, u, err := s.link(ctx, p.Code)
	forAnother := err == nil && (l.Kind == invitation || l.Spoken) && u.Email != p.Email
	if err == nil && l.Spoken != p.Spoken {
		err = fault.New(fault.NotFound)
	}
	unknown := fault.Has(err, fault.NotFound) && l.UserID.IsZero()
	if p.Spoken && (unknown || forAnother) {
		err = fault.New(fault.InvalidCredentials)
	} else if forAnother {
		err = &fault.Error{Code: fault.Invalid, Fields: []fault.Field{{Field: "email", Code: "not_yours", Key: "link.not_yours"}}}
	}
	if unknown || forAnother {
		if err := s.failed(ctx, pair, client); err != nil {
			return l, err
		}
	}
	return l, err
}

// CheckLink reports whether a one-time link still works, and if not why.
func (s *Service) CheckLink(ctx context.Context, code string) (kind string, err error) {
	l, _, err := s.link(ctx, code)
	if err == nil && l.Spoken { // typed on its own page, never part of an address
		err = fault.New(fault.NotFound)
	}
	return l.Kind, err
}

// link finds a link and its user. The fault of one that does not work any more has
// the key of its reason.
func (s *Service) link(ctx context.Context, code string) (l linkRow, u User, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		l, err = linkByHash(ctx, hashToken(code))
		if db.NoRows(err) || err == nil && l.Kind == step {
			l = linkRow{}
			return fault.New(fault.NotFound)
		}
		if err != nil {
			return err
		}
		if u, err = userByID(ctx, l.UserID); err != nil {
			return err
		}
		return l.refusal(s.Clock.Now())
	})
	return l, u, err
}

// LinkTenant says where the address in a mail leads; zero when it is no link of ours.
func (s *Service) LinkTenant(ctx context.Context, code string) (id tenants.ID, err error) {
	err = s.DB.ReadAsSystem(ctx, "the neutral address in a mail names no tenant", func(ctx context.Context) error {
		id, err = tenantOfLink(ctx, hashToken(code))
		if db.NoRows(err) {
			err = nil
		}
		return err
	})
	return id, err
}
