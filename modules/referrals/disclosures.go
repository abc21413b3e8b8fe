package referrals

import (
	"context"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Disclosure is one line of the register: a user of the receiver opened a slice or a
// document on a day, first at an instant.
type Disclosure struct {
	Referral ID
	Number   string
	Slice    policies.Slice
	Document ids.ID[ids.Document] // zero for a slice
	Tenant   ids.ID[ids.Tenant]   // who opened
	User     ids.ID[ids.User]     // zero for a partner's: the other side knows tenant and role
	Role     string
	At       time.Time

	key string
}

// Key orders the register and never changes.
func (d Disclosure) Key() string { return d.key }

// Disclosures reads the register of one person, newest first, as far as it concerns
// the tenant of ctx: all of its own persons, and what its own users opened of a
// partner's. not_found for a person of whom it has neither.
func (s *Service) Disclosures(ctx context.Context, person ids.ID[ids.Person], after string, limit int) (out []Disclosure, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := disclosuresOf(ctx, person, strings.SplitN(after, "|", 4), limit)
		for _, r := range rows {
			d := Disclosure{Referral: r.ReferralID, Number: r.Number, Slice: r.Slice, Tenant: r.ToTenant, Role: r.Role, At: r.At,
				key: strings.Join([]string{r.At.UTC().Format(time.RFC3339Nano), r.ReferralID.String(), r.What, r.UserID.String()}, "|")}
			if doc, ok := strings.CutPrefix(r.What, "document:"); ok {
				d.Document, _ = ids.Parse[ids.Document](doc)
			}
			if r.ToTenant == tenants.Current(ctx) {
				d.User = r.UserID
			}
			out = append(out, d)
		}
		return err
	})
	if err != nil || len(out) > 0 || after != "" {
		return out, err
	}
	_, err = s.People.Load(ctx, person) // nothing was opened yet, or it is nobody of ours
	return nil, err
}

// PersonOf is whom a referral is about, by either side's number.
func (s *Service) PersonOf(ctx context.Context, number string) (p ids.ID[ids.Person], err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := list(ctx, filter{number: strings.TrimSpace(number)}, place{}, 1)
		if err == nil && len(rows) == 0 {
			err = fault.New(fault.NotFound)
		}
		if err == nil {
			p = rows[0].PersonID
		}
		return err
	})
	return p, err
}

// roleOf is as whom an actor reads, for the register.
func roleOf(a tenants.Actor) string {
	if len(a.Roles) == 0 {
		return ""
	}
	return a.Roles[0]
}
