package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/testkit"
)

// The fixture is the demo network as an older program wrote it: testdata/upgrade
// holds, for each database, its rows, its objects and a key made for it.
// `make fixture` writes it again, and only the end of a part of the work is a reason.
const fixture = "testdata/upgrade"

type fixtureSheet struct {
	At       time.Time `json:"at"`
	Steps    []string  `json:"steps"`
	Password string    `json:"password"`
	Referral string    `json:"referral"`
	Document string    `json:"document"`
}

const fixtureContent = "%PDF-1.4 written by an older program"

// tableOfRows is one line of the logical form: a table and its rows as PostgreSQL
// writes records. pg_dump is refused to a role that row-level security binds.
type tableOfRows struct {
	Table string   `json:"table"`
	Rows  []string `json:"rows"`
}

func TestAnOlderWorldIsMigratedAndRead(t *testing.T) {
	for name, s := range emptySettings(t) {
		kind := map[string]string{"embedded": "sqlite", "real": "postgres"}[name]
		s.RedisURL, s.S3URL, s.queue = "", "", ""
		dir := filepath.Join(fixture, kind)
		if os.Getenv("UPDATE_FIXTURE") != "" {
			writeFixture(t, s, dir)
			s.Data = t.TempDir()
			if s.KeyFile = filepath.Join(s.Data, "master.key"); name == "real" {
				s.DatabaseURL = testkit.Schema(t)
			}
		}
		t.Run(kind, func(t *testing.T) { readFixture(t, s, dir) })
	}
}

func writeFixture(t *testing.T, s settings, dir string) {
	t.Helper()
	w := newWorld(t, "fixture", s)
	desk := w.as("worker@coordination.demo")
	sheet := fixtureSheet{At: w.clock.Now(), Password: w.password, Referral: desk.sent(nil)}
	sheet.Document = desk.upload(sheet.Referral, "medical", "health", "older.pdf", []byte(fixtureContent)).want(201).text("id")
	w.as("intake@hospital.demo").do(sheet.Referral, "accept", nil).want(200)
	w.settled()
	steps, err := w.db.Migrations(context.Background(), trees(schemaModules()))
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	for _, m := range steps {
		sheet.Steps = append(sheet.Steps, m.Name)
	}
	check(os.RemoveAll(dir))
	check(os.MkdirAll(dir, 0o755))
	w.stopServing()
	if w.db.Postgres() {
		var lines bytes.Buffer
		for _, table := range tablesInOrder(t, w.db) {
			var rows []string
			check(w.db.ReadAsSystem(context.Background(), "fixture", func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select x::text from "+table+" x order by ctid").Scan(ctx, &rows)
			}))
			b, err := json.Marshal(tableOfRows{table, rows})
			check(err)
			lines.Write(append(b, '\n'))
		}
		check(os.WriteFile(filepath.Join(dir, "rows.jsonl.gz"), squeeze(t, lines.Bytes()), 0o644))
	} else {
		check(w.db.Close()) // folds the journal into the file
		b, err := os.ReadFile(filepath.Join(s.Data, "shubbak.db"))
		check(err)
		check(os.WriteFile(filepath.Join(dir, "shubbak.db.gz"), squeeze(t, b), 0o644))
	}
	check(os.CopyFS(filepath.Join(dir, "documents"), os.DirFS(filepath.Join(s.Data, "documents"))))
	key, err := os.ReadFile(s.KeyFile)
	check(err)
	check(os.WriteFile(filepath.Join(dir, "master.key"), key, 0o644))
	b, err := json.MarshalIndent(sheet, "", " ")
	check(err)
	check(os.WriteFile(filepath.Join(dir, "sheet.json"), append(b, '\n'), 0o644))
}

