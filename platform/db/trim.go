package db

import (
	"context"
	"fmt"
	"time"
)

// Trim names rows that have served their time.
type Trim struct {
	Table string
	Where string // holds one ?, the instant before which a row may go
	Keep  time.Duration
}

const trimBatch = 1000

// Trim deletes such rows of every tenant, a thousand in a transaction, so that no
// lock is held for long. It stops when ctx ends; the next run goes on.
func (d *DB) Trim(ctx context.Context, t Trim, now time.Time) (total int64, err error) {
	row := "rowid"
	if d.pg {
		row = "ctid"
	}
	query := fmt.Sprintf("delete from %[1]s where %[2]s in (select %[2]s from %[1]s where %[3]s limit %[4]d)", t.Table, row, t.Where, trimBatch)
	for n := int64(trimBatch); n == trimBatch; total += n {
		err := d.AsSystem(ctx, "housekeeping", func(ctx context.Context) error {
			res, err := Conn(ctx).NewRaw(query, now.Add(-t.Keep)).Exec(ctx)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
