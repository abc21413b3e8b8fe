package main

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"shubbak/modules/people"
	"shubbak/modules/referrals"
	"shubbak/platform/db"
	"shubbak/platform/ids"
)

// person is who the next referrals of a desk are about.
type person struct {
	id, key string
	who     referrals.Identity
	left    int
}

// work writes the referrals with all that hangs on them.
func (f *filler) work(senders, receivers []place, keys map[string][]string) error {
	if err := f.learn(); err != nil {
		return err
	}
	if err := f.agreements(senders[0], receivers); err != nil {
		return fmt.Errorf("agreements: %w", err)
	}
	var opened, closed []record
	already := 0
	for _, r := range f.made["referrals"]["<nil>"] {
		if r["sent_at"] == nil || r["organization_id"] != nil || truth(r["danger"]) {
			continue
		}
		if truth(r["is_open"]) {
			opened = append(opened, r)
			if fmt.Sprint(r["to_tenant"]) == receivers[0].tenant {
				already++
			}
		} else {
			closed = append(closed, r)
		}
	}
	known := slices.DeleteFunc(slices.Clone(f.made["people"]["<nil>"]), func(r record) bool { return truth(r["anonymous"]) })
	for _, e := range f.made["audit_entries"]["<nil>"] {
		if e["seq"] != nil && e["actor"] != nil && text(e["object"]) == "referral" && text(e["object_id"]) != "" {
			f.acts = append(f.acts, e)
		}
	}
	waiting, named := openReferrals-already, 0
	current := map[string]*person{}
	for i := range f.n {
		if i > 0 && i%100_000 == 0 {
			if err := f.next(); err != nil {
				return err
			}
		}
		s, r := senders[f.zipf(len(senders))], receivers[f.zipf(len(receivers))]
		t := closed[f.rnd.IntN(len(closed))]
		if left := f.n - i; waiting > 0 && (left <= waiting || left <= 2*openReferrals && i%2 == 0) {
			s, r, t = senders[0], receivers[0], opened[f.rnd.IntN(len(opened))]
			waiting--
			current[s.tenant] = nil
		} else if f.rnd.IntN(14) == 0 && r != receivers[0] {
			t = opened[f.rnd.IntN(len(opened))]
		}
		p := current[s.tenant]
		if p == nil || p.left == 0 {
			pool := keys[s.tenant]
			key := pool[f.rnd.IntN(len(pool))]
			if truth(t["is_open"]) && r == receivers[0] {
				key, named = pool[named%len(pool)], named+1
			}
			var err error
			if p, err = f.person(s, r, key, known[f.zipf(len(known))], known[f.zipf(len(known))]); err != nil {
				return err
			}
			current[s.tenant] = p
		}
		p.left--
		if err := f.referral(s, r, t, p, r == receivers[0]); err != nil {
			return err
		}
		if truth(t["is_open"]) {
			current[s.tenant] = nil // one open referral of a person and service
		}
	}
	// Persons for the sends of the runs: their consent names the chamber.
	for range 3000 {
		pool := keys[senders[0].tenant]
		if _, err := f.person(senders[0], place{}, pool[f.rnd.IntN(len(pool))], known[f.zipf(len(known))], known[f.zipf(len(known))]); err != nil {
			return err
		}
	}
	return nil
}

// next ends one transaction and begins another: in one alone the journal would be as
// large as the world.
func (f *filler) next() error {
	if err := f.tx.Commit(); err != nil {
		return err
	}
	if _, err := f.raw.ExecContext(f.ctx, "pragma wal_checkpoint(truncate)"); err != nil {
		return err
	}
	clear(f.stmts)
	var err error
	f.tx, err = f.raw.BeginTx(f.ctx, nil)
	return err
}

