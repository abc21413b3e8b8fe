package policies

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"shubbak/tenants"
)

func law(t testing.TB) *Law {
	t.Helper()
	l, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func actor(kind string, roles ...string) tenants.Actor {
	return tenants.Actor{Tenant: &tenants.Tenant{Kind: kind}, Roles: roles}
}

// allRoles are the roles of every kind and one that nobody has, so that a role of
// one kind is asked at the others too.
func (l *Law) allRoles() []string {
	out := []string{"nobody"}
	for _, k := range l.kinds {
		for _, r := range l.roles[k] {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestTheTableIsCasbinsAnswer(t *testing.T) {
	t.Parallel()
	l := law(t)
	cells, allowed := 0, 0
	for _, kind := range append(slices.Clone(l.kinds), "ministry") {
		for _, role := range l.allRoles() {
			a := actor(kind, role)
			for _, p := range append(slices.Clone(l.perms), To("referral", "burn")) {
				for _, rel := range relations {
					want, err := l.enforcer.Enforce(role, kind, p.Object, p.Action, string(rel))
					if err != nil {
						t.Fatal(err)
					}
					if got := l.Allow(a, p, rel); got != want {
						t.Errorf("%s of a %s, %s as %s: the table says %v, Casbin %v", role, kind, p, rel, got, want)
					}
					cells++
					if want {
						allowed++
					}
				}
			}
		}
	}
	if cells < 10_000 || allowed < 500 {
		t.Errorf("%d cells, %d of them allowed: the law was not read", cells, allowed)
	}
}

func TestMayIsAllowInSomeRelation(t *testing.T) {
	t.Parallel()
	l := law(t)
	for _, kind := range l.kinds {
		for _, role := range l.allRoles() {
			a := actor(kind, role)
			for _, p := range l.perms {
				ever := slices.ContainsFunc(relations, func(r Relation) bool { return l.Allow(a, p, r) })
				if l.May(a, p) != ever || slices.Contains(l.Of(a), p) != ever || slices.Contains(l.RolesWith(kind, p), role) != ever {
					t.Errorf("%s of a %s, %s: May %v, Of %v, RolesWith %v, some relation %v", role, kind, p, l.May(a, p), slices.Contains(l.Of(a), p), l.RolesWith(kind, p), ever)
				}
			}
		}
	}
}

func TestAllowNeedsTheRelation(t *testing.T) {
	t.Parallel()
	l, accept := law(t), To("referral", "accept")
	a := actor("hospital", "intake")
	if l.Allow(a, accept) || l.Allow(a, accept, Sender) || !l.Allow(a, accept, Receiver) || !l.Allow(a, accept, Sender, Receiver) {
		t.Error("accepting belongs to the receiver's unit alone")
	}
	if l.Allow(actor("hospital"), accept, Receiver) || l.Allow(tenants.Actor{Roles: []string{"intake"}}, accept, Receiver) || l.May(tenants.Actor{Roles: []string{"intake"}}, accept) {
		t.Error("an actor without a role, or without a tenant, may do nothing")
	}
	if !l.Allow(actor("hospital", "auditor", "intake"), accept, Receiver) {
		t.Error("one of several roles is enough")
	}
}

// golden compares text with a file of testdata; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	have := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(have) || have[i] != line {
			t.Fatalf("%s differs at line %d:\n%s\nReview the change of the law, then: UPDATE_GOLDEN=1 go test ./policies", path, i+1, line)
		}
	}
	t.Fatalf("%s is longer than the law", path)
}

// matrix writes the whole law for a reader: one table per kind and object, a row
// per action, a column per role, and in the cell in which relations.
func (l *Law) matrix() string {
	var b strings.Builder
	b.WriteString("# Who may do what\n\nGenerated from the law. A cell says in which relation a role may act: any, s sender's unit, r receiver's unit,\na assigned to this user, x arbiter of an exception, k of the tenant that keeps the agreement, p of a party to it;\nempty: never.\n")
	letters := map[Relation]string{Any: "any", Sender: "s", Receiver: "r", Assignee: "a", Arbiter: "x", Keeper: "k", Party: "p"}
	for _, kind := range l.kinds {
		fmt.Fprintf(&b, "\n## %s\n", kind)
		object := ""
		for _, p := range l.perms {
			if len(l.RolesWith(kind, p)) == 0 {
				continue
			}
			if p.Object != object {
				object = p.Object
				fmt.Fprintf(&b, "\n| %s | %s |\n|---|%s\n", object, strings.Join(l.roles[kind], " | "), strings.Repeat("---|", len(l.roles[kind])))
			}
			cells := []string{}
			for _, role := range l.roles[kind] {
				var in []string
				for _, r := range relations {
					if l.Allow(actor(kind, role), p, r) {
						in = append(in, letters[r])
					}
				}
				if slices.Contains(in, "any") {
					in = []string{"any"}
				}
				cells = append(cells, strings.Join(in, " "))
			}
			fmt.Fprintf(&b, "| %s | %s |\n", p.Action, strings.Join(cells, " | "))
		}
	}
	return b.String()
}

func TestTheMatrixIsReviewed(t *testing.T) {
	t.Parallel()
	golden(t, "matrix.golden.md", law(t).matrix())
}

// TestWhoNeverOpensAPerson holds the roles without files (domain.md §1, roles).
func TestWhoNeverOpensAPerson(t *testing.T) {
	t.Parallel()
	l := law(t)
	for _, kind := range l.kinds {
		for _, role := range []string{"admin", "coordinator", "delegate", "signatory", "student", "auditor", "dpo", "tutor", "placement_coordinator"} {
			a := actor(kind, role)
			for _, p := range []Permission{To("person", "read"), To("person", "search"), To("person", "register"), To("referral", "accept"), To("referral", "message")} {
				if l.May(a, p) {
					t.Errorf("%s of a %s may %s", role, kind, p)
				}
			}
			// Documents of persons; those of an agreement are no person's.
			for _, p := range []Permission{To("document", "read"), To("document", "add")} {
				if l.Allow(a, p, Any, Sender, Receiver, Assignee, Arbiter) {
					t.Errorf("%s of a %s may %s of a person", role, kind, p)
				}
			}
		}
	}
}

func TestADraftOfTheLawIsRefused(t *testing.T) {
	t.Parallel()
	l := law(t)
	if l.Knows(To("referral", "burn")) || !l.Knows(To("referral", "accept")) {
		t.Error("Knows tells a permission of the law from any other")
	}
	for _, kind := range l.kinds {
		if err := l.read(kind + ".csv"); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: a rule that stands twice: %v", kind, err)
		}
	}
}
