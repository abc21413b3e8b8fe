package calendars

import "shubbak/platform/ids"

// Changed says that the working time of a tenant, or of some of its units, is
// another from now on: open deadlines are counted again.
type Changed struct {
	Tenant ids.ID[ids.Tenant] `json:"tenant"`
}

// EventName is stored.
func (Changed) EventName() string { return "calendar.changed" }

// Audience is the tenant itself: its units' deadlines are its own.
func (c Changed) Audience() []string { return []string{c.Tenant.String()} }

// Order is any: counting again gives the same, however often.
func (Changed) Order() (string, int64) { return "", 0 }
