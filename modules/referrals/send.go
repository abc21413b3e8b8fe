package referrals

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
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
	} else if !needKnown(w.Need) && w.Need != anyNeed {
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
	if (w.Basis == "vital_interest" && !w.Danger || w.Basis == "legal_obligation") && strings.TrimSpace(w.BasisNote) == "" {
		f.Add("basis_note", "required")
	}
	if n := len([]rune(strings.TrimSpace(w.Reason))); n == 0 && !w.Danger {
		f.Add("reason", "required")
	} else if n > 4000 {
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
// all in one transaction.
func (s *Service) Create(ctx context.Context, w Writing, send bool, exception string) (ID, error) {
	w.settle()
	if err := w.check(s.terms.Need); err != nil {
		return ID{}, err
	}
	a, now := tenants.From(ctx), s.Clock.Now()
	r := Referral{ID: ids.New[ids.Referral](), FromTenant: a.Tenant.ID, FromUser: a.User, FromUnit: a.Unit, Version: 1, CardTriage: map[string]string{}}
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
		events := []Event{r.Created(now)}
		if err := s.setDue(ctx, &r, now); err != nil {
			return err
		}
		s.setCard(&r, p, now)
		r.CardDocuments = len(w.Documents)
		if err := insertReferral(ctx, r); err != nil {
			return err
		}
		if _, err := s.Documents.Name(ctx, r.ID, w.Documents); err != nil {
			return err
		}
		if err := s.putSocial(ctx, r, Social{Reason: strings.TrimSpace(w.Reason)}); err != nil {
			return err
		}
		if err := s.putCall(ctx, r, p, w.Call); err != nil {
			return err
		}
		if err := s.putBasis(ctx, r, w.BasisNote); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "create", Object: "referral", ID: r.ID.String(), Fields: []string{"reason"}}); err != nil {
			return err
		}
		if err := s.record(ctx, &r, events); err != nil || !send {
			return err
		}
		return s.send(ctx, &r, p, service, exception, now)
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
	if service.TenantID == r.FromTenant && !service.Letter() {
		return p, service, fault.In("service_id", "own_service")
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
func (s *Service) send(ctx context.Context, r *Referral, p people.Person, service directory.Service, exception string, now time.Time) error {
	loaded := r.Version
	if _, ok := r.Rule(Send); !ok {
		return r.illegal(Send)
	}
	if id, err := alreadyOpen(ctx, *r); err != nil || !id.IsZero() {
		return already(id, err)
	}
	if r.Letter() {
		return s.sendLetter(ctx, r, p, service, now)
	}
	if r.Danger {
		return s.sendDanger(ctx, r, p, now)
	}
	prof := profile(p, now.In(s.zone))
	permit, reason, err := s.Agreements.Permits(ctx, r.FromTenant, r.asked(prof))
	if err != nil {
		return err
	}
	why := string(reason)
	fromService := false
	if why == "" && !service.Serves(r.Need) {
		why, fromService = directory.NotEligible, true
	}
	if admits := s.Directory.Admits(service, prof); admits != "" && (why == "" || exception != "") {
		why, fromService = admits, true
	}
	excepted := why != "" && !fromService && exception != ""
	if why != "" && !excepted && !fromService {
		return permit.Refusal(reason)
	}
	if why != "" && !excepted {
		return &fault.Error{Code: fault.NotPermitted, Key: "referrals.not_permitted." + why, Data: map[string]any{"reason": why}}
	}
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return err
	}
	consented, err := s.consent(ctx, r, recipient.Slug, now)
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
		e, err = r.NeedsConsent(now)
	case excepted:
		if e, err = r.NeedsApproval(true, now); err == nil {
			err = s.note(ctx, *r, e.Sequence, "exception", exception, false)
		}
	case own.RequireApproval && r.Priority == "routine":
		e, err = r.NeedsApproval(false, now)
	default:
		e, err = r.Sent(Send, now)
	}
	if err != nil {
		return err
	}
	return s.finish(ctx, r, loaded, "send", []Event{e}, p, now)
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

// finish saves a change that may have sent the referral: slices, events, audit,
// notices, and the register number as the transaction's last statement.
func (s *Service) finish(ctx context.Context, r *Referral, loaded int64, action string, events []Event, p people.Person, now time.Time) error {
	first := r.State == Sent && r.Number == ""
	if r.State == Sent {
		s.setCard(r, p, now)
	}
	if err := s.save(ctx, r, loaded, now, false); err != nil {
		return err
	}
	if r.State == Sent {
		if err := s.putIdentity(ctx, *r, p); err != nil {
			return err
		}
		if r.counts() {
			if err := s.Agreements.Take(ctx, r.AgreementID, r.ServiceID, r.ID); err != nil {
				return err
			}
		}
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: action, Object: "referral", ID: r.ID.String(), Fields: []string{string(r.State)}}); err != nil {
		return err
	}
	if !first {
		return s.record(ctx, r, events)
	}
	// The outbox rows name the number, so they are written after it; both are the
	// tail of the transaction.
	number, err := tenants.NextNumber(ctx, "referral", now.In(s.zone).Year())
	if err != nil {
		return err
	}
	r.Number = number
	if err := setNumber(ctx, r.ID, number); err != nil {
		return err
	}
	return s.record(ctx, r, events)
}

