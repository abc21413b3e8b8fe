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
	"shubbak/platform/terms"
	"shubbak/policies"
	"shubbak/tenants"
)

// outgoing is one act that writes a draft or sends it, with everything that is written
// beside the row.
type outgoing struct {
	r         *Referral
	p         people.Person
	service   directory.Service
	exception string // why the coordinator should let it pass, "" for none
	now       time.Time
	loaded    int64 // the version before the act
	fresh     bool  // no row stands yet

	entries []audit.Entry
	events  []Event
	slices  []sliceRow
	after   []func(ctx context.Context) error
}

// then adds what is written once the row stands, because it points to it.
func (x *outgoing) then(f func(ctx context.Context) error) { x.after = append(x.after, f) }

// begin is the first half of a new referral: its draft, with the words of the sender
// sealed.
func (s *Service) begin(ctx context.Context, r *Referral, w Writing, p people.Person, now time.Time) (*outgoing, error) {
	x := &outgoing{r: r, p: p, now: now, fresh: true, events: []Event{r.Created(now)},
		entries: []audit.Entry{{Action: "create", Object: "referral", ID: r.ID.String(), Fields: []string{"reason"}}}}
	s.setCard(r, p, now)
	if r.CardDocuments = len(w.Documents); r.CardDocuments > 0 {
		x.then(func(ctx context.Context) error {
			_, err := s.Documents.Name(ctx, r.ID, w.Documents)
			return err
		})
	}
	if strings.TrimSpace(w.BasisNote) != "" {
		x.then(func(ctx context.Context) error { return s.putBasis(ctx, *r, w.BasisNote) })
	}
	social, err := s.seal(ctx, *r, policies.Social, Social{Reason: strings.TrimSpace(w.Reason)})
	if err != nil {
		return nil, err
	}
	x.slices = append(x.slices, social)
	if r.Danger {
		if err := s.checkCall(p, w.Call); err != nil {
			return nil, err
		}
		call, err := s.seal(ctx, *r, policies.Call, w.Call)
		if err != nil {
			return nil, err
		}
		x.slices = append(x.slices, call)
	}
	return x, nil
}

// finish writes what an act has made of a referral: one entry, one event, and if it
// has been sent, who the person is, a place of the agreement, and a register number.
func (s *Service) finish(ctx context.Context, x *outgoing, action string, e Event) error {
	r := x.r
	x.events = append(x.events, e)
	x.entries = append(x.entries, audit.Entry{Action: action, Object: "referral", ID: r.ID.String(), Fields: []string{string(r.State)}})
	if r.State != Sent {
		return s.put(ctx, x)
	}
	if !x.fresh { // the object is locked first, before quota and register
		if err := hold(ctx, r.ID); err != nil {
			return err
		}
	}
	s.setCard(r, x.p, x.now)
	identity, err := s.identitySlices(ctx, *r, x.p)
	if err != nil {
		return err
	}
	x.slices = append(x.slices, identity...)
	if r.counts() {
		if err := s.Agreements.Take(ctx, r.AgreementID, r.ServiceID, r.ID); err != nil {
			return err
		}
	}
	return s.put(ctx, x)
}

// put is the tail of the transaction. The number is taken in the middle of it, since
// the row is written once and the outbox names it; what does not point to the row comes
// before, so that the register stays locked for few statements.
func (s *Service) put(ctx context.Context, x *outgoing) (err error) {
	r := x.r
	if err := s.Audit.Did(ctx, x.entries...); err != nil {
		return err
	}
	if err := s.ready(ctx, r, x.loaded, x.now); err != nil {
		return err
	}
	if r.State == Sent && r.Number == "" {
		if r.Number, err = tenants.NextNumber(ctx, "referral", x.now.In(s.zone).Year()); err != nil {
			return err
		}
	}
	if x.fresh {
		err = insertReferral(ctx, *r)
	} else {
		err = save(ctx, *r, x.loaded, false)
	}
	if err != nil {
		return err
	}
	if err := putSlices(ctx, x.slices); err != nil {
		return err
	}
	for _, f := range x.after {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return s.record(ctx, r, x.events)
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
	if err := s.ready(ctx, r, loaded, now); err != nil {
		return err
	}
	if err := save(ctx, *r, loaded, unopened); err != nil || !r.counts() || r.State.Open() || r.WasAccepted() || r.SentAt.IsZero() {
		return err
	}
	return s.Agreements.GiveBack(ctx, r.ID) // ended before acceptance: its place is free
}

// ready brings the row to what it is about to be written as.
func (s *Service) ready(ctx context.Context, r *Referral, loaded int64, now time.Time) error {
	if err := s.setDue(ctx, r, now); err != nil {
		return err
	}
	r.setOpen(now)
	r.Version = loaded + 1
	s.look(ctx, *r)
	return nil
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
		FromUser: r.Sender(), Assignee: r.OwnerUser, Danger: r.Danger, Letter: r.Letter(), ByTenant: e.ByTenant, ByUser: e.ByUser, Reason: e.ReasonCode, Exception: r.Exception, Unsent: r.SentAt.IsZero() || e.ToState == Draft, Step: e.Sequence}
}
