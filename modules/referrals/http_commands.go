package referrals

import (
	"context"
	"net/http"
	"strings"

	"shubbak/platform/ids"
	"shubbak/web"
)

// The bodies of commands: each takes its own fields and `note`.
type base struct {
	ID      ID     `path:"id" json:"-"`
	Version int64  `json:"version" validate:"required"`
	Note    string `json:"note" validate:"max=2000"`
	Source  string `json:"source" validate:"omitempty,oneof=person slip phone"` // of a letter
}

func (b base) act(c Command) Act {
	return Act{Command: c, Version: b.Version, Note: b.Note, Source: b.Source}
}
func (b base) target() ID { return b.ID }

type plainBody struct{ base }

func (b plainBody) command(c Command) Act { return b.act(c) }

type sendBody struct {
	base
	ExceptionReason string `json:"exception_reason" validate:"max=1000"`
}

func (b sendBody) command(c Command) Act {
	a := b.act(c)
	a.ExceptionReason = b.ExceptionReason
	return a
}

type reasonBody struct {
	base
	Reason string `json:"reason" validate:"required,max=1000"`
}

func (b reasonBody) command(c Command) Act {
	a := b.act(c)
	a.Reason = b.Reason
	return a
}

type optionalReasonBody struct {
	base
	Reason string `json:"reason" validate:"max=1000"`
}

func (b optionalReasonBody) command(c Command) Act {
	a := b.act(c)
	if a.Note == "" {
		a.Note = b.Reason
	}
	return a
}

type textBody struct {
	base
	Text string `json:"text" validate:"required,max=4000"`
}

func (b textBody) command(c Command) Act {
	a := b.act(c)
	a.Text = b.Text
	return a
}

type reportBody struct {
	textBody
	Needs []string `json:"needs" validate:"max=10"`
}

func (b reportBody) command(c Command) Act {
	a := b.textBody.command(c)
	a.Needs = b.Needs
	return a
}

type acceptBody struct {
	base
	ReceiverNumber string           `json:"receiver_number" validate:"max=40"`
	UserID         ids.ID[ids.User] `json:"user_id"`
}

func (b acceptBody) command(c Command) Act {
	a := b.act(c)
	a.ReceiverNumber, a.UserID = b.ReceiverNumber, b.UserID
	return a
}

type declineBody struct {
	base
	Reason string `json:"reason" validate:"required"`
	ByWhom string `json:"by_whom" validate:"required,oneof=provider person system"`
}

func (b declineBody) command(c Command) Act {
	a := b.act(c)
	a.Reason, a.ByWhom = b.Reason, b.ByWhom
	return a
}

type redirectBody struct {
	base
	ServiceID ids.ID[ids.Service] `json:"service_id" validate:"required"`
}

func (b redirectBody) command(c Command) Act {
	a := b.act(c)
	a.ServiceID = b.ServiceID
	return a
}

type waitlistBody struct {
	base
	Estimate string `json:"estimate"`
}

func (b waitlistBody) command(c Command) Act {
	a := b.act(c)
	a.Estimate = b.Estimate
	return a
}

type scheduleBody struct {
	base
	StartsAtLocal string `json:"starts_at_local" validate:"required,max=19"`
	Place         string `json:"place" validate:"max=300"`
	Bring         string `json:"bring" validate:"max=500"`
}

func (b scheduleBody) command(c Command) Act {
	a := b.act(c)
	a.StartsLocal, a.Place, a.Bring = b.StartsAtLocal, strings.TrimSpace(b.Place), strings.TrimSpace(b.Bring)
	return a
}

type holdBody struct {
	base
	Reason string `json:"reason" validate:"required"`
	Until  string `json:"until"`
}

func (b holdBody) command(c Command) Act {
	a := b.act(c)
	a.Reason, a.Until = b.Reason, b.Until
	return a
}

type completeBody struct {
	base
	Outcome string `json:"outcome" validate:"required"`
}

func (b completeBody) command(c Command) Act {
	a := b.act(c)
	a.Outcome = b.Outcome
	return a
}

type confirmBody struct {
	base
	SaidBy string `json:"said_by" validate:"omitempty,oneof=desk person"`
	Result string `json:"result" validate:"omitempty,oneof=met partly_met unmet"`
}

func (b confirmBody) command(c Command) Act {
	a := b.act(c)
	a.SaidBy, a.Result = b.SaidBy, b.Result
	return a
}

type assignBody struct {
	base
	UserID web.Optional[ids.ID[ids.User]] `json:"user_id" validate:"required"` // null gives it back to the unit
}

func (b assignBody) command(c Command) Act {
	a := b.act(c)
	a.UserID = b.UserID.Value
	return a
}

type commandBody interface {
	target() ID
	command(c Command) Act
}

// command mounts one command: its own path, so that each has its own body.
func command[B commandBody](s *Service, c Command, summary string) web.Route {
	return web.Checked(web.JSON(http.MethodPost, "/referrals/:id/"+string(c), summary, actPermission(c), func(ctx context.Context, in B) (View, error) {
		return s.Act(ctx, in.target(), in.command(c))
	}).Replays(s.again), func(_ context.Context, in B) error { return in.command(c).check(s.Clock.Now(), s.zone) })
}
