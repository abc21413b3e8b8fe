package documents

import (
	"context"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/tenants"
)

// replaced is the document that a new one takes the place of: the tenant's own, on
// the same referral, and the newest of its versions. The zero Document means that
// the new one is a first version.
func (s *Service) replaced(ctx context.Context, f Form) (Document, error) {
	if f.Replaces.IsZero() {
		return Document{}, nil
	}
	old, err := s.again(ctx, Document{ID: f.Replaces, ReferralID: f.Referral, AgreementID: f.Agreement})
	switch {
	case err != nil:
		return old, err
	case old.TenantID != tenants.Current(ctx):
		return old, fault.New(fault.Forbidden)
	case s.kept(old):
		return old, keptFault()
	case old.State != Available:
		return old, fault.New(fault.VersionConflict)
	}
	return old, nil
}

// follow puts a new version wherever the old one stands and a document may be added
// now; an ended referral keeps what it had, closed to the other side.
func (s *Service) follow(ctx context.Context, d Document) error {
	list, err := subjectsOf(ctx, d.Replaces)
	if err != nil {
		return err
	}
	for _, referral := range list {
		if referral == d.ReferralID {
			continue
		}
		sub, err := s.Subjects.Subject(ctx, referral)
		if fault.Has(err, fault.NotFound) || err == nil && !sub.MayAdd {
			continue
		}
		if err != nil {
			return err
		}
		if err := link(ctx, referral, d.ID); err != nil {
			return err
		}
		if err := s.Subjects.DocumentAdded(ctx, referral, d); err != nil {
			return err
		}
	}
	return nil
}

// supersede ends the old version once the new one may be opened.
func (s *Service) supersede(ctx context.Context, d Document) error {
	if d.Replaces.IsZero() {
		return nil
	}
	if err := supersede(ctx, d.Replaces, s.Clock.Now()); err != nil {
		return err
	}
	return s.Audit.Did(ctx, audit.Entry{Action: "supersede", Object: "document", ID: d.Replaces.String()})
}

// room refuses an upload that the tenant's quota has no place for; the size is what
// is known of it so far.
func (s *Service) room(ctx context.Context, size int64) error {
	var used int64
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		used, err = usage(ctx)
		return err
	})
	if err == nil && used+size > tenants.From(ctx).Tenant.DocumentQuota {
		err = full()
	}
	return err
}

func full() error { return fault.In("file", "quota_used") }

// keep counts the bytes of a document against the quota, in its transaction: of two
// at once that do not both fit, one is refused.
func (s *Service) keep(ctx context.Context, size int64) error {
	err := use(ctx, size, tenants.From(ctx).Tenant.DocumentQuota)
	if fault.Has(err, fault.VersionConflict) {
		return full()
	}
	return err
}

// taken turns the race of two new versions of one document into version_conflict.
func taken(err error) error {
	if db.Unique(err, "documents_replaces") || db.Unique(err, "replaces") {
		return fault.New(fault.VersionConflict)
	}
	return err
}
