package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"shubbak/platform/fault"
)

// List is one page of a list: newest first, by a key that never changes.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// Paging is the query of every list.
type Paging struct {
	Limit string `query:"limit" json:"-"`
	After string `query:"after" json:"-"`
}

// The sizes of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// Page is a decoded Paging.
type PageOf struct {
	Limit  int
	After  string // the last key of the page before, "" for the first page
	filter string
}

type cursor struct {
	Key  string `json:"k"`
	Hash string `json:"f"`
}

// Decode checks limit and cursor; filter is everything else that chooses the
// rows: a cursor belongs to its filter.
func (p Paging) Decode(filter ...string) (PageOf, error) {
	out := PageOf{Limit: DefaultLimit, filter: strings.Join(filter, "\x00")}
	if p.Limit != "" {
		n, err := strconv.Atoi(p.Limit)
		if err != nil || n < 1 || n > MaxLimit {
			return out, Malformed("limit")
		}
		out.Limit = n
	}
	return out, out.take(p.After)
}

// PageFor is Decode for a list whose limit and cursor stand in a body.
func PageFor(limit *int, after string, filter ...string) (PageOf, error) {
	out := PageOf{Limit: DefaultLimit, filter: strings.Join(filter, "\x00")}
	if limit != nil {
		if *limit < 1 || *limit > MaxLimit {
			return out, fault.In("limit", "out_of_range")
		}
		out.Limit = *limit
	}
	if out.take(after) != nil {
		return out, fault.In("after", "malformed")
	}
	return out, nil
}

func (p *PageOf) take(after string) error {
	if after == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(after)
	var c cursor
	if err != nil || json.Unmarshal(b, &c) != nil || c.Key == "" || c.Hash != p.sum(c.Key) {
		return Malformed("after")
	}
	p.After = c.Key
	return nil
}

// Cursor makes the cursor that follows a key.
func (p PageOf) Cursor(key string) string {
	b, _ := json.Marshal(cursor{key, p.sum(key)})
	return base64.RawURLEncoding.EncodeToString(b)
}

// Cut makes a list of rows that were read with one more than the limit.
func Cut[R, T any](p PageOf, rows []R, key func(R) string, show func(R) T) List[T] {
	l := List[T]{Items: make([]T, 0, min(len(rows), p.Limit))}
	for i, r := range rows {
		if i == p.Limit {
			next := p.Cursor(key(rows[i-1]))
			l.Next = &next
			break
		}
		l.Items = append(l.Items, show(r))
	}
	return l
}

// Malformed refuses a query parameter: 400.
func Malformed(parameter string) error {
	return &fault.Error{Code: fault.Unreadable, Key: "fault.parameter", Args: map[string]any{"Name": parameter}}
}

// sum ties a key to its filter: neither the one nor the other can be changed by hand.
func (p PageOf) sum(key string) string {
	sum := sha256.Sum256([]byte(p.filter + "\x00\x00" + key))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
