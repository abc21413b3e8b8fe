package referrals

import (
	"context"
	"slices"
	"time"

	"shubbak/modules/documents"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// DocumentAdded counts a document on the card, inside its transaction.
func (s *Service) DocumentAdded(ctx context.Context, id ID, d documents.Document) error {
	r, err := addDocument(ctx, id, onCard(d))
	if err != nil {
		return err
	}
	if r.SentAt.IsZero() {
		return nil
	}
	e := Event{ReferralID: r.ID, Sequence: r.Sequence, FromTenant: r.FromTenant, ToTenant: r.ToTenant, Event: "document_added", FromState: r.State, ToState: r.State, At: s.Clock.Now()}
	s.look(ctx, r)
	return s.record(ctx, &r, []Event{e})
}

// onCard is how much a document adds to the card: a new version counts for the old.
func onCard(d documents.Document) int {
	if d.Replaces.IsZero() {
		return 1
	}
	return 0
}

// DocumentRefused takes a document off the card and tells who put it there, and their
// supervisor, inside the transaction that shuts it.
func (s *Service) DocumentRefused(ctx context.Context, id ID, d documents.Document) error {
	r, err := dropDocument(ctx, id, onCard(d))
	if err != nil {
		return err
	}
	s.look(ctx, r)
	if d.ReferralID != id {
		return nil // told once, of the referral it was added to
	}
	m := s.moved(r, Event{Event: "document_refused", Sequence: r.Sequence})
	m.Owner, m.About = d.TenantID, d.CreatedBy
	return s.Bus.Publish(ctx, m)
}

// documents lists what the reader may open, at most a page of them.
func (s *Service) documents(ctx context.Context, r Referral) (*[]documents.View, error) {
	rows, err := s.Documents.List(ctx, r.ID, web.PageOf{Limit: web.MaxLimit})
	out := make([]documents.View, len(rows))
	for i, d := range rows {
		out[i] = documents.Show(d)
		out[i].Mine = d.TenantID == tenants.Current(ctx)
	}
	return &out, err
}

// held lists the documents that a new referral of a person may name: the tenant's
// own, from the person's latest referrals, each once.
func (s *Service) held(ctx context.Context, person ids.ID[ids.Person], except ID) (out []documents.Document, err error) {
	rows, err := s.List(ctx, Search{Box: "out", Person: person}, web.PageOf{Limit: 20})
	if err != nil {
		return nil, err
	}
	for _, r := range rows[:min(len(rows), 20)] {
		if r.ID == except || r.Card.Documents == 0 {
			continue
		}
		list, err := s.Documents.List(ctx, r.ID, web.PageOf{Limit: web.MaxLimit})
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.TenantID == tenants.Current(ctx) && d.State == documents.Available && !slices.ContainsFunc(out, func(o documents.Document) bool { return o.ID == d.ID }) {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// Subject is a referral as documents see it.
func (s *Service) Subject(ctx context.Context, id ID) (documents.Subject, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return documents.Subject{}, err
	}
	a := tenants.From(ctx)
	open := r.openNow(s.Clock.Now())
	sub := documents.Subject{ID: r.ID, Key: r.KeyID}
	own := s.side(a, r)
	if own == policies.Sender {
		sub.Person = r.PersonID
	}
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
		case d.State == documents.Infected, d.State == documents.Superseded:
			return false
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
	return s.disclose(ctx, id, "document:"+doc.String(), false)
}

// DocumentsNamed writes the disclosure of the names of the sender's files; not_open if
// their slice has closed since the actor was let in.
func (s *Service) DocumentsNamed(ctx context.Context, id ID) error {
	return s.disclose(ctx, id, string(policies.Documents), true)
}

// disclose writes that the actor, where it is of the receiver, opens something of the
// slice of documents. A file of one's own stands open whatever the slice does.
func (s *Service) disclose(ctx context.Context, id ID, what string, theirs bool) error {
	a, now := tenants.From(ctx), s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := byID(ctx, id)
		if err != nil || r.ToTenant != a.Tenant.ID {
			return err
		}
		// The mark locks the row: whatever closes the slice waits, or is seen here.
		if err := markOpened(ctx, id, a.User, now); err != nil {
			return err
		}
		if r, err = byID(ctx, id); err != nil {
			return err
		}
		if theirs && !slices.Contains(r.openNow(now), policies.Documents) {
			return fault.New(fault.NotOpen)
		}
		return insertDisclosures(ctx, []disclosureRow{{ReferralID: id, What: what, UserID: a.User, Day: now.In(s.zone).Format(time.DateOnly),
			Slice: policies.Documents, FromTenant: r.FromTenant, ToTenant: r.ToTenant, PersonID: r.PersonID, At: now, Role: roleOf(a), AgreementID: r.AgreementID}})
	})
}
