package referrals

import (
	"context"
	"slices"

	"shubbak/modules/directory"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
)

// A letter (domain.md §2, "Outside services"): the person carries it to a body that
// is not on the platform and reads it first. No agreement, account or electronic
// sharing; the desk records what it hears, with its source, and the clocks remind
// it to ask.

// Sources are who may have told the desk.
var Sources = []string{"person", "slip", "phone"}

// unwritten are the commands that a letter does not know: nobody reads or answers
// on the other side.
var unwritten = []Command{Ask, Answer, UndoAccept, Redirect, Waitlist, Assign, ConfirmRecall, RefuseRecall, UndoRecall}

// sendLetter hands the letter to the person. Consent is not asked: they decide
// whether to show it. A body that has joined as a partner gets no letters any more.
func (s *Service) sendLetter(ctx context.Context, x *outgoing) error {
	r := x.r
	body, err := s.Directory.Organization(ctx, r.OrganizationID)
	if err != nil {
		return err
	}
	why := ""
	if !body.Joined.IsZero() {
		why = directory.ServiceClosed
	} else if !x.service.Serves(r.Need) {
		why = directory.NotEligible
	} else if !r.Danger {
		why = s.Directory.Admits(x.service, profile(x.p, x.now.In(s.zone)))
	}
	if why != "" {
		return &fault.Error{Code: fault.NotPermitted, Key: "referrals.not_permitted." + why, Data: map[string]any{"reason": why}}
	}
	r.ConsentID, r.AgreementID = ids.ID[ids.Consent]{}, ids.ID[ids.Agreement]{}
	r.setGrant(policies.Grant{})
	if r.Danger {
		desk, err := s.calendarOf(ctx, r.FromTenant, r.FromUnit, x.now)
		if err != nil {
			return err
		}
		r.ReviewDue = whole(desk.Days.Add(x.now, reviewDays*workingDay))
	}
	e, err := r.Sent(Send, x.now)
	if err != nil {
		return err
	}
	return s.finish(ctx, x, "send_letter", e)
}

// checkSource wants the source of what is recorded about a letter, and refuses one
// anywhere else.
func (r *Referral) checkSource(a Act) error {
	rule, _ := r.Rule(a.Command)
	switch {
	case !r.Letter() || rule.By != Receiver:
		if a.Source != "" {
			return fault.In("source", "unknown_field")
		}
		return nil
	case slices.Contains(unwritten, a.Command):
		return r.illegal(a.Command)
	case !slices.Contains(Sources, a.Source):
		return fault.In("source", choice(a.Source))
	}
	return nil
}

// prints says what the person chose to have written on the letter.
func (r *Referral) prints(slice policies.Slice) bool {
	wanted := policies.Split(r.Wanted)
	return len(wanted) == 0 || slices.Contains(wanted, slice)
}

// asksSource reports whether a command of a letter wants to know who said so.
func (r *Referral) asksSource(c Command) bool {
	rule, ok := r.Rule(c)
	return r.Letter() && ok && rule.By == Receiver
}
