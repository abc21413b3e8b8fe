package policies

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var allCategories = []string{CatIdentity, CatContact, CatSocial, CatHealth, CatDocuments}

// full is an annex that forbids nothing.
var full = Annex{Identity: {CatIdentity, CatContact}, Social: {CatSocial, CatHealth}, Documents: {CatDocuments, CatHealth}, Summary: {CatSocial}}

func TestShare(t *testing.T) {
	t.Parallel()
	everything := Grant{Identity: true, Contact: true, Social: true, Documents: true, HealthDocuments: true, Summary: true}
	without := func(change func(*Grant)) Grant { g := everything; change(&g); return g }
	for name, c := range map[string]struct {
		annex     Annex
		basis     string
		consented []string
		wanted    []Slice
		care      bool
		want      Grant
	}{
		"annex and consent open everything":          {full, "consent", allCategories, nil, true, everything},
		"health papers stay closed without care":     {full, "consent", allCategories, nil, false, without(func(g *Grant) { g.HealthDocuments = false })},
		"a slice that the sender leaves out":         {full, "consent", allCategories, []Slice{Card, Identity}, true, Grant{Identity: true, Contact: true}},
		"a category that the person keeps":           {full, "consent", []string{CatIdentity, CatSocial}, nil, true, Grant{Identity: true, Social: true, Summary: true}},
		"contact without identity is nothing":        {full, "consent", []string{CatContact}, nil, true, Grant{}},
		"health without documents is nothing":        {full, "consent", []string{CatHealth}, nil, true, Grant{}},
		"an annex without documents":                 {Annex{Identity: {CatIdentity}}, "consent", allCategories, nil, true, Grant{Identity: true}},
		"no annex opens nothing":                     {nil, "consent", allCategories, nil, true, Grant{}},
		"no consent opens nothing":                   {full, "consent", nil, nil, true, Grant{}},
		"an unknown basis opens nothing":             {full, "because", allCategories, nil, true, Grant{}},
		"public interest opens identity and contact": {full, "public_interest", allCategories, nil, true, Grant{Identity: true, Contact: true}},
		"public interest asks the annex too":         {Annex{Social: {CatSocial}}, "public_interest", allCategories, nil, true, Grant{}},
		"a legal obligation opens no paper":          {full, "legal_obligation", nil, nil, true, Grant{Identity: true, Contact: true, Social: true, Summary: true}},
		"vital interest opens no paper":              {full, "vital_interest", nil, nil, true, Grant{Identity: true, Contact: true, Social: true, Summary: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.Name = c.want.Identity // the name stays of whom the receiver has known
			if got := Share(c.annex, c.basis, c.consented, c.wanted, c.care); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func subset[T comparable](t *rapid.T, label string, list []T) []T {
	var out []T
	for i, x := range list {
		if rapid.Bool().Draw(t, label+string(rune('0'+i))) {
			out = append(out, x)
		}
	}
	return out
}

func drawAnnex(t *rapid.T) Annex {
	a := Annex{}
	for _, s := range Slices {
		a[s] = subset(t, string(s), allCategories)
	}
	return a
}

func TestSharingIsAnIntersection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		annex, basis := drawAnnex(t), rapid.SampledFrom(Bases).Draw(t, "basis")
		consented, wanted := subset(t, "consented", allCategories), subset(t, "wanted", Slices)
		care := rapid.Bool().Draw(t, "care")
		g := Share(annex, basis, consented, wanted, care)
		opens := consented
		if basis != "consent" {
			opens = basisOpens[basis]
		}
		for _, c := range []struct {
			given    bool
			slice    Slice
			category string
		}{{g.Identity, Identity, CatIdentity}, {g.Contact, Identity, CatContact}, {g.Social, Social, CatSocial}, {g.Documents, Documents, CatDocuments},
			{g.HealthDocuments, Documents, CatHealth}, {g.Summary, Summary, CatSocial}} {
			if c.given && (!slices.Contains(annex[c.slice], c.category) || !slices.Contains(opens, c.category) || len(wanted) > 0 && !slices.Contains(wanted, c.slice)) {
				t.Fatalf("%s of %s is given: annex %v, opens %v, wanted %v", c.category, c.slice, annex, opens, wanted)
			}
		}
		if g.HealthDocuments && !care || g.Contact && !g.Identity || g.HealthDocuments && !g.Documents {
			t.Fatalf("%+v with care %v", g, care)
		}
		if basis == "public_interest" && (g.Social || g.Documents || g.HealthDocuments || g.Summary) {
			t.Fatalf("public interest gives %+v", g)
		}
	})
}

func TestSlicesOpenInStages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := Share(drawAnnex(t), rapid.SampledFrom(Bases).Draw(t, "basis"), subset(t, "consented", allCategories), nil, rapid.Bool().Draw(t, "care"))
		if open := g.Open(Unsent); len(open) != 0 {
			t.Fatalf("before it is sent: %v", open)
		}
		if open := g.Open(Sent); !slices.Equal(open, []Slice{Card}) {
			t.Fatalf("once sent: %v, want the card alone", open)
		}
		if open := g.Open(Closed); len(open) != 0 {
			t.Fatalf("after an end without acceptance: %v", open)
		}
		if open := g.Open(Kept); len(open) > 1 || g.Identity != slices.Equal(open, []Slice{Name}) {
			t.Fatalf("after the end: %v, want the name where identity was granted", open)
		}
		for _, at := range []Stage{Unsent, Sent, Accepted, Started, Kept, Closed} {
			if open := g.Withdrawn(false).Open(at); len(open) != 0 {
				t.Fatalf("stage %d of a withdrawn one: %v", at, open)
			}
			if open := g.Withdrawn(true).Open(at); len(open) > 1 || len(open) == 1 && open[0] != Name {
				t.Fatalf("stage %d of a withdrawn one that goes on: %v", at, open)
			}
		}
		accepted, started := g.Open(Accepted), g.Open(Started)
		if slices.Contains(accepted, Summary) {
			t.Fatal("the summary opens with the service, not before")
		}
		for _, s := range accepted {
			if !slices.Contains(started, s) {
				t.Fatalf("%s closes when the service begins", s)
			}
		}
		for s, given := range map[Slice]bool{Card: true, Identity: g.Identity, Social: g.Social, Documents: g.Documents, HealthDocuments: g.HealthDocuments, Summary: g.Summary} {
			if slices.Contains(started, s) != given {
				t.Fatalf("%s given %v, open %v", s, given, started)
			}
		}
		if slices.Contains(Visible(started), HealthDocuments) {
			t.Fatal("health_documents is no slice of its own")
		}
	})
}

func TestSplitReadsWhatJoinWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := subset(t, "slices", append(slices.Clone(Slices), HealthDocuments))
		if got := Split(Join(list)); !slices.Equal(got, list) {
			t.Fatalf("%v became %v", list, got)
		}
	})
	if Join(nil) != "" || Join([]Slice{Card, Identity}) != ",card,identity," {
		t.Error("slices are stored between commas, so that one is found as ,card,")
	}
}
