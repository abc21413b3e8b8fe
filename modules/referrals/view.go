package referrals

import (
	"time"

	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/platform/ids"
	"shubbak/policies"
)

// View is a referral as the API shows it to one reader. A field that is not set or
// not open to this reader is absent.
type View struct {
	ID             ID                    `json:"id" validate:"required"`
	Number         string                `json:"number,omitempty"`
	ReceiverNumber string                `json:"receiver_number,omitempty"`
	State          State                 `json:"state" validate:"required"`
	Version        int64                 `json:"version" validate:"required"`
	Need           string                `json:"need" validate:"required"`
	Priority       string                `json:"priority" validate:"required"`
	Danger         bool                  `json:"danger,omitempty"`
	Basis          string                `json:"basis" validate:"required"`
	Service        ServiceRef            `json:"service" validate:"required"`
	From           Party                 `json:"from" validate:"required"`
	To             Party                 `json:"to" validate:"required"`
	Owner          Owner                 `json:"owner" validate:"required"`
	Agreement      ids.ID[ids.Agreement] `json:"agreement_id,omitzero"`
	DueAt          *time.Time            `json:"due_at,omitempty"`
	DueFor         string                `json:"due_for,omitempty"`
	Overdue        bool                  `json:"overdue" validate:"required"`
	OpenSlices     []policies.Slice      `json:"open_slices" validate:"required"`
	Card           Card                  `json:"card" validate:"required"`
	PersonID       ids.ID[ids.Person]    `json:"person_id,omitzero"`
	Identity       *Identity             `json:"identity,omitempty"`
	DisplayName    string                `json:"display_name,omitempty"` // what stays with a receiver that had accepted, after the end
	Social         *Social               `json:"social,omitempty"`
	Call           *Call                 `json:"call,omitempty"`
	Review         *Review               `json:"review,omitempty"` // of a danger, for its sender
	Documents      *[]documents.View     `json:"documents,omitempty"`
	Appointment    *Appointment          `json:"appointment,omitempty"`
	Estimate       string                `json:"estimate,omitempty"`
	Outcome        string                `json:"outcome,omitempty"`
	Result         string                `json:"result,omitempty"`
	ReasonCode     string                `json:"reason_code,omitempty"`
	Continue       *bool                 `json:"continue,omitempty"` // after a withdrawal: does the service go on
	ByWhom         string                `json:"by_whom,omitempty"`
	RedirectTo     ids.ID[ids.Service]   `json:"redirect_to,omitzero"`
	ParentID       ID                    `json:"parent_id,omitzero"`
	SentAt         *time.Time            `json:"sent_at,omitempty"`
	Own            *Own                  `json:"own,omitempty"`

	row Referral // for the pages of this module
}

// ResourceID lets a replay find the referral again.
func (v View) ResourceID() string { return v.ID.String() }

// ServiceRef names the service.
type ServiceRef struct {
	ID   ids.ID[ids.Service] `json:"id" validate:"required"`
	Name directory.Words     `json:"name" validate:"required"`
}

// Party is a tenant, by its slug, and its unit; or an outside body.
type Party struct {
	Tenant       string                     `json:"tenant,omitempty"`
	Unit         ids.ID[ids.Unit]           `json:"unit,omitzero"`
	Organization *directory.OrganizationRef `json:"organization,omitempty"` // of a letter
}

// Owner is who has to act next; a user of the other side is never named.
type Owner struct {
	Tenant string           `json:"tenant" validate:"required"`
	Unit   ids.ID[ids.Unit] `json:"unit,omitzero"`
	User   ids.ID[ids.User] `json:"user,omitzero"`
}

// Review is where the sender's review of an immediate danger stands.
type Review struct {
	DueAt      *time.Time       `json:"due_at,omitempty"`
	ReviewedAt *time.Time       `json:"reviewed_at,omitempty"`
	ReviewedBy ids.ID[ids.User] `json:"reviewed_by,omitzero"`
	Informed   string           `json:"informed,omitempty"`
}

// Own is what only the receiver knows.
type Own struct {
	Assignee ids.ID[ids.User] `json:"assignee,omitzero"`
}

// Card is the anonymous card: the slice `card`.
type Card struct {
	AgeBand   string            `json:"age_band" validate:"required"`
	Sex       string            `json:"sex" validate:"required"`
	District  string            `json:"district,omitempty"`
	Language  string            `json:"language,omitempty"`
	Triage    map[string]string `json:"triage,omitempty"`
	Documents int               `json:"documents" validate:"required"`
}

// Appointment is a wall-clock time in a zone: Morocco moves its clock.
type Appointment struct {
	StartsAtLocal string `json:"starts_at_local" validate:"required"`
	Zone          string `json:"zone" validate:"required"`
	Place         string `json:"place,omitempty"`
	Bring         string `json:"bring,omitempty"`
}

// EventView is one line of the history.
type EventView struct {
	Sequence  int64      `json:"sequence" validate:"required"`
	Event     string     `json:"event" validate:"required"`
	FromState State      `json:"from_state" validate:"required"` // empty where it begins
	ToState   State      `json:"to_state" validate:"required"`
	Actor     EventActor `json:"actor" validate:"required"`
	At        time.Time  `json:"at" validate:"required"`
	Reason    string     `json:"reason,omitempty"`
	Note      string     `json:"note,omitempty"`
	Source    string     `json:"source,omitempty"` // of a letter: person, slip, phone
}

// EventActor is who did it; the name only to their own tenant.
type EventActor struct {
	Tenant string `json:"tenant" validate:"required"`
	Role   string `json:"role" validate:"required"`
	Name   string `json:"name,omitempty"`
}

// MessageView is one line of the exchange.
type MessageView struct {
	ID         ids.ID[ids.Message] `json:"id" validate:"required"`
	At         time.Time           `json:"at" validate:"required"`
	FromTenant string              `json:"from_tenant" validate:"required"`
	Kind       string              `json:"kind" validate:"required"`
	Text       string              `json:"text" validate:"required"`

	byUser ids.ID[ids.User]
}

// ResourceID lets a replay find the message again.
func (m MessageView) ResourceID() string { return m.ID.String() }

// PreviewView is what the receiver sees at each stage.
type PreviewView struct {
	Stages []Stage `json:"stages" validate:"required"`
}

// Stage is one slice with the state that opens it and the fields it holds.
type Stage struct {
	State  State          `json:"state" validate:"required"`
	Slice  policies.Slice `json:"slice" validate:"required"`
	Fields []string       `json:"fields" validate:"required"`
}
