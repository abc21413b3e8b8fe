// Package coordination declares the kind of tenant: the coordination office with its delegations and desks.
package coordination

import "shubbak/tenants"

// Kind is the declaration; tenants' own tests prove that it agrees with the law,
// the modules and the words.
var Kind = tenants.Kind{
	Name:        "coordination",
	Modules:     []string{"accounts", "calendars", "people", "directory", "agreements", "documents", "referrals", "tasks", "notifications", "privacy", "reports"},
	Roles:       []string{"admin", "reception", "social_worker", "supervisor", "delegate", "coordinator", "signatory", "field_supervisor", "auditor", "dpo"},
	Home:        "/home",
	Nav:         []string{"/home", "/people", "/referrals?box=out", "/referrals?box=in", "/services", "/agreements", "/tasks", "/notifications", "/disclosures", "/users", "/calendar", "/settings"},
	Accent:      "coordination",
	Care:        false,
	Coordinates: true,
	Desk:        "social_worker",
}
