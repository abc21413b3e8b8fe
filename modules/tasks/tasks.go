// Package tasks is the register of what somebody of an institution has to do by a day.
//
// A task belongs to one tenant and to one of its users. task.go holds the table of
// states, service.go and lists.go the use cases, store.go the rows. Its title may name
// a person, so it is sealed: under the key of the person whom the subject concerns,
// else under a key of its own. What a task is about is known through Subjects.
package tasks

import (
	"context"
	"embed"
	"slices"

	"shubbak/modules"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed locales
var locales embed.FS

func perm(action string) policies.Permission { return policies.To("task", action) }

// The module's permissions beside those of the commands. Who may read in any relation
// oversees the tasks of others; who may create in any gives tasks to others.
var (
	Read   = perm("read")
	create = perm("create")
)

// Subject is the record that a task is about.
type Subject struct {
	Key    ids.ID[ids.Key] // of the person whom it concerns; zero where it concerns none
	Number string          // of its register, "" where it has none
}

// Subjects knows the records that tasks are about; wire.go satisfies it.
type Subjects interface {
	// Subject gives a record of a kind, or not_found when it is out of the actor's reach.
	Subject(ctx context.Context, kind, id string) (Subject, error)
}

// Colleague is somebody of the tenant of a context who can be given a task.
type Colleague struct {
	ID   ids.ID[ids.User]
	Name i18n.Words
}

// Deps is what the module needs. Subjects is set once the modules that satisfy it
// exist.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Audit    *audit.Log
	Vault    *vault.Vault
	Bus      *outbox.Bus
	Law      *policies.Law
	Subjects Subjects
	// Colleagues lists who holds one of the roles at the tenant of ctx now.
	Colleagues func(ctx context.Context, roles ...string) ([]Colleague, error)
	// Unit is where a user of the tenant of ctx works; zero: in the whole of it.
	Unit func(ctx context.Context, user ids.ID[ids.User]) (ids.ID[ids.Unit], error)
	// Names gives the names of users of the tenant of ctx.
	Names func(ctx context.Context, users ...ids.ID[ids.User]) (map[ids.ID[ids.User]]i18n.Words, error)
	// Moved is told, in the transaction that moves it, of every task that another record
	// has made; nil where nobody wants to know.
	Moved func(ctx context.Context, source string, state string) error
}

// Service is the module's use cases.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Module is what the module contributes.
func (s *Service) Module() modules.Module {
	permissions := []policies.Permission{Read, create}
	for _, c := range Commands {
		permissions = append(permissions, perm(string(c)))
	}
	return modules.Module{
		Name: "tasks", Migrations: migrations, Locales: locales,
		Permissions: permissions,
		Routes:      slices.Concat(s.routes(), s.commandRoutes()),
		Pages:       s.pages(),
		Nav:         []web.NavEntry{{Path: "/tasks", Key: "tasks.nav", Icon: "check-disc", Perm: Read, Count: s.Waiting}},
	}
}
