package web

import (
	"cmp"
	"slices"

	"shubbak/platform/terms"
)

// Communes lists the communes by province, in the reader's language.
func Communes(v *View) []ChoiceGroup {
	lists := terms.Load()
	out := make([]ChoiceGroup, 0, len(lists.Provinces))
	for _, p := range lists.Provinces {
		g := ChoiceGroup{Word: p.Name.In(v.Lang)}
		for _, c := range lists.Communes {
			if c.Parent == p.Code {
				g.Choices = append(g.Choices, Choice{Value: c.Code, Word: c.Name.In(v.Lang)})
			}
		}
		slices.SortFunc(g.Choices, func(a, b Choice) int { return cmp.Compare(a.Word, b.Word) })
		out = append(out, g)
	}
	return out
}
