package people

import "slices"

// Search works by equality on keyed tokens, so that it uses an index on both
// databases and the register's names never stand in one: `w:` a folded word, `p:`
// its first three letters, `s:` its skeleton, `g:` and `f:` the skeletons of given
// and family name, `ph:` a phone, `id:` an identity number.

func allTokens(p Person) []string {
	var out []string
	for _, name := range []string{p.GivenNameAr, p.FamilyNameAr, p.GivenName, p.FamilyName, p.Alias} {
		for _, w := range fold(name) {
			x := plain(w)
			out = append(out, "w:"+x, "p:"+prefix(x))
			if sk := skeleton(stripArticle(w)); sk != "" {
				out = append(out, "s:"+sk)
			}
			if rest := plain(stripArticle(w)); rest != x {
				out = append(out, "w:"+rest, "p:"+prefix(rest))
			}
		}
		if k := foldedKey(name); k != "" {
			out = append(out, "w:"+k)
		}
	}
	given, family, numbers := duplicateTokens(p)
	out = append(out, given...)
	out = append(out, family...)
	out = append(out, numbers...)
	for _, t := range append(slices.Clone(given), family...) {
		out = append(out, "s:"+t[2:])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// duplicateTokens are what two records of one person share.
func duplicateTokens(p Person) (given, family, numbers []string) {
	for _, n := range []string{p.GivenNameAr, p.GivenName} {
		for _, s := range skeletons(n) {
			given = append(given, "g:"+s)
		}
		if k := foldedKey(n); k != "" {
			given = append(given, "g:"+k)
		}
	}
	for _, n := range []string{p.FamilyNameAr, p.FamilyName} {
		for _, s := range skeletons(n) {
			family = append(family, "f:"+s)
		}
		if k := foldedKey(n); k != "" {
			family = append(family, "f:"+k)
		}
	}
	for _, ph := range p.Private.Phones {
		numbers = append(numbers, "ph:"+ph.Number)
	}
	if p.Private.NationalID != "" {
		numbers = append(numbers, "id:"+p.Private.NationalID)
	}
	return given, family, numbers
}

// searchTokens are the tokens under which a typed word may stand; none for a
// particle.
func searchTokens(w string) []string {
	x := plain(w)
	if particles[x] {
		return nil
	}
	out := []string{"w:" + x}
	if len([]rune(x)) <= 3 {
		out = append(out, "p:"+x)
	}
	// A short word too: عبد القادر is Abd El Kader.
	for _, s := range skeletons(w) {
		if len(s) > 1 {
			out = append(out, "s:"+s)
		}
	}
	return out
}

func prefix(s string) string {
	r := []rune(s)
	return string(r[:min(3, len(r))])
}
