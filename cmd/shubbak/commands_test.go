package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell runs one command as main does, and gives its exit status and what it wrote.
func shell(t *testing.T, env map[string]string, args ...string) (code int, stdout, said string) {
	t.Helper()
	var environ []string
	for k, v := range env {
		environ = append(environ, k+"="+v)
	}
	var out, errs bytes.Buffer
	err := run(t.Context(), testMachine(), args, environ, &out, &errs)
	if err != nil {
		said = err.Error()
	}
	return status(err), out.String(), said
}

// TestExitStatuses: 0 done, 1 failed with a line that says why, 2 wrong usage.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held := filepath.Join(dir, "held")
	release, err := lockData(held)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, c := range []struct {
		args string
		code int
		said string
	}{
		{"", 2, "name a command"},
		{"nothing", 2, "no such command"},
		{"backup x", 2, "no such command"}, // of a later part
		{"demo --nothing", 2, "nothing"},
		{"demo more", 2, "no arguments"},
		{"demo --listen nonsense", 2, "host:port"},
		{"demo --listen 0.0.0.0:0 --data " + filepath.Join(dir, "open"), 1, "--public"},
		{"demo --listen 127.0.0.1:0 --data " + held, 1, "held"},
		{"serve --data " + held, 1, "held"},
		{"serve --data " + filepath.Join("/dev/null", "x"), 1, "/dev/null"},
		{"migrate", 2, "up | status"},
		{"audit", 2, "verify"},
		{"tenant add", 2, "tenant add"},
		{"user reset", 2, "reset"},
		{"worker --data " + dir, 1, "SHUBBAK_REDIS_URL"},
		{"serve --without-worker --data " + dir, 1, "SHUBBAK_S3_URL"},
		{"serve --help", 0, ""},
		{"help", 0, ""},
	} {
		code, _, said := shell(t, nil, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(said, c.said) {
			t.Errorf("shubbak %s: %d %q, want %d %q", c.args, code, said, c.code, c.said)
		}
	}
}

// TestBadSettingsAreNamedTogether: one start tells all of them.
func TestBadSettingsAreNamedTogether(t *testing.T) {
	t.Parallel()
	bad := map[string]string{"SHUBBAK_LISTEN": "x", "SHUBBAK_DATABASE_URL": "x", "SHUBBAK_REDIS_URL": "x", "SHUBBAK_S3_URL": "x", "SHUBBAK_SMTP_URL": "x", "SHUBBAK_PUBLIC_URL": "x",
		"SHUBBAK_LOG": "x", "SHUBBAK_METRICS_LISTEN": "x", "SHUBBAK_CLAMAV_URL": "x", "SHUBBAK_TRUSTED_PROXIES": "x", "SHUBBAK_SHUTDOWN": "x"}
	code, _, said := shell(t, bad, "serve")
	if code != 1 {
		t.Errorf("status %d", code)
	}
	for name := range bad {
		if !strings.Contains(said, name) {
			t.Errorf("%s is not named: %s", name, said)
		}
	}
}

// TestNothingIsBuiltHalf: what fails on the way is closed again, so that the folder is
// free for the next start.
func TestNothingIsBuiltHalf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, _, said := shell(t, map[string]string{"SHUBBAK_DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "SHUBBAK_DATA": dir}, "serve"); code != 1 {
		t.Errorf("%d %s", code, said)
	}
	// A process that another test starts at this moment holds the lock too, until it has
	// become what it shall be.
	var release func()
	var err error
	for range 100 {
		if release, err = lockData(dir); err == nil {
			release()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the folder stays held: %v", err)
}
