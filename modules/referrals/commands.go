package referrals

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Act is a command as somebody gives it: what a body may hold, by name of the
// contract's table. Fields that a command does not take are refused before.
type Act struct {
	Command         Command
	Version         int64
	Note            string
	Reason          string // a code for decline, fail, hold, recall; words elsewhere
	ByWhom          string
	Text            string
	ReceiverNumber  string
	UserID          ids.ID[ids.User]
	ServiceID       ids.ID[ids.Service]
	Estimate        string
	StartsLocal     string
	Place           string
	Bring           string
	Until           string
	Needs           []string
	Outcome         string
	SaidBy          string
	Result          string
	ExceptionReason string
	Source          string // of a letter: person, slip, phone
}

// actPermission is the permission of a command: no-show is referral.no_show.
func actPermission(c Command) policies.Permission {
	return perm(strings.ReplaceAll(string(c), "-", "_"))
}

// Do carries out a command, in the contract's order of refusals: shape, reach,
// relation, version, state, and what only the stored state can tell.
func (s *Service) Do(ctx context.Context, id ID, a Act) error {
	return s.once(ctx, id, a, nil)
}

// Act is Do with the view that answers it, from the same transaction. What sends is
// shown in one of its own: a register is not kept locked for reading.
func (s *Service) Act(ctx context.Context, id ID, a Act) (v View, err error) {
	if a.Command == Send || a.Command == Approve {
		if err := s.Do(ctx, id, a); err != nil {
			return View{}, err
		}
		return s.After(ctx, id)
	}
	err = s.once(ctx, id, a, func(ctx context.Context) (err error) {
		v, err = s.After(ctx, id)
		return err
	})
	return v, err
}

// once runs a command and what shall see its result before it is committed.
func (s *Service) once(ctx context.Context, id ID, a Act, then func(ctx context.Context) error) error {
	if err := a.check(s.Clock.Now(), s.zone); err != nil {
		return err
	}
	var r Referral
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var err error
		if r, err = s.reach(ctx, id, actPermission(a.Command)); err != nil {
			return err
		}
		if r.Version != a.Version {
			return fault.New(fault.VersionConflict)
		}
		if _, ok := r.Rule(a.Command); !ok {
			return r.illegal(a.Command)
		}
		if err := r.checkSource(a); err != nil {
			return err
		}
		if err := s.do(ctx, &r, a); err != nil || then == nil {
			return err
		}
		return then(ctx)
	})
	return s.lostRace(ctx, err, r)
}

// do applies one command to a loaded referral.
func (s *Service) do(ctx context.Context, r *Referral, a Act) error {
	now, loaded := s.Clock.Now(), r.Version
	switch a.Command {
	case Send:
		return s.sendAgain(ctx, r, a, now)
	case Approve:
		return s.approve(ctx, r, a, now)
	case MarkError:
		return s.markError(ctx, r, a, now)
	}
	if err := s.checkSenderWords(ctx, r, a); err != nil {
		return err
	}
	events, err := s.apply(ctx, r, a, now)
	if err != nil {
		return err
	}
	if err := s.save(ctx, r, loaded, now, a.Command == UndoAccept); err != nil {
		return err
	}
	seq := r.Sequence
	if a.Command == Ask || a.Command == Answer {
		if err := s.writeMessage(ctx, *r, string(a.Command), a.Text, now); err != nil {
			return err
		}
	}
	if note := a.words(); note != "" {
		// What the sender says before it has sent, and what the receiver says to
		// itself, stays with them.
		shared := !r.SentAt.IsZero() && a.Command != Assign
		if err := s.note(ctx, *r, seq, "note", note, shared); err != nil {
			return err
		}
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: string(a.Command), Object: "referral", ID: r.ID.String(), Fields: []string{string(r.State)}}); err != nil {
		return err
	}
	for i := range events {
		events[i].Source = a.Source
	}
	return s.record(ctx, r, events)
}

// words are what a command says in free text beyond a message.
func (a Act) words() string {
	switch a.Command {
	case Return, MarkError:
		return strings.TrimSpace(a.Reason)
	case Report:
		return strings.TrimSpace(a.Text)
	}
	return strings.TrimSpace(a.Note)
}

