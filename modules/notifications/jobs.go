package notifications

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"shubbak/modules/accounts"
	"shubbak/modules/referrals"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/tenants"
)

func (s *Service) subscriptions() []outbox.Subscription {
	notify := outbox.On("notifications.notify", s.notify)
	notify.Only = func(e outbox.Event, tenant string) bool {
		m, ok := e.(referrals.Moved)
		return ok && whom(m, tenant) != Nobody
	}
	notify.Together = true
	return []outbox.Subscription{
		notify,
		s.agreementSubscription(),
		outbox.On("notifications.task", s.notifyOfTask),
		{Name: "notifications.mail", Event: mailed{}.EventName(), Outside: true, Run: s.send},
	}
}

// mailed says that a notice wants a mail. The mail is its own delivery: a server
// that is down delays no notice.
type mailed struct {
	Tenant       ids.ID[ids.Tenant]       `json:"tenant"`
	Notification ids.ID[ids.Notification] `json:"notification"`
}

func (mailed) EventName() string      { return "notification.made" }
func (m mailed) Audience() []string   { return []string{m.Tenant.String()} }
func (mailed) Order() (string, int64) { return "", 0 }

// notify writes the notices of one event in one tenant; it runs as that tenant and
// its writes commit with the delivery's done mark.
func (s *Service) notify(ctx context.Context, d outbox.Delivery, m referrals.Moved) error {
	t, err := s.Tenants.ByID(ctx, tenants.Current(ctx))
	if err != nil || t == nil {
		return err
	}
	staff, err := s.recipients(ctx, t, m)
	if err != nil {
		return err
	}
	partner := m.FromTenant
	if t.ID == m.FromTenant {
		partner = m.ToTenant
	}
	if len(staff) > 0 {
		if err := inLine(ctx, s.DB.Postgres()); err != nil {
			return err
		}
	}
	var hints []live.Hint
	for _, u := range staff {
		if u.ID == m.ByUser {
			continue // never the one who acted
		}
		n := Notification{ID: ids.New[ids.Notification](), TenantID: t.ID, UserID: u.ID, DeliveryID: d.ID, Event: "referral." + m.Event, SubjectID: m.Referral, Number: m.Number,
			Partner: partner, Reason: m.Reason, Code: ids.Code(), CreatedAt: s.Clock.Now()}
		fresh, err := insert(ctx, n)
		if err != nil {
			return err
		}
		if !fresh || n.Number == "" && (m.Event == "reminder" || m.Event == "overdue") {
			continue // a mail names nothing but the number
		}
		if err := s.Bus.Publish(ctx, mailed{t.ID, n.ID}); err != nil {
			return err
		}
		hints = append(hints, live.Hint{User: u.ID, Notification: n.ID})
	}
	db.AfterCommit(ctx, func() { s.Live.Tell(hints...) })
	return nil
}

// recipients are the people of one tenant whom an event concerns.
func (s *Service) recipients(ctx context.Context, t *tenants.Tenant, m referrals.Moved) ([]accounts.Staff, error) {
	switch group := whom(m, t.ID.String()); group {
	case Called:
		return s.Accounts.WithRoles(ctx, m.ToUnit, t.Declared().Desk, "supervisor")
	case Reviewer:
		return s.Accounts.WithRoles(ctx, m.FromUnit, "supervisor")
	case Alarm:
		return s.alarmed(ctx, t, m)
	case Approvers:
		return s.approvers(ctx, t, m)
	case Uploader:
		return s.uploader(ctx, t, m)
	case Owner, OwningUnit:
		return s.owners(ctx, t, m, group == Owner)
	case ReceivingUnit:
		return s.oneOrDesk(ctx, t, m.Assignee, m.ToUnit)
	case SendingUser: // where who sent it has left, the unit has it
		return s.oneOrDesk(ctx, t, m.FromUser, m.FromUnit)
	}
	return nil, nil
}

func (s *Service) oneOrDesk(ctx context.Context, t *tenants.Tenant, user ids.ID[ids.User], unit ids.ID[ids.Unit]) ([]accounts.Staff, error) {
	if !user.IsZero() {
		return s.one(ctx, user)
	}
	return s.Accounts.WithRoles(ctx, unit, t.Declared().Desk)
}

// alarmed are the people of one tenant who are told of a danger without an answer.
// The person on call at a coordinating tenant, where nobody is named, is whoever
// supervises there.
func (s *Service) alarmed(ctx context.Context, t *tenants.Tenant, m referrals.Moved) ([]accounts.Staff, error) {
	if t.ID == m.ToTenant {
		return s.Accounts.WithRoles(ctx, m.ToUnit, t.Declared().Desk, "supervisor")
	}
	var out []accounts.Staff
	if t.ID == m.FromTenant {
		sender, err := s.one(ctx, m.FromUser)
		if err != nil {
			return nil, err
		}
		out = sender
	}
	if !t.Declared().Coordinates {
		return out, nil
	}
	onCall, err := s.Accounts.OnCall(ctx)
	if err == nil && len(onCall) == 0 {
		onCall, err = s.Accounts.WithRoles(ctx, ids.ID[ids.Unit]{}, "supervisor")
	}
	return append(out, onCall...), err
}

func (s *Service) approvers(ctx context.Context, t *tenants.Tenant, m referrals.Moved) ([]accounts.Staff, error) {
	if m.Exception {
		return s.Accounts.WithRoles(ctx, ids.ID[ids.Unit]{}, s.arbiters(t)...)
	}
	return s.Accounts.WithRoles(ctx, m.FromUnit, "supervisor")
}

