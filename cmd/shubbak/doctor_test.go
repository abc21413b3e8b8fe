package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/testkit/clamd"
)

// environ are the settings as a process of its own reads them.
func (s settings) environ() []string {
	return []string{"SHUBBAK_DATA=" + s.Data, "SHUBBAK_DATABASE_URL=" + s.DatabaseURL, "SHUBBAK_REDIS_URL=" + s.RedisURL, "SHUBBAK_S3_URL=" + s.S3URL,
		"SHUBBAK_SMTP_URL=" + s.SMTPURL, "SHUBBAK_KEY_FILE=" + s.KeyFile, "SHUBBAK_LISTEN=" + s.Listen, "SHUBBAK_LOG=" + s.Log}
}

// command runs one command of the program in this process.
func commandOf(env []string, args ...string) (out string, status_ int) {
	var stdout, stderr bytes.Buffer
	err := run(context.Background(), testMachine(), args, env, &stdout, &stderr)
	return stdout.String(), status(err)
}

var badLine = regexp.MustCompile(`(?m)^BAD  (\S+(?: \S+)?)  `)

// bad lists the checks that failed.
func bad(out string) string {
	var names []string
	for _, m := range badLine.FindAllStringSubmatch(out, -1) {
		names = append(names, strings.TrimSpace(m[1]))
	}
	return strings.Join(names, ",")
}

func TestTheDoctorLooksAtEveryPart(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		if err := w.audit.Seal(context.Background()); err != nil {
			t.Fatal(err)
		}
		env := w.settings.environ()
		examine := func(what string, env []string, want string) {
			t.Helper()
			out, code := commandOf(env, "doctor")
			if got := bad(out); got != want || code != min(1, len(want)) {
				t.Errorf("%s: bad are %q with status %d, want %q:\n%s", what, got, code, want, out)
			}
			if strings.Contains(out, "shubbak-test") || strings.Contains(out, w.settings.S3URL) && w.settings.S3URL != "" {
				t.Errorf("%s: a secret or an address is printed", what)
			}
		}
		examine("all is well, beside a running server", env, "")

		nobody := "127.0.0.1:" + freePort(t)
		examine("no queue", append(env, "SHUBBAK_REDIS_URL=redis://"+nobody), "queue")
		examine("no mail", append(env, "SHUBBAK_SMTP_URL=smtp://u:secret@"+nobody), "mail")
		examine("no store", append(env, "SHUBBAK_S3_URL=http://key:secret@"+nobody+"/bucket"), "object store")
		examine("no scanner", append(env, "SHUBBAK_CLAMAV_URL=tcp://"+nobody), "scanner")
		daemon := clamd.Start(t)
		examine("a scanner that answers", append(env, "SHUBBAK_CLAMAV_URL="+daemon.Address()), "")
		daemon.Garbage()
		examine("a scanner that answers nonsense", append(env, "SHUBBAK_CLAMAV_URL="+daemon.Address()), "scanner")
		examine("no database", append(env, "SHUBBAK_DATABASE_URL=postgres://u:secret@"+nobody+"/x"), "database,migrations,clock,deliveries,figures,audit")
		examine("bad settings", append(env, "SHUBBAK_SMTP_URL=gopher://x", "SHUBBAK_LISTEN=nowhere"), "settings")
		if err := os.Chmod(w.settings.KeyFile, 0o644); err != nil {
			t.Fatal(err)
		}
		examine("a key that others read", env, "master key")
		if err := os.Chmod(w.settings.KeyFile, 0o600); err != nil {
			t.Fatal(err)
		}

		change := func(query string, args ...any) {
			t.Helper()
			if err := w.db.AsSystem(context.Background(), "test", func(ctx context.Context) error {
				_, err := db.Conn(ctx).NewRaw(query, args...).Exec(ctx)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		insert := "insert into outbox (id, tenant_id, subscriber, event, payload, state, attempt, next_at, created_at) values (?, ?, 'x', 'x', '{}', ?, 0, ?, ?)"
		id, tenant, now := ids.New[ids.Delivery](), ids.New[ids.Tenant](), testNow().UTC()
		change(insert, id, tenant, "dead", now, now)
		examine("a delivery that was given up", env, "deliveries")
		change("update outbox set state = 'ready', next_at = ?, created_at = ? where id = ?", now.Add(time.Hour), now.Add(-time.Hour), id)
		examine("a delivery that waits for an hour", env, "deliveries")
		change("delete from outbox where id = ?", id)
		change("delete from schema_migrations where id = (select max(id) from schema_migrations)")
		examine("a step that is missing", env, "migrations")
	})
}

// An unsealed tail is somebody's worry once it is older than a minute.
func TestTheDoctorSeesAnUnsealedTail(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.stopServing()
		err := w.db.AsSystem(context.Background(), "test", func(ctx context.Context) error {
			_, err := db.Conn(ctx).NewRaw("insert into audit_entries (id, tenant_id, at, action, object, object_id, detail, request_id) values (?, ?, ?, 'x', 'x', '', '', '')",
				ids.New[ids.Entry](), ids.New[ids.Tenant](), testNow().UTC().Add(-2*time.Minute)).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if out, code := commandOf(w.settings.environ(), "doctor"); bad(out) != "audit" || code != 1 {
			t.Errorf("status %d:\n%s", code, out)
		}
	})
}

// A server that greets is enough; one that answers nonsense is not.
func TestTheDoctorGreetsTheMailServer(t *testing.T) {
	t.Parallel()
	m := startMailServer(t)
	env := []string{"SHUBBAK_DATA=" + t.TempDir(), "SHUBBAK_SMTP_URL=smtp://" + m.addr}
	if out, _ := commandOf(env, "doctor"); strings.Contains(bad(out), "mail") {
		t.Errorf("a server that answers:\n%s", out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("go away\r\n"))
			_ = c.Close()
		}
	}()
	if out, code := commandOf(append(env, "SHUBBAK_SMTP_URL=smtp://"+l.Addr().String()), "doctor"); !strings.Contains(bad(out), "mail") || code != 1 {
		t.Errorf("a server that answers nonsense:\n%s", out)
	}
}

