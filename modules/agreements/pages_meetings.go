package agreements

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

func (s *Service) meetingPages() []web.Route {
	const list, one = "/agreements/:id/meetings", "/agreements/:id/meetings/:meeting"
	return []web.Route{
		web.Page(http.MethodGet, list, Read, s.meetingsPage),
		web.Page(http.MethodGet, list+"/new", meet, s.planPage),
		web.Page(http.MethodPost, list+"/new", meet, s.planPost),
		web.Page(http.MethodGet, one, Read, s.meetingPage),
		web.Page(http.MethodPost, one+"/act/:what", meet, s.meetingPost),
		web.Page(http.MethodGet, one+"/minutes", Read, s.minutesPage),
	}
}

var meetingLooks = map[MeetingState]look{Planned: {"b", "calendar"}, Held: {"s", "pencil"}, Closed: {"g", "check-disc"}, CalledOff: {"n", "x-disc"}}

var decisionLooks = map[string]look{"todo": {"n", "list"}, "doing": {"t", "half"}, "blocked": {"s", "pause"}, "done": {"g", "check-disc"}, "cancelled": {"n", "x-disc"}}

// meetings is what the list of meetings shows.
type meetings struct {
	Agreement   ids.ID[ids.Agreement]
	Number      string
	Rows        []meetingLine
	First, Next string
	Plans       bool // the reader can plan one
}

type meetingLine struct {
	Meeting
	When string
	Open int // decisions whose task is not over
}

// plans reports whether the reader can plan a meeting on an agreement.
func (s *Service) plans(ctx context.Context, a Agreement) bool {
	return !a.State.Ended() && s.Law.Allow(tenants.From(ctx), meet, s.Relations(ctx, a)...)
}

// meetingWhen is the wall clock of a meeting in words.
func meetingWhen(l i18n.Lang, m Meeting) string {
	t, err := time.Parse(localTime, m.StartsLocal)
	if err != nil {
		return m.StartsLocal
	}
	return i18n.LongDate(l, t) + " · " + i18n.Clock(t)
}

func lineOf(v *web.View, m Meeting) meetingLine {
	l := meetingLine{Meeting: m, When: meetingWhen(v.Lang, m)}
	for _, d := range m.Decisions {
		if d.State == "todo" || d.State == "doing" || d.State == "blocked" {
			l.Open++
		}
	}
	return l
}

func (s *Service) meetingsPage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	ctx, v := c.Std(), c.View("")
	o, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	page, err := (web.Paging{Limit: strconv.Itoa(perPage), After: c.Query("after")}).Decode("page", id.String())
	if err != nil {
		return err
	}
	rows, err := s.Meetings(ctx, id, page.After, page.Limit+1)
	if err != nil {
		return err
	}
	cut := web.Cut(page, rows, func(m Meeting) string { return m.ID.String() }, func(m Meeting) meetingLine { return lineOf(v, m) })
	x := meetings{Agreement: id, Number: o.Number, Rows: cut.Items, Plans: s.plans(ctx, o.Agreement)}
	path := "/agreements/" + id.String() + "/meetings"
	if c.Query("after") != "" {
		x.First = path
	}
	if cut.Next != nil {
		x.Next = path + "?after=" + *cut.Next
	}
	v.Title = v.T("agreements.meetings.of", "Number", o.Number)
	return c.Render(meetingsView(v, x))
}

// planForm is the form of a new meeting.
type planForm struct {
	Agreement ids.ID[ids.Agreement]
	Number    string
	Values    url.Values
	Problems  web.Problems
	Refusal   string
}

func (s *Service) planPage(c *web.Ctx) error {
	return s.showPlan(c, planForm{Values: url.Values{"kind": {"follow_up"}, "starts_at_local_hour": {"10"}, "starts_at_local_minute": {"00"}}})
}

func (s *Service) showPlan(c *web.Ctx, x planForm) error {
	var err error
	if x.Agreement, err = s.agreementID(c); err != nil {
		return err
	}
	o, err := s.Get(c.Std(), x.Agreement)
	if err != nil {
		return err
	}
	if !s.plans(c.Std(), o.Agreement) {
		return fault.New(fault.NotFound)
	}
	x.Number = o.Number
	v := c.View("")
	v.Title = v.T("agreements.meeting.plan")
	return c.Render(planView(v, x))
}

