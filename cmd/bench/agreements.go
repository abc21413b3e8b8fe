package main

import (
	"fmt"
	"time"
)

// perAgreement is how many referrals a world has for each agreement: 5,000 agreements
// beside a million.
const perAgreement = 200

// agreements copies the desk's agreement with the hospital, clauses and text, to its
// agreements with the other receivers: one in ten is in force, the others have ended,
// as in an office that keeps its history. The hospital's own gets figures for as many
// days as the world has room for.
func (f *filler) agreements(desk place, receivers []place) error {
	list, err := rowsOf(f.ctx, f.tx, "select * from agreements where tenant_id = ? and state = 'in_force' and cast(parties as text) like '%hospital%'", desk.tenant)
	if err != nil || len(list) == 0 {
		return fmt.Errorf("the hospital's agreement is not found: %w", err)
	}
	model := list[0]
	f.model, f.pair = text(model["id"]), [2]string{desk.tenant, receivers[0].tenant}
	parts := map[string][]record{}
	for _, table := range []string{"agreement_parties", "agreement_scopes", "agreement_sharing", "agreement_texts", "agreement_quotas", "agreement_obligations"} {
		if parts[table], err = rowsOf(f.ctx, f.tx, "select * from "+table+" where agreement_id = ?", f.model); err != nil {
			return err
		}
	}
	put := func(table string, r record) error {
		names, values := r.split()
		_, err := f.tx.ExecContext(f.ctx, insertText(table, names), values...)
		return err
	}
	for i := range f.n / perAgreement {
		there, id, state, until := receivers[1+i%(len(receivers)-1)], newID(), "in_force", time.Now().AddDate(1, 0, i%300)
		if i%10 != 0 {
			state, until = "expired", time.Now().AddDate(-1, 0, -(i%3000))
		}
		a := model.with("id", id, "number", fmt.Sprintf("2019/%05d", i+1), "state", state, "due_on", nil, "ends_on", until.Format(time.DateOnly), "effective_on", until.AddDate(-3, 0, 1).Format(time.DateOnly))
		if err := put("agreements", a); err != nil {
			return err
		}
		for table, rows := range parts {
			for _, r := range rows {
				x := r.with("agreement_id", id)
				if _, ok := x["id"]; ok {
					x["id"] = newID()
				}
				if _, ok := x["mark"]; ok && state == "expired" {
					x["mark"] = map[bool]any{true: "ended", false: ""}[i < 2*len(receivers)]
				}
				for _, c := range []string{"from_tenant", "to_tenant", "tenant_id"} {
					if text(x[c]) == receivers[0].tenant {
						x[c] = there.tenant
					}
				}
				if err := put(table, x); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
		}
	}
	for d := range min(700, f.n/30) {
		day := time.Now().AddDate(0, 0, -d)
		for indicator, party := range map[string]string{"sent": desk.tenant, "outcomes_confirmed": desk.tenant, "answered_in_time": receivers[0].tenant, "accepted": receivers[0].tenant, "completed": receivers[0].tenant} {
			for unit, span := range map[string]string{"day": day.Format(time.DateOnly), "month": day.Format("2006-01") + "-01"} {
				if _, err := f.tx.ExecContext(f.ctx, "insert into agreement_figures (agreement_id, unit, span, indicator, party_id, num, den) values (?, ?, ?, ?, ?, 9, 10) on conflict do update set num = num + 9, den = den + 10",
					f.model, unit, span, indicator, party); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// between is the agreement that carries a referral: that of the measured pair.
func (f *filler) between(s, r place) any {
	if f.pair == [2]string{s.tenant, r.tenant} {
		return f.model
	}
	return nil
}
