package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/testkit"
	"shubbak/platform/vault"

	"github.com/uptrace/bun"
)

const (
	desk     = "01931f7e-6f3a-7c3d-9b1a-000000000001"
	hospital = "01931f7e-6f3a-7c3d-9b1a-000000000002"
)

// house is a vault with the keys of two tenants.
type house struct {
	db    *db.DB
	clock *clock.Manual
	file  string
	vault *vault.Vault
}

func each(t *testing.T, fn func(t *testing.T, h house)) {
	t.Helper()
	t.Parallel()
	var trees []fs.FS
	for _, tree := range []fs.FS{db.Tree(), vault.Tree()} {
		sub, err := fs.Sub(tree, "migrations")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, sub)
	}
	testkit.EachDB(t, trees, func(t *testing.T, d *db.DB) {
		h := house{db: d, clock: clock.At(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)), file: filepath.Join(t.TempDir(), "keys", "master.key")}
		h.vault = h.open(t)
		err := d.AsSystem(context.Background(), "test", func(ctx context.Context) error {
			return errors.Join(h.vault.AddTenant(ctx, desk), h.vault.AddTenant(ctx, hospital))
		})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, h)
	})
}

// open is the vault of a process that has just begun: nothing is in memory.
func (h house) open(t *testing.T) *vault.Vault {
	t.Helper()
	master, err := vault.OpenMaster(h.file, true)
	if err != nil {
		t.Fatal(err)
	}
	return vault.New(h.db, master, h.clock)
}

func as(tenant string) context.Context { return db.As(context.Background(), tenant) }

func (h house) key(t *testing.T, tenant string) (k vault.KeyID) {
	t.Helper()
	err := h.db.InTx(as(tenant), func(ctx context.Context) (err error) {
		k, err = h.vault.NewKey(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedContentOpensInItsPlaceOnly(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, k := as(desk), h.key(t, desk)
		sealed, err := h.vault.Seal(ctx, k, "people.private:1", []byte("0661000027"))
		if err != nil || bytes.Contains(sealed, []byte("0661")) {
			t.Fatalf("%v", err)
		}
		if under, err := vault.KeyOf(sealed); err != nil || under != k {
			t.Errorf("the key of it is %s, %v", under, err)
		}
		for _, v := range []*vault.Vault{h.vault, h.open(t)} { // in this process, and in the next
			if plain, err := v.Open(ctx, "people.private:1", sealed); err != nil || string(plain) != "0661000027" {
				t.Errorf("%q %v", plain, err)
			}
		}
		if _, err := h.vault.Open(ctx, "people.private:2", sealed); !errors.Is(err, vault.ErrUnreadable) {
			t.Errorf("in another place: %v", err)
		}
		for name, c := range map[string][]byte{"nothing": nil, "too short": sealed[:10], "only the key": sealed[:16], "cut": sealed[:len(sealed)-1],
			"altered": append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1), "under another key": append(bytes.Repeat([]byte{7}, 16), sealed[16:]...)} {
			if _, err := h.vault.Open(ctx, "people.private:1", c); !errors.Is(err, vault.ErrUnreadable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestADestroyedKeyOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, k := as(desk), h.key(t, desk)
		sealed, err := h.vault.Seal(ctx, k, "p", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.db.AsSystem(context.Background(), "test", func(ctx context.Context) error {
			_, err := db.Conn(ctx).NewRaw("delete from vault_keys where id = ?", k).Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.open(t).Open(ctx, "p", sealed); !errors.Is(err, vault.ErrUnreadable) {
			t.Errorf("a process that begins: %v", err)
		}
		h.clock.Advance(5*time.Minute + time.Second)
		if _, err := h.vault.Open(ctx, "p", sealed); !errors.Is(err, vault.ErrUnreadable) {
			t.Errorf("five minutes later: %v", err)
		}
	})
}

func TestJSON(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, k := as(desk), h.key(t, desk)
		type private struct{ Phone string }
		sealed, err := h.vault.SealJSON(ctx, k, "p", private{"0661"})
		if err != nil {
			t.Fatal(err)
		}
		got := private{"old"}
		if err := h.vault.OpenJSON(ctx, "p", nil, &got); err != nil || got.Phone != "old" {
			t.Errorf("nothing sealed leaves the value: %+v %v", got, err)
		}
		if err := h.vault.OpenJSON(ctx, "p", sealed, &got); err != nil || got.Phone != "0661" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// counter counts the statements on keys.
type counter struct{ n atomic.Int32 }

func (c *counter) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if strings.Contains(e.Query, "vault_keys") && e.Operation() == "SELECT" {
		c.n.Add(1)
	}
	return ctx
}
func (*counter) AfterQuery(context.Context, *bun.QueryEvent) {}

func TestAPageOfKeysIsOneQuery(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var keys []vault.KeyID
		var sealed [][]byte
		for range 30 {
			k := h.key(t, desk)
			c, err := h.vault.Seal(as(desk), k, "p", []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			keys, sealed = append(keys, k), append(sealed, c)
		}
		c := &counter{}
		h.db.AddHook(c)
		fresh := h.open(t)
		if err := fresh.Prefetch(as(desk), keys...); err != nil {
			t.Fatal(err)
		}
		for _, s := range sealed {
			if _, err := fresh.Open(as(desk), "p", s); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.n.Load(); n != 2 { // the page's keys, and the tenant's
			t.Errorf("%d queries for thirty keys, want 2", n)
		}
		if err := fresh.Prefetch(as(desk), keys...); err != nil || c.n.Load() != 2 {
			t.Errorf("they were fetched again: %d, %v", c.n.Load(), err)
		}
	})
}

func TestHashesTellNothingOutside(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		hash := func(tenant, purpose, value string) string {
			t.Helper()
			list, err := h.open(t).Hash(as(tenant), purpose, value)
			if err != nil || len(list) != 1 {
				t.Fatalf("%v %v", list, err)
			}
			return list[0]
		}
		one := hash(desk, "name", "bouziane")
		if one != hash(desk, "name", "bouziane") {
			t.Error("equal values of one tenant give unequal hashes")
		}
		for name, other := range map[string]string{"another tenant": hash(hospital, "name", "bouziane"), "another purpose": hash(desk, "id", "bouziane"),
			"another value": hash(desk, "name", "bouzian"), "the purpose moved": hash(desk, "nam", "ebouziane")} {
			if other == one {
				t.Errorf("%s gives the same hash", name)
			}
		}
		if list, err := h.vault.Hash(as("01931f7e-6f3a-7c3d-9b1a-000000000009"), "name", "x"); err == nil {
			t.Errorf("a tenant without keys: %v", list)
		}
	})
}

func TestAnotherMasterKeyOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		k := h.key(t, desk)
		sealed, err := h.vault.Seal(as(desk), k, "p", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		other, err := vault.OpenMaster(filepath.Join(t.TempDir(), "other.key"), true)
		if err != nil {
			t.Fatal(err)
		}
		v := vault.New(h.db, other, h.clock)
		if _, err := v.Open(as(desk), "p", sealed); err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("open: %v", err)
		}
		if _, err := v.Hash(as(desk), "name", "x"); err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("hash: %v", err)
		}
	})
}

