package tasks

import (
	"context"
	"slices"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// The parts of the register that a reader chooses.
const (
	Mine  = "mine"  // to be done by the reader
	ByMe  = "given" // given by the reader to others
	House = "house" // of those whom the reader oversees
)

// overseen is what the actor sees of the work of others. A supervisor sees what the
// people of their units have to do. Who runs the agreements and who administers the
// house open no files: of others they see what comes from an agreement, nothing about
// a person.
func (s *Service) overseen(a tenants.Actor) (sight, bool) {
	switch {
	case !s.Law.Allow(a, Read):
		return sight{}, false
	case !a.Has("supervisor"):
		return sight{About: "agreement"}, true
	case len(a.Units) == 0:
		return sight{All: true}, true
	}
	return sight{Units: a.Units}, true
}

// sees reports whether the actor may know of a task.
func (s *Service) sees(a tenants.Actor, t Task) bool {
	if t.Assignee == a.User || t.GivenBy == a.User {
		return true
	}
	w, ok := s.overseen(a)
	return ok && (w.All || w.About != "" && t.About == w.About || slices.Contains(w.Units, t.UnitID))
}

// sights are the ways in which the actor sees a part of the register; "" is all of it.
func (s *Service) sights(a tenants.Actor, part string) []sight {
	mine, given := sight{Assignee: a.User}, sight{GivenBy: a.User}
	house, oversees := s.overseen(a)
	switch part {
	case Mine:
		return []sight{mine}
	case ByMe:
		return []sight{given}
	case House:
		if oversees {
			return []sight{house}
		}
		return nil
	}
	if oversees && house.All {
		return []sight{house}
	}
	if oversees {
		return []sight{mine, given, house}
	}
	return []sight{mine, given}
}

// Filter chooses tasks; the zero value is everything that the reader sees.
type Filter struct {
	Part      string
	States    []string
	DueBefore string // YYYY-MM-DD, that day not among them
	ByDue     bool   // open ones, the nearest day first; else newest first
}

// List gives a page of the tasks that the actor sees.
func (s *Service) List(ctx context.Context, f Filter, page web.PageOf) (out []Task, err error) {
	sights := s.sights(tenants.From(ctx), f.Part)
	if len(sights) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := list(ctx, sights, choice{f.States, f.DueBefore, page.After, page.Limit + 1, f.ByDue})
		if err != nil {
			return err
		}
		out, err = s.unseal(ctx, rows)
		return err
	})
	if err != nil || len(out) == 0 {
		return out, err
	}
	read := make([]string, len(out))
	for i, t := range out {
		read[i] = t.ID.String()
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "list", Object: "task", IDs: read})
}

// Get opens one task; not_found to anybody who does not see it.
func (s *Service) Get(ctx context.Context, id ids.ID[ids.Task]) (t Task, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		t, err = s.reach(ctx, id)
		return err
	})
	if err != nil {
		return Task{}, err
	}
	return t, s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "task", ID: id.String()})
}

// Waiting counts what the actor has to do, at most 100.
func (s *Service) Waiting(ctx context.Context) (int, error) {
	n, err := s.Counts(ctx, Mine)
	return n[Mine], err
}

// Counts counts the open tasks of some parts, at most 100 each.
func (s *Service) Counts(ctx context.Context, parts ...string) (map[string]int, error) {
	out := map[string]int{}
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		for _, p := range parts {
			for _, w := range s.sights(tenants.From(ctx), p) {
				n, err := count(ctx, w)
				if err != nil {
					return err
				}
				out[p] += n
			}
		}
		return nil
	})
	return out, err
}

// May reports whether the actor can give a command now.
func (s *Service) May(ctx context.Context, t Task, c Command) bool {
	a := tenants.From(ctx)
	return t.May(c) && s.Law.Allow(a, perm(string(c)), relations(a, t)...)
}

// known reports whether a code is a state.
func known(code string) bool { return slices.Contains(States, State(code)) }

// gone is the refusal of an id that is none.
func gone() error { return fault.New(fault.NotFound) }
