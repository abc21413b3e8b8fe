package agreements

import (
	"context"
	"slices"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// The permissions of measures: declaring and counter-signing is for the coordinator of
// the keeper and the administrators of the parties; freeing somebody for the keeper.
var (
	measure = perm("measure")
	waive   = perm("waive")
)

// measurable are the states in which something is done under an agreement, or was.
var measurable = []State{InForce, Expiring, Suspended, Expired, Renewed, Terminated}

// promise loads an agreement for an act on one of its obligations, in the contract's
// order of refusals.
func (s *Service) promise(ctx context.Context, id ids.ID[ids.Agreement], obligation ids.ID[ids.Entry], p policies.Permission) (a Agreement, o Obligation, err error) {
	if a, err = s.reach(ctx, id); err != nil {
		return a, o, err
	}
	t, _, err := s.textOf(ctx, a, a.Version)
	if err != nil {
		return a, o, err
	}
	i := slices.IndexFunc(t.Obligations, func(x Obligation) bool { return x.ID == obligation })
	if i < 0 {
		return a, o, fault.New(fault.NotFound)
	}
	if !s.Law.Allow(tenants.From(ctx), p, s.Relations(ctx, a)...) {
		return a, o, fault.New(fault.Forbidden)
	}
	if !slices.Contains(measurable, a.State) {
		return a, o, a.illegal(Command(p.Action))
	}
	return a, t.Obligations[i], nil
}

// Declare says what a party has done of its obligation on a day, with its evidence. It
// counts once another party has counter-signed it.
func (s *Service) Declare(ctx context.Context, id ids.ID[ids.Agreement], m Measure) (Measure, error) {
	actor, today := tenants.From(ctx), s.today()
	m.Evidence = strings.TrimSpace(m.Evidence)
	var f fault.Collect
	if !(m.Value > 0) || m.Value > 1e9 {
		f.Add("value", "out_of_range")
	}
	switch n := len([]rune(m.Evidence)); {
	case n == 0:
		f.Add("evidence", "required")
	case n > 2000:
		f.Add("evidence", "too_long")
	}
	if err := f.Err(); err != nil {
		return m, err
	}
	return m, s.DB.InTx(ctx, func(ctx context.Context) error {
		a, o, err := s.promise(ctx, id, m.ObligationID, measure)
		if err != nil {
			return err
		}
		if o.Party != AllParties && o.Party != actor.Tenant.Slug {
			if _, portal := s.portal(ctx, o.Party); portal || a.TenantID != actor.Tenant.ID {
				return fault.New(fault.Forbidden) // each party declares its own; the keeper those of a body without a portal
			}
		}
		if o.Computed() {
			return fault.In("obligation_id", "computed")
		}
		if m.On < a.EffectiveOn || m.On > min(today, a.EndsOn) {
			return fault.In("on", "out_of_range")
		}
		m.ID, m.AgreementID, m.ByTenant, m.ByUser, m.At = ids.New[ids.Entry](), id, actor.Tenant.ID, actor.User, s.Clock.Now()
		if members := s.portals(ctx, a); members < 2 {
			m.SignedTenant, m.SignedUser, m.SignedAt = m.ByTenant, m.ByUser, m.At // nobody else has a portal: the paper speaks
		}
		if err := insertMeasure(ctx, m); err != nil {
			return err
		}
		return s.told(ctx, a, "measure_declared", m.ObligationID)
	})
}

// portal is the tenant of a party's slug.
func (s *Service) portal(ctx context.Context, slug string) (tenants.ID, bool) {
	t, err := s.Tenants.BySlug(ctx, slug)
	if err != nil || t == nil {
		return tenants.ID{}, false
	}
	return t.ID, true
}

// portals counts the parties that are tenants.
func (s *Service) portals(ctx context.Context, a Agreement) (n int) {
	for _, p := range a.Parties {
		if _, ok := s.portal(ctx, p.Tenant); ok {
			n++
		}
	}
	return n
}

// told writes an event about a part of an agreement.
func (s *Service) told(ctx context.Context, a Agreement, event string, subject ids.ID[ids.Entry]) error {
	e := a.note(event, s.Clock.Now())
	e.Subject = subject.String()
	if err := save(ctx, a); err != nil {
		return err
	}
	return s.record(ctx, a, []Event{e})
}

// Countersign answers what another party has declared: it counts from now on, or does
// not, for a reason.
func (s *Service) Countersign(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Entry], take bool, reason string) error {
	if reason = strings.TrimSpace(reason); !take && reason == "" {
		return fault.In("reason", "required")
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.reach(ctx, id); err != nil {
			return err
		}
		m, err := measureByID(ctx, id, which)
		if err != nil {
			return gone(err)
		}
		a, _, err := s.promise(ctx, id, m.ObligationID, measure)
		if err != nil {
			return err
		}
		if m.ByTenant == tenants.Current(ctx) {
			return fault.New(fault.Forbidden) // nobody counter-signs their own word
		}
		if !m.Waits() {
			return a.illegal("countersign")
		}
		m.SignedTenant, m.SignedUser, m.SignedAt = tenants.Current(ctx), tenants.From(ctx).User, s.Clock.Now()
		event := "measure_countersigned"
		if !take {
			m.RefusedReason, event = reason, "measure_refused"
		}
		if err := saveMeasure(ctx, m); err != nil {
			return err
		}
		return s.told(ctx, a, event, m.ObligationID)
	})
}

// Waive frees a party from an obligation; the reason stays.
func (s *Service) Waive(ctx context.Context, id ids.ID[ids.Agreement], obligation ids.ID[ids.Entry], reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return fault.In("reason", "required")
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, _, err := s.promise(ctx, id, obligation, waive)
		if err != nil {
			return err
		}
		w := Waiver{AgreementID: id, ObligationID: obligation, Reason: reason, ByTenant: tenants.Current(ctx), ByUser: tenants.From(ctx).User, At: s.Clock.Now()}
		if err := insertWaiver(ctx, w); err != nil {
			return err
		}
		return s.told(ctx, a, "obligation_waived", obligation)
	})
}

// Measures lists what was declared under an agreement, newest first, before a key.
func (s *Service) Measures(ctx context.Context, id ids.ID[ids.Agreement], before string, limit int) (out []Measure, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if _, err := s.Get(ctx, id); err != nil {
			return err
		}
		out, err = measuresOf(ctx, id, before, limit)
		return err
	})
	return out, err
}

// ownMeasure finds one that the tenant of ctx has declared, for a replay.
func (s *Service) ownMeasure(ctx context.Context, key string) (v MeasureView, err error) {
	id, err := ids.Parse[ids.Entry](key)
	if err != nil {
		return v, fault.New(fault.NotFound)
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		m, err := declaredBy(ctx, id)
		if err == nil {
			v = s.measureView(ctx, m)
		}
		return gone(err)
	})
	return v, err
}