// checkSenderWords keeps the sender from naming the person before acceptance.
func (s *Service) checkSenderWords(ctx context.Context, r *Referral, a Act) error {
	if r.Letter() || r.Danger || r.WasAccepted() || r.SentAt.IsZero() || a.Command != Answer && a.Command != Recall {
		return nil
	}
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return err
	}
	if err := s.checkAnonymous("text", a.Text, p); err != nil {
		return err
	}
	return s.checkAnonymous("note", a.Note, p)
}

// apply is the pure change of one command, with what the command brings along.
func (s *Service) apply(ctx context.Context, r *Referral, a Act, now time.Time) ([]Event, error) {
	one := func(e Event, err error) ([]Event, error) { return []Event{e}, err }
	coded := func(e Event, err error) ([]Event, error) {
		e.ReasonCode = a.Reason
		return []Event{e}, err
	}
	switch a.Command {
	case Accept:
		if !a.UserID.IsZero() {
			if err := s.assignee(ctx, r, a.UserID); err != nil {
				return nil, err
			}
		}
		if a.ReceiverNumber != "" {
			r.ReceiverNumber = strings.TrimSpace(a.ReceiverNumber)
		}
		return one(r.Acceptance(now))
	case UndoAccept:
		return one(r.AcceptanceUndone(now))
	case Decline:
		r.ReasonCode, r.ByWhom = a.Reason, a.ByWhom
		return coded(r.move(Decline, now))
	case Redirect:
		if _, err := s.Directory.Get(ctx, a.ServiceID); err != nil {
			return nil, fault.In("service_id", "unknown_code")
		}
		r.RedirectTo = a.ServiceID
		return one(r.move(Redirect, now))
	case Waitlist:
		return r.Waitlisting(a.Estimate, now)
	case Schedule:
		r.StartsLocal, r.Place, r.Bring = wallClock(a.StartsLocal, s.zone), a.Place, a.Bring
		return one(r.move(Schedule, now))
	case Fail:
		r.ReasonCode = a.Reason
		return coded(r.move(Fail, now))
	case Hold:
		return coded(r.move(Hold, now))
	case Recall:
		r.ReasonCode = a.Reason
		if r.Letter() {
			return coded(r.take(now)) // nobody on the other side has to give it back
		}
		return coded(r.move(Recall, now))
	case Report:
		e, err := r.move(Report, now)
		e.ReasonCode = strings.Join(a.Needs, ",") // what else the person needs
		return []Event{e}, err
	case Complete:
		return s.complete(ctx, r, a, now)
	case Confirm:
		r.Result = a.Result
		if r.Result == "" {
			r.Result = "met"
		}
		e, err := r.move(Confirm, now)
		r.ToDecide = r.Result != "met"
		e.ReasonCode = r.Result
		return []Event{e}, err
	case RefuseRecall, UndoRecall:
		r.ReasonCode = "" // it was the reason of the recall
		return one(r.move(a.Command, now))
	case Assign:
		if !a.UserID.IsZero() {
			if err := s.assignee(ctx, r, a.UserID); err != nil {
				return nil, err
			}
		} else {
			r.OwnerUser = ids.ID[ids.User]{}
		}
		return one(r.move(Assign, now))
	}
	return one(r.move(a.Command, now))
}

// complete keeps a clinical outcome with the receiver: the other side reads that
// the service was delivered (domain.md §2, "Codes").
func (s *Service) complete(ctx context.Context, r *Referral, a Act, now time.Time) ([]Event, error) {
	service, err := s.Directory.Get(ctx, r.ServiceID)
	if err != nil {
		return nil, err
	}
	if !service.Uses(a.Outcome) {
		return nil, fault.In("outcome", "not_of_this_service")
	}
	e, err := r.move(Complete, now)
	if err != nil {
		return nil, err
	}
	r.Outcome = a.Outcome
	if clinical(a.Outcome) {
		r.Outcome = delivered
		if err := s.note(ctx, *r, e.Sequence, "outcome", a.Outcome, false); err != nil {
			return nil, err
		}
	}
	e.ReasonCode = r.Outcome
	return []Event{e}, nil
}

// delivered is what the other side reads in the place of a clinical outcome.
const delivered = "service_delivered"

// clinical outcomes never leave the tenant that records them.
func clinical(outcome string) bool { return outcome == "hospitalised" }

// assignee checks that a user works for the receiver, in a role that can do the
// work.
func (s *Service) assignee(ctx context.Context, r *Referral, user ids.ID[ids.User]) error {
	t := tenants.From(ctx).Tenant
	staff, err := s.Accounts.WithRoles(ctx, r.ToUnit, s.workers(t.Kind)...)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(staff, func(x accountsStaff) bool { return x.ID == user }) {
		return fault.In("user_id", "unknown_code")
	}
	r.OwnerUser = user
	return nil
}

