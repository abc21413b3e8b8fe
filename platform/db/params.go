package db

import (
	"encoding/hex"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// bun writes arguments into the text of a statement, so each call would be a new
// statement to plan. Our dialects put a mark before every such argument, and the
// connections take the marked ones out again as parameters of a statement that they
// keep. Constants written in the stores carry no mark and stay in the text, where
// partial indexes need them. The mark is a comment: a text that is sent as it stands
// means the same.
const mark = "/*?*/"

// maxParameters is how many a kept statement may have: what writes many rows at once
// seldom comes again in the same length, and would push the others out.
const maxParameters = 120

type pgDialect struct{ *pgdialect.Dialect }

func (d pgDialect) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(append(b, mark...), s)
}

func (d pgDialect) AppendTime(b []byte, t time.Time) []byte {
	return d.Dialect.AppendTime(append(b, mark...), t)
}

func (d pgDialect) AppendJSON(b, j []byte) []byte {
	return d.Dialect.AppendJSON(append(b, mark...), j)
}

func (d pgDialect) AppendBytes(b, bs []byte) []byte {
	return d.Dialect.AppendBytes(append(b, mark...), bs)
}

type sqliteDialect struct{ *sqlitedialect.Dialect }

func (d sqliteDialect) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(append(b, mark...), s)
}

func (d sqliteDialect) AppendTime(b []byte, t time.Time) []byte {
	return d.Dialect.AppendTime(append(b, mark...), t)
}

func (d sqliteDialect) AppendJSON(b, j []byte) []byte {
	return d.Dialect.AppendJSON(append(b, mark...), j)
}

func (d sqliteDialect) AppendBytes(b, bs []byte) []byte {
	return d.Dialect.AppendBytes(append(b, mark...), bs)
}

// In writes a list of arguments for `in (?)`. The last one is repeated up to a power
// of two, so that lists of any length make few different statements.
func In[T any](list []T) any {
	if n := len(list); n > 1 && n < maxParameters/2 {
		for size := 1 << bits.Len(uint(n-1)); len(list) < size; {
			list = append(list[:len(list):len(list)], list[n-1])
		}
	}
	return bun.List(list)
}

// Codes writes a list of codes for `in (?)` as constants, so that a partial index on
// the same list is found. It is for closed lists of our own: whatever is no plain
// code stays an argument.
func Codes[T ~string](list []T) any {
	if len(list) == 0 {
		return bun.List(list)
	}
	var b []byte
	for i, c := range list {
		if c == "" || strings.Trim(string(c), "abcdefghijklmnopqrstuvwxyz_") != "" {
			return bun.List(list)
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(append(b, '\''), c...), '\'')
	}
	return bun.Safe(b)
}

// parameters takes the marked literals out of a text. holder writes the n-th
// placeholder. A value is a string, or bytes where the literal is X'…'. ok is false
// where there is nothing to take out; a mark inside a literal, a quoted name or
// another comment is none.
func parameters(text string, holder func(b []byte, n int) []byte) (out string, values []any, ok bool) {
	if !strings.Contains(text, mark) {
		return text, nil, false
	}
	b := make([]byte, 0, len(text))
	kept := 0 // text[kept:i] is still to be copied
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			i = quotedEnd(text, i)
		case strings.HasPrefix(text[i:], mark):
			value, end := literal(text, i+len(mark))
			if end < 0 { // null, or what bun says of an argument that cannot be written
				i += len(mark)
				continue
			}
			values = append(values, value)
			b = holder(append(b, text[kept:i]...), len(values))
			i, kept = end, end
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i+2, "*/")
		case strings.HasPrefix(text[i:], "--"):
			i = after(text, i+2, "\n")
		default:
			i++
		}
	}
	if len(values) == 0 {
		return text, nil, false
	}
	return string(append(b, text[kept:]...)), values, true
}

// quotedEnd is where what begins with a quote at i ends; a doubled quote is part of it.
func quotedEnd(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		if text[i] == quote {
			if i+1 < len(text) && text[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return i
}

func after(text string, i int, what string) int {
	if n := strings.Index(text[i:], what); n >= 0 {
		return i + n + len(what)
	}
	return len(text)
}

// literal reads '…' or X'…' at i; end is -1 for anything else.
func literal(text string, i int) (value any, end int) {
	if i+1 < len(text) && text[i] == 'X' && text[i+1] == '\'' {
		end = quotedEnd(text, i+1)
		if bytes, err := hex.DecodeString(text[i+2 : end-1]); err == nil {
			return bytes, end
		}
		return nil, -1
	}
	if i < len(text) && text[i] == '\'' {
		end = quotedEnd(text, i)
		s := text[i+1 : end-1]
		if strings.Contains(s, "''") {
			s = strings.ReplaceAll(s, "''", "'")
		}
		return s, end
	}
	return nil, -1
}

func dollar(b []byte, n int) []byte { return strconv.AppendInt(append(b, '$'), int64(n), 10) }
func question(b []byte, n int) []byte {
	return strconv.AppendInt(append(b, '?'), int64(n), 10)
}
