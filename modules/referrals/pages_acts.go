package referrals

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/modules/directory"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// pageOrder lists the commands as a decision panel offers them: what brings the
// work forward first, what ends it last.
var pageOrder = []Command{Accept, Send, Approve, Answer, Confirm, Acknowledge, Schedule, Start, MarkNoShow, Resume, Ask, Waitlist, Report, Complete, Hold, UndoRecall, RefuseRecall,
	ConfirmRecall, UndoAccept, Return, Redirect, Decline, Fail, Recall, MarkError, Assign}

// oncePress are the commands that need no form and can be taken back or harm
// nothing; all others stand on a page of their own.
var oncePress = map[Command]bool{Accept: true, UndoAccept: true, Acknowledge: true, Start: true, MarkNoShow: true, Resume: true, Approve: true, UndoRecall: true}

// dangerous commands end something; their own page asks again.
var dangerous = map[Command]bool{Decline: true, Fail: true, Recall: true, MarkError: true, ConfirmRecall: true}

// first is the command that a state expects, per state in order of preference.
var first = map[State][]Command{
	Draft: {Send}, AwaitingConsent: {Send}, AwaitingApproval: {Approve}, Sent: {Accept}, Acknowledged: {Accept}, InfoRequested: {Answer, Accept}, Accepted: {Schedule}, Waitlisted: {Schedule},
	Scheduled: {Start}, NoShow: {Schedule}, InProgress: {Complete}, OnHold: {Resume}, RecallRequested: {RefuseRecall, UndoRecall}, Completed: {Confirm},
}

var actIcons = map[Command]string{Accept: "check", Send: "send", Approve: "stamp", Answer: "reply", Confirm: "seal", Acknowledge: "envelope-open", Schedule: "calendar", Start: "half", MarkNoShow: "absent",
	Resume: "half", Ask: "question", Waitlist: "waitlist", Report: "pencil", Complete: "check-disc", Hold: "pause", UndoRecall: "return", RefuseRecall: "minus", ConfirmRecall: "return",
	UndoAccept: "return", Return: "return", Redirect: "turn", Decline: "minus-disc", Fail: "x-disc", Recall: "recall", MarkError: "eraser", Assign: "person"}

// deed is a command as a page offers it.
type deed struct {
	Command Command
	Word    string
	Hint    string
	Icon    string
	Press   bool // a form of one button; else a link to its page
	Danger  bool
}

// deeds lists what the reader may do to a referral now: the table of states and
// the law together. The first is the primary one where the state has one.
func (s *Service) deeds(v *web.View, r Referral, now time.Time) (out []deed, primary *deed) {
	rels := relations(v.Actor, r)
	for _, c := range pageOrder {
		if c == Assign || !s.may(v.Actor, r, c, rels, now) {
			continue
		}
		if at, ok := Instant(r.StartsLocal, s.zone); c == MarkNoShow && ok && now.Before(at) {
			continue // nobody is absent before the hour
		}
		d := deed{Command: c, Word: v.T(actKey(v, r, c)), Icon: actIcons[c], Press: (oncePress[c] || c == Send) && !r.asksSource(c), Danger: dangerous[c]}
		if !r.Letter() && (c == Accept || c == Acknowledge || c == Start || c == Send || c == Complete || c == Confirm) {
			d.Hint = v.T("referrals.hint." + string(c))
		}
		out = append(out, d)
	}
	for _, c := range first[r.State] {
		if i := slices.IndexFunc(out, func(d deed) bool { return d.Command == c }); i >= 0 {
			d := out[i]
			return slices.Delete(out, i, i+1), &d
		}
	}
	return out, nil
}

// letterActs are the commands that read otherwise where the desk records what it
// heard.
var letterActs = map[Command]bool{Accept: true, Acknowledge: true, Decline: true, Complete: true, Schedule: true, Fail: true}

// actKey is the words of a command's button.
func actKey(_ *web.View, r Referral, c Command) string {
	switch {
	case r.asksSource(c) && letterActs[c]:
		return "letter.act." + string(c)
	case c == Start && r.State == Scheduled:
		return "referrals.act.start.scheduled"
	case c == Schedule && r.State == Scheduled:
		return "referrals.act.schedule.move"
	case c == Recall && slices.Contains(unsent, r.State):
		return "referrals.act.recall.unsent"
	case c == Recall && slices.Contains(running, r.State):
		return "referrals.act.recall.ask"
	}
	return "referrals.act." + string(c)
}

