// Package vault seals what lists do not need to read: identity numbers, phones,
// addresses, reasons, messages, slices and files.
//
// Keys stand in three storeys (Tink's AEAD throughout): the master key, in a
// file, wraps each tenant's key; a tenant's key wraps one key per person; a
// person's key seals fields and wraps the keys of files. Destroying a person's
// key makes everything sealed under it unreadable, in backups too.
//
// Each ciphertext begins with the 16 bytes of its key's id, so a reader needs to
// know only what it read, and rotation re-wraps keys without touching data.
package vault

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

//go:embed migrations
var migrations embed.FS

// Tree is the package's part of the migration tree.
func Tree() fs.FS { return migrations }

// KeyID names a key; it stands in front of every ciphertext.
type KeyID = ids.ID[ids.Key]

// cacheFor is how long an unwrapped key may stay in memory.
const cacheFor = 5 * time.Minute

// ErrUnreadable says that a ciphertext is not ours, was altered, or that its key
// was destroyed.
var ErrUnreadable = errors.New("vault: sealed content cannot be opened")

// Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	db     *db.DB
	master tink.AEAD
	clock  clock.Clock

	mu      sync.RWMutex
	keys    map[KeyID]cached
	tenants map[string]tenantKeys
}

type cached struct {
	aead  tink.AEAD
	until time.Time
}

type tenantKeys struct {
	aead  tink.AEAD
	hash  []byte // secret of the keyed hashes
	until time.Time
}

// New makes a vault over the master key.
func New(d *db.DB, master tink.AEAD, c clock.Clock) *Vault {
	return &Vault{db: d, master: master, clock: c, keys: map[KeyID]cached{}, tenants: map[string]tenantKeys{}}
}

// AddTenant makes a tenant's keys, inside the system transaction that makes the
// tenant.
func (v *Vault) AddTenant(ctx context.Context, tenant string) error {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	wrapped, err := wrapHandle(h, v.master, tenant)
	if err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	sealed, err := v.master.Encrypt(secret, []byte("hash:"+tenant))
	if err != nil {
		return err
	}
	if err := insertKey(ctx, ids.New[ids.Key](), tenant, "tenant", wrapped, v.clock.Now()); err != nil {
		return err
	}
	return insertKey(ctx, ids.New[ids.Key](), tenant, "hash", sealed, v.clock.Now())
}

// NewKey makes the key of one person, inside the transaction that registers them.
func (v *Vault) NewKey(ctx context.Context) (KeyID, error) {
	tenant := db.Tenant(ctx)
	tk, err := v.tenant(ctx, tenant)
	if err != nil {
		return KeyID{}, err
	}
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return KeyID{}, err
	}
	id := ids.New[ids.Key]()
	wrapped, err := wrapHandle(h, tk.aead, id.String())
	if err != nil {
		return KeyID{}, err
	}
	a, err := aead.New(h)
	if err != nil {
		return KeyID{}, err
	}
	if err := insertKey(ctx, id, tenant, "person", wrapped, v.clock.Now()); err != nil {
		return KeyID{}, err
	}
	v.remember(id, a)
	return id, nil
}

// Seal encrypts plain under the key. place says where the ciphertext stands
// (table, column, row): it opens nowhere else.
func (v *Vault) Seal(ctx context.Context, key KeyID, place string, plain []byte) ([]byte, error) {
	a, err := v.aead(ctx, key)
	if err != nil {
		return nil, err
	}
	c, err := a.Encrypt(plain, []byte(place))
	if err != nil {
		return nil, err
	}
	return append(key[:], c...), nil
}

// Open decrypts what Seal made for the same place.
func (v *Vault) Open(ctx context.Context, place string, sealed []byte) ([]byte, error) {
	key, c, err := split(sealed)
	if err != nil {
		return nil, err
	}
	a, err := v.aead(ctx, key)
	if err != nil {
		return nil, err
	}
	plain, err := a.Decrypt(c, []byte(place))
	if err != nil {
		return nil, ErrUnreadable
	}
	return plain, nil
}

