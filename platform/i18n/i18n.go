// Package i18n speaks Arabic, French and English: message catalogues of every
// module, plural forms, dates and counts as a Moroccan administration writes
// them (Latin digits, Moroccan month names, six Arabic plural forms).
package i18n

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"sort"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Lang is one of the three languages.
type Lang string

// The languages of the product, in its order.
const (
	Arabic  Lang = "ar"
	French  Lang = "fr"
	English Lang = "en"
)

// Langs lists the languages in the order in which they are offered.
var Langs = [...]Lang{Arabic, French, English}

// Dir is the writing direction.
func (l Lang) Dir() string {
	if l == Arabic {
		return "rtl"
	}
	return "ltr"
}

// Parse reads a language code; ok is false for any other.
func Parse(s string) (Lang, bool) {
	for _, l := range Langs {
		if string(l) == s {
			return l, true
		}
	}
	return Arabic, false
}

// Accept chooses from an Accept-Language header, else def.
func Accept(header string, def Lang) Lang {
	if header == "" {
		return def
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return def
	}
	for _, t := range tags {
		base, _ := t.Base()
		if l, ok := Parse(base.String()); ok {
			return l
		}
	}
	return def
}

// Words is a set of three wordings of one thing.
type Words struct {
	Ar string `json:"ar"`
	Fr string `json:"fr"`
	En string `json:"en"`
}

// In is the wording in one language.
func (w Words) In(l Lang) string {
	switch l {
	case French:
		return w.Fr
	case English:
		return w.En
	}
	return w.Ar
}

// Catalog holds every message of every module. It is filled once at start and
// read by all afterwards.
type Catalog struct {
	bundle *goi18n.Bundle
	plain  map[Lang]map[string]string // messages without placeholders: no template work
	local  map[Lang]*goi18n.Localizer
	keys   map[Lang]map[string]bool
}

// New makes an empty catalogue.
func New() *Catalog {
	c := &Catalog{bundle: goi18n.NewBundle(language.Arabic), plain: map[Lang]map[string]string{}, local: map[Lang]*goi18n.Localizer{}, keys: map[Lang]map[string]bool{}}
	for _, l := range Langs {
		c.plain[l], c.keys[l] = map[string]string{}, map[string]bool{}
		c.local[l] = goi18n.NewLocalizer(c.bundle, string(l))
	}
	return c
}

// Load adds ar.json, fr.json and en.json of one folder: a flat object from key to
// a text, or to an object of plural forms (zero, one, two, few, many, other).
// A key that stands twice is an error.
func (c *Catalog) Load(fsys fs.FS, dir string) error {
	for _, l := range Langs {
		b, err := fs.ReadFile(fsys, path.Join(dir, string(l)+".json"))
		if err != nil {
			return err
		}
		var file map[string]json.RawMessage
		if err := json.Unmarshal(b, &file); err != nil {
			return fmt.Errorf("%s/%s.json: %w", dir, l, err)
		}
		for key, raw := range file {
			var forms map[string]string
			var text string
			if json.Unmarshal(raw, &text) != nil {
				if err := json.Unmarshal(raw, &forms); err != nil {
					return fmt.Errorf("%s/%s.json: %s: neither a text nor plural forms", dir, l, key)
				}
			}
			if err := c.add(l, key, text, forms); err != nil {
				return fmt.Errorf("%s/%s.json: %w", dir, l, err)
			}
		}
	}
	return nil
}

// LoadGlossary adds a table `key,ar,fr,en,…`. Its placeholders are written {name}.
func (c *Catalog) LoadGlossary(b []byte) error {
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return err
	}
	for _, row := range rows[1:] {
		for i, l := range Langs {
			if err := c.add(l, row[0], goTemplate(row[i+1]), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// goTemplate turns {name} into {{.name}}.
func goTemplate(s string) string {
	return strings.NewReplacer("{", "{{.", "}", "}}").Replace(s)
}

func (c *Catalog) add(l Lang, key, text string, forms map[string]string) error {
	if c.keys[l][key] {
		return fmt.Errorf("the key %s stands twice", key)
	}
	c.keys[l][key] = true
	m := &goi18n.Message{ID: key, Other: text}
	if forms == nil {
		if !strings.Contains(text, "{{") {
			c.plain[l][key] = text
			return nil
		}
	} else {
		m.Zero, m.One, m.Two, m.Few, m.Many, m.Other = forms["zero"], forms["one"], forms["two"], forms["few"], forms["many"], forms["other"]
	}
	return c.bundle.AddMessages(language.Make(string(l)), m)
}

// Has reports whether the key has words in this language.
func (c *Catalog) Has(l Lang, key string) bool { return c.keys[l][key] }

// Keys lists the keys of one language, sorted.
func (c *Catalog) Keys(l Lang) []string {
	out := make([]string, 0, len(c.keys[l]))
	for k := range c.keys[l] {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// T is the message in the language. args fill its placeholders; an argument named
// Count chooses the plural form. A key without words gives the key itself, which
// a test over all keys keeps from happening.
func (c *Catalog) T(l Lang, key string, args map[string]any) string {
	if s, ok := c.plain[l][key]; ok {
		return s
	}
	cfg := &goi18n.LocalizeConfig{MessageID: key, TemplateData: l.dated(args)}
	if n, ok := args["Count"]; ok {
		cfg.PluralCount = n
	}
	s, err := c.local[l].Localize(cfg)
	if err != nil && s == "" {
		return key
	}
	return s
}

// Day is an argument that reads as a date of the reader's language: YYYY-MM-DD.
type Day string

// dated puts the days among the arguments into words.
func (l Lang) dated(args map[string]any) map[string]any {
	out := args
	for k, v := range args {
		d, ok := v.(Day)
		if !ok {
			continue
		}
		if t, err := time.Parse(time.DateOnly, string(d)); err == nil {
			if out = maps.Clone(out); out != nil {
				out[k] = Date(l, t)
			}
		}
	}
	return out
}

// N is T with a count.
func (c *Catalog) N(l Lang, key string, n int) string {
	return c.T(l, key, map[string]any{"Count": n})
}
