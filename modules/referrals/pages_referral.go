package referrals

import (
	"context"
	"slices"
	"strings"

	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"

	"github.com/a-h/templ"
)

// sheet is everything that the page of one referral shows.
type sheet struct {
	View
	Side      policies.Relation
	Title     string
	Sub       string
	Back      string
	Other     string // the other side's name
	From, To  string
	Offer     directory.Service
	Ladder    []rung
	Clocks    []web.Clock
	DueDay    string
	Primary   *deed
	Deeds     []deed
	Events    []moment
	Messages  []letter
	Assignee  string
	Staff     bool // the reader may assign
	ToMe      bool
	Opened    string // who opened the person, and when
	CardOnly  bool   // accepted, and nobody has opened the person yet
	MayAdd    bool
	MaySay    bool
	MayShow   bool // the exchange may be read
	MayEdit   bool
	Settle    bool
	MayReview bool   // of a danger
	Joined    string // the partner that the body of a letter has become
	Changed   *change
	Problems  web.Problems
	Said      string         // a message that was refused, shown again
	Upload    documents.Form // of a file that was refused, but for the file
	Place     map[string]string
}

// OfPerson is the panel of a person's referrals on the page of the record; nil where
// the reader reads none of them.
func (s *Service) OfPerson(ctx context.Context, v *web.View, id ids.ID[ids.Person]) (templ.Component, error) {
	if !s.Law.Allow(v.Actor, read, policies.Sender) {
		return nil, nil
	}
	rows, err := s.List(ctx, Search{Box: "out", Person: id}, web.PageOf{Limit: 20})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	lines, err := s.lines(ctx, v, rows[:min(len(rows), 20)])
	return personPanel(v, lines), err
}

// person is what an accepted referral has shown, as a record begins.
func (i Identity) person() people.Person {
	return people.Person{Anonymous: i.Alias != "", Alias: i.Alias, GivenNameAr: i.GivenNameAr, FamilyNameAr: i.FamilyNameAr, GivenName: i.GivenName, FamilyName: i.FamilyName,
		Sex: i.Sex, BirthDate: i.BirthDate, BirthPrecision: i.BirthPrecision, Commune: i.Commune, Private: people.Private{Phones: i.Phones, Address: i.Address}}
}

// rung is one line of the disclosure ladder.
type rung struct {
	Kind, Icon, When, What, Detail string
}

// moment is one line of the path.
type moment struct {
	Word, Fact, Who string
}

// letter is one message.
type letter struct {
	MessageView
	Mine bool
	Who  string
}

// change says what happened meanwhile, when an act came too late.
type change struct{ Fact, Sentence string }

func (s *Service) referralPage(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	var r View
	if c.Query("card") == "1" {
		r, err = s.Card(c.Std(), id)
	} else {
		r, err = s.Get(c.Std(), id)
	}
	if err != nil {
		return err
	}
	return s.render(c, r, func(*web.View, *sheet) {})
}

// shownAgain shows the page after a refused form; it opens nothing.
func (s *Service) shownAgain(c *web.Ctx, id ID, cause error, with func(v *web.View, p *sheet)) error {
	r, err := s.After(c.Std(), id)
	if err != nil {
		return err
	}
	c.Unprocessable(cause)
	return s.render(c, r, with)
}

// changed shows the current state to somebody whose act came too late or is not
// permitted, with what happened meanwhile.
func (s *Service) changed(c *web.Ctx, id ID, cause error) error {
	return s.shownAgain(c, id, cause, func(v *web.View, p *sheet) {
		p.Changed = &change{Fact: v.T("referrals.changed.fact"), Sentence: sentence(c, cause)}
		if fault.Has(cause, fault.NotPermitted) || fault.Has(cause, fault.AlreadyOpen) {
			p.Changed.Fact = v.T("referrals.changed.refused")
			return
		}
		if len(p.Events) > 0 {
			e := p.Events[0]
			p.Changed.Sentence = strings.Join([]string{v.T("referrals.changed.now", "State", stateWord(v, p.State, p.Side)), e.Who}, " · ")
		}
	})
}

func sentence(c *web.Ctx, err error) string {
	if f, ok := err.(*fault.Error); ok {
		return c.Sentence(f)
	}
	return c.Sentence(fault.New(fault.CodeOf(err)))
}

func (s *Service) render(c *web.Ctx, r View, with func(v *web.View, p *sheet)) error {
	v := c.View("")
	p, err := s.sheet(c.Std(), v, r)
	if err != nil {
		return err
	}
	with(v, &p)
	if v.Path = "/referrals/" + p.ID.String(); p.CardOnly {
		v.Path += "?card=1" // changing the language opens nothing
	}
	g := s.glimpse(v.Actor, p.row)
	v.Watch = web.Watch{ID: p.ID.String(), Version: g.Version, Open: g.Open}
	v.Title = p.Title
	v.Failed = p.Changed != nil || len(p.Problems) > 0
	return c.Render(referralView(v, p))
}