func TestConfigMasksSecrets(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "redis")
	if err := os.WriteFile(secret, []byte("redis://:redis-word@redis:6379\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := commandOf([]string{"SHUBBAK_DATABASE_URL=postgres://shubbak:pg-word@db:5432/shubbak?sslmode=verify-full&password=query-word", "SHUBBAK_REDIS_URL_FILE=" + secret,
		"SHUBBAK_S3_URL=https://key:s3-word@store:9000/documents", "SHUBBAK_SMTP_URL=smtps://post:smtp-word@mail:465", "SHUBBAK_PUBLIC_URL=https://portail.example.ma",
		"SHUBBAK_TRUSTED_PROXIES=10.0.0.0/8,127.0.0.1/32"}, "config", "--listen", "0.0.0.0:8080", "--data", "/var/lib/shubbak")
	if code != 0 || strings.Contains(out, "-word") {
		t.Errorf("status %d:\n%s", code, out)
	}
	golden(t, "testdata/config.golden", []byte(out))
	for _, odd := range []string{"postgres://u:pg-word@[::1", "::pg-word", "redis://pg-word", "http://pg-word@h/b?x=pg-word"} {
		if got := masked(odd); strings.Contains(got, ":pg-word@") || strings.Contains(got, "=pg-word") {
			t.Errorf("%s: %s", odd, got)
		}
	}
	if out, code := commandOf([]string{"SHUBBAK_LISTEN=nowhere"}, "config"); code != 1 || !strings.Contains(out, "SHUBBAK_LISTEN=nowhere  # environment") {
		t.Errorf("bad settings: status %d:\n%s", code, out)
	}
}