func (s *Service) planPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	m := Meeting{Kind: f.Get("kind"), StartsLocal: web.Moment(f, "starts_at_local"), Place: strings.TrimSpace(f.Get("place")), Agenda: typedLines(c.Lang(), f.Get("agenda"))}
	m, err = s.PlanMeeting(c.Std(), id, 0, m)
	switch {
	case err == nil:
		c.Flash("flash.agreements.meeting.planned", "")
		return c.See("/agreements/" + id.String() + "/meetings/" + m.ID.String())
	case len(web.Faults(err)) > 0:
		c.Unprocessable(err)
		return s.showPlan(c, planForm{Values: f, Problems: web.ProblemsOf(c, web.Faults(err), "agreements.meeting.label.", meetingControl)})
	}
	return err
}

// meetingControl is the control of a faulty field: the last name of its path.
func meetingControl(field string) string {
	if i := strings.LastIndex(field, "."); i >= 0 && field[:i] != "minutes" {
		field = field[i+1:]
	}
	name, _, _ := strings.Cut(field, "[")
	return strings.ReplaceAll(name, ".", "_")
}

// typedLines are the lines of an agenda as they are typed, one a line, in the language
// of who types.
func typedLines(l i18n.Lang, text string) (out []AgendaLine) {
	for _, words := range lines(text) {
		t := Title{Fr: words}
		if l == i18n.Arabic {
			t = Title{Ar: words}
		}
		out = append(out, typedLine(t))
	}
	return out
}

// in is a label in the reader's language, else in one that there is.
func (l Label) in(lang i18n.Lang) string {
	said := map[i18n.Lang]string{i18n.Arabic: l.Ar, i18n.French: l.Fr, i18n.English: l.En}
	for _, try := range []i18n.Lang{lang, i18n.French, i18n.Arabic, i18n.English} {
		if said[try] != "" {
			return said[try]
		}
	}
	return ""
}

// gathering is what the page of one meeting shows.
type gathering struct {
	OpenedMeeting
	When      string
	Names     map[string]string // of the parties
	People    map[ids.ID[ids.User]]string
	Owners    []web.ChoiceGroup
	Parties   []web.Choice
	Writes    bool // the reader may write what is open
	Begun     bool
	Refusal   string
	Failed    string     // the form that is shown again
	Values    url.Values // as it was typed
	OtherLang i18n.Lang  // of printed minutes
	Keeper    string     // whose paper the minutes are
}

func (g gathering) path() string {
	return "/agreements/" + g.AgreementID.String() + "/meetings/" + g.ID.String()
}

// typed is what a form that failed held, else what stands.
func (g gathering) typed(form, name, stands string) string {
	if g.Failed == form {
		return g.Values.Get(name)
	}
	return stands
}

// meetingIDs are the two ids of a meeting's address.
func (s *Service) meetingIDs(c *web.Ctx) (id ids.ID[ids.Agreement], which ids.ID[ids.Meeting], err error) {
	if id, err = s.agreementID(c); err != nil {
		return id, which, err
	}
	if which, err = ids.Parse[ids.Meeting](c.Params("meeting")); err != nil {
		return id, which, fault.New(fault.NotFound)
	}
	return id, which, nil
}

func (s *Service) meetingPage(c *web.Ctx) error { return s.showMeeting(c, "", "") }