func (s *Service) sheet(ctx context.Context, v *web.View, r View) (sheet, error) {
	now := v.Now
	p := sheet{View: r, Side: s.side(v.Actor, r.row), From: s.tenantName(ctx, v, r.From.Tenant), To: s.tenantName(ctx, v, r.To.Tenant), Back: "out", Place: map[string]string{}}
	rels := relations(v.Actor, r.row)
	p.Other = p.To
	if p.Side == policies.Receiver {
		p.Other, p.Back = p.From, "in"
	}
	if r.row.Letter() {
		p.To, p.Other, p.Back = r.To.Organization.Name.In(v.Lang), r.To.Organization.Name.In(v.Lang), "out"
		body, err := s.Directory.Organization(ctx, r.row.OrganizationID)
		if err != nil {
			return p, err
		}
		if !body.Joined.IsZero() {
			p.Joined = s.Tenants.Slug(ctx, body.Joined)
		}
	}
	p.Title = titleOf(v, r)
	p.Sub = r.Service.Name.In(v.Lang) + " · " + p.Other
	if r.Identity != nil {
		p.Sub = p.Title + " · " + p.Sub
		if name := r.Identity.DisplayName(v.Lang == i18n.Arabic); name != "" {
			p.Title = name
		}
		p.Place["commune"] = s.placeWord(v, r.Identity.Commune)
	}
	if r.DisplayName != "" {
		p.Title, p.Sub = r.DisplayName, p.Title+" · "+p.Sub
	}
	p.Place["district"] = s.placeWord(v, r.Card.District)
	var err error
	if p.Offer, err = s.Directory.Get(ctx, r.row.ServiceID); err != nil && !fault.Has(err, fault.NotFound) {
		return p, err
	}
	p.Deeds, p.Primary = s.deeds(v, r.row, now)
	p.CardOnly = p.Side == policies.Receiver && r.row.WasAccepted() && r.row.OpenedAt.IsZero() && len(r.row.openNow(now)) > 1
	if p.Clocks, p.DueDay, err = s.clocks(ctx, v, r.row, p.Side); err != nil {
		return p, err
	}
	p.MaySay = r.row.IsOpen && !r.row.SentAt.IsZero() && s.Law.Allow(v.Actor, message, rels...)
	p.MayShow = s.Law.Allow(v.Actor, message, rels...) && !r.row.Letter()
	p.MaySay = p.MaySay && p.MayShow
	p.Staff = s.may(v.Actor, r.row, Assign, rels, now)
	p.MayEdit = s.Law.Allow(v.Actor, update, rels...)
	p.Settle = r.row.ToDecide && p.Side == policies.Sender && s.Law.Allow(v.Actor, actPermission(Confirm), rels...)
	p.MayReview = r.Danger && !r.row.SentAt.IsZero() && r.row.ReviewedAt.IsZero() && p.Side == policies.Sender && s.Law.Allow(v.Actor, review, rels...)
	if sub, err := s.Subject(ctx, r.ID); err == nil {
		p.MayAdd = sub.MayAdd
	}
	if p.Ladder, err = s.ladder(ctx, v, r.row); err != nil {
		return p, err
	}
	return p, s.exchange(ctx, v, &p)
}

// exchange adds messages, path and names.
func (s *Service) exchange(ctx context.Context, v *web.View, p *sheet) error {
	var users []ids.ID[ids.User]
	for _, u := range []ids.ID[ids.User]{p.row.OwnerUser, p.row.OpenedBy, p.row.FromUser} {
		if !u.IsZero() {
			users = append(users, u)
		}
	}
	var sent []MessageView
	var err error
	if p.MayShow {
		if sent, err = s.Messages(ctx, p.ID, web.PageOf{Limit: 100}); err != nil {
			return err
		}
	}
	for _, m := range sent {
		users = append(users, m.byUser)
	}
	names, err := s.Accounts.Names(ctx, users...)
	if err != nil {
		return err
	}
	name := func(u ids.ID[ids.User]) string { return written(names[u], v.Lang) }
	slices.Reverse(sent)
	for _, m := range sent {
		l := letter{MessageView: m, Mine: m.FromTenant == v.Tenant.Slug}
		who := s.tenantName(ctx, v, m.FromTenant)
		if l.Mine {
			who = v.T("referrals.you")
			if n := name(m.byUser); n != "" {
				who += " · " + n
			}
		}
		l.Who = who + " · " + when(v, m.At)
		p.Messages = append(p.Messages, l)
	}
	if p.Side == policies.Receiver {
		p.Assignee = name(p.row.OwnerUser)
		p.ToMe = p.Staff && p.row.OwnerUser != v.Actor.User && slices.ContainsFunc(v.Actor.Roles, func(r string) bool { return slices.Contains(s.workers(v.Tenant.Kind), r) })
		if !p.row.OpenedAt.IsZero() {
			p.Opened = v.T("referrals.opened.by", "Name", name(p.row.OpenedBy), "When", when(v, p.row.OpenedAt))
		}
	} else {
		p.Assignee = name(p.row.Sender())
		if !p.row.OpenedAt.IsZero() {
			p.Opened = v.T("referrals.opened.partner", "When", when(v, p.row.OpenedAt))
		}
	}
	events, err := s.Events(ctx, p.ID, web.PageOf{Limit: web.MaxLimit})
	if err != nil {
		return err
	}
	slices.Reverse(events)
	for _, e := range events {
		p.Events = append(p.Events, s.moment(ctx, v, e, *p))
	}
	return nil
}

