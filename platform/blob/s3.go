package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 keeps objects in one bucket of any S3 store.
type S3 struct {
	client   *minio.Client
	bucket   string
	patience time.Duration
	locks    bool // the bucket was made with object locks
}

// OpenS3 reads http(s)://KEY:SECRET@HOST:PORT/BUCKET and makes the bucket when it
// is missing.
func OpenS3(ctx context.Context, raw string) (*S3, error) {
	u, err := url.Parse(raw)
	if err != nil || u.User == nil || u.Host == "" || len(u.Path) < 2 {
		return nil, errors.New("s3 url: want http(s)://KEY:SECRET@HOST:PORT/BUCKET")
	}
	secret, _ := u.User.Password()
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, err
	}
	transport.ResponseHeaderTimeout = Patience
	transport.MaxIdleConnsPerHost = 32
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(u.User.Username(), secret, ""), Secure: u.Scheme == "https", Transport: transport, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	s := &S3{client: c, bucket: strings.Trim(u.Path, "/"), patience: Patience}
	ctx, w := s.watched(ctx)
	defer w.end()
	ok, err := c.BucketExists(ctx, s.bucket)
	if err != nil {
		return nil, down(err)
	}
	if !ok {
		if err := c.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{}); err != nil && minio.ToErrorResponse(err).Code != "BucketAlreadyOwnedByYou" {
			return nil, down(err)
		}
	}
	return s, s.knowsLocks(ctx)
}

// Get reads a range.
func (s *S3) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	opt := minio.GetObjectOptions{}
	if length == 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	if offset > 0 || length > 0 {
		end := int64(0)
		if length > 0 {
			end = offset + length - 1
		}
		if err := opt.SetRange(offset, end); err != nil {
			return nil, err
		}
	}
	// The core call asks once; Object would ask again for each seek.
	ctx, w := s.watched(ctx)
	body, _, _, err := minio.Core{Client: s.client}.GetObject(ctx, s.bucket, key, opt)
	if err != nil {
		w.end()
		return nil, missing(err)
	}
	w.pause()
	return &received{body, w}, nil
}

// Stat describes one object.
func (s *S3) Stat(ctx context.Context, key string) (Info, error) {
	if err := check(ctx, key); err != nil {
		return Info{}, err
	}
	ctx, w := s.watched(ctx)
	defer w.end()
	o, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, missing(err)
	}
	return Info{Key: key, Size: o.Size, Modified: o.LastModified.UTC()}, nil
}

// Delete removes one object.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	if s.locks {
		if err := s.free(ctx, key); err != nil {
			return err
		}
		return s.deleteVersions(ctx, key)
	}
	ctx, w := s.watched(ctx)
	defer w.end()
	if err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil && !errors.Is(missing(err), ErrMissing) {
		return down(err)
	}
	return nil
}

// List pages through the bucket.
func (s *S3) List(ctx context.Context, prefix string, fn func(Info) error) error {
	ctx, w := s.watched(ctx)
	defer w.end()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return down(o.Err)
		}
		w.pause()
		if err := fn(Info{Key: o.Key, Size: o.Size, Modified: o.LastModified.UTC()}); err != nil {
			return err
		}
		w.moved()
	}
	return nil
}

// Sweep takes back uploads in parts that were never ended; their parts take room and
// are shown nowhere.
func (s *S3) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	ctx, w := s.watched(ctx)
	defer w.end()
	for u := range s.client.ListIncompleteUploads(ctx, s.bucket, "", true) {
		if u.Err != nil {
			return n, down(u.Err)
		}
		w.moved()
		if !u.Initiated.Before(before) || !keyForm.MatchString(u.Key) {
			continue
		}
		err := minio.Core{Client: s.client}.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID)
		if err != nil && minio.ToErrorResponse(err).Code != "NoSuchUpload" {
			return n, down(err)
		}
		n++
	}
	return n, nil
}

// Ping reports whether the bucket answers.
func (s *S3) Ping(ctx context.Context) error {
	ctx, w := s.watched(ctx)
	defer w.end()
	ok, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return down(err)
	}
	if !ok {
		return down(errors.New("the bucket is gone"))
	}
	return nil
}

func missing(err error) error {
	r := minio.ToErrorResponse(err)
	if r.StatusCode == http.StatusNotFound || r.Code == "NoSuchKey" {
		return ErrMissing
	}
	return down(err)
}
