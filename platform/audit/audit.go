// Package audit keeps, per tenant, an append-only chain of who did and read what:
// ids and names of fields, never values, so that erasing a person breaks nothing.
//
// An act writes its entry unchained, in its own transaction. One sealer gives
// committed entries their sequence and hash, within a second. A read that opens
// personal data commits its entry before the answer leaves; all readers waiting
// share one commit.
package audit

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

//go:embed migrations
var migrations embed.FS

// Tree is the package's part of the migration tree.
func Tree() fs.FS { return migrations }

// Who is the author of entries made under a context.
type Who struct {
	User      ids.ID[ids.User]
	RequestID string
}

type whoKey struct{}

// With names the author of what happens under ctx.
func With(ctx context.Context, w Who) context.Context { return context.WithValue(ctx, whoKey{}, w) }

// RequestID is the id of the request that ctx belongs to, "" outside one.
func RequestID(ctx context.Context) string {
	w, _ := ctx.Value(whoKey{}).(Who)
	return w.RequestID
}

// Entry is one act or read.
type Entry struct {
	Action string   // verb: register, send, open, list
	Object string   // kind of thing: person, referral
	ID     string   // its id, "" for a list
	Fields []string // names of fields touched or opened
	IDs    []string // ids of a page of a list
}

// Log writes and seals entries.
type Log struct {
	db    *db.DB
	clock clock.Clock
	reads chan read
	nudge chan struct{}
}

type read struct {
	rows []row
	done chan error
}

// New makes a log. Run must run for reads to be answered and entries sealed.
func New(d *db.DB, c clock.Clock) *Log {
	return &Log{db: d, clock: c, reads: make(chan read, 256), nudge: make(chan struct{}, 1)}
}

// Did writes the entries of an act, inside the act's transaction.
func (l *Log) Did(ctx context.Context, entries ...Entry) error {
	db.AfterCommit(ctx, l.wake)
	return insert(ctx, l.rows(ctx, entries))
}

// Opened commits the entries of a read before its answer may leave. When they
// cannot be written the answer is 503.
func (l *Log) Opened(ctx context.Context, entries ...Entry) error {
	rows := l.rows(ctx, entries)
	if db.Inside(ctx) {
		db.AfterCommit(ctx, l.wake)
		return insert(ctx, rows)
	}
	r := read{rows, make(chan error, 1)}
	select {
	case l.reads <- r:
	case <-ctx.Done():
		return fault.Of(fault.Unavailable, ctx.Err())
	}
	select {
	case err := <-r.done:
		if err != nil {
			return fault.Of(fault.Unavailable, err)
		}
		return nil
	case <-ctx.Done():
		return fault.Of(fault.Unavailable, ctx.Err())
	}
}

func (l *Log) wake() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

func (l *Log) rows(ctx context.Context, entries []Entry) []row {
	out := make([]row, len(entries))
	for i, e := range entries {
		out[i] = l.row(ctx, e)
	}
	return out
}

func (l *Log) row(ctx context.Context, e Entry) row {
	w, _ := ctx.Value(whoKey{}).(Who)
	detail := ""
	if len(e.Fields)+len(e.IDs) > 0 {
		b, _ := json.Marshal(struct {
			Fields []string `json:"fields,omitempty"`
			IDs    []string `json:"ids,omitempty"`
		}{e.Fields, e.IDs})
		detail = string(b)
	}
	return row{ID: ids.New[ids.Entry](), TenantID: db.Tenant(ctx), At: l.clock.Now(), Actor: w.User, Action: e.Action,
		Object: e.Object, ObjectID: e.ID, Detail: detail, RequestID: w.RequestID}
}

// Run commits reads and seals entries until ctx ends, then seals the tail.
func (l *Log) Run(ctx context.Context) {
	go l.commitReads(ctx)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			_ = l.Seal(end)
			return
		case <-tick.C:
		case <-l.nudge:
			// Let a burst gather: one batch costs one commit.
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		_ = l.Seal(ctx) // a failure is tried again at the next tick
	}
}

// commitReads takes the first reader and everybody who is already waiting: while
// one commit runs, the next batch gathers.
func (l *Log) commitReads(ctx context.Context) {
	for {
		var batch []read
		select {
		case <-ctx.Done():
			return
		case r := <-l.reads:
			batch = append(batch, r)
		}
	gather:
		for len(batch) < 200 {
			select {
			case r := <-l.reads:
				batch = append(batch, r)
			default:
				break gather
			}
		}
		var rows []row
		for _, r := range batch {
			rows = append(rows, r.rows...)
		}
		err := l.db.AsSystem(ctx, "entries of reads, of many tenants in one commit", func(ctx context.Context) error {
			return insert(ctx, rows)
		})
		for _, r := range batch {
			r.done <- err
		}
		l.wake()
	}
}

