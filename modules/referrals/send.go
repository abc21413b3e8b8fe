package referrals

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Writing is what the sender writes: the body of POST and PATCH /referrals.
type Writing struct {
	PersonID  ids.ID[ids.Person]
	Need      string
	ServiceID ids.ID[ids.Service]
	UnitID    ids.ID[ids.Unit]
	Priority  string
	Basis     string
	BasisNote string
	Reason    string
	Triage    map[string]string
	ConsentID ids.ID[ids.Consent]
	Slices    []policies.Slice
	Documents []ids.ID[ids.Document]
	ParentID  ID
	Danger    bool
	Call      Call
}

// check names what is wrong with the shape; nothing is looked up.
func (w Writing) check(needKnown func(string) bool) error {
	var f fault.Collect
	if w.Danger {
		w.checkDanger(&f)
	}
	if w.PersonID.IsZero() {
		f.Add("person_id", "required")
	}
	if w.ServiceID.IsZero() {
		f.Add("service_id", "required")
	}
	if w.Need == "" {
		f.Add("need", "required")
	} else if !needKnown(w.Need) && !(w.Danger && w.Need == anyNeed) {
		f.Add("need", "unknown_code")
	}
	if !slices.Contains(Priorities, w.Priority) {
		f.Add("priority", choice(w.Priority))
	}
	if !slices.Contains(policies.Bases, w.Basis) {
		f.Add("basis", "unknown_code")
	}
	// A reason or the order's number stays with these two for ever; the programme's
	// own mission needs no words (domain.md §2, "Legal basis").
	if (w.Basis == "vital_interest" && !w.Danger || w.Basis == "legal_obligation") && i18n.Blank(w.BasisNote) {
		f.Add("basis_note", "required")
	}
	if i18n.Blank(w.Reason) && !w.Danger {
		f.Add("reason", "required")
	} else if len([]rune(strings.TrimSpace(w.Reason))) > 4000 {
		f.Add("reason", "too_long")
	}
	if len([]rune(w.BasisNote)) > 1000 {
		f.Add("basis_note", "too_long")
	}
	for _, s := range w.Slices {
		if !slices.Contains(policies.Slices, s) {
			f.Add("slices", "unknown_code")
			break
		}
	}
	return f.Err()
}

func choice(s string) string {
	if s == "" {
		return "required"
	}
	return "unknown_code"
}

// Create writes a draft; with send it goes as far as consent and agreement let it,
// all in one transaction, and its row is written once.
func (s *Service) Create(ctx context.Context, w Writing, send bool, exception string) (ID, error) {
	w.settle()
	if err := w.check(s.terms.Need); err != nil {
		return ID{}, err
	}
	a, now := tenants.From(ctx), s.Clock.Now()
	r := Referral{ID: ids.New[ids.Referral](), FromTenant: a.Tenant.ID, FromUser: a.User, FromUnit: a.Unit, CardTriage: map[string]string{}}
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		p, service, err := s.prepare(ctx, &r, &w)
		if err != nil {
			return err
		}
		if !w.ParentID.IsZero() {
			parent, err := s.reach(ctx, w.ParentID, create)
			if err != nil {
				return err
			}
			if parent.FromTenant != a.Tenant.ID {
				return fault.New(fault.NotFound)
			}
			r.ParentID = w.ParentID
			if err := settle(ctx, w.ParentID); err != nil {
				return err
			}
		}
		x, err := s.begin(ctx, &r, w, p, now)
		if err != nil {
			return err
		}
		if !send {
			return s.put(ctx, x)
		}
		x.service, x.exception, x.loaded = service, exception, 1 // the version of the draft that it was
		return s.send(ctx, x)
	})
	return r.ID, s.lostRace(ctx, err, r)
}

// prepare checks a writing against person, service and consent, and fills the row.
func (s *Service) prepare(ctx context.Context, r *Referral, w *Writing) (people.Person, directory.Service, error) {
	p, err := s.People.Load(ctx, w.PersonID)
	if err != nil {
		return p, directory.Service{}, err
	}
	service, err := s.Directory.Get(ctx, w.ServiceID)
	if err != nil {
		return p, service, err
	}
	if field, code := service.CheckTriage(w.Triage); code != "" && !(w.Danger && code == "required") {
		return p, service, fault.In(field, code)
	}
	if !w.ConsentID.IsZero() {
		if _, err := s.People.Consent(ctx, w.PersonID, w.ConsentID); err != nil {
			return p, service, err
		}
	}
	unit := service.UnitID
	if !w.UnitID.IsZero() {
		found, err := s.Accounts.Units(ctx, w.UnitID)
		if err != nil {
			return p, service, err
		}
		if found[w.UnitID].TenantID != service.TenantID {
			return p, service, fault.In("unit_id", "unknown_code")
		}
		unit = w.UnitID
	}
	if w.Documents, err = s.Documents.Choose(ctx, w.PersonID, w.Documents); err != nil {
		return p, service, err
	}
	r.PersonID, r.KeyID, r.ServiceID, r.ToTenant, r.ToUnit = p.ID, p.KeyID, service.ID, service.TenantID, unit
	if r.OrganizationID = service.OrganizationID; r.Letter() {
		r.ToTenant, r.ToUnit = r.FromTenant, r.FromUnit
	}
	r.Need, r.Priority, r.Basis, r.ConsentID = w.Need, w.Priority, w.Basis, w.ConsentID
	if w.Triage != nil {
		r.CardTriage = w.Triage
	}
	r.Wanted, r.Danger = policies.Join(w.Slices), w.Danger
	if r.Need == anyNeed {
		r.Need = service.Needs[0]
	}
	return p, service, nil
}

