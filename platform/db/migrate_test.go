package db_test

import (
	"context"
	"testing"
	"testing/fstest"

	"shubbak/platform/db"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.InTx(as(mine), func(ctx context.Context) error { return add(ctx, id(1), mine, "kept") }); err != nil {
			t.Fatal(err)
		}
		before, err := d.Migrations(ctx, trees(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, trees(t)); err != nil {
			t.Fatal(err)
		}
		after, err := d.Migrations(ctx, trees(t))
		if err != nil || len(after) != 2 || len(before) != 2 || count(t, d) != 1 {
			t.Errorf("%v then %v, %v", before, after, err)
		}
		for _, m := range after {
			if !m.Applied {
				t.Errorf("%s is not applied", m.Name)
			}
		}
		if err := d.Current(ctx, trees(t)); err != nil {
			t.Errorf("the schema is up to date: %v", err)
		}
	})
}

func TestABrokenStepIsNotDone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		with := append(trees(t), fstest.MapFS{"20261101009950_broken.tx.up.sql": {Data: []byte("create table half (id integer);\n--bun:split\nthis is no SQL;\n")}})
		if err := d.Migrate(ctx, with); err == nil {
			t.Fatal("a step that failed was taken for done")
		}
		if err := d.Current(ctx, with); err == nil {
			t.Error("the schema counts as current")
		}
		mended := append(trees(t), fstest.MapFS{"20261101009950_broken.tx.up.sql": {Data: []byte("create table half (id integer);\n")}})
		if err := d.Migrate(ctx, mended); err != nil {
			t.Errorf("the step left something behind: %v", err)
		}
	})
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		additive := append(trees(t), fstest.MapFS{"20261101009960_more.tx.up.sql": {Data: []byte("create table more (id integer);\n")}})
		if err := d.Migrate(ctx, additive); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, trees(t)); err != nil {
			t.Errorf("an additive step of a newer program stops nobody: %v", err)
		}
		breaking := append(additive, fstest.MapFS{"20261101009969_break.tx.up.sql": {Data: []byte("create table broken (id integer);\n")}})
		if err := d.Migrate(ctx, breaking); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, trees(t)); err == nil {
			t.Error("an older program migrated a database that a newer one broke")
		}
	})
}
