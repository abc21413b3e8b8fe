package tasks

import (
	"context"
	"strings"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

type row struct {
	bun.BaseModel `bun:"table:tasks,alias:t"`
	Task
	Sealed []byte
}

// Sight is one way in which a reader sees tasks; a list holds what any of them shows.
type sight struct {
	Assignee ids.ID[ids.User]
	GivenBy  ids.ID[ids.User]   // but not what they gave themselves
	Units    []ids.ID[ids.Unit] // of those who work there
	About    string             // of one kind of record
	All      bool
}

// choice is everything else that chooses the rows of a list.
type choice struct {
	States    []string
	DueBefore string
	After     string
	Limit     int
	ByDue     bool // open ones only, the nearest day first; else newest first
}

func (w sight) where(q *bun.SelectQuery) *bun.SelectQuery {
	switch {
	case !w.Assignee.IsZero():
		return q.Where("t.assignee = ?", w.Assignee)
	case !w.GivenBy.IsZero():
		return q.Where("t.given_by = ?", w.GivenBy).Where("t.assignee <> ?", w.GivenBy)
	case w.About != "":
		return q.Where("t.about = ?", w.About)
	case w.All:
		return q
	}
	return q.Where("t.unit_id in (?)", db.In(w.Units))
}

func (c choice) where(q *bun.SelectQuery) *bun.SelectQuery {
	if len(c.States) > 0 {
		q = q.Where("t.state in (?)", db.Codes(c.States))
	}
	if c.DueBefore != "" {
		q = q.Where("t.due_on < ?", c.DueBefore)
	}
	if c.ByDue {
		if day, id, ok := strings.Cut(c.After, "/"); ok {
			q = q.Where("(t.due_on, t.id) > (?, ?)", day, id)
		}
		return q.Where("t.closed_at is null").OrderExpr("t.due_on, t.id").Limit(int64(c.Limit))
	}
	if c.After != "" {
		q = q.Where("t.id < ?", c.After)
	}
	return q.OrderExpr("t.id desc").Limit(int64(c.Limit))
}

// list gives a page of the tasks of the tenant of ctx. Each sight finds a page of its
// own along its index, so that many of them cost no more than the page.
func list(ctx context.Context, sights []sight, c choice) ([]row, error) {
	var rows []row
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("t.tenant_id = ?", db.Tenant(ctx))
	if len(sights) == 1 {
		err := c.where(sights[0].where(q)).Scan(ctx)
		return rows, err
	}
	parts := make([]any, len(sights))
	for i, w := range sights {
		one := db.Conn(ctx).NewSelect().Model((*row)(nil)).Column("t.id").Where("t.tenant_id = ?", db.Tenant(ctx))
		parts[i] = c.where(w.where(one))
	}
	text := "t.id in (select id from (?) x" + strings.Repeat(" union select id from (?) x", len(parts)-1) + ")"
	err := q.Where(text, parts...).OrderExpr("t.id desc").Limit(int64(c.Limit)).Scan(ctx)
	return rows, err
}

func byID(ctx context.Context, id ids.ID[ids.Task]) (r row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&r).Where("t.tenant_id = ?", db.Tenant(ctx)).Where("t.id = ?", id).Scan(ctx)
	return r, err
}

// openOf are the open tasks of somebody, in the order of their days.
func openOf(ctx context.Context, user ids.ID[ids.User]) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("t.tenant_id = ?", db.Tenant(ctx)).Where("t.assignee = ?", user).Where("t.closed_at is null").OrderExpr("t.due_on, t.id").Scan(ctx)
	return rows, err
}

// insert writes a task; made is false where its source has made one before.
func insert(ctx context.Context, r row) (made bool, err error) {
	res, err := db.Conn(ctx).NewInsert().Model(&r).On("conflict (tenant_id, source) where source is not null do nothing").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// save writes what a command changes; of two commands on one version one wins.
func save(ctx context.Context, r row) error {
	return db.Affected(db.Conn(ctx).NewUpdate().Model(&r).Column("version", "state", "assignee", "unit_id", "changed_at", "closed_at", "sealed").
		Where("tenant_id = ?", db.Tenant(ctx)).Where("id = ?", r.ID).Where("version = ?", r.Version-1).Exec(ctx))
}

// most is the count from which a tab says no more than "many".
const most = 100

// count counts the open tasks that a sight shows.
func count(ctx context.Context, w sight) (n int, err error) {
	sub := w.where(db.Conn(ctx).NewSelect().Model((*row)(nil)).ColumnExpr("1").Where("t.tenant_id = ?", db.Tenant(ctx))).Where("t.closed_at is null").Limit(most)
	err = db.Conn(ctx).NewSelect().TableExpr("(?) x", sub).ColumnExpr("count(*)").Scan(ctx, &n)
	return n, err
}
