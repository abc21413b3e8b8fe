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
	"shubbak/platform/i18n"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Me         = policies.To("account", "me")
	Administer = policies.To("account", "administer")
	Govern     = policies.To("tenant", "administer")
)

// Deps is what the module needs.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Audit     *audit.Log
	Vault     *vault.Vault
	Bus       *outbox.Bus
	Law       *policies.Law
	Catalog   *i18n.Catalog
	Tenants   *tenants.Registry
	Mail      mail.Sender
	PublicURL string
	// Holdings knows the work that users hold.
	Holdings Holdings
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
		Permissions: []policies.Permission{Me, Administer, Govern},
		Routes:      s.routes(),
		Pages:       s.pages(),
		Trims: []db.Trim{
			{Table: "sessions", Where: "case when ended_at is null then expires_at else ended_at end < ?", Keep: 30 * 24 * time.Hour},
			{Table: "sign_in_failures", Where: "at < ?", Keep: 24 * time.Hour},
			{Table: "kept_forms", Where: "created_at < ?", Keep: SessionLife},
			{Table: "sign_in_links", Where: "expires_at < ?", Keep: 30 * 24 * time.Hour},
		},
		Events:    s.subscriptions(),
		Schedules: s.schedules(),
		Nav: []web.NavEntry{{Path: "/users", Key: "users.nav", Icon: "people", Perm: Administer},
			{Path: "/settings", Key: "settings.nav", Icon: "shield", Perm: Govern}},
	}
}
