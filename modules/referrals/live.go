package referrals

import (
	"context"

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

// Waiting counts, up to 100, what a list shows: the tab of a box, or its first.
func (s *Service) Waiting(ctx context.Context, box, code string, overdue bool) (int, error) {
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
	q := t.search(box)
	q.Overdue = overdue
	return s.count(ctx, q)
}
