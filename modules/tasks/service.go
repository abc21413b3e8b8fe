package tasks

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
)

// today is the day in Morocco, whose zone is that of every tenant.
func (s *Service) today() string {
	return s.Clock.Now().In(clock.Casablanca()).Format(time.DateOnly)
}

// Draft is a task as somebody writes it.
type Draft struct {
	Subject  string // kind:id, "" for none
	Title    string
	Assignee ids.ID[ids.User] // zero: who writes it
	DueOn    string
}

// check names what is wrong with the shape of a draft.
func (d Draft) check(today string) error {
	var f fault.Collect
	if kind, id, ok := strings.Cut(d.Subject, ":"); d.Subject != "" && (!ok || !slices.Contains(SubjectKinds, kind)) {
		f.Add("subject", "malformed")
	} else if _, err := ids.Parse[ids.Entry](id); d.Subject != "" && err != nil {
		f.Add("subject", "malformed")
	}
	switch {
	case d.Title == "":
		f.Add("title", "required")
	case len([]rune(d.Title)) > maxTitle:
		f.Add("title", "too_long")
	}
	if d.DueOn == "" {
		f.Add("due_on", "required")
	} else if _, err := time.Parse(time.DateOnly, d.DueOn); err != nil {
		f.Add("due_on", "malformed")
	} else if d.DueOn < today {
		f.Add("due_on", "in_the_past")
	}
	return f.Err()
}

// Create writes a task: for oneself, or for a colleague where the law lets one.
func (s *Service) Create(ctx context.Context, d Draft) (t Task, err error) {
	d.Title = strings.TrimSpace(d.Title)
	if err := d.check(s.today()); err != nil {
		return t, err
	}
	actor := tenants.From(ctx)
	if d.Assignee.IsZero() {
		d.Assignee = actor.User
	}
	// Opening the subject is noted before the answer, so it is asked for before this
	// transaction holds the only writer.
	var about Subject
	kind, id, _ := strings.Cut(d.Subject, ":")
	if d.Subject != "" {
		if about, err = s.Subjects.Subject(ctx, kind, id); err != nil {
			return t, err
		}
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if d.Assignee != actor.User {
			if !s.Law.Allow(actor, create) {
				return fault.New(fault.Forbidden)
			}
			if err := s.works(ctx, d.Assignee); err != nil {
				return err
			}
		}
		t = Task{Subject: d.Subject, About: kind, Number: about.Number, Assignee: d.Assignee, GivenBy: actor.User, DueOn: d.DueOn, Title: d.Title}
		_, err := s.write(ctx, &t, about.Key)
		return err
	})
	return t, err
}

// works checks that somebody is of the actor's tenant and can do a task.
func (s *Service) works(ctx context.Context, user ids.ID[ids.User]) error {
	list, err := s.Assignable(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(c Colleague) bool { return c.ID == user }) {
		return fault.In("assignee", "unknown_code")
	}
	return nil
}

// Assignable lists who of the actor's tenant can be given a task.
func (s *Service) Assignable(ctx context.Context) ([]Colleague, error) {
	return s.Colleagues(ctx, s.Law.RolesWith(tenants.From(ctx).Tenant.Kind, perm(string(Start)))...)
}

// write stores a new task and tells its assignee; made is false where its source has
// made one before.
func (s *Service) write(ctx context.Context, t *Task, key ids.ID[ids.Key]) (made bool, err error) {
	now := s.Clock.Now()
	t.ID, t.TenantID, t.Version, t.State, t.CreatedAt, t.ChangedAt = ids.New[ids.Task](), tenants.Current(ctx), 1, Todo, now, now
	if t.UnitID, err = s.Unit(ctx, t.Assignee); err != nil {
		return false, err
	}
	if key.IsZero() {
		if key, err = s.Vault.NewKey(ctx); err != nil {
			return false, err
		}
	}
	r, err := s.sealed(ctx, *t, key)
	if err != nil {
		return false, err
	}
	if made, err = insert(ctx, r); err != nil || !made {
		return made, err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "create", Object: "task", ID: t.ID.String()}); err != nil {
		return made, err
	}
	return made, s.Bus.Publish(ctx, Assigned{Tenant: t.TenantID, Task: t.ID, Assignee: t.Assignee, ByUser: tenants.From(ctx).User})
}

// Given is a task that another record makes, once.
type Given struct {
	Source   string // decision:id
	Subject  string
	Number   string
	Title    string
	Assignee ids.ID[ids.User]
	DueOn    string
}

