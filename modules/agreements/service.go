package agreements

import (
	"context"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// Permit is the right to refer: the agreement and what it lets the receiver see.
type Permit struct {
	Agreement ids.ID[ids.Agreement]
	Number    string
	Annex     policies.Annex
}

// Permits answers whether `from` may refer a person with this need to `to` now.
// reason is "" when it may.
func (s *Service) Permits(ctx context.Context, from, to tenants.ID, need string, p terms.Profile) (permit Permit, reason Reason, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err := s.load(ctx, from, &to)
		if err != nil {
			return err
		}
		permit, reason = j.judge(to, []string{need}, &p)
		return nil
	})
	return permit, reason, err
}

// InForce is what an agreement in force between two tenants lets the receiver see,
// whatever need it covers; nothing where there is none. An immediate danger asks no
// more than that.
func (s *Service) InForce(ctx context.Context, from, to tenants.ID) (permit Permit, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err := s.load(ctx, from, &to)
		if err != nil {
			return err
		}
		for _, x := range j.scopes {
			if x.ToTenant == to && x.Agreement.standing(j.today) == "" {
				permit = Permit{x.AgreementID, x.Agreement.Number, j.annex[x.AgreementID][to]}
				return nil
			}
		}
		return nil
	})
	return permit, err
}

// Judge answers Permits for many services without a query for each.
type Judge struct {
	today  string
	scopes []scoped
	annex  map[ids.ID[ids.Agreement]]map[tenants.ID]policies.Annex
}

type scoped struct {
	Scope
	Agreement Agreement
}

// For loads what the tenant of ctx may refer to anybody.
func (s *Service) For(ctx context.Context) (j Judge, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err = s.load(ctx, tenants.Current(ctx), nil)
		return err
	})
	return j, err
}

func (s *Service) load(ctx context.Context, from tenants.ID, to *tenants.ID) (Judge, error) {
	j := Judge{today: s.Clock.Now().In(clock.Casablanca()).Format(time.DateOnly), annex: map[ids.ID[ids.Agreement]]map[tenants.ID]policies.Annex{}}
	var err error
	if j.scopes, err = scopesFrom(ctx, from, to); err != nil {
		return j, err
	}
	sharing, err := sharingFrom(ctx, from, to)
	for _, r := range sharing {
		if j.annex[r.AgreementID] == nil {
			j.annex[r.AgreementID] = map[tenants.ID]policies.Annex{}
		}
		if j.annex[r.AgreementID][r.ToTenant] == nil {
			j.annex[r.AgreementID][r.ToTenant] = policies.Annex{}
		}
		j.annex[r.AgreementID][r.ToTenant][policies.Slice(r.Slice)] = r.Categories
	}
	return j, err
}

// Permits is the judgement for one service; p may be nil where no person is named.
func (j Judge) Permits(to tenants.ID, needs []string, p *terms.Profile) (agreement ids.ID[ids.Agreement], reason string) {
	permit, why := j.judge(to, needs, p)
	return permit.Agreement, string(why)
}

func (j Judge) judge(to tenants.ID, needs []string, p *terms.Profile) (Permit, Reason) {
	best := NoAgreement
	for _, x := range j.scopes {
		if x.ToTenant != to {
			continue
		}
		why := x.Agreement.standing(j.today)
		if why == "" && !x.covers(needs) {
			why = NeedNotCovered
		}
		if why == "" && p != nil && len(terms.Rules(x.Population).Fails(*p)) > 0 {
			why = OutsidePopulation
		}
		if why == "" {
			return Permit{x.AgreementID, x.Agreement.Number, j.annex[x.AgreementID][to]}, ""
		}
		if rank[why] > rank[best] {
			best = why
		}
	}
	return Permit{}, best
}

// AnnexOf is the sharing annex of one agreement in one direction, for a referral
// that was sent under it.
func (s *Service) AnnexOf(ctx context.Context, id ids.ID[ids.Agreement], from, to tenants.ID) (a policies.Annex, err error) {
	a = policies.Annex{}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := sharingFrom(ctx, from, &to)
		for _, r := range rows {
			if r.AgreementID == id {
				a[policies.Slice(r.Slice)] = r.Categories
			}
		}
		return err
	})
	return a, err
}

// Full is an agreement with its clauses.
type Full struct {
	Agreement
	Scopes  []Scope
	Sharing []Sharing
}

// Sharing is one line of the annex: what a slice may hold in one direction.
type Sharing struct {
	AgreementID ids.ID[ids.Agreement]
	FromTenant  ids.ID[ids.Tenant]
	ToTenant    ids.ID[ids.Tenant]
	Slice       string
	Categories  []string
}

// List gives the agreements to which the tenant of ctx is a party, newest first.
func (s *Service) List(ctx context.Context, states []string, page web.PageOf) (out []Agreement, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = list(ctx, states, page.After, page.Limit+1)
		return err
	})
	return out, err
}

// Get opens one agreement; not_found to anybody who is not a party.
func (s *Service) Get(ctx context.Context, id ids.ID[ids.Agreement]) (f Full, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if f.Agreement, err = byID(ctx, id); err != nil {
			if db.NoRows(err) {
				return fault.New(fault.NotFound)
			}
			return err
		}
		if f.Scopes, err = scopesOf(ctx, id); err != nil {
			return err
		}
		f.Sharing, err = sharingOf(ctx, id)
		return err
	})
	return f, err
}

// Plant writes an agreement that is in force, with its clauses: the first form of
// the module has no drafts, and the demo network and first set-up need some.
func (s *Service) Plant(ctx context.Context, f Full) (Full, error) {
	now := s.Clock.Now()
	if f.ID.IsZero() {
		f.ID = ids.New[ids.Agreement]()
	}
	f.TenantID, f.Version, f.StateSince, f.CreatedAt = tenants.Current(ctx), 1, now, now
	var members []tenants.ID
	for _, p := range f.Parties {
		if p.Tenant == "" {
			continue
		}
		t, err := s.Tenants.BySlug(ctx, p.Tenant)
		if err != nil {
			return f, err
		}
		if t == nil {
			return f, fault.In("parties", "unknown_code")
		}
		members = append(members, t.ID)
	}
	err := s.DB.AsSystem(ctx, "planting an agreement writes the rows of every party", func(ctx context.Context) error {
		return plant(ctx, f, members)
	})
	if err != nil {
		return f, err
	}
	return f, s.DB.InTx(ctx, func(ctx context.Context) error {
		return s.Audit.Did(ctx, audit.Entry{Action: "plant", Object: "agreement", ID: f.ID.String()})
	})
}

// SetState moves an agreement of the tenant of ctx to a state. The commands of its
// life are not part of this form: the demo and the tests use it.
func (s *Service) SetState(ctx context.Context, id ids.ID[ids.Agreement], state State) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := setState(ctx, id, state); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: string(state), Object: "agreement", ID: id.String()})
	})
}
