// Package documents stores files: streamed, sealed in the application, on disk or
// in any S3 store; listed and opened only through the record they belong to.
//
// The object is put first and its row commits after; an object without a row is
// swept away after a day. A type is sniffed, never believed.
package documents

import (
	"context"
	"embed"
	"time"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/blob"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/outbox"
	"shubbak/platform/vault"
	"shubbak/policies"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

// The module's permissions.
var (
	Read = policies.To("document", "read")
	Add  = policies.To("document", "add")
)

// Subject is a record that documents belong to, as the actor of a context may use
// it now.
type Subject struct {
	ID     ids.ID[ids.Referral]
	Key    vault.KeyID        // seals the file's key; none: each file has a key of its own
	Person ids.ID[ids.Person] // whom it is about, for its sender; the receiver does not know
	MayAdd bool
	// MayOpen says whether a document may be listed and opened now.
	MayOpen func(d Document) bool
}

// Subjects knows the records that documents belong to; referrals satisfies it.
type Subjects interface {
	// Subject gives the record, or not_found when it is out of the actor's reach.
	Subject(ctx context.Context, id ids.ID[ids.Referral]) (Subject, error)
	// DocumentAdded is told inside the transaction that adds the row.
	DocumentAdded(ctx context.Context, id ids.ID[ids.Referral], d Document) error
	// DocumentRefused is told inside the transaction that shuts a document for ever.
	DocumentRefused(ctx context.Context, id ids.ID[ids.Referral], d Document) error
	// DocumentsNamed records the disclosure before the receiver learns names of files:
	// they are content of the slice. It says not_open if the slice has closed meanwhile.
	DocumentsNamed(ctx context.Context, id ids.ID[ids.Referral]) error
	// DocumentOpened records the disclosure before content leaves.
	DocumentOpened(ctx context.Context, id ids.ID[ids.Referral], doc ids.ID[ids.Document]) error
}

// Deps is what the module needs. Subjects is set once the module that satisfies it
// exists.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Audit    *audit.Log
	Vault    *vault.Vault
	Blobs    blob.Store
	Bus      *outbox.Bus
	Live     *live.Hub
	Scanner  Scanner // nil: content is open at once
	Subjects Subjects
	// Agreement gives an agreement as the record of its signed files, or not_found.
	Agreement func(ctx context.Context, id ids.ID[ids.Agreement]) (Subject, error)
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// orphanAge is how old an object without a row must be before it is swept away.
const orphanAge = 24 * time.Hour

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "documents", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read, Add},
		Routes:      s.routes(),
		Events:      s.subscriptions(),
		Schedules:   s.schedules(),
	}
}
