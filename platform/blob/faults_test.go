package blob_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/fault"
	"shubbak/platform/testkit"
	"shubbak/platform/testkit/faultproxy"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// faulty is a real store behind a proxy that obeys the test, the store seen without
// the proxy, and a client of its own.
func faulty(t *testing.T) (store, plain *blob.S3, p *faultproxy.Proxy, core minio.Core, bucket string) {
	t.Helper()
	address := testkit.Bucket(t)
	if address == "" {
		t.Skip("no S3 store in this run")
	}
	open := func(a string) *blob.S3 {
		s, err := blob.OpenS3(context.Background(), a)
		check(t, err)
		return s
	}
	p = faultproxy.Start(t, address)
	plain, store = open(address), open(p.Address())
	u, err := url.Parse(address)
	check(t, err)
	secret, _ := u.User.Password()
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, "")})
	check(t, err)
	return store, plain, p, minio.Core{Client: c}, strings.Trim(u.Path, "/")
}

func puts(r *http.Request) bool { return r.Method == http.MethodPut }

// The two ways of an upload: in one request, and in parts.
var uploads = map[string]int64{"one request": 40 << 10, "parts": 33<<20 + 7}

func TestAStoreThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	const patience = time.Second
	for name, size := range uploads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, plain, p, _, _ := faulty(t)
			store.Hurry(patience)
			ctx, k := context.Background(), key()
			put(t, store, k, "whole")
			for what, f := range map[string]faultproxy.Fault{
				"from the start": {Hang: true},
				"at a piece":     {Hang: true, Only: puts},
			} {
				p.Do(f)
				took := testkit.Took(func() {
					if _, err := store.Put(ctx, k, &pattern{n: size}); !fault.Has(err, fault.Unavailable) {
						t.Errorf("%s: %v", what, err)
					}
				})
				if took > patience+2*time.Second+time.Second { // patience, taking back, and a busy machine
					t.Errorf("%s: given up after %s", what, took)
				}
				if p.Met() == 0 {
					t.Errorf("%s: nothing was asked", what)
				}
			}
			for what, call := range map[string]func() error{
				"get":    func() error { _, err := store.Get(ctx, k, 0, -1); return err },
				"stat":   func() error { _, err := store.Stat(ctx, k); return err },
				"delete": func() error { return store.Delete(ctx, k) },
				"list":   func() error { return store.List(ctx, "", func(blob.Info) error { return nil }) },
				"sweep":  func() error { _, err := store.Sweep(ctx, time.Now()); return err },
				"ping":   func() error { return store.Ping(ctx) },
			} {
				p.Do(faultproxy.Fault{Hang: true})
				took := testkit.Took(func() {
					if err := call(); !fault.Has(err, fault.Unavailable) {
						t.Errorf("%s: %v", what, err)
					}
				})
				if took > 2*patience {
					t.Errorf("%s: given up after %s", what, took)
				}
			}
			p.Well()
			if got := read(t, plain, k, 0, -1); got != "whole" {
				t.Errorf("what stood there before is now %d bytes", len(got))
			}
			if n, err := store.Put(ctx, k, &pattern{n: size}); err != nil || n != size {
				t.Errorf("afterwards: %d %v", n, err)
			}
		})
	}
}

// TestASlowSenderIsNotTheStoresFault: a sender may take longer than a store may.
func TestASlowSenderIsNotTheStoresFault(t *testing.T) {
	t.Parallel()
	store, _, p, _, _ := faulty(t)
	store.Hurry(2 * time.Second)
	p.Do(faultproxy.Fault{Delay: 100 * time.Millisecond}) // of which none is too much
	r, w := io.Pipe()
	go func() {
		tick := time.NewTicker(700 * time.Millisecond)
		defer tick.Stop()
		for range 4 {
			<-tick.C
			_, _ = w.Write([]byte("slow "))
		}
		_ = w.Close()
	}()
	k := key()
	if _, err := store.Put(context.Background(), k, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, store, k, 0, -1); got != "slow slow slow slow " {
		t.Errorf("got %q", got)
	}
}

func TestAStoreThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, size := range uploads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, plain, p, _, _ := faulty(t)
			ctx, k := context.Background(), key()
			p.Do(faultproxy.Fault{Busy: true, Times: 2})
			if n, err := store.Put(ctx, k, &pattern{n: size}); err != nil || n != size || p.Met() != 2 {
				t.Errorf("busy for two requests: %d bytes, %v, %d were refused", n, err, p.Met())
			}
			k = key()
			p.Do(faultproxy.Fault{Busy: true})
			if _, err := store.Put(ctx, k, &pattern{n: size}); !fault.Has(err, fault.Unavailable) {
				t.Errorf("busy all the time: %v", err)
			}
			if _, err := store.Get(ctx, k, 0, -1); !fault.Has(err, fault.Unavailable) {
				t.Errorf("get: %v", err)
			}
			if _, err := plain.Stat(ctx, k); !errors.Is(err, blob.ErrMissing) {
				t.Errorf("something was left: %v", err)
			}
		})
	}
}

