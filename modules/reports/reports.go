// Package reports answers questions about many records at once: the register, every
// referral that a unit has sent or received in a period, as JSON, CSV or XLSX; and the
// figures of agreements, folded from the events of referrals.
//
// It stands on the observers' floor: it asks referrals and agreements and changes
// nothing of theirs. contribution.go is pure: what one referral's history gives to the
// figures; figures.go folds it and counts it again. Counts below five that leave a
// tenant are suppressed here; one's own register is not a count.
package reports

import (
	"context"
	"embed"

	"shubbak/modules"
	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// Register is the module's permission: taking one's own register away as a file.
var Register = policies.To("report", "register")

// Deps is what the module needs.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Audit     *audit.Log
	Catalog   *i18n.Catalog
	Tenants   *tenants.Registry
	Referrals *referrals.Service
	// Hash is keyed by the tenant of ctx: it stands for a person in figures.
	Hash func(ctx context.Context, purpose string, values ...string) ([]string, error)
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "reports", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Register},
		Routes:      s.streams(),
		Pages:       s.pages(),
		Events:      s.subscriptions(),
	}
}
