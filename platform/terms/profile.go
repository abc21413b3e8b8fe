package terms

import "slices"

// Profile is what eligibility and population rules may ask about a person. An
// unknown fact is its zero value and never excludes anybody.
type Profile struct {
	Age        int
	AgeKnown   bool
	Sex        string // female, male, unknown
	Commune    string
	Situations []string
}

// Rules say whom a service or an agreement is for; the zero value is for all.
type Rules struct {
	AgeMin     *int     `json:"age_min,omitempty" validate:"omitempty,gte=0,lte=120"`
	AgeMax     *int     `json:"age_max,omitempty" validate:"omitempty,gte=0,lte=120"`
	Sex        string   `json:"sex,omitempty" validate:"omitempty,oneof=female male"`
	Communes   []string `json:"communes,omitempty"`
	Situations []string `json:"situations,omitempty"`
}

// Fails names the rules that the person does not meet: age, sex, commune,
// situation; empty when all are met.
func (r Rules) Fails(p Profile) []string {
	var out []string
	if p.AgeKnown && (r.AgeMin != nil && p.Age < *r.AgeMin || r.AgeMax != nil && p.Age > *r.AgeMax) {
		out = append(out, "age")
	}
	if r.Sex != "" && p.Sex != "unknown" && p.Sex != "" && p.Sex != r.Sex {
		out = append(out, "sex")
	}
	if len(r.Communes) > 0 && p.Commune != "" && !slices.Contains(r.Communes, p.Commune) {
		out = append(out, "commune")
	}
	if len(r.Situations) > 0 && len(p.Situations) > 0 && !slices.ContainsFunc(p.Situations, func(s string) bool { return slices.Contains(r.Situations, s) }) {
		out = append(out, "situation")
	}
	return out
}
