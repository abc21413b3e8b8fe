package referrals

import (
	"context"
	"slices"
	"strconv"
	"time"

	"shubbak/modules/accounts"
	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

type accountsStaff = accounts.Staff

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// relations is how the actor stands to a referral. It stands here, not in the
// domain file, which knows no actor.
func relations(a tenants.Actor, r Referral) []policies.Relation {
	var out []policies.Relation
	if a.Tenant == nil {
		return nil
	}
	if r.FromTenant == a.Tenant.ID && a.Reaches(r.FromUnit) {
		out = append(out, policies.Sender)
	}
	if r.FromTenant == a.Tenant.ID && r.State == AwaitingApproval && r.Exception {
		out = append(out, policies.Arbiter)
	}
	if r.ToTenant == a.Tenant.ID && !r.SentAt.IsZero() && a.Reaches(r.ToUnit) {
		out = append(out, policies.Receiver)
		if r.OwnerUser == a.User {
			out = append(out, policies.Assignee)
		}
	}
	return out
}

// reach loads a referral that the actor may read, and refuses what this relation
// may not: not_found outside, forbidden inside.
func (s *Service) reach(ctx context.Context, id ID, p policies.Permission) (Referral, error) {
	var r Referral
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		r, err = byID(ctx, id)
		return err
	})
	if err != nil {
		return r, err
	}
	a := tenants.From(ctx)
	rels := relations(a, r)
	if len(rels) == 0 || !s.Law.Allow(a, read, rels...) {
		return r, fault.New(fault.NotFound)
	}
	if p == actPermission(Approve) || p == actPermission(Return) {
		// An exception is judged by the coordinator, everything else by the supervisor.
		rels = slices.DeleteFunc(rels, func(x policies.Relation) bool {
			return r.Exception && x == policies.Sender || !r.Exception && x == policies.Arbiter
		})
	}
	if !s.Law.Allow(a, p, rels...) {
		return r, fault.New(fault.Forbidden)
	}
	return r, nil
}

// side tells as whom the actor reads: in the first of these relations in which the
// law lets one of the actor's roles read. A coordinator reaches every desk, and
// still reads a referral only as the judge of an exception.
func (s *Service) side(a tenants.Actor, r Referral) policies.Relation {
	rels := relations(a, r)
	for _, x := range []policies.Relation{policies.Sender, policies.Receiver} {
		if slices.Contains(rels, x) && s.Law.Allow(a, read, x) {
			return x
		}
	}
	if slices.Contains(rels, policies.Assignee) {
		return policies.Receiver
	}
	return policies.Arbiter
}

// Get opens a referral. For the receiver it opens the slices that stand open, and
// writes the disclosure and the audit entry before it returns.
func (s *Service) Get(ctx context.Context, id ID) (View, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, r)
}

// After is what a command answers: the card alone until somebody has opened the
// person, so that an acceptance can still be taken back.
func (s *Service) After(ctx context.Context, id ID) (View, error) {
	var r Referral
	if err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		r, err = byID(ctx, id)
		return err
	}); err != nil {
		return View{}, err
	}
	// The judge of an exception has no part in it once it is judged: the card is all
	// that the answer holds.
	judged := !s.Law.Allow(tenants.From(ctx), read, relations(tenants.From(ctx), r)...)
	if judged || s.side(tenants.From(ctx), r) == policies.Receiver && r.OpenedAt.IsZero() {
		return s.card(ctx, r)
	}
	return s.show(ctx, r)
}

// Card shows a referral without opening anything: the page after an acceptance.
func (s *Service) Card(ctx context.Context, id ID) (View, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return View{}, err
	}
	return s.card(ctx, r)
}

func (s *Service) card(ctx context.Context, r Referral) (View, error) {
	list, err := s.views(ctx, []Referral{r}, nil)
	if err != nil {
		return View{}, err
	}
	return list[0], s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "referral", ID: r.ID.String(), Fields: []string{"card"}})
}

