package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"shubbak/platform/blob"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/testkit"
)

func TestDisk(t *testing.T) {
	t.Parallel()
	store, err := blob.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, store)
	holds(t, store)
}

func TestS3(t *testing.T) {
	t.Parallel()
	address := testkit.Bucket(t)
	if address == "" {
		t.Skip("no S3 store in this run")
	}
	store, err := blob.OpenS3(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, store)
}

// TestS3WithLocks runs the same on a bucket that was made with object locks, where
// what is held is held by the store itself.
func TestS3WithLocks(t *testing.T) {
	t.Parallel()
	address := lockedBucket(t)
	if address == "" {
		t.Skip("no S3 store in this run")
	}
	store, err := blob.OpenS3(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, store)
	holds(t, store)
	lockedByTheStore(t, address, store)
}

// runAll proves what the interface promises; every store passes the same.
func runAll(t *testing.T, s blob.Store) {
	t.Helper()
	for name, fn := range map[string]func(*testing.T, blob.Store){
		"gives_back_what_was_put":            givesBack,
		"reads_ranges":                       readsRanges,
		"says_that_an_object_is_missing":     missing,
		"overwrites_as_a_whole":              overwrites,
		"keeps_nothing_of_a_broken_upload":   brokenUpload,
		"lists_by_prefix":                    lists,
		"refuses_other_keys":                 refusesKeys,
		"refuses_work_inside_a_transaction":  refusesTransactions,
		"answers_a_ping":                     func(t *testing.T, s blob.Store) { check(t, s.Ping(context.Background())) },
		"takes_a_reader_of_nothing":          empty,
		"stops_a_walk_where_its_caller_does": stopsWalk,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); fn(t, s) })
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// key is one of a test's own.
func key() string { return testkit.Unique() + "/" + testkit.Unique() }

func put(t *testing.T, s blob.Store, k, content string) {
	t.Helper()
	n, err := s.Put(context.Background(), k, strings.NewReader(content))
	if err != nil || n != int64(len(content)) {
		t.Fatalf("put %d bytes: %d, %v", len(content), n, err)
	}
}

func read(t *testing.T, s blob.Store, k string, offset, length int64) string {
	t.Helper()
	r, err := s.Get(context.Background(), k, offset, length)
	check(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	check(t, err)
	return string(b)
}

func givesBack(t *testing.T, s blob.Store) {
	ctx, k := context.Background(), key()
	put(t, s, k, "the content")
	if got := read(t, s, k, 0, -1); got != "the content" {
		t.Errorf("got %q", got)
	}
	info, err := s.Stat(ctx, k)
	if err != nil || info.Key != k || info.Size != 11 || info.Modified.IsZero() {
		t.Errorf("stat: %+v %v", info, err)
	}
	check(t, s.Delete(ctx, k))
	if _, err := s.Get(ctx, k, 0, -1); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("after the deletion: %v", err)
	}
}

func readsRanges(t *testing.T, s blob.Store) {
	k := key()
	put(t, s, k, "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, -1, "0123456789"}, {0, 4, "0123"}, {3, 4, "3456"}, {7, -1, "789"}, {7, 100, "789"}, {0, 0, ""}, {9, 1, "9"}} {
		if got := read(t, s, k, c.offset, c.length); got != c.want {
			t.Errorf("%d bytes from %d: %q, want %q", c.length, c.offset, got, c.want)
		}
	}
}

func missing(t *testing.T, s blob.Store) {
	ctx, k := context.Background(), key()
	if _, err := s.Get(ctx, k, 0, -1); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Stat(ctx, k); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("stat: %v", err)
	}
	if err := s.Delete(ctx, k); err != nil {
		t.Errorf("to delete what is not there is no error: %v", err)
	}
}

func overwrites(t *testing.T, s blob.Store) {
	k := key()
	put(t, s, k, "a first and longer content")
	put(t, s, k, "second")
	if got := read(t, s, k, 0, -1); got != "second" {
		t.Errorf("got %q", got)
	}
}

// broken gives some bytes and then fails, as a client does that goes away.
type broken struct {
	left int
	err  error
}

func (b *broken) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, b.err
	}
	n := min(len(p), b.left)
	b.left -= n
	return n, nil
}

func brokenUpload(t *testing.T, s blob.Store) {
	// A connection that is cut says that it ended unexpectedly, or wraps an end: that is
	// no end of the content.
	for _, gone := range []error{errors.New("the client has gone"), io.ErrUnexpectedEOF, fmt.Errorf("cannot read: %w", io.EOF), fmt.Errorf("cannot read: %w", io.ErrUnexpectedEOF)} {
		for _, size := range []int{10, 17 << 20} { // before and after the first part of an upload in parts
			brokenBy(t, s, gone, size)
		}
	}
}

func brokenBy(t *testing.T, s blob.Store, gone error, size int) {
	t.Helper()
	ctx, k := context.Background(), key()
	if _, err := s.Put(ctx, k, &broken{size, gone}); !errors.Is(err, gone) {
		t.Errorf("%d bytes, %v: %v, want the source's own failure", size, gone, err)
	}
	if _, err := s.Stat(ctx, k); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("%d bytes, %v: something was left: %v", size, gone, err)
	}
	put(t, s, k, "whole")
	if _, err := s.Put(ctx, k, &broken{size, gone}); err == nil {
		t.Errorf("%d bytes, %v: the second upload ended well", size, gone)
	}
	if got := read(t, s, k, 0, -1); got != "whole" {
		t.Errorf("%d bytes, %v: a broken upload over another left %d", size, gone, len(got))
	}
}

