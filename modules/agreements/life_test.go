package agreements

import (
	"slices"
	"strings"
	"testing"
	"time"

	"shubbak/platform/fault"

	"pgregory.net/rapid"
)

// written is domain.md §3 a second time, so that a change of the table alone is seen.
var written = map[Command][3]string{
	Submit: {"keeper", "draft", "internal_review"}, Negotiate: {"keeper", "internal_review", "negotiation"}, Approve: {"keeper", "negotiation", "approved"},
	OpenSigning: {"keeper", "approved", "signing"}, Sign: {"signatory", "signing", "="}, Visa: {"keeper", "awaiting_visa", "signed"},
	Suspend: {"party", "in_force expiring", "suspended"}, Resume: {"party", "suspended", "="}, Renew: {"keeper", "in_force expiring", "="}, Object: {"party", "in_force expiring", "="},
	Terminate: {"party", "in_force expiring suspended", "="}, Amend: {"keeper", "in_force expiring", "="}, Abandon: {"keeper", "draft internal_review negotiation", "abandoned"},
	enforce: {"system", "signed", "in_force"}, expiry: {"system", "in_force", "expiring"}, expire: {"system", "in_force expiring suspended", "expired"},
	tacitly: {"system", "in_force expiring", "in_force"}, succeed: {"system", "in_force expiring suspended expired", "renewed"}, lapse: {"system", "in_force expiring suspended", "terminated"},
}

func TestTheTableStandsAsTheDomainSays(t *testing.T) {
	if len(Table) != len(written) {
		t.Errorf("%d commands, the domain has %d", len(Table), len(written))
	}
	for c, want := range written {
		var from []string
		for _, s := range Table[c].From {
			from = append(from, string(s))
		}
		if got := [3]string{string(Table[c].By), strings.Join(from, " "), string(Table[c].To)}; got != want {
			t.Errorf("%s is %v, the domain says %v", c, got, want)
		}
	}
}

// TestNoHistoryLeavesTheTable lets commands and days fall in any order.
func TestNoHistoryLeavesTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		a := Agreement{Version: 1, Alerted: 1000, EffectiveOn: "2026-02-01", EndsOn: "2026-12-31", NoticeDays: rapid.IntRange(0, 120).Draw(t, "notice"), Renewal: rapid.SampledFrom(Renewals).Draw(t, "renewal")}
		a.become(Draft, "created", now)
		visa := rapid.Bool().Draw(t, "visa")
		signed := 0
		alerts := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before, today := a, now.Format(time.DateOnly)
			var events []Event
			var err error
			one := func(e Event, fail error) { events, err = append(events, e), fail }
			c := rapid.SampledFrom([]Command{Submit, Negotiate, Approve, OpenSigning, Sign, Visa, Suspend, Resume, Object, Terminate, Abandon, "day", "day", "day", "month"}).Draw(t, "command")
			switch c {
			case "day", "month":
				now = now.AddDate(0, 0, map[Command]int{"day": 1, "month": 31}[c])
				today = now.Format(time.DateOnly)
				for e := a.Tick(today, now); e != nil; e = a.Tick(today, now) {
					events = append(events, *e)
					if e.Event == "alert" {
						key := a.EndsOn + "/" + string(rune('0'+e.Days))
						if alerts[key]++; alerts[key] > 1 {
							t.Fatalf("the alert of %d days before %s was given twice", e.Days, a.EndsOn)
						}
					}
				}
				if again := a.Tick(today, now); again != nil {
					t.Fatalf("a day that is done does %s", again.Event)
				}
			case Sign:
				if events, err = a.HasSigned("x", signed == 1, visa, now); err == nil {
					signed++
				}
			case Resume:
				one(a.Resumed(today, now))
			case Terminate:
				events, err = a.Terminated(Day(today, rapid.IntRange(0, 40).Draw(t, "in")), today, "r", now)
			case Object:
				if one(a.move(c, now)); err == nil {
					a.ObjectedOn = today
				}
			default:
				one(a.move(c, now))
			}
			if err != nil {
				if !fault.Has(err, fault.IllegalTransition) || a.State != before.State || a.Sequence != before.Sequence {
					t.Fatalf("a refusal of %s changed something, or says another thing: %v", c, err)
				}
				continue
			}
			for i, e := range events {
				if e.Sequence != before.Sequence+int64(i)+1 {
					t.Fatalf("%s leaves a gap in the history", c)
				}
			}
			if a.State != before.State && len(events) == 0 {
				t.Fatalf("%s → %s without an event", before.State, a.State)
			}
			if before.State.Ended() && a.State != before.State {
				t.Fatalf("%s went on after its end, to %s", before.State, a.State)
			}
			if a.Settled() && signed < 2 {
				t.Fatalf("%s with %d signatures", a.State, signed)
			}
			a.Plan()
			if a.standing(today) == "" && (a.EffectiveOn > today || !slices.Contains([]State{InForce, Expiring, Signed}, a.State) || a.EndsOn < today && !a.RenewsItself()) {
				t.Fatalf("%s permits on %s, its term is %s to %s", a.State, today, a.EffectiveOn, a.EndsOn)
			}
			if slices.Contains(running, a.State) && a.DueOn == "" {
				t.Fatalf("%s, and time will never do anything", a.State)
			}
		}
	})
}

