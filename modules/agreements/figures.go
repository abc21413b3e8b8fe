package agreements

import (
	"context"
	"time"

	"shubbak/platform/ids"
	"shubbak/tenants"
)

// The units in which figures are folded: a day and a month for what adds up; what does
// not (persons) has a figure of its own for each period that an obligation may name.
const (
	UnitDay   = "day"
	UnitMonth = "month"
	UnitNow   = "now"
)

// Cell is one figure of an agreement: what one party has done in one span. Den is what
// a share is counted of; 0 for a plain number. A span is named by its first day.
type Cell struct {
	Party     tenants.ID
	Indicator string
	Unit      string
	Span      string
	Num, Den  int64
}

// Tally is the figures of an agreement from a month on, exact as of the last event that
// was folded.
type Tally struct {
	AsOf   time.Time
	Cells  []Cell
	States []string // of a referral, in the order of its life
}

// Counts gives the figures of agreements that the tenant of ctx is a party to; reports
// satisfies it through wire.go.
type Counts interface {
	Tallies(ctx context.Context, list []ids.ID[ids.Agreement], since string) (map[ids.ID[ids.Agreement]]Tally, error)
	// Disclosed is how many openings of a person's data the agreement carried in the
	// eyes of the tenant of ctx, at most limit.
	Disclosed(ctx context.Context, id ids.ID[ids.Agreement], limit int) (int, error)
}

// The indicators that are folded beside those of obligations: for the page of an
// agreement. States are "state:" and the code.
const (
	CountSent       = "sent"
	CountDangers    = "dangers"
	CountExceptions = "exceptions"
	CountDecided    = "decided"
	CountState      = "state:"
)

// sum adds the cells of one indicator that a choice takes.
func (t Tally) sum(indicator, unit string, choose func(c Cell) bool) (num, den int64) {
	for _, c := range t.Cells {
		if c.Indicator == indicator && c.Unit == unit && choose(c) {
			num, den = num+c.Num, den+c.Den
		}
	}
	return num, den
}
