package agreements

import (
	"slices"
	"time"

	"shubbak/platform/ids"
)

// State is a state of domain.md §3.
type State string

// The states that this form of the module knows; the full cycle comes with the
// life of agreements.
const (
	InForce    State = "in_force"
	Expiring   State = "expiring"
	Suspended  State = "suspended"
	Expired    State = "expired"
	Terminated State = "terminated"
	Renewed    State = "renewed"
)

// Agreement is a partnership agreement between tenants and outside bodies.
type Agreement struct {
	ID          ids.ID[ids.Agreement] `bun:",pk"`
	TenantID    ids.ID[ids.Tenant]    // who keeps it: the coordination
	Number      string
	Version     int64
	State       State
	StateSince  time.Time
	Kind        string // framework, specific, data_sharing, placement
	TitleAr     string
	TitleFr     string
	Object      string
	Parties     []Party
	EffectiveOn string // YYYY-MM-DD, first day
	EndsOn      string // YYYY-MM-DD, last day
	Renewal     string // tacit, express, none
	NoticeDays  int
	CreatedAt   time.Time
}

// Party is a tenant by its slug, or an outside body by its name.
type Party struct {
	Tenant       string `json:"tenant,omitempty"`
	Organization string `json:"organization,omitempty"`
}

// Scope is what one party may refer to another.
type Scope struct {
	ID          ids.ID[ids.Entry] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	FromTenant  ids.ID[ids.Tenant]
	ToTenant    ids.ID[ids.Tenant]
	Needs       []string
	Population  Population
}

// Population limits a scope to some persons; empty is everybody.
type Population struct {
	AgeMin     *int     `json:"age_min,omitempty"`
	AgeMax     *int     `json:"age_max,omitempty"`
	Sex        string   `json:"sex,omitempty"`
	Communes   []string `json:"communes,omitempty"`
	Situations []string `json:"situations,omitempty"`
}

// Reason says why an agreement does not permit a referral, in the contract's codes.
type Reason string

// The reasons of an agreement (contract: POST /referrals).
const (
	NoAgreement       Reason = "no_agreement"
	IsSuspended       Reason = "suspended"
	Ended             Reason = "ended"
	NeedNotCovered    Reason = "need_not_covered"
	OutsidePopulation Reason = "outside_population"
	QuotaUsed         Reason = "quota_used"
)

// standing is what the agreement is worth on a day: "" when it is in force.
func (a Agreement) standing(today string) Reason {
	switch a.State {
	case Suspended:
		return IsSuspended
	case Expired, Terminated, Renewed:
		return Ended
	case InForce, Expiring:
		if a.EffectiveOn > today {
			return NoAgreement
		}
		if a.EndsOn < today {
			return Ended
		}
		return ""
	}
	return NoAgreement
}

// covers reports whether a scope holds one of the needs.
func (s Scope) covers(needs []string) bool {
	return slices.ContainsFunc(needs, func(n string) bool { return slices.Contains(s.Needs, n) })
}

// rank orders the reasons from the least to the most helpful: a pair of tenants
// with several agreements is told the nearest miss.
var rank = map[Reason]int{NoAgreement: 0, Ended: 1, IsSuspended: 2, NeedNotCovered: 3, OutsidePopulation: 4, QuotaUsed: 5}
