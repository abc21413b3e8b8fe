package notifications

import (
	"context"
	"slices"
	"strings"

	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/outbox"
	"shubbak/tenants"
)

// roles are whom an event of an agreement tells, at the tenant that keeps it and at the
// other parties.
type roles struct{ Keeper, Party []string }

var (
	coordinator = []string{"coordinator"}
	admin       = []string{"admin"}
	signatory   = []string{"signatory"}
	both        = roles{coordinator, admin}
	noRoles     = roles{}
)

// agreementTold is the whole table of events of an agreement. An alert and a quota also
// tell the focal points that have an account.
var agreementTold = map[string]roles{
	"negotiation_opened": {nil, admin}, "commented": both, "proposed": both, "proposal_refused": {nil, admin}, "approved": {nil, admin},
	"signing_opened": {signatory, signatory}, "text_changed": {signatory, []string{"admin", "signatory"}}, "party_signed": {coordinator, nil},
	"signed": {coordinator, []string{"admin", "signatory"}}, "in_force": both, "alert": both, "suspended": both, "resumed": both,
	"termination_given": both, "terminated": both, "expired": both, "renewed": both, "renewed_tacitly": both, "objected": both, "amended": both,
	"quota_nearly_used": both, "quota_used": both,

	"created": noRoles, "amendment": noRoles, "renewal": noRoles, "submitted": noRoles, "edited": noRoles, "expiring": noRoles, "visa_given": noRoles,
	"renewal_begun": noRoles, "amendment_begun": noRoles, "abandoned": noRoles,
}

// side is the part of the table that concerns one tenant.
func side(m agreements.Moved, tenant string) []string {
	r := agreementTold[m.Event]
	if m.Keeper.String() == tenant {
		return r.Keeper
	}
	return r.Party
}

func (s *Service) agreementSubscription() outbox.Subscription {
	sub := outbox.On("notifications.agreement", s.notifyOfAgreement)
	sub.Only = func(e outbox.Event, tenant string) bool {
		m, ok := e.(agreements.Moved)
		return ok && len(side(m, tenant)) > 0
	}
	return sub
}

// notifyOfAgreement writes the notices of one event in one tenant, as notify does.
func (s *Service) notifyOfAgreement(ctx context.Context, d outbox.Delivery, m agreements.Moved) error {
	own := tenants.Current(ctx)
	staff, err := s.Accounts.WithRoles(ctx, ids.ID[ids.Unit]{}, side(m, own.String())...)
	if err != nil {
		return err
	}
	if m.Event == "alert" || m.Event == "quota_nearly_used" || m.Event == "quota_used" {
		if staff, err = s.focalPoints(ctx, m, staff); err != nil {
			return err
		}
	}
	if len(staff) == 0 {
		return nil
	}
	if err := inLine(ctx, s.DB.Postgres()); err != nil {
		return err
	}
	var hints []live.Hint
	for _, u := range staff {
		if u.ID == m.ByUser {
			continue // never the one who acted
		}
		n := Notification{ID: ids.New[ids.Notification](), TenantID: own, UserID: u.ID, DeliveryID: d.ID, Event: ofAgreement + m.Event, SubjectID: ids.ID[ids.Referral](m.Agreement), Number: m.Number,
			Partner: partner(m, own), Code: ids.Code(), CreatedAt: s.Clock.Now()}
		if m.Event == "alert" {
			n.Event += "_" + map[int]string{90: "90", 30: "30", 7: "7", 0: "0"}[m.Days]
		}
		fresh, err := insert(ctx, n)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		if err := s.Bus.Publish(ctx, mailed{own, n.ID}); err != nil {
			return err
		}
		hints = append(hints, live.Hint{User: u.ID, Notification: n.ID})
	}
	db.AfterCommit(ctx, func() { s.Live.Tell(hints...) })
	return nil
}

// focalPoints adds the people of the tenant whom the agreement names.
func (s *Service) focalPoints(ctx context.Context, m agreements.Moved, staff []accounts.Staff) ([]accounts.Staff, error) {
	emails, err := s.Agreements.FocalPoints(ctx, m.Agreement)
	if err != nil {
		return nil, err
	}
	for _, e := range emails {
		u, err := s.Accounts.ByEmail(ctx, e)
		if fault.Has(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one, err := s.one(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, x := range one {
			if !slices.ContainsFunc(staff, func(y accounts.Staff) bool { return y.ID == x.ID }) {
				staff = append(staff, x)
			}
		}
	}
	return staff, nil
}

// partner is the other side that a notice names: who acted, else the first other party.
func partner(m agreements.Moved, own ids.ID[ids.Tenant]) ids.ID[ids.Tenant] {
	if !m.ByTenant.IsZero() && m.ByTenant != own {
		return m.ByTenant
	}
	for _, p := range m.Parties {
		if p != own {
			return p
		}
	}
	return own
}

// ofAgreement begins the event of a notice that is about an agreement.
const ofAgreement = "agreement."

// ofAgreement reports whether a notice is about an agreement.
func (n Notification) ofAgreement() bool { return strings.HasPrefix(n.Event, ofAgreement) }

// Path is the page of what a notice is about.
func (n Notification) Path() string {
	if n.ofAgreement() {
		return "/agreements/" + n.SubjectID.String()
	}
	return "/referrals/" + n.SubjectID.String()
}
