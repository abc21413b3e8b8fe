package modules_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"shubbak/modules/documents"
	"shubbak/modules/referrals"
	"shubbak/platform/i18n"
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/tenants/chamber"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/tenants/university"
)

var kinds = []tenants.Kind{coordination.Kind, university.Kind, chamber.Kind, hospital.Kind}

// glossary reads the keys of the shared table of words.
func glossary(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("../web/locales/glossary.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, r := range rows[1:] {
		if out[r[0]] != nil {
			t.Errorf("%s stands twice in the glossary", r[0])
		}
		out[r[0]] = r[1:4]
	}
	return out
}

func TestEveryKindIsDeclaredAsAFolder(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../tenants")
	if err != nil {
		t.Fatal(err)
	}
	var folders, names []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "migrations" {
			folders = append(folders, e.Name())
		}
	}
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	if !slices.Equal(folders, names) {
		t.Errorf("folders %v, kinds %v", folders, names)
	}
	lawful, err := os.ReadDir("../policies")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range lawful {
		if kind, ok := strings.CutSuffix(e.Name(), ".csv"); ok && !slices.Contains(names, kind) {
			t.Errorf("%s is the law of no kind", e.Name())
		}
	}
}

func TestKindsAgreeWithLawModulesAndWords(t *testing.T) {
	t.Parallel()
	law, err := policies.Load()
	if err != nil {
		t.Fatal(err)
	}
	words := glossary(t)
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			lawful := law.RolesWith(k.Name, policies.To("account", "me"))
			for _, r := range k.Roles {
				if !slices.Contains(lawful, r) {
					t.Errorf("the role %s may not even sign in under %s.csv", r, k.Name)
				}
				if words["role."+r] == nil {
					t.Errorf("the role %s has no words", r)
				}
			}
			for _, p := range law.Permissions() {
				for _, r := range law.RolesWith(k.Name, p) {
					if !slices.Contains(k.Roles, r) {
						t.Errorf("%s.csv gives %s to the role %s, which the kind does not declare", k.Name, p, r)
					}
				}
			}
			for _, m := range k.Modules {
				if _, ok := diagram[m]; !ok {
					t.Errorf("the module %s does not exist", m)
				}
			}
			if len(slices.Compact(slices.Sorted(slices.Values(k.Modules)))) != len(k.Modules) || len(slices.Compact(slices.Sorted(slices.Values(k.Roles)))) != len(k.Roles) {
				t.Error("a module or a role is declared twice")
			}
			if !slices.Contains(tenants.Accents, k.Accent) {
				t.Errorf("the accent %s is not in the list", k.Accent)
			}
			if !slices.Contains(k.Roles, k.Desk) || !law.May(tenants.Actor{Tenant: &tenants.Tenant{Kind: k.Name}, Roles: []string{k.Desk}}, policies.To("referral", "send")) {
				t.Errorf("the desk's role %s does not refer", k.Desk)
			}
			if !slices.Contains(k.Roles, "admin") || !slices.Contains(k.Roles, "supervisor") {
				t.Error("every tenant has an admin, every receiving unit a supervisor")
			}
			for _, path := range append([]string{k.Home}, k.Nav...) {
				if !strings.HasPrefix(path, "/") {
					t.Errorf("%s is no path of the portal", path)
				}
			}
		})
	}
}

func TestOnlyCareKindsHoldHealthData(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		if k.Care != (k.Name == "hospital") {
			t.Errorf("%s: care is %v", k.Name, k.Care)
		}
	}
}

// labels are words without a code (domain.md §2, "Codes").
var labels = []string{"agr.status.archived", "urgency.immediate_danger"}

// coded pairs each prefix of the glossary with its closed list of codes.
func coded() map[string][]string {
	l := terms.Load()
	states := []string{}
	for _, s := range referrals.States {
		states = append(states, string(s))
	}
	return map[string][]string{
		"decline.": referrals.DeclineReasons, "fail.": referrals.FailReasons, "hold.": referrals.HoldReasons, "recall.": referrals.RecallReasons,
		"outcome.": referrals.Outcomes, "ref.status.": states, "urgency.": referrals.Priorities, "doc.": documents.Categories,
		"need.": l.Needs, "vul.": l.Situations, "lang.": l.Languages,
	}
}

func TestEveryCodeHasItsWordsAndEveryWordItsCode(t *testing.T) {
	t.Parallel()
	words := glossary(t)
	for prefix, codes := range coded() {
		if len(codes) == 0 {
			t.Errorf("the list of %s is empty", prefix)
		}
		for i, c := range codes {
			if slices.Contains(codes[:i], c) {
				t.Errorf("%s%s stands twice in its list", prefix, c)
			}
			w := words[prefix+c]
			for j, l := range i18n.Langs {
				if w == nil || strings.TrimSpace(w[j]) == "" {
					t.Errorf("%s%s has no words in %s", prefix, c, l)
				}
			}
		}
		for key := range words {
			if code, ok := strings.CutPrefix(key, prefix); ok && !slices.Contains(codes, code) && !slices.Contains(labels, key) {
				t.Errorf("%s stands in the glossary without a code", key)
			}
		}
	}
	for _, l := range labels {
		if words[l] == nil {
			t.Errorf("the label %s does not stand in the glossary", l)
		}
	}
}
