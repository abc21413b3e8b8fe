// Package tenants says who is on the platform: the institution, the person who
// acts for it, and what kind of institution it is.
//
// A kind is a declaration (see its sub-folders): nothing in the product asks
// `if kind == hospital`.
package tenants

import (
	"context"
	"embed"
	"io/fs"
	"regexp"
	"slices"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
)

//go:embed migrations
var migrations embed.FS

// Tree is the package's part of the migration tree.
func Tree() fs.FS { return migrations }

// ID names a tenant.
type ID = ids.ID[ids.Tenant]

// Tenant is one institution with its own portal, staff, rules and records.
type Tenant struct {
	ID              ID `bun:",pk"`
	Slug            string
	Kind            string
	NameAr          string
	NameFr          string
	NameEn          string
	Accent          string // one of Accents
	Locale          i18n.Lang
	Host            string `bun:",nullzero"` // a host name of its own, else ""
	RequireApproval bool   // referrals wait for a supervisor, never urgent ones
	FileLimit       int64  // bytes of one document
	CreatedAt       time.Time

	kind Kind
}

// Name is the tenant's name in a language.
func (t *Tenant) Name(l i18n.Lang) string {
	return i18n.Words{Ar: t.NameAr, Fr: t.NameFr, En: t.NameEn}.In(l)
}

// Words are the tenant's names.
func (t *Tenant) Words() i18n.Words { return i18n.Words{Ar: t.NameAr, Fr: t.NameFr, En: t.NameEn} }

// Declared is the declaration of the tenant's kind.
func (t *Tenant) Declared() Kind { return t.kind }

// Accents are the colours that a tenant may choose; design.md §3 gives their
// values and contrast.
var Accents = []string{"coordination", "hospital", "chamber", "faculty", "indigo", "olive", "sea", "walnut"}

// Kind declares one kind of institution.
type Kind struct {
	Name    string
	Modules []string // names of the modules that are on
	Roles   []string // roles a membership may have
	Home    string   // path of the first page after sign-in
	Nav     []string // paths of the navigation entries, in order
	Accent  string   // default accent
	// Coordinates says that the kind coordinates the network: it is told of dangers
	// that nobody answers, also between others.
	Coordinates bool
	// Care kinds may receive health data and see the name of a psychiatric service.
	Care bool
	// Sends is the role that refers, listens and decides for the tenant's unit.
	Desk string
}

// Actor is a signed-in person acting for a tenant.
type Actor struct {
	User    ids.ID[ids.User]
	Session ids.ID[ids.Session]
	Tenant  *Tenant
	Name    i18n.Words // En is the Latin name
	Email   string
	Roles   []string
	Unit    ids.ID[ids.Unit]   // the first unit of the memberships, where work is done
	Units   []ids.ID[ids.Unit] // units within reach; empty means the whole tenant
	Lang    i18n.Lang
}

// Has reports whether the actor has a role.
func (a Actor) Has(role string) bool { return slices.Contains(a.Roles, role) }

// Reaches reports whether a unit is within the actor's reach. A record of no unit
// is within everybody's.
func (a Actor) Reaches(unit ids.ID[ids.Unit]) bool {
	return len(a.Units) == 0 || unit.IsZero() || slices.Contains(a.Units, unit)
}

type actorKey struct{}

// With puts the actor into the context and makes transactions act as their tenant.
func With(ctx context.Context, a Actor) context.Context {
	return db.As(context.WithValue(ctx, actorKey{}, a), a.Tenant.ID.String())
}

// From is the actor of a context; the zero Actor has no roles and may do nothing.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Current is the tenant that ctx acts as, as a typed id.
func Current(ctx context.Context) ID {
	id, _ := ids.Parse[ids.Tenant](db.Tenant(ctx))
	return id
}

// SlugForm is what a tenant's slug may look like.
var SlugForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)
