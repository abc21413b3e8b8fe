// Package referrals is the platform's main job: a referral from one tenant's desk
// to another's service and back, with staged disclosure of who the person is.
//
// referral.go is the pure table of states; clocks.go its deadlines; send.go,
// commands.go, read.go and the files named by topic the use cases; slices.go what
// the receiver may see. A
// referral is one row that both sides share; the person's data are sealed slices
// that stand open only while the row's open_slices names them.
package referrals

import (
	"embed"
	"slices"
	"sync/atomic"
	"time"

	"shubbak/modules"
	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/calendars"
	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/live"
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

// ID names a referral.
type ID = ids.ID[ids.Referral]

// Deps is what the module needs.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Calendars  *calendars.Service
	Audit      *audit.Log
	Vault      *vault.Vault
	Bus        *outbox.Bus
	Law        *policies.Law
	Tenants    *tenants.Registry
	Accounts   *accounts.Service
	People     *people.Service
	Agreements *agreements.Service
	Directory  *directory.Directory
	Documents  *documents.Service
	Live       *live.Hub
	// Address is where the platform is reached, for the code on a slip.
	Address func() string
}

// Service is the module's use cases.
type Service struct {
	Deps
	terms *terms.Lists
	zone  *time.Location
	asked atomic.Int64 // the minute in which this process last asked for clocks that ring
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d, terms: terms.Load(), zone: clock.Casablanca()} }

func perm(action string) policies.Permission { return policies.To("referral", action) }

// The permissions that are not a command.
var (
	create  = perm("create")
	read    = perm("read")
	update  = perm("update")
	message = perm("message")
	preview = perm("preview")
	review  = perm("review")
)

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "referrals", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{create, read, update, message, preview, review},
		Routes:      s.routes(),
		Pages:       slices.Concat(s.pages(), s.sendPages(), s.dangerPages(), s.letterPages()),
		Nav:         s.nav(),
		Events:      s.subscriptions(),
		Schedules:   s.schedules(),
	}
}
