package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// The states of a row.
const (
	ready  = "ready"
	handed = "handed"
	done   = "done"
	dead   = "dead"
)

const (
	batch       = 100
	together    = 25
	maxAttempts = 12

	awayPause    = 2 * time.Minute
	awayPatience = 7 * 24 * time.Hour
)

type row struct {
	bun.BaseModel `bun:"table:outbox,alias:o"`
	ID            ids.ID[ids.Delivery] `bun:",pk"`
	TenantID      string
	Subscriber    string
	Event         string
	Payload       string
	OrderKey      string `bun:",nullzero"`
	Sequence      int64
	OnceKey       string `bun:",nullzero"`
	State         string
	Attempt       int
	NextAt        time.Time
	HandedAt      time.Time `bun:",nullzero"`
	DoneAt        time.Time `bun:",nullzero"`
	ErrorCode     string    `bun:",nullzero"`
	CreatedAt     time.Time
}

func (r row) delivery() Delivery {
	return Delivery{ID: r.ID, Tenant: r.TenantID, Attempt: r.Attempt, Payload: json.RawMessage(r.Payload)}
}

func (r row) task() task {
	return task{ID: r.ID, Attempt: r.Attempt, Tenant: r.TenantID, Subscriber: r.Subscriber}
}

func insert(ctx context.Context, rows []row) error {
	_, err := db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

// anything tells whether deliveries wait, and whether some were handed over before
// `before` and never came back.
func anything(ctx context.Context, now, before time.Time) (waiting, lost bool, err error) {
	err = db.Conn(ctx).NewRaw("select exists (select 1 from outbox where state = 'ready' and next_at <= ?), exists (select 1 from outbox where state = 'handed' and handed_at < ?)", now, before).Scan(ctx, &waiting, &lost)
	return waiting, lost, err
}

// claim chooses by state, never by id: a lower id may commit later.
func claim(ctx context.Context, now time.Time, pg bool) (rows []row, err error) {
	lock := ""
	if pg {
		lock = " for update skip locked"
	}
	err = db.Conn(ctx).NewRaw(`update outbox set state = 'handed', handed_at = ? where id in (
		select o.id from outbox o where o.state = 'ready' and o.next_at <= ? and (o.order_key is null or not exists (
			select 1 from outbox p where p.subscriber = o.subscriber and p.tenant_id = o.tenant_id and p.order_key = o.order_key
			and p.sequence < o.sequence and p.state in ('ready', 'handed')))
		order by o.next_at limit ?`+lock+`) returning id, attempt, tenant_id, subscriber`, now, now, batch).Scan(ctx, &rows)
	return rows, err
}

func unclaim(ctx context.Context, tasks []task) error {
	var list []ids.ID[ids.Delivery]
	for _, t := range tasks {
		list = append(list, t.ids()...)
	}
	_, err := db.Conn(ctx).NewRaw("update outbox set state = 'ready' where state = 'handed' and id in (?)", db.In(list)).Exec(ctx)
	return err
}

func takeBack(ctx context.Context, now, lost time.Time) error {
	_, err := db.Conn(ctx).NewRaw("update outbox set state = 'ready', attempt = attempt + 1, next_at = ?, error_code = 'lost' where state = 'handed' and handed_at < ?", now, lost).Exec(ctx)
	return err
}

func release(ctx context.Context, now time.Time) error {
	_, err := db.Conn(ctx).NewRaw("update outbox set state = 'ready', attempt = attempt + 1, next_at = ? where state = 'handed'", now).Exec(ctx)
	return err
}

// load reads the rows of some deliveries, in the order of the list.
func load(ctx context.Context, list ...ids.ID[ids.Delivery]) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("id in (?)", db.In(list)).Scan(ctx)
	slices.SortFunc(rows, func(a, b row) int { return slices.Index(list, a.ID) - slices.Index(list, b.ID) })
	return rows, err
}

// inTurn makes transactions that run deliveries of one subscriber follow each other,
// within a tenant or everywhere: each may lock much, in an order that nobody chose. One
// that goes alone takes its turn as well.
func inTurn(ctx context.Context, sub Subscription, tenant string) error {
	if !db.Postgres(ctx) || !sub.Together && !sub.Shared {
		return nil
	}
	if sub.Shared {
		tenant = ""
	}
	_, err := db.Conn(ctx).NewRaw("select pg_advisory_xact_lock(hashtextextended(?, 0))", "outbox "+sub.Name+" "+tenant).Exec(ctx)
	return err
}

func markDone(ctx context.Context, rows []row, now time.Time) (int64, error) {
	list := make([]ids.ID[ids.Delivery], len(rows))
	for i, r := range rows {
		list[i] = r.ID
	}
	res, err := db.Conn(ctx).NewRaw("update outbox set state = 'done', done_at = ?, error_code = null where id in (?) and done_at is null and state = 'handed'", now, db.In(list)).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// retry says when the next attempt is. What failed because another machine is away
// is not at fault: it is tried again for a week, every few minutes.
func retry(ctx context.Context, r row, now time.Time, code string) error {
	state, wait := ready, min(time.Second<<min(r.Attempt, 12), time.Hour)
	if code == string(fault.Unavailable) {
		wait = min(wait, awayPause)
		if now.Sub(r.CreatedAt) > awayPatience {
			state = dead
		}
	} else if r.Attempt+1 >= maxAttempts {
		state = dead
	}
	_, err := db.Conn(ctx).NewRaw("update outbox set state = ?, attempt = attempt + 1, next_at = ?, error_code = ? where id = ? and state = 'handed' and attempt = ?",
		state, now.Add(wait), code, r.ID, r.Attempt).Exec(ctx)
	return err
}

func onceSeen(ctx context.Context, once string) (yes bool, err error) {
	err = db.Conn(ctx).NewRaw("select exists (select 1 from outbox where once_key >= ? and once_key < ?)", once+":", once+";").Scan(ctx, &yes)
	return yes, err
}

func pending(ctx context.Context) (n int, err error) {
	err = db.Conn(ctx).NewRaw("select (select count(*) from outbox where state = 'ready') + (select count(*) from outbox where state = 'handed')").Scan(ctx, &n)
	return n, err
}

func backlog(ctx context.Context) (b Backlog, err error) {
	c := db.Conn(ctx)
	if b.Waiting, err = pending(ctx); err != nil {
		return b, err
	}
	if err := c.NewRaw("select count(*) from outbox where state = 'dead'").Scan(ctx, &b.Dead); err != nil || b.Waiting == 0 {
		return b, err
	}
	var first row
	err = c.NewSelect().Model(&first).Column("created_at").Where("state in ('ready', 'handed')").Order("created_at").Limit(1).Scan(ctx)
	if db.NoRows(err) {
		err = nil
	}
	b.Oldest = first.CreatedAt
	return b, err
}
