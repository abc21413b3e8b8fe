// Command bench measures the product as people meet it: through HTTP, signed in, on
// a full world, against a bare line that runs the same statement and nothing else.
//
//	go run ./cmd/bench              SIZE=small, SQLite and PostgreSQL
//	SIZE=full go run ./cmd/bench    a million referrals beside ten thousand, by hand
//
// It prints figures and judges nothing: tests assert no times.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sizes are the worlds of each run, in referrals: the large one first.
var sizes = map[string][2]int{"small": {20_000, 2_000}, "full": {1_000_000, 10_000}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the caller may change.
type options struct {
	size, only, profile string
	blocks              int
	limit               time.Duration
	bin                 string // the product, built for this run
	dir                 string // where worlds are kept
}

func run(ctx context.Context) error {
	o := options{size: os.Getenv("SIZE")}
	if o.size == "" {
		o.size = "small"
	}
	bare := flag.String("bare", "", "serve the bare line over a database (used by bench itself)")
	flag.StringVar(&o.only, "only", "", "sqlite or postgres")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the product into this folder")
	flag.IntVar(&o.blocks, "blocks", 5, "how often product and bare line alternate")
	flag.DurationVar(&o.limit, "limit", 25*time.Minute, "how long the run may take")
	flag.Parse()
	if *bare != "" {
		return serveBare(ctx, *bare, flag.Args())
	}
	pair, ok := sizes[o.size]
	if !ok {
		return errors.New("SIZE is small or full")
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	hash, err := schemaHash()
	if err != nil {
		return err
	}
	o.dir = filepath.Join(cache, "shubbak", "bench", hash)
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	if err := forget(filepath.Dir(o.dir), hash); err != nil {
		return err
	}
	o.bin = filepath.Join(o.dir, "shubbak")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", o.bin, "./cmd/shubbak").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	fmt.Println(machine())
	for _, kind := range []string{"sqlite", "postgres"} {
		if o.only != "" && o.only != kind {
			continue
		}
		large, err := o.world(ctx, kind, pair[0])
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		small, err := o.world(ctx, kind, pair[1])
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		printGrowth(large, small)
	}
	return nil
}

// fills is the code that fills a world.
var fills = []string{"cmd/bench/agreements.go", "cmd/bench/fill.go", "cmd/bench/fill_rows.go", "cmd/bench/world.go"}

// forget removes the worlds of other schemas that nobody has used for a week: one of a
// million referrals takes gigabytes.
func forget(worlds, current string) error {
	list, err := os.ReadDir(worlds)
	if err != nil {
		return err
	}
	for _, e := range list {
		if i, err := e.Info(); err != nil || e.Name() == current || time.Since(i.ModTime()) < 7*24*time.Hour {
			continue
		}
		if err := os.RemoveAll(filepath.Join(worlds, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// schemaHash names the shape of the database and of the worlds: the migrations and
// the code that fills them.
func schemaHash() (string, error) {
	var files []string
	for _, root := range []string{"modules", "platform", "tenants", "web", "cmd/bench"} {
		err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(p, ".sql") || slices.Contains(fills, filepath.ToSlash(p))) {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			return "", fmt.Errorf("run it from the repository's root: %w", err)
		}
	}
	slices.Sort(files)
	h := sha256.New()
	for _, p := range files {
		b, err := os.ReadFile(p)
		if err != nil {
			return "", err
		}
		h.Write([]byte(p))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// world measures one world on one database.
func (o options) world(ctx context.Context, kind string, referrals int) ([]result, error) {
	w, err := o.prepare(ctx, referrals)
	if err != nil {
		return nil, fmt.Errorf("world of %d: %w", referrals, err)
	}
	if kind == "postgres" {
		stop, err := w.toPostgres(ctx)
		if err != nil {
			return nil, err
		}
		defer stop()
	}
	return w.measure(ctx, kind)
}
