package agreements

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// Permit is the right to refer: the agreement, its clause, and what it lets the
// receiver see. Where the answer is no it names the agreement that came nearest.
type Permit struct {
	Agreement ids.ID[ids.Agreement]
	Number    string
	Scope     ids.ID[ids.Entry]
	Annex     policies.Annex
	Remaining *int   // places left in the tightest quota; nil where there is none
	Since     string // of a no: the day on which it was suspended, or ended
	Full      *Use   // of a no: the quota that is used up
}

// Ask is the question whether a referral is permitted. What is left out is not asked:
// Priority, Service, Person.
type Ask struct {
	To       tenants.ID
	Service  ids.ID[ids.Service]
	Needs    []string // one of them
	Priority string
	Person   *terms.Profile
}

// Permits answers whether `from` may refer now. reason is "" when it may.
func (s *Service) Permits(ctx context.Context, from tenants.ID, ask Ask) (permit Permit, reason Reason, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err := s.load(ctx, from, &ask.To, ask.Service)
		if err != nil {
			return err
		}
		permit, reason = j.judge(ask)
		return nil
	})
	return permit, reason, err
}

// Words are the sentence of a no, where an agreement came near.
func (p Permit) Words(why Reason) (key string, args map[string]any) {
	switch {
	case p.Number == "":
		return "", nil
	case why == QuotaUsed && p.Full != nil:
		return "agreements.why.quota_used." + p.Full.Period, map[string]any{"Number": p.Number, "Count": p.Full.Limit, "Date": i18n.Day(p.Full.FreeOn())}
	case why == IsSuspended, why == Ended:
		return "agreements.why." + string(why), map[string]any{"Number": p.Number, "Date": i18n.Day(p.Since)}
	case why == NeedNotCovered, why == OutsidePopulation:
		return "agreements.why." + string(why), map[string]any{"Number": p.Number}
	}
	return "", nil
}

// InForce is what an agreement in force lets the receiver see, whatever need it covers;
// nothing where there is none. An immediate danger asks no more than that. Of several
// it is the one that covers what is asked, so that the danger is counted where the
// service is promised.
func (s *Service) InForce(ctx context.Context, from tenants.ID, ask Ask) (permit Permit, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err := s.load(ctx, from, &ask.To, ids.ID[ids.Service]{})
		if err != nil {
			return err
		}
		for _, x := range j.scopes[ask.To] {
			if x.Agreement.standing(j.today) != "" {
				continue
			}
			covers := x.covers(ask.Needs) && x.reaches(ask.Service, "")
			if covers || permit.Agreement.IsZero() {
				permit = Permit{Agreement: x.AgreementID, Number: x.Agreement.Number, Scope: x.ID, Annex: j.annex[x.AgreementID][ask.To]}
			}
			if covers {
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
	scopes map[tenants.ID][]scoped // by receiver, in their order
	annex  map[ids.ID[ids.Agreement]]map[tenants.ID]policies.Annex
	quotas map[limited][]Use
}

// limited is what a quota limits.
type limited struct {
	agreement ids.ID[ids.Agreement]
	service   ids.ID[ids.Service]
}

type scoped struct {
	Scope
	Agreement Agreement
}

// For loads what the tenant of ctx may refer to anybody.
func (s *Service) For(ctx context.Context) (j Judge, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		j, err = s.load(ctx, tenants.Current(ctx), nil, ids.ID[ids.Service]{})
		return err
	})
	return j, err
}

// load reads what judges a sender: its scopes with their agreements and the quotas, of
// one receiver and one service, or of all; of one receiver the annexes too.
func (s *Service) load(ctx context.Context, from tenants.ID, to *tenants.ID, service ids.ID[ids.Service]) (Judge, error) {
	j := Judge{today: s.today(), scopes: map[tenants.ID][]scoped{}, annex: map[ids.ID[ids.Agreement]]map[tenants.ID]policies.Annex{}, quotas: map[limited][]Use{}}
	rows, err := scopesFrom(ctx, from, to)
	if err != nil || len(rows) == 0 {
		return j, err
	}
	var list, withQuotas []ids.ID[ids.Agreement] // most have none
	seen := map[ids.ID[ids.Agreement]]bool{}
	for _, x := range rows {
		j.scopes[x.ToTenant] = append(j.scopes[x.ToTenant], x)
		if seen[x.AgreementID] {
			continue
		}
		seen[x.AgreementID] = true
		list = append(list, x.AgreementID)
		if x.Agreement.HasQuotas && x.Agreement.standing(j.today) == "" {
			withQuotas = append(withQuotas, x.AgreementID)
		}
	}
	var sharing []Sharing
	if to != nil { // a list of services shows no annex
		if sharing, err = sharingFrom(ctx, from, to, list...); err != nil {
			return j, err
		}
	}
	for _, r := range sharing {
		if j.annex[r.AgreementID] == nil {
			j.annex[r.AgreementID] = map[tenants.ID]policies.Annex{}
		}
		if j.annex[r.AgreementID][r.ToTenant] == nil {
			j.annex[r.AgreementID][r.ToTenant] = policies.Annex{}
		}
		j.annex[r.AgreementID][r.ToTenant][policies.Slice(r.Slice)] = r.Categories
	}
	used, err := quotasOf(ctx, withQuotas, service, j.today)
	for _, u := range used {
		of := limited{u.AgreementID, u.ServiceID}
		j.quotas[of] = append(j.quotas[of], u)
	}
	return j, err
}

