package accounts

import (
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
	Email        string
	NameAr       string
	NameLatin    string
	PasswordHash string
	Locale       string    `bun:",nullzero"` // "" until the user chooses a language
	EndedAt      time.Time `bun:",nullzero"`
	CreatedAt    time.Time
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
	CreatedAt time.Time
}

// normalEmail is the form in which an address is stored and compared.
func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// ErrThrottled refuses further guesses for a while.
func errThrottled() error {
	return fault.New(fault.TooMany).With("retry_after", int(failureWindow/time.Second))
}
