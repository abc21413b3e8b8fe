package accounts

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// SessionLife is how long a sign-in lasts (contract: 12 h).
const SessionLife = 12 * time.Hour

// LinkLife is how long a one-time link lasts (72 h).
const LinkLife = 72 * time.Hour

// The brake on guessing (contract: API rules).
const (
	failureWindow     = 15 * time.Minute
	failuresPerPair   = 10
	failuresPerClient = 100
)

// User is one account of a tenant.
type User struct {
	ID           ids.ID[ids.User] `bun:",pk"`
	TenantID     ids.ID[ids.Tenant]
	Email        string // what is typed to sign in: an address, or a name where there is no mailbox
	NameAr       string
	NameLatin    string
	PasswordHash string    // "" until the user has set a password
	Locale       string    `bun:",nullzero"` // "" until the user chooses a language
	EndedAt      time.Time `bun:",nullzero"`
	CreatedAt    time.Time

	Version   int64            // of what an administrator edits
	ChangedAt time.Time        `bun:",nullzero"`
	ChangedBy ids.ID[ids.User] `bun:",nullzero"`
	KeyID     ids.ID[ids.Key]  `bun:",nullzero"` // seals the second factor and kept forms
	KeysOff   bool             // no single-key shortcuts
	MailsOff  bool             // no mail about notices
	Totp      []byte           // sealed secret of the second factor
	TotpUsed  int64            // the last time step whose code was used: none is used twice
	TotpAt    time.Time        `bun:",nullzero"` // since when the second factor is asked for
}

// The states of an account.
const (
	Invited = "invited" // nobody has signed in yet
	Active  = "active"
	Ended   = "ended"
)

// State is where an account stands.
func (u User) State() string {
	switch {
	case !u.EndedAt.IsZero():
		return Ended
	case u.PasswordHash == "":
		return Invited
	}
	return Active
}

// HasMailbox reports whether mail can reach the account.
func (u User) HasMailbox() bool { return strings.Contains(u.Email, "@") }

// Mailbox is where notices about work go; "" for somebody who wants none.
func (u User) Mailbox() string {
	if u.MailsOff || !u.HasMailbox() {
		return ""
	}
	return u.Email
}

// Membership gives a user one role, in a unit and those below, or in the whole
// tenant where UnitID is zero.
type Membership struct {
	ID        ids.ID[ids.Entry] `bun:",pk"`
	TenantID  ids.ID[ids.Tenant]
	UserID    ids.ID[ids.User]
	Role      string
	UnitID    ids.ID[ids.Unit] `bun:",nullzero"`
	Position  int              // the first role is the one that the header shows
	ValidFrom time.Time
	ValidTo   time.Time `bun:",nullzero"`
	HandedAt  time.Time `bun:",nullzero"` // what was held under it has gone to the unit
}

// RunsAt reports whether the membership gives its role at an instant.
func (m Membership) RunsAt(now time.Time) bool {
	return !m.ValidFrom.After(now) && (m.ValidTo.IsZero() || m.ValidTo.After(now))
}

// running keeps the memberships that give their role now.
func running(list []Membership, now time.Time) []Membership {
	return slices.DeleteFunc(slices.Clone(list), func(m Membership) bool { return !m.RunsAt(now) })
}

// Grant is a membership that an administrator gives.
type Grant struct {
	Role  string
	Unit  ids.ID[ids.Unit] // zero: the whole tenant
	Until time.Time        // zero: without end
}

// Equal reports whether a membership is what the grant says.
func (g Grant) Equal(m Membership) bool {
	return g.Role == m.Role && g.Unit == m.UnitID && g.Until.Equal(m.ValidTo)
}

// watchers check the administrator's own work: nobody gives them to themselves
// (domain.md §1, roles).
var watchers = []string{"auditor", "dpo"}

// SelfServing is a role that an administrator wants to give to itself and may not;
// "" for none.
func SelfServing(before []Membership, after []Grant) string {
	for _, g := range after {
		had := slices.ContainsFunc(before, func(m Membership) bool { return g.Equal(m) })
		if slices.Contains(watchers, g.Role) && !had {
			return g.Role
		}
	}
	return ""
}

// Unit is a delegation, centre, desk, ward or service of a tenant.
type Unit struct {
	ID        ids.ID[ids.Unit] `bun:",pk"`
	TenantID  ids.ID[ids.Tenant]
	ParentID  ids.ID[ids.Unit] `bun:",nullzero"`
	Kind      string
	NameAr    string
	NameFr    string
	NameEn    string
	Commune   string `bun:",nullzero"`
	OnCall    string `bun:",nullzero"`
	Version   int64
	CreatedAt time.Time
}

var signInName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{2,39}$`)

// normalEmail is the form in which an address is stored and compared.
func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// errLastAdmin keeps a tenant from losing the last account that can run it.
func errLastAdmin() error {
	return &fault.Error{Code: fault.NotPermitted, Key: "users.last_admin", Data: map[string]any{"reason": "last_admin"}}
}

// errOneself keeps an administrator from becoming its own watcher.
func errOneself() error { return &fault.Error{Code: fault.Forbidden, Key: "users.not_to_oneself"} }

// errThrottled refuses further guesses for a while.
func errThrottled() error {
	return fault.New(fault.TooMany).With("retry_after", int(failureWindow/time.Second))
}
