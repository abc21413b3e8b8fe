package people

import (
	"slices"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// Consent is a person's word: purpose × recipients × data categories × expiry ×
// mode (domain.md §5). It ends by time, by withdrawal, and never silently.
type Consent struct {
	ID          ids.ID[ids.Consent] `bun:",pk"`
	TenantID    ids.ID[ids.Tenant]
	PersonID    ids.ID[ids.Person]
	Version     int64
	Purpose     string
	Recipients  []string // slugs of tenants
	Categories  []string
	Mode        string
	Language    string
	ExpiresAt   time.Time
	WithdrawnAt time.Time `bun:",nullzero"`
	CreatedBy   ids.ID[ids.User]
	CreatedAt   time.Time

	Evidence Evidence `bun:"-"`
}

// Evidence is who heard or gave the word: sealed, since it names people.
type Evidence struct {
	Witness string  `json:"witness,omitempty"`
	GivenBy GivenBy `json:"given_by,omitzero"`
}

// GivenBy is a representative: name, quality (mother, guardian, …), paper seen.
type GivenBy struct {
	Name    string `json:"name" validate:"required,max=200"`
	Quality string `json:"quality" validate:"required,max=100"`
	Paper   string `json:"paper,omitempty" validate:"max=200"`
}

// The closed lists of a consent.
var (
	Purposes   = []string{"referral", "accompaniment", "training", "statistics"}
	Categories = []string{"identity", "contact", "social", "health", "documents"}
	Modes      = []string{"written", "oral_witness", "guardian", "thumbprint"}
)

// The states of a consent.
const (
	Given      = "given"
	Expired    = "expired"
	Withdrawn  = "withdrawn"
	Superseded = "superseded"
)

// State is what the consent is worth at an instant.
func (c Consent) State(now time.Time) string {
	switch {
	case !c.WithdrawnAt.IsZero():
		return Withdrawn
	case !c.ExpiresAt.After(now):
		return Expired
	}
	return Given
}

// Covers reports whether the consent holds at an instant for one purpose and
// recipient.
func (c Consent) Covers(purpose, recipient string, now time.Time) bool {
	return c.State(now) == Given && c.Purpose == purpose && slices.Contains(c.Recipients, recipient)
}

// check names every fault of a consent that is to be recorded.
func (c *Consent) check(now time.Time, tenant func(slug string) bool) error {
	var f fault.Collect
	if !slices.Contains(Purposes, c.Purpose) {
		f.Add("purpose", choiceFault(c.Purpose))
	}
	if len(c.Recipients) == 0 {
		f.Add("recipients", "required")
	}
	for _, r := range c.Recipients {
		if !tenant(r) {
			f.Add("recipients", "unknown_code")
			break
		}
	}
	if len(c.Categories) == 0 {
		f.Add("categories", "required")
	}
	for _, x := range c.Categories {
		if !slices.Contains(Categories, x) {
			f.Add("categories", "unknown_code")
			break
		}
	}
	if !slices.Contains(Modes, c.Mode) {
		f.Add("mode", choiceFault(c.Mode))
	}
	if (c.Mode == "oral_witness" || c.Mode == "thumbprint") && unseen(c.Evidence.Witness) {
		f.Add("witness", "required")
	}
	if c.Mode == "guardian" && c.Evidence.GivenBy == (GivenBy{}) {
		f.Add("given_by", "required")
	} else if g := c.Evidence.GivenBy; c.Mode == "guardian" {
		for _, x := range [][2]string{{"given_by.name", g.Name}, {"given_by.quality", g.Quality}} {
			if unseen(x[1]) {
				f.Add(x[0], "required")
			}
		}
	}
	if c.ExpiresAt.IsZero() {
		f.Add("expires_at", "required")
	} else if !c.ExpiresAt.After(now) {
		f.Add("expires_at", "in_the_past")
	} else if c.ExpiresAt.After(now.AddDate(10, 0, 0)) {
		f.Add("expires_at", "out_of_range")
	}
	slices.Sort(c.Recipients)
	c.Recipients = slices.Compact(c.Recipients)
	slices.Sort(c.Categories)
	c.Categories = slices.Compact(c.Categories)
	return f.Err()
}
