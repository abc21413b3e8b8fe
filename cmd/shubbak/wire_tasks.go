package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/tasks"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// taskSubjects are the records that a task may be about, each asked by its own module's
// rules: what the actor may not open is not found.
type taskSubjects struct{ *app }

// Subject satisfies tasks.Subjects.
func (t taskSubjects) Subject(ctx context.Context, kind, id string) (tasks.Subject, error) {
	may := func(p policies.Permission) bool { return t.law.May(tenants.From(ctx), p) }
	switch kind {
	case "agreement":
		aid, err := ids.Parse[ids.Agreement](id)
		if err != nil || !may(agreements.Read) {
			return tasks.Subject{}, fault.New(fault.NotFound)
		}
		o, err := t.agreements.Get(ctx, aid)
		return tasks.Subject{Number: o.Number}, err
	case "referral":
		rid, err := ids.Parse[ids.Referral](id)
		if err != nil || !may(policies.To("referral", "read")) {
			return tasks.Subject{}, fault.New(fault.NotFound)
		}
		sub, err := t.referrals.Subject(ctx, rid)
		if err != nil {
			return tasks.Subject{}, err
		}
		card, err := t.referrals.Card(ctx, rid)
		return tasks.Subject{Key: sub.Key, Number: card.Number}, err
	case "person":
		pid, err := ids.Parse[ids.Person](id)
		if err != nil || !may(policies.To("person", "read")) {
			return tasks.Subject{}, fault.New(fault.NotFound)
		}
		p, err := t.people.Load(ctx, pid)
		return tasks.Subject{Key: p.KeyID, Number: p.Number}, err
	}
	return tasks.Subject{}, fault.New(fault.NotFound)
}

// colleagues are the accounts of the tenant of ctx as tasks want them.
func (a *app) colleagues(ctx context.Context, roles ...string) ([]tasks.Colleague, error) {
	list, err := a.accounts.WithRoles(ctx, ids.ID[ids.Unit]{}, roles...)
	out := make([]tasks.Colleague, len(list))
	for i, u := range list {
		out[i] = tasks.Colleague{ID: u.ID, Name: u.Name}
	}
	return out, err
}

// unitOf is the unit where somebody works, as an actor's first unit is.
func (a *app) unitOf(ctx context.Context, user ids.ID[ids.User]) (ids.ID[ids.Unit], error) {
	u, err := a.accounts.Account(ctx, user)
	for _, m := range u.Memberships {
		if !m.UnitID.IsZero() {
			return m.UnitID, err
		}
	}
	return ids.ID[ids.Unit]{}, err
}

// ofDecision begins the source of a task that a committee's decision has made.
const ofDecision = "decision:"

// decisionTasks makes the tasks of decisions.
type decisionTasks struct{ *app }

// Decided satisfies agreements.Tasks. A task for the house goes to its first
// administrator: the others see it too, and can take it over.
func (t decisionTasks) Decided(ctx context.Context, d agreements.DecisionTask) error {
	if d.Assignee.IsZero() {
		list, err := t.accounts.WithRoles(ctx, ids.ID[ids.Unit]{}, "admin")
		if err != nil || len(list) == 0 {
			return err
		}
		d.Assignee = list[0].ID
	}
	return t.tasks.Give(ctx, tasks.Given{Source: ofDecision + d.Decision.String(), Subject: "agreement:" + d.Agreement.String(), Number: d.Number, Title: d.Words, Assignee: d.Assignee, DueOn: d.DueOn})
}

// holdings are what somebody holds in person: referrals and tasks.
type holdings struct{ *app }

// Lost satisfies accounts.Holdings.
func (h holdings) Lost(ctx context.Context, left tenants.Actor) ([]accounts.Holding, error) {
	out, err := h.referrals.Lost(ctx, left)
	if err != nil {
		return nil, err
	}
	list, err := h.tasks.Lost(ctx, left)
	for _, t := range list {
		out = append(out, accounts.Holding{Type: "task", ID: t.ID.String(), Number: t.Number, State: string(t.State)})
	}
	return out, err
}

// HandOver satisfies accounts.Holdings.
func (h holdings) HandOver(ctx context.Context, left tenants.Actor) error {
	if err := h.referrals.HandOver(ctx, left); err != nil {
		return err
	}
	return h.tasks.HandOver(ctx, left)
}

// decisionOwners are the people of the tenant of ctx who can be given a decision's task.
func (a *app) decisionOwners(ctx context.Context) ([]agreements.Owner, error) {
	list, err := a.tasks.Assignable(ctx)
	out := make([]agreements.Owner, len(list))
	for i, c := range list {
		out[i] = agreements.Owner{ID: c.ID, Name: c.Name}
	}
	return out, err
}

// decisionMoved tells a decision how far its task is.
func (a *app) decisionMoved(ctx context.Context, source, state string) error {
	id, ok := strings.CutPrefix(source, ofDecision)
	if !ok {
		return nil
	}
	decision, err := ids.Parse[ids.Decision](id)
	if err != nil {
		return err
	}
	return a.agreements.DecisionMoved(ctx, decision, state)
}

// agendaOf is what the work puts on a committee's agenda: late obligations, and the
// deadlines that have passed, counted by what is owed.
func (a *app) agendaOf(ctx context.Context, id ids.ID[ids.Agreement]) ([]agreements.AgendaItem, error) {
	out, err := a.agreements.AgendaOf(ctx, id)
	if err != nil {
		return nil, err
	}
	counts, err := a.referrals.Breached(ctx, id)
	for _, act := range slices.Sorted(maps.Keys(counts)) {
		word := func(l i18n.Lang) string {
			return a.catalog.T(l, "agreements.agenda.breached", map[string]any{"Act": a.catalog.T(l, "referrals.due."+act, nil)})
		}
		out = append(out, agreements.AgendaItem{Kind: "clock", Key: "clock:" + act, Title: agreements.Label{Ar: word(i18n.Arabic), Fr: word(i18n.French), En: word(i18n.English)}, Facts: strconv.Itoa(counts[act])})
	}
	return out, err
}
