// Package terms holds the published code lists that people, services and
// agreements share: needs, situations, communes with their population, languages.
//
// It is data, not rules. Codes travel without their glossary prefix
// (`psychiatric`, not `need.psychiatric`); the words are loaded into the message
// catalogue under the prefix. Divisions: "Source : HCP, RGPH 2024", CC BY 4.0.
package terms

import (
	"bytes"
	"embed"
	"encoding/csv"
	"strconv"
	"strings"
	"sync"

	"shubbak/platform/i18n"
)

//go:embed data
var data embed.FS

// Place is a commune or province.
type Place struct {
	Code       string
	Parent     string // code of the province, for a commune
	Name       i18n.Words
	Population int
}

// Lists are the code lists, read once.
type Lists struct {
	Needs      []string
	Situations []string
	Communes   []Place
	Provinces  []Place
	Languages  []string

	places map[string]Place
	codes  map[string]bool
}

// Load reads the lists; the files are compiled in, so it cannot fail at a user's.
var Load = sync.OnceValue(func() *Lists {
	l := &Lists{Languages: []string{"ar", "darija", "tamazight", "tarifit", "fr", "sign"}, places: map[string]Place{}, codes: map[string]bool{}}
	for _, r := range table("taxonomy_needs.csv") {
		l.Needs = append(l.Needs, strings.TrimPrefix(r[0], "need."))
		l.codes[r[0]] = true
	}
	for _, r := range table("taxonomy_situations.csv") {
		l.Situations = append(l.Situations, strings.TrimPrefix(r[0], "vul."))
		l.codes[r[0]] = true
	}
	for _, c := range l.Languages {
		l.codes["lang."+c] = true
	}
	for _, r := range table("oriental_divisions.csv") {
		n, _ := strconv.Atoi(r[7])
		p := Place{Code: r[1], Name: i18n.Words{Ar: r[5], Fr: r[4], En: r[4]}, Population: n}
		switch r[0] {
		case "province":
			l.Provinces = append(l.Provinces, p)
		case "commune":
			// 02.411.01.23 lies in the province 02.411.
			p.Parent = strings.Join(strings.SplitN(r[1], ".", 4)[:2], ".")
			l.Communes = append(l.Communes, p)
		default:
			continue
		}
		l.places[p.Code] = p
	}
	return l
})

func table(name string) [][]string {
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		return nil
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil
	}
	return rows[1:]
}

// Need reports whether code names a need.
func (l *Lists) Need(code string) bool { return l.codes["need."+code] }

// Situation reports whether code names a situation of a person.
func (l *Lists) Situation(code string) bool { return l.codes["vul."+code] }

// Language reports whether code names a language of contact.
func (l *Lists) Language(code string) bool { return l.codes["lang."+code] }

// Commune finds a commune by its code.
func (l *Lists) Commune(code string) (Place, bool) {
	p, ok := l.places[code]
	return p, ok && p.Parent != ""
}

// Place finds a commune or a province by its code.
func (l *Lists) Place(code string) (Place, bool) {
	p, ok := l.places[code]
	return p, ok
}

// District is what the anonymous card may say of where somebody lives: the
// commune, or its province where fewer than 20,000 live (domain.md §2, S0).
func (l *Lists) District(commune string) string {
	p, ok := l.Commune(commune)
	if !ok {
		return ""
	}
	if p.Population < 20_000 {
		return p.Parent
	}
	return p.Code
}
