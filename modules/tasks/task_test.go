package tasks

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// written is domain.md §5 a second time, so that a change of the table alone is seen.
var written = map[Command]string{Start: "[todo blocked] doing", Finish: "[doing] done", Block: "[todo doing] blocked", Cancel: "[todo doing blocked] cancelled"}

func TestTheTableStandsAsTheDomainSays(t *testing.T) {
	if len(Table) != len(written) || len(Commands) != len(written) {
		t.Errorf("%d commands, the domain has %d", len(Table), len(written))
	}
	for c, want := range written {
		if got := fmt.Sprint(Table[c].From, " ", Table[c].To); got != want {
			t.Errorf("%s is %s, the domain says %s", c, got, want)
		}
	}
}

// No order of commands leaves the table, and an end is an end.
func TestNoHistoryLeavesTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
		x := Task{State: Todo, Version: 1, DueOn: "2026-11-23"}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			before, c := x, rapid.SampledFrom(Commands).Draw(t, "command")
			err := x.Apply(c, "why", now)
			if (err == nil) != before.May(c) {
				t.Fatalf("%s on %s: %v", c, before.State, err)
			}
			if err != nil && x != before {
				t.Fatalf("a refused %s changed something", c)
			}
			if err == nil && (before.State.Ended() || x.Version != before.Version+1) {
				t.Fatalf("%s went on from %s", c, before.State)
			}
			if x.State.Ended() != !x.ClosedAt.IsZero() {
				t.Fatalf("%s is closed at %s", x.State, x.ClosedAt)
			}
			if x.Overdue("2026-11-23") || x.Overdue("2026-11-24") == x.State.Ended() {
				t.Fatalf("%s is late on the wrong day", x.State)
			}
		}
	})
}
