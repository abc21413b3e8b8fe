// Package testkit gives tests the real parts of this run: each store and service
// test runs on SQLite and, where there is one, on PostgreSQL, in a schema of its
// own, as an ordinary role that row-level security binds.
//
// The parts are named by the environment (TEST_DATABASE_URL, TEST_REDIS_URL,
// TEST_S3_URL, TEST_CHROMIUM), which testrun fills; TEST_REQUIRE_REAL=1 turns an
// absent part into a failure.
package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"shubbak/platform/db"

	_ "github.com/jackc/pgx/v5/stdlib" // administration of test schemas
	"github.com/uptrace/bun"
)

// Part is the address of a real part, or "" when this run has none. With
// TEST_REQUIRE_REAL an absent part fails the test.
func Part(t testing.TB, name string) string {
	t.Helper()
	s := os.Getenv(name)
	if s == "" && os.Getenv("TEST_REQUIRE_REAL") != "" {
		t.Fatalf("%s is required in this run", name)
	}
	return s
}

// Unique is a short random word for names of schemas, buckets and queues.
func Unique() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b)
	return "t" + hex.EncodeToString(b)
}

// DSNs lists the databases of this run, each fresh and empty, by name.
func DSNs(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	if os.Getenv("TEST_ONLY_POSTGRES") == "" {
		out["sqlite"] = "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	}
	if dsn := Schema(t); dsn != "" {
		out["postgres"] = dsn
	}
	return out
}

// Schema makes a schema of its own in the run's PostgreSQL and gives its address;
// "" when there is no PostgreSQL.
func Schema(t testing.TB) string {
	t.Helper()
	base := Part(t, "TEST_DATABASE_URL")
	if base == "" {
		return ""
	}
	name := Unique()
	if err := administer(base, "create schema "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = administer(base, "drop schema "+name+" cascade") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// Database makes a database in the run's PostgreSQL and gives its address and what drops
// it; as a copy of the one at another address, to which nobody may be connected, or empty.
func Database(base, copyOf string) (dsn string, drop func(), err error) {
	name, template := Unique(), ""
	if copyOf != "" {
		u, err := url.Parse(copyOf)
		if err != nil {
			return "", nil, err
		}
		template = " template " + strings.TrimPrefix(u.Path, "/")
	}
	if err := administer(base, "create database "+name+template); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() { _ = administer(base, "drop database "+name+" with (force)") }, nil
}

// administer runs one statement on the run's PostgreSQL, on a connection of its own.
func administer(base, statement string) error {
	d, err := sql.Open("pgx", base)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.Exec(statement)
	return err
}

// Bucket is the address of a bucket of its own in the run's MinIO, or "".
func Bucket(t testing.TB) string {
	t.Helper()
	base := Part(t, "TEST_S3_URL")
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/" + Unique()
}

// EachDB runs fn on every database of this run, migrated and with the hook that
// fails a query which names no tenant.
func EachDB(t *testing.T, trees []fs.FS, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for name, dsn := range DSNs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := db.Open(dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			if err := d.Migrate(context.Background(), trees); err != nil {
				t.Fatal(err)
			}
			if d.Postgres() {
				if err := d.CheckRole(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			d.AddHook(ScopeHook{T: t})
			fn(t, d)
		})
	}
}

// Unwalled lists the tables that belong to no tenant, each with its reason. A test
// compares the list with the catalogue.
var Unwalled = map[string]string{
	"tenants":                "the list of portals; asked before a tenant is known",
	"organizations":          "the directory of outside bodies is everybody's",
	"units":                  "a partner may know a unit's name",
	"services":               "the directory is public inside the network",
	"service_needs":          "the directory is public inside the network",
	"tenant_calendars":       "deadlines are counted in the receiver's working time; written by their tenant alone",
	"unit_calendars":         "deadlines are counted in the receiver's working time; written by their tenant alone",
	"outbox":                 "ids and codes only; the relay serves every tenant",
	"sign_in_failures":       "keyed by a hash of address and e-mail; the brake knows no tenant",
	"schema_migrations":      "the schema's own",
	"schema_migration_locks": "the schema's own",
}

// tenantColumns are the columns that name a tenant.
var tenantColumns = regexp.MustCompile(`(?i)\b(tenant_id|from_tenant|to_tenant|by_tenant)\b`)

// scopedTables are those that a query may not read or write without naming a tenant.
var scopedTables = []string{"people", "person_tokens", "consents", "agreements", "agreement_parties", "agreement_scopes", "agreement_sharing", "agreement_texts", "agreement_events", "agreement_comments", "agreement_signatures", "agreement_codes", "agreement_quotas", "agreement_obligations", "agreement_meetings", "agreement_decisions", "agreement_meeting_notes", "tasks",
	"documents", "document_subjects", "document_usage",
	"referrals", "referral_slices", "referral_events", "referral_notes", "messages", "disclosures", "referral_slips", "notifications", "users", "memberships", "sessions", "sign_in_links", "recovery_codes", "kept_forms",
	"audit_entries", "audit_heads", "vault_keys", "idempotency_keys", "registers", "tenant_calendars", "unit_calendars", "referral_alarms"}

var tableWord = regexp.MustCompile(`(?i)\b(?:from|join|into|update)\s+"?([a-z_]+)"?`)

// ScopeHook fails the test when a query on a tenant's table names no tenant,
// outside system work.
type ScopeHook struct {
	T interface {
		Helper()
		Errorf(format string, args ...any)
	}
}

// BeforeQuery looks at the statement.
func (h ScopeHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if deliberate, _ := ctx.Value(deliberately{}).(bool); !deliberate && !db.IsSystem(ctx) {
		if table := Unscoped(e.Query); table != "" {
			h.T.Helper()
			// Never the text: bun writes arguments into it.
			h.T.Errorf("a %s on %s names no tenant", e.Operation(), table)
		}
	}
	return ctx
}

type deliberately struct{}

// Deliberately lets a test ask the second wall alone, with a query that names no
// tenant.
func Deliberately(ctx context.Context) context.Context {
	return context.WithValue(ctx, deliberately{}, true)
}

// AfterQuery does nothing.
func (ScopeHook) AfterQuery(context.Context, *bun.QueryEvent) {}

// Unscoped gives the first tenant table that a statement touches without naming a
// tenant in its conditions or values; "" when it is scoped.
func Unscoped(query string) string {
	lower := strings.Join(strings.Fields(strings.ToLower(query)), " ")
	conditions := lower
	if !strings.HasPrefix(lower, "insert") {
		_, after, found := strings.Cut(lower, " where ")
		if !found {
			after = ""
		}
		conditions = after
	}
	for _, m := range tableWord.FindAllStringSubmatch(lower, -1) {
		for _, t := range scopedTables {
			if m[1] == t && !tenantColumns.MatchString(conditions) {
				return t
			}
		}
	}
	return ""
}
