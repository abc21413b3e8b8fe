package people

import (
	"slices"
	"strings"
	"unicode"

	"shubbak/platform/i18n"

	"golang.org/x/text/unicode/norm"
)

// Names are compared in two ways (domain.md §6). Folding makes spellings of one
// script equal: hamza forms, ة/ه, ى/ي, vowel signs and tatweel in Arabic; case and
// accents in Latin letters. The skeleton makes the two scripts equal: consonants
// of both are put into the same classes and vowels are dropped, so that
// محمد = Mohammed = Muhammad and الحسين = El Houcine = Lahoucine, while امحمد =
// M'hamed stays another name.

// particles join names and do not separate people.
var particles = map[string]bool{
	"ben": true, "bent": true, "bint": true, "ibn": true, "ould": true, "oulad": true, "ait": true, "el": true, "al": true, "bou": false,
	"بن": true, "بنت": true, "ابن": true, "ولد": true, "ايت": true, "ال": true,
}

// fold gives the words of a name in their folded form.
func fold(name string) []string {
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == 'ـ' || r == 'ء' || r == '\'' || r == '’' || r == '.':
			if r == '\'' || r == '’' {
				b.WriteRune('\'') // M'hamed: the skeleton asks for it
			}
		case r == 'أ' || r == 'إ' || r == 'آ' || r == 'ٱ':
			b.WriteRune('ا')
		case r == 'ى' || r == 'ئ' || r == 'ی':
			b.WriteRune('ي')
		case r == 'ؤ':
			b.WriteRune('و')
		case r == 'ة' || r == 'ۃ':
			b.WriteRune('ه')
		case r == 'ک':
			b.WriteRune('ك')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(latinDigit(r)))
		default:
			b.WriteRune(' ')
		}
	}
	return strings.Fields(b.String())
}

// plain is a folded word without the apostrophe.
func plain(word string) string { return strings.ReplaceAll(word, "'", "") }

// foldedKey is the folded name as one word, for equality.
func foldedKey(name string) string {
	var b strings.Builder
	for _, w := range fold(name) {
		b.WriteString(plain(w))
	}
	return b.String()
}

// skeletons gives every form under which a name may be known: with and without
// its particles and article, written apart or as one word.
func skeletons(name string) []string {
	words := fold(name)
	var all, bare strings.Builder
	var out []string
	for _, w := range words {
		p := plain(w)
		all.WriteString(skeleton(stripArticle(w)))
		if !particles[p] {
			bare.WriteString(skeleton(stripArticle(w)))
		}
	}
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	add(bare.String())
	add(all.String())
	joined := strings.Join(words, "")
	add(skeleton(joined))
	for _, attached := range []string{"ben", "bint", "bent", "ould", "ait", "el", "al", "l", "بن", "ال", "ايت"} {
		rest, ok := strings.CutPrefix(plain(joined), attached)
		if ok && len([]rune(rest)) >= 3 && (attached != "l" || isVowel([]rune(rest)[0])) {
			add(skeleton(rest))
		}
	}
	return out
}

// stripArticle takes the article from an Arabic word and from Abdel-.
func stripArticle(w string) string {
	if rest, ok := strings.CutPrefix(w, "ال"); ok && len([]rune(rest)) >= 2 {
		return rest
	}
	// عبدالقادر written as one word.
	if rest, ok := strings.CutPrefix(w, "عبدال"); ok && rest != "" {
		return "عبد" + rest
	}
	for _, p := range []string{"abdel", "abdal", "abdul"} {
		if rest, ok := strings.CutPrefix(w, p); ok && rest != "" {
			return "abd" + rest
		}
	}
	return w
}

func isVowel(r rune) bool { return strings.ContainsRune("aeiouy", r) }

// classes of Arabic letters; a letter that is missing is a vowel.
var arabicClass = map[rune]byte{
	'ب': 'B', 'پ': 'B', 'ت': 'T', 'ط': 'T', 'ث': 'T', 'د': 'D', 'ض': 'D', 'ذ': 'D', 'ظ': 'D', 'ج': 'J', 'چ': 'X',
	'ح': 'H', 'ه': 'H', 'خ': 'Q', 'ر': 'R', 'ز': 'Z', 'س': 'S', 'ص': 'S', 'ش': 'X', 'غ': 'G', 'گ': 'G', 'ڭ': 'G', 'ݣ': 'G',
	'ف': 'F', 'ڤ': 'F', 'ق': 'K', 'ك': 'K', 'ل': 'L', 'م': 'M', 'ن': 'N',
}

var latinClass = map[rune]byte{
	'b': 'B', 'p': 'B', 't': 'T', 'd': 'D', 'j': 'J', 'h': 'H', 'r': 'R', 'z': 'Z', 's': 'S', 'f': 'F', 'v': 'F',
	'k': 'K', 'q': 'K', 'c': 'K', 'g': 'G', 'l': 'L', 'm': 'M', 'n': 'N', 'x': 'S',
}

// digraphs of French and English spelling, longest first.
var digraphs = []struct {
	letters string
	class   byte
}{{"tch", 'X'}, {"sch", 'X'}, {"ch", 'X'}, {"sh", 'X'}, {"kh", 'Q'}, {"gh", 'G'}, {"th", 'T'}, {"dh", 'D'}, {"ph", 'F'}, {"dj", 'J'}, {"ck", 'K'}}

