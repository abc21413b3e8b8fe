//go:build !unix

package main

import (
	"errors"
	"os"
	"path/filepath"
)

// lockData holds a data folder for this process: an open file that nobody else may
// remove.
func lockData(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "lock")
	_ = os.Remove(name)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errors.New("the data folder is held by another process")
	}
	return func() { _ = f.Close(); _ = os.Remove(name) }, nil
}