// may asks the table of states, then the law, then what only the row can tell.
func (s *Service) may(a tenants.Actor, r Referral, c Command, rels []policies.Relation, now time.Time) bool {
	if _, ok := r.Rule(c); !ok {
		return false
	}
	rels = slices.Clone(rels)
	if c == Approve || c == Return {
		rels = slices.DeleteFunc(rels, func(x policies.Relation) bool {
			return r.Exception && x == policies.Sender || !r.Exception && x == policies.Arbiter
		})
	}
	if len(rels) == 0 || !s.Law.Allow(a, actPermission(c), rels...) {
		return false
	}
	if r.Letter() && slices.Contains(unwritten, c) {
		return false
	}
	switch c {
	case UndoAccept:
		return r.OpenedAt.IsZero() && now.Sub(r.AcceptedAt) <= undoWindow
	case MarkError:
		return r.State != Recalled || !r.WasAccepted() || r.ReasonCode != "consent_withdrawn"
	}
	return true
}

// input is one field of a command's form.
type input struct {
	Name     string
	Kind     string // words, line, radios, select, date, moment
	Label    string
	Hint     string
	Optional bool
	Options  []option
}

type option struct{ Value, Word string }

// actForm is the page of one command.
type actForm struct {
	deed
	Referral View
	Side     policies.Relation
	Title    string
	Inputs   []input
	Values   url.Values
	Answered answered // of the moment that was typed
	Problems web.Problems
	Lead     string
	Question string // what an answer answers
}

// codes makes options of a closed list.
func codes(v *web.View, prefix string, list []string) []option {
	out := make([]option, len(list))
	for i, c := range list {
		out[i] = option{c, v.T(prefix + c)}
	}
	return out
}

// inputs lists the fields of a command; of a letter also who said so.
func (s *Service) inputs(ctx context.Context, v *web.View, r Referral, c Command) ([]input, error) {
	list, err := s.fields(ctx, v, r, c)
	if r.asksSource(c) {
		list = append([]input{{Name: "source", Kind: "radios", Label: v.T("referrals.field.source"), Options: codes(v, "letter.source.", Sources)}}, list...)
	}
	return list, err
}

func (s *Service) fields(ctx context.Context, v *web.View, r Referral, c Command) ([]input, error) {
	ahead := s.Clock.Now().In(s.zone).AddDate(0, 0, 7).Format("2 1 2006")
	example := v.T("referrals.hint.date", "Date", ahead)
	label := func(name string) string { return v.T("referrals.field." + name) }
	note := input{Name: "note", Kind: "words", Label: label("note"), Optional: true}
	pick := func(name, prefix string, list []string) input {
		kind := "select"
		if len(list) <= 6 {
			kind = "radios"
		}
		return input{Name: name, Kind: kind, Label: label(name), Options: codes(v, prefix, list)}
	}
	switch c {
	case Ask, Answer, Report:
		in := input{Name: "text", Kind: "words", Label: label("text." + string(c))}
		if c == Answer && !r.WasAccepted() {
			in.Hint = v.T("referrals.hint.no_name")
		}
		return []input{in}, nil
	case Return, MarkError:
		return []input{{Name: "reason", Kind: "words", Label: label("reason")}}, nil
	case Decline:
		note.Hint = v.T("referrals.hint.other_note")
		return []input{pick("reason", "decline.", DeclineReasons), pick("by_whom", "referrals.by_whom.", ByWhom), note}, nil
	case Fail:
		note.Hint = v.T("referrals.hint.other_note")
		return []input{pick("reason", "fail.", FailReasons), note}, nil
	case Hold:
		return []input{pick("reason", "hold.", HoldReasons), {Name: "until", Kind: "date", Label: label("until"), Hint: example, Optional: true}, note}, nil
	case Recall:
		return []input{pick("reason", "recall.", RecallReasons), note}, nil
	case RefuseRecall:
		return []input{{Name: "note", Kind: "words", Label: label("reason")}}, nil
	case Redirect:
		services, err := s.targets(ctx, v, r)
		return []input{{Name: "service_id", Kind: "select", Label: label("service"), Options: services}, {Name: "note", Kind: "words", Label: label("reason")}}, err
	case Waitlist:
		return []input{{Name: "estimate", Kind: "date", Label: label("estimate"), Hint: example, Optional: true}, note}, nil
	case Schedule:
		return []input{{Name: "starts_at_local", Kind: "moment", Label: label("moment"), Hint: v.T("referrals.hint.moment", "Date", ahead)}, {Name: "place", Kind: "line", Label: label("place"), Optional: true},
			{Name: "bring", Kind: "line", Label: label("bring"), Hint: v.T("referrals.hint.bring"), Optional: true}}, nil
	case Complete:
		service, err := s.Directory.Get(ctx, r.ServiceID)
		if err != nil {
			return nil, err
		}
		list := slices.DeleteFunc(slices.Clone(Outcomes), func(o string) bool { return !service.Uses(o) })
		return []input{pick("outcome", "outcome.", list), note}, nil
	case Confirm:
		return []input{pick("result", "referrals.result.", Results), pick("said_by", "referrals.said_by.", []string{"person", "desk"}), note}, nil
	case Assign:
		staff, err := s.staff(ctx, v, r)
		return []input{{Name: "user_id", Kind: "select", Label: label("assignee"), Options: staff, Optional: true}}, err
	case Send:
		return []input{{Name: "exception_reason", Kind: "words", Label: label("exception")}}, nil
	}
	return []input{note}, nil
}

