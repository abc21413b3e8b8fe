package referrals

import (
	"cmp"
	"context"
	"net/url"

	"shubbak/platform/db"
	"shubbak/platform/live"
	"shubbak/policies"
	"shubbak/tenants"
)

// Glimpse is as much of a referral as an open page needs to know that it is out of
// date: nothing of the person, so looking is no disclosure. The zero Glimpse is one
// that is out of reach.
type Glimpse struct {
	Version int64
	Open    string // the slices that the reader may open now, as policies.Join writes them
}

// Peek looks at a referral within reach without opening anything.
func (s *Service) Peek(ctx context.Context, id ID) (Glimpse, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return Glimpse{}, err
	}
	return s.glimpse(tenants.From(ctx), r), nil
}

func (s *Service) glimpse(a tenants.Actor, r Referral) Glimpse {
	g := Glimpse{Version: r.Version}
	switch s.side(a, r) {
	case policies.Sender:
		g.Open = "own"
	case policies.Receiver:
		g.Open = policies.Join(r.openNow(s.Clock.Now()))
	}
	return g
}

// look tells the pages that show a referral, once its change is committed.
func (s *Service) look(ctx context.Context, r Referral) {
	db.AfterCommit(ctx, func() { s.Live.Tell(live.Hint{Referral: r.ID}) })
}

// Waiting counts, up to 100, what the list at an address shows: the tab of a box, or its
// first, as far as its filters let it through.
func (s *Service) Waiting(ctx context.Context, at url.Values) (int, error) {
	box, code := cmp.Or(at.Get("box"), "in"), at.Get("tab")
	list := boxes[box]
	if len(list) == 0 || !s.has(tenants.From(ctx), box) {
		return 0, nil
	}
	t := list[0]
	for _, x := range list {
		if x.Code == code {
			t = x
		}
	}
	q, _, err := s.sift(ctx, box, t, sieveOf(at))
	if err != nil {
		return 0, err
	}
	return s.count(ctx, q)
}
