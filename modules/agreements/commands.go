package agreements

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// Act is a command as somebody gives it: what a body may hold.
type Act struct {
	Command     Command
	Version     int64
	Reason      string
	EffectiveOn string // of a termination
	Cause       string // of a termination: notice, or one of the others
	Party       string // of a signature
	Method      string
	Code        string
	DocumentID  ids.ID[ids.Document]
	Signatory   int // which of the party's, from 1; 0: the first that may
	Number      string
	Date        string
	Authority   string
}

// The ways of signing, and the grounds of a termination. Only notice has to be given
// beforehand.
var (
	Methods = []string{"wet_scan", "one_time_code", "external_qualified"}
	Causes  = []string{"notice", "breach", "mutual", "force_majeure"}
)

// actPermission is the permission of a command: open-signing is agreement.open_signing.
func actPermission(c Command) policies.Permission {
	return perm(strings.ReplaceAll(string(c), "-", "_"))
}

// check names what is wrong with the shape of a command's body.
func (a Act) check() error {
	var f fault.Collect
	words := func(field, value string, limit int) {
		if blank(value) {
			f.Add(field, "required")
		} else if len([]rune(value)) > limit {
			f.Add(field, "too_long")
		}
	}
	date := func(field, value string) {
		if value == "" {
			f.Add(field, "required")
		} else if _, err := time.Parse(time.DateOnly, value); err != nil {
			f.Add(field, "malformed")
		}
	}
	if a.Version == 0 {
		f.Add("version", "required")
	}
	switch a.Command {
	case Suspend, Object, Abandon:
		words("reason", a.Reason, 1000)
	case Terminate:
		words("reason", a.Reason, 1000)
		date("effective_on", a.EffectiveOn)
		if a.Cause != "" {
			one(&f, "cause", a.Cause, Causes)
		}
	case Visa:
		words("number", a.Number, 100)
		words("authority", a.Authority, 300)
		date("date", a.Date)
	case Sign:
		words("party", a.Party, 300)
		one(&f, "method", a.Method, Methods)
		if slices.Contains([]string{"wet_scan", "external_qualified"}, a.Method) && a.DocumentID.IsZero() {
			f.Add("document_id", "required")
		}
	}
	return f.Err()
}

// Do carries out a command, in the contract's order of refusals: shape, reach,
// relation, version, state, and what only the stored state can tell.
func (s *Service) Do(ctx context.Context, id ids.ID[ids.Agreement], act Act) error {
	if err := act.check(); err != nil {
		return err
	}
	var refused error // of a code: the try is remembered, so its transaction commits
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.reach(ctx, id)
		if err != nil {
			return err
		}
		if act.Command != Sign && !s.Law.Allow(tenants.From(ctx), actPermission(act.Command), s.Relations(ctx, a)...) {
			return fault.New(fault.Forbidden)
		}
		if act.Command == Sign {
			refused, err = s.sign(ctx, a, act)
			return err
		}
		if a.Version != act.Version {
			return fault.New(fault.VersionConflict)
		}
		if !a.May(act.Command) {
			return a.illegal(act.Command)
		}
		return s.apply(ctx, &a, act)
	})
	if err == nil {
		err = refused
	}
	return err
}

// relations are how the actor's tenant stands to an agreement that it may see.
func (s *Service) Relations(ctx context.Context, a Agreement) []policies.Relation {
	if a.TenantID == tenants.Current(ctx) {
		return []policies.Relation{policies.Keeper, policies.Party}
	}
	return []policies.Relation{policies.Party}
}

// apply is one command on a locked agreement.
func (s *Service) apply(ctx context.Context, a *Agreement, act Act) error {
	now, today, reason := s.Clock.Now(), s.today(), strings.TrimSpace(act.Reason)
	var events []Event
	one := func(e Event, err error) error {
		e.Reason = reason
		events = append(events, e)
		return err
	}
	var err error
	switch act.Command {
	case Negotiate:
		return s.negotiate(ctx, a, now)
	case Submit, Approve, OpenSigning:
		return s.handOn(ctx, a, act.Command, now)
	case Visa:
		if act.Date > today {
			return fault.In("date", "in_the_future")
		}
		a.VisaNumber, a.VisaDate, a.VisaAuthority = strings.TrimSpace(act.Number), act.Date, strings.TrimSpace(act.Authority)
		if err = one(a.move(Visa, now)); err != nil {
			return err
		}
		return s.settled(ctx, a, events, now)
	case Resume:
		err = one(a.Resumed(today, now))
	case Suspend:
		a.Reason = reason
		err = one(a.move(Suspend, now))
	case Object:
		return s.object(ctx, a, reason, now)
	case Terminate:
		return s.terminate(ctx, a, act, now)
	case Amend, Renew:
		return s.follow(ctx, a, act.Command, now)
	default:
		err = one(a.move(act.Command, now))
	}
	if err != nil {
		return err
	}
	return s.finish(ctx, a, events)
}

// finish plans what time does next, saves and records.
func (s *Service) finish(ctx context.Context, a *Agreement, events []Event) error {
	a.Plan()
	if err := save(ctx, *a); err != nil {
		return err
	}
	if a.State.Ended() {
		if err := markEnded(ctx, a.ID); err != nil {
			return err
		}
	}
	if err := s.amendmentsEnd(ctx, *a); err != nil {
		return err
	}
	return s.record(ctx, *a, events)
}