func (s *Service) show(ctx context.Context, r Referral) (View, error) {
	a := tenants.From(ctx)
	switch s.side(a, r) {
	case policies.Arbiter:
		return s.card(ctx, r)
	case policies.Sender:
		return s.showOwn(ctx, r)
	}
	open := r.openNow(s.Clock.Now())
	if len(open) <= 1 {
		return s.card(ctx, r)
	}
	return s.showOpen(ctx, r, open)
}

// showOwn is the sender's view: everything it wrote.
func (s *Service) showOwn(ctx context.Context, r Referral) (View, error) {
	list, err := s.views(ctx, []Referral{r}, nil)
	if err != nil {
		return View{}, err
	}
	v := list[0]
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return v, err
	}
	id := ownIdentity(p)
	v.Identity = &id
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := slicesOf(ctx, r.ID)
		if err != nil {
			return err
		}
		c, err := s.open(ctx, rows)
		v.Social = c[r.ID].Social
		return err
	})
	if err != nil {
		return v, err
	}
	if v.Documents, err = s.documents(ctx, r); err != nil {
		return v, err
	}
	return v, s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "referral", ID: r.ID.String(), Fields: []string{"card", "identity", "social", "documents"}})
}

// showOpen is the receiver's view with the slices that stand open. The disclosure
// register has one line per user, slice, referral and day.
func (s *Service) showOpen(ctx context.Context, r Referral, open []policies.Slice) (View, error) {
	a, now := tenants.From(ctx), s.Clock.Now()
	day := now.In(s.zone).Format(time.DateOnly)
	var rows []sliceRow
	known := false
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		have, err := disclosed(ctx, r.ID, a.User, day)
		if err != nil {
			return err
		}
		known = !r.OpenedAt.IsZero()
		for _, o := range []policies.Slice{policies.Identity, policies.Social} {
			known = known && (!slices.Contains(open, o) || slices.Contains(have, string(o)))
		}
		if known {
			rows, err = slicesOf(ctx, r.ID)
		}
		return err
	})
	if err == nil && !known {
		err = s.DB.InTx(ctx, func(ctx context.Context) error {
			// The mark locks the row: whatever closes the slices waits, or is seen here.
			if err := markOpened(ctx, r.ID, a.User, now); err != nil {
				return err
			}
			if r, err = byID(ctx, r.ID); err != nil {
				return err
			}
			open = r.openNow(now)
			if rows, err = slicesOf(ctx, r.ID); err != nil || len(rows) == 0 {
				return err
			}
			var lines []disclosureRow
			for _, x := range rows {
				lines = append(lines, disclosureRow{ReferralID: r.ID, What: string(x.Slice), UserID: a.User, Day: day, Slice: x.Slice, FromTenant: r.FromTenant, ToTenant: r.ToTenant, PersonID: r.PersonID, At: now})
			}
			return insertDisclosures(ctx, lines)
		})
	}
	if err != nil {
		return View{}, err
	}
	list, err := s.views(ctx, []Referral{r}, nil)
	if err != nil {
		return View{}, err
	}
	v := list[0]
	c, err := s.open(ctx, rows)
	if err != nil {
		return v, err
	}
	fields := []string{"card"}
	if slices.Contains(open, policies.Identity) && c[r.ID].Identity != nil {
		v.Identity = c[r.ID].Identity
		fields = append(fields, "identity")
	}
	if slices.Contains(open, policies.Social) && c[r.ID].Social != nil {
		v.Social = c[r.ID].Social
		fields = append(fields, "social")
	}
	if slices.Contains(open, policies.Documents) {
		if v.Documents, err = s.documents(ctx, r); err != nil {
			return v, err
		}
		fields = append(fields, "documents")
	}
	return v, s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "referral", ID: r.ID.String(), Fields: fields})
}