// Settled is State's, for the test's sentence.
func (a Agreement) Settled() bool { return a.State.Settled() }

func TestTheNextTerm(t *testing.T) {
	for _, c := range [][4]string{
		{"2026-02-09", "2027-02-08", "2027-02-09", "2028-02-08"},
		{"2024-03-01", "2025-02-28", "2025-03-01", "2026-02-28"},
		{"2026-01-01", "2026-12-31", "2027-01-01", "2027-12-31"},
		{"2026-01-10", "2026-01-19", "2026-01-20", "2026-01-29"},
	} {
		if from, to := nextTerm(c[0], c[1]); from != c[2] || to != c[3] {
			t.Errorf("after %s to %s: %s to %s", c[0], c[1], from, to)
		}
	}
}

func TestWordsGiveBothTextsAgain(t *testing.T) {
	piece := rapid.SampledFrom([]string{"المادة", "الأولى", " ", "، ", "convention", "l’article", " 12", "\n", "."})
	rapid.Check(t, func(t *rapid.T) {
		a := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "a"), "")
		b := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "b"), "")
		var from, to string
		for _, r := range Words(a, b) {
			if r.Op != "+" {
				from += r.Text
			}
			if r.Op != "-" {
				to += r.Text
			}
		}
		if from != a || to != b {
			t.Fatalf("%q → %q gives %q → %q", a, b, from, to)
		}
	})
	got := Words("تسري لمدة سنة واحدة", "تسري لمدة ثلاث سنوات")
	if len(got) < 3 || got[0] != (Run{"=", "تسري لمدة "}) {
		t.Errorf("%v", got)
	}
}

func TestEveryTemplateIsWhole(t *testing.T) {
	for _, kind := range Kinds {
		list, err := template(kind)
		if err != nil || len(list) < 12 {
			t.Errorf("%s: %d articles, %v", kind, len(list), err)
		}
		for _, x := range list {
			if x.Title.Ar == "" || x.Title.Fr == "" || x.Body.Ar == "" || x.Body.Fr == "" {
				t.Errorf("%s: %s lacks a language", kind, x.Key)
			}
		}
	}
}

func TestAnAmendmentKeepsWhatOthersChanged(t *testing.T) {
	base := Text{Title: Title{"ا", "a"}, NoticeDays: 60, EndsOn: "2026-12-31"}
	now, amended := base, base
	now.EndsOn = "2027-12-31"
	amended.NoticeDays = 90
	got, err := Rebase(base, now, amended)
	if err != nil || got.EndsOn != "2027-12-31" || got.NoticeDays != 90 {
		t.Errorf("%+v, %v", got, err)
	}
}
