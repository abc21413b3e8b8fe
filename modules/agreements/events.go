package agreements

import (
	"errors"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Moved says that something happened to an agreement. It holds ids and codes only.
type Moved struct {
	Agreement ids.ID[ids.Agreement] `json:"agreement"`
	Number    string                `json:"number"`
	Event     string                `json:"event"`
	Keeper    ids.ID[ids.Tenant]    `json:"keeper"`
	Parties   []ids.ID[ids.Tenant]  `json:"parties"` // who may know of it
	ByTenant  ids.ID[ids.Tenant]    `json:"by_tenant,omitzero"`
	ByUser    ids.ID[ids.User]      `json:"by_user,omitzero"`
	Days      int                   `json:"days,omitempty"` // of an alert
	Step      int64                 `json:"step"`
}

// EventName is stored.
func (Moved) EventName() string { return "agreement.moved" }

// Audience is everybody who may know of it.
func (m Moved) Audience() []string {
	out := make([]string, len(m.Parties))
	for i, p := range m.Parties {
		out[i] = p.String()
	}
	return out
}

// Order keeps the events of one agreement in a row.
func (m Moved) Order() (string, int64) { return m.Agreement.String(), m.Step }

func (s *Service) moved(a Agreement, e Event, audience []tenants.ID) Moved {
	return Moved{Agreement: a.ID, Number: a.Number, Event: e.Event, Keeper: a.TenantID, Parties: audience, ByTenant: e.ByTenant, ByUser: e.ByUser, Days: e.Days, Step: e.Sequence}
}

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }
