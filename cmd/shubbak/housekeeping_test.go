package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// Each table keeps its rows as long as it says, and not one more.
func TestHousekeeping(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		key := map[string]string{"Idempotency-Key": "once"}
		if a := w.call("POST", "/t/coordination/api/v1/people", desk.token, map[string]any{"given_name": "Trimmed", "family_name": "Person", "sex": "female"}, key); a.Status != 201 {
			t.Fatal(a.Status)
		}
		unread := desk.sent(nil)
		read := desk.sent(nil)
		w.settled()
		for _, x := range hospital.get("/notifications?limit=200").want(200).at("items").([]any) {
			if m := x.(map[string]any); m["subject"].(map[string]any)["id"] == read {
				hospital.post("/notifications/"+m["id"].(string)+"/read", nil).want(200)
			}
		}
		w.call("POST", "/t/coordination/api/v1/session", "", map[string]any{"email": "worker@coordination.demo", "password": "wrong"}, nil).code(401, "invalid_credentials")
		count := func(table, where string) (n int) {
			t.Helper()
			if err := w.db.ReadAsSystem(ctx, "test", func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select count(*) from "+table+" where "+where).Scan(ctx, &n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		of := func(id string) string { return "subject_id = '" + id + "'" }
		rows := map[string]time.Duration{"idempotency_keys": 24 * time.Hour, "sign_in_failures": 24 * time.Hour, "outbox": 7 * 24 * time.Hour, "sessions": 30*24*time.Hour + 13*time.Hour, "notifications": 180 * 24 * time.Hour}
		where := map[string]string{"idempotency_keys": "true", "sign_in_failures": "true", "outbox": "subscriber <> 'platform.trim' and state = 'done'", "sessions": "true", "notifications": of(read)}
		start := w.clock.Now()
		for _, at := range []time.Duration{23 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 32 * 24 * time.Hour, 181 * 24 * time.Hour} {
			for _, trim := range w.trims() {
				if _, err := w.db.Trim(ctx, trim, start.Add(at)); err != nil {
					t.Fatal(err)
				}
			}
			for table, keep := range rows {
				if n := count(table, where[table]); (n > 0) != (at < keep) {
					t.Errorf("after %s %s has %d rows", at, table, n)
				}
			}
		}
		if count("notifications", of(unread)) == 0 {
			t.Error("a notice that nobody has read is gone")
		}
		if count("referrals", "true") == 0 || count("audit_entries", "true") == 0 {
			t.Error("housekeeping took what is kept")
		}
	})
}

// An object whose row never came goes after a day; one with a row, or a young one,
// stays.
func TestSweepingOfObjects(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		kept := desk.upload(id, "medical", "health", "a.txt", []byte("kept")).want(201).text("id")
		orphan := w.tenantID("coordination") + "/" + ids.New[ids.Document]().String()
		if _, err := w.blobs.Put(ctx, orphan, strings.NewReader("orphan")); err != nil {
			t.Fatal(err)
		}
		if n, err := w.documents.Sweep(ctx); n != 0 || err != nil {
			t.Fatalf("a young object is swept: %d, %v", n, err)
		}
		if w.name != "embedded" {
			return // only the disk lets a test make an object old
		}
		root := filepath.Join(w.settings.Data, "documents")
		old := time.Now().Add(-25 * time.Hour)
		_ = filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				err = os.Chtimes(p, old, old)
			}
			return err
		})
		if n, err := w.documents.Sweep(ctx); n != 1 || err != nil {
			t.Fatalf("swept %d, %v", n, err)
		}
		if _, err := w.blobs.Stat(ctx, orphan); err == nil {
			t.Error("the orphan is still there")
		}
		if a := desk.get("/documents/" + kept + "/content"); a.Status != 200 {
			t.Errorf("a document with its row is gone: %d", a.Status)
		}
	})
}
