package agreements

import (
	"database/sql"
	"strings"
	"unicode"
)

var errNoVersion = sql.ErrNoRows

// Run is a piece of a text: kept "=", taken away "-", or new "+".
type Run struct {
	Op   string `json:"op" validate:"required,oneof=+ - ="`
	Text string `json:"text" validate:"required"`
}

// Words compares two texts word by word. Spaces are pieces of their own, so that the
// runs put together give the two texts again, sign for sign.
func Words(from, to string) []Run {
	a, b := pieces(from), pieces(to)
	var head, tail []string
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head, a, b = append(head, a[0]), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail, a, b = append(tail, a[len(a)-1]), a[:len(a)-1], b[:len(b)-1]
	}
	var out []Run
	put := func(op, text string) {
		if text == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Op == op {
			out[n-1].Text += text
			return
		}
		out = append(out, Run{op, text})
	}
	put("=", strings.Join(head, ""))
	if len(a)*len(b) > tooMany {
		put("-", strings.Join(a, ""))
		put("+", strings.Join(b, ""))
	} else {
		walk(a, b, put)
	}
	for i := len(tail) - 1; i >= 0; i-- {
		put("=", tail[i])
	}
	return out
}

// tooMany bounds the table of a comparison: two long texts with nothing in common at
// either end are shown one after the other.
const tooMany = 4_000_000

// walk follows the longest common sequence of two lists of pieces.
func walk(a, b []string, put func(op, text string)) {
	width := len(b) + 1
	table := make([]uint16, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			} else {
				table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			put("=", a[i])
			i, j = i+1, j+1
		case table[(i+1)*width+j] >= table[i*width+j+1]:
			put("-", a[i])
			i++
		default:
			put("+", b[j])
			j++
		}
	}
	put("-", strings.Join(a[i:], ""))
	put("+", strings.Join(b[j:], ""))
}

// pieces cuts a text into words, single signs and the spaces between.
func pieces(s string) []string {
	var out []string
	kind := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 1
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
			return 2
		}
		return 0
	}
	start, last := 0, -1
	for i, r := range s {
		k := kind(r)
		if i > 0 && (k != last || k == 0) {
			out = append(out, s[start:i])
			start = i
		}
		last = k
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