// gather reads a meeting as its pages show it, in a language.
func (s *Service) gather(c *web.Ctx, v *web.View) (g gathering, err error) {
	id, which, err := s.meetingIDs(c)
	if err != nil {
		return g, err
	}
	ctx := c.Std()
	if g.OpenedMeeting, err = s.Meeting(ctx, id, which); err != nil {
		return g, err
	}
	g.When, g.Names, g.People = meetingWhen(v.Lang, g.Meeting), map[string]string{}, map[ids.ID[ids.User]]string{}
	for _, p := range g.Agreement.Parties {
		g.Names[p.Key()] = s.parties(ctx, v, []Party{p})
		g.Parties = append(g.Parties, web.Choice{Value: p.Key(), Word: g.Names[p.Key()]})
	}
	g.Keeper = s.name(ctx, v, s.Tenants.Slug(ctx, g.TenantID))
	at, _ := g.Starts(meetingZone())
	g.Begun = !at.After(v.Now)
	g.Writes = s.Law.Allow(v.Actor, meet, s.Relations(ctx, g.Agreement.Agreement)...)
	if !g.Writes {
		return g, nil
	}
	people, err := s.Owners(ctx)
	group := web.ChoiceGroup{Word: v.T("agreements.decision.people")}
	for _, p := range people {
		g.People[p.ID] = p.Name.In(v.Lang)
		group.Choices = append(group.Choices, web.Choice{Value: "user:" + p.ID.String(), Word: g.People[p.ID]})
	}
	parties := web.ChoiceGroup{Word: v.T("agreements.decision.parties")}
	for _, p := range g.Parties {
		parties.Choices = append(parties.Choices, web.Choice{Value: "party:" + p.Value, Word: p.Word})
	}
	g.Owners = []web.ChoiceGroup{group, parties}
	return g, err
}

func (s *Service) showMeeting(c *web.Ctx, refusal, failed string) error {
	v := c.View("")
	g, err := s.gather(c, v)
	if err != nil {
		return err
	}
	g.Refusal, g.Failed, g.Values = refusal, failed, c.Form()
	if g.Values == nil {
		g.Values = url.Values{}
	}
	if failed != "time" {
		f := url.Values{}
		web.SetDay(f, "starts_at_local", g.Day())
		_, clock, _ := strings.Cut(g.StartsLocal, "T")
		hour, minute, _ := strings.Cut(clock, ":")
		f.Set("starts_at_local_hour", hour)
		f.Set("starts_at_local_minute", minute)
		if failed != "" {
			for name := range g.Values {
				f[name] = g.Values[name]
			}
		}
		g.Values = f
	}
	v.Title = v.T("agreements.meeting.kind." + g.Kind)
	return c.Render(oneMeetingView(v, g))
}

// minutesPage is the minutes on paper, in Arabic or French.
func (s *Service) minutesPage(c *web.Ctx) error {
	v := c.View("")
	v.Lang = i18n.French
	if l, ok := i18n.Parse(c.Query("lang")); ok && l == i18n.Arabic || !ok && c.Lang() == i18n.Arabic {
		v.Lang = i18n.Arabic
	}
	g, err := s.gather(c, v)
	if err != nil {
		return err
	}
	if g.State != Held && g.State != Closed {
		return fault.New(fault.NotFound)
	}
	g.OtherLang = map[i18n.Lang]i18n.Lang{i18n.Arabic: i18n.French, i18n.French: i18n.Arabic}[v.Lang]
	v.Title = v.T("agreements.minutes.title")
	return c.Render(minutesView(v, g))
}

// written are the minutes in a language, else in the other.
func (m Meeting) written(l i18n.Lang) (text string, in i18n.Lang) {
	if l == i18n.Arabic && m.MinutesAr != "" || m.MinutesFr == "" {
		return m.MinutesAr, i18n.Arabic
	}
	return m.MinutesFr, i18n.French
}

