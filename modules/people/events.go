package people

import (
	"shubbak/platform/ids"
)

// Changed says that a person's record changed: what was shared of it is written
// again by those who share it.
type Changed struct {
	Tenant  ids.ID[ids.Tenant] `json:"tenant"`
	Person  ids.ID[ids.Person] `json:"person"`
	Version int64              `json:"version"`
}

// EventName is stored.
func (Changed) EventName() string { return "people.changed" }

// Audience is the person's own tenant.
func (e Changed) Audience() []string { return []string{e.Tenant.String()} }

// Order keeps the changes of one person in a row.
func (e Changed) Order() (string, int64) { return e.Person.String(), e.Version }
