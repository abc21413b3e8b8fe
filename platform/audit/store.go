package audit

import (
	"context"
	"strings"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/uptrace/bun"
)

// sealSize is how many entries one sealing transaction chains.
const sealSize = 500

type row struct {
	bun.BaseModel `bun:"table:audit_entries,alias:a"`
	ID            ids.ID[ids.Entry] `bun:",pk"`
	TenantID      string
	At            time.Time
	Actor         ids.ID[ids.User] `bun:",nullzero"`
	Action        string
	Object        string
	ObjectID      string
	Detail        string
	RequestID     string
	Seq           int64 `bun:",nullzero"`
	Hash          []byte
}

type head struct {
	bun.BaseModel `bun:"table:audit_heads,alias:h"`
	TenantID      string `bun:",pk"`
	Seq           int64
	Hash          []byte
}

func insert(ctx context.Context, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

func countUnsealed(ctx context.Context) (n int, err error) {
	err = db.Conn(ctx).NewRaw("select count(*) from (select id from audit_entries where seq is null order by id limit 1) x").Scan(ctx, &n)
	return n, err
}

func sealBatch(ctx context.Context, pg bool) (int, error) {
	c := db.Conn(ctx)
	if pg {
		var mine bool
		if err := c.NewRaw("select pg_try_advisory_xact_lock(7232012, hashtext(current_schema()))").Scan(ctx, &mine); err != nil || !mine {
			return 0, err
		}
	}
	var rows []row
	if err := c.NewSelect().Model(&rows).Where("seq is null").Order("id").Limit(sealSize).Scan(ctx); err != nil || len(rows) == 0 {
		return 0, err
	}
	heads := map[string]*head{}
	for i := range rows {
		r := &rows[i]
		h := heads[r.TenantID]
		if h == nil {
			found, err := headOf(ctx, r.TenantID)
			if err != nil {
				return 0, err
			}
			h = &found
			heads[r.TenantID] = h
		}
		r.Seq = h.Seq + 1
		r.Hash = sum(h.Hash, *r)
		h.Seq, h.Hash = r.Seq, r.Hash
	}
	if err := writeSeals(ctx, rows, pg); err != nil {
		return 0, err
	}
	for _, h := range heads {
		if _, err := c.NewInsert().Model(h).On("conflict (tenant_id) do update").Set("seq = excluded.seq").Set("hash = excluded.hash").Exec(ctx); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func headOf(ctx context.Context, tenant string) (head, error) {
	h := head{TenantID: tenant, Hash: []byte{}}
	err := db.Conn(ctx).NewSelect().Model(&h).WherePK().Scan(ctx)
	if db.NoRows(err) {
		err = nil
	}
	return h, err
}

func tenantsWithEntries(ctx context.Context) (out []string, err error) {
	err = db.Conn(ctx).NewRaw("select distinct tenant_id from audit_entries order by 1").Scan(ctx, &out)
	return out, err
}

func chainPage(ctx context.Context, tenant string, after int64) (rows []row, err error) {
	err = db.Conn(ctx).NewSelect().Model(&rows).Where("tenant_id = ?", tenant).Where("seq > ?", after).Order("seq").Limit(sealSize).Scan(ctx)
	return rows, err
}

func ownPage(ctx context.Context, object, id string, after int64, limit int) (rows []row, err error) {
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("tenant_id = ?", db.Tenant(ctx)).Where("seq > ?", after).Order("seq").Limit(int64(limit))
	if id != "" {
		q = q.Where("object_id = ?", id).Where("object = ?", object)
	}
	return rows, q.Scan(ctx)
}

func unsealedOf(ctx context.Context, tenant string) (n int, oldest time.Time, err error) {
	var rows []row
	err = db.Conn(ctx).NewSelect().Model(&rows).Column("at").Where("tenant_id = ?", tenant).Where("seq is null").Order("id").Scan(ctx)
	if len(rows) > 0 {
		oldest = rows[0].At
	}
	return len(rows), oldest, err
}

func tail(ctx context.Context) (n int, oldest time.Time, err error) {
	c := db.Conn(ctx)
	if err := c.NewRaw("select count(*) from audit_entries where seq is null").Scan(ctx, &n); err != nil || n == 0 {
		return 0, oldest, err
	}
	var first row
	err = c.NewSelect().Model(&first).Column("at").Where("seq is null").Order("id").Limit(1).Scan(ctx)
	if db.NoRows(err) { // sealed in between
		return 0, oldest, nil
	}
	return n, first.At, err
}

// writeSeals stores sequence and hash of a batch in one statement. The range of ids
// bounds the work whatever plan is chosen: after crashes, which take the planner's
// figures away, the fault suite saw a batch run into its deadline again and again.
func writeSeals(ctx context.Context, rows []row, pg bool) error {
	same, hash := "e.id = d.id", "d.hash"
	if pg { // the values have no column to take their type from
		same, hash = "e.id = d.id::uuid", "d.hash::bytea"
	}
	var values strings.Builder
	args := make([]any, 0, 3*len(rows))
	for i, r := range rows {
		if i > 0 {
			values.WriteString(", ")
		}
		values.WriteString("(?, ?, ?)")
		args = append(args, r.ID.String(), r.Seq, r.Hash)
	}
	_, err := db.Conn(ctx).NewRaw("with d (id, seq, hash) as (values "+values.String()+") update audit_entries as e set seq = d.seq, hash = "+hash+" from d where "+same+" and e.seq is null and e.id >= ? and e.id <= ?", append(args, rows[0].ID, rows[len(rows)-1].ID)...).Exec(ctx)
	return err
}