// targets are the other services that answer to the need.
func (s *Service) targets(ctx context.Context, v *web.View, r Referral) ([]option, error) {
	offers, err := s.Directory.Find(ctx, directory.Search{Need: r.Need, All: true}, web.PageOf{Limit: web.MaxLimit})
	var out []option
	for _, o := range offers {
		if o.ID != r.ServiceID && !o.Letter() && o.Serves(r.Need) {
			out = append(out, option{o.ID.String(), o.Name().In(v.Lang) + " – " + s.tenantName(ctx, v, s.Tenants.Slug(ctx, o.TenantID))})
		}
	}
	return out, err
}

// staff are the people who may take the referral on.
func (s *Service) staff(ctx context.Context, v *web.View, r Referral) ([]option, error) {
	list, err := s.Accounts.WithRoles(ctx, r.ToUnit, s.workers(v.Tenant.Kind)...)
	var out []option
	for _, x := range list {
		o := option{x.ID.String(), written(x.Name, v.Lang)}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out, err
}

// actPage shows the form of one command.
func (s *Service) actPage(cmd Command) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		id, err := pageID(c)
		if err != nil {
			return err
		}
		r, err := s.reach(c.Std(), id, actPermission(cmd))
		if err != nil {
			return err
		}
		if _, ok := r.Rule(cmd); !ok {
			return s.changed(c, id, r.illegal(cmd))
		}
		if oncePress[cmd] && !r.asksSource(cmd) {
			return c.See("/referrals/" + id.String()) // it is one press on the page itself
		}
		values := url.Values{}
		if cmd == Schedule && r.StartsLocal != "" { // moved: what stands is kept unless it is changed
			day, hour, _ := strings.Cut(r.StartsLocal, "T")
			web.SetDay(values, "starts_at_local", day)
			if hm := strings.Split(hour, ":"); len(hm) > 1 {
				values.Set("starts_at_local_hour", hm[0])
				values.Set("starts_at_local_minute", hm[1])
			}
			values.Set("place", r.Place)
			values.Set("bring", r.Bring)
		}
		for _, name := range []string{"", "_month", "_year", "_hour", "_minute"} { // the script asks about what is typed
			if typed := c.Query("starts_at_local" + name); cmd == Schedule && typed != "" {
				values.Set("starts_at_local"+name, typed)
			}
		}
		return s.actForm(c, r, cmd, values, nil)
	}
}

// question is the last one that the receiver asked.
func (s *Service) question(ctx context.Context, id ID) (string, error) {
	list, err := s.Messages(ctx, id, web.PageOf{Limit: web.MaxLimit})
	for _, m := range list { // newest first
		if m.Kind == string(Ask) {
			return m.Text, err
		}
	}
	return "", err
}

func (s *Service) actForm(c *web.Ctx, r Referral, cmd Command, values url.Values, fields []fault.Field) error {
	ctx, v := c.Std(), c.View("")
	list, err := s.views(ctx, []Referral{r}, nil, nil)
	if err != nil {
		return err
	}
	f := actForm{Referral: list[0], Side: s.side(v.Actor, r), Values: values,
		deed: deed{Command: cmd, Word: v.T(actKey(v, r, cmd)), Icon: actIcons[cmd], Danger: dangerous[cmd]}}
	if f.Inputs, err = s.inputs(ctx, v, r, cmd); err != nil {
		return err
	}
	f.Title = v.T("referrals.act.of", "Act", f.Word, "Number", r.Number)
	if r.Number == "" {
		f.Title = f.Word
	}
	if lead := "referrals.lead." + string(cmd); hasLead[cmd] {
		f.Lead = v.T(lead)
	}
	if cmd == Schedule {
		if f.Answered, err = s.answer(ctx, v, &r, web.Moment(values, "starts_at_local")); err != nil {
			return err
		}
	}
	if cmd == Answer {
		if f.Question, err = s.question(ctx, r.ID); err != nil {
			return err
		}
	}
	for _, x := range fields {
		text := c.FieldSentence(x)
		for _, in := range f.Inputs {
			if in.Name == x.Field {
				text = v.T("referrals.problem", "Field", in.Label, "Problem", text)
			}
		}
		f.Problems = append(f.Problems, web.Problem{Field: x.Field, Text: text})
	}
	v.Title, v.Failed = f.Title, len(f.Problems) > 0
	return c.Render(actView(v, f))
}

