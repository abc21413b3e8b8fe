// Package modules says what a module is: data that the entry point composes.
//
// Each sub-folder is one module; layers_test.go computes the floors from an
// allow-list of imports between them, and that list is the diagram.
package modules

import (
	"io/fs"

	"shubbak/platform/db"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/web"
)

// Module is everything that a module contributes. Every field may be empty.
type Module struct {
	Name        string
	Migrations  fs.FS // *.tx.up.sql
	Locales     fs.FS // locales/{ar,fr,en}.json
	Permissions []policies.Permission
	Routes      []web.Route
	Pages       []web.Route
	Events      []outbox.Subscription
	Schedules   []outbox.Schedule
	Nav         []web.NavEntry
	Trims       []db.Trim // rows that have served their time
}
