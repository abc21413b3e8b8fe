package blob_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/testkit"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// holds: an object that is held is neither deleted nor written over, and a shorter
// hold changes nothing; once the instant has come it goes like any other.
func holds(t *testing.T, s blob.Store) {
	t.Helper()
	ctx, k, short := context.Background(), key(), key()
	put(t, s, k, "signed")
	put(t, s, short, "signed")
	check(t, s.Hold(ctx, k, time.Now().Add(time.Hour)))
	check(t, s.Hold(ctx, k, time.Now().Add(time.Minute)))
	until := time.Now().Add(1500 * time.Millisecond)
	check(t, s.Hold(ctx, short, until))
	if err := s.Delete(ctx, k); !errors.Is(err, blob.ErrHeld) {
		t.Errorf("deleted: %v", err)
	}
	if _, err := s.Put(ctx, k, strings.NewReader("altered")); !errors.Is(err, blob.ErrHeld) {
		t.Errorf("written over: %v", err)
	}
	if got := read(t, s, k, 0, -1); got != "signed" {
		t.Errorf("it reads %q", got)
	}
	if err := s.Hold(ctx, key(), until); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("held what is not there: %v", err)
	}
	seen := 0
	check(t, s.List(ctx, k[:strings.Index(k, "/")+1], func(blob.Info) error { seen++; return nil }))
	if seen != 1 {
		t.Errorf("a hold shows as an object: %d", seen)
	}
	for end := until.Add(3 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := s.Delete(ctx, short)
		if err == nil {
			break
		}
		if !errors.Is(err, blob.ErrHeld) || time.Now().After(end) {
			t.Fatalf("its time is over: %v", err)
		}
	}
	if _, err := s.Stat(ctx, short); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("it is still there: %v", err)
	}
}

// lockedBucket is the address of a bucket made with object locks, or "".
func lockedBucket(t *testing.T) string {
	t.Helper()
	address := testkit.Bucket(t)
	if address == "" {
		return ""
	}
	c, bucket := client(t, address)
	check(t, c.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{ObjectLocking: true}))
	return address
}

func client(t *testing.T, address string) (*minio.Client, string) {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	secret, _ := u.User.Password()
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, "")})
	check(t, err)
	return c, strings.Trim(u.Path, "/")
}

// lockedByTheStore: not even the store's own account removes the version that is held,
// and of one that was not held nothing stays behind.
func lockedByTheStore(t *testing.T, address string, s blob.Store) {
	t.Helper()
	ctx, k, free := context.Background(), key(), key()
	c, bucket := client(t, address)
	versions := func(key string) (out []string) {
		for o := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true, Recursive: true}) {
			check(t, o.Err)
			out = append(out, o.VersionID)
		}
		return out
	}
	put(t, s, k, "signed")
	put(t, s, free, "refused")
	check(t, s.Hold(ctx, k, time.Now().Add(time.Hour)))
	for _, v := range versions(k) {
		if err := c.RemoveObject(ctx, bucket, k, minio.RemoveObjectOptions{VersionID: v, GovernanceBypass: true, ForceDelete: false}); err == nil {
			t.Error("the store let a held version go")
		}
	}
	check(t, s.Delete(ctx, free))
	if left := versions(free); len(left) != 0 {
		t.Errorf("%d versions of a deleted object are left", len(left))
	}
}
