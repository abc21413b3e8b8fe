package accounts

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

type membershipBody struct {
	Role  string           `json:"role" validate:"required,max=40"`
	Unit  ids.ID[ids.Unit] `json:"unit_id,omitzero"`
	Until string           `json:"until,omitempty" validate:"max=10" description:"last day, YYYY-MM-DD"`
}

type entryBody struct {
	Email       string           `json:"email" validate:"required,max=200" description:"address, or a sign-in name for staff without mail"`
	NameAr      string           `json:"name_ar" validate:"max=100"`
	Name        string           `json:"name" validate:"max=100"`
	Language    string           `json:"language" validate:"max=2"`
	Memberships []membershipBody `json:"memberships" validate:"required,max=20,dive"`
}

type invitationBody struct {
	entryBody
	Delivery string `json:"delivery" validate:"omitempty,oneof=mail code"`
}

type helpBody struct {
	ID       ids.ID[ids.User] `path:"id" json:"-"`
	Delivery string           `json:"delivery" validate:"required,oneof=mail code"`
}

type changeBody struct {
	ID           ids.ID[ids.User]  `path:"id" json:"-"`
	Version      int64             `json:"version" validate:"required"`
	NameAr       *string           `json:"name_ar" validate:"omitempty,max=100"`
	Name         *string           `json:"name" validate:"omitempty,max=100"`
	Email        *string           `json:"email" validate:"omitempty,max=200"`
	Memberships  *[]membershipBody `json:"memberships" validate:"omitempty,max=20,dive"`
	Ended        bool              `json:"ended"`
	SecondFactor *bool             `json:"second_factor"`
}

type membershipAnswer struct {
	Role  string           `json:"role" validate:"required"`
	Unit  ids.ID[ids.Unit] `json:"unit_id,omitzero"`
	Until string           `json:"until,omitempty"`
}

type holdingAnswer struct {
	Type   string `json:"type" validate:"required"`
	ID     string `json:"id" validate:"required"`
	Number string `json:"number,omitempty"`
	Side   string `json:"side" validate:"required"`
	State  string `json:"state" validate:"required"`
}

type accountAnswer struct {
	ID           ids.ID[ids.User]   `json:"id" validate:"required"`
	Version      int64              `json:"version" validate:"required"`
	Email        string             `json:"email" validate:"required"`
	NameAr       string             `json:"name_ar,omitempty"`
	Name         string             `json:"name,omitempty"`
	State        string             `json:"state" validate:"required"`
	SecondFactor bool               `json:"second_factor" validate:"required"`
	Memberships  []membershipAnswer `json:"memberships" validate:"required"`
	Holds        []holdingAnswer    `json:"holds,omitempty"`
}

// ResourceID lets a replayed call find the account again.
func (a accountAnswer) ResourceID() string { return a.ID.String() }

type issueAnswer struct {
	User      accountAnswer `json:"user" validate:"required"`
	Delivery  string        `json:"delivery" validate:"required"`
	Code      string        `json:"code,omitempty" description:"to hand over, where the delivery is code"`
	ExpiresAt time.Time     `json:"expires_at" validate:"required"`
}

// ResourceID lets a replayed call find the account again; the code is not repeated.
func (a issueAnswer) ResourceID() string { return a.User.ID.String() }

func answerOf(a Account) accountAnswer {
	out := accountAnswer{ID: a.ID, Version: a.Version, Email: a.Email, NameAr: a.NameAr, Name: a.NameLatin, State: a.State(), SecondFactor: !a.TotpAt.IsZero(), Memberships: []membershipAnswer{}}
	for _, m := range a.Memberships {
		out.Memberships = append(out.Memberships, membershipAnswer{m.Role, m.UnitID, m.LastDay()})
	}
	return out
}

func issued(a Account, i Issue) issueAnswer {
	out := issueAnswer{User: answerOf(a), Delivery: way(i.Spoken), ExpiresAt: i.ExpiresAt}
	if i.Spoken {
		out.Code = i.Code // absent when the call is repeated: it was said once
	}
	return out
}

func grants(list []membershipBody) ([]Grant, error) {
	var faults fault.Collect
	out := make([]Grant, len(list))
	for i, m := range list {
		out[i] = Grant{Role: m.Role, Unit: m.Unit}
		if m.Until == "" {
			continue
		}
		var err error
		if out[i].Until, err = UntilEndOf(m.Until); err != nil {
			faults.Add(fmt.Sprintf("memberships[%d].until", i), "malformed")
		}
	}
	return out, faults.Err()
}

func (b entryBody) entry() (Entry, error) {
	list, err := grants(b.Memberships)
	return Entry{Email: b.Email, NameAr: b.NameAr, NameLatin: b.Name, Lang: b.Language, Grants: list}, err
}

func (b entryBody) check(ctx context.Context, s *Service) error {
	e, err := b.entry()
	var faults fault.Collect
	if err := faults.Join(err); err != nil {
		return err
	}
	if err := faults.Join(e.check(ctx, s)); err != nil {
		return err
	}
	return faults.Err()
}