func truth(v any) bool { return v == true || v == int64(1) }

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// person registers somebody at a desk: the given name of one template, the family
// name of another.
func (f *filler) person(s, r place, key string, a, b record) (*person, error) {
	p := &person{id: newID(), key: key, left: perPerson}
	p.who = referrals.Identity{GivenNameAr: text(a["given_name_ar"]), FamilyNameAr: text(b["family_name_ar"]), GivenName: text(a["given_name"]), FamilyName: text(b["family_name"]),
		Sex: text(a["sex"]), BirthDate: text(a["birth_date"]), BirthPrecision: text(a["birth_precision"]), Commune: text(a["commune"])}
	k, err := ids.Parse[ids.Key](key)
	if err != nil {
		return nil, err
	}
	ctx := db.As(f.ctx, s.tenant)
	private, err := f.vault.SealJSON(ctx, k, "people.private:"+p.id, people.Private{Languages: []string{"darija"}, Situations: []string{"poor_household"}, Address: "حي النور، زنقة 12",
		Phones: []people.Phone{{Number: fmt.Sprintf("06%08d", f.rnd.IntN(1e8)), Safe: true}}})
	if err != nil {
		return nil, err
	}
	if err := f.put("people", a.with("id", p.id, "tenant_id", s.tenant, "key_id", key, "family_name_ar", p.who.FamilyNameAr, "family_name", p.who.FamilyName, "private", private, "created_by", s.user)); err != nil {
		return nil, err
	}
	words := []string{}
	for _, n := range []string{p.who.GivenNameAr, p.who.FamilyNameAr, p.who.GivenName, p.who.FamilyName} {
		n = strings.ToLower(n)
		words = append(words, "w:"+n, "p:"+string([]rune(n)[:min(3, len([]rune(n)))]))
	}
	slices.Sort(words)
	tokens, err := f.vault.Hash(ctx, "name", slices.Compact(words)...)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if err := f.put("person_tokens", record{"tenant_id": s.tenant, "token": t, "person_id": p.id}); err != nil {
			return nil, err
		}
	}
	recipient := "chamber"
	if r.tenant != "" {
		recipient = "hospital"
	}
	c := f.any("consents").with("id", newID(), "tenant_id", s.tenant, "person_id", p.id, "recipients", `["`+recipient+`"]`, "categories", `["identity","contact","social","documents","health"]`,
		"created_by", s.user, "expires_at", time.Now().AddDate(0, 9, 0), "withdrawn_at", nil)
	if c["sealed"], err = f.vault.SealJSON(ctx, k, "consents.sealed:"+text(c["id"]), people.Evidence{}); err != nil {
		return nil, err
	}
	return p, f.put("consents", c)
}

