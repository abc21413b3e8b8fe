package referrals

import (
	"cmp"
	"context"
	"strconv"

	"shubbak/platform/audit"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Events gives the history of a referral, oldest first; names only of one's own.
func (s *Service) Events(ctx context.Context, id ID, page web.PageOf) ([]EventView, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return nil, err
	}
	a := tenants.From(ctx)
	var events []Event
	notes, outcomes := map[int64]string{}, map[int64]string{}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		after, _ := strconv.ParseInt(page.After, 10, 64)
		if events, err = eventsOf(ctx, r.ID, after, page.Limit+1); err != nil {
			return err
		}
		rows, err := notesOf(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, n := range rows {
			if n.Kind != "note" && n.Kind != "outcome" || s.side(a, r) == policies.Arbiter {
				continue
			}
			text, err := s.Vault.Open(ctx, notePlace(n.ReferralID, n.Sequence, n.Kind), n.Sealed)
			if err != nil {
				return err
			}
			if n.Kind == "outcome" { // a clinical one, read by whoever recorded it
				outcomes[n.Sequence] = string(text)
				continue
			}
			notes[n.Sequence] = string(text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var mine []ids.ID[ids.User]
	for _, e := range events {
		if e.ByTenant == a.Tenant.ID {
			mine = append(mine, e.ByUser)
		}
	}
	names, err := s.Accounts.Names(ctx, mine...)
	if err != nil {
		return nil, err
	}
	out := make([]EventView, len(events))
	for i, e := range events {
		out[i] = EventView{Sequence: e.Sequence, Event: e.Event, FromState: e.FromState, ToState: e.ToState, At: e.At, Reason: e.ReasonCode, Note: notes[e.Sequence], Source: e.Source}
		out[i].Reason = cmp.Or(outcomes[e.Sequence], out[i].Reason)
		out[i].Actor = EventActor{Tenant: s.Tenants.Slug(ctx, e.ByTenant), Role: e.ByRole}
		if e.ByTenant.IsZero() {
			out[i].Actor = EventActor{Tenant: s.Tenants.Slug(ctx, r.FromTenant), Role: "system"}
		}
		if w, ok := names[e.ByUser]; ok && e.ByTenant == a.Tenant.ID {
			out[i].Actor.Name = w.In(a.Lang)
			if out[i].Actor.Name == "" {
				out[i].Actor.Name = w.Fr + w.Ar
			}
		}
		if out[i].Reason == "" && (e.Event == "returned" || e.Event == "entered_in_error") {
			out[i].Reason, out[i].Note = notes[e.Sequence], ""
		}
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "history", Object: "referral", ID: id.String()})
}