// SealJSON seals the JSON of a value.
func (v *Vault) SealJSON(ctx context.Context, key KeyID, place string, value any) ([]byte, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return v.Seal(ctx, key, place, b)
}

// OpenJSON opens what SealJSON made. Nothing sealed leaves value as it is.
func (v *Vault) OpenJSON(ctx context.Context, place string, sealed []byte, value any) error {
	if len(sealed) == 0 {
		return nil
	}
	b, err := v.Open(ctx, place, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, value)
}

// KeyOf tells under which key something is sealed.
func KeyOf(sealed []byte) (KeyID, error) {
	k, _, err := split(sealed)
	return k, err
}

func split(sealed []byte) (KeyID, []byte, error) {
	if len(sealed) < 16 {
		return KeyID{}, nil, ErrUnreadable
	}
	return KeyID(sealed[:16]), sealed[16:], nil
}

// Hash is the tenant's keyed hash of a value for one purpose: equal values give
// equal hashes inside a tenant and tell nothing outside it.
func (v *Vault) Hash(ctx context.Context, purpose string, values ...string) ([]string, error) {
	tk, err := v.tenant(ctx, db.Tenant(ctx))
	if err != nil {
		return nil, err
	}
	out := make([]string, len(values))
	for i, s := range values {
		m := hmac.New(sha256.New, tk.hash)
		m.Write([]byte(purpose))
		m.Write([]byte{0})
		m.Write([]byte(s))
		out[i] = fmt.Sprintf("%x", m.Sum(nil)[:16])
	}
	return out, nil
}

// Prefetch unwraps keys in one query, so that a list opens its rows without one
// query each.
func (v *Vault) Prefetch(ctx context.Context, keys ...KeyID) error {
	var missing []KeyID
	now := v.clock.Now()
	v.mu.RLock()
	for _, k := range keys {
		if c, ok := v.keys[k]; !ok || !c.until.After(now) {
			missing = append(missing, k)
		}
	}
	v.mu.RUnlock()
	if len(missing) == 0 {
		return nil
	}
	var rows []keyRow
	err := v.db.ReadAsSystem(ctx, "loading of keys", func(ctx context.Context) (err error) {
		rows, err = keysByID(ctx, missing)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		tk, err := v.tenant(ctx, r.TenantID)
		if err != nil {
			return err
		}
		h, err := keyset.Read(keyset.NewBinaryReader(bytes.NewReader(r.Wrapped)), boundAEAD{tk.aead, r.ID.String()})
		if err != nil {
			return ErrUnreadable
		}
		a, err := aead.New(h)
		if err != nil {
			return err
		}
		v.remember(r.ID, a)
	}
	return nil
}

func (v *Vault) aead(ctx context.Context, key KeyID) (tink.AEAD, error) {
	v.mu.RLock()
	c, ok := v.keys[key]
	v.mu.RUnlock()
	if ok && c.until.After(v.clock.Now()) {
		return c.aead, nil
	}
	if err := v.Prefetch(ctx, key); err != nil {
		return nil, err
	}
	v.mu.RLock()
	c, ok = v.keys[key]
	v.mu.RUnlock()
	if !ok || !c.until.After(v.clock.Now()) { // what is in memory has run out and its row is gone: destroyed
		return nil, ErrUnreadable
	}
	return c.aead, nil
}

func (v *Vault) remember(id KeyID, a tink.AEAD) {
	now := v.clock.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.keys) >= 20_000 { // flat memory: drop what has run out, else everything
		for k, c := range v.keys {
			if c.until.Before(now) {
				delete(v.keys, k)
			}
		}
		if len(v.keys) >= 20_000 {
			clear(v.keys)
		}
	}
	v.keys[id] = cached{a, now.Add(cacheFor)}
}