func (b invitationBody) check(ctx context.Context, s *Service) error {
	var faults fault.Collect
	if err := faults.Join(b.entryBody.check(ctx, s)); err != nil {
		return err
	}
	if err := faults.Join(needsMailbox(b.Email, b.Delivery == "code")); err != nil {
		return err
	}
	return faults.Err()
}

func (b changeBody) change() (Change, error) {
	c := Change{Version: b.Version, NameAr: trimmed(b.NameAr), NameLatin: trimmed(b.Name), Email: trimmed(b.Email), Ended: b.Ended, SecondFactor: b.SecondFactor}
	if b.Memberships == nil {
		return c, nil
	}
	list, err := grants(*b.Memberships)
	c.Grants = &list
	return c, err
}

func (b changeBody) check(ctx context.Context, s *Service) error {
	c, err := b.change()
	var faults fault.Collect
	if err := faults.Join(err); err != nil {
		return err
	}
	if err := faults.Join(c.check(ctx, s)); err != nil {
		return err
	}
	return faults.Err()
}

func (s *Service) userRoutes() []web.Route {
	type listQuery struct {
		web.Paging
		State string `query:"state" json:"-"`
	}
	type one struct {
		ID ids.ID[ids.User] `path:"id" json:"-"`
	}
	again := func(ctx context.Context, id string) (any, error) {
		u, err := ids.Parse[ids.User](id)
		if err != nil {
			return nil, err
		}
		a, err := s.Account(ctx, u)
		return answerOf(a), err
	}
	issuedAgain := func(ctx context.Context, id string) (any, error) {
		u, err := ids.Parse[ids.User](id)
		if err != nil {
			return nil, err
		}
		a, err := s.Account(ctx, u)
		if err != nil {
			return nil, err
		}
		i, err := s.lastIssue(ctx, u)
		return issued(a, i), err
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/users", "Accounts of the institution", Administer, func(ctx context.Context, q listQuery) (web.List[accountAnswer], error) {
			if q.State != "" && q.State != Invited && q.State != Active && q.State != Ended {
				return web.List[accountAnswer]{}, web.Malformed("state")
			}
			p, err := q.Decode("users", q.State)
			if err != nil {
				return web.List[accountAnswer]{}, err
			}
			rows, err := s.Accounts(ctx, q.State, p)
			return web.Cut(p, rows, func(a Account) string { return a.ID.String() }, answerOf), err
		}),
		web.JSON(http.MethodGet, "/users/:id", "One account, with the work it holds in person", Administer, func(ctx context.Context, in one) (accountAnswer, error) {
			a, err := s.Account(ctx, in.ID)
			if err != nil {
				return accountAnswer{}, err
			}
			held, err := s.Held(ctx, in.ID, nil)
			out := answerOf(a)
			for _, h := range held {
				out.Holds = append(out.Holds, holdingAnswer(h))
			}
			return out, err
		}),
		web.Checked(web.JSON(http.MethodPost, "/users", "Make an account without inviting anybody yet", Administer, func(ctx context.Context, in entryBody) (accountAnswer, error) {
			e, err := in.entry()
			if err != nil {
				return accountAnswer{}, err
			}
			a, err := s.Add(ctx, e)
			return answerOf(a), err
		}).Creates().Replays(again), func(ctx context.Context, in entryBody) error { return in.check(ctx, s) }),
		web.Checked(web.JSON(http.MethodPatch, "/users/:id", "Change an account, or end it", Administer, func(ctx context.Context, in changeBody) (accountAnswer, error) {
			c, err := in.change()
			if err != nil {
				return accountAnswer{}, err
			}
			a, err := s.Change(ctx, in.ID, c)
			return answerOf(a), err
		}).Replays(again), func(ctx context.Context, in changeBody) error { return in.check(ctx, s) }),
		web.JSON(http.MethodPost, "/users/:id/link", "A new way in: by mail, or a code to hand over", Administer, func(ctx context.Context, in helpBody) (issueAnswer, error) {
			i, err := s.Help(ctx, in.ID, in.Delivery == "code")
			if err != nil {
				return issueAnswer{}, err
			}
			a, err := s.Account(ctx, in.ID)
			return issued(a, i), err
		}).Creates().Replays(issuedAgain),
		web.Checked(web.JSON(http.MethodPost, "/invitations", "Invite somebody: an account and its first way in", Administer, func(ctx context.Context, in invitationBody) (issueAnswer, error) {
			e, err := in.entry()
			if err != nil {
				return issueAnswer{}, err
			}
			a, i, err := s.Invite(ctx, e, in.Delivery == "code")
			return issued(a, i), err
		}).Creates().Replays(issuedAgain), func(ctx context.Context, in invitationBody) error { return in.check(ctx, s) }),
	}
}

func trimmed(s *string) *string {
	if s == nil {
		return nil
	}
	t := strings.TrimSpace(*s)
	return &t
}
