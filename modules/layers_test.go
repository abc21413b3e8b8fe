package modules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// diagram is the whole picture of the modules: whom each may import. Nothing else
// is allowed, and nothing stands here that is not used.
var diagram = map[string][]string{
	"accounts":      {},
	"agreements":    {},
	"calendars":     {},
	"directory":     {},
	"documents":     {},
	"people":        {},
	"referrals":     {"accounts", "agreements", "calendars", "directory", "documents", "people"},
	"notifications": {"accounts", "agreements", "referrals"},
	"privacy":       {"accounts", "people", "referrals"},
	"reports":       {"agreements", "referrals"},
}

// roots says what each folder that is not a module may import of ours: a folder
// alone, or with /… everything below it.
var roots = map[string][]string{
	"platform":  {"platform/…"},
	"tenants":   {"platform/…"},
	"tenants/*": {"tenants"},
	"policies":  {"tenants", "platform/…"},
	"web":       {"policies", "tenants", "platform/…"},
	"modules":   {"web", "policies", "tenants", "platform/…"},
	"cmd":       {"web", "policies", "tenants", "tenants/…", "modules", "modules/…", "platform/…"},
}

// domainFiles hold rules and nothing else.
var domainFiles = []string{
	"modules/accounts/account.go", "modules/agreements/agreement.go", "modules/agreements/life.go", "modules/agreements/text.go", "modules/directory/service_type.go", "modules/documents/document.go",
	"modules/notifications/notification.go", "modules/people/consent.go", "modules/people/person.go", "modules/referrals/referral.go", "modules/referrals/clocks.go",
}

// source is one Go file, read by its imports.
type source struct {
	name    string // from the repository's root, with slashes
	folder  string
	test    bool
	imports []string
	file    *ast.File
}

// sources reads every Go file of the repository. It parses the files itself: a
// test that asks `go list` is answered from the test cache and stays green after
// a violation.
func sources(t *testing.T, mode parser.Mode) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir("..", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (strings.HasPrefix(e.Name(), ".") && e.Name() != ".." || e.Name() == "testdata" || e.Name() == "node_modules") {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, mode|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", p)
		if err != nil {
			return err
		}
		s := source{name: filepath.ToSlash(rel), test: strings.HasSuffix(p, "_test.go"), file: f}
		s.folder = path.Dir(s.name)
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files were read: this test looks at the wrong place", len(out))
	}
	return out
}

// ours is an import of this repository as a folder, "" for any other.
func ours(name string) string {
	if rest, ok := strings.CutPrefix(name, "shubbak/"); ok {
		return rest
	}
	return ""
}

// allowedFor lists what a folder may import of ours.
func allowedFor(folder string) []string {
	top, rest, deep := strings.Cut(folder, "/")
	switch {
	case top == "modules" && deep:
		out := append([]string{"modules"}, roots["modules"]...)
		for _, m := range diagram[rest] {
			out = append(out, "modules/"+m)
		}
		return out
	case top == "tenants" && deep:
		return roots["tenants/*"]
	}
	return roots[top]
}

func permits(list []string, folder string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		below, deep := strings.CutSuffix(a, "…")
		return a == folder || deep && strings.HasPrefix(folder, below)
	})
}

func TestImportsFollowTheFloors(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range sources(t, parser.ImportsOnly) {
		top, module, deep := strings.Cut(s.folder, "/")
		if top == "modules" && deep {
			if _, ok := diagram[module]; !ok {
				t.Errorf("%s: the module %s does not stand in the diagram", s.name, module)
			}
		}
		if s.test {
			continue // a test may stand its world up from any floor
		}
		for _, i := range s.imports {
			folder := ours(i)
			if folder == "" {
				continue
			}
			if folder == "platform/testkit" {
				t.Errorf("%s imports what only tests may", s.name)
			}
			if folder != s.folder && !permits(allowedFor(s.folder), folder) {
				t.Errorf("%s may not import %s", s.name, folder)
			}
			if to, ok := strings.CutPrefix(folder, "modules/"); ok && top == "modules" {
				used[module+" → "+to] = true
			}
		}
	}
	for m, list := range diagram {
		if _, err := os.Stat(m); err != nil {
			t.Errorf("the diagram names the module %s, which does not exist", m)
		}
		for _, to := range list {
			if !used[m+" → "+to] {
				t.Errorf("the diagram allows %s → %s, which nobody needs", m, to)
			}
		}
	}
}

func TestNoTwoModulesImportEachOther(t *testing.T) {
	t.Parallel()
	var floor func(m string, above []string) int
	floor = func(m string, above []string) int {
		if slices.Contains(above, m) {
			t.Fatalf("a circle: %s", strings.Join(append(above, m), " → "))
		}
		n := 1
		for _, to := range diagram[m] {
			n = max(n, floor(to, append(above, m))+1)
		}
		return n
	}
	floors := map[int][]string{}
	for m := range diagram {
		n := floor(m, nil)
		floors[n] = append(floors[n], m)
	}
	for n := range floors {
		slices.Sort(floors[n])
	}
	want := map[int][]string{1: {"accounts", "agreements", "calendars", "directory", "documents", "people"}, 2: {"referrals"}, 3: {"notifications", "privacy", "reports"}}
	if !maps.EqualFunc(floors, want, slices.Equal[[]string]) {
		t.Errorf("the floors are %v, want %v", floors, want)
	}
}

func TestDomainFilesKnowNothingElse(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range sources(t, parser.ImportsOnly) {
		if !slices.Contains(domainFiles, s.name) {
			continue
		}
		seen[s.name] = true
		for _, i := range s.imports {
			if f := ours(i); f != "" && f != "platform/ids" && f != "platform/fault" || f == "" && thirdParty(i) {
				t.Errorf("%s imports %s: a domain file knows the standard library, platform/ids and platform/fault", s.name, i)
			}
			if i == "context" || i == "net/http" {
				t.Errorf("%s imports %s: a rule waits for nobody", s.name, i)
			}
		}
	}
	for _, f := range domainFiles {
		if !seen[f] {
			t.Errorf("%s does not exist", f)
		}
	}
}

// thirdParty reports an import that is neither ours nor the standard library's.
func thirdParty(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return ours(name) == "" && strings.Contains(first, ".")
}