// Give writes a task that another record of the tenant of ctx makes, in the caller's
// transaction; the caller vouches for subject and assignee. Again it changes nothing.
func (s *Service) Give(ctx context.Context, g Given) error {
	kind, _, _ := strings.Cut(g.Subject, ":")
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		t := Task{Subject: g.Subject, About: kind, Number: g.Number, Source: g.Source, Assignee: g.Assignee, GivenBy: tenants.From(ctx).User, DueOn: g.DueOn, Title: g.Title}
		_, err := s.write(ctx, &t, ids.ID[ids.Key]{})
		return err
	})
}

// Act is a command as somebody gives it.
type Act struct {
	Command Command
	Version int64
	Reason  string
}

// Do carries out a command, in the contract's order of refusals: shape, reach,
// relation, version, state. Who oversees a task and starts it takes it over.
func (s *Service) Do(ctx context.Context, id ids.ID[ids.Task], act Act) (t Task, err error) {
	act.Reason = strings.TrimSpace(act.Reason)
	var f fault.Collect
	if act.Version == 0 {
		f.Add("version", "required")
	}
	if act.Command == Block && act.Reason == "" {
		f.Add("reason", "required")
	}
	if len([]rune(act.Reason)) > maxReason {
		f.Add("reason", "too_long")
	}
	if err := f.Err(); err != nil {
		return t, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if t, err = s.reach(ctx, id); err != nil {
			return err
		}
		actor := tenants.From(ctx)
		if !s.Law.Allow(actor, perm(string(act.Command)), relations(actor, t)...) {
			return fault.New(fault.Forbidden)
		}
		if t.Version != act.Version {
			return fault.New(fault.VersionConflict)
		}
		if err := t.Apply(act.Command, act.Reason, s.Clock.Now()); err != nil {
			return err
		}
		if act.Command == Start && t.Assignee != actor.User {
			t.Assignee = actor.User
			if t.UnitID, err = s.Unit(ctx, actor.User); err != nil {
				return err
			}
		}
		return s.store(ctx, t, act.Command)
	})
	return t, err
}

// store saves and records what a command has changed.
func (s *Service) store(ctx context.Context, t Task, c Command) error {
	old, err := byID(ctx, t.ID)
	if err != nil {
		return err
	}
	key, err := vault.KeyOf(old.Sealed)
	if err != nil {
		return err
	}
	r, err := s.sealed(ctx, t, key)
	if err != nil {
		return err
	}
	if err := save(ctx, r); err != nil {
		return err
	}
	if t.Source != "" && s.Moved != nil {
		if err := s.Moved(ctx, t.Source, string(t.State)); err != nil {
			return err
		}
	}
	return s.Audit.Did(ctx, audit.Entry{Action: string(c), Object: "task", ID: t.ID.String(), Fields: []string{string(t.State)}})
}

// relations are how the actor stands to a task that it sees.
func relations(a tenants.Actor, t Task) []policies.Relation {
	var out []policies.Relation
	if t.Assignee == a.User {
		out = append(out, policies.Assignee)
	}
	if t.GivenBy == a.User {
		out = append(out, policies.Sender)
	}
	return out
}

// words are what is sealed of a task.
type words struct {
	Title  string `json:"title"`
	Reason string `json:"reason,omitempty"`
}

func place(id ids.ID[ids.Task]) string { return "tasks.sealed:" + id.String() }

func (s *Service) sealed(ctx context.Context, t Task, key ids.ID[ids.Key]) (row, error) {
	b, err := json.Marshal(words{t.Title, t.Reason})
	if err != nil {
		return row{}, err
	}
	sealed, err := s.Vault.Seal(ctx, key, place(t.ID), b)
	return row{Task: t, Sealed: sealed}, err
}

// unseal opens the words of a page of tasks, their keys in one query.
func (s *Service) unseal(ctx context.Context, rows []row) ([]Task, error) {
	keys := make([]ids.ID[ids.Key], 0, len(rows))
	for _, r := range rows {
		k, err := vault.KeyOf(r.Sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if err := s.Vault.Prefetch(ctx, keys...); err != nil {
		return nil, err
	}
	out := make([]Task, len(rows))
	for i, r := range rows {
		var w words
		if err := s.Vault.OpenJSON(ctx, place(r.ID), r.Sealed, &w); err != nil {
			return nil, err
		}
		out[i] = r.Task
		out[i].Title, out[i].Reason = w.Title, w.Reason
	}
	return out, nil
}

// reach is a task that the actor sees; not_found for any other.
func (s *Service) reach(ctx context.Context, id ids.ID[ids.Task]) (Task, error) {
	r, err := byID(ctx, id)
	if db.NoRows(err) {
		err = fault.New(fault.NotFound)
	}
	if err != nil {
		return Task{}, err
	}
	if !s.sees(tenants.From(ctx), r.Task) {
		return Task{}, fault.New(fault.NotFound)
	}
	list, err := s.unseal(ctx, []row{r})
	if err != nil {
		return Task{}, err
	}
	return list[0], nil
}