func lists(t *testing.T, s blob.Store) {
	ctx, folder, other := context.Background(), testkit.Unique(), testkit.Unique()
	want := []string{folder + "/a", folder + "/b", folder + "/deep/c"}
	for _, k := range append(slices.Clone(want), other+"/x") {
		put(t, s, k, k)
	}
	var got []string
	check(t, s.List(ctx, folder+"/", func(i blob.Info) error {
		got = append(got, i.Key)
		if i.Size != int64(len(i.Key)) {
			t.Errorf("%s: %d bytes", i.Key, i.Size)
		}
		return nil
	}))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("listed %v", got)
	}
}

func stopsWalk(t *testing.T, s blob.Store) {
	folder, enough := testkit.Unique(), errors.New("enough")
	put(t, s, folder+"/a", "1")
	put(t, s, folder+"/b", "2")
	seen := 0
	err := s.List(context.Background(), folder+"/", func(blob.Info) error { seen++; return enough })
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("%d seen, %v", seen, err)
	}
}

func refusesKeys(t *testing.T, s blob.Store) {
	ctx := context.Background()
	for _, k := range []string{"", "a", "/a/b", "a/b/", "../a/b", "a/../b", "a//b", "A/b", "a/b/c/d/e", "a/b\x00", "a/.tmp", ".tmp/x", "a\\b/c", "a/b c", "a/" + strings.Repeat("x", 65)} {
		if _, err := s.Put(ctx, k, strings.NewReader("x")); err == nil {
			t.Errorf("put under %q", k)
		}
		if _, err := s.Get(ctx, k, 0, -1); err == nil {
			t.Errorf("got %q", k)
		}
		if _, err := s.Stat(ctx, k); err == nil || errors.Is(err, blob.ErrMissing) {
			t.Errorf("stat of %q: %v", k, err)
		}
		if s.Delete(ctx, k) == nil {
			t.Errorf("deleted %q", k)
		}
	}
}

func refusesTransactions(t *testing.T, s blob.Store) {
	d, err := db.Open("sqlite:" + filepath.Join(t.TempDir(), "x.db"))
	check(t, err)
	defer d.Close()
	k := key()
	put(t, s, k, "x")
	check(t, d.AsSystem(context.Background(), "test", func(ctx context.Context) error {
		if _, err := s.Put(ctx, k, strings.NewReader("x")); err == nil {
			t.Error("put inside a transaction")
		}
		if _, err := s.Get(ctx, k, 0, -1); err == nil {
			t.Error("get inside a transaction")
		}
		if s.Delete(ctx, k) == nil {
			t.Error("delete inside a transaction")
		}
		if _, err := s.Stat(db.Detached(ctx), k); err != nil {
			t.Errorf("a detached context carries no transaction: %v", err)
		}
		return nil
	}))
}

func empty(t *testing.T, s blob.Store) {
	k := key()
	put(t, s, k, "")
	if got := read(t, s, k, 0, -1); got != "" {
		t.Errorf("%q", got)
	}
	if info, err := s.Stat(context.Background(), k); err != nil || info.Size != 0 {
		t.Errorf("%+v %v", info, err)
	}
}

// pattern gives n bytes that a hash tells apart.
type pattern struct{ at, n int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.at == p.n {
		return 0, io.EOF
	}
	n := min(int64(len(b)), p.n-p.at)
	for i := range n {
		b[i] = byte((p.at + i) * 2654435761 >> 13)
	}
	p.at += n
	return int(n), nil
}

// TestALargeObjectPassesFlat runs alone: it watches the memory of the process.
func TestALargeObjectPassesFlat(t *testing.T) {
	stores := map[string]blob.Store{}
	disk, err := blob.OpenDisk(t.TempDir())
	check(t, err)
	stores["disk"] = disk
	if address := testkit.Bucket(t); address != "" {
		s3, err := blob.OpenS3(context.Background(), address)
		check(t, err)
		stores["s3"] = s3
	}
	const size, ceiling = 120 << 20, 64 << 20
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			ctx, k := context.Background(), key()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			want := sha256.New()
			n, err := s.Put(ctx, k, io.TeeReader(&pattern{n: size}, want))
			if err != nil || n != size {
				t.Fatalf("put: %d %v", n, err)
			}
			r, err := s.Get(ctx, k, 0, -1)
			check(t, err)
			defer r.Close()
			got := sha256.New()
			if _, err := io.Copy(got, r); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
				t.Error("another content came back")
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > ceiling {
				t.Errorf("%d MiB passed with %d MiB of memory", size>>20, grown>>20)
			}
		})
	}
}

func TestOpenS3RefusesABadAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "http://", "http://host/bucket", "http://k:secret-word@host", "http://k:secret-word@host/", "://k:secret-word@"} {
		_, err := blob.OpenS3(context.Background(), bad)
		if err == nil || strings.Contains(fmt.Sprint(err), "secret-word") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAStoreThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	store, err := blob.OpenDisk(dir)
	check(t, err)
	check(t, os.RemoveAll(dir))
	if err := store.Ping(context.Background()); !fault.Has(err, fault.Unavailable) {
		t.Errorf("ping: %v", err)
	}
	if _, err := store.Put(context.Background(), "a/b", strings.NewReader("x")); !fault.Has(err, fault.Unavailable) {
		t.Errorf("put: %v", err)
	}
}

func TestDiskLeavesNoTemporaryFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := blob.OpenDisk(dir)
	check(t, err)
	_, _ = store.Put(context.Background(), "a/b", &broken{1 << 16, errors.New("gone")})
	put(t, store, "a/c", "x")
	left, err := os.ReadDir(filepath.Join(dir, ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
