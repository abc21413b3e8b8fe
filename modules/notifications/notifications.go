// Package notifications tells people what happened: in the portal, with the full
// sentence in the reader's language, and by mail, with one generic sentence, a
// number and a neutral link. No mail names a person or a partner.
//
// Who is told what stands in told.go, as data.
package notifications

import (
	"embed"
	"time"

	"shubbak/modules"
	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/live"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// Read is the module's permission.
var Read = policies.To("notification", "read")

// Deps is what the module needs.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Bus        *outbox.Bus
	Law        *policies.Law
	Catalog    *i18n.Catalog
	Tenants    *tenants.Registry
	Accounts   *accounts.Service
	Agreements *agreements.Service
	Referrals  *referrals.Service
	Live       *live.Hub
	Mail       mail.Sender
	PublicURL  string
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "notifications", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read},
		Routes:      append(s.routes(), s.streams()...),
		Pages:       s.pages(),
		Events:      s.subscriptions(),
		Trims:       []db.Trim{{Table: "notifications", Where: "read_at < ?", Keep: 180 * 24 * time.Hour}},
		Nav:         []web.NavEntry{{Path: "/notifications", Key: "notifications.nav", Icon: "bell", Perm: Read}},
	}
}
