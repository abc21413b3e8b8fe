package referrals

import (
	"context"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// Say writes a message of one side; no change of state.
func (s *Service) Say(ctx context.Context, id ID, text string) (m MessageView, err error) {
	text = strings.TrimSpace(text)
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := s.reach(ctx, id, message)
		if err != nil {
			return err
		}
		if !r.IsOpen || r.Letter() {
			return r.illegal("message")
		}
		if r.FromTenant == tenants.Current(ctx) && !r.WasAccepted() && !r.Danger {
			p, err := s.People.Load(ctx, r.PersonID)
			if err != nil {
				return err
			}
			if err := s.checkAnonymous("text", text, p); err != nil {
				return err
			}
		}
		now := s.Clock.Now()
		mid, err := s.writeMessageID(ctx, r, "message", text, now)
		if err != nil {
			return err
		}
		m = MessageView{ID: mid, At: now, FromTenant: tenants.From(ctx).Tenant.Slug, Kind: "message", Text: text}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "message", Object: "referral", ID: id.String()}); err != nil {
			return err
		}
		e := Event{Event: "message", Sequence: r.Sequence, ByTenant: tenants.Current(ctx), ByUser: tenants.From(ctx).User}
		return s.Bus.Publish(ctx, s.moved(r, e))
	})
	return m, err
}

func (s *Service) writeMessage(ctx context.Context, r Referral, kind, text string, now time.Time) error {
	_, err := s.writeMessageID(ctx, r, kind, strings.TrimSpace(text), now)
	return err
}

func (s *Service) writeMessageID(ctx context.Context, r Referral, kind, text string, now time.Time) (ids.ID[ids.Message], error) {
	id := ids.New[ids.Message]()
	sealed, err := s.Vault.Seal(ctx, r.KeyID, messagePlace(id), []byte(text))
	if err != nil {
		return id, err
	}
	return id, insertMessage(ctx, messageRow{ID: id, ReferralID: r.ID, FromTenant: r.FromTenant, ToTenant: r.ToTenant, ByTenant: tenants.Current(ctx),
		ByUser: tenants.From(ctx).User, Kind: kind, Sealed: sealed, At: now})
}

func messagePlace(id ids.ID[ids.Message]) string { return "messages.sealed:" + id.String() }

// Messages gives the exchange of a referral, newest first.
func (s *Service) Messages(ctx context.Context, id ID, page web.PageOf) (out []MessageView, err error) {
	r, err := s.reach(ctx, id, message)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := messagesOf(ctx, r.ID, page.After, page.Limit+1)
		if err != nil {
			return err
		}
		for _, m := range rows {
			v, err := s.messageView(ctx, m)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "messages", Object: "referral", ID: id.String()})
}

func (s *Service) messageView(ctx context.Context, m messageRow) (MessageView, error) {
	text, err := s.Vault.Open(ctx, messagePlace(m.ID), m.Sealed)
	return MessageView{ID: m.ID, At: m.At, FromTenant: s.Tenants.Slug(ctx, m.ByTenant), Kind: m.Kind, Text: string(text), byUser: m.ByUser}, err
}

// Message finds one message again, for a replay.
func (s *Service) Message(ctx context.Context, id ids.ID[ids.Message]) (v MessageView, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		m, err := messageByID(ctx, id)
		if err != nil {
			return fault.New(fault.NotFound)
		}
		v, err = s.messageView(ctx, m)
		return err
	})
	return v, err
}