// Seal chains every committed entry that is not chained yet.
func (l *Log) Seal(ctx context.Context) error {
	for {
		n := 0
		err := l.db.ReadAsSystem(ctx, "is there anything to seal", func(ctx context.Context) (err error) {
			n, err = countUnsealed(ctx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		err = l.db.AsSystem(ctx, "sealer", func(ctx context.Context) error {
			n, err = sealBatch(ctx, l.db.Postgres())
			return err
		})
		if err != nil || n < sealSize {
			return err
		}
	}
}

// sum chains one entry to the one before it.
func sum(prev []byte, r row) []byte {
	h := sha256.New()
	h.Write(prev)
	b, _ := json.Marshal([]any{r.Seq, r.ID.String(), r.TenantID, r.At.UTC().UnixMicro(), r.Actor.String(), r.Action, r.Object, r.ObjectID, r.Detail, r.RequestID})
	h.Write(b)
	return h.Sum(nil)
}

// Sealed is an entry as it stands in the chain of its tenant.
type Sealed struct {
	Seq       int64
	At        time.Time
	User      ids.ID[ids.User]
	Entry     Entry
	RequestID string
	Hash      []byte
}

// Page reads the chain of the tenant of ctx from after a sequence on; with an object's
// id, only what concerns it.
func (l *Log) Page(ctx context.Context, object, id string, after int64, limit int) (out []Sealed, err error) {
	err = l.db.Read(ctx, func(ctx context.Context) error {
		rows, err := ownPage(ctx, object, id, after, limit)
		for _, r := range rows {
			x := Sealed{Seq: r.Seq, At: r.At, User: r.Actor, Entry: Entry{Action: r.Action, Object: r.Object, ID: r.ObjectID}, RequestID: r.RequestID, Hash: r.Hash}
			if r.Detail != "" {
				var d struct{ Fields, IDs []string }
				if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
					return err
				}
				x.Entry.Fields, x.Entry.IDs = d.Fields, d.IDs
			}
			out = append(out, x)
		}
		return err
	})
	return out, err
}

// Report is what Verify found for one tenant.
type Report struct {
	Tenant   string
	Sealed   int64
	Break    int64 // sequence of the first broken entry, 0 when whole
	Unsealed int
	Oldest   time.Time // of the unsealed entries
}

// OK reports that the chain is whole.
func (r Report) OK() bool { return r.Break == 0 }

// String is one line for the operator.
func (r Report) String() string {
	s := fmt.Sprintf("tenant %s: %d sealed", r.Tenant, r.Sealed)
	if !r.OK() {
		s += fmt.Sprintf(", BROKEN at %d", r.Break)
	}
	if r.Unsealed > 0 {
		s += fmt.Sprintf(", %d not sealed yet (oldest %s)", r.Unsealed, r.Oldest.UTC().Format(time.RFC3339))
	}
	return s
}

// Tail counts the entries that are not sealed yet, and says since when.
func (l *Log) Tail(ctx context.Context) (n int, oldest time.Time, err error) {
	err = l.db.ReadAsSystem(ctx, "unsealed entries", func(ctx context.Context) error {
		n, oldest, err = tail(ctx)
		return err
	})
	return n, oldest, err
}

// Verify recomputes every tenant's chain.
func (l *Log) Verify(ctx context.Context) ([]Report, error) {
	var out []Report
	var tenants []string
	err := l.db.ReadAsSystem(ctx, "audit verify", func(ctx context.Context) (err error) {
		tenants, err = tenantsWithEntries(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		rep, err := l.verifyTenant(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, rep)
	}
	return out, nil
}

// verifyTenant walks the chain while others go on sealing: the head read first must be
// reached, and the head read last must not lie behind what was found.
func (l *Log) verifyTenant(ctx context.Context, tenant string) (Report, error) {
	rep := Report{Tenant: tenant}
	var before, after head
	if err := l.readHead(ctx, tenant, &before); err != nil {
		return rep, err
	}
	prev := []byte{}
	for {
		var page []row
		err := l.db.ReadAsSystem(ctx, "audit verify", func(ctx context.Context) (err error) {
			page, err = chainPage(ctx, tenant, rep.Sealed)
			return err
		})
		if err != nil {
			return rep, err
		}
		for _, r := range page {
			if r.Seq != rep.Sealed+1 || string(sum(prev, r)) != string(r.Hash) {
				rep.Break = rep.Sealed + 1
				return rep, nil
			}
			prev = r.Hash
			rep.Sealed = r.Seq
		}
		if len(page) < sealSize {
			break
		}
	}
	if err := l.readHead(ctx, tenant, &after); err != nil {
		return rep, err
	}
	if rep.Sealed < before.Seq || after.Seq < rep.Sealed || after.Seq == rep.Sealed && string(after.Hash) != string(prev) {
		rep.Break = rep.Sealed + 1 // the tail was cut
	}
	return rep, l.db.ReadAsSystem(ctx, "audit verify", func(ctx context.Context) (err error) {
		rep.Unsealed, rep.Oldest, err = unsealedOf(ctx, tenant)
		return err
	})
}

func (l *Log) readHead(ctx context.Context, tenant string, h *head) error {
	return l.db.ReadAsSystem(ctx, "audit verify", func(ctx context.Context) (err error) {
		*h, err = headOf(ctx, tenant)
		return err
	})
}
