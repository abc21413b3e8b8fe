package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shubbak/platform/clock"
)

// ErrHeld says that an object may be neither altered nor deleted yet.
var ErrHeld = errors.New("blob: the object is held")

// heldDir is where the disk notes until when objects are held: a file each.
const heldDir = ".held"

func (d *Disk) note(key string) string {
	return filepath.Join(d.root, heldDir, filepath.FromSlash(key))
}

// Hold notes the instant beside the object and takes the right to write from its file.
// A hold is never shortened.
func (d *Disk) Hold(ctx context.Context, key string, until time.Time) error {
	if _, err := d.Stat(ctx, key); err != nil {
		return err
	}
	before, err := d.heldUntil(key)
	if err != nil || !until.After(before) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(d.note(key)), 0o700); err != nil {
		return down(err)
	}
	f, err := os.CreateTemp(filepath.Join(d.root, ".tmp"), "hold-*")
	if err != nil {
		return down(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString(until.UTC().Format(time.RFC3339)); err != nil {
		return down(err)
	}
	if err := f.Sync(); err != nil {
		return down(err)
	}
	if err := os.Rename(f.Name(), d.note(key)); err != nil {
		return down(err)
	}
	if err := os.Chmod(d.path(key), 0o400); err != nil {
		return down(err)
	}
	return syncDir(filepath.Dir(d.note(key)))
}

// heldUntil is zero where nothing was noted. A note that cannot be read holds for ever.
func (d *Disk) heldUntil(key string) (time.Time, error) {
	b, err := os.ReadFile(d.note(key))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, down(err)
	}
	until, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, ErrHeld
	}
	return until, nil
}

// free refuses to touch what is held.
func (d *Disk) free(key string) error {
	until, err := d.heldUntil(key)
	if err == nil && until.After(clock.System{}.Now()) {
		err = ErrHeld
	}
	return err
}
