// Package agreements holds the partnership agreements, the engine of the network:
// a right to refer, whom it covers and what may be shown come from the agreement
// in force at that second.
//
// Permits is asked in the transaction that sends and reads the agreement locked,
// so that a suspension either waits for this act or is seen by it.
package agreements

import (
	"embed"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// Read is the module's permission.
var Read = policies.To("agreement", "read")

// Deps is what the module needs.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Audit   *audit.Log
	Tenants *tenants.Registry
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "agreements", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Nav:         []web.NavEntry{{Path: "/agreements", Key: "agreements.nav", Icon: "agreement", Perm: Read}},
	}
}
