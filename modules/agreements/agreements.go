// Package agreements holds the partnership agreements, the engine of the network:
// a right to refer, whom it covers and what may be shown come from the agreement
// in force at that second.
//
// agreement.go and life.go hold the pure table of states, text.go what is signed;
// write.go, commands.go, signing.go, talk.go and versions.go the use cases; settle.go
// makes the clauses act. A text is one document with a version and a hash; the rows
// that Permits reads are made from it when the last party has signed.
//
// Permits is asked in the transaction that sends and reads the agreement locked,
// so that a suspension either waits for this act or is seen by it.
package agreements

import (
	"context"
	"embed"
	"slices"
	"sync/atomic"
	"time"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

func perm(action string) policies.Permission { return policies.To("agreement", action) }

// The permissions that are not a command. ReadDraft is reading what the parties have
// not signed yet, and what they say of it.
var (
	Read      = perm("read")
	ReadDraft = perm("read_draft")
	write     = perm("write")
	comment   = perm("comment")
	meet      = perm("meet")
)

// Account is somebody of the tenant of a context, as a signature and a mail want it.
type Account struct {
	ID      ids.ID[ids.User]
	Name    i18n.Words
	Email   string
	Mailbox string // "" where nothing can be sent
	Lang    i18n.Lang
}

// File is a stored document that a signature names.
type File struct {
	ID      ids.ID[ids.Document]
	SHA256  string
	Name    string
	Type    string
	Checked bool // the virus scanner has let it pass
}

// ServiceName is a service as a clause names it.
type ServiceName struct {
	ID     ids.ID[ids.Service]
	Tenant tenants.ID
	Name   i18n.Words
}

// Deps is what the module needs.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Audit   *audit.Log
	Tenants *tenants.Registry
	Law     *policies.Law
	Bus     *outbox.Bus
	Catalog *i18n.Catalog
	Mail    mail.Sender
	// Hash is keyed by the tenant: codes are computed from the ids of their rows.
	Hash func(ctx context.Context, purpose string, values ...string) ([]string, error)
	// Account finds a user of the tenant of ctx.
	Account func(ctx context.Context, id ids.ID[ids.User]) (Account, error)
	// SignedFile finds a document of an agreement that the actor has put there, ready
	// to be kept; not_found for any other.
	SignedFile func(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Document]) (File, error)
	// KeepFile lets nobody alter or delete such a document before an instant, in the
	// transaction of ctx.
	KeepFile func(ctx context.Context, id ids.ID[ids.Document], until time.Time) error
	// Scans lists the files of an agreement that the actor's tenant has put there.
	Scans func(ctx context.Context, agreement ids.ID[ids.Agreement]) ([]File, error)
	// Attach takes a file of a page's form for an agreement; field is told what stands
	// before it.
	Attach func(c *web.Ctx, agreement ids.ID[ids.Agreement], field func(name, value string) bool) (File, error)
	// Counts gives the figures of an agreement; nil: none.
	Counts Counts
	// PlacesOf is how many places the services of each tenant offer.
	PlacesOf func(ctx context.Context, list []tenants.ID) (map[tenants.ID]int, error)
	// ServiceNames finds services of any tenant by their ids: their name and owner.
	ServiceNames func(ctx context.Context, list []ids.ID[ids.Service]) (map[ids.ID[ids.Service]]ServiceName, error)
	// ServicesOf lists the services of some tenants, for the clauses to name.
	ServicesOf func(ctx context.Context, list []tenants.ID) ([]ServiceName, error)
	// Agenda gives what the work puts on a meeting's agenda: late obligations and
	// breached clocks. It is asked in the transaction that plans; nil means none.
	Agenda func(ctx context.Context, id ids.ID[ids.Agreement]) ([]AgendaItem, error)
	// Owners lists who of the tenant of ctx can be given the task of a decision.
	Owners func(ctx context.Context) ([]Owner, error)
	Tasks  Tasks
	// Address is where the platform is reached, for the link in a mail.
	Address func() string
}

// Service is the module's use cases.
type Service struct {
	Deps
	terms *terms.Lists
	asked atomic.Int64 // the minute in which this process last asked what is due
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d, terms: terms.Load()} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	return modules.Module{
		Name: "agreements", Migrations: migrations, Locales: locales,
		Permissions: []policies.Permission{Read, ReadDraft, write, comment, measure, waive, meet},
		Routes:      slices.Concat(s.routes(), s.partRoutes(), s.talkRoutes(), s.followRoutes(), s.meetingRoutes()),
		Pages:       slices.Concat(s.pages(), s.meetingPages()),
		Nav:         []web.NavEntry{{Path: "/agreements", Key: "agreements.nav", Icon: "agreement", Perm: Read}},
		Events:      s.subscriptions(),
		Schedules:   s.schedules(),
		Trims:       []db.Trim{{Table: "agreement_codes", Where: "expires_at < ?", Keep: 24 * time.Hour}},
	}
}