func TestFilesInSegments(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, k := as(desk), h.key(t, desk)
		for _, size := range []int{0, 1, 4096, 100_000} {
			content := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
			wrapped, f, err := h.vault.FileKey(ctx, k, "documents.file:1")
			if err != nil {
				t.Fatal(err)
			}
			var sealed bytes.Buffer
			w, err := f.Writer(&sealed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			read := func(c []byte) ([]byte, error) {
				again, err := h.open(t).OpenFileKey(ctx, wrapped, "documents.file:1")
				if err != nil {
					return nil, err
				}
				r, err := again.Reader(bytes.NewReader(c))
				if err != nil {
					return nil, err
				}
				return io.ReadAll(r)
			}
			if got, err := read(sealed.Bytes()); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
			}
			if _, err := h.vault.OpenFileKey(ctx, wrapped, "documents.file:2"); !errors.Is(err, vault.ErrUnreadable) {
				t.Errorf("the key of another file: %v", err)
			}
			for _, cut := range []int{1, sealed.Len() / 2, sealed.Len() - 1} { // within a segment and between two
				if _, err := read(sealed.Bytes()[:sealed.Len()-cut]); err == nil {
					t.Errorf("%d bytes: a file without its last %d was taken for the whole", size, cut)
				}
			}
			if size > 8192 {
				if _, err := read(sealed.Bytes()[:3*4096]); err == nil {
					t.Error("a file that ends with a whole segment was taken for the whole")
				}
				spoilt := bytes.Clone(sealed.Bytes())
				spoilt[size/2] ^= 1
				if _, err := read(spoilt); err == nil {
					t.Error("an altered file was read")
				}
			}
		}
	})
}

func TestTheMasterKeysFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "master.key")
	if _, err := vault.OpenMaster(path, false); err == nil {
		t.Error("a missing key was opened")
	}
	a, err := vault.OpenMaster(path, true)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	c, err := a.Encrypt([]byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := vault.OpenMaster(path, true) // a file that is there is not made again
	if err != nil {
		t.Fatal(err)
	}
	if p, err := b.Decrypt(c, nil); err != nil || string(p) != "x" {
		t.Errorf("%q %v", p, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
	for name, content := range map[string]string{"empty": "", "text": "not a key", "json": `{"primaryKeyId": 1}`} {
		bad := filepath.Join(dir, name)
		if err := os.WriteFile(bad, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.OpenMaster(bad, true); err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(bad); string(after) != content {
			t.Errorf("%s: an unusable file was written over", name)
		}
	}
}
