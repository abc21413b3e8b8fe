// Package chamber declares the kind of tenant: a chamber of crafts with its training centres.
package chamber

import "shubbak/tenants"

// Kind is the declaration; tenants' own tests prove that it agrees with the law,
// the modules and the words.
var Kind = tenants.Kind{
	Name:    "chamber",
	Modules: []string{"accounts", "calendars", "people", "directory", "agreements", "documents", "referrals", "tasks", "notifications", "privacy", "reports"},
	Roles:   []string{"admin", "intake", "practitioner", "supervisor", "signatory", "field_supervisor", "auditor", "dpo"},
	Home:    "/home",
	Nav:     []string{"/referrals?box=in", "/referrals?box=out", "/people", "/services", "/agreements", "/tasks", "/notifications", "/disclosures", "/users", "/calendar", "/settings"},
	Accent:  "chamber",
	Care:    false,
	Desk:    "intake",
}