// Permits is the judgement for one service; p may be nil where no person is named. The
// agreement is named only where it permits, with the places left in its quota.
func (j Judge) Permits(to tenants.ID, service ids.ID[ids.Service], needs []string, p *terms.Profile) (agreement ids.ID[ids.Agreement], remaining *int, no *fault.Error) {
	permit, why := j.judge(Ask{To: to, Service: service, Needs: needs, Person: p})
	if why != "" {
		return agreement, nil, permit.Refusal(why)
	}
	return permit.Agreement, permit.Remaining, nil
}

func (j Judge) judge(ask Ask) (Permit, Reason) {
	best, near, nearest := NoAgreement, -1, Permit{}
	for _, x := range j.scopes[ask.To] {
		why, covers := x.Agreement.standing(j.today), x.covers(ask.Needs) && x.reaches(ask.Service, ask.Priority)
		permit := Permit{Agreement: x.AgreementID, Number: x.Agreement.Number, Scope: x.ID}
		if why == "" && !covers {
			why = NeedNotCovered
		}
		if why == "" && ask.Person != nil && len(terms.Rules(x.Population).Fails(*ask.Person)) > 0 {
			why = OutsidePopulation
		}
		if why == "" {
			if u, any := tightest(j.quotas[limited{x.AgreementID, ask.Service}]); any {
				left := u.Left()
				if permit.Remaining = &left; u.Full() {
					why, permit.Full = QuotaUsed, &u
				}
			}
		}
		if why == "" {
			permit.Annex = j.annex[x.AgreementID][ask.To]
			return permit, ""
		}
		if n := rank(why, covers); n > near {
			permit.Since = x.Agreement.since(why, clock.Casablanca())
			best, near, nearest = why, n, permit
		}
	}
	return nearest, best
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
	Scopes      []Scope
	Sharing     []Sharing
	Quotas      []Quota
	Obligations []Obligation
}

// Sharing is one line of the annex: what a slice may hold in one direction.
type Sharing struct {
	AgreementID ids.ID[ids.Agreement]
	FromTenant  ids.ID[ids.Tenant]
	ToTenant    ids.ID[ids.Tenant]
	Slice       string
	Categories  []string
}

// today is the day in Morocco.
func (s *Service) today() string {
	return s.Clock.Now().In(clock.Casablanca()).Format(time.DateOnly)
}

// maySeeDrafts reports whether the actor reads what the parties have not signed yet.
func (s *Service) maySeeDrafts(ctx context.Context) bool {
	return s.Law != nil && s.Law.May(tenants.From(ctx), ReadDraft)
}

// List gives the agreements to which the tenant of ctx is a party, newest first.
func (s *Service) List(ctx context.Context, states []string, page web.PageOf) (out []Agreement, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = list(ctx, states, s.maySeeDrafts(ctx), page.After, page.Limit+1)
		return err
	})
	return out, err
}

// Opened is an agreement as its reader sees it.
type Opened struct {
	Agreement
	Text       Text
	SHA256     string
	Signatures []Signature
	Relatives  []Agreement // amendments and renewals
}

// Get opens one agreement; not_found to anybody who is not a party, or not yet.
func (s *Service) Get(ctx context.Context, id ids.ID[ids.Agreement]) (o Opened, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if o.Agreement, err = byID(ctx, id); err != nil {
			return gone(err)
		}
		if !o.State.Settled() && !s.maySeeDrafts(ctx) {
			return fault.New(fault.NotFound)
		}
		if o.Text, o.SHA256, err = s.textOf(ctx, o.Agreement, o.Version); err != nil {
			return err
		}
		if o.Signatures, err = signaturesOf(ctx, id); err != nil {
			return err
		}
		list, err := relatives(ctx, id)
		for _, r := range list {
			if r.State.Settled() || s.maySeeDrafts(ctx) {
				o.Relatives = append(o.Relatives, r)
			}
		}
		return err
	})
	return o, err
}

func gone(err error) error {
	if db.NoRows(err) {
		return fault.New(fault.NotFound)
	}
	return err
}

// Plant writes an agreement that is in force, with its clauses, without its story: the
// demo network and tests need some.
func (s *Service) Plant(ctx context.Context, f Full) (Full, error) {
	now := s.Clock.Now()
	if f.ID.IsZero() {
		f.ID = ids.New[ids.Agreement]()
	}
	f.TenantID, f.Version, f.StateSince, f.CreatedAt, f.SharedFrom, f.Alerted = tenants.Current(ctx), 1, now, now, 1, 1000
	f.HasQuotas = len(f.Quotas) > 0
	for i := range f.Quotas {
		newID(&f.Quotas[i].ID)
	}
	for i := range f.Obligations {
		newID(&f.Obligations[i].ID)
	}
	f.Plan()
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
		if slices.Contains(members, f.TenantID) {
			t := s.compose(ctx, f)
			if err := s.writeText(ctx, f.Agreement, t, 0, true, "planted"); err != nil {
				return err
			}
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "plant", Object: "agreement", ID: f.ID.String()})
	})
}

// SetState moves an agreement of the tenant of ctx to a state without its story, for
// tests.
func (s *Service) SetState(ctx context.Context, id ids.ID[ids.Agreement], state State) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := setState(ctx, id, state); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: string(state), Object: "agreement", ID: id.String()})
	})
}
