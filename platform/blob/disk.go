package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Disk keeps objects as files under one folder.
type Disk struct {
	root string

	// Through stands between an upload and its file: a test's full disk.
	Through func(io.Writer) io.Writer
}

// OpenDisk makes the folder when it is missing.
func OpenDisk(root string) (*Disk, error) {
	if err := os.MkdirAll(filepath.Join(root, ".tmp"), 0o700); err != nil {
		return nil, err
	}
	return &Disk{root: root, Through: func(w io.Writer) io.Writer { return w }}, nil
}

func (d *Disk) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// Put writes to a temporary file, syncs it, and renames it into place.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := check(ctx, key); err != nil {
		return 0, err
	}
	if err := d.free(key); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(filepath.Join(d.root, ".tmp"), "put-*")
	if err != nil {
		return 0, down(err)
	}
	defer os.Remove(f.Name()) // nothing is left after the rename
	defer f.Close()
	n, err := io.Copy(d.Through(f), contextReader{ctx, r})
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return n, down(err)
		}
		return n, err
	}
	if err := f.Sync(); err != nil {
		return n, down(err)
	}
	if err := os.MkdirAll(filepath.Dir(d.path(key)), 0o700); err != nil {
		return n, down(err)
	}
	if err := os.Rename(f.Name(), d.path(key)); err != nil {
		return n, down(err)
	}
	return n, syncDir(filepath.Dir(d.path(key)))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return down(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return down(err)
	}
	return nil
}

// Get opens the file at offset.
func (d *Disk) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, down(err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, down(err)
	}
	if length < 0 {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, length), f}, nil
}

// Stat describes one object.
func (d *Disk) Stat(ctx context.Context, key string) (Info, error) {
	if err := check(ctx, key); err != nil {
		return Info{}, err
	}
	st, err := os.Stat(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, ErrMissing
	}
	if err != nil {
		return Info{}, down(err)
	}
	return Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()}, nil
}

// Delete removes one object.
func (d *Disk) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	if err := d.free(key); err != nil {
		return err
	}
	if err := os.Remove(d.note(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return down(err)
	}
	if err := os.Remove(d.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return down(err)
	}
	return nil
}

// List walks the folder.
func (d *Disk) List(ctx context.Context, prefix string, fn func(Info) error) error {
	return filepath.WalkDir(d.root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.IsDir() {
			if e.Name() == ".tmp" || e.Name() == heldDir {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(d.root, p)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if !strings.HasPrefix(key, prefix) {
			return nil
		}
		st, err := e.Info()
		if err != nil {
			return err
		}
		return fn(Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()})
	})
}

// Sweep removes the files of uploads whose process was killed.
func (d *Disk) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	dir := filepath.Join(d.root, ".tmp")
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0, down(err)
	}
	for _, e := range list {
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !st.ModTime().Before(before) {
			continue // it has ended well, or goes on
		}
		if err == nil {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil {
			return n, down(err)
		}
		n++
	}
	return n, ctx.Err()
}

// Ping reports whether the folder can be read.
func (d *Disk) Ping(context.Context) error {
	if _, err := os.Stat(d.root); err != nil {
		return down(err)
	}
	return nil
}

// contextReader ends a copy when its request ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
