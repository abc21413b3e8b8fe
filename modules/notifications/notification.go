package notifications

import (
	"time"

	"shubbak/platform/ids"
)

// Notification is one notice to one user. It holds ids and codes; the sentence is
// made when it is read, in the reader's language.
type Notification struct {
	ID         ids.ID[ids.Notification] `bun:",pk"`
	TenantID   ids.ID[ids.Tenant]
	UserID     ids.ID[ids.User]
	DeliveryID ids.ID[ids.Delivery] // one notice per event and user
	Event      string               // referral.sent, referral.message, …
	SubjectID  ids.ID[ids.Referral]
	Number     string
	Partner    ids.ID[ids.Tenant] // the other side
	Reason     string             // a code
	Code       string             // opaque, for the address in a mail
	CreatedAt  time.Time
	ReadAt     time.Time                `bun:",nullzero"`
	MailedBy   ids.ID[ids.Notification] `bun:",nullzero"` // the notice whose mail stands for several
	MailedAt   time.Time                `bun:",nullzero"` // when that mail went out
}