// documents lists what the reader may open, at most a page of them.
func (s *Service) documents(ctx context.Context, r Referral) (*[]documents.View, error) {
	rows, err := s.Documents.List(ctx, r.ID, web.PageOf{Limit: web.MaxLimit})
	out := make([]documents.View, len(rows))
	for i, d := range rows {
		out[i] = documents.Show(d)
	}
	return &out, err
}

// Subject is a referral as documents see it.
func (s *Service) Subject(ctx context.Context, id ID) (documents.Subject, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return documents.Subject{}, err
	}
	a := tenants.From(ctx)
	open := r.openNow(s.Clock.Now())
	sub := documents.Subject{Key: r.KeyID}
	own := s.side(a, r)
	rels := relations(a, r)
	switch {
	case !s.Law.Allow(a, documents.Add, rels...):
	case own == policies.Sender:
		sub.MayAdd = r.IsOpen
	case own == policies.Receiver:
		sub.MayAdd = r.WasAccepted() && len(open) > 1
	}
	mayRead := s.Law.Allow(a, documents.Read, rels...)
	sub.MayOpen = func(d documents.Document) bool {
		switch {
		case !mayRead || own == policies.Arbiter:
			return false
		case d.TenantID == a.Tenant.ID:
			return true
		case own == policies.Sender:
			// What the receiver adds about health stays with kinds that give care.
			return d.Sensitivity != "health" || a.Tenant.Declared().Care
		}
		return slices.Contains(open, policies.Documents) && (d.Sensitivity != "health" || slices.Contains(open, policies.HealthDocuments))
	}
	return sub, nil
}

// DocumentOpened writes the disclosure of one document before its content leaves.
func (s *Service) DocumentOpened(ctx context.Context, id ID, doc ids.ID[ids.Document]) error {
	a, now := tenants.From(ctx), s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := byID(ctx, id)
		if err != nil || r.ToTenant != a.Tenant.ID {
			return err
		}
		if err := markOpened(ctx, id, a.User, now); err != nil {
			return err
		}
		return insertDisclosures(ctx, []disclosureRow{{ReferralID: id, What: "document:" + doc.String(), UserID: a.User, Day: now.In(s.zone).Format(time.DateOnly),
			Slice: policies.Documents, FromTenant: r.FromTenant, ToTenant: r.ToTenant, PersonID: r.PersonID, At: now}})
	})
}

// Search is the query of a list.
type Search struct {
	Box      string
	States   []State
	Open     bool
	Decide   bool
	Overdue  bool
	Number   string
	Mine     bool
	MyMove   bool // the reader's tenant has to act next
	TheirOne bool // the other side has
}

// restrict builds the filter with what the actor's roles may reach.
func (s *Service) restrict(ctx context.Context, q Search) filter {
	a := tenants.From(ctx)
	f := filter{box: q.Box, states: q.States, open: q.Open, decide: q.Decide, overdue: q.Overdue, number: q.Number, units: a.Units, now: s.Clock.Now()}
	if q.MyMove {
		f.owner = a.Tenant.ID
	}
	if q.Mine || !s.Law.Allow(a, read, policies.Receiver) && s.Law.Allow(a, read, policies.Assignee) {
		f.assignee = a.User
		f.box = "in"
	}
	if !s.Law.Allow(a, read, policies.Sender) && !s.Law.Allow(a, read, policies.Assignee) && s.Law.Allow(a, read, policies.Arbiter) {
		// The coordinator sees exceptions that wait, and nothing else.
		f.box, f.states = "out", []State{AwaitingApproval}
	}
	return f
}

