package blob

import (
	"context"
	"errors"
	"time"

	"shubbak/platform/clock"

	"github.com/minio/minio-go/v7"
)

// knowsLocks asks once whether the bucket was made with object locks. A store that
// does not know the question has none.
func (s *S3) knowsLocks(ctx context.Context) error {
	state, _, _, _, err := s.client.GetObjectLockConfig(ctx, s.bucket)
	var answered minio.ErrorResponse
	if err != nil && !errors.As(err, &answered) {
		return down(err)
	}
	s.locks = err == nil && state == "Enabled"
	return nil
}

// Hold locks the object in the store itself, where its bucket has locks: nobody, not
// even the account that we use, takes such a lock back. Elsewhere the caller's own
// refusal is all there is.
func (s *S3) Hold(ctx context.Context, key string, until time.Time) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	if !s.locks {
		_, err := s.Stat(ctx, key)
		return err
	}
	before, err := s.heldUntil(ctx, key)
	if err != nil || !until.After(before) {
		return err
	}
	ctx, w := s.watched(ctx)
	defer w.end()
	mode := minio.Compliance
	if err := s.client.PutObjectRetention(ctx, s.bucket, key, minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until}); err != nil {
		return missing(err)
	}
	return nil
}

// heldUntil is zero for an object without a lock and for none.
func (s *S3) heldUntil(ctx context.Context, key string) (time.Time, error) {
	ctx, w := s.watched(ctx)
	defer w.end()
	_, until, err := s.client.GetObjectRetention(ctx, s.bucket, key, "")
	if err != nil {
		if code := minio.ToErrorResponse(err).Code; code == "NoSuchObjectLockConfiguration" || errors.Is(missing(err), ErrMissing) {
			return time.Time{}, nil
		}
		return time.Time{}, down(err)
	}
	if until == nil {
		return time.Time{}, nil
	}
	return *until, nil
}

func (s *S3) free(ctx context.Context, key string) error {
	if !s.locks {
		return nil
	}
	until, err := s.heldUntil(ctx, key)
	if err == nil && until.After(clock.System{}.Now()) {
		err = ErrHeld
	}
	return err
}

// deleteVersions removes every version of an object: a bucket with locks keeps what a
// plain deletion only hides, and refused content would stay in it.
func (s *S3) deleteVersions(ctx context.Context, key string) error {
	ctx, w := s.watched(ctx)
	defer w.end()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true, Recursive: true}) {
		if o.Err != nil {
			return down(o.Err)
		}
		w.moved()
		if o.Key != key {
			continue
		}
		if err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil && !errors.Is(missing(err), ErrMissing) {
			return down(err)
		}
	}
	return nil
}
