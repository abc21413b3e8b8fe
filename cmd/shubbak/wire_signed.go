package main

import (
	"context"

	"shubbak/modules/agreements"
	"shubbak/modules/documents"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// wireSigned joins the two registers that do not know each other: agreements sign with
// files, documents keep them.
func (a *app) wireSigned() {
	a.documents.Agreement, a.agreements.ServicesOf = a.signedOf, a.servicesOf
	a.agreements.KeepFile = a.documents.Keep
	a.agreements.SignedFile = func(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Document]) (agreements.File, error) {
		d, err := a.documents.GetSigned(ctx, agreement, id)
		if err == nil && (d.TenantID != tenants.Current(ctx) || d.State != documents.Available && d.State != documents.Quarantined) {
			err = fault.New(fault.NotFound)
		}
		return fileOf(documents.Show(d)), err
	}
	a.agreements.Scans = func(ctx context.Context, agreement ids.ID[ids.Agreement]) (out []agreements.File, err error) {
		list, err := a.documents.ListSigned(ctx, agreement)
		for _, d := range list {
			if d.TenantID == tenants.Current(ctx) && (d.State == documents.Available || d.State == documents.Quarantined) {
				out = append(out, fileOf(documents.Show(d)))
			}
		}
		return out, err
	}
	a.agreements.Attach = func(c *web.Ctx, agreement ids.ID[ids.Agreement], field func(name, value string) bool) (agreements.File, error) {
		v, err := a.documents.ReceiveSigned(c, agreement, field)
		return fileOf(v), err
	}
}

// servicesOf lists the services that a clause may name.
func (a *app) servicesOf(ctx context.Context, list []tenants.ID) (out []agreements.ServiceName, err error) {
	found, err := a.directory.OfTenants(ctx, list)
	for _, s := range found {
		out = append(out, agreements.ServiceName{ID: s.ID, Tenant: s.TenantID, Name: i18n.Words(s.Name())})
	}
	return out, err
}

func fileOf(v documents.View) agreements.File {
	return agreements.File{ID: v.ID, SHA256: v.SHA256, Name: v.Name, Type: v.MediaType, Checked: v.State == documents.Available}
}

// signedOf is an agreement as the record of its signed files: they are added while it
// is being signed, by who signs, or by its keeper for a body without a portal; its
// parties read them.
func (a *app) signedOf(ctx context.Context, id ids.ID[ids.Agreement]) (documents.Subject, error) {
	o, err := a.agreements.Get(ctx, id)
	if err != nil {
		return documents.Subject{}, err
	}
	actor, rels := tenants.From(ctx), a.agreements.Relations(ctx, o.Agreement)
	reads := a.law.Allow(actor, documents.Read, rels...)
	return documents.Subject{
		MayAdd: o.State == agreements.Signing && a.law.Allow(actor, documents.Add, rels...),
		MayOpen: func(d documents.Document) bool {
			return reads && (d.TenantID == actor.Tenant.ID || d.State == documents.Available)
		},
	}, nil
}
