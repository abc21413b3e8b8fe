package notifications

import (
	"shubbak/modules/referrals"
)

// Whom is a group of people who are told.
type Whom string

// The groups of the contract ("GET /notifications"), and nobody.
const (
	// ReceivingUnit is the assignee once assigned, else all with the role that
	// receives.
	ReceivingUnit Whom = "receiving unit"
	// SendingUser is the user who sent, and the case's referent.
	SendingUser Whom = "sending user"
	// Approvers are the sender's supervisors, or the coordinators for an exception.
	Approvers Whom = "approvers"
	// OtherSide is the unit that did not write.
	OtherSide Whom = "other side"
	// Alarm is everybody whom a danger without an answer concerns: the called unit and
	// its supervisor, the sender, and the coordination's person on call.
	Alarm Whom = "alarm"
	// Owner is the user who must act: the assignee or the sending user, else the
	// unit; the approvers where they are asked.
	Owner Whom = "owner"
	// OwningUnit is everybody of the unit that must act.
	OwningUnit Whom = "owning unit"
	// Called is the unit that a danger is sent to, with its supervisor; Reviewer the
	// sender's supervisor, who has it to review.
	Called   Whom = "called unit"
	Reviewer Whom = "reviewer"
	// Uploader is who added a document, and the supervisor of that unit.
	Uploader Whom = "uploader"
	Nobody   Whom = "nobody"
)

// told is the whole table: every event code of the contract and who is told.
var told = map[string]Whom{
	"sent": ReceivingUnit, "answered": ReceivingUnit, "recall_requested": ReceivingUnit, "recall_undone": ReceivingUnit,
	"outcome_confirmed": ReceivingUnit, "entered_in_error": ReceivingUnit, "document_added": ReceivingUnit,
	"info_requested": SendingUser, "accepted": SendingUser, "acceptance_undone": SendingUser, "declined": SendingUser, "redirected": SendingUser,
	"waitlisted": SendingUser, "scheduled": SendingUser, "no_show": SendingUser, "completed": SendingUser, "failed": SendingUser,
	"recall_refused": SendingUser, "expired": SendingUser, "returned": SendingUser,
	"recalled":         bothUnits,
	"approval_awaited": Approvers,
	"message":          OtherSide,

	"reminder":          Owner,
	"overdue":           OwningUnit,
	"danger_unanswered": Alarm,    // domain.md §2, not one of the contract's events
	"document_refused":  Uploader, // nor is this one: the scanner's word, to one side alone
	"created":           Nobody,
	"consent_awaited":   Nobody,
	"acknowledged":      Nobody,
	"started":           Nobody,
	"held":              Nobody,
	"resumed":           Nobody,
	"reported":          Nobody,
	"assigned":          Nobody,
}

// bothUnits stands for an event that the contract names in both lists.
const bothUnits Whom = "both"

// whom says who of one tenant is told of an event: the line of the table, as the
// tenant's side has it. It narrows the audience too, so that no delivery is made for
// nothing.
func whom(m referrals.Moved, tenant string) Whom {
	group := told[m.Event]
	receiver, owner, acted := tenant == m.ToTenant.String() && !m.Letter, tenant == m.Owner.String(), tenant == m.ByTenant.String()
	called := m.Event == "sent" && m.Danger
	switch {
	case called && receiver:
		return Called
	case called:
		return Reviewer
	case group == Alarm, group == Approvers && !receiver, group == Uploader && owner:
		return group
	case group == SendingUser && !receiver && (!m.Letter || m.ByUser.IsZero()):
		return group
	case m.Letter:
		// The desk acts for both sides: it is told what the system did, and what waits
		// for somebody else's word.
		return Nobody
	case (group == Owner || group == OwningUnit) && owner:
		return group
	case group == ReceivingUnit && receiver:
		return group
	case group == bothUnits, group == OtherSide && !acted:
		if receiver {
			return ReceivingUnit
		}
		return SendingUser
	}
	return Nobody
}
