// Package reports answers questions about many records at once: for now the
// register, every referral that a unit has sent or received in a period, as JSON,
// CSV or XLSX.
//
// It stands on the observers' floor: it asks referrals and changes nothing. Counts
// that leave a tenant will be suppressed here; one's own register is not a count.
package reports

import (
	"embed"

	"shubbak/modules"
	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed locales
var locales embed.FS

// Register is the module's permission: taking one's own register away as a file.
var Register = policies.To("report", "register")

// Deps is what the module needs.
type Deps struct {
	Clock     clock.Clock
	Audit     *audit.Log
	Catalog   *i18n.Catalog
	Tenants   *tenants.Registry
	Referrals *referrals.Service
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "reports", Locales: locales,
		Permissions: []policies.Permission{Register},
		Routes:      s.streams(),
		Pages:       s.pages(),
	}
}
