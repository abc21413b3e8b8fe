package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/terms"
	"shubbak/tenants"
)

// Number is somebody to call in an immediate danger.
type Number struct {
	Number  string `json:"number" validate:"required"`
	Label   string `json:"label,omitempty"`   // in the tenant's own words
	Commune string `json:"commune,omitempty"` // there alone; "" everywhere
	Shipped bool   `json:"shipped,omitempty"` // its words stand in the catalogue: danger.number.<number>
}

// shippedNumbers are those of the country (domain.md §2).
var shippedNumbers = []string{"15", "141", "19", "177", "8350"}

// CallList is whom a tenant calls: the country's numbers but those it hides, and its
// own.
type CallList struct {
	Version int64    `json:"version"`
	Hidden  []string `json:"hidden"`
	Own     []Number `json:"own"`
}

// Shown is the list as a desk in a commune reads it: its own numbers first.
func (l CallList) Shown(commune string) []Number {
	var out []Number
	for _, n := range l.Own {
		if n.Commune == "" || commune == "" || n.Commune == commune {
			out = append(out, n)
		}
	}
	for _, n := range shippedNumbers {
		if !slices.Contains(l.Hidden, n) {
			out = append(out, Number{Number: n, Shipped: true})
		}
	}
	return out
}

const maxNumbers = 20

func (l *CallList) check() error {
	var f fault.Collect
	lists := terms.Load()
	if len(l.Own) > maxNumbers {
		f.Add("own", "too_long")
	}
	for i := range l.Own {
		n := &l.Own[i]
		n.Number, n.Label = strings.TrimSpace(n.Number), strings.TrimSpace(n.Label)
		switch {
		case n.Number == "":
			f.Add("own", "required")
		case strings.Trim(n.Number, "+0123456789 ") != "" || len(n.Number) > 20:
			f.Add("own", "malformed")
		}
		if l := len([]rune(n.Label)); l == 0 || l > 100 {
			f.Add("own", "required")
		}
		if _, ok := lists.Commune(n.Commune); n.Commune != "" && !ok {
			f.Add("own", "unknown_code")
		}
	}
	for _, h := range l.Hidden {
		if !slices.Contains(shippedNumbers, h) {
			f.Add("hidden", "unknown_code")
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if len(l.Shown("")) == 0 {
		return fault.In("own", "required") // a desk always has somebody to call
	}
	return nil
}

// Calls is the call list of the tenant of ctx.
func (d *Directory) Calls(ctx context.Context) (l CallList, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		r, err := callList(ctx)
		if db.NoRows(err) {
			l = CallList{Hidden: []string{}, Own: []Number{}}
			return nil
		}
		if err != nil {
			return err
		}
		err = json.Unmarshal([]byte(r.Content), &l)
		l.Version = r.Version
		return err
	})
	return l, err
}

// SetCalls writes the call list of the tenant of ctx; version is the one that was
// read, 0 for the first.
func (d *Directory) SetCalls(ctx context.Context, l CallList) error {
	if err := l.check(); err != nil {
		return err
	}
	content, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(ctx context.Context) error {
		if err := putCallList(ctx, l.Version, string(content)); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "change", Object: "call_list", ID: tenants.Current(ctx).String()})
	})
}
