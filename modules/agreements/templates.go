package agreements

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"shubbak/platform/ids"
)

//go:embed templates/*.json
var templates embed.FS

// pattern is a template: some usual articles by key, and its own in place of them.
type pattern struct {
	Keys     []string           `json:"keys"` // in the order of the text
	Articles map[string]article `json:"articles"`
}

type article struct {
	Title Title `json:"title"`
	Body  Body  `json:"body"`
}

// template gives the usual articles of a kind, with fresh ids: common.json holds what
// every Moroccan agreement of partnership says, the kind's file what is its own.
func template(kind string) ([]Article, error) {
	if !slices.Contains(Kinds, kind) {
		return []Article{}, nil
	}
	var common, of pattern
	for name, p := range map[string]*pattern{"common": &common, kind: &of} {
		b, err := templates.ReadFile("templates/" + name + ".json")
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, p); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	out := make([]Article, 0, len(of.Keys))
	for _, key := range of.Keys {
		x, ok := of.Articles[key]
		if !ok {
			if x, ok = common.Articles[key]; !ok {
				return nil, fmt.Errorf("template %s: no article %s", kind, key)
			}
		}
		out = append(out, Article{ID: ids.New[ids.Entry](), Key: key, Title: x.Title, Body: x.Body})
	}
	return out, nil
}
