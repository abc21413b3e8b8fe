package accounts

import (
	"context"

	"shubbak/platform/audit"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// OnCall lists who is on call in the tenant of ctx: told day and night of a danger
// that nobody answers.
func (s *Service) OnCall(ctx context.Context) (out []Staff, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = onCall(ctx)
		return err
	})
	return out, err
}

// SetOnCall names who is on call. Somebody of another tenant is left out.
func (s *Service) SetOnCall(ctx context.Context, users []ids.ID[ids.User]) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := setOnCall(ctx, users); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "on_call", Object: "tenant", ID: tenants.Current(ctx).String()})
	})
}