func (v *Vault) tenant(ctx context.Context, tenant string) (tenantKeys, error) {
	v.mu.RLock()
	tk, ok := v.tenants[tenant]
	v.mu.RUnlock()
	if ok && tk.until.After(v.clock.Now()) {
		return tk, nil
	}
	var rows []keyRow
	err := v.db.ReadAsSystem(ctx, "loading of keys", func(ctx context.Context) (err error) {
		rows, err = tenantKeyRows(ctx, tenant)
		return err
	})
	if err != nil {
		return tenantKeys{}, err
	}
	tk = tenantKeys{until: v.clock.Now().Add(cacheFor)}
	for _, r := range rows {
		switch r.Kind {
		case "tenant":
			h, err := keyset.Read(keyset.NewBinaryReader(bytes.NewReader(r.Wrapped)), boundAEAD{v.master, tenant})
			if err != nil {
				return tenantKeys{}, fmt.Errorf("vault: the master key does not open this tenant's key: %w", err)
			}
			if tk.aead, err = aead.New(h); err != nil {
				return tenantKeys{}, err
			}
		case "hash":
			if tk.hash, err = v.master.Decrypt(r.Wrapped, []byte("hash:"+tenant)); err != nil {
				return tenantKeys{}, fmt.Errorf("vault: the master key does not open this tenant's key: %w", err)
			}
		}
	}
	if tk.aead == nil || tk.hash == nil {
		return tenantKeys{}, errors.New("vault: this tenant has no keys")
	}
	v.mu.Lock()
	v.tenants[tenant] = tk
	v.mu.Unlock()
	return tk, nil
}

// FileKey makes the key of one file, wrapped under a person's key.
func (v *Vault) FileKey(ctx context.Context, under KeyID, place string) (wrapped []byte, f File, err error) {
	h, err := keyset.NewHandle(streamingaead.AES256GCMHKDF4KBKeyTemplate())
	if err != nil {
		return nil, File{}, err
	}
	a, err := v.aead(ctx, under)
	if err != nil {
		return nil, File{}, err
	}
	w, err := wrapHandle(h, a, place)
	if err != nil {
		return nil, File{}, err
	}
	s, err := streamingaead.New(h)
	if err != nil {
		return nil, File{}, err
	}
	return append(under[:], w...), File{s, place}, nil
}

// OpenFileKey unwraps what FileKey made for the same place.
func (v *Vault) OpenFileKey(ctx context.Context, wrapped []byte, place string) (File, error) {
	under, w, err := split(wrapped)
	if err != nil {
		return File{}, err
	}
	a, err := v.aead(ctx, under)
	if err != nil {
		return File{}, err
	}
	h, err := keyset.Read(keyset.NewBinaryReader(bytes.NewReader(w)), boundAEAD{a, place})
	if err != nil {
		return File{}, ErrUnreadable
	}
	s, err := streamingaead.New(h)
	if err != nil {
		return File{}, err
	}
	return File{s, place}, nil
}

// File seals and opens one stream, in segments of 4 KiB, each authenticated: a
// reader that was cut off never takes the rest for the whole.
type File struct {
	s     tink.StreamingAEAD
	place string
}

// Writer seals what is written to it; Close writes the last segment.
func (f File) Writer(w io.Writer) (io.WriteCloser, error) {
	return f.s.NewEncryptingWriter(w, []byte(f.place))
}

// Reader opens a sealed stream from its start.
func (f File) Reader(r io.Reader) (io.Reader, error) {
	return f.s.NewDecryptingReader(r, []byte(f.place))
}

func wrapHandle(h *keyset.Handle, with tink.AEAD, place string) ([]byte, error) {
	var b bytes.Buffer
	if err := h.Write(keyset.NewBinaryWriter(&b), boundAEAD{with, place}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// boundAEAD binds a wrapped key to the id of its owner: keyset.Handle itself
// passes no associated data.
type boundAEAD struct {
	tink.AEAD
	place string
}

func (b boundAEAD) Encrypt(p, _ []byte) ([]byte, error) { return b.AEAD.Encrypt(p, []byte(b.place)) }
func (b boundAEAD) Decrypt(c, _ []byte) ([]byte, error) { return b.AEAD.Decrypt(c, []byte(b.place)) }
