package db

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	bunschema "github.com/uptrace/bun/schema"
)

func TestParametersAreTakenOutOfATextAndConstantsStay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		out    string
		values []any
	}{
		"select 1":                           {"select 1", nil},
		"select 'a' where x = /*?*/'b'":      {"select 'a' where x = $1", []any{"b"}},
		"x = /*?*/'it''s' and y = /*?*/''":   {"x = $1 and y = $2", []any{"it's", ""}},
		"x = '/*?*/''b' and y = /*?*/'c'":    {"x = '/*?*/''b' and y = $1", []any{"c"}},
		`"/*?*/'b'" = /*?*/'c'`:              {`"/*?*/'b'" = $1`, []any{"c"}},
		"/* it's */ x = /*?*/'c' -- '\n + 1": {"/* it's */ x = $1 -- '\n + 1", []any{"c"}},
		"x = /*?*/X'00ff'":                   {"x = $1", []any{[]byte{0, 255}}},
		"x = /*?*/NULL":                      {"x = /*?*/NULL", nil},
		"x in (/*?*/'a', /*?*/'b')::text[]":  {"x in ($1, $2)::text[]", []any{"a", "b"}},
	} {
		out, values, _ := parameters(text, dollar)
		if out != want.out || fmt.Sprint(values) != fmt.Sprint(want.values) {
			t.Errorf("%s: %s %q, want %s %q", text, out, values, want.out, want.values)
		}
	}
}

// Whatever a person types arrives as it was typed, whatever it looks like.
func TestAHostileArgumentStaysAnArgument(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]bunschema.Dialect{"postgres": pgDialect{pgdialect.New()}, "sqlite": sqliteDialect{sqlitedialect.New()}} {
		gen := bunschema.NewQueryGen(d)
		check := func(a, b string) bool {
			a, b = strings.ToValidUTF8(strings.ReplaceAll(a, "\x00", ""), ""), strings.ToValidUTF8(strings.ReplaceAll(b, "\x00", ""), "")
			text := gen.FormatQuery("select ?, 'a constant', ? where x = ?", a, 7, b)
			out, values, ok := parameters(text, dollar)
			return ok && out == "select $1, 'a constant', 7 where x = $2" && slices.Equal(values, []any{a, b})
		}
		for _, s := range []string{"'", "''", "/*?*/'x'", "*/", "/*", "--", `"`, `\`, "'; drop table users; --", "$1", "?1", "شباك 'x'"} {
			if !check(s, s+s) {
				t.Errorf("%s: %q is not taken out whole", name, s)
			}
		}
		if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		when := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
		_, values, _ := parameters(gen.FormatQuery("? ? ?", when, []byte("\x00'x"), map[string]string{"a": "it's"}), dollar)
		if len(values) != 3 {
			t.Errorf("%s: a time, bytes and an object give %d parameters: %q", name, len(values), values)
		}
	}
}

// A statement whose rows are open runs a second time beside itself.
func TestAStatementRunsInsideItsOwnRows(t *testing.T) {
	t.Parallel()
	d, err := Open("sqlite:" + filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	var seen []string
	err = d.AsSystem(t.Context(), "test", func(ctx context.Context) error {
		const text = "select column1 from (values ('a'), ('b'), ('c')) where column1 <> ?"
		outer, err := Conn(ctx).QueryContext(ctx, text, "x")
		if err != nil {
			return err
		}
		defer func() { _ = outer.Close() }()
		for outer.Next() {
			var one string
			if err := outer.Scan(&one); err != nil {
				return err
			}
			var inner []string
			if err := Conn(ctx).NewRaw(text, one).Scan(ctx, &inner); err != nil {
				return err
			}
			seen = append(seen, one+":"+strings.Join(inner, ""))
		}
		return outer.Err()
	})
	if got := strings.Join(seen, " "); err != nil || got != "a:bc b:ac c:ab" {
		t.Errorf("%s %v", got, err)
	}
}