func TestAHalfUploadIsNoObject(t *testing.T) {
	t.Parallel()
	for name, size := range uploads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, plain, p, core, bucket := faulty(t)
			ctx, k := context.Background(), key()
			p.Do(faultproxy.Fault{CutUp: 10 << 10, Only: puts, Times: 1})
			if n, err := store.Put(ctx, k, &pattern{n: size}); err != nil || n != size {
				t.Errorf("cut once, it is sent again: %d %v", n, err)
			}
			k = key()
			p.Do(faultproxy.Fault{CutUp: 10 << 10, Only: puts})
			if _, err := store.Put(ctx, k, &pattern{n: size}); !fault.Has(err, fault.Unavailable) {
				t.Errorf("cut each time: %v", err)
			}
			if _, err := plain.Stat(ctx, k); !errors.Is(err, blob.ErrMissing) {
				t.Errorf("a half object: %v", err)
			}
			if list, err := core.ListMultipartUploads(ctx, bucket, "", "", "", "", 100); err != nil || len(list.Uploads) != 0 {
				t.Errorf("%d uploads were not taken back, %v", len(list.Uploads), err)
			}
		})
	}
}

func TestAHalfDownloadIsAnError(t *testing.T) {
	t.Parallel()
	store, _, p, _, _ := faulty(t)
	store.Hurry(time.Second)
	ctx, k := context.Background(), key()
	if _, err := store.Put(ctx, k, &pattern{n: 3 << 20}); err != nil {
		t.Fatal(err)
	}
	p.Do(faultproxy.Fault{CutDown: 1 << 20})
	r, err := store.Get(ctx, k, 0, -1)
	check(t, err)
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); !fault.Has(err, fault.Unavailable) || n > 1<<20 {
		t.Errorf("%d bytes, then %v", n, err)
	}
}

// TestAnUploadInPartsThatNeverEndedIsSwept: what a process leaves that was killed
// between two parts.
func TestAnUploadInPartsThatNeverEndedIsSwept(t *testing.T) {
	t.Parallel()
	_, store, _, core, bucket := faulty(t)
	ctx, k := context.Background(), key()
	for _, name := range []string{k, key(), "Somebody Else's"} {
		id, err := core.NewMultipartUpload(ctx, bucket, name, minio.PutObjectOptions{})
		check(t, err)
		_, err = core.PutObjectPart(ctx, bucket, name, id, 1, &pattern{n: 5 << 20}, 5<<20, minio.PutObjectPartOptions{})
		check(t, err)
	}
	left := func() int {
		list, err := core.ListMultipartUploads(ctx, bucket, "", "", "", "", 100)
		check(t, err)
		return len(list.Uploads)
	}
	if left() != 3 {
		t.Fatalf("%d uploads are on their way, want 3", left())
	}
	if n, err := store.Sweep(ctx, time.Now().Add(-24*time.Hour)); n != 0 || err != nil || left() != 3 {
		t.Errorf("what goes on was swept: %d, %v", n, err)
	}
	if n, err := store.Sweep(ctx, time.Now().Add(time.Hour)); n != 2 || err != nil || left() != 1 {
		t.Errorf("a day later %d were swept, %d are left, %v", n, left(), err)
	}
}

func TestAFileThatNeverEndedIsSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := blob.OpenDisk(dir)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, ".tmp", "put-1"), []byte("half"), 0o600))
	put(t, store, "a/b", "whole")
	if n, err := store.Sweep(context.Background(), time.Now().Add(-24*time.Hour)); n != 0 || err != nil {
		t.Errorf("what goes on was swept: %d, %v", n, err)
	}
	if n, err := store.Sweep(context.Background(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("a day later %d were swept, %v", n, err)
	}
	if got := read(t, store, "a/b", 0, -1); got != "whole" {
		t.Errorf("got %q", got)
	}
}

// full takes so many bytes and then says what a full disk says.
type full struct {
	w    io.Writer
	left int
}

func (f *full) Write(p []byte) (int, error) {
	n, err := f.w.Write(p[:min(len(p), f.left)])
	if f.left -= n; err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "put", Err: syscall.ENOSPC}
	}
	return n, err
}

func TestAFullDiskKeepsNothingOfAnUpload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := blob.OpenDisk(dir)
	check(t, err)
	put(t, store, "a/b", "whole")
	store.Through = func(w io.Writer) io.Writer { return &full{w, 1 << 20} }
	if _, err := store.Put(context.Background(), "a/b", &pattern{n: 3 << 20}); !fault.Has(err, fault.Unavailable) {
		t.Errorf("put: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".tmp")); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if got := read(t, store, "a/b", 0, -1); got != "whole" {
		t.Errorf("got %q", got)
	}
}
