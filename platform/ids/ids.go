// Package ids gives every stored thing an identity: a UUIDv7, typed by what it
// names, so that a person's id can never be passed where a tenant's is wanted.
//
// Identities are for machines. People read a register number (2026/0147).
package ids

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID is the identity of one K. The zero value means "none" and is stored as NULL
// where the column is `nullzero`.
type ID[K any] [16]byte

// The kinds of things that more than one package names. They carry no behaviour:
// they exist so that the compiler can tell the identities apart.
type (
	// Tenant is an institution on the platform.
	Tenant struct{}
	// Unit is a desk, ward, centre or service of a tenant.
	Unit struct{}
	// User is an account of a tenant.
	User struct{}
	// Session is one sign-in of a user.
	Session struct{}
	// Person is somebody in difficulty, known to one tenant.
	Person struct{}
	// Consent is one agreement of a person to one use of their data.
	Consent struct{}
	// Organization is a body that is not on the platform.
	Organization struct{}
	// Service is an offer in the directory.
	Service struct{}
	// Agreement is a partnership agreement between tenants.
	Agreement struct{}
	// Referral is one request of one tenant to another for one person.
	Referral struct{}
	// Document is one stored file.
	Document struct{}
	// Message is one line of the exchange on a referral.
	Message struct{}
	// Task is something one user of a tenant has to do by a day.
	Task struct{}
	// Meeting is a meeting of a committee on an agreement, Decision one thing decided there.
	Meeting  struct{}
	Decision struct{}
	// Notification is one notice to one user.
	Notification struct{}
	// Key is a wrapped encryption key.
	Key struct{}
	// Entry is one line of the audit trail.
	Entry struct{}
	// Delivery is one outbox row: one event for one subscriber in one tenant.
	Delivery struct{}
)

// ErrMalformed says that a text is no UUID.
var ErrMalformed = errors.New("malformed id")

// New makes a fresh, time-ordered identity.
func New[K any]() ID[K] { return ID[K](uuid.Must(uuid.NewV7())) }

// Parse reads the canonical 36-sign form only; braces and URNs are refused.
func Parse[K any](s string) (ID[K], error) {
	if len(s) != 36 {
		return ID[K]{}, ErrMalformed
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID[K]{}, ErrMalformed
	}
	return ID[K](u), nil
}

// String is the canonical lower-case form, or "" for the zero value.
func (id ID[K]) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// IsZero reports whether this names nothing; encoding/json's omitzero asks it.
func (id ID[K]) IsZero() bool { return id == ID[K]{} }

// Compare orders ids by the time at which they were made.
func (id ID[K]) Compare(other ID[K]) int { return bytes.Compare(id[:], other[:]) }

// Before is the lowest id of a time before this one was made; zero stays zero.
func (id ID[K]) Before(d time.Duration) ID[K] {
	var ms uint64
	for _, b := range id[:6] {
		ms = ms<<8 | uint64(b)
	}
	back := uint64(max(d.Milliseconds(), 0))
	if ms < back {
		return ID[K]{}
	}
	ms -= back
	var out ID[K]
	for i := 5; i >= 0; i-- {
		out[i] = byte(ms)
		ms >>= 8
	}
	return out
}

// MarshalText writes the canonical form.
func (id ID[K]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the canonical form; an empty text is the zero value.
func (id *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID[K]{}
		return nil
	}
	v, err := Parse[K](string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Value stores the canonical text, which both databases take.
func (id ID[K]) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.String(), nil
}

// Scan reads what either database returns.
func (id *ID[K]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID[K]{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		if len(v) == 16 {
			copy(id[:], v)
			return nil
		}
		return id.UnmarshalText(v)
	case [16]byte:
		*id = ID[K](v)
		return nil
	}
	return fmt.Errorf("ids: cannot scan %T", src)
}