// List gives a page of referrals. It opens nothing: rows hold the card, and the
// identity where somebody of the unit has opened it before. The page is one audit
// entry with its ids.
func (s *Service) List(ctx context.Context, q Search, page web.PageOf) ([]View, error) {
	var rows []Referral
	var content map[ID]contents
	a := tenants.From(ctx)
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if rows, err = list(ctx, s.restrict(ctx, q), page.After, page.Limit+1); err != nil {
			return err
		}
		now := s.Clock.Now()
		var opened []ID
		for _, r := range rows {
			if r.ToTenant == a.Tenant.ID && !r.OpenedAt.IsZero() && slices.Contains(r.openNow(now), policies.Identity) {
				opened = append(opened, r.ID)
			}
		}
		if len(opened) == 0 {
			return nil
		}
		found, err := slicesOf(ctx, opened...)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(r sliceRow) bool { return r.Slice != policies.Identity })
		content, err = s.open(ctx, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := s.views(ctx, rows, content)
	if err != nil || len(out) == 0 {
		return out, err
	}
	seen := make([]string, 0, len(rows))
	for _, r := range rows[:min(len(rows), page.Limit)] {
		seen = append(seen, r.ID.String())
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "referral", IDs: seen})
}

// Count counts at most 100 referrals.
func (s *Service) Count(ctx context.Context, q Search) (n int, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		n, err = countUpTo(ctx, s.restrict(ctx, q))
		return err
	})
	return n, err
}

// views turns rows into what the actor may see of them, with a query per kind of
// neighbour, never per row.
func (s *Service) views(ctx context.Context, rows []Referral, content map[ID]contents) ([]View, error) {
	a, now := tenants.From(ctx), s.Clock.Now()
	var services []ids.ID[ids.Service]
	var persons []ids.ID[ids.Person]
	for _, r := range rows {
		services = append(services, r.ServiceID)
		if s.side(a, r) == policies.Sender {
			persons = append(persons, r.PersonID)
		}
	}
	names, err := s.Directory.ByIDs(ctx, services)
	if err != nil {
		return nil, err
	}
	known, err := s.People.Listed(ctx, persons)
	if err != nil {
		return nil, err
	}
	out := make([]View, len(rows))
	for i, r := range rows {
		out[i] = s.view(ctx, a, r, names[r.ServiceID], now)
		if s.side(a, r) == policies.Sender {
			out[i].PersonID = r.PersonID
			if p, ok := known[r.PersonID]; ok {
				id := identityOf(p, false)
				out[i].Identity = &id
			}
		} else if c := content[r.ID]; c.Identity != nil {
			out[i].Identity = c.Identity
		}
	}
	return out, nil
}

func (s *Service) view(ctx context.Context, a tenants.Actor, r Referral, service directory.Service, now time.Time) View {
	slug := func(id ids.ID[ids.Tenant]) string { return s.Tenants.Slug(ctx, id) }
	v := View{ID: r.ID, Number: r.Number, ReceiverNumber: r.ReceiverNumber, State: r.State, Version: r.Version, Need: r.Need, Priority: r.Priority, Basis: r.Basis,
		Service: ServiceRef{r.ServiceID, service.Name()}, From: Party{Tenant: slug(r.FromTenant), Unit: r.FromUnit}, To: Party{Tenant: slug(r.ToTenant), Unit: r.ToUnit},
		Owner: Owner{Tenant: slug(r.OwnerTenant)}, Overdue: r.Overdue(now), Agreement: r.AgreementID,
		Card:    Card{AgeBand: r.CardAgeBand, Sex: r.CardSex, District: r.CardDistrict, Language: r.CardLanguage, Triage: r.CardTriage, Documents: r.CardDocuments},
		Outcome: r.Outcome, ReasonCode: r.ReasonCode, ByWhom: r.ByWhom, Result: r.Result, ParentID: r.ParentID, Estimate: r.Estimate, DueFor: r.DueFor, row: r}
	open := []policies.Slice{}
	if !r.SentAt.IsZero() {
		open = policies.Visible(r.openNow(now))
		if len(open) == 0 {
			open = []policies.Slice{policies.Card}
		}
		v.SentAt = &r.SentAt
	}
	v.OpenSlices = open
	if !r.DueAt.IsZero() {
		v.DueAt = &r.DueAt
	}
	switch r.OwnerTenant {
	case r.FromTenant:
		v.Owner.Unit = r.FromUnit
		if a.Tenant.ID == r.FromTenant {
			v.Owner.User = r.FromUser
		}
	default:
		v.Owner.Unit = r.ToUnit
		if a.Tenant.ID == r.ToTenant {
			v.Owner.User = r.OwnerUser
		}
	}
	if r.StartsLocal != "" {
		v.Appointment = &Appointment{StartsAtLocal: r.StartsLocal, Zone: s.zone.String(), Place: r.Place, Bring: r.Bring}
	}
	if r.Aftercare != "" {
		goesOn := r.Aftercare == "keep"
		v.Continue = &goesOn
	}
	if !r.RedirectTo.IsZero() {
		v.RedirectTo = r.RedirectTo
	}
	if r.ToTenant == a.Tenant.ID {
		v.Own = &Own{Assignee: r.OwnerUser}
	}
	return v
}

