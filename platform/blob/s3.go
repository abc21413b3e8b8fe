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
	client *minio.Client
	bucket string
}

// partSize bounds the memory of an upload whose size is not known beforehand.
const partSize = 16 << 20

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
	transport.ResponseHeaderTimeout = 10 * time.Second
	transport.MaxIdleConnsPerHost = 32
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(u.User.Username(), secret, ""), Secure: u.Scheme == "https", Transport: transport, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	s := &S3{c, strings.Trim(u.Path, "/")}
	ok, err := c.BucketExists(ctx, s.bucket)
	if err != nil {
		return nil, down(err)
	}
	if !ok {
		if err := c.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{}); err != nil && minio.ToErrorResponse(err).Code != "BucketAlreadyOwnedByYou" {
			return nil, down(err)
		}
	}
	return s, nil
}

// Put streams in parts; a store shows no object before its last part is there.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := check(ctx, key); err != nil {
		return 0, err
	}
	src := &readError{r: r}
	info, err := s.client.PutObject(ctx, s.bucket, key, src, -1, minio.PutObjectOptions{PartSize: partSize, ContentType: "application/octet-stream", DisableContentSha256: true})
	if src.err != nil {
		return 0, src.err // the sender's fault, not the store's
	}
	if err != nil {
		return 0, down(err)
	}
	return info.Size, nil
}

// readError keeps the source's own failure apart from the store's.
type readError struct {
	r   io.Reader
	err error
}

func (e *readError) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		e.err = err
	}
	return n, err
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
	body, _, _, err := minio.Core{Client: s.client}.GetObject(ctx, s.bucket, key, opt)
	if err != nil {
		return nil, missing(err)
	}
	return body, nil
}

// Stat describes one object.
func (s *S3) Stat(ctx context.Context, key string) (Info, error) {
	if err := check(ctx, key); err != nil {
		return Info{}, err
	}
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
	if err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil && !errors.Is(missing(err), ErrMissing) {
		return down(err)
	}
	return nil
}

// List pages through the bucket.
func (s *S3) List(ctx context.Context, prefix string, fn func(Info) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return down(o.Err)
		}
		if err := fn(Info{Key: o.Key, Size: o.Size, Modified: o.LastModified.UTC()}); err != nil {
			return err
		}
	}
	return nil
}

// Ping reports whether the bucket answers.
func (s *S3) Ping(ctx context.Context) error {
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
