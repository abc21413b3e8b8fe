package modules_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shubbak/platform/i18n"
)

// forms are the plural forms that each language must have where a key has any.
var forms = map[i18n.Lang][]string{
	i18n.Arabic:  {"few", "many", "one", "other", "two", "zero"},
	i18n.French:  {"one", "other"},
	i18n.English: {"one", "other"},
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// message is one key in one language: a text, or its plural forms.
type message struct {
	text   string
	plural map[string]string
}

// placeholders lists what a message leaves open, each once.
func (m message) placeholders() []string {
	all := m.text
	for _, f := range m.plural {
		all += f
	}
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(all, -1))))
}

// catalogue reads one locale file.
func catalogue(t *testing.T, file string) map[string]message {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if n := strings.Count(string(b), `": `); n < len(raw) {
		t.Fatalf("%s: %d keys, %d lines", file, len(raw), n)
	}
	out := map[string]message{}
	for key, value := range raw {
		var m message
		if json.Unmarshal(value, &m.text) != nil {
			if err := json.Unmarshal(value, &m.plural); err != nil {
				t.Fatalf("%s: %s is neither a text nor plural forms", file, key)
			}
		}
		out[key] = m
	}
	return out
}

func TestCataloguesAgree(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("*/locales")
	if err != nil {
		t.Fatal(err)
	}
	folders = append(folders, "../web/locales")
	if len(folders) < len(diagram) {
		t.Fatalf("only %v", folders)
	}
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			arabic := catalogue(t, filepath.Join(dir, "ar.json"))
			for _, l := range i18n.Langs {
				words := catalogue(t, filepath.Join(dir, string(l)+".json"))
				if a, b := slices.Sorted(maps.Keys(arabic)), slices.Sorted(maps.Keys(words)); !slices.Equal(a, b) {
					t.Errorf("%s: other keys than Arabic: %v", l, difference(a, b))
				}
				for key, m := range words {
					if strings.TrimSpace(m.text) == "" && m.plural == nil {
						t.Errorf("%s %s: no words", l, key)
					}
					if (m.plural == nil) != (arabic[key].plural == nil) {
						t.Errorf("%s: %s has plural forms in one language and not in the other", l, key)
					}
					if !slices.Equal(m.placeholders(), arabic[key].placeholders()) {
						t.Errorf("%s %s: placeholders %v, in Arabic %v", l, key, m.placeholders(), arabic[key].placeholders())
					}
					if m.plural != nil && !slices.Equal(slices.Sorted(maps.Keys(m.plural)), forms[l]) {
						t.Errorf("%s %s: the forms %v, want %v", l, key, slices.Sorted(maps.Keys(m.plural)), forms[l])
					}
					if strings.Contains(strings.NewReplacer("{{", "", "}}", "").Replace(m.text), "{") {
						t.Errorf("%s %s: a single brace is printed as it stands", l, key)
					}
				}
			}
		})
	}
}

// difference lists what stands in one list only.
func difference(a, b []string) (out []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, "-"+x)
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			out = append(out, "+"+x)
		}
	}
	return out
}

func TestTheCatalogueLoadsAsAWhole(t *testing.T) {
	t.Parallel()
	c := i18n.New()
	b, err := os.ReadFile("../web/locales/glossary.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.LoadGlossary(b); err != nil {
		t.Fatal(err)
	}
	if err := c.Load(os.DirFS("../web"), "locales"); err != nil {
		t.Fatal(err)
	}
	for m := range diagram {
		if err := c.Load(os.DirFS(m), "locales"); err != nil {
			t.Errorf("%s: %v", m, err) // a key that stands twice, too
		}
	}
	for _, l := range i18n.Langs {
		if n := len(c.Keys(l)); n < 600 {
			t.Errorf("%s has %d keys", l, n)
		}
		for _, key := range c.Keys(l) {
			if s := c.T(l, key, map[string]any{"Count": 3}); s == "" || s == key {
				t.Errorf("%s: %s says %q", l, key, s)
			}
		}
	}
}

// TestNoWordsInTemplates keeps sentences out of the templates: whatever a reader
// sees comes from a catalogue, in the reader's language.
func TestNoWordsInTemplates(t *testing.T) {
	t.Parallel()
	var files []string
	for _, p := range []string{"*/*.templ", "../web/*.templ"} {
		list, err := filepath.Glob(p)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	if len(files) < 2 {
		t.Fatalf("only %v", files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range literals(string(b)) {
			t.Errorf("%s:%d: %s", f, l.line, l.text)
		}
	}
}

func TestTheScannerSeesWords(t *testing.T) {
	t.Parallel()
	wrap := func(body string) string {
		return "package x\n\nimport \"fmt\"\n\nfunc word() string { return \"<b>not a template</b>\" }\n\ntempl page(n int) {\n" + body + "\n}\n"
	}
	for body, want := range map[string]string{
		"<p>Hello</p>":                              "Hello",
		"<p>\n  مرحبا\n</p>":                        "مرحبا",
		"<p>{ n } files</p>":                        "files",
		"if n > 1 {\n<p>Two</p>}":                   "Two",
		"<img alt=\"A house\"/>":                    "alt=\"A house\"",
		"<input placeholder=\"Name\" title={ n }/>": "placeholder=\"Name\"",
		"<b>more</b> { n }":                         "more",
		"@Frame(n) {\n<i>x y</i>\n}":                "x y",
		"} else {\n text here\n":                    "text here",
	} {
		got := literals(wrap(body))
		if len(got) != 1 || got[0].text != want {
			t.Errorf("%q: %v, want %q", body, got, want)
		}
	}
	for _, body := range []string{
		"<p>{ v.T(\"a.key\") }</p>", "<p>99+ · { n }</p>", "// a comment in words\n<p></p>", "<!-- a comment -->", "if n > 1 {\n<p></p>\n} else {\n<i></i>\n}",
		"for _, x := range list {\n@Item(x, \"a } brace\")\n}", "<a href={ v.URL(\"/x\") } if n > 2 {\naria-current=\"page\"\n}>{ n }</a>", "<script src={ n } defer></script>",
		"switch n {\ncase 1:\n<p></p>\ndefault:\n<p></p>\n}", "{ children... }", "@a.B()\n<br/>", "<!DOCTYPE html>", "{{ x := 1 }}\n<p></p>", "<bdi dir=\"ltr\">{ n }</bdi>",
	} {
		if got := literals(wrap(body)); len(got) != 0 {
			t.Errorf("%q: %v", body, got)
		}
	}
}

func (l literal) String() string { return fmt.Sprintf("%d: %s", l.line, l.text) }
