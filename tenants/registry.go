package tenants

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
)

// Registry knows every tenant. Tenants are few and change rarely: they are held
// in memory and read again when somebody names one that is not there.
type Registry struct {
	db    *db.DB
	clock clock.Clock
	kinds map[string]Kind

	reading atomic.Bool // what is held is being read again

	mu     sync.RWMutex
	bySlug map[string]*Tenant
	byID   map[ID]*Tenant
	byHost map[string]*Tenant
	read   time.Time
}

// NewRegistry makes a registry of the declared kinds; it reads nothing yet.
func NewRegistry(d *db.DB, c clock.Clock, kinds []Kind) *Registry {
	r := &Registry{db: d, clock: c, kinds: map[string]Kind{}}
	for _, k := range kinds {
		r.kinds[k.Name] = k
	}
	return r
}

// Kinds lists the declared kinds by name.
func (r *Registry) Kinds() []Kind {
	out := make([]Kind, 0, len(r.kinds))
	for _, k := range r.kinds {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Kind) int { return compare(a.Name, b.Name) })
	return out
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// Kind finds a declared kind.
func (r *Registry) Kind(name string) (Kind, bool) {
	k, ok := r.kinds[name]
	return k, ok
}

// BySlug finds a tenant; nil when there is none.
func (r *Registry) BySlug(ctx context.Context, slug string) (*Tenant, error) {
	return r.find(ctx, func() *Tenant { return r.bySlug[slug] })
}

// ByID finds a tenant; nil when there is none.
func (r *Registry) ByID(ctx context.Context, id ID) (*Tenant, error) {
	return r.find(ctx, func() *Tenant { return r.byID[id] })
}

// ByHost finds the tenant that has a host name of its own; it never reads again,
// since every request of every other host asks it.
func (r *Registry) ByHost(host string) *Tenant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byHost[host]
}

// Slug is the slug of a tenant id, "" when unknown.
func (r *Registry) Slug(ctx context.Context, id ID) string {
	t, err := r.ByID(ctx, id)
	if err != nil || t == nil {
		return ""
	}
	return t.Slug
}

// All reads the tenants anew and lists them by slug.
func (r *Registry) All(ctx context.Context) ([]*Tenant, error) {
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	return r.Known(), nil
}

// Known lists the tenants as memory holds them, by slug: what a request has looked up
// before is at most a few seconds old.
func (r *Registry) Known() []*Tenant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*Tenant, 0, len(r.byID))
	for _, t := range r.byID {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Tenant) int { return compare(a.Slug, b.Slug) })
	return out
}

// rereadAfter is how old what is held in memory may be.
const rereadAfter = 3 * time.Second

func (r *Registry) find(ctx context.Context, get func() *Tenant) (*Tenant, error) {
	r.mu.RLock()
	t, age := get(), time.Since(r.read)
	r.mu.RUnlock()
	fresh := age < time.Second
	if t != nil && age > rereadAfter && r.reading.CompareAndSwap(false, true) {
		// Another replica may have changed a setting. Nobody waits for this: a database
		// that is gone must not hold up those who are answered from memory.
		go func() {
			defer r.reading.Store(false)
			_ = r.reload(context.WithoutCancel(db.Detached(ctx)))
		}()
	}
	if t != nil || fresh { // a guessed address reads the table once a second at most
		return t, nil
	}
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return get(), nil
}

func (r *Registry) reload(ctx context.Context) error {
	var rows []*row
	err := r.db.ReadAsSystem(ctx, "look-up of tenants", func(ctx context.Context) (err error) {
		rows, err = all(ctx)
		return err
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bySlug, r.byID, r.byHost, r.read = map[string]*Tenant{}, map[ID]*Tenant{}, map[string]*Tenant{}, time.Now()
	for _, x := range rows {
		t := &x.Tenant
		t.kind = r.kinds[t.Kind]
		r.bySlug[t.Slug], r.byID[t.ID] = t, t
		if t.Host != "" {
			r.byHost[t.Host] = t
		}
	}
	return nil
}

// Keys makes the encryption keys of a new tenant.
type Keys interface {
	AddTenant(ctx context.Context, tenant string) error
}

// DefaultFileLimit is the size of one document where the tenant says nothing.
const DefaultFileLimit = 256 << 20

// DefaultQuota is the room for all documents where the tenant says nothing.
const DefaultQuota = 100 << 30

// DefaultIdle is the number of minutes without use after which a page on a shared
// computer asks for the password again.
const DefaultIdle = 15

// Add makes a tenant with its keys. A slug that is taken is an Invalid fault.
func (r *Registry) Add(ctx context.Context, keys Keys, t Tenant) (*Tenant, error) {
	k, ok := r.kinds[t.Kind]
	if !ok {
		return nil, fault.In("kind", "unknown_code")
	}
	if !SlugForm.MatchString(t.Slug) {
		return nil, fault.In("slug", "malformed")
	}
	if t.ID.IsZero() {
		t.ID = ids.New[ids.Tenant]()
	}
	if t.Accent == "" {
		t.Accent = k.Accent
	}
	if !slices.Contains(Accents, t.Accent) {
		return nil, fault.In("accent", "unknown_code")
	}
	if t.Locale == "" {
		t.Locale = i18n.Arabic
	}
	if t.DocumentQuota == 0 {
		t.DocumentQuota = DefaultQuota
	}
	if t.FileLimit == 0 {
		t.FileLimit = DefaultFileLimit
	}
	if t.IdleMinutes == 0 {
		t.IdleMinutes = DefaultIdle
	}
	if t.Languages == "" {
		t.Languages = "ar,fr,en"
	}
	t.Version = 1
	t.CreatedAt, t.kind = r.clock.Now(), k
	err := r.db.AsSystem(ctx, "first set-up of a tenant", func(ctx context.Context) error {
		if err := insert(ctx, t); err != nil {
			return err
		}
		return keys.AddTenant(ctx, t.ID.String())
	})
	if db.Unique(err, "slug") {
		return nil, fault.In("slug", "taken")
	}
	if err != nil {
		return nil, fmt.Errorf("tenant: %w", err)
	}
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	return r.BySlug(ctx, t.Slug)
}
