package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"net/http"
	"time"
	"unicode/utf8"

	"shubbak/platform/db"
	"shubbak/platform/fault"

	"github.com/uptrace/bun"
)

// Resource is an answer that a replay can find again by its id.
type Resource interface{ ResourceID() string }

// Trims are the keys whose day is over.
func Trims() []db.Trim {
	return []db.Trim{{Table: "idempotency_keys", Where: "created_at < ?", Keep: 24 * time.Hour}}
}

// Replays says how a route's answer is found again: as this reader may see it
// now, because a replay must not reveal what a withdrawal has closed.
func (r Route) Replays(load func(ctx context.Context, id string) (any, error)) Route {
	r.replay = load
	return r
}

// forgets reports an act whose answer a replay could not give.
func (r Route) forgets() bool {
	return r.API && unsafeMethod(r.Method) && !r.Public && !r.Doc.Upload && !r.asks && r.replay == nil && r.Doc.Status != http.StatusNoContent
}

// Asks marks a call that changes nothing, whose body only keeps names out of the
// address: a replay asks again.
func (r Route) Asks() Route {
	r.asks = true
	return r
}

// once runs act. With an Idempotency-Key the same key and body run it once: the
// record commits in the act's own transaction.
func (c *call) once(act func(ctx context.Context) (any, error)) (out any, replayed bool, err error) {
	ctx := c.called()
	key := c.Get("Idempotency-Key")
	if key == "" || !unsafeMethod(c.Method()) || c.route.Public {
		out, err = act(ctx)
		return out, false, err
	}
	o, err := c.Once(hashOf(c.Method(), c.Path(), string(c.body)))
	if err != nil {
		return nil, false, err
	}
	defer o.End()
	if id, done, err := o.Before(ctx); err != nil || done {
		if err == nil {
			out, err = c.replayed(ctx, id, act)
		}
		return out, true, err
	}
	var earlier string
	found := false
	err = c.s.deps.DB.InTx(ctx, func(ctx context.Context) error {
		var err error
		if earlier, found, err = o.Lock(ctx); err != nil || found {
			return err
		}
		if out, err = act(ctx); err != nil {
			return err
		}
		id := ""
		if r, ok := out.(Resource); ok {
			id = r.ResourceID()
		}
		return o.Commit(ctx, id)
	})
	if err == nil && found {
		out, err = c.replayed(ctx, earlier, act)
	}
	return out, found, err
}

func (c *call) replayed(ctx context.Context, id string, act func(ctx context.Context) (any, error)) (any, error) {
	switch {
	case c.route.asks:
		return act(ctx)
	case c.route.replay == nil:
		return Nothing{}, nil
	}
	return c.route.replay(ctx, id)
}

// Once is one keyed call.
type Once struct {
	s    *Server
	row  keyRow
	name string
}

type keyRow struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:ik"`
	TenantID      string `bun:",pk"`
	UserID        string `bun:",pk"`
	Route         string `bun:",pk"`
	Key           string `bun:",pk"`
	Hash          string
	ResourceID    string
	CreatedAt     time.Time
}

// Once begins a keyed call; a first call that still runs is InProgress.
func (c *call) Once(hash string) (*Once, error) {
	key := c.Get("Idempotency-Key")
	if utf8.RuneCountInString(key) > 128 || !validText(key) {
		return nil, Malformed("Idempotency-Key")
	}
	a := c.session.Actor
	o := &Once{s: c.s, row: keyRow{TenantID: a.Tenant.ID.String(), UserID: a.User.String(), Route: c.Method() + " " + c.pattern(), Key: key, Hash: hash}}
	o.name = hashOf(o.row.TenantID, o.row.UserID, o.row.Route, key)
	if _, busy := c.s.running.LoadOrStore(o.name, true); busy {
		return nil, fault.New(fault.InProgress)
	}
	return o, nil
}

// End lets the next call with this key run.
func (o *Once) End() { o.s.running.Delete(o.name) }

// Before looks for an earlier call without a transaction.
func (o *Once) Before(ctx context.Context) (id string, done bool, err error) {
	err = o.s.deps.DB.Read(ctx, func(ctx context.Context) (err error) {
		id, done, err = o.find(ctx)
		return err
	})
	return id, done, err
}

// Lock keeps the same key on another replica out until this transaction ends, and
// looks for an earlier call again.
func (o *Once) Lock(ctx context.Context) (string, bool, error) {
	if o.s.deps.DB.Postgres() {
		h := fnv.New64a()
		_, _ = h.Write([]byte(o.name))
		mine := false
		if err := db.Conn(ctx).NewRaw("select pg_try_advisory_xact_lock(?)", int64(h.Sum64())).Scan(ctx, &mine); err != nil {
			return "", false, err
		}
		if !mine {
			return "", false, fault.New(fault.InProgress)
		}
	}
	return o.find(ctx)
}

func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Keyed begins a keyed call whose body is known only once it has been read: Body
// names it before Lock.
func (c *Ctx) Keyed() (*Once, error) { return c.Once("") }

// Body says what the call was about.
func (o *Once) Body(parts ...string) { o.row.Hash = hashOf(parts...) }
