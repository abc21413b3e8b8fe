// Package accounts knows who may sign in: users, their roles and units,
// sessions, one-time links, and the brake on guessing.
//
// A user belongs to one tenant. A membership gives a role in a unit, or in the
// whole tenant; it reaches the units below. Nothing is cached: ending a session
// or a membership acts at the next request.
package accounts

import (
	"embed"
	"time"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/policies"
	"shubbak/tenants"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Me = policies.To("account", "me")
)

// Deps is what the module needs.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Audit   *audit.Log
	Law     *policies.Law
	Tenants *tenants.Registry
}

// Service is the module's use cases.
type Service struct {
	Deps
	hashing chan struct{} // argon2id runs at most two at a time
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d, hashing: make(chan struct{}, 2)} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "accounts", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Me},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Trims: []db.Trim{
			{Table: "sessions", Where: "coalesce(ended_at, expires_at) < ?", Keep: 30 * 24 * time.Hour},
			{Table: "sign_in_failures", Where: "at < ?", Keep: 24 * time.Hour},
			{Table: "sign_in_links", Where: "expires_at < ?", Keep: 30 * 24 * time.Hour},
		},
	}
}