// handOn takes the text out of the author's hands: it is kept as it stands.
func (s *Service) handOn(ctx context.Context, a *Agreement, c Command, now time.Time) error {
	if c != Submit {
		t, _, err := s.textOf(ctx, *a, a.Version)
		if err != nil {
			return err
		}
		if err := s.agrees(ctx, *a, t); err != nil {
			return err
		}
	}
	e, err := a.move(c, now)
	if err != nil {
		return err
	}
	if err := keepText(ctx, a.ID, a.Version); err != nil {
		return err
	}
	return s.finish(ctx, a, []Event{e})
}

// negotiate opens the text to the other parties, from this version on.
func (s *Service) negotiate(ctx context.Context, a *Agreement, now time.Time) error {
	t, _, err := s.textOf(ctx, *a, a.Version)
	if err != nil {
		return err
	}
	a.SharedFrom = a.Version
	e, err := a.move(Negotiate, now)
	if err != nil {
		return err
	}
	if err := keepText(ctx, a.ID, a.Version); err != nil {
		return err
	}
	if err := s.shareWith(ctx, *a, t); err != nil {
		return err
	}
	return s.finish(ctx, a, []Event{e})
}

// object keeps an agreement from renewing itself, as long as notice can be given.
func (s *Service) object(ctx context.Context, a *Agreement, reason string, now time.Time) error {
	if !a.RenewsItself() {
		return a.illegal(Object)
	}
	if s.today() > a.NoticeUntil() {
		return &fault.Error{Code: fault.IllegalTransition, Key: "agreements.fault.notice_over", Args: map[string]any{"Date": a.NoticeUntil()}, Data: map[string]any{"state": string(a.State), "command": string(Object), "notice_until": a.NoticeUntil()}}
	}
	e, err := a.move(Object, now)
	if err != nil {
		return err
	}
	e.Reason, a.Reason, a.ObjectedOn, a.ObjectedBy = reason, reason, s.today(), tenants.Current(ctx)
	return s.finish(ctx, a, []Event{e})
}

// terminate ends it on a day to come, or today; a notice wants its days.
func (s *Service) terminate(ctx context.Context, a *Agreement, act Act, now time.Time) error {
	today := s.today()
	var f fault.Collect
	switch {
	case act.EffectiveOn < today:
		own(&f, "effective_on", "ends_in_the_past")
	case act.Cause == "notice" && act.EffectiveOn < Day(today, a.NoticeDays):
		own(&f, "effective_on", "notice_too_short")
	case act.EffectiveOn > Day(a.EndsOn, 1) && !a.RenewsItself():
		own(&f, "effective_on", "after_end")
	}
	if err := f.Err(); err != nil {
		return err
	}
	events, err := a.Terminated(act.EffectiveOn, today, strings.TrimSpace(act.Reason), now)
	if err != nil {
		return err
	}
	return s.finish(ctx, a, events)
}

// follower is the amendment or the next term of an agreement that is under way.
func follower(ctx context.Context, id ids.ID[ids.Agreement], c Command) (a Agreement, open bool, err error) {
	list, err := relatives(ctx, id)
	for _, r := range list {
		open := !r.State.Settled() && r.State != Abandoned || r.State == AwaitingVisa || r.State == Signed
		if open && (c == Amend) == (r.ParentID == id) {
			return r, true, nil
		}
	}
	return a, false, err
}

// Follower is the amendment or the next term that was begun from an agreement; the
// agreement itself where none is under way.
func (s *Service) Follower(ctx context.Context, id ids.ID[ids.Agreement], c Command) (ids.ID[ids.Agreement], error) {
	out := id
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		r, open, err := follower(ctx, id, c)
		if open {
			out = r.ID
		}
		return err
	})
	return out, err
}

// follow begins the agreement that amends this one, or that comes after it, with the
// same text; it has a life of its own until it is signed.
func (s *Service) follow(ctx context.Context, a *Agreement, c Command, now time.Time) error {
	if r, open, err := follower(ctx, a.ID, c); err != nil {
		return err
	} else if open {
		return &fault.Error{Code: fault.AlreadyOpen, Key: "agreements.fault.follower_open", Args: map[string]any{"Number": r.Number}, Data: map[string]any{"id": r.ID}}
	}
	t, _, err := s.textOf(ctx, *a, a.Version)
	if err != nil {
		return err
	}
	child := Agreement{ID: ids.New[ids.Agreement](), TenantID: a.TenantID, Version: 1, CreatedAt: now, StateSince: now, Alerted: 1000}
	event := "amendment"
	if c == Amend {
		child.ParentID, child.BasedOn = a.ID, a.Version
	} else {
		event = "renewal"
		child.RenewsID = a.ID
		t.EffectiveOn, t.EndsOn = nextTerm(a.EffectiveOn, a.EndsOn)
	}
	// The parent is read again by its version when the amendment is signed.
	if err := keepText(ctx, a.ID, a.Version); err != nil {
		return err
	}
	if err := s.begin(ctx, &child, t, event); err != nil {
		return err
	}
	e, err := a.move(c, now)
	if err != nil {
		return err
	}
	return s.finish(ctx, a, []Event{e})
}
