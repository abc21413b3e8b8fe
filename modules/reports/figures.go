package reports

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

// subscriptions fold the events of referrals into figures, once, at the sender: only it
// knows the person, who counts once in a period.
func (s *Service) subscriptions() []outbox.Subscription {
	sub := outbox.On("reports.figures", s.count)
	sub.Only = func(e outbox.Event, tenant string) bool {
		m, ok := e.(referrals.Moved)
		return ok && tenant == m.FromTenant.String() && !m.Letter && !m.Unsent && !slices.Contains(uncounted, m.Event)
	}
	sub.Together, sub.Shared = true, true
	return []outbox.Subscription{sub}
}

// uncounted are the events that change no figure.
var uncounted = []string{"message", "reminder", "overdue", "danger_unanswered", "document_added", "document_refused", "assigned", "reported"}

// count makes the figures hold what the history of one referral gives now. It reads the
// history instead of trusting the event: in any order, and however often, the outcome
// is the same.
func (s *Service) count(ctx context.Context, _ outbox.Delivery, m referrals.Moved) error {
	// Locked first: whoever comes second reads a history that is at least as long.
	before, err := givenBy(ctx, m.Referral)
	if err != nil {
		return err
	}
	c, err := s.Referrals.Course(ctx, m.Referral)
	if err != nil || c.Agreement.IsZero() {
		return err
	}
	token, err := s.token(ctx, c.Person)
	if err != nil {
		return err
	}
	now := contribution(c, token, clock.Casablanca())
	var list []given
	for _, g := range difference(before.Given, now) {
		counts, err := s.counts(ctx, c.Agreement, g)
		if err != nil {
			return err
		}
		if g.Token = ""; counts {
			list = append(list, g)
		}
	}
	if err := addFigures(ctx, c.Agreement, c.From, c.Steps[len(c.Steps)-1].At, list); err != nil {
		return err
	}
	return putGiven(ctx, givenRow{ReferralID: m.Referral, TenantID: tenants.Current(ctx), AgreementID: c.Agreement, Given: now})
}

// counts reports whether a difference changes a figure: a person does only with their
// first referral of a period, or their last.
func (s *Service) counts(ctx context.Context, id ids.ID[ids.Agreement], g given) (bool, error) {
	if g.Token == "" {
		return true, nil
	}
	times, err := addPerson(ctx, id, tenants.Current(ctx), g)
	return times == max(g.Num, 0), err
}

// token stands for a person in the sender's figures.
func (s *Service) token(ctx context.Context, person ids.ID[ids.Person]) (string, error) {
	h, err := s.Hash(ctx, "accompanied person", person.String())
	if err != nil {
		return "", err
	}
	return h[0][:min(len(h[0]), 22)], nil
}

// Tallies gives the figures of agreements to a party of them.
func (s *Service) Tallies(ctx context.Context, list []ids.ID[ids.Agreement], since string) (map[ids.ID[ids.Agreement]]agreements.Tally, error) {
	out := map[ids.ID[ids.Agreement]]agreements.Tally{}
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		var states []string
		for _, x := range referrals.States {
			states = append(states, string(x))
		}
		rows, err := figuresOf(ctx, list, since)
		for _, r := range rows {
			t := out[r.AgreementID]
			t.States = states
			if r.Indicator == asOf {
				if at := time.UnixMicro(r.Num); at.After(t.AsOf) {
					t.AsOf = at
				}
			} else {
				t.Cells = append(t.Cells, agreements.Cell{Party: r.PartyID, Indicator: r.Indicator, Unit: r.Unit, Span: r.Span, Num: r.Num, Den: r.Den})
			}
			out[r.AgreementID] = t
		}
		return err
	})
	return out, err
}

// Disclosed counts the openings that an agreement carried.
func (s *Service) Disclosed(ctx context.Context, id ids.ID[ids.Agreement], limit int) (int, error) {
	return s.Referrals.DisclosedUnder(ctx, id, limit)
}

// Recount counts the figures of all agreements again, from the events of every tenant,
// and names the first that differ. It holds what it counts in memory: one number per
// agreement, party, indicator and day.
func (s *Service) Recount(ctx context.Context) (counted int, wrong []string, err error) {
	type cell struct {
		agreement ids.ID[ids.Agreement]
		given
	}
	want := map[cell][2]int64{}
	list, err := s.Tenants.All(ctx)
	if err != nil {
		return 0, nil, err
	}
	for _, t := range list {
		ctx := db.As(ctx, t.ID.String())
		seen := map[uint64]bool{} // persons that were counted in a period
		for after := (referrals.ID{}); ; {
			page, err := s.Referrals.Courses(ctx, after, pageSize)
			if err != nil {
				return counted, nil, err
			}
			for _, c := range page {
				for _, g := range contribution(c, c.Person.String(), clock.Casablanca()) {
					k := cell{c.Agreement, g.key()}
					if g.Token != "" {
						h := fnv.New64a()
						fmt.Fprint(h, k.agreement, k.Party, k.Unit, k.Span, k.Token)
						if seen[h.Sum64()] {
							continue
						}
						seen[h.Sum64()] = true
						k.Token = ""
					}
					v := want[k]
					want[k] = [2]int64{v[0] + g.Num, v[1] + g.Den}
				}
				counted, after = counted+1, c.Referral
			}
			if len(page) < pageSize {
				break
			}
		}
	}
	have := map[cell][2]int64{}
	for _, t := range list {
		err := s.DB.Read(db.As(ctx, t.ID.String()), func(ctx context.Context) error {
			rows, err := allFigures(ctx)
			for _, r := range rows {
				have[cell{r.AgreementID, given{Party: r.PartyID, Indicator: r.Indicator, Unit: r.Unit, Span: r.Span}}] = [2]int64{r.Num, r.Den}
			}
			return err
		})
		if err != nil {
			return counted, nil, err
		}
	}
	for k, v := range want {
		if v != have[k] && v != [2]int64{} {
			wrong = append(wrong, fmt.Sprintf("%s %s %s %s: %d/%d, counted %d/%d", k.agreement, k.Indicator, k.Unit, k.Span, have[k][0], have[k][1], v[0], v[1]))
		}
		delete(have, k)
	}
	for k, v := range have {
		wrong = append(wrong, fmt.Sprintf("%s %s %s %s: %d/%d, counted none", k.agreement, k.Indicator, k.Unit, k.Span, v[0], v[1]))
	}
	slices.SortFunc(wrong, strings.Compare)
	return counted, wrong, nil
}
