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

// concerns reports whether an event tells somebody in a tenant, so that no
// delivery is made for nothing.
func concerns(m referrals.Moved, tenant string) bool {
	if m.Letter {
		// The desk acts for both sides: it is told what the system did, and what waits
		// for somebody else's word.
		return told[m.Event] == Approvers || told[m.Event] == Uploader || told[m.Event] == Alarm || m.Event == "sent" && m.Danger || told[m.Event] == SendingUser && m.ByUser.IsZero()
	}
	receiver := tenant == m.ToTenant.String()
	if m.Event == "sent" && m.Danger {
		return true // the sender's supervisor has it to review
	}
	switch told[m.Event] {
	case ReceivingUnit:
		return receiver
	case SendingUser, Approvers:
		return !receiver
	case OtherSide:
		return tenant != m.ByTenant.String()
	case Owner, OwningUnit, Uploader:
		return tenant == m.Owner.String()
	case bothUnits, Alarm:
		return true
	}
	return false
}
