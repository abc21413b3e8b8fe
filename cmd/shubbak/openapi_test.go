package main

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// contractDoc is the generated OpenAPI document, loaded once for the whole package.
type contractDoc struct {
	once  sync.Once
	doc   *openapi3.T
	err   error
	paths []docPath
	mu    sync.Mutex
	seen  map[string]bool
}

type docPath struct {
	pattern *regexp.Regexp
	path    string
}

var described contractDoc

var template = regexp.MustCompile(`\{[a-z_]+\}`)

func (d *contractDoc) load(raw []byte) {
	d.once.Do(func() {
		loader := openapi3.NewLoader()
		if d.doc, d.err = loader.LoadFromData(raw); d.err != nil {
			return
		}
		d.seen = map[string]bool{}
		for p := range d.doc.Paths.Map() {
			d.paths = append(d.paths, docPath{regexp.MustCompile("^" + template.ReplaceAllString(p, "[^/]+") + "$"), p})
		}
	})
}

// check holds a real answer against the document: every call of every test does it.
func (d *contractDoc) check(t testing.TB, raw []byte, method, address string, a answer) {
	t.Helper()
	d.load(raw)
	if d.err != nil {
		t.Fatalf("openapi.json does not load: %v", d.err)
	}
	_, path, ok := strings.Cut(address, "/api/v1")
	if !ok {
		return
	}
	path, _, _ = strings.Cut(path, "?")
	var op *openapi3.Operation
	best := ""
	for _, p := range d.paths {
		// /people/search before /people/{id}: the address without a parameter wins.
		if p.pattern.MatchString(path) && (best == "" || !strings.Contains(p.path, "{")) {
			if found := d.doc.Paths.Value(p.path).GetOperation(method); found != nil {
				best, op = p.path, found
			}
		}
	}
	if op == nil {
		if a.Status < 400 {
			t.Errorf("%s %s answered %d and stands in no description", method, path, a.Status)
		}
		return
	}
	d.mu.Lock()
	d.seen[method+" "+best] = true
	d.mu.Unlock()
	res := op.Responses.Value(strconv.Itoa(a.Status))
	if res == nil && a.Status >= 400 {
		res = op.Responses.Default()
	}
	if res == nil {
		t.Errorf("%s %s: the status %d is not described", method, best, a.Status)
		return
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if kind != "" && len(res.Value.Content) > 0 && res.Value.Content[kind] == nil && res.Value.Content["application/octet-stream"] == nil {
		t.Errorf("%s %s %d: the type %s is not described", method, best, a.Status, kind)
	}
	for name, media := range res.Value.Content {
		if a.JSON == nil || media.Schema == nil || name != kind {
			continue
		}
		if err := media.Schema.Value.VisitJSON(map[string]any(a.JSON), openapi3.MultiErrors()); err != nil {
			t.Errorf("%s %s %d is not as described: %s", method, best, a.Status, firstLine(err.Error()))
		}
	}
}

// firstLine leaves the answer's values out of the test's output.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
