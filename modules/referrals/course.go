package referrals

import (
	"context"
	"time"

	"shubbak/platform/ids"
)

// Step is one event of a referral's history, without who and why.
type Step struct {
	Event string
	To    State
	At    time.Time
	Late  bool
}

// Course is a referral as figures see it: its agreement, both sides, what happened and
// when. Of the person it has an id that never leaves the sender's tenant.
type Course struct {
	Referral  ID
	Agreement ids.ID[ids.Agreement]
	From, To  ids.ID[ids.Tenant]
	Person    ids.ID[ids.Person]
	Danger    bool
	Exception bool
	Steps     []Step
}

// Course reads one referral that the tenant of ctx has sent.
func (s *Service) Course(ctx context.Context, id ID) (c Course, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err := coursesOf(ctx, []ID{id})
		if err == nil && len(list) > 0 {
			c = list[0]
		}
		return err
	})
	return c, err
}

// Courses reads those that the tenant of ctx has sent under any agreement, in the order
// of their ids, after one. It is how figures are counted again from the events.
func (s *Service) Courses(ctx context.Context, after ID, limit int) (out []Course, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		list, err := underAgreements(ctx, after, limit)
		if err == nil && len(list) > 0 {
			out, err = coursesOf(ctx, list)
		}
		return err
	})
	return out, err
}

// DisclosedUnder counts, up to a limit, how often a person's data were opened under an
// agreement, in the eyes of the tenant of ctx.
func (s *Service) DisclosedUnder(ctx context.Context, id ids.ID[ids.Agreement], limit int) (n int, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		n, err = disclosedUnder(ctx, id, limit)
		return err
	})
	return n, err
}

func courses(rows []row, events []eventRow) []Course {
	out, at := make([]Course, len(rows)), map[ID]int{}
	for i, r := range rows {
		at[r.ID] = i
		out[i] = Course{Referral: r.ID, Agreement: r.AgreementID, From: r.FromTenant, To: r.ToTenant, Person: r.PersonID, Danger: r.Danger, Exception: r.Exception}
	}
	for _, e := range events {
		c := &out[at[e.ReferralID]]
		c.Steps = append(c.Steps, Step{e.Event.Event, e.ToState, e.At, e.Late})
	}
	return out
}
