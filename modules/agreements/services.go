package agreements

import (
	"context"
	"slices"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// services are those that a text's clauses name, each once.
func (t *Text) services() (out []ids.ID[ids.Service]) {
	for _, x := range t.Scopes {
		out = append(out, x.Services...)
	}
	for _, q := range t.Quotas {
		out = append(out, q.ServiceID)
	}
	slices.SortFunc(out, ids.ID[ids.Service].Compare)
	return slices.Compact(out)
}

// checkServices refuses a clause on a service that nobody offers: one of a scope is
// the receiver's, one of a quota is some party's. A clause on any other would act on
// nothing, and nobody would notice.
func (s *Service) checkServices(ctx context.Context, t *Text, f *fault.Collect) error {
	list := t.services()
	if len(list) == 0 || s.ServiceNames == nil {
		return nil
	}
	known, err := s.ServiceNames(ctx, list)
	if err != nil {
		return err
	}
	owner := func(id ids.ID[ids.Service]) string {
		if x, ok := known[id]; ok {
			return s.Tenants.Slug(ctx, x.Tenant)
		}
		return ""
	}
	for i, x := range t.Scopes {
		for j, id := range x.Services {
			if slug := owner(id); slug == "" || slug != x.To {
				f.Add(index("scopes", i)+"."+index("services", j), "unknown_code")
			}
		}
	}
	for i, q := range t.Quotas {
		if slug := owner(q.ServiceID); slug == "" || !t.isTenant(slug) {
			f.Add(index("quotas", i)+".service_id", "unknown_code")
		}
	}
	return nil
}