// Preview shows the sender what the receiver sees at each stage.
func (s *Service) Preview(ctx context.Context, id ID) (PreviewView, error) {
	r, err := s.reach(ctx, id, preview)
	if err != nil {
		return PreviewView{}, err
	}
	p, err := s.People.Load(ctx, r.PersonID)
	if err != nil {
		return PreviewView{}, err
	}
	now := s.Clock.Now()
	g := r.grant()
	if r.SentAt.IsZero() {
		if g, err = s.wouldGrant(ctx, r, now); err != nil {
			return PreviewView{}, err
		}
		s.setCard(&r, p, now)
	}
	v := s.stages(r, g, identityOf(p, g.Contact))
	return v, s.Audit.Opened(ctx, audit.Entry{Action: "preview", Object: "referral", ID: id.String()})
}

// wouldGrant is the grant that sending now would fix.
func (s *Service) wouldGrant(ctx context.Context, r Referral, now time.Time) (policies.Grant, error) {
	recipient, err := s.Tenants.ByID(ctx, r.ToTenant)
	if err != nil {
		return policies.Grant{}, err
	}
	var g policies.Grant
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		prof, err := s.Profile(ctx, r.PersonID)
		if err != nil {
			return err
		}
		permit, _, err := s.Agreements.Permits(ctx, r.FromTenant, r.ToTenant, r.Need, prof)
		if err != nil {
			return err
		}
		consented, err := s.consent(ctx, &r, recipient.Slug, now)
		annex := permit.Annex
		if r.Exception {
			annex = exceptionAnnex
		}
		g = policies.Share(annex, r.Basis, consented, policies.Split(r.Wanted), recipient.Declared().Care)
		return err
	})
	return g, err
}

// stages lists, in the order in which they open, the slices and their fields.
func (s *Service) stages(r Referral, g policies.Grant, id Identity) PreviewView {
	v := PreviewView{}
	add := func(state State, slice policies.Slice, fields ...string) {
		v.Stages = append(v.Stages, Stage{State: state, Slice: slice, Fields: fields})
	}
	card := []string{"need", "service", "priority"}
	for field, value := range map[string]string{"age_band": r.CardAgeBand, "sex": r.CardSex, "district": r.CardDistrict, "language": r.CardLanguage} {
		if value != "" {
			card = append(card, field)
		}
	}
	if len(r.CardTriage) > 0 {
		card = append(card, "triage")
	}
	if r.CardDocuments > 0 {
		card = append(card, "documents")
	}
	slices.Sort(card[3:])
	add(Sent, policies.Card, card...)
	for _, x := range g.Open(policies.Started) {
		switch x {
		case policies.Identity:
			add(Accepted, x, id.fields()...)
		case policies.Social:
			add(Accepted, x, "reason")
		case policies.Documents:
			add(Accepted, x, "name", "content")
		case policies.Summary:
			add(InProgress, x, "summary")
		}
	}
	return v
}