// skeleton reduces one folded word to the classes of its consonants.
func skeleton(word string) string {
	runes := []rune(word)
	var out []byte
	put := func(c byte) {
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	w := plain(word)
	// امحمد and M'hamed: a mute beginning that محمد does not have.
	if strings.HasPrefix(w, "امح") || strings.HasPrefix(w, "mh") {
		put('A')
	}
	last := byte(0) // class of the letter just before, so that only neighbours collapse
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		final := i == len(runes)-1
		if c, ok := arabicClass[r]; ok {
			if !(r == 'ه' && final && len(runes) > 2) {
				if c != last {
					out = append(out, c)
				}
				last = c
			}
			continue
		}
		c, n := latinAt(runes, i)
		i += n - 1
		switch {
		case c == 0:
			if i == 0 && (r == 'و' || r == 'w') || i == 1 && n == 2 && r == 'o' {
				out = append(out, 'W')
			}
			if i == 0 && (r == 'ي' || r == 'y') {
				out = append(out, 'Y')
			}
			last = 0
		case c == 'H' && final && i > 0: // Fatimah
		default:
			if c != last {
				out = append(out, c)
			}
			last = c
		}
	}
	return string(out)
}

// latinAt gives the class of the Latin letters at i and how many they are; class 0
// is a vowel.
func latinAt(runes []rune, i int) (byte, int) {
	rest := string(runes[i:min(i+3, len(runes))])
	for _, d := range digraphs {
		if strings.HasPrefix(rest, d.letters) {
			return d.class, len(d.letters)
		}
	}
	soft := len(runes) > i+1 && strings.ContainsRune("eiy", runes[i+1])
	switch r := runes[i]; {
	case r == 'c' && soft:
		return 'S', 1
	case r == 'g' && soft:
		return 'J', 1
	case r == 'o' && i == 0 && strings.HasPrefix(rest, "ou") && len(runes) > 2 && isVowel(runes[2]):
		return 0, 2 // Ouafae = Wafae
	default:
		return latinClass[r], 1
	}
}

// agree reports whether two names of one kind (given or family) may be the same,
// and whether they are equal in their folded form.
func agree(arA, latinA, arB, latinB string) (same, exact bool) {
	if arA != "" && foldedKey(arA) == foldedKey(arB) || latinA != "" && foldedKey(latinA) == foldedKey(latinB) {
		return true, true
	}
	for _, a := range append(skeletons(arA), skeletons(latinA)...) {
		for _, b := range append(skeletons(arB), skeletons(latinB)...) {
			if a == b {
				return true, false
			}
		}
	}
	return false, false
}

// Mentions reports whether a text holds one of the names, in either script: the
// name check before acceptance (domain.md §4).
func Mentions(text string, names ...string) bool {
	words := fold(text)
	have := map[string]bool{}
	for _, w := range words {
		have[plain(w)] = true
		have[plain(strings.TrimPrefix(w, "ال"))] = true
		for _, prefix := range []string{"و", "ل", "ب", "لل", "ف"} { // joined particles of Arabic
			have[strings.TrimPrefix(plain(w), prefix)] = true
		}
	}
	joined := plain(strings.Join(words, ""))
	for _, n := range names {
		for _, w := range fold(n) {
			p := plain(w)
			if len([]rune(p)) >= 3 && !particles[p] && have[p] {
				return true
			}
		}
		if k := foldedKey(n); len([]rune(k)) >= 5 && strings.Contains(joined, k) {
			return true
		}
	}
	return false
}

// cleanName removes what is invisible and joins white space; ok is false where a
// sign does not belong into a name.
func cleanName(s string) (string, bool) {
	s = norm.NFC.String(visible(s))
	ok := true
	for _, r := range s {
		if !(unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r) || strings.ContainsRune(" '’-.", r)) {
			ok = false
		}
	}
	return strings.Join(strings.Fields(s), " "), ok
}

// visible and unseen are those of i18n, for the files that know no language.
func visible(s string) string { return i18n.Visible(s) }
func unseen(s string) bool    { return i18n.Blank(s) }

// latinDigit turns Arabic digits into Latin ones.
func latinDigit(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return '0' + r - '٠'
	case r >= '۰' && r <= '۹':
		return '0' + r - '۰'
	}
	return r
}

// NormalPhone gives the E.164 form of what a person typed: +212 and nine digits
// for 06…, 6…, 212… and 00212…, any other country with its + or 00.
func NormalPhone(s string) (string, bool) {
	plus := false
	var b strings.Builder
	for _, r := range visible(strings.TrimSpace(s)) {
		r = latinDigit(r)
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0 && !plus:
			plus = true
		case r == ' ' || r == '-' || r == '.' || r == '(' || r == ')' || r == '\u00a0' || r == '/':
		default:
			return "", false
		}
	}
	d := b.String()
	if !plus {
		if rest, ok := strings.CutPrefix(d, "00"); ok {
			d, plus = rest, true
		}
	}
	switch {
	case !plus && len(d) == 10 && d[0] == '0' && d[1] >= '5' && d[1] <= '8':
		return "+212" + d[1:], true
	case !plus && len(d) == 9 && d[0] >= '5' && d[0] <= '8':
		return "+212" + d, true
	case strings.HasPrefix(d, "212"):
		rest := strings.TrimPrefix(d[3:], "0")
		return "+212" + rest, len(rest) == 9 && rest[0] >= '5' && rest[0] <= '8'
	case plus && len(d) >= 8 && len(d) <= 15 && d[0] != '0':
		return "+" + d, true
	}
	return "", false
}

// normalIdentity is the form in which identity numbers are compared: upper case,
// without spaces, Latin digits.
func normalIdentity(s string) string {
	var b strings.Builder
	for _, r := range visible(s) {
		if !unicode.IsSpace(r) && r != '-' && r != '.' {
			b.WriteRune(unicode.ToUpper(latinDigit(r)))
		}
	}
	return b.String()
}

// mask hides all but the last three signs.
func mask(s string) string {
	r := []rune(s)
	for i := range max(0, len(r)-3) {
		r[i] = '*'
	}
	return string(r)
}
