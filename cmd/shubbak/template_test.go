package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"shubbak/platform/testkit"
)

const testPassword = "a-test-password"

// still is a demo network that was made once in this run and lies still: making one
// hashes thirty passwords and writes a thousand rows, and a run wants some hundred.
type still struct {
	once sync.Once
	mu   sync.Mutex // PostgreSQL copies it for one at a time
	dir  string     // its data folder
	dsn  string     // of PostgreSQL
	drop func()
	bare bool // there is none: this PostgreSQL lets us make no databases
}

var templates = map[string]*still{"embedded": {}, "real": {}}

// templateOf makes the template of a kind of world, or waits until it is made.
func templateOf(t testing.TB, name string) *still {
	t.Helper()
	x := templates[name]
	x.once.Do(func() {
		dir, err := os.MkdirTemp("", "shubbak-template-")
		if err != nil {
			t.Fatal(err)
		}
		s := partSettings(t)[name]
		s.Data, s.KeyFile = dir, filepath.Join(dir, "master.key")
		if name == "real" {
			if s.DatabaseURL, x.drop, err = testkit.Database(testkit.Part(t, "TEST_DATABASE_URL"), ""); err != nil {
				t.Log("no database can be made here: each world is made anew")
				x.bare = true
				return
			}
		}
		w := newWorld(t, name, s)
		if n := w.objects(); n != 0 {
			t.Fatalf("the demo network has %d documents: they are not copied", n)
		}
		w.stopServing()
		w.close()
		x.dir, x.dsn = dir, s.DatabaseURL
	})
	if x.dir == "" && !x.bare {
		t.Fatal("there is no demo network to copy")
	}
	return x
}

// copied gives settings a copy of it.
func (x *still) copied(t testing.TB, s settings) settings {
	t.Helper()
	if x.bare {
		s.DatabaseURL = testkit.Schema(t)
		return s
	}
	if err := os.CopyFS(s.Data, os.DirFS(x.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.KeyFile, 0o600); err != nil { // a copy takes no modes along
		t.Fatal(err)
	}
	if x.dsn == "" {
		return s
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	dsn, drop, err := testkit.Database(testkit.Part(t, "TEST_DATABASE_URL"), x.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	s.DatabaseURL = dsn
	return s
}

// forgetTemplates takes them away at the end of the run.
func forgetTemplates() {
	for _, x := range templates {
		if x.drop != nil {
			x.drop()
		}
		if x.dir != "" {
			_ = os.RemoveAll(x.dir)
		}
	}
}