func readFixture(t *testing.T, s settings, dir string) {
	ctx := context.Background()
	raw, err := os.ReadFile(filepath.Join(dir, "sheet.json"))
	if err != nil {
		t.Fatal(err, ": run `make fixture`")
	}
	var sheet fixtureSheet
	if err := json.Unmarshal(raw, &sheet); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(s.Data, "documents"), os.DirFS(filepath.Join(dir, "documents"))); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err == nil {
		err = os.WriteFile(s.KeyFile, key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.DatabaseURL == "" {
		if err := os.WriteFile(filepath.Join(s.Data, "shubbak.db"), expand(t, filepath.Join(dir, "shubbak.db.gz")), 0o600); err != nil {
			t.Fatal(err)
		}
	} else {
		loadRows(t, s.DatabaseURL, sheet.Steps, expand(t, filepath.Join(dir, "rows.jsonl.gz")))
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	c := &clock.Shifted{} // the fixture's own time: nothing has run out meanwhile
	c.Shift(sheet.At.Sub(clock.System{}.Now()) + time.Minute)
	a, err := build(ctx, s, slog.New(slog.DiscardHandler), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	if err := a.db.Migrate(ctx, trees(schemaModules())); err != nil {
		t.Fatal(err)
	}
	if err := a.complete(ctx); err != nil {
		t.Fatal(err)
	}
	a.db.AddHook(testkit.ScopeHook{T: t})
	running, err := a.start(ctx, true, true)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{app: a, t: t, clock: c, url: "http://" + running.addr, password: sheet.Password, tokens: map[string]string{}, serving: running}
	t.Cleanup(w.stopServing)

	desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
	got := hospital.get("/referrals/" + sheet.Referral).want(200)
	if got.at("identity") == nil || got.text("state") != "accepted" {
		t.Errorf("the referral of then: %s", shorten(got.Raw))
	}
	if doc := hospital.get("/documents/" + sheet.Document + "/content").want(200); string(doc.Raw) != fixtureContent {
		t.Error("the document of then has another content")
	}
	for _, box := range []string{"in", "out"} {
		for _, x := range desk.get("/referrals?limit=200&box=" + box).want(200).at("items").([]any) {
			desk.get("/referrals/"+x.(map[string]any)["id"].(string)).want(200, 403)
		}
	}
	hospital.do(sheet.Referral, "start", nil).want(200)
	hospital.do(desk.sent(nil), "accept", nil).want(200)
	w.settled()
	if err := a.audit.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	reports, err := a.audit.Verify(ctx)
	if err != nil || len(reports) == 0 {
		t.Fatal(reports, err)
	}
	for _, r := range reports {
		if !r.OK() {
			t.Error(r)
		}
	}
}

// loadRows makes the schema of then, puts its rows there, and leaves the rest to
// the migration of now.
func loadRows(t *testing.T, dsn string, steps []string, lines []byte) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	then := fstest.MapFS{}
	for _, tree := range trees(schemaModules()) {
		_ = fs.WalkDir(tree, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !slices.Contains(steps, strings.TrimSuffix(p, ".tx.up.sql")) {
				return err
			}
			b, err := fs.ReadFile(tree, p)
			then[p] = &fstest.MapFile{Data: b}
			return err
		})
	}
	if len(then) != len(steps) {
		t.Fatalf("%d of the %d steps of then are still there: a step that was shipped is never removed or renamed", len(then), len(steps))
	}
	if err := d.Migrate(ctx, []fs.FS{then}); err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(bytes.NewReader(lines))
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var x tableOfRows
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		if len(x.Rows) == 0 {
			continue
		}
		values := make([]any, len(x.Rows))
		for i, r := range x.Rows {
			values[i] = r
		}
		err := d.AsSystem(ctx, "fixture", func(ctx context.Context) error {
			_, err := db.Conn(ctx).NewRaw(fmt.Sprintf("insert into %[1]s select (v.r::%[1]s).* from (values %[2]s) v (r)", x.Table, strings.TrimSuffix(strings.Repeat("(?), ", len(values)), ", ")), values...).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(x.Table, ": ", err)
		}
	}
}

// tablesInOrder lists the tables so that each comes after those it refers to.
func tablesInOrder(t *testing.T, d *db.DB) (out []string) {
	t.Helper()
	var tables []string
	var edges []struct{ From, To string }
	err := d.ReadAsSystem(context.Background(), "fixture", func(ctx context.Context) error {
		c := db.Conn(ctx)
		if err := c.NewRaw("select table_name from information_schema.tables where table_schema = current_schema() and table_name not like 'schema_migration%' order by 1").Scan(ctx, &tables); err != nil {
			return err
		}
		return c.NewRaw("select conrelid::regclass::text as from, confrelid::regclass::text as to from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace and conrelid <> confrelid").Scan(ctx, &edges)
	})
	if err != nil {
		t.Fatal(err)
	}
	for len(out) < len(tables) {
		before := len(out)
		for _, table := range tables {
			waits := slices.Contains(out, table)
			for _, e := range edges {
				waits = waits || e.From == table && !slices.Contains(out, e.To)
			}
			if !waits {
				out = append(out, table)
			}
		}
		if len(out) == before {
			t.Fatal("tables refer to each other in a circle")
		}
	}
	return out
}

func squeeze(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(b)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func expand(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
