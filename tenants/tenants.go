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
	"strings"
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

	Version       int64
	Mark          string // one of Marks, "" for none
	Languages     string // "ar,fr,en": what the portal speaks; Locale is one of them
	NoticeAr      string // the information notice of law 09-08, by language
	NoticeFr      string
	NoticeEn      string
	Authorisation string // number of the CNDP's authorisation
	DocumentQuota int64  // bytes of all documents
	IdleMinutes   int    // after which a page asks for the password again
	SecondFactor  bool   // everybody signs in with a second factor

	kind Kind
}

// Name is the tenant's name in a language.
func (t *Tenant) Name(l i18n.Lang) string {
	return i18n.Words{Ar: t.NameAr, Fr: t.NameFr, En: t.NameEn}.In(l)
}

// Words are the tenant's names.
func (t *Tenant) Words() i18n.Words { return i18n.Words{Ar: t.NameAr, Fr: t.NameFr, En: t.NameEn} }

// Notice is the tenant's information notice in a language, "" while it has none.
func (t *Tenant) Notice(l i18n.Lang) string {
	return i18n.Words{Ar: t.NoticeAr, Fr: t.NoticeFr, En: t.NoticeEn}.In(l)
}

// Speaks lists the languages that the portal offers, in the product's order.
func (t *Tenant) Speaks() []i18n.Lang {
	var out []i18n.Lang
	for _, l := range i18n.Langs {
		if slices.Contains(strings.Split(t.Languages, ","), string(l)) {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return i18n.Langs[:]
	}
	return out
}

// In is a language that the portal offers: l, else the tenant's own.
func (t *Tenant) In(l i18n.Lang) i18n.Lang {
	if slices.Contains(t.Speaks(), l) {
		return l
	}
	return t.Locale
}

// Declared is the declaration of the tenant's kind.
func (t *Tenant) Declared() Kind { return t.kind }

// Accents are the colours that a tenant may choose; design.md §3 gives their
// values and contrast.
var Accents = []string{"coordination", "hospital", "chamber", "faculty", "indigo", "olive", "sea", "walnut"}

// Marks are the signs of the sprite that may stand beside a portal's name. A
// picture of one's own would be a raster on every page (design.md §1).
var Marks = []string{"window", "building", "people", "shield", "handshake", "home"}

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
