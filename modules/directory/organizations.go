package directory

import (
	"context"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// AddOrganization puts an outside body into the directory, kept by the tenant of ctx.
func (d *Directory) AddOrganization(ctx context.Context, o Organization) (Organization, error) {
	if err := o.check(); err != nil {
		return o, err
	}
	o.ID, o.TenantID, o.Version, o.CreatedAt = ids.New[ids.Organization](), tenants.Current(ctx), 1, d.Clock.Now()
	return o, d.DB.InTx(ctx, func(ctx context.Context) error {
		if err := insertOrganization(ctx, o); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "add", Object: "organization", ID: o.ID.String()})
	})
}

// Organization finds an outside body; not_found when there is none.
func (d *Directory) Organization(ctx context.Context, id ids.ID[ids.Organization]) (Organization, error) {
	list, err := d.Organizations(ctx, id)
	if o, ok := list[id]; ok || err != nil {
		return o, err
	}
	return Organization{}, fault.New(fault.NotFound)
}

// Organizations finds outside bodies in one query.
func (d *Directory) Organizations(ctx context.Context, list ...ids.ID[ids.Organization]) (map[ids.ID[ids.Organization]]Organization, error) {
	out := map[ids.ID[ids.Organization]]Organization{}
	if len(list) == 0 {
		return out, nil
	}
	err := d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := organizations(ctx, list)
		for _, r := range rows {
			out[r.ID] = r.Organization
		}
		return err
	})
	return out, err
}

// ListOrganizations lists the outside bodies, newest first.
func (d *Directory) ListOrganizations(ctx context.Context, page web.PageOf) (out []Organization, err error) {
	err = d.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := allOrganizations(ctx, page.After, page.Limit+1)
		for _, r := range rows {
			out = append(out, r.Organization)
		}
		return err
	})
	return out, err
}

// ChangeOrganization edits an outside body that the tenant of ctx keeps. That it has
// joined as a partner closes its letters: new ones are refused, open ones become
// referrals one by one.
func (d *Directory) ChangeOrganization(ctx context.Context, id ids.ID[ids.Organization], version int64, change func(o *Organization)) error {
	return d.DB.InTx(ctx, func(ctx context.Context) error {
		o, err := d.Organization(ctx, id)
		if err != nil {
			return err
		}
		if o.TenantID != tenants.Current(ctx) {
			return fault.New(fault.NotFound)
		}
		if o.Version != version {
			return fault.New(fault.VersionConflict)
		}
		change(&o)
		if err := o.check(); err != nil {
			return err
		}
		if !o.Joined.IsZero() {
			if t, err := d.Tenants.ByID(ctx, o.Joined); err != nil || t == nil {
				return fault.In("joined", "unknown_code")
			}
		}
		o.Version = version + 1
		if err := saveOrganization(ctx, o, version); err != nil {
			return err
		}
		return d.Audit.Did(ctx, audit.Entry{Action: "change", Object: "organization", ID: id.String()})
	})
}