// lostRace turns a violation of the unique key, the last guard of two sends at
// once, into already_open with the winner's id; it runs outside the failed
// transaction.
func (s *Service) lostRace(ctx context.Context, err error, r Referral) error {
	if !db.Unique(err, "already_open") && !db.Unique(err, "person_id") {
		return err
	}
	var id ID
	rerr := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		id, err = alreadyOpen(ctx, r)
		return err
	})
	return already(id, rerr)
}

// save writes owner, deadline, open slices and version, then the row.
func (s *Service) save(ctx context.Context, r *Referral, loaded int64, now time.Time, unopened bool) error {
	if err := s.setDue(ctx, r, now); err != nil {
		return err
	}
	r.setOpen(now)
	r.Version = loaded + 1
	s.look(ctx, *r)
	if err := save(ctx, *r, loaded, unopened); err != nil || !r.counts() || r.State.Open() || r.WasAccepted() || r.SentAt.IsZero() {
		return err
	}
	return s.Agreements.GiveBack(ctx, r.ID) // ended before acceptance: its place is free
}

// counts reports whether a referral takes a place of its agreement's quotas: a danger
// and an exception are counted beside them.
func (r *Referral) counts() bool { return !r.AgreementID.IsZero() && !r.Danger && !r.Exception }

// asked is the question to the agreement.
func (r *Referral) asked(p terms.Profile) agreements.Ask {
	return agreements.Ask{To: r.ToTenant, Service: r.ServiceID, Needs: []string{r.Need}, Priority: r.Priority, Person: &p}
}

// record writes events and tells the subscribers. Work of the system runs without an
// actor, so its events name nobody.
func (s *Service) record(ctx context.Context, r *Referral, events []Event) error {
	a := tenants.From(ctx)
	for i := range events {
		if a.Tenant == nil {
			break
		}
		events[i].ByTenant, events[i].ByUser = a.Tenant.ID, a.User
		if len(a.Roles) > 0 {
			events[i].ByRole = a.Roles[0]
		}
	}
	for i, e := range events {
		if r.answered && slices.Contains(decisions, e.ToState) {
			events[i].Late = r.answeredLate
		}
	}
	if err := insertEvents(ctx, events); err != nil {
		return err
	}
	for _, e := range events {
		if err := s.Bus.Publish(ctx, s.moved(*r, e)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) moved(r Referral, e Event) Moved {
	return Moved{Referral: r.ID, Number: r.Number, Event: e.Event, Sequence: e.Sequence, FromTenant: r.FromTenant, ToTenant: r.ToTenant, FromUnit: r.FromUnit, ToUnit: r.ToUnit,
		FromUser: r.Sender(), Assignee: r.OwnerUser, Danger: r.Danger, Letter: r.Letter(), ByTenant: e.ByTenant, ByUser: e.ByUser, Reason: e.ReasonCode, Exception: r.Exception, Unsent: r.SentAt.IsZero(), Step: e.Sequence}
}
