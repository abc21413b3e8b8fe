package referrals

import (
	"slices"
	"strings"
	"time"

	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/people"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/web"
)

// look is how a state stands on a page: tone and icon of design.md §6.
type look struct{ Tone, Icon string }

var looks = map[State]look{
	Draft: {"n", "pencil"}, AwaitingConsent: {"s", "signature"}, AwaitingApproval: {"s", "stamp"}, Sent: {"b", "envelope"}, Acknowledged: {"b", "envelope-open"},
	InfoRequested: {"s", "question"}, Accepted: {"t", "check"}, Waitlisted: {"s", "waitlist"}, Scheduled: {"t", "calendar"}, NoShow: {"r", "absent"},
	InProgress: {"t", "half"}, OnHold: {"s", "pause"}, Completed: {"g", "check-disc"}, OutcomeConfirmed: {"g", "seal"}, Declined: {"r", "minus-disc"},
	Redirected: {"n", "turn"}, Failed: {"r", "x-disc"}, RecallRequested: {"s", "recall"}, Recalled: {"n", "return"}, Expired: {"r", "hourglass"}, EnteredInError: {"n", "eraser"},
}

// stateWord is a state in words; the receiver reads sent as new.
func stateWord(v *web.View, s State, side policies.Relation) string {
	if s == Sent && side == policies.Receiver {
		return v.T("state.sent.receiver")
	}
	return v.T("state." + string(s))
}

// ageWords says an age band without a sign between figures where the reader writes
// from right to left.
func ageWords(v *web.View, band string) string {
	if from, ok := strings.CutSuffix(band, "+"); ok {
		return v.T("referrals.age.over", "From", from)
	}
	from, to, ok := strings.Cut(band, "-")
	if !ok {
		return v.T("referrals.age.unknown")
	}
	return v.T("referrals.age.band", "From", from, "To", to)
}

func sexWord(v *web.View, sex string) string {
	if sex == "" {
		sex = "unknown"
	}
	return v.T("referrals.sex." + sex)
}

// placeWord names a commune or province.
func (s *Service) placeWord(v *web.View, code string) string {
	p, ok := s.terms.Place(code)
	if !ok {
		return ""
	}
	return written(p.Name, v.Lang)
}

// when is an instant as near as a reader says it: the hour alone for today.
func when(v *web.View, t time.Time) string {
	t, now := v.Local(t), v.Local(v.Now)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return v.T("referrals.when.today", "Time", i18n.Clock(t))
	}
	return v.T("referrals.when.day", "Date", i18n.Date(v.Lang, t), "Time", i18n.Clock(t))
}

// appointmentWords is the wall-clock time of an appointment.
func appointmentWords(v *web.View, local string) string {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, local); err == nil {
			return i18n.DateTime(v.Lang, t)
		}
	}
	return local
}

// dayWords writes a calendar day.
func dayWords(v *web.View, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return i18n.Date(v.Lang, t)
}

func shortDay(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return i18n.ShortDate(t)
}

// written is a name in the reader's script, else in the other.
func written(w i18n.Words, l i18n.Lang) string {
	if s := w.In(l); s != "" {
		return s
	}
	return w.Fr + w.Ar
}

// reasonPrefix is the glossary's family of an event's coded reason.
var reasonPrefix = map[string]string{"declined": "decline.", "failed": "fail.", "held": "hold.", "recalled": "recall.", "recall_requested": "recall.", "completed": "outcome.",
	"outcome_confirmed": "referrals.result.", "reported": "need."}

func reasonWords(v *web.View, event, reason string) string {
	if reason == "" {
		return ""
	}
	p := reasonPrefix[event]
	if p == "" {
		return reason
	}
	var words []string
	for _, code := range strings.Split(reason, ",") { // a report may name several needs
		words = append(words, v.T(p+code))
	}
	return people.Joined(v, words)
}

// nameLabel is what stands before a name, or before the description of somebody who
// is not known.
func nameLabel(i Identity) string {
	if i.Alias != "" {
		return "people.label.alias"
	}
	return "referrals.fullname"
}

// birthWords is a birth date as exactly as it is known.
func birthWords(v *web.View, i Identity) string {
	if i.BirthDate == "" {
		return v.T("referrals.birth.unknown")
	}
	switch i.BirthPrecision {
	case "year":
		return i.BirthDate[:min(4, len(i.BirthDate))]
	case "estimated":
		return v.T("referrals.birth.about", "Year", i.BirthDate[:min(4, len(i.BirthDate))])
	case "month":
		if len(i.BirthDate) >= 7 {
			return i.BirthDate[5:7] + "/" + i.BirthDate[:4]
		}
	}
	return shortDay(i.BirthDate)
}

// choiceWord is the answer to a triage question.
func choiceWord(v *web.View, q directory.Question, code string) string {
	for _, c := range q.Choices {
		if c.Code == code {
			return c.Text.In(v.Lang)
		}
	}
	return code
}

// clockTone is the tone of the notice that stands for a clock on the phone.
func clockTone(c web.Clock) string {
	return map[string]string{"ok": "n", "warn-at": "s", "late": "r"}[c.Kind]
}

// titleOf names a referral by its number; drafts have none.
func titleOf(v *web.View, r View) string {
	if r.Number == "" {
		return v.T("referrals.title.draft")
	}
	return v.T("referrals.title", "Number", r.Number)
}

// ageOf is a person's age in words, "" when unknown.
func ageOf(v *web.View, i Identity) string {
	b, err := time.Parse(time.DateOnly, i.BirthDate)
	if err != nil {
		return ""
	}
	now := v.Local(v.Now)
	years := now.Year() - b.Year()
	if i.BirthPrecision == "day" && now.Format("0102") < b.Format("0102") {
		years--
	}
	return v.T("referrals.age.years", "Count", max(years, 0))
}

// replaceable reports whether a new version of one of these may be added.
func replaceable(list []documents.View) bool {
	return slices.ContainsFunc(list, func(d documents.View) bool { return d.Mine && d.State == documents.Available })
}

// settleKey says what a referral that leaves something to decide has brought.
func settleKey(result string) string {
	if result == "partly_met" {
		return "referrals.settle.partly"
	}
	return "referrals.settle.more"
}