// workers are the roles that the law lets take a referral on or work on it.
func (s *Service) workers(kind string) []string {
	return s.Law.RolesWith(kind, actPermission(Start))
}

// sendAgain is the command send: a draft, or one that waited for consent.
func (s *Service) sendAgain(ctx context.Context, r *Referral, a Act, now time.Time) error {
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return err
	}
	service, err := s.Directory.Get(ctx, r.ServiceID)
	if err != nil {
		return err
	}
	r.CardTriage = service.StillAsked(r.CardTriage)
	if field, code := service.CheckTriage(r.CardTriage); code != "" && !r.Danger {
		return fault.In(field, code)
	}
	return s.send(ctx, &outgoing{r: r, p: p, service: service, exception: strings.TrimSpace(a.ExceptionReason), now: now, loaded: r.Version})
}

// approve hands over what waited for the supervisor, or for the coordinator where
// it is an exception. The consent is asked again.
func (s *Service) approve(ctx context.Context, r *Referral, a Act, now time.Time) error {
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return err
	}
	loaded := r.Version
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return err
	}
	consented, err := s.consent(ctx, r, recipient.Slug, now)
	if err != nil {
		return err
	}
	if r.Basis == "consent" && r.ConsentID.IsZero() {
		return &fault.Error{Code: fault.IllegalTransition, Key: "referrals.consent_gone", Data: map[string]any{"state": string(r.State), "command": string(a.Command)}}
	}
	annex := exceptionAnnex
	if !r.Exception {
		permit, reason, err := s.Agreements.Permits(ctx, r.FromTenant, r.asked(profile(p, now.In(s.zone))))
		if err != nil {
			return err
		}
		if reason != "" {
			return permit.Refusal(reason)
		}
		annex = permit.Annex
	}
	r.setGrant(policies.Share(annex, r.Basis, consented, policies.Split(r.Wanted), recipient.Declared().Care))
	e, err := r.Sent(Approve, now)
	if err != nil {
		return err
	}
	return s.finish(ctx, &outgoing{r: r, p: p, now: now, loaded: loaded}, "approve", e)
}

// markError empties a referral that should never have been: the payload goes, with the
// sender's words and papers; the tombstone, the audit and the disclosures stay, and what
// the receiver wrote stays with the receiver.
func (s *Service) markError(ctx context.Context, r *Referral, a Act, now time.Time) error {
	loaded := r.Version
	if r.State == Recalled && r.WasAccepted() && r.ReasonCode == "consent_withdrawn" {
		return r.illegal(MarkError)
	}
	e, err := r.move(MarkError, now)
	if err != nil {
		return err
	}
	r.CardAgeBand, r.CardSex, r.CardDistrict, r.CardLanguage, r.CardTriage = "", "", "", "", map[string]string{}
	r.CardDocuments = 0
	r.ToDecide = false
	if err := s.save(ctx, r, loaded, now, false); err != nil {
		return err
	}
	if err := dropSlices(ctx, r.ID); err != nil {
		return err
	}
	if err := dropWords(ctx, r.ID); err != nil {
		return err
	}
	if err := s.Documents.Purge(ctx, r.ID); err != nil {
		return err
	}
	if err := s.note(ctx, *r, e.Sequence, "note", strings.TrimSpace(a.Reason), false); err != nil {
		return err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "mark-error", Object: "referral", ID: r.ID.String()}); err != nil {
		return err
	}
	return s.record(ctx, r, []Event{e})
}

// note seals words of one side under the person's key.
func (s *Service) note(ctx context.Context, r Referral, sequence int64, kind, text string, shared bool) error {
	sealed, err := s.Vault.Seal(ctx, r.KeyID, notePlace(r.ID, sequence, kind), []byte(text))
	if err != nil {
		return err
	}
	return insertNote(ctx, noteRow{ReferralID: r.ID, Sequence: sequence, Kind: kind, TenantID: tenants.Current(ctx), FromTenant: r.FromTenant, ToTenant: r.ToTenant, Shared: shared, Sealed: sealed})
}

func notePlace(id ID, sequence int64, kind string) string {
	return "referral_notes.sealed:" + id.String() + ":" + itoa(sequence) + ":" + kind
}