// putBasis keeps the words of a legal basis other than consent: the order's number,
// the reason. They stay with the sender for ever.
func (s *Service) putBasis(ctx context.Context, r Referral, note string) error {
	if strings.TrimSpace(note) == "" {
		return nil
	}
	return s.note(ctx, r, 0, "basis", strings.TrimSpace(note), false)
}

// send takes a draft as far as it may go: sent, awaiting_consent or
// awaiting_approval. It asks the agreement and the consent in this transaction.
func (s *Service) send(ctx context.Context, x *outgoing) error {
	r := x.r
	if _, ok := r.Rule(Send); !ok {
		return r.illegal(Send)
	}
	if id, err := alreadyOpen(ctx, *r); err != nil || !id.IsZero() {
		return already(id, err)
	}
	if r.Letter() {
		return s.sendLetter(ctx, x)
	}
	if r.ToTenant == r.FromTenant {
		return notPermitted(string(agreements.NoAgreement)) // nobody refers to oneself, in danger or by exception either
	}
	if r.Danger {
		return s.sendDanger(ctx, x)
	}
	prof := profile(x.p, x.now.In(s.zone))
	permit, reason, err := s.Agreements.Permits(ctx, r.FromTenant, r.asked(prof))
	if err != nil {
		return err
	}
	why := string(reason)
	fromService := false
	if why == "" && !x.service.Serves(r.Need) {
		why, fromService = directory.NotEligible, true
	}
	if admits := s.Directory.Admits(x.service, prof); admits != "" && (why == "" || x.exception != "") {
		why, fromService = admits, true
	}
	excepted := why != "" && !fromService && x.exception != ""
	if why != "" && !excepted && !fromService {
		return permit.Refusal(reason)
	}
	if why != "" && !excepted {
		return notPermitted(why)
	}
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return err
	}
	consented, err := s.consent(ctx, r, recipient.Slug, x.now)
	if err != nil {
		return err
	}
	r.AgreementID = permit.Agreement
	annex := permit.Annex
	if excepted {
		// An exception opens card and identity at most, and counts at the agreement that
		// would have refused it (domain.md §3).
		annex = exceptionAnnex
	}
	r.setGrant(policies.Share(annex, r.Basis, consented, policies.Split(r.Wanted), recipient.Declared().Care))
	own, err := s.Tenants.ByID(ctx, r.FromTenant)
	if err != nil {
		return err
	}
	var e Event
	switch {
	case r.Basis == "consent" && r.ConsentID.IsZero():
		e, err = r.NeedsConsent(x.now)
	case excepted:
		e, err = r.NeedsApproval(true, x.now)
		x.then(func(ctx context.Context) error { return s.note(ctx, *r, e.Sequence, "exception", x.exception, false) })
	case own.RequireApproval && r.Priority == "routine":
		e, err = r.NeedsApproval(false, x.now)
	default:
		e, err = r.Sent(Send, x.now)
	}
	if err != nil {
		return err
	}
	return s.finish(ctx, x, "send", e)
}

// notPermitted refuses to send, with the contract's reason.
func notPermitted(why string) error {
	return &fault.Error{Code: fault.NotPermitted, Key: "referrals.not_permitted." + why, Data: map[string]any{"reason": why}}
}

// already refuses a second open referral of the same person, service and target.
func already(id ID, err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.AlreadyOpen).With("id", id)
}

// consent finds the consent that carries a referral whose basis is consent: the
// named one if it covers the recipient, else any valid one. One that does not
// cover counts as none.
func (s *Service) consent(ctx context.Context, r *Referral, recipient string, now time.Time) ([]string, error) {
	if r.Basis != "consent" {
		r.ConsentID = ids.ID[ids.Consent]{}
		return nil, nil
	}
	var c people.Consent
	var err error
	if !r.ConsentID.IsZero() {
		if c, err = s.People.Consent(ctx, r.PersonID, r.ConsentID); err != nil {
			return nil, err
		}
	} else if c, err = s.People.ConsentFor(ctx, r.PersonID, "referral", recipient); err != nil {
		return nil, err
	}
	if c.ID.IsZero() || !c.Covers("referral", recipient, now) {
		r.ConsentID = ids.ID[ids.Consent]{}
		return nil, nil
	}
	r.ConsentID = c.ID
	return c.Categories, nil
}