func (s *Service) moment(ctx context.Context, v *web.View, e EventView, p sheet) moment {
	m := moment{Word: v.T("referrals.event." + e.Event)}
	var facts []string
	if e.Event == "scheduled" && p.Appointment != nil && p.State == Scheduled && e.ToState == Scheduled && m.Word != "" && len(p.Events) == 0 {
		facts = append(facts, appointmentWords(v, p.Appointment.StartsAtLocal))
	}
	if w := reasonWords(v, e.Event, e.Reason); w != "" {
		facts = append(facts, w)
	}
	if e.Note != "" {
		facts = append(facts, e.Note)
	}
	m.Fact = strings.Join(facts, " · ")
	who := s.tenantName(ctx, v, e.Actor.Tenant)
	if e.Actor.Role == "system" {
		who = v.T("referrals.system")
	} else if e.Actor.Name != "" {
		who = e.Actor.Name
	}
	m.Who = who + " · " + when(v, e.At)
	return m
}

// ladder says what of the person opens when, and what stays shut and why.
func (s *Service) ladder(ctx context.Context, v *web.View, r Referral) ([]rung, error) {
	if r.State == EnteredInError {
		return nil, nil
	}
	now, g := v.Now, r.grant()
	annex, err := s.Agreements.AnnexOf(ctx, r.AgreementID, r.FromTenant, r.ToTenant)
	if err == nil && r.SentAt.IsZero() && s.side(v.Actor, r) == policies.Sender {
		// No agreement is bound yet: the one that sending now would bind.
		g, annex, err = s.wouldGrant(ctx, r, now)
	}
	if err != nil {
		return nil, err
	}
	open := r.openNow(now)
	over := !r.IsOpen && len(open) <= 1
	documentsWord := v.T("referrals.slice.documents")
	if r.CardDocuments > 0 {
		documentsWord = v.T("referrals.documents.count", "Count", r.CardDocuments)
	}
	var out []rung
	for _, x := range []struct {
		slice   policies.Slice
		granted bool
		what    string
		when    string
	}{
		{policies.Card, true, v.T("referrals.slice.card"), "sent"},
		{policies.Identity, g.Identity, v.T("referrals.slice.identity"), "accepted"},
		{policies.Social, g.Social, v.T("referrals.slice.social"), "accepted"},
		{policies.Documents, g.Documents, documentsWord, "one_by_one"},
		{policies.Summary, g.Summary, v.T("referrals.slice.summary"), "started"},
	} {
		l := rung{Kind: "later", Icon: "lock", What: x.what, When: v.T("referrals.ladder." + x.when), Detail: v.T("referrals.slice." + string(x.slice) + ".detail")}
		switch {
		case x.slice == policies.Card && !r.SentAt.IsZero(), slices.Contains(open, x.slice) && (x.slice != policies.Documents || !r.AcceptedAt.IsZero()):
			l.Kind, l.Icon, l.When = "open", "eye", v.T("referrals.ladder.now")
		case !x.granted:
			l.Kind, l.Icon, l.When, l.Detail = "shut", "minus-disc", v.T("referrals.ladder.never"), v.T("referrals.shut."+whyShut(r, annex, x.slice))
		case over:
			l.Kind, l.Icon, l.When, l.Detail = "shut", "minus-disc", v.T("referrals.ladder.never"), v.T("referrals.shut.over")
			if x.slice == policies.Identity && slices.Contains(open, policies.Name) {
				l.Detail = v.T("referrals.shut.name_kept")
			}
		}
		if x.slice == policies.Identity && x.granted && !g.Contact {
			l.What, l.Detail = v.T("referrals.slice.identity_only"), v.T("referrals.slice.identity_only.detail")
		}
		out = append(out, l)
	}
	return out, nil
}

// whyShut names what keeps a slice closed for good.
func whyShut(r Referral, annex policies.Annex, x policies.Slice) string {
	wanted := policies.Split(r.Wanted)
	switch {
	case r.State == Recalled && r.ReasonCode == "consent_withdrawn":
		return "withdrawn"
	case len(wanted) > 0 && !slices.Contains(wanted, x):
		return "unwanted"
	case len(annex[x]) == 0:
		return "annex"
	case r.Basis != "consent":
		return "basis"
	}
	return "consent"
}
