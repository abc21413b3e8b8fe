package documents

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Choose checks documents that a referral of a person shall name: the tenant's own,
// held on a referral of the same person. One of another person is not_found, as a
// consent of another person is; one that a partner wrote is the partner's to share.
// It gives each once.
func (s *Service) Choose(ctx context.Context, person ids.ID[ids.Person], list []ids.ID[ids.Document]) (out []ids.ID[ids.Document], err error) {
	for _, id := range list {
		if slices.Contains(out, id) {
			continue
		}
		if err := s.choose(ctx, person, id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

func (s *Service) choose(ctx context.Context, person ids.ID[ids.Person], id ids.ID[ids.Document]) error {
	d, err := s.find(ctx, id, func(sub Subject) bool { return sub.Person == person })
	switch {
	case err != nil:
		return err
	case d.TenantID != tenants.Current(ctx):
		return fault.New(fault.Forbidden)
	}
	return nil
}

// Name makes a referral name exactly these documents of other referrals beside what
// was added to it, in the transaction of ctx, and counts all of them. Choose has
// checked them.
func (s *Service) Name(ctx context.Context, referral ids.ID[ids.Referral], list []ids.ID[ids.Document]) (n int, err error) {
	if err := unlink(ctx, referral); err != nil {
		return 0, err
	}
	if err := link(ctx, referral, list...); err != nil {
		return 0, err
	}
	return countOf(ctx, referral)
}

// Named lists the documents of other referrals that a referral names.
func (s *Service) Named(ctx context.Context, referral ids.ID[ids.Referral]) (out []ids.ID[ids.Document], err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) (err error) {
		out, err = linked(ctx, referral)
		return err
	})
	return out, err
}

// purgePatience is how long whoever marks an error waits for a slow store.
const purgePatience = 5 * time.Second

// Purge takes the tenant's documents away from a referral that should never have been, in
// the transaction of ctx. Those that no other referral names can't be opened from then on:
// their keys go with it, their objects at once or with the next sweep.
func (s *Service) Purge(ctx context.Context, referral ids.ID[ids.Referral]) error {
	rows, err := purge(ctx, referral)
	if err != nil || len(rows) == 0 {
		return err
	}
	bytes := int64(0)
	for _, r := range rows {
		bytes += r.Size
	}
	db.AfterCommit(ctx, func() {
		ctx, cancel := context.WithTimeout(db.Detached(context.WithoutCancel(ctx)), purgePatience)
		defer cancel()
		for _, r := range rows {
			_ = s.Blobs.Delete(ctx, r.objectKey())
		}
	})
	return giveBack(ctx, bytes)
}

// find gives a document through one of the referrals it belongs to that pass a
// condition; its ReferralID says through which. not_found when there is none,
// not_open when it is closed in all of them.
func (s *Service) find(ctx context.Context, id ids.ID[ids.Document], passes func(Subject) bool) (d Document, err error) {
	var list []ids.ID[ids.Referral]
	if err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err = subjectsOf(ctx, id)
		return err
	}); err != nil {
		return d, err
	}
	if len(list) == 0 {
		return s.paper(ctx, id, passes)
	}
	err = fault.New(fault.NotFound)
	for _, referral := range list {
		sub, serr := s.Subjects.Subject(ctx, referral)
		if fault.Has(serr, fault.NotFound) {
			continue
		}
		if serr != nil {
			return d, serr
		}
		if !passes(sub) {
			continue
		}
		d, err = s.through(ctx, id, referral, sub)
		if !fault.Has(err, fault.NotOpen) {
			return d, err
		}
	}
	return d, err
}

// through reads a document as one referral shows it.
func (s *Service) through(ctx context.Context, id ids.ID[ids.Document], referral ids.ID[ids.Referral], sub Subject) (d Document, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := byID(ctx, id)
		if db.NoRows(err) || (err == nil && !sub.MayOpen(r.Document)) {
			return fault.New(fault.NotOpen)
		}
		if err != nil {
			return err
		}
		d, err = r.Document, s.unseal(ctx, &r)
		d.Name, d.ReferralID = r.Name, referral
		return err
	})
	return d, err
}