// referral writes a copy of a template between two institutions, about one person.
func (f *filler) referral(s, r place, t record, p *person, measured bool) error {
	id, from := newID(), text(t["id"])
	shift := time.Duration(0)
	if !truth(t["is_open"]) {
		shift = -time.Duration(31+f.rnd.IntN(650)) * 24 * time.Hour
	}
	move := func(x record, columns ...string) record {
		for _, c := range columns {
			if at, ok := x[c].(time.Time); ok {
				x[c] = at.Add(shift)
			}
		}
		return x
	}
	f.number[s.tenant]++
	x := t.with("id", id, "number", fmt.Sprintf("2025/%06d", f.number[s.tenant]), "from_tenant", s.tenant, "to_tenant", r.tenant, "from_unit", s.unit, "to_unit", r.unit, "from_user", s.user, "person_id", p.id,
		"key_id", p.key, "service_id", r.service, "consent_id", nil, "parent_id", nil, "redirect_to", nil, "agreement_id", f.between(s, r), "sequence", int64(4))
	move(x, "created_at", "sent_at", "accepted_at", "opened_at", "ended_at", "due_since", "decide_since")
	side := s.tenant
	if text(t["owner_tenant"]) == text(t["to_tenant"]) {
		side = r.tenant
	}
	x["owner_tenant"] = side
	for _, c := range []string{"owner_user", "opened_by"} {
		if x[c] != nil {
			x[c] = r.user
		}
	}
	accepted := t["accepted_at"] != nil
	if !truth(t["is_open"]) {
		x["to_decide"], x["due_at"], x["ring_at"], x["open_slices"] = f.rnd.IntN(50) == 0 && truth(t["to_decide"]), nil, nil, ""
		if accepted {
			x["open_slices"] = ",name,"
		}
	}
	if err := f.put("referrals", x); err != nil {
		return err
	}
	events := f.made["referral_events"][from]
	for i := range 4 {
		e := events[min(i, len(events)-1)].with("referral_id", id, "sequence", i+1, "from_tenant", s.tenant, "to_tenant", r.tenant)
		if text(e["by_tenant"]) == text(t["from_tenant"]) {
			e["by_tenant"], e["by_user"] = s.tenant, s.user
		} else if e["by_tenant"] != nil {
			e["by_tenant"], e["by_user"] = r.tenant, r.user
		}
		if err := f.put("referral_events", move(e, "at")); err != nil {
			return err
		}
	}
	k, err := ids.Parse[ids.Key](p.key)
	if err != nil {
		return err
	}
	slicesOf := map[string]any{"identity": p.who, "social": referrals.Social{Reason: "صعوبات في النوم منذ ستة أشهر دون تتبع طبي."}}
	if measured && accepted {
		slicesOf["name"] = referrals.Identity{GivenNameAr: p.who.GivenNameAr, FamilyNameAr: p.who.FamilyNameAr, GivenName: p.who.GivenName, FamilyName: p.who.FamilyName}
	}
	for name, content := range slicesOf {
		sealed, err := f.vault.SealJSON(db.As(f.ctx, s.tenant), k, "referral_slices."+name+":"+id, content)
		if err != nil {
			return err
		}
		if err := f.put("referral_slices", record{"referral_id": id, "slice": name, "from_tenant": s.tenant, "payload": sealed}); err != nil {
			return err
		}
	}
	n := f.any("notifications").with("id", newID(), "tenant_id", r.tenant, "user_id", r.user, "delivery_id", newID(), "subject_id", id, "number", x["number"], "partner", s.tenant,
		"code", strings.ReplaceAll(newID(), "-", "")[6:28], "created_at", time.Now().Add(-time.Duration(f.rnd.IntN(170))*24*time.Hour))
	if f.shapes["notifications"]["read_at instant"] && f.rnd.IntN(10) > 0 {
		n["read_at"] = time.Now().Add(-time.Hour)
	}
	if err := f.put("notifications", n); err != nil {
		return err
	}
	if accepted {
		d := f.any("disclosures").with("referral_id", id, "user_id", r.user, "from_tenant", s.tenant, "to_tenant", r.tenant, "person_id", p.id)
		if err := f.put("disclosures", move(d, "at")); err != nil {
			return err
		}
	}
	return f.entry(s, id)
}

// entry is one line of the audit trail. Its hash is random: the chain of a world of
// the bench does not verify, and nobody asks it to.
func (f *filler) entry(s place, id string) error {
	if f.seq[s.tenant] == 0 {
		var seq sql.NullInt64
		if err := f.tx.QueryRowContext(f.ctx, "select max(seq) from audit_entries where tenant_id = ?", s.tenant).Scan(&seq); err != nil {
			return err
		}
		f.seq[s.tenant] = seq.Int64
	}
	f.seq[s.tenant]++
	hash := make([]byte, 32)
	for i := range hash {
		hash[i] = byte(f.rnd.Uint32())
	}
	f.last[s.tenant] = hash
	return f.put("audit_entries", f.acts[f.rnd.IntN(len(f.acts))].with("id", newID(), "tenant_id", s.tenant, "actor", s.user, "object_id", id, "seq", f.seq[s.tenant], "hash", hash, "at", time.Now()))
}

// heads names the last entry of each trail.
func (f *filler) heads() error {
	for tenant, seq := range f.seq {
		if _, err := f.tx.ExecContext(f.ctx, "insert into audit_heads (tenant_id, seq, hash) values (?, ?, ?) on conflict (tenant_id) do update set seq = excluded.seq, hash = excluded.hash", tenant, seq, f.last[tenant]); err != nil {
			return err
		}
	}
	return nil
}
