package agreements

import (
	"context"
	"net/http"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// FollowView is how an agreement is being kept.
type FollowView struct {
	AsOf        *time.Time    `json:"as_of,omitempty"` // of the last event that was counted
	Quotas      []UseView     `json:"quotas" validate:"required"`
	Obligations []PromiseView `json:"obligations" validate:"required"`
	Referrals   []StateCount  `json:"referrals" validate:"required"` // by state
	Dangers     int64         `json:"dangers"`                       // beside the quotas
	Exceptions  int64         `json:"exceptions"`
	Disclosures int           `json:"disclosures"` // openings of a person's data, at most 100
}

// UseView is a quota with what is used of it in the present period.
type UseView struct {
	ServiceID ids.ID[ids.Service] `json:"service_id" validate:"required"`
	Period    string              `json:"period" validate:"required"`
	StartsOn  string              `json:"starts_on" validate:"required"`
	Limit     int                 `json:"limit" validate:"required"`
	Hard      bool                `json:"hard"`
	Used      int                 `json:"used"`
	Remaining int                 `json:"remaining"`
}

// PromiseView is an obligation with its value and state. A value is a percentage for
// answered_in_time, accepted and outcomes_confirmed, else a number; absent where nothing
// was measured.
type PromiseView struct {
	Obligation
	From  string   `json:"from" validate:"required"`
	To    string   `json:"to" validate:"required"`
	Value *float64 `json:"value,omitempty"`
	State string   `json:"state" validate:"required"`
}

func followView(f Follow) FollowView {
	v := FollowView{Quotas: []UseView{}, Obligations: []PromiseView{}, Referrals: []StateCount{}, Dangers: f.Dangers, Exceptions: f.Exceptions, Disclosures: f.Disclosed}
	if !f.AsOf.IsZero() {
		v.AsOf = &f.AsOf
	}
	for _, u := range f.Quotas {
		v.Quotas = append(v.Quotas, UseView{u.ServiceID, u.Period, u.StartsOn, u.Limit, u.Hard, u.Used, u.Left()})
	}
	for _, k := range f.Obligations {
		p := PromiseView{Obligation: k.Obligation, From: k.Span.From, To: k.Span.To, State: k.State}
		if k.Value.Known {
			n := k.Value.Of(k.Obligation)
			p.Value = &n
		}
		v.Obligations = append(v.Obligations, p)
	}
	v.Referrals = append(v.Referrals, f.Referrals...)
	return v
}

// MeasureView is what a party has declared.
type MeasureView struct {
	ID           ids.ID[ids.Entry] `json:"id" validate:"required"`
	ObligationID ids.ID[ids.Entry] `json:"obligation_id" validate:"required"`
	On           string            `json:"on" validate:"required"`
	Value        float64           `json:"value" validate:"required"`
	Evidence     string            `json:"evidence" validate:"required"`
	Tenant       string            `json:"tenant" validate:"required"`
	At           time.Time         `json:"at" validate:"required"`
	State        string            `json:"state" validate:"required,oneof=declared countersigned refused"`
	Reason       string            `json:"reason,omitempty"`
}

// ResourceID lets a replay find it again.
func (m MeasureView) ResourceID() string { return m.ID.String() }

func (m Measure) state() string {
	switch {
	case m.RefusedReason != "":
		return "refused"
	case m.Counts():
		return "countersigned"
	}
	return "declared"
}

func (s *Service) measureView(ctx context.Context, m Measure) MeasureView {
	return MeasureView{ID: m.ID, ObligationID: m.ObligationID, On: m.On, Value: m.Value, Evidence: m.Evidence, Tenant: s.Tenants.Slug(ctx, m.ByTenant), At: m.At, State: m.state(), Reason: m.RefusedReason}
}

type measureBody struct {
	path
	ObligationID ids.ID[ids.Entry] `json:"obligation_id" validate:"required"`
	On           string            `json:"on" validate:"required"`
	Value        float64           `json:"value" validate:"required"`
	Evidence     string            `json:"evidence" validate:"required,max=2000"`
}

type answerBody struct {
	Agreement ids.ID[ids.Agreement] `path:"id" json:"-"`
	Measure   ids.ID[ids.Entry]     `path:"measure" json:"-"`
}

type refuseBody struct {
	answerBody
	Reason string `json:"reason" validate:"required,max=1000"`
}

type waiveBody struct {
	Agreement  ids.ID[ids.Agreement] `path:"id" json:"-"`
	Obligation ids.ID[ids.Entry]     `path:"obligation" json:"-"`
	Reason     string                `json:"reason" validate:"required,max=1000"`
}

func (s *Service) following(ctx context.Context, id ids.ID[ids.Agreement]) (FollowView, error) {
	o, err := s.Get(ctx, id)
	if err != nil {
		return FollowView{}, err
	}
	f, err := s.Follow(ctx, o)
	return followView(f), err
}

func (s *Service) followRoutes() []web.Route {
	again := func(ctx context.Context, id string) (any, error) {
		aid, err := ids.Parse[ids.Agreement](id)
		if err != nil {
			return nil, fault.New(fault.NotFound)
		}
		return s.following(ctx, aid)
	}
	answer := func(ctx context.Context, in answerBody, take bool, reason string) (FollowView, error) {
		if err := s.Countersign(ctx, in.Agreement, in.Measure, take, reason); err != nil {
			return FollowView{}, err
		}
		return s.following(ctx, in.Agreement)
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/agreements/:id/follow", "How an agreement is being kept: quotas used, obligations with their state, referrals by state", Read,
			func(ctx context.Context, in path) (FollowView, error) { return s.following(ctx, in.ID) }),
		web.JSON(http.MethodGet, "/agreements/:id/measures", "What the parties have declared of their obligations, newest first", Read, func(ctx context.Context, in pagedPath) (web.List[MeasureView], error) {
			page, err := in.Decode("measures", in.ID.String())
			if err != nil {
				return web.List[MeasureView]{}, err
			}
			rows, err := s.Measures(ctx, in.ID, page.After, page.Limit+1)
			return web.Cut(page, rows, func(m Measure) string { return m.ID.String() }, func(m Measure) MeasureView { return s.measureView(ctx, m) }), err
		}),
		web.JSON(http.MethodPost, "/agreements/:id/measures", "Declare what was done of an obligation on a day, with its evidence", measure, func(ctx context.Context, in measureBody) (MeasureView, error) {
			m, err := s.Declare(ctx, in.ID, Measure{ObligationID: in.ObligationID, On: in.On, Value: in.Value, Evidence: in.Evidence})
			return s.measureView(ctx, m), err
		}).Creates().Replays(func(ctx context.Context, id string) (any, error) { return s.ownMeasure(ctx, id) }),
		web.JSON(http.MethodPost, "/agreements/:id/measures/:measure/countersign", "Counter-sign what another party has declared: it counts", measure,
			func(ctx context.Context, in answerBody) (FollowView, error) { return answer(ctx, in, true, "") }).Replays(again),
		web.JSON(http.MethodPost, "/agreements/:id/measures/:measure/refuse", "Do not counter-sign, for a reason", measure,
			func(ctx context.Context, in refuseBody) (FollowView, error) {
				return answer(ctx, in.answerBody, false, in.Reason)
			}).Replays(again),
		web.JSON(http.MethodPost, "/agreements/:id/obligations/:obligation/waive", "Free a party from an obligation, for a reason", waive, func(ctx context.Context, in waiveBody) (FollowView, error) {
			if err := s.Waive(ctx, in.Agreement, in.Obligation, in.Reason); err != nil {
				return FollowView{}, err
			}
			return s.following(ctx, in.Agreement)
		}).Replays(again),
	}
}
