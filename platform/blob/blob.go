// Package blob stores sealed objects on disk or in any S3 store, behind one small
// interface that one conformance suite proves for both.
//
// A key is `tenant/document id`. The store knows nothing of what it holds:
// content arrives sealed. Objects are put before their row commits and never
// inside a transaction; Put and Get refuse a context that carries one.
package blob

import (
	"context"
	"errors"
	"io"
	"regexp"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
)

// Info describes an object.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time
}

// Store is a place for objects. Get and Stat of a missing key give ErrMissing;
// Delete of a missing key is no error.
type Store interface {
	// Put stores what r gives until its end, whole or not at all, and returns the
	// number of bytes.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Get reads from offset; length -1 means to the end.
	Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	Stat(ctx context.Context, key string) (Info, error)
	Delete(ctx context.Context, key string) error
	// Hold lets nobody alter or delete an object before an instant: Put and Delete of
	// its key give ErrHeld. Held again it is held for longer, never for less.
	Hold(ctx context.Context, key string, until time.Time) error
	// List calls fn for every object whose key begins with prefix.
	List(ctx context.Context, prefix string, fn func(Info) error) error
	// Sweep removes what uploads have left that began before an instant and never
	// ended, and says how much that was. No call shows it.
	Sweep(ctx context.Context, before time.Time) (int, error)
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
}

// ErrMissing says that no object has this key.
var ErrMissing = errors.New("blob: no such object")

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}(/[a-z0-9][a-z0-9-]{0,63}){1,3}$`)

// check refuses a key that is not one of ours and work inside a transaction.
func check(ctx context.Context, key string) error {
	if !keyForm.MatchString(key) {
		return errors.New("blob: malformed key")
	}
	if db.Inside(ctx) {
		return errors.New("blob: object work inside a transaction")
	}
	return nil
}

// down says 503: the store does not answer.
func down(err error) error { return fault.Of(fault.Unavailable, err) }
