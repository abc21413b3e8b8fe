// Package calendars is the register of when institutions and their units work:
// weekly hours, public holidays, Ramadan, wards that never close. Deadlines are
// counted in it.
//
// It is a register of its own and not a part of the tenant's settings or of the
// directory: an edit moves deadlines, so it is versioned, audited and told, and its
// past versions stay to count what has passed. calendar.go holds the rules, store.go
// the rows; a calendar is read by every tenant that refers there, and written by the
// tenant's administrator alone.
package calendars

import (
	"embed"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Read   = policies.To("calendar", "read")
	Update = policies.To("calendar", "update")
)

// Deps is what the module needs.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Audit   *audit.Log
	Bus     *outbox.Bus
	Tenants *tenants.Registry
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "calendars", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read, Update},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Nav:         s.nav(),
	}
}
