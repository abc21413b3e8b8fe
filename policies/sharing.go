package policies

import (
	"slices"
	"strings"
)

// Slice is a part of what a referral shares (domain.md §2, "Slices").
type Slice string

// The slices, in the order in which they open.
const (
	Card      Slice = "card"
	Identity  Slice = "identity"
	Social    Slice = "social"
	Documents Slice = "documents"
	Summary   Slice = "summary"

	// HealthDocuments stands beside documents where health papers may be opened
	// too; it is no slice of its own and never leaves the server.
	HealthDocuments Slice = "health_documents"

	// Call is what is known of the telephone call of an immediate danger: it opens
	// with the identity. No slice of its own either.
	Call Slice = "call"

	// Name is what stays in the receiver's register after the end of a referral that
	// it had accepted: the display name and nothing else. No slice of its own either.
	Name Slice = "name"
)

// Slices lists every slice.
var Slices = []Slice{Card, Identity, Social, Documents, Summary}

// The data categories of a consent and of a sharing annex.
const (
	CatIdentity  = "identity"
	CatContact   = "contact"
	CatSocial    = "social"
	CatHealth    = "health"
	CatDocuments = "documents"
)

// Annex is the sharing matrix of an agreement in one direction and for one
// purpose: which categories each slice may hold.
type Annex map[Slice][]string

// basisOpens lists what a legal basis other than consent opens. public_interest
// never opens health data, documents or words (domain.md §2, "Legal basis").
var basisOpens = map[string][]string{
	"vital_interest":   {CatIdentity, CatContact, CatSocial, CatHealth},
	"legal_obligation": {CatIdentity, CatContact, CatSocial},
	"public_interest":  {CatIdentity, CatContact},
}

// Bases lists the legal bases.
var Bases = []string{"consent", "vital_interest", "legal_obligation", "public_interest"}

// Grant is what a referral may ever show its receiver: annex ∩ legal basis ∩ what
// the sender chose ∩ the kind of the receiver. The state opens it in stages.
type Grant struct {
	Identity        bool `json:"identity,omitempty"`
	Contact         bool `json:"contact,omitempty"`
	Social          bool `json:"social,omitempty"`
	Documents       bool `json:"documents,omitempty"`
	HealthDocuments bool `json:"health_documents,omitempty"`
	Summary         bool `json:"summary,omitempty"`

	// Danger says that identity and contact stand open from `sent` on.
	Danger bool `json:"danger,omitempty"`
	// Name says that the display name stays with a receiver that had accepted.
	Name bool `json:"name,omitempty"`
	// Closed says that consent was withdrawn: whatever state follows, nothing opens
	// again but Name, where the person wants the service to go on.
	Closed bool `json:"closed,omitempty"`
}

// InDanger is the grant of an immediate danger: whatever the agreement says, the
// called unit knows at once who it is and how to reach them (domain.md §2).
func (g Grant) InDanger() Grant {
	g.Danger, g.Identity, g.Contact, g.Name = true, true, true, true
	return g
}

// Withdrawn is what is left of a grant once consent is withdrawn; goOn says that
// the person wants the partner's service to go on (domain.md §2).
func (g Grant) Withdrawn(goOn bool) Grant { return Grant{Closed: true, Name: g.Name && goOn} }

// Share computes the grant. consented are the categories of the consent, wanted
// the slices that the sender names (none: all), care whether the receiver's kind
// may hold health data.
func Share(annex Annex, basis string, consented []string, wanted []Slice, care bool) Grant {
	opens := consented
	if basis != "consent" {
		opens = basisOpens[basis]
	}
	may := func(s Slice, category string) bool {
		return slices.Contains(annex[s], category) && slices.Contains(opens, category) && (len(wanted) == 0 || slices.Contains(wanted, s))
	}
	var g Grant
	g.Identity = may(Identity, CatIdentity)
	g.Name = g.Identity
	g.Contact = g.Identity && may(Identity, CatContact)
	g.Social = may(Social, CatSocial)
	g.Documents = may(Documents, CatDocuments)
	g.HealthDocuments = g.Documents && may(Documents, CatHealth) && care
	g.Summary = may(Summary, CatSocial)
	return g
}

// Stage is how far a referral has come, as far as sharing is concerned.
type Stage int

// The stages. Kept is the end of what had been accepted: every end but completion
// and failure, and these too once thirty days have passed. Closed is any other end.
const (
	Unsent Stage = iota
	Sent
	Accepted
	Started
	Kept
	Closed
)

// Open lists the slices that stand open to the receiver at a stage: the one
// function that decides what is shown, in preview, staged disclosure and
// withdrawal alike.
func (g Grant) Open(at Stage) []Slice {
	if at == Unsent || at == Closed {
		return nil
	}
	if at == Kept || g.Closed {
		if g.Name {
			return []Slice{Name}
		}
		return nil
	}
	out := []Slice{Card}
	if g.Danger {
		out = append(out, Call)
	}
	if g.Danger && at == Sent {
		out = append(out, Identity)
	}
	if at != Accepted && at != Started {
		return out
	}
	for _, s := range []struct {
		slice Slice
		open  bool
	}{{Identity, g.Identity}, {Social, g.Social}, {Documents, g.Documents}, {HealthDocuments, g.HealthDocuments}, {Summary, g.Summary && at == Started}} {
		if s.open {
			out = append(out, s.slice)
		}
	}
	return out
}

// Visible leaves out what is no slice of its own.
func Visible(list []Slice) []Slice {
	out := []Slice{}
	for _, s := range list {
		if s != HealthDocuments && s != Name && s != Call {
			out = append(out, s)
		}
	}
	return out
}

// Join writes slices as they are stored: ",card,identity,".
func Join(list []Slice) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for _, s := range list {
		b.WriteString("," + string(s))
	}
	return b.String() + ","
}

// Split reads what Join wrote.
func Split(s string) []Slice {
	out := []Slice{}
	for _, p := range strings.Split(s, ",") {
		if p != "" {
			out = append(out, Slice(p))
		}
	}
	return out
}
