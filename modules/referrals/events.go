package referrals

import (
	"shubbak/platform/ids"
)

// Moved says that something happened to a referral. It holds ids and codes only.
type Moved struct {
	Referral   ids.ID[ids.Referral] `json:"referral"`
	Number     string               `json:"number"`
	Event      string               `json:"event"` // an event code, or "message"
	Sequence   int64                `json:"sequence"`
	FromTenant ids.ID[ids.Tenant]   `json:"from_tenant"`
	ToTenant   ids.ID[ids.Tenant]   `json:"to_tenant"`
	FromUnit   ids.ID[ids.Unit]     `json:"from_unit,omitzero"`
	ToUnit     ids.ID[ids.Unit]     `json:"to_unit,omitzero"`
	FromUser   ids.ID[ids.User]     `json:"from_user"`
	Assignee   ids.ID[ids.User]     `json:"assignee,omitzero"`
	ByTenant   ids.ID[ids.Tenant]   `json:"by_tenant,omitzero"`
	ByUser     ids.ID[ids.User]     `json:"by_user,omitzero"`
	Reason     string               `json:"reason,omitempty"` // a code
	Exception  bool                 `json:"exception,omitempty"`
	Danger     bool                 `json:"danger,omitempty"`
	Letter     bool                 `json:"letter,omitempty"`
	Watchers   []string             `json:"watchers,omitempty"` // other tenants that must know of it, by number alone
	Unsent     bool                 `json:"unsent,omitempty"`   // the receiver knows nothing of it
	Step       int64                `json:"step"`               // orders everything of one referral
	Owner      ids.ID[ids.Tenant]   `json:"owner,omitzero"`     // of reminder and overdue: who must act; of document_refused: whose it is
	About      ids.ID[ids.User]     `json:"about,omitzero"`     // whom it concerns in person
}

// EventName is stored.
func (Moved) EventName() string { return "referral.moved" }

// Audience is both sides, or the sender alone before the receiver knows of it, and
// whoever watches.
func (m Moved) Audience() []string {
	if m.Unsent || m.FromTenant == m.ToTenant && len(m.Watchers) == 0 {
		return []string{m.FromTenant.String()}
	}
	out := []string{m.FromTenant.String()}
	if m.ToTenant != m.FromTenant {
		out = append(out, m.ToTenant.String())
	}
	return append(out, m.Watchers...)
}

// Order keeps the events of one referral in a row.
func (m Moved) Order() (string, int64) { return m.Referral.String(), m.Step }
