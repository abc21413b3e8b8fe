package documents

import (
	"time"

	"shubbak/platform/ids"
)

// Document is one stored file. Its content and its name are sealed; the row holds
// what a list needs.
type Document struct {
	ID          ids.ID[ids.Document]  `bun:",pk"`
	TenantID    ids.ID[ids.Tenant]    // who put it there
	ReferralID  ids.ID[ids.Referral]  `bun:",nullzero"` // it is a paper of this referral,
	AgreementID ids.ID[ids.Agreement] `bun:",nullzero"` // or a signed file of this agreement
	Version     int64                 // 1, 2, 3 … of one paper
	Replaces    ids.ID[ids.Document]  `bun:",nullzero"` // the version before
	Retention   string                // its class, by category
	State       string
	Category    string
	Sensitivity string
	MediaType   string // sniffed, never what the sender said
	Size        int64  // bytes of the content
	SHA256      string `bun:"sha256"`
	FileKey     []byte
	CreatedBy   ids.ID[ids.User]
	CreatedAt   time.Time
	KeptUntil   time.Time `bun:",nullzero"` // until then nothing of it changes; see Keep

	Name string `bun:"-"`
}

// The states of a document (domain.md §5). Infected is ours: refused by the scanner,
// its content destroyed, as that of a purged one is.
const (
	Quarantined = "quarantined"
	Available   = "available"
	Superseded  = "superseded"
	Infected    = "infected"
	Purged      = "purged"
)

// The closed lists of a document. Categories are the glossary's `doc.*`.
var (
	Categories = []string{"cnie_copy", "birth_extract", "birth_full", "residence", "medical", "disability_cert", "death", "marriage", "divorce", "judgment",
		"school", "rsu", "agreement_signed", "consent_form", "apprenticeship_contract", "apprenticeship_booklet", "photo"}
	Sensitivities = []string{"ordinary", "confidential", "health"}
)

// retention is how long a kind of paper is kept, as a class of the register of
// processing; what has no line stays with the person's file. Nothing is deleted by it
// yet.
var retention = map[string]string{"medical": "health", "disability_cert": "health", "agreement_signed": "contract", "apprenticeship_contract": "contract",
	"apprenticeship_booklet": "contract", "consent_form": "consent", "cnie_copy": "identity", "photo": "identity"}

// RetentionOf is the class of a category.
func RetentionOf(category string) string {
	if c := retention[category]; c != "" {
		return c
	}
	return "file"
}

// shown are the types that a page may show; everything else is only for keeping.
var shown = map[string]bool{"image/jpeg": true, "image/png": true, "image/webp": true, "application/pdf": true}

// Shown reports whether a page may show a document.
func Shown(mediaType string) bool { return shown[mediaType] }

// mediaTypes are what may be stored: papers and pictures, nothing that runs.
var mediaTypes = map[string]bool{
	"application/pdf": true, "image/jpeg": true, "image/png": true, "image/webp": true, "image/tiff": true, "image/heic": true, "image/heif": true, "text/plain": true, "text/csv": true,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": true,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       true,
	"application/vnd.oasis.opendocument.text":                                 true, "application/vnd.oasis.opendocument.spreadsheet": true,
	"application/msword": true, "application/rtf": true, "text/rtf": true,
}

// objectKey is where the content stands in the store.
func (d Document) objectKey() string { return d.TenantID.String() + "/" + d.ID.String() }

// place binds the sealed parts of a document to its row.
func (d Document) place(part string) string { return "documents." + part + ":" + d.ID.String() }
