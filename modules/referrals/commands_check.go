package referrals

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/terms"
)

// check names what is wrong with a command's body by itself, at an instant.
func (a Act) check(now time.Time, zone *time.Location) error {
	var f fault.Collect
	code := func(list []string) {
		if !slices.Contains(list, a.Reason) {
			f.Add("reason", choice(a.Reason))
		}
		if a.Reason == "other" && i18n.Blank(a.Note) {
			f.Add("note", "required")
		}
	}
	words := func(field, value string, limit int) {
		if i18n.Blank(value) {
			f.Add(field, "required")
		} else if len([]rune(strings.TrimSpace(value))) > limit {
			f.Add(field, "too_long")
		}
	}
	if a.Source != "" && !slices.Contains(Sources, a.Source) {
		f.Add("source", "unknown_code")
	}
	if a.Version == 0 {
		f.Add("version", "required")
	}
	switch a.Command {
	case Decline:
		code(DeclineReasons)
		if !slices.Contains(ByWhom, a.ByWhom) {
			f.Add("by_whom", choice(a.ByWhom))
		}
	case Fail:
		code(FailReasons)
	case Hold:
		code(HoldReasons)
		checkDate(&f, "until", a.Until)
		if a.Until != "" && a.Until < now.In(zone).Format(time.DateOnly) {
			f.Add("until", "in_the_past")
		}
	case Recall:
		code(RecallReasons)
	case Return, MarkError:
		words("reason", a.Reason, 1000)
	case Ask, Answer, Report:
		words("text", a.Text, 4000)
		for i, n := range a.Needs {
			if !terms.Load().Need(n) {
				f.Add(fmt.Sprintf("needs[%d]", i), "unknown_code")
			}
		}
	case RefuseRecall:
		words("note", a.Note, 2000)
	case Redirect:
		words("note", a.Note, 2000)
		if a.ServiceID.IsZero() {
			f.Add("service_id", "required")
		}
	case Waitlist:
		checkDate(&f, "estimate", a.Estimate)
		if a.Estimate != "" && a.Estimate < now.In(zone).Format(time.DateOnly) {
			f.Add("estimate", "in_the_past")
		}
	case Schedule:
		if code := appointmentFault(a.StartsLocal, now, zone); code != "" {
			f.Add("starts_at_local", code)
		}
	case Complete:
		if !slices.Contains(Outcomes, a.Outcome) {
			f.Add("outcome", choice(a.Outcome))
		}
	case Confirm:
		if a.SaidBy != "" && a.SaidBy != "desk" && a.SaidBy != "person" {
			f.Add("said_by", "unknown_code")
		}
		if a.Result != "" && !slices.Contains(Results, a.Result) {
			f.Add("result", "unknown_code")
		}
	}
	return f.Err()
}

// appointmentFault says what is wrong with the local time of an appointment, "" for
// nothing.
func appointmentFault(local string, now time.Time, zone *time.Location) string {
	at, ok := Instant(local, zone)
	switch {
	case local == "":
		return "required"
	case !ok:
		return "malformed"
	case !at.After(now):
		return "in_the_past"
	case at.After(now.AddDate(3, 0, 0)):
		return "out_of_range"
	}
	return ""
}

func checkDate(f *fault.Collect, field, value string) {
	if value == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		f.Add(field, "malformed")
	}
}
