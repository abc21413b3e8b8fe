// Package university declares the kind of tenant: a faculty that places students and receives referrals.
package university

import "shubbak/tenants"

// Kind is the declaration; tenants' own tests prove that it agrees with the law,
// the modules and the words.
var Kind = tenants.Kind{
	Name:    "university",
	Modules: []string{"accounts", "calendars", "people", "directory", "agreements", "documents", "referrals", "tasks", "notifications", "privacy", "reports"},
	Roles:   []string{"admin", "intake", "supervisor", "student", "tutor", "placement_coordinator", "signatory", "field_supervisor", "auditor", "dpo"},
	Home:    "/home",
	Nav:     []string{"/referrals?box=in", "/referrals?box=out", "/people", "/services", "/agreements", "/tasks", "/notifications", "/disclosures", "/users", "/calendar", "/settings"},
	Accent:  "faculty",
	Care:    false,
	Desk:    "intake",
}
