// Package policies says who may do what. The law is one Casbin model and one CSV
// per kind of tenant; the module that owns a record computes how the actor is
// related to it, Casbin judges.
//
// At load the law is compiled into a table (role × permission × relation), so a
// decision costs nanoseconds; a test proves the table equal to Casbin's own
// answer for every cell. testdata/matrix.golden.md shows it for review as prose.
package policies

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"shubbak/tenants"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

//go:embed model.conf *.csv
var files embed.FS

// Permission is an action on a kind of object. A route cannot be registered
// without one.
type Permission struct {
	Object string `json:"object"`
	Action string `json:"action"`
}

// To makes a permission: To("referral", "accept").
func To(object, action string) Permission { return Permission{object, action} }

// String is object.action.
func (p Permission) String() string { return p.Object + "." + p.Action }

// Relation is how an actor stands to a record.
type Relation string

// The relations. Any in the law means that the relation does not matter.
const (
	Any      Relation = "any"
	Sender   Relation = "sender"   // of the unit that sends; who gave a task
	Receiver Relation = "receiver" // of the unit that receives
	Assignee Relation = "assignee" // the record is assigned to this user
	Arbiter  Relation = "arbiter"  // judges an exception on the anonymous card
	Keeper   Relation = "keeper"   // of the tenant that keeps the agreement
	Party    Relation = "party"    // of a tenant that is a party to it
)

var relations = []Relation{Any, Sender, Receiver, Assignee, Arbiter, Keeper, Party}

// Law judges.
type Law struct {
	enforcer *casbin.Enforcer
	table    map[cell]uint8 // bits by index in relations
	kinds    []string
	roles    map[string][]string
	perms    []Permission
}

type cell struct {
	kind, role string
	perm       Permission
}

// Load reads the law that is compiled in.
func Load() (*Law, error) {
	conf, err := files.ReadFile("model.conf")
	if err != nil {
		return nil, err
	}
	m, err := model.NewModelFromString(string(conf))
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	l := &Law{enforcer: e, table: map[cell]uint8{}, roles: map[string][]string{}}
	names, err := fs.Glob(files, "*.csv")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := l.read(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.SortFunc(l.perms, func(a, b Permission) int { return strings.Compare(a.String(), b.String()) })
	return l, nil
}

func (l *Law) read(name string) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment, r.TrimLeadingSpace = '#', true
	rows, err := r.ReadAll()
	if err != nil {
		return err
	}
	kind := strings.TrimSuffix(path.Base(name), ".csv")
	l.kinds = append(l.kinds, kind)
	for _, row := range rows {
		if len(row) != 6 || row[0] != "p" || row[2] != kind {
			return fmt.Errorf("not a rule of this kind: %v", row)
		}
		rel := slices.Index(relations, Relation(row[5]))
		if rel < 0 {
			return fmt.Errorf("unknown relation: %v", row)
		}
		if ok, err := l.enforcer.AddPolicy(row[1], row[2], row[3], row[4], row[5]); err != nil || !ok {
			return fmt.Errorf("rule stands twice: %v", row)
		}
		p := To(row[3], row[4])
		if !slices.Contains(l.perms, p) {
			l.perms = append(l.perms, p)
		}
		if !slices.Contains(l.roles[kind], row[1]) {
			l.roles[kind] = append(l.roles[kind], row[1])
		}
		bits := uint8(1) << rel
		if rel == 0 { // "any" allows under every relation
			bits = ^uint8(0)
		}
		l.table[cell{kind, row[1], p}] |= bits
	}
	return nil
}

// Allow reports whether one of the actor's roles may do this in one of the given
// relations. Without a relation only a rule for any relation allows.
func (l *Law) Allow(a tenants.Actor, p Permission, rels ...Relation) bool {
	if a.Tenant == nil {
		return false
	}
	want := uint8(1)
	for _, r := range rels {
		want |= 1 << slices.Index(relations, r)
	}
	for _, role := range a.Roles {
		if l.table[cell{a.Tenant.Kind, role, p}]&want != 0 {
			return true
		}
	}
	return false
}

// May reports whether one of the actor's roles may ever do this: the question a
// route asks before anything is looked up.
func (l *Law) May(a tenants.Actor, p Permission) bool {
	if a.Tenant == nil {
		return false
	}
	for _, role := range a.Roles {
		if l.table[cell{a.Tenant.Kind, role, p}] != 0 {
			return true
		}
	}
	return false
}

// Of lists what the actor may ever do.
func (l *Law) Of(a tenants.Actor) []Permission {
	out := []Permission{}
	for _, p := range l.perms {
		if l.May(a, p) {
			out = append(out, p)
		}
	}
	return out
}

// RolesWith lists the roles of a kind that may do this.
func (l *Law) RolesWith(kind string, p Permission) []string {
	var out []string
	for _, role := range l.roles[kind] {
		if l.table[cell{kind, role, p}] != 0 {
			out = append(out, role)
		}
	}
	return out
}

// Knows reports whether the law names this permission at all; a route with a
// permission that nobody has is a mistake.
func (l *Law) Knows(p Permission) bool { return slices.Contains(l.perms, p) }

// Permissions lists every permission that the law names.
func (l *Law) Permissions() []Permission { return slices.Clone(l.perms) }
