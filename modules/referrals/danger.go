package referrals

import (
	"context"
	"strings"
	"time"

	"shubbak/modules/agreements"
	"shubbak/modules/people"
	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/tenants"
)

// Immediate danger (domain.md §2): the help is a telephone call, and the platform
// never stands before it. The referral is written during or after the call. No
// consent, approval, agreement, quota, capacity or opening hour is asked; only who
// and where must be said.

// Call is what is known of the telephone call; every part may be missing.
type Call struct {
	At         *time.Time `json:"at,omitempty"`
	AnsweredBy string     `json:"answered_by,omitempty"`
	Place      string     `json:"place,omitempty"`
}

// anyNeed stands for a need that nobody has said: the service's first is taken.
const anyNeed = "*"

const (
	alarmAfter = 15 * time.Minute // real minutes, day and night
	reviewDays = 2                // working days for the supervisor's review
)

// settle gives a writing what it leaves out. A danger never becomes an ordinary
// referral by a missing field, nor by one that contradicts it.
func (w *Writing) settle() {
	if w.Danger {
		w.Priority, w.Basis, w.ConsentID = "emergency", "vital_interest", ids.ID[ids.Consent]{}
		if w.Need == "" {
			w.Need = anyNeed
		}
	}
	if w.Basis == "" {
		w.Basis = "consent"
	}
}

func (w Writing) checkDanger(f *fault.Collect) {
	if len([]rune(w.Call.AnsweredBy)) > 200 {
		f.Add("call.answered_by", "too_long")
	}
	if len([]rune(w.Call.Place)) > 300 {
		f.Add("call.place", "too_long")
	}
}

// checkCall refuses what nobody could act on: a person without any designation, or no
// place to go to.
func (s *Service) checkCall(p people.Person, c Call) error {
	if p.GivenNameAr+p.FamilyNameAr+p.GivenName+p.FamilyName+p.Alias == "" {
		return fault.In("person_id", "designation_missing")
	}
	if c.Place == "" && p.Private.Address == "" && p.Commune == "" {
		return fault.In("call.place", "required")
	}
	if c.At != nil && c.At.After(s.Clock.Now().Add(5*time.Minute)) {
		return fault.In("call.at", "in_the_future")
	}
	return nil
}

// sendDanger hands it over. The agreement in force adds what its annex opens; that
// there is none, or that it would refuse, is not asked.
func (s *Service) sendDanger(ctx context.Context, x *outgoing) error {
	r := x.r
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return err
	}
	permit, err := s.Agreements.InForce(ctx, r.FromTenant, agreements.Ask{To: r.ToTenant, Service: r.ServiceID, Needs: []string{r.Need}})
	if err != nil {
		return err
	}
	r.AgreementID, r.ConsentID = permit.Agreement, ids.ID[ids.Consent]{}
	r.setGrant(policies.Share(permit.Annex, r.Basis, nil, policies.Split(r.Wanted), recipient.Declared().Care).InDanger())
	desk, err := s.calendarOf(ctx, r.FromTenant, r.FromUnit, x.now)
	if err != nil {
		return err
	}
	r.ReviewDue = whole(desk.Days.Add(x.now, reviewDays*workingDay))
	e, err := r.Sent(Send, x.now)
	if err != nil {
		return err
	}
	return s.finish(ctx, x, "send_danger", e)
}

// Review is the supervisor's look at a danger afterwards: was it one, was the person
// informed, was consent asked as soon as the person could.
func (s *Service) Review(ctx context.Context, id ID, version int64, informed, note string) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := s.reach(ctx, id, review)
		if err != nil {
			return err
		}
		if r.Version != version {
			return fault.New(fault.VersionConflict)
		}
		if !r.Danger || r.SentAt.IsZero() || !r.ReviewedAt.IsZero() {
			return r.illegal("review")
		}
		if informed == "would_endanger" && strings.TrimSpace(note) == "" {
			return fault.In("note", "required")
		}
		r.ReviewedAt, r.ReviewedBy, r.Informed = s.Clock.Now(), tenants.From(ctx).User, informed
		if err := save(ctx, bump(r), version, false); err != nil {
			return err
		}
		if note = strings.TrimSpace(note); note != "" {
			if err := s.note(ctx, r, r.Sequence, "review", note, false); err != nil {
				return err
			}
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "review", Object: "referral", ID: id.String(), Fields: []string{informed}})
	})
}

func reviewOf(r Referral) *Review {
	v := &Review{ReviewedBy: r.ReviewedBy, Informed: r.Informed}
	if !r.ReviewDue.IsZero() {
		v.DueAt = &r.ReviewDue
	}
	if !r.ReviewedAt.IsZero() {
		v.ReviewedAt = &r.ReviewedAt
	}
	return v
}

// Watch asks the senders of dangers that nobody has acknowledged to raise the alarm.
type Watch struct {
	Tenants []string `json:"tenants"`
}

// EventName is stored.
func (Watch) EventName() string { return "referrals.watch" }

// Audience is the senders.
func (w Watch) Audience() []string { return w.Tenants }

// Order is any.
func (Watch) Order() (string, int64) { return "", 0 }

// watch looks every minute; it writes nothing while nothing is late.
func (s *Service) watch() outbox.Schedule {
	return outbox.Schedule{Name: "referrals.watch", Every: time.Minute, Event: func(ctx context.Context) (outbox.Event, error) {
		var late []string
		err := s.DB.ReadAsSystem(ctx, "dangers that nobody has acknowledged", func(ctx context.Context) (err error) {
			late, err = unanswered(ctx, s.Clock.Now().Add(-alarmAfter))
			return err
		})
		if err != nil || len(late) == 0 {
			return nil, err
		}
		return Watch{late}, nil
	}}
}

// alarm tells, once per danger: the unit, its supervisor, and the coordination's
// person on call, day and night.
func (s *Service) alarm(ctx context.Context, _ outbox.Delivery, _ Watch) error {
	now := s.Clock.Now()
	list, err := markAlarmed(ctx, now, now.Add(-alarmAfter))
	if err != nil || len(list) == 0 {
		return err
	}
	all, err := s.Tenants.All(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		m := s.moved(r, Event{Event: "danger_unanswered", Sequence: r.Sequence})
		for _, t := range all {
			if t.Declared().Coordinates && t.ID != r.FromTenant && t.ID != r.ToTenant {
				m.Watchers = append(m.Watchers, t.ID.String())
			}
		}
		if err := s.Bus.Publish(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// RunWatch raises the alarms of the tenant of ctx at once.
func (s *Service) RunWatch(ctx context.Context) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error { return s.alarm(ctx, outbox.Delivery{}, Watch{}) })
}
