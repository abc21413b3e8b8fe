// Package people keeps the register of persons of each tenant, and their consents.
//
// A record belongs to one tenant and is never readable by another: what a partner
// sees travels with a referral. People are found whichever way their name is
// spelled (name.go); nothing is ever merged by itself.
package people

import (
	"context"
	"embed"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/terms"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Register    = policies.To("person", "register")
	Search      = policies.To("person", "search")
	Read        = policies.To("person", "read")
	Update      = policies.To("person", "update")
	ConsentPerm = policies.To("person", "consent")
)

// Withdrawals is told of a withdrawal inside its transaction: what the consent
// opened is closed before anybody can read again. referrals satisfies it.
type Withdrawals interface {
	ConsentWithdrawn(ctx context.Context, person ids.ID[ids.Person], consent ids.ID[ids.Consent], goOn bool) error
	// Resting lists what a withdrawal would close.
	Resting(ctx context.Context, consent ids.ID[ids.Consent]) ([]Resting, error)
}

// Resting is a referral that rests on a consent.
type Resting struct {
	ID     ids.ID[ids.Referral]
	Number string // "" before it is sent
	State  string
	To     tenants.ID
}

// Deps is what the module needs.
type Deps struct {
	DB          *db.DB
	Clock       clock.Clock
	Audit       *audit.Log
	Vault       *vault.Vault
	Bus         *outbox.Bus
	Law         *policies.Law
	Tenants     *tenants.Registry
	Withdrawals Withdrawals
	// Panels are what other modules add to the page of a person; nil adds nothing.
	Panels []Panel
}

// Service is the module's use cases.
type Service struct {
	Deps
	terms *terms.Lists
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d, terms: terms.Load()} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "people", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Register, Search, Read, Update, ConsentPerm},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Nav:         s.nav(),
	}
}
