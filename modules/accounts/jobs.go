package accounts

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

// linked says that a one-time link wants a mail. It names the link, never its
// secret.
type linked struct {
	Tenant ids.ID[ids.Tenant] `json:"tenant"`
	Link   ids.ID[ids.Entry]  `json:"link"`
}

func (linked) EventName() string      { return "account.linked" }
func (l linked) Audience() []string   { return []string{l.Tenant.String()} }
func (linked) Order() (string, int64) { return "", 0 }

// hourly asks every tenant what ran out.
type hourly struct {
	Tenants []string `json:"-"`
}

func (hourly) EventName() string      { return "accounts.hourly" }
func (h hourly) Audience() []string   { return h.Tenants }
func (hourly) Order() (string, int64) { return "", 0 }

// forgotten says that somebody asked for a new password; User is zero where there is
// no such account.
type forgotten struct {
	Tenant ids.ID[ids.Tenant] `json:"tenant"`
	User   ids.ID[ids.User]   `json:"user,omitzero"`
}

func (forgotten) EventName() string      { return "account.forgotten" }
func (f forgotten) Audience() []string   { return []string{f.Tenant.String()} }
func (forgotten) Order() (string, int64) { return "", 0 }

func (s *Service) subscriptions() []outbox.Subscription {
	return []outbox.Subscription{
		{Name: "accounts.mail", Event: linked{}.EventName(), Outside: true, Run: s.mail},
		outbox.On("accounts.hourly", s.ranOut),
		outbox.On("accounts.forgotten", func(ctx context.Context, _ outbox.Delivery, f forgotten) error { return s.forgottenLink(ctx, f.User) }),
	}
}

func (s *Service) schedules() []outbox.Schedule {
	return []outbox.Schedule{{Name: "accounts.hourly", Every: time.Hour, Event: func(ctx context.Context) (outbox.Event, error) {
		list, err := s.Tenants.All(ctx)
		if err != nil {
			return nil, err
		}
		h := hourly{}
		for _, t := range list {
			h.Tenants = append(h.Tenants, t.ID.String())
		}
		return h, nil
	}}}
}

// ranOut hands over what people held under memberships whose last day has passed.
// Access ended by itself, with the day.
func (s *Service) ranOut(ctx context.Context, _ outbox.Delivery, _ hourly) error {
	now := s.Clock.Now()
	list, err := runOut(ctx, now)
	if err != nil {
		return err
	}
	for _, id := range list {
		u, err := userByID(ctx, id)
		if err != nil {
			return err
		}
		ms, err := memberships(ctx, id)
		if err != nil {
			return err
		}
		a, err := s.remaining(ctx, u, ms)
		if err != nil {
			return err
		}
		if err := s.Holdings.HandOver(ctx, a); err != nil {
			return err
		}
		if err := setHanded(ctx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// mail sends the address of a one-time link, if it still works when its turn comes.
func (s *Service) mail(ctx context.Context, d outbox.Delivery) error {
	var l linked
	if err := json.Unmarshal(d.Payload, &l); err != nil {
		return err
	}
	var link linkRow
	var u User
	secret := ""
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if link, err = linkByID(ctx, l.Link); err != nil {
			return err
		}
		if err = link.refusal(s.Clock.Now()); err != nil {
			return err
		}
		if u, err = userByID(ctx, link.UserID); err != nil {
			return err
		}
		secret, err = s.secretOf(ctx, link.ID, false)
		return err
	})
	if fault.Has(err, fault.NotFound) {
		return nil // used or replaced meanwhile
	}
	if err != nil {
		return err
	}
	t, err := s.Tenants.ByID(ctx, l.Tenant)
	if err != nil {
		return err
	}
	return s.Mail.Send(ctx, s.compose(link, u, t, secret))
}

// compose writes a mail that names nobody: neither the reader nor the institution.
func (s *Service) compose(l linkRow, u User, t *tenants.Tenant, secret string) mail.Message {
	lang := i18n.Lang(u.Locale)
	if lang == "" {
		lang = t.Locale
	}
	words := func(key string) string { return s.Catalog.T(lang, "accounts.mail."+l.Kind+"."+key, nil) }
	return mail.Message{ID: l.ID.String() + "@shubbak", To: u.Email, Lang: string(lang), Subject: words("subject"),
		Text: words("text") + "\n\n" + strings.TrimSuffix(s.PublicURL, "/") + "/n/" + secret + "\n\n" + words("ignore") + "\n"}
}