func (i Identity) fields() []string {
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"given_name_ar", i.GivenNameAr != ""}, {"family_name_ar", i.FamilyNameAr != ""}, {"given_name", i.GivenName != ""}, {"family_name", i.FamilyName != ""}, {"alias", i.Alias != ""},
		{"sex", true}, {"birth_date", i.BirthDate != ""}, {"birth_precision", true}, {"phones", len(i.Phones) > 0}, {"commune", i.Commune != ""}, {"address", i.Address != ""}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// Events gives the history of a referral, oldest first; names only of one's own.
func (s *Service) Events(ctx context.Context, id ID, page web.PageOf) ([]EventView, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return nil, err
	}
	a := tenants.From(ctx)
	var events []Event
	notes := map[int64]string{}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		after, _ := strconv.ParseInt(page.After, 10, 64)
		if events, err = eventsOf(ctx, r.ID, after, page.Limit+1); err != nil {
			return err
		}
		rows, err := notesOf(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, n := range rows {
			if n.Kind != "note" || s.side(a, r) == policies.Arbiter {
				continue
			}
			text, err := s.Vault.Open(ctx, notePlace(n.ReferralID, n.Sequence, n.Kind), n.Sealed)
			if err != nil {
				return err
			}
			notes[n.Sequence] = string(text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var mine []ids.ID[ids.User]
	for _, e := range events {
		if e.ByTenant == a.Tenant.ID {
			mine = append(mine, e.ByUser)
		}
	}
	names, err := s.Accounts.Names(ctx, mine...)
	if err != nil {
		return nil, err
	}
	out := make([]EventView, len(events))
	for i, e := range events {
		out[i] = EventView{Sequence: e.Sequence, Event: e.Event, FromState: e.FromState, ToState: e.ToState, At: e.At, Reason: e.ReasonCode, Note: notes[e.Sequence]}
		out[i].Actor = EventActor{Tenant: s.Tenants.Slug(ctx, e.ByTenant), Role: e.ByRole}
		if e.ByTenant.IsZero() {
			out[i].Actor = EventActor{Tenant: s.Tenants.Slug(ctx, r.FromTenant), Role: "system"}
		}
		if w, ok := names[e.ByUser]; ok && e.ByTenant == a.Tenant.ID {
			out[i].Actor.Name = w.In(a.Lang)
			if out[i].Actor.Name == "" {
				out[i].Actor.Name = w.Fr + w.Ar
			}
		}
		if out[i].Reason == "" && (e.Event == "returned" || e.Event == "entered_in_error") {
			out[i].Reason, out[i].Note = notes[e.Sequence], ""
		}
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "history", Object: "referral", ID: id.String()})
}

// Messages gives the exchange of a referral, newest first.
func (s *Service) Messages(ctx context.Context, id ID, page web.PageOf) (out []MessageView, err error) {
	r, err := s.reach(ctx, id, message)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := messagesOf(ctx, r.ID, page.After, page.Limit+1)
		if err != nil {
			return err
		}
		for _, m := range rows {
			v, err := s.messageView(ctx, m)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "messages", Object: "referral", ID: id.String()})
}

func (s *Service) messageView(ctx context.Context, m messageRow) (MessageView, error) {
	text, err := s.Vault.Open(ctx, messagePlace(m.ID), m.Sealed)
	return MessageView{ID: m.ID, At: m.At, FromTenant: s.Tenants.Slug(ctx, m.ByTenant), Kind: m.Kind, Text: string(text), byUser: m.ByUser}, err
}

// Message finds one message again, for a replay.
func (s *Service) Message(ctx context.Context, id ids.ID[ids.Message]) (v MessageView, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		m, err := messageByID(ctx, id)
		if err != nil {
			return fault.New(fault.NotFound)
		}
		v, err = s.messageView(ctx, m)
		return err
	})
	return v, err
}
