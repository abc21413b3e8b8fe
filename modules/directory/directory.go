// Package directory lists the services of the network: whom they are for, which
// needs they answer to, whether they have room.
//
// The names follow Open Referral HSDS 3.0. The directory is public inside the
// network: every tenant reads all of it, only the owner writes.
package directory

import (
	"context"
	"embed"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// Read is the module's permission.
var Read = policies.To("service", "read")

// SeeCalls is the permission to see whom to call in an immediate danger; EditCalls to
// say whom.
var (
	SeeCalls  = policies.To("emergency", "read")
	EditCalls = policies.To("emergency", "edit")
	// Edit is the permission to write services and outside bodies, Count that to say
	// how many places there are.
	Edit  = policies.To("service", "edit")
	Count = policies.To("service", "capacity")
)

// Judge says, for the tenant that asks, which agreement permits a referral and how many
// places its quota leaves (nil: no quota), or not_permitted with the reason why none
// does: in the contract's code, and in words that name the agreement and the day.
// agreements satisfies it through wire.go.
type Judge interface {
	Permits(to tenants.ID, service ids.ID[ids.Service], needs []string, p *terms.Profile) (agreement ids.ID[ids.Agreement], remaining *int, no *fault.Error)
}

// Deps is what the module needs.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Audit   *audit.Log
	Tenants *tenants.Registry
	// Judge loads the judgement for the tenant of a context.
	Judge func(ctx context.Context) (Judge, error)
	// Profile reads what rules may ask about a person of the tenant of a context.
	Profile func(ctx context.Context, id ids.ID[ids.Person]) (terms.Profile, error)
	// OwnUnit reports whether a unit is of the tenant of a context.
	OwnUnit func(ctx context.Context, id ids.ID[ids.Unit]) (bool, error)
	// UnitNames are the units of the tenant of a context, for a form.
	UnitNames UnitNames
	// Outcomes are the codes that a service may use.
	Outcomes []string
}

// Directory is the module's use cases.
type Directory struct{ Deps }

// New makes the directory.
func New(d Deps) *Directory { return &Directory{d} }

// Module is what the module contributes.
func (d *Directory) Module() modules.Module {
	return modules.Module{
		Name: "directory", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read, SeeCalls, EditCalls, Edit, Count},
		Routes:      append(d.routes(), d.editRoutes()...),
		Pages:       d.pages(),
		Nav:         d.nav(),
	}
}