// hasLead are the commands whose page says first what will happen.
var hasLead = map[Command]bool{Ask: true, Decline: true, Redirect: true, Fail: true, Recall: true, ConfirmRecall: true, RefuseRecall: true, MarkError: true, Complete: true, Confirm: true, Send: true, Schedule: true}

// actPost carries out one command.
func (s *Service) actPost(cmd Command) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		id, err := pageID(c)
		if err != nil {
			return err
		}
		ctx, f := c.Std(), c.Form()
		var old Referral // an assignment is undone by the one before it
		if cmd == Assign {
			if old, err = s.reach(ctx, id, actPermission(cmd)); err != nil {
				return err
			}
		}
		err = s.Do(ctx, id, actOf(cmd, f))
		if fields := web.Faults(err); fields != nil {
			r, rerr := s.reach(ctx, id, actPermission(cmd))
			if rerr != nil {
				return rerr
			}
			c.Unprocessable(err)
			return s.actForm(c, r, cmd, f, fields)
		}
		if fault.Has(err, fault.VersionConflict) || fault.Has(err, fault.IllegalTransition) || fault.Has(err, fault.NotPermitted) || fault.Has(err, fault.AlreadyOpen) {
			return s.changed(c, id, err)
		}
		if err != nil {
			return err
		}
		r, err := s.reach(ctx, id, read)
		if fault.Has(err, fault.NotFound) {
			return c.See("/home")
		}
		if err != nil {
			return err
		}
		if cmd == Send && r.State == Sent && !r.Letter() { // as from the form
			return c.See("/referrals/" + id.String() + "/sent")
		}
		if cmd == Schedule && r.StartsLocal != web.Moment(f, "starts_at_local") {
			c.Flash("flash.referral.schedule_moved", r.Number) // the clock is put forward over the time that was typed
		} else {
			tellActed(c, cmd, r, old.OwnerUser)
		}
		to := "/referrals/" + id.String()
		if s.side(c.Actor(), r) == policies.Receiver && r.OpenedAt.IsZero() {
			to += "?card=1"
		}
		return c.See(to)
	}
}

// undone are the commands that another one takes back, while nothing has been seen
// because of them.
var undone = map[Command]Command{Accept: UndoAccept, Recall: UndoRecall, Assign: Assign}

// tellActed says what was done, with the way back where there is one.
func tellActed(c *web.Ctx, cmd Command, r Referral, assignee ids.ID[ids.User]) {
	key := "flash.referral." + strings.ReplaceAll(string(cmd), "-", "_")
	back, ok := undone[cmd]
	if _, legal := r.Rule(back); !ok || !legal || r.asksSource(back) || cmd == Accept && !r.OpenedAt.IsZero() {
		c.Flash(key, r.Number)
		return
	}
	if c.Form().Get("undo") != "" {
		c.Flash("flash.undone", "")
		return
	}
	fields := url.Values{"version": {strconv.FormatInt(r.Version, 10)}}
	if cmd == Assign && !assignee.IsZero() {
		fields.Set("user_id", assignee.String())
	}
	c.FlashUndo(key, r.Number, "/referrals/"+r.ID.String()+"/"+string(back), fields)
}

// actOf reads the form of a command; what it cannot read stays as it was typed,
// for the command to refuse by name.
func actOf(cmd Command, f url.Values) Act {
	a := Act{Command: cmd, Note: strings.TrimSpace(f.Get("note")), Reason: f.Get("reason"), ByWhom: f.Get("by_whom"), Text: f.Get("text"), ReceiverNumber: f.Get("receiver_number"),
		Estimate: web.Day(f, "estimate"), Until: web.Day(f, "until"), Place: strings.TrimSpace(f.Get("place")), Bring: strings.TrimSpace(f.Get("bring")),
		Outcome: f.Get("outcome"), SaidBy: f.Get("said_by"), Source: f.Get("source"), Result: f.Get("result"), ExceptionReason: strings.TrimSpace(f.Get("exception_reason"))}
	a.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	a.UserID, _ = ids.Parse[ids.User](f.Get("user_id"))
	a.ServiceID, _ = ids.Parse[ids.Service](f.Get("service_id"))
	a.StartsLocal = web.Moment(f, "starts_at_local")
	return a
}

// backPath leads back to the referral without opening what has not been opened.
func backPath(f actForm) string {
	p := "/referrals/" + f.Referral.ID.String()
	if f.Side == policies.Receiver && f.Referral.row.OpenedAt.IsZero() {
		p += "?card=1"
	}
	return p
}
