package referrals

import (
	"context"
	"time"

	"shubbak/modules/directory"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Period chooses the lines of a register: sent from From until before To.
type Period struct {
	Box      string // in or out
	From, To time.Time
	Unit     ids.ID[ids.Unit] // with those below it; zero for all within reach
}

// Line is one referral in a register. It holds what a list shows its reader:
// the name only where it is open to them (domain.md §2).
type Line struct {
	Direction      string          `json:"direction" validate:"required,oneof=in out"`
	ReceiverNumber string          `json:"receiver_number,omitempty"`
	Number         string          `json:"number" validate:"required"`
	SentAt         time.Time       `json:"sent_at" validate:"required"`
	Partner        string          `json:"partner" validate:"required"`
	Need           string          `json:"need" validate:"required"`
	Service        directory.Words `json:"service" validate:"required"`
	Priority       string          `json:"priority" validate:"required"`
	State          State           `json:"state" validate:"required"`
	Name           string          `json:"name,omitempty"`
	AcceptedAt     *time.Time      `json:"accepted_at,omitempty"`
	StartsAtLocal  string          `json:"starts_at_local,omitempty"`
	EndedAt        *time.Time      `json:"ended_at,omitempty"`
	Outcome        string          `json:"outcome,omitempty"`
	Result         string          `json:"result,omitempty"`
	ReasonCode     string          `json:"reason_code,omitempty"`
}

// Place is where a register is gone on with; the zero Place is its beginning.
type Place struct {
	at time.Time
	id ID
}

// Register gives the next lines of a register and where to go on; the place is zero
// after the last. Each call is a transaction of its own, so a slow reader holds
// none, and what is closed meanwhile stays closed. The caller writes the audit entry.
func (s *Service) Register(ctx context.Context, q Period, after Place, limit int) ([]Line, Place, error) {
	a := tenants.From(ctx)
	if !s.Law.Allow(a, read, map[string]policies.Relation{"in": policies.Receiver, "out": policies.Sender}[q.Box]) {
		return nil, Place{}, nil // this box is none of the reader's
	}
	if !a.Reaches(q.Unit) {
		return nil, Place{}, fault.New(fault.NotFound)
	}
	var rows []Referral
	var content map[ID]contents
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if rows, err = register(ctx, s.restrict(ctx, Search{Box: q.Box}), q, after, limit); err != nil {
			return err
		}
		content, err = s.nameable(ctx, a, rows)
		return err
	})
	if err != nil {
		return nil, Place{}, err
	}
	views, err := s.views(ctx, rows, content, nil)
	if err != nil {
		return nil, Place{}, err
	}
	out := make([]Line, len(views))
	for i, v := range views {
		out[i] = registered(q.Box, v, a.Lang == i18n.Arabic)
	}
	next := Place{}
	if len(rows) == limit {
		last := rows[limit-1]
		next = Place{last.SentAt, last.ID}
	}
	return out, next, nil
}

func registered(box string, v View, arabic bool) Line {
	l := Line{Direction: box, Number: v.Number, SentAt: v.row.SentAt, Partner: v.From.Tenant, Need: v.Need, Service: v.Service.Name, Priority: v.Priority, State: v.State,
		Name: v.DisplayName, StartsAtLocal: v.row.StartsLocal, Outcome: v.Outcome, Result: v.Result, ReasonCode: v.ReasonCode}
	if box == "in" {
		l.ReceiverNumber = v.ReceiverNumber
	} else {
		l.Partner = v.To.Tenant
	}
	if v.Identity != nil {
		l.Name = v.Identity.DisplayName(arabic)
	}
	if !v.row.AcceptedAt.IsZero() {
		l.AcceptedAt = &v.row.AcceptedAt
	}
	if !v.row.EndedAt.IsZero() {
		l.EndedAt = &v.row.EndedAt
	}
	return l
}
