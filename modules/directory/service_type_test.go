package directory

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// oneFile is a migration tree of one step.
func oneFile(name, sql string) fs.FS { return fstest.MapFS{name: {Data: []byte(sql)}} }

func TestTriageAnswersAreClosed(t *testing.T) {
	t.Parallel()
	s := Service{Triage: []Question{
		{Code: "followed", Required: true, Choices: []Choice{{Code: "yes"}, {Code: "no"}, {Code: "unknown"}}},
		{Code: "companion", Choices: []Choice{{Code: "yes"}, {Code: "no"}}},
	}}
	for name, c := range map[string]struct {
		answers     map[string]string
		field, code string
	}{
		"all answered":              {map[string]string{"followed": "no", "companion": "yes"}, "", ""},
		"what is required alone":    {map[string]string{"followed": "unknown"}, "", ""},
		"nothing":                   {nil, "triage.followed", "required"},
		"an empty answer":           {map[string]string{"followed": ""}, "triage.followed", "unknown_code"},
		"words instead of a choice": {map[string]string{"followed": "since March, by Dr Alami"}, "triage.followed", "unknown_code"},
		"a question of another one": {map[string]string{"followed": "no", "level": "yes"}, "triage.level", "unknown_field"},
		"a choice of another one":   {map[string]string{"followed": "no", "companion": "unknown"}, "triage.companion", "unknown_code"},
	} {
		if field, code := s.CheckTriage(c.answers); field != c.field || code != c.code {
			t.Errorf("%s: %s %s", name, field, code)
		}
	}
	if field, _ := (Service{}).CheckTriage(map[string]string{"x": "y"}); field != "triage.x" {
		t.Error("a service without questions takes no answers")
	}
}

func TestOutcomesThatAServiceUses(t *testing.T) {
	t.Parallel()
	if s := (Service{Outcomes: []string{"consultation"}}); !s.Uses("consultation") || s.Uses("job") {
		t.Error("a service uses the outcomes that it declares")
	}
	if !(Service{}).Uses("job") {
		t.Error("none declared means all")
	}
}
