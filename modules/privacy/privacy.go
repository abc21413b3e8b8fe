// Package privacy shows who saw what: the disclosure register of a person, and the
// sealed audit of one's own tenant, to the auditor and the data-protection officer.
//
// It stands on the observers' floor: the register is written by referrals, whose
// transactions disclose, and the audit by everybody; this module only reads, and
// writes that it has read.
package privacy

import (
	"embed"

	"shubbak/modules"
	"shubbak/modules/accounts"
	"shubbak/modules/people"
	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Disclosures = policies.To("disclosure", "read")
	Audit       = policies.To("audit", "read")
)

// Deps is what the module needs.
type Deps struct {
	Audit     *audit.Log
	Catalog   *i18n.Catalog
	Tenants   *tenants.Registry
	Accounts  *accounts.Service
	People    *people.Service
	Referrals *referrals.Service
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "privacy", Locales: locales,
		Permissions: []policies.Permission{Disclosures, Audit},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Nav:         []web.NavEntry{{Path: "/disclosures", Key: "privacy.nav", Icon: "eye", Perm: Disclosures}},
	}
}
