package privacy

import (
	"context"
	"strconv"

	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

// Line is one disclosure with the words that its reader may know: of a partner's user
// the tenant and the role, never the name.
type Line struct {
	referrals.Disclosure
	TenantSlug  string
	TenantWords i18n.Words
	UserWords   i18n.Words
}

// Disclosures reads the register of one person, a page of it.
func (s *Service) Disclosures(ctx context.Context, person ids.ID[ids.Person], page web.PageOf) ([]Line, error) {
	rows, err := s.Referrals.Disclosures(ctx, person, page.After, page.Limit+1)
	if err != nil {
		return nil, err
	}
	var users []ids.ID[ids.User]
	for _, r := range rows {
		if !r.User.IsZero() {
			users = append(users, r.User)
		}
	}
	names, err := s.Accounts.Names(ctx, users...)
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(rows))
	for i, r := range rows {
		out[i] = Line{Disclosure: r, UserWords: names[r.User]}
		t, err := s.Tenants.ByID(ctx, r.Tenant)
		if err != nil {
			return nil, err
		}
		if t != nil {
			out[i].TenantSlug, out[i].TenantWords = t.Slug, t.Words()
		}
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "disclosure", ID: person.String()})
}

// Chain reads the audit of the tenant of ctx, oldest first by its sealed sequence.
func (s *Service) Chain(ctx context.Context, object, id string, page web.PageOf) ([]audit.Sealed, error) {
	after, err := strconv.ParseInt("0"+page.After, 10, 64)
	if err != nil {
		return nil, web.Malformed("after")
	}
	rows, err := s.Audit.Page(ctx, object, id, after, page.Limit+1)
	if err != nil {
		return nil, err
	}
	return rows, s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "audit", ID: id})
}
