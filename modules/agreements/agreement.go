package agreements

import (
	"slices"
	"time"

	"shubbak/platform/ids"
)

// State is a state of domain.md §3.
type State string

// The states.
const (
	Draft          State = "draft"
	InternalReview State = "internal_review"
	Negotiation    State = "negotiation"
	Approved       State = "approved"
	Signing        State = "signing"
	Signed         State = "signed"
	AwaitingVisa   State = "awaiting_visa"
	InForce        State = "in_force"
	Expiring       State = "expiring"
	Suspended      State = "suspended"
	Expired        State = "expired"
	Renewed        State = "renewed"
	Terminated     State = "terminated"
	Abandoned      State = "abandoned"
)

// States lists every state in the order of a life.
var States = []State{Draft, InternalReview, Negotiation, Approved, Signing, Signed, AwaitingVisa, InForce, Expiring, Suspended, Expired, Renewed, Terminated, Abandoned}

var (
	unsettled = []State{Draft, InternalReview, Negotiation, Approved, Signing, Abandoned}
	editable  = []State{Draft, Negotiation, Signing}
	running   = []State{InForce, Expiring}
	ended     = []State{Expired, Renewed, Terminated, Abandoned}
)

// Settled reports that the parties have signed it: everybody of them may read it.
func (s State) Settled() bool { return !slices.Contains(unsettled, s) }

// Editable reports whether its text may be written in this state (contract).
func (s State) Editable() bool { return slices.Contains(editable, s) }

// Ended reports that nothing more happens to it.
func (s State) Ended() bool { return slices.Contains(ended, s) }

// The kinds, the ways of renewal and what a party may be.
var (
	Kinds    = []string{"framework", "specific", "data_sharing", "placement"}
	Renewals = []string{"tacit", "express", "none"}
)

// Agreement is a partnership agreement between tenants and outside bodies.
type Agreement struct {
	ID          ids.ID[ids.Agreement] `bun:",pk"`
	TenantID    ids.ID[ids.Tenant]    // who keeps it: the coordination
	Number      string
	Version     int64 // of the text: an edit raises it, a command does not
	State       State
	StateSince  time.Time
	Kind        string // framework, specific, data_sharing, placement
	TitleAr     string
	TitleFr     string
	Object      string
	ObjectFr    string
	Parties     []Party
	EffectiveOn string // YYYY-MM-DD, first day
	EndsOn      string // YYYY-MM-DD, last day
	Renewal     string // tacit, express, none
	NoticeDays  int
	CreatedAt   time.Time

	ParentID      ids.ID[ids.Agreement] `bun:",nullzero"` // it amends this one
	BasedOn       int64                 // the version of the parent that it was begun from
	RenewsID      ids.ID[ids.Agreement] `bun:",nullzero"` // it follows this one
	Sequence      int64                 // of its last event
	SharedFrom    int64                 // the first version that the other parties read; 0: none yet
	VisaNumber    string
	VisaDate      string
	VisaAuthority string
	TerminatesOn  string             // from this day on it is not in force any more
	ObjectedOn    string             // an objection to tacit renewal was recorded
	ObjectedBy    ids.ID[ids.Tenant] `bun:",nullzero"`
	Reason        string             // words of the last suspension, termination, objection
	Alerted       int                // the nearest alert that was given before this end, in days
	DueOn         string             `bun:",nullzero"` // when time next does something to it
	HasQuotas     bool               // its clauses in force limit some service
}

// Party is a tenant by its slug, or an outside body by its name.
type Party struct {
	Tenant       string `json:"tenant,omitempty"`
	Organization string `json:"organization,omitempty"`
}

// Key names a party: its slug, or the name of the body.
func (p Party) Key() string {
	if p.Tenant != "" {
		return p.Tenant
	}
	return p.Organization
}

// Scope is what one party may refer to another.
type Scope struct {
	ID          ids.ID[ids.Entry] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	FromTenant  ids.ID[ids.Tenant]
	ToTenant    ids.ID[ids.Tenant]
	Needs       []string
	Services    []ids.ID[ids.Service] // of the receiver; none: all that meet the needs
	Priorities  []string              // none: all
	Population  Population
	Mark        string // stands; ended: the latest end of its pair; "" is history
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

// standing is what the agreement is worth on a day: "" when it is in force. It
// judges by the dates themselves, so that a job that is late changes no answer.
func (a Agreement) standing(today string) Reason {
	switch a.State {
	case Suspended:
		if a.EndsOn < today {
			return Ended
		}
		return IsSuspended
	case Expired, Terminated, Renewed:
		return Ended
	case Signed, InForce, Expiring:
		switch {
		case a.EffectiveOn > today:
			return NoAgreement
		case a.TerminatesOn != "" && a.TerminatesOn <= today, a.EndsOn < today && !a.RenewsItself():
			return Ended
		}
		return ""
	}
	return NoAgreement
}

// RenewsItself reports that it goes on after its end unless somebody still objects.
func (a Agreement) RenewsItself() bool {
	return a.Renewal == "tacit" && a.ObjectedOn == "" && a.TerminatesOn == "" && slices.Contains(running, a.State)
}

// covers reports whether a scope holds one of the needs.
func (s Scope) covers(needs []string) bool {
	return slices.ContainsFunc(needs, func(n string) bool { return slices.Contains(s.Needs, n) })
}

// reaches reports whether a scope holds a service and a priority; what is not said is
// not asked.
func (s Scope) reaches(service ids.ID[ids.Service], priority string) bool {
	return (service.IsZero() || len(s.Services) == 0 || slices.Contains(s.Services, service)) &&
		(priority == "" || len(s.Priorities) == 0 || slices.Contains(s.Priorities, priority))
}

// since is the day from which a reason holds.
func (a Agreement) since(why Reason, zone *time.Location) string {
	switch {
	case why == IsSuspended:
		return a.StateSince.In(zone).Format(time.DateOnly)
	case why == Ended && a.TerminatesOn != "":
		return a.TerminatesOn
	case why == Ended && a.State == Renewed:
		return a.StateSince.In(zone).Format(time.DateOnly)
	}
	return a.EndsOn
}

// rank orders the reasons from the least to the most helpful: a pair of tenants
// with several agreements is told the nearest miss. What only a suspension holds up is
// nearer than an agreement on something else.
func rank(why Reason, covers bool) int {
	if why == IsSuspended && covers {
		return 4
	}
	return map[Reason]int{NoAgreement: 0, Ended: 1, IsSuspended: 2, NeedNotCovered: 3, OutsidePopulation: 5, QuotaUsed: 6}[why]
}
