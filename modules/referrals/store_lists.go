package referrals

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// filter chooses the rows of a list.
type filter struct {
	box      string // in, out, or both
	states   []State
	open     bool
	decide   bool
	danger   bool
	person   ids.ID[ids.Person]
	review   bool
	overdue  bool
	number   string
	need     string
	partner  ids.ID[ids.Tenant]
	due      bool // in the order of deadlines
	sender   ids.ID[ids.User]
	assignee ids.ID[ids.User]
	units    []ids.ID[ids.Unit]
	now      time.Time
	none     bool // the actor has no such box
}

func (f filter) apply(ctx context.Context, q *bun.SelectQuery) *bun.SelectQuery {
	t := db.Tenant(ctx)
	switch f.box {
	case "in":
		q = q.Where("r.to_tenant = ?", t).Where("r.organization_id is null")
		if f.due { // the same in other words: as a range SQLite would prefer it to the index of the tab
			q = q.Where("(r.sent_at is null) = false")
		} else {
			q = q.Where("r.sent_at is not null")
		}
		if len(f.units) > 0 {
			q = q.Where("(r.to_unit is null or r.to_unit in (?))", db.In(f.units))
		}
	case "out":
		q = q.Where("r.from_tenant = ?", t)
		if len(f.units) > 0 {
			q = q.Where("(r.from_unit is null or r.from_unit in (?))", db.In(f.units))
		}
	default:
		q = q.Where(within, t, t)
		if len(f.units) > 0 {
			q = q.Where("((r.from_tenant = ? and (r.from_unit is null or r.from_unit in (?))) or (r.to_tenant = ? and (r.to_unit is null or r.to_unit in (?))))", t, db.In(f.units), t, db.In(f.units))
		}
	}
	if f.endless() && len(f.states) == len(ended) && db.Postgres(ctx) {
		q = q.Where("not r.is_open") // along the list, instead of every ended one of each state
	} else if len(f.states) > 0 {
		q = q.Where("r.state in (?)", db.Codes(f.states))
	}
	if f.open || f.due && !slices.Contains(f.states, Completed) {
		q = q.Where("r.is_open")
	}
	if f.decide {
		q = q.Where("r.to_decide")
	}
	if !f.person.IsZero() {
		q = q.Where("r.person_id = ?", f.person).Where("r.from_tenant = ?", t)
	}
	if f.danger {
		q = q.Where("r.danger")
	}
	if f.review {
		q = q.Where("r.danger and r.reviewed_at is null and r.sent_at is not null")
	}
	if f.overdue {
		q = q.Where("r.due_at < ?", f.now)
	}
	if f.number != "" {
		// Either side finds it by either number. Each way names the tenant itself, so that
		// each has its index; a box asks for its own side alone.
		const sent, received = "(r.from_tenant = ? and r.number = ?) or (r.from_tenant = ? and r.receiver_number = ? and r.receiver_number <> '')", "(r.to_tenant = ? and r.number = ?) or (r.to_tenant = ? and r.receiver_number = ? and r.receiver_number <> '')"
		switch f.box {
		case "out":
			q = q.Where("("+sent+")", t, f.number, t, f.number)
		case "in":
			q = q.Where("("+received+")", t, f.number, t, f.number)
		default:
			q = q.Where("("+sent+" or "+received+")", t, f.number, t, f.number, t, f.number, t, f.number)
		}
	}
	if f.need != "" {
		q = q.Where("r.need = ?", f.need)
	}
	if !f.partner.IsZero() {
		// A letter goes to nobody here, whatever stands in its row.
		q = q.Where("r.from_tenant <> r.to_tenant and (r.from_tenant = ? or r.to_tenant = ?)", f.partner, f.partner)
	}
	if !f.sender.IsZero() {
		q = q.Where("r.from_user = ?", f.sender)
	}
	if f.none {
		q = q.Where("false")
	}
	if !f.assignee.IsZero() {
		q = q.Where("r.owner_user = ?", f.assignee).Where("r.to_tenant = ?", t)
	}
	return q
}

// endless reports whether a list grows for ever: what it shows is the newest end of all
// that was ever received or sent.
func (f filter) endless() bool {
	// Tabs of states that wait for something are short, and have indexes of their own.
	return f.number == "" && f.person.IsZero() && f.assignee.IsZero() && !f.open && !f.decide && !f.danger && !f.review && !f.overdue &&
		!slices.ContainsFunc(f.states, State.Open)
}

// place is where a page of a list ends: the key of its last row.
type place struct {
	due time.Time // in a list of deadlines
	id  string
}

func list(ctx context.Context, f filter, after place, limit int) ([]Referral, error) {
	var rows []row
	q := f.apply(ctx, db.Conn(ctx).NewSelect().Model(&rows)).Limit(int64(limit))
	if f.due {
		q = q.OrderExpr("r.due_at, r.id")
	} else {
		q = q.OrderExpr("r.id desc")
	}
	if after.id != "" && f.due {
		q = q.Where("(r.due_at, r.id) > (?, ?)", after.due, after.id)
	} else if after.id != "" {
		q = q.Where("r.id < ?", after.id)
	}
	if f.endless() {
		if err := db.Along(ctx); err != nil {
			return nil, err
		}
	}
	err := q.Scan(ctx)
	out := make([]Referral, len(rows))
	for i, r := range rows {
		out[i] = r.Referral
	}
	return out, err
}

// countUpTo counts at most 100 rows of each filter, in one statement, or in two where
// some are endless: a screen shows "99+".
func countUpTo(ctx context.Context, filters ...filter) ([]int, error) {
	out := make([]int, len(filters))
	for _, endless := range []bool{false, true} {
		q, into := db.Conn(ctx).NewSelect(), []any(nil)
		for i, f := range filters {
			if db.Postgres(ctx) && f.endless() != endless || !db.Postgres(ctx) && endless {
				continue
			}
			sub := f.apply(ctx, db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("1")).Limit(100)
			if f.due && !db.Postgres(ctx) {
				sub = sub.OrderExpr("r.due_at")
			} else if endless || !db.Postgres(ctx) { // SQLite takes "is not null" for a good range
				sub = sub.OrderExpr("r.id desc")
			}
			q, into = q.ColumnExpr("(select count(*) from (?) x)", sub), append(into, &out[i])
		}
		if len(into) == 0 {
			continue
		}
		if endless {
			if err := db.Along(ctx); err != nil {
				return nil, err
			}
		}
		if err := q.Scan(ctx, into...); err != nil {
			return nil, err
		}
	}
	return out, nil
}