// meetingParts are the forms of a meeting's page that write a part of it.
var meetingParts = map[string]func(m *Meeting, f url.Values, l i18n.Lang, keeper string) error{
	"time": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		m.StartsLocal, m.Place = web.Moment(f, "starts_at_local"), strings.TrimSpace(f.Get("place"))
		return nil
	},
	"line": func(m *Meeting, f url.Values, l i18n.Lang, _ string) error {
		fresh := typedLines(l, f.Get("agenda"))
		if len(fresh) == 0 {
			return fault.In("agenda", "required")
		}
		m.Agenda = append(slices.Clone(m.Agenda), fresh...)
		return nil
	},
	"shift": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		id, err := ids.Parse[ids.Entry](f.Get("line"))
		if err != nil {
			return fault.New(fault.NotFound)
		}
		switch f.Get("by") {
		case "up":
			m.Shift(id, -1)
		case "down":
			m.Shift(id, 1)
		case "out":
			m.Agenda = slices.DeleteFunc(slices.Clone(m.Agenda), func(x AgendaLine) bool { return x.ID == id })
		}
		return nil
	},
	"attendee": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		m.Attendance = append(slices.Clone(m.Attendance), Attendee{f.Get("party"), strings.TrimSpace(f.Get("name")), strings.TrimSpace(f.Get("quality")), f.Get("presence")})
		return nil
	},
	"attendee-out": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		if i, err := strconv.Atoi(f.Get("position")); err == nil && i >= 0 && i < len(m.Attendance) {
			m.Attendance = slices.Delete(slices.Clone(m.Attendance), i, i+1)
		}
		return nil
	},
	"minutes": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		m.MinutesAr, m.MinutesFr = strings.TrimSpace(f.Get("minutes_ar")), strings.TrimSpace(f.Get("minutes_fr"))
		return nil
	},
	"decision": func(m *Meeting, f url.Values, _ i18n.Lang, keeper string) error {
		d := Decision{Words: strings.TrimSpace(f.Get("text")), DueOn: web.Day(f, "due_on")}
		if id, ok := strings.CutPrefix(f.Get("owner"), "user:"); ok {
			user, err := ids.Parse[ids.User](id)
			if err != nil {
				return fault.New(fault.NotFound)
			}
			d.Party, d.UserID = keeper, user
		} else {
			d.Party = strings.TrimPrefix(f.Get("owner"), "party:")
		}
		m.Decisions = append(slices.Clone(m.Decisions), d)
		return nil
	},
	"decision-out": func(m *Meeting, f url.Values, _ i18n.Lang, _ string) error {
		m.Decisions = slices.DeleteFunc(slices.Clone(m.Decisions), func(d Decision) bool { return d.ID.String() == f.Get("decision") })
		return nil
	},
}

// meetingPost writes one part of a meeting or gives a command; a refusal is said on top
// of its page, with what was typed.
func (s *Service) meetingPost(c *web.Ctx) error {
	id, which, err := s.meetingIDs(c)
	if err != nil {
		return err
	}
	ctx, f, what := c.Std(), c.Form(), c.Params("what")
	seen, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	version := max(seen, 1)
	switch part, known := meetingParts[what]; {
	case known:
		err = s.ChangeMeeting(ctx, id, which, version, what, func(m *Meeting) error { return part(m, f, c.Lang(), s.Tenants.Slug(ctx, m.TenantID)) })
	case what == "fill":
		err = s.FillAgenda(ctx, id, which, version)
	case what == "note":
		_, err = s.Correct(ctx, id, which, version, f.Get("text"))
	case MeetingTable[MeetingCommand(what)].Event != "":
		err = s.DoMeeting(ctx, id, which, MeetingAct{MeetingCommand(what), version, f.Get("reason")})
	default:
		return fault.New(fault.NotFound)
	}
	if err == nil {
		return c.See("/agreements/" + id.String() + "/meetings/" + which.String())
	}
	said := s.meetingRefusal(c, err)
	if said == "" {
		return err
	}
	c.Unprocessable(err)
	return s.showMeeting(c, said, what)
}

// meetingRefusal is a fault in words, "" for one that is no answer to a form.
func (s *Service) meetingRefusal(c *web.Ctx, err error) string {
	if len(web.Faults(err)) == 0 {
		return s.refusal(c, err)
	}
	var out []string
	for _, p := range web.ProblemsOf(c, web.Faults(err), "agreements.meeting.label.", meetingControl) {
		out = append(out, p.Text)
	}
	return strings.Join(out, " · ")
}

// latestMeetings is what the agreement's page says of its meetings.
func (s *Service) latestMeetings(ctx context.Context, v *web.View, id ids.ID[ids.Agreement]) ([]meetingLine, error) {
	list, err := s.Meetings(ctx, id, "", 3)
	out := make([]meetingLine, len(list))
	for i, m := range list {
		out[i] = lineOf(v, m)
	}
	return out, err
}

// ownerOf names who does a decision: of the keeper's people to the keeper alone.
func (g gathering) ownerOf(d Decision) string {
	if name := g.People[d.UserID]; name != "" {
		return name + " · " + g.Names[d.Party]
	}
	return g.Names[d.Party]
}
