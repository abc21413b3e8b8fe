package modules_test

import (
	"go/ast"
	"go/parser"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// doors lists every library with the files that may know it. A library that does
// not stand here has no door, so nobody takes one up in passing.
var doors = map[string][]string{
	"github.com/gofiber/fiber/v2": {"web/*.go", "modules/*/pages*.go", "modules/*/http_stream.go", "cmd/bench/bare.go"},
	"github.com/valyala/fasthttp": {"web/server.go"},
	"github.com/a-h/templ":        {"web/*.go", "modules/*/pages*.go", "modules/*/*_templ.go"},
	// web keeps one table of its own, in idempotency.go.
	// observe only reads the shape of a query, for the slow log; testkit for the hook.
	"github.com/uptrace/bun": {"modules/*/store*.go", "tenants/store.go", "web/idempotency.go", "platform/db/*.go", "platform/outbox/store.go",
		"platform/audit/store.go", "platform/vault/store.go", "platform/observe/observe.go", "platform/testkit/testkit.go"},
	"github.com/jackc/pgx/v5":                {"platform/db/*.go", "platform/testkit/testkit.go", "cmd/bench/copy.go"},
	"modernc.org/sqlite":                     {"platform/db/*.go"},
	"github.com/hibiken/asynq":               {"platform/outbox/queue.go"},
	"github.com/alicebob/miniredis/v2":       {"platform/outbox/queue.go"},
	"github.com/redis/go-redis/v9":           {"platform/outbox/queue.go", "platform/live/redis.go"},
	"github.com/minio/minio-go/v7":           {"platform/blob/s3*.go"},
	"github.com/casbin/casbin/v2":            {"policies/policies.go"},
	"github.com/tink-crypto/tink-go/v2":      {"platform/vault/*.go", "cmd/shubbak/names.go", "cmd/bench/bare.go"},
	"github.com/nicksnyder/go-i18n/v2":       {"platform/i18n/i18n.go"},
	"golang.org/x/text":                      {"platform/i18n/i18n.go", "modules/people/name.go"},
	"golang.org/x/crypto":                    {"modules/accounts/password.go"},
	"github.com/gabriel-vasile/mimetype":     {"modules/documents/service.go"},
	"github.com/go-playground/validator/v10": {"web/decode.go"},
	"github.com/google/uuid":                 {"platform/ids/ids.go", "web/server.go"},
	"github.com/prometheus/client_golang":    {"platform/observe/observe.go", "cmd/shubbak/running.go"},
	"github.com/xuri/excelize/v2":            {"platform/sheet/xlsx.go"},
	"github.com/tdewolff/minify/v2":          {"web/static.go"},
	"github.com/swaggest/jsonschema-go":      {"web/openapi.go"},
	"github.com/swaggest/openapi-go":         {"web/openapi.go"},
	"github.com/wneessen/go-mail":            {"platform/mail/mail.go"},
	"github.com/caarlos0/env/v11":            {"cmd/shubbak/settings.go"},
	"rsc.io/qr":                              {"platform/qr/qr.go"},
	"github.com/pquerna/otp":                 {"modules/accounts/factor.go"},
}

// doorOf is the library that an import belongs to, "" when it has no door.
func doorOf(name string) string {
	best := ""
	for lib := range doors {
		if (name == lib || strings.HasPrefix(name, lib+"/")) && len(lib) > len(best) {
			best = lib
		}
	}
	return best
}

func TestEveryLibraryHasOneDoor(t *testing.T) {
	t.Parallel()
	used := map[string]map[string]bool{}
	for _, s := range sources(t, parser.ImportsOnly) {
		if s.test {
			continue
		}
		for _, i := range s.imports {
			if !thirdParty(i) {
				continue
			}
			lib := doorOf(i)
			if lib == "" {
				t.Errorf("%s imports %s, which has no door", s.name, i)
				continue
			}
			k := slices.IndexFunc(doors[lib], func(p string) bool { ok, _ := path.Match(p, s.name); return ok })
			if k < 0 {
				t.Errorf("%s may not know %s; its door is %s", s.name, lib, strings.Join(doors[lib], ", "))
				continue
			}
			if used[lib] == nil {
				used[lib] = map[string]bool{}
			}
			used[lib][doors[lib][k]] = true
		}
	}
	for lib, list := range doors {
		for _, p := range list {
			// Pages come and go with their portals; every other door is in use.
			if !used[lib][p] && !strings.Contains(p, "pages") && !strings.Contains(p, "_templ") {
				t.Errorf("nobody comes through the door %s of %s", p, lib)
			}
		}
	}
}

// machineTime lists the places that ask the machine for the time, each with why
// the clock of the product would be wrong there.
var machineTime = map[string]string{
	"platform/clock/clock.go":          "it is the clock",
	"platform/observe/observe.go":      "measures how long a query took",
	"platform/outbox/queue.go":         "steps the embedded queue's clock, which knows real time only",
	"platform/testkit/testrun/main.go": "measures a run of tests",
	"platform/testkit/took.go":         "measures how long somebody waits",
	"web/server.go":                    "measures how long a request took",
	"web/stream.go":                    "the deadline of a socket is in real time",
	"platform/scan/scan.go":            "the deadline of a socket is in real time",
	"tenants/registry.go":              "a brake on reading the table again: real seconds, whatever the clock says",
	"cmd/bench/measure.go":             "measures requests",
	"cmd/bench/main.go":                "how long nobody has used a world",
	"cmd/bench/procs.go":               "measures processes, and says when",
	"cmd/bench/copy.go":                "measures how long a copy took",
	"cmd/bench/world.go":               "measures how long a world took",
	"cmd/bench/agreements.go":          "the product that is measured lives in real time",
	"cmd/bench/fill_rows.go":           "the product that is measured lives in real time",
	"modules/documents/service.go":     "the age of an object is told by the store, in real time",
}

func TestOnlyTheClockAsksTheMachine(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range sources(t, 0) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && (sel.Sel.Name == "Now" || sel.Sel.Name == "Since" || sel.Sel.Name == "Until") {
				seen[s.name] = true
				if machineTime[s.name] == "" {
					t.Errorf("%s calls time.%s: take the clock of the product", s.name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	for f := range machineTime {
		if !seen[f] {
			t.Errorf("%s does not ask the machine any more", f)
		}
	}
}

// systemWork lists who works beside the walls, and why.
var systemWork = map[string][]string{
	"cmd/bench/world.go":               {"a tenant of the bench"},
	"modules/accounts/links.go":        {"the neutral address in a mail names no tenant"},
	"modules/accounts/own.go":          {"the brake on guessing knows no tenant"},
	"modules/accounts/service.go":      {"the brake on guessing knows no tenant"},
	"modules/agreements/jobs.go":       {"whose agreements have something due today"},
	"modules/agreements/service.go":    {"planting an agreement writes the rows of every party"},
	"modules/agreements/signing.go":    {"the neutral address in a mail names no tenant"},
	"modules/documents/scanning.go":    {"tenants whose documents wait for the scanner"},
	"modules/documents/service.go":     {"sweeping of objects without a row"},
	"modules/referrals/alarms.go":      {"whose clocks ring now"},
	"modules/notifications/service.go": {"the neutral address in a mail names no tenant"},
	"modules/referrals/danger.go":      {"dangers that nobody has acknowledged"},
	"platform/audit/audit.go":          {"audit verify", "entries of reads, of many tenants in one commit", "is there anything to seal", "sealer", "unsealed entries"},
	"platform/outbox/outbox.go":        {"count of open deliveries"},
	"platform/outbox/deliver.go":       {"load a delivery", "next attempt"},
	"platform/outbox/relay.go":         {"relay", "release of rows of a dead queue", "schedules"},
	"modules/referrals/slips.go":       {"the code on a slip names no tenant"},
	"platform/vault/vault.go":          {"loading of keys"},
	"tenants/registry.go":              {"first set-up of a tenant", "look-up of tenants"},
}

func TestSystemWorkIsListed(t *testing.T) {
	t.Parallel()
	found := map[string][]string{}
	for _, s := range sources(t, 0) {
		if s.test || s.folder == "platform/db" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "AsSystem" && sel.Sel.Name != "ReadAsSystem" {
				return true
			}
			why := "(not a constant)"
			if len(call.Args) > 1 {
				if lit, ok := call.Args[1].(*ast.BasicLit); ok {
					why, _ = strconv.Unquote(lit.Value)
				}
			}
			if !slices.Contains(found[s.name], why) {
				found[s.name] = append(found[s.name], why)
			}
			return true
		})
	}
	for f := range found {
		slices.Sort(found[f])
	}
	if !maps.EqualFunc(found, systemWork, slices.Equal[[]string]) {
		t.Errorf("system work in the code:\n%v\nlisted:\n%v", found, systemWork)
	}
}
