package notifications

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// List gives the reader's notices, newest first.
func (s *Service) List(ctx context.Context, unread bool, page web.PageOf) (out []Notification, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = list(ctx, tenants.From(ctx).User, unread, page.After, page.Limit+1)
		return err
	})
	return out, err
}

// MarkRead notes that the reader has seen one notice; again changes nothing.
func (s *Service) MarkRead(ctx context.Context, id ids.ID[ids.Notification]) (n Notification, err error) {
	user := tenants.From(ctx).User
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if n, err = mine(ctx, user, id); err != nil || !n.ReadAt.IsZero() {
			return err
		}
		n.ReadAt = s.Clock.Now()
		return setRead(ctx, user, id, n.ReadAt)
	})
	return n, err
}

// MarkAllRead notes that the reader has seen everything up to now.
func (s *Service) MarkAllRead(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setAllRead(ctx, tenants.From(ctx).User, s.Clock.Now()) })
}

// Unread counts the reader's unread notices, at most 100.
func (s *Service) Unread(ctx context.Context) (n int, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		n, err = countUnread(ctx, tenants.From(ctx).User)
		return err
	})
	return n, err
}

// Portal says which tenant the code of a mail leads to; the code tells nothing
// else, and nothing without a session there.
func (s *Service) Portal(ctx context.Context, code string) (id tenants.ID, err error) {
	err = s.DB.ReadAsSystem(ctx, "the neutral address in a mail names no tenant", func(ctx context.Context) error {
		id, err = tenantOf(ctx, code)
		if db.NoRows(err) {
			err = nil
		}
		return err
	})
	return id, err
}

// ByCode finds the reader's notice behind a mail's address.
func (s *Service) ByCode(ctx context.Context, code string) (n Notification, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		n, err = byCode(ctx, tenants.From(ctx).User, code)
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		return err
	})
	return n, err
}

// Title is the full sentence, for the portal only. To tenants without care a
// psychiatric service is "a health service" wherever it is not their own partner.
func (s *Service) Title(ctx context.Context, n Notification, l i18n.Lang) string {
	partner := ""
	if t, err := s.Tenants.ByID(ctx, n.Partner); err == nil && t != nil {
		partner = t.Name(l)
	}
	reason := ""
	if n.Event == "referral.declined" && n.Reason != "" {
		reason = s.Catalog.T(l, "decline."+n.Reason, nil)
	}
	key, act := "notifications."+n.Event, ""
	if n.Event == "referral.reminder" || n.Event == "referral.overdue" {
		act = s.Catalog.T(l, "referrals.due."+n.Reason, nil)
	}
	if n.Number == "" && s.Catalog.Has(l, key+"_unsent") { // the words without a number
		key += "_unsent"
	}
	return s.Catalog.T(l, key, map[string]any{"Number": n.Number, "Partner": partner, "Reason": reason, "Act": act})
}
