package referrals

import (
	"context"
	"maps"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/policies"
	"shubbak/tenants"
)

// Settle takes a negative end out of the sender's box "to decide": the need is
// closed, or answered elsewhere.
func (s *Service) Settle(ctx context.Context, id ID) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := s.reach(ctx, id, actPermission(Confirm))
		if err != nil {
			return err
		}
		if err := settle(ctx, r.ID); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "settle", Object: "referral", ID: id.String()})
	})
}

// Change edits a draft by its sender, or the receiver's own number.
func (s *Service) Change(ctx context.Context, id ID, version int64, change func(w *Writing), receiverNumber *string) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := s.reach(ctx, id, update)
		if err != nil {
			return err
		}
		if r.Version != version {
			return fault.New(fault.VersionConflict)
		}
		now := s.Clock.Now()
		mine := r.FromTenant == tenants.Current(ctx)
		if receiverNumber != nil {
			if mine {
				return fault.In("receiver_number", "unknown_field")
			}
			r.ReceiverNumber = strings.TrimSpace(*receiverNumber)
			if err := keepVersion(ctx, &r); err != nil {
				return err
			}
			return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "referral", ID: id.String(), Fields: []string{"receiver_number"}})
		}
		if !mine {
			return fault.New(fault.Forbidden)
		}
		if r.State != Draft {
			return r.illegal("change")
		}
		w, err := s.writing(ctx, r)
		if err != nil {
			return err
		}
		before := w.Triage
		change(&w)
		given := w.BasisNote != keptNote
		if !given && w.Basis != r.Basis {
			w.BasisNote = "" // words for the basis of before say nothing of this one
		}
		// An answer that this edit does not give must not stand in its way.
		if maps.Equal(before, w.Triage) {
			service, err := s.Directory.Get(ctx, w.ServiceID)
			if err != nil {
				return err
			}
			w.Triage = service.StillAsked(w.Triage)
		}
		w.settle()
		if err := w.check(s.terms.Need); err != nil {
			return err
		}
		p, _, err := s.prepare(ctx, &r, &w)
		if err != nil {
			return err
		}
		if err := s.reprioritise(ctx, &r, now); err != nil {
			return err
		}
		s.setCard(&r, p, now)
		if r.CardDocuments, err = s.Documents.Name(ctx, r.ID, w.Documents); err != nil {
			return err
		}
		if err := save(ctx, bump(r), version, false); err != nil {
			return err
		}
		if err := retarget(ctx, r); err != nil {
			return err
		}
		if err := s.putSocial(ctx, r, Social{Reason: strings.TrimSpace(w.Reason)}); err != nil {
			return err
		}
		if given {
			if err := s.putBasis(ctx, r, w.BasisNote); err != nil {
				return err
			}
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "referral", ID: id.String(), Fields: []string{"draft"}})
	})
}

func bump(r Referral) Referral {
	r.Version++
	return r
}

func keepVersion(ctx context.Context, r *Referral) error {
	return save(ctx, bump(*r), r.Version, false)
}

// keptNote stands for the words of the basis that were written before.
const keptNote = "-"

// writing is a draft as its sender wrote it.
func (s *Service) writing(ctx context.Context, r Referral) (Writing, error) {
	w := Writing{PersonID: r.PersonID, Need: r.Need, ServiceID: r.ServiceID, Priority: r.Priority, Basis: r.Basis, Triage: r.CardTriage, ConsentID: r.ConsentID,
		Slices: policies.Split(r.Wanted), UnitID: r.ToUnit, BasisNote: keptNote, Danger: r.Danger}
	rows, err := slicesOf(ctx, r.ID)
	if err != nil {
		return w, err
	}
	if w.Documents, err = s.Documents.Named(ctx, r.ID); err != nil {
		return w, err
	}
	c, err := s.open(ctx, rows)
	if social := c[r.ID].Social; social != nil {
		w.Reason = social.Reason
	}
	return w, err
}