// owners are those who must act by a deadline; near, while there is time, only the
// one who has taken it on. The reason names the act.
func (s *Service) owners(ctx context.Context, t *tenants.Tenant, m referrals.Moved, near bool) ([]accounts.Staff, error) {
	if m.Reason == "approve" {
		return s.approvers(ctx, t, m)
	}
	user, unit := m.FromUser, m.FromUnit
	if t.ID == m.ToTenant {
		user, unit = m.Assignee, m.ToUnit
	}
	if near && !user.IsZero() {
		if one, err := s.one(ctx, user); err != nil || len(one) > 0 {
			return one, err
		}
	}
	return s.Accounts.WithRoles(ctx, unit, t.Declared().Desk)
}

// uploader is who added a document, with the supervisor of the unit it was added for.
func (s *Service) uploader(ctx context.Context, t *tenants.Tenant, m referrals.Moved) ([]accounts.Staff, error) {
	out, err := s.one(ctx, m.About)
	if err != nil {
		return nil, err
	}
	unit := m.FromUnit
	if t.ID != m.FromTenant {
		unit = m.ToUnit
	}
	above, err := s.Accounts.WithRoles(ctx, unit, "supervisor")
	return append(out, above...), err
}

// arbiters are the roles that judge an exception.
func (s *Service) arbiters(t *tenants.Tenant) []string {
	var out []string
	for _, role := range s.Law.RolesWith(t.Kind, policies.To("referral", "approve")) {
		if role != "supervisor" {
			out = append(out, role)
		}
	}
	return out
}

func (s *Service) one(ctx context.Context, id ids.ID[ids.User]) ([]accounts.Staff, error) {
	u, err := s.Accounts.StaffByID(ctx, id)
	if fault.Has(err, fault.NotFound) {
		return nil, nil
	}
	return []accounts.Staff{u}, err
}

// lateMail is the age from which a mail says only how many notices wait: after an hour
// without a mail server a user gets one mail, not one per notice. The notice that
// claims the others keeps its delivery until that mail is out, so none is lost.
const lateMail = 5 * time.Minute

// send mails one notice: the generic sentence of the glossary, with the number and
// the neutral link. A mail may be sent twice, under the same Message-ID.
func (s *Service) send(ctx context.Context, d outbox.Delivery) error {
	var m mailed
	if err := json.Unmarshal(d.Payload, &m); err != nil {
		return err
	}
	var n Notification
	var to accounts.Staff
	waiting := 0
	var late bool
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if n, err = byID(ctx, m.Notification); err != nil {
			return err
		}
		late = s.Clock.Now().Sub(n.CreatedAt) > lateMail
		to, err = s.Accounts.StaffByID(ctx, n.UserID)
		return err
	})
	if err == nil && (late || n.MailedBy == n.ID) {
		err = s.DB.InTx(ctx, func(ctx context.Context) (err error) {
			if n, err = byID(ctx, m.Notification); err != nil {
				return err
			}
			if late && (n.MailedBy.IsZero() || n.MailedBy == n.ID) {
				if n.MailedBy, err = claim(ctx, n, s.Clock.Now()); err != nil {
					return err
				}
			}
			if n.MailedBy == n.ID {
				waiting, err = countUnread(ctx, n.UserID)
			}
			return err
		})
	}
	if db.NoRows(err) {
		return nil // the notice has served its time
	}
	if fault.Has(err, fault.NotFound) {
		return nil // the account has ended
	}
	if err != nil {
		return err
	}
	if to.Mailbox == "" || !n.MailedBy.IsZero() && n.MailedBy != n.ID {
		return nil // another notice's mail stands for this one
	}
	lang := to.Locale
	if lang == "" {
		t, err := s.Tenants.ByID(ctx, n.TenantID)
		if err != nil {
			return err
		}
		lang = t.Locale
	}
	if waiting < 2 {
		return s.Mail.Send(ctx, s.compose(n, to.Mailbox, lang))
	}
	if err := s.Mail.Send(ctx, s.composeWaiting(n, to.Mailbox, lang, waiting)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error { return setMailed(ctx, n, s.Clock.Now()) })
}

// composeWaiting stands for all notices that one mail each would be too many for.
func (s *Service) composeWaiting(n Notification, to string, lang i18n.Lang, waiting int) mail.Message {
	out := s.compose(n, to, lang)
	out.Subject = s.Catalog.T(lang, "notifications.mail.waiting.subject", nil)
	out.Text = s.Catalog.T(lang, "notifications.mail.waiting", map[string]any{"Count": waiting}) + "\n\n" + s.link(n)
	return out
}

func (s *Service) link(n Notification) string {
	return strings.TrimSuffix(s.PublicURL, "/") + "/n/" + n.Code + "\n"
}

// compose makes the one form of all mails.
func (s *Service) compose(n Notification, to string, lang i18n.Lang) mail.Message {
	subject, text := s.Catalog.T(lang, "notifications.mail.subject", map[string]any{"Number": n.Number}), s.Catalog.T(lang, "msg.mail_generic", map[string]any{"ref": n.Number})
	if n.Number == "" { // it was never sent
		subject, text = s.Catalog.T(lang, "notifications.mail.unsent.subject", nil), s.Catalog.T(lang, "notifications.mail.unsent", nil)
	}
	return mail.Message{ID: n.ID.String() + "@shubbak", To: to, Lang: string(lang), Subject: subject, Text: text + "\n\n" + s.link(n)}
}
