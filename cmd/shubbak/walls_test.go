package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"

	"shubbak/platform/db"
	"shubbak/platform/testkit"
	"shubbak/policies"
	"shubbak/web"
)

// TestNoTenantReadsAnothersRows runs select * on every table of the catalogue as
// each tenant, in a role that row-level security binds.
func TestNoTenantReadsAnothersRows(t *testing.T) {
	t.Parallel()
	s, ok := worldSettings(t)["real"]
	if !ok {
		t.Skip("no PostgreSQL in this run")
	}
	w := newWorld(t, "real", s)
	if err := w.db.CheckRole(t.Context()); err != nil {
		t.Fatal(err)
	}
	tables := catalogue(t, w)
	for _, table := range tables {
		if testkit.Unwalled[table] != "" {
			continue
		}
		if leak := foreignRows(t, w, table); leak != "" {
			t.Errorf("%s: %s", table, leak)
		}
	}
	for name := range testkit.Unwalled {
		if !contains(tables, name) {
			t.Errorf("%s stands in the list of tables without a wall and does not exist", name)
		}
	}
	t.Run("and it sees a wall that is missing", func(t *testing.T) {
		err := w.db.AsSystem(t.Context(), "test", func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "alter table people disable row level security")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if foreignRows(t, w, "people") == "" {
			t.Error("the wall of people is down and the test saw nothing")
		}
	})
	t.Run("and a closed slice stays closed to the receiver", func(t *testing.T) {
		desk := w.as("worker@coordination.demo")
		id := desk.sent(nil)
		count := func() (n int) {
			err := w.db.Read(db.As(testkit.Deliberately(t.Context()), w.tenantID("hospital")), func(ctx context.Context) error {
				return db.Conn(ctx).NewRaw("select count(*) from referral_slices where referral_id = ?", id).Scan(ctx, &n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(); n != 0 {
			t.Errorf("before acceptance the receiver's database role reads %d slices", n)
		}
		w.as("intake@hospital.demo").do(id, "accept", nil).want(200)
		if n := count(); n != 2 {
			t.Errorf("after acceptance it reads %d slices, want identity and social", n)
		}
	})
}

func (w *world) tenantID(slug string) string {
	w.t.Helper()
	t, err := w.registry.BySlug(context.Background(), slug)
	if err != nil || t == nil {
		w.t.Fatal("no tenant", slug, err)
	}
	return t.ID.String()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func catalogue(t *testing.T, w *world) (tables []string) {
	t.Helper()
	err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw("select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1").Scan(ctx, &tables)
	})
	if err != nil || len(tables) < 20 {
		t.Fatal("catalogue", len(tables), err)
	}
	return tables
}

// foreignRows says which rows of others a tenant sees in a table; "" for none. A
// row is the tenant's own when one of its tenant columns names it, or when it
// hangs on a referral or agreement in which it takes part.
func foreignRows(t *testing.T, w *world, table string) string {
	t.Helper()
	for _, slug := range []string{"coordination", "faculty", "chamber", "hospital"} {
		own := w.tenantID(slug)
		var rows []map[string]any
		err := w.db.Read(db.As(testkit.Deliberately(t.Context()), own), func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw("select * from "+table).Scan(ctx, &rows)
		})
		if err != nil {
			t.Fatal(table, err)
		}
		for _, r := range rows {
			if !belongs(t, w, own, r) {
				return fmt.Sprintf("%s sees a row of another tenant", slug)
			}
		}
	}
	return ""
}

func belongs(t *testing.T, w *world, own string, row map[string]any) bool {
	t.Helper()
	named := false
	for _, column := range []string{"tenant_id", "from_tenant", "to_tenant"} {
		if v, ok := row[column]; ok {
			named = true
			if fmt.Sprint(v) == own {
				return true
			}
		}
	}
	for column, query := range map[string]string{
		"referral_id":  "select count(*) from referrals where id = ? and (from_tenant = ? or (to_tenant = ? and sent_at is not null))",
		"agreement_id": "select count(*) from agreement_parties where agreement_id = ? and (tenant_id = ? or tenant_id = ?)",
		"id":           "select count(*) from agreement_parties where agreement_id = ? and (tenant_id = ? or tenant_id = ?)",
	} {
		id, ok := row[column]
		if !ok || id == nil {
			continue
		}
		n := 0
		err := w.db.ReadAsSystem(t.Context(), "test", func(ctx context.Context) error {
			return db.Conn(ctx).NewRaw(query, fmt.Sprint(id), own, own).Scan(ctx, &n)
		})
		if err == nil && n > 0 {
			return true
		}
	}
	return !named && len(row) == 0
}

var parameter = regexp.MustCompile(`:[a-z_]+`)

// accounts of the demo by tenant and role, one for each.
var everybody = []string{"admin@coordination.demo", "coordinator@coordination.demo", "reception@coordination.demo", "worker@coordination.demo", "head@coordination.demo", "delegate@coordination.demo",
	"dpo@coordination.demo", "auditor@coordination.demo", "director@coordination.demo", "admin@hospital.demo", "intake@hospital.demo", "doctor@hospital.demo", "head@hospital.demo", "auditor@hospital.demo",
	"director@hospital.demo", "admin@chamber.demo", "intake@chamber.demo", "trainer@chamber.demo", "head@chamber.demo", "director@chamber.demo", "admin@faculty.demo", "placements@faculty.demo",
	"head@faculty.demo", "tutor@faculty.demo", "student@faculty.demo", "director@faculty.demo"}

// TestEveryRouteRefusesStrangers walks every registered route as every role of the
// tenants that have no part in a record, and as nobody: never a row, no change,
// and the same answer as for an id that never existed.
func TestEveryRouteRefusesStrangers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		strangersAreRefused(t, w)
	})
}

func strangersAreRefused(t *testing.T, w *world) {
	t.Helper()
	desk := w.as("worker@coordination.demo")
	person := desk.person(nil)
	consent := desk.consent(person, "hospital")
	referral := desk.refer(person, nil).want(201).text("id")
	document := desk.upload(referral, "medical", "ordinary", "مذكرة.txt", []byte("secret words of a paper")).want(201).text("id")
	w.settled()
	notice := w.as("intake@hospital.demo").get("/notifications").want(200).text("items.0.id")
	agreement := ""
	for _, x := range desk.get("/agreements").want(200).at("items").([]any) {
		if a := x.(map[string]any); strings.Contains(fmt.Sprint(a["parties"]), "hospital") {
			agreement = a["id"].(string)
		}
	}
	unit := w.as("admin@coordination.demo").get("/calendar/units").want(200).text("items.0.id")
	slip := codeOn(t, desk.page("/referrals/"+referral+"/slip"))
	const never = "01890000-0000-7000-8000-000000000000"
	// which record an address names, by its first word
	account := ""
	for _, x := range w.as("admin@coordination.demo").get("/users?limit=200").want(200).at("items").([]any) {
		if a := x.(map[string]any); a["email"] == "worker2@coordination.demo" {
			account = a["id"].(string)
		}
	}
	record := map[string]string{"people": person, "referrals": referral, "documents": document, "notifications": notice, "agreements": agreement, "slips": slip, "calendar": unit, "users": account, "account": w.sessionOf("coordination"),
		"services": desk.service("hospital", "psychiatric"), "units": unit, "organizations": desk.get("/organizations").want(200).text("items.0.id")}
	record["tasks"] = desk.post("/tasks", desk.task("of the desk", nil)).want(201).text("id")
	before := w.snapshot()
	walked := 0
	for _, r := range w.server.Routes() {
		if r.Public || !parameter.MatchString(r.Path) || name(r) == "GET /organizations/:id" && r.API { // the directory is the network's
			continue
		}
		word := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")[0]
		id, ok := record[word]
		if !ok {
			t.Errorf("route %s %s: the walk knows no record for it", r.Method, r.Path)
			continue
		}
		address := func(id string) string {
			p := r.Path
			p = strings.Replace(p, ":consent_id", consent, 1)
			p = strings.Replace(p, ":doc", document, 1)
			if word == "slips" {
				p = strings.Replace(p, ":code", strings.NewReplacer(never, "2222-2222-2222").Replace(id), 1)
			}
			p = strings.Replace(p, ":code", "aaaaaaaaaaaaaaaa", 1)
			return parameter.ReplaceAllString(p, id)
		}
		body := sample(r)
		for _, email := range everybody {
			tenant := tenantOf(email)
			if tenant == "coordination" || tenant == "hospital" && word != "people" && word != "notifications" && word != "users" && word != "account" && word != "tasks" {
				continue
			}
			if tenant == "hospital" && word == "notifications" {
				continue
			}
			walked++
			got := w.as(email).route(r, address(id), body)
			ghost := w.as(email).route(r, address(never), body)
			if got.Status != ghost.Status {
				t.Errorf("%s as %s: %d, but %d for an id that never existed", name(r), email, got.Status, ghost.Status)
			}
			if s := got.Status; s != 401 && s != 403 && s != 404 && s != 303 {
				t.Errorf("%s as %s: %d %s", name(r), email, s, shorten(got.Raw))
			}
			if a, b := anonymous(got), anonymous(ghost); r.API && a != b {
				t.Errorf("%s as %s: the answer tells that the record exists", name(r), email)
			}
		}
		nobody := user{w: w, tenant: "coordination"}.route(r, address(id), body)
		if s := nobody.Status; r.API && s != 401 || !r.API && s != 303 {
			t.Errorf("%s as nobody: %d", name(r), s)
		}
	}
	if walked < 400 {
		t.Errorf("only %d calls: the walk has lost its routes", walked)
	}
	if after := w.snapshot(); !reflect.DeepEqual(before, after) {
		t.Errorf("something changed: %v → %v", before, after)
	}
}

// sessionOf is an open session of somebody at a tenant.
func (w *world) sessionOf(tenant string) (id string) {
	w.t.Helper()
	err := w.db.Read(db.As(context.Background(), w.tenantID(tenant)), func(ctx context.Context) error {
		return db.Conn(ctx).NewRaw("select id from sessions where tenant_id = ? and ended_at is null limit 1", db.Tenant(ctx)).Scan(ctx, &id)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func name(r web.Route) string { return r.Method + " " + r.Path }

func tenantOf(email string) string {
	return strings.TrimSuffix(email[strings.Index(email, "@")+1:], ".demo")
}

// anonymous is a problem without its request id.
func anonymous(a answer) string {
	m := map[string]any{}
	for k, v := range a.JSON {
		if k != "request_id" {
			m[k] = v
		}
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// route calls an API route, or a page with the bearer token for GET and with a form
// for anything else.
func (u user) route(r web.Route, path string, body any) answer {
	u.w.t.Helper()
	if r.API {
		return u.api(r.Method, path, body)
	}
	header := map[string]string{}
	if r.Method != http.MethodGet {
		header["Content-Type"] = "application/x-www-form-urlencoded"
		header["Cookie"] = "shubbak_session=" + u.token
		return u.w.call(r.Method, "/t/"+u.tenant+path, "", "_csrf="+csrfFor(u.token), header)
	}
	return u.w.call(r.Method, "/t/"+u.tenant+path, u.token, nil, nil)
}

func csrfFor(token string) string { return web.CSRFOf(token) }

// sample is a body that passes the shape of a route, so that the refusal is not for
// a missing field.
func sample(r web.Route) any {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return nil
	}
	if r.Doc.Upload {
		return ""
	}
	all := map[string]any{"version": 2, "informed": "yes", "reason": "other", "note": "words", "by_whom": "provider", "text": "words", "service_id": "01890000-0000-7000-8000-000000000001",
		"starts_at_local": testNow().AddDate(0, 1, 0).Format("2006-01-02T15:04"), "outcome": "consultation", "purpose": "referral", "recipients": []string{"hospital"}, "categories": []string{"identity"}, "mode": "written",
		"expires_at": "2030-01-01T00:00:00Z", "estimate": "2030-01-01", "exception_reason": "words", "delivery": "code", "status": "capacity", "kind": "association", "commune": "02.411.01.23", "effective_on": "2030-01-01", "party": "hospital", "method": "one_time_code", "number": "1", "date": "2026-01-01", "authority": "words", "name": map[string]any{"ar": "x", "fr": "x"}, "address": map[string]any{"fr": "x"},
		"obligation_id": "01890000-0000-7000-8000-000000000001", "on": "2026-01-01", "value": 1, "evidence": "words", "user_id": "01890000-0000-7000-8000-000000000001", "available": 1, "maximum": 1, "eligibility": map[string]any{}, "triage": []any{}, "hours": []any{}, "discreet": false, "needs": []string{"food"}}
	out := map[string]any{}
	if r.Doc.In == nil {
		return out
	}
	for _, f := range reflect.VisibleFields(r.Doc.In) {
		n, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if v, ok := all[n]; ok && strings.Contains(f.Tag.Get("validate"), "required") || n == "version" || n == "expires_at" || n == "mode" || n == "purpose" || n == "recipients" || n == "categories" {
			if v == nil {
				v = all[n]
			}
			out[n] = v
		}
	}
	// A code of the right list: the walk must not stop at 422.
	switch {
	case strings.HasSuffix(r.Path, "/recall"):
		out["reason"] = "person_request"
	case strings.HasSuffix(r.Path, "/comments"):
		out["text"] = "words"
	case strings.HasSuffix(r.Path, "/hold"), strings.HasSuffix(r.Path, "/decline"), strings.HasSuffix(r.Path, "/fail"):
		out["reason"], out["note"] = "other", "words"
	case strings.HasSuffix(r.Path, "/redirect"), strings.HasSuffix(r.Path, "/refuse-recall"):
		out["note"] = "words"
	}
	return out
}

// snapshot counts rows and sums versions of everything that a stranger could change;
// what time does meanwhile is not in it.
func (w *world) snapshot() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	err := w.db.ReadAsSystem(context.Background(), "test", func(ctx context.Context) error {
		for _, q := range []string{"select count(*) from people", "select sum(version) from people", "select count(*) from consents", "select sum(version) from consents",
			"select count(*) from referrals", "select sum(version) from referrals", "select count(*) from messages", "select count(*) from documents",
			"select count(*) from disclosures", "select count(*) from referral_events where by_user is not null", "select count(*) from notifications where read_at is not null", "select sum(version) from services", "select sum(version) from organizations", "select sum(version) from units",
			"select sum(version) from users", "select count(*) from memberships where valid_to is not null", "select count(*) from sign_in_links", "select sum(version) from tenants", "select count(*) from sessions where ended_at is not null",
			"select sum(version) from tasks", "select sum(version) from agreements", "select count(*) from agreement_events where by_user is not null", "select count(*) from agreement_measures", "select count(*) from agreement_waivers", "select sum(version) from agreement_meetings", "select count(*) from agreement_decisions", "select count(*) from agreement_meeting_notes",
			"select count(*) from tenant_calendars", "select count(*) from unit_calendars"} {
			var s string
			if err := db.Conn(ctx).NewRaw("select coalesce(cast(("+q+") as text), '')").Scan(ctx, &s); err != nil {
				return err
			}
			out[q] = s
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// TestTheUnscopedQueryIsSeen shows that the hook of every store test can fail.
func TestTheUnscopedQueryIsSeen(t *testing.T) {
	for query, want := range map[string]string{
		`SELECT "p"."id" FROM "people" AS "p" WHERE (p.id in ('x'))`:                             "people",
		`SELECT "p"."id" FROM "people" AS "p" WHERE (p.tenant_id = 'x') AND (p.id in ('x'))`:     "",
		`UPDATE "referrals" AS "r" SET state = 'x' WHERE (id = 'y')`:                             "referrals",
		`UPDATE "referrals" AS "r" SET from_tenant = 'x' WHERE (id = 'y')`:                       "referrals",
		`DELETE FROM "messages" AS "m" WHERE (by_tenant = 'x')`:                                  "",
		`INSERT INTO "people" ("id", "tenant_id") VALUES ('x', 'y')`:                             "",
		"select count(*) from (select 1 from notifications n where n.user_id = 'x' limit 100) x": "notifications",
		`SELECT * FROM "services" AS "s"`:                                                        "",
	} {
		if got := testkit.Unscoped(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestNothingPersonalLeaves greps log and mails for what was typed.
func TestNothingPersonalLeaves(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		secrets := []string{"Zarqawiya", "زرقاوية", "0661998877", "661998877", "Z778899", "Impasse des Tisserands", "insomnie rebelle", "Couverture particuliere"}
		p := desk.person(map[string]any{"given_name": "Zarqawiya", "given_name_ar": "زرقاوية", "family_name_ar": "سريع", "national_id": "Z778899", "address": "Impasse des Tisserands", "phones": []map[string]any{{"number": "0661998877", "safe": true}}})
		desk.post("/people/search", map[string]any{"q": "Zarqawiya"}).want(200)
		desk.post("/people/search", map[string]any{"phone": "0661998877"}).want(200)
		desk.post("/people", map[string]any{"given_name": "Zarqawiya", "family_name": 7}).want(422)
		desk.consent(p, "hospital")
		id := desk.refer(p, map[string]any{"reason": "insomnie rebelle"}).want(201).text("id")
		hospital.do(id, "accept", nil).want(200)
		hospital.get("/referrals/" + id).want(200)
		hospital.post("/referrals/"+id+"/messages", map[string]any{"text": "Couverture particuliere"}).want(201)
		w.settled()
		log := w.log.String()
		if !strings.Contains(log, "/t/:tenant/api/v1/people/search") {
			t.Error("the log does not name patterns")
		}
		mails := w.mails()
		if len(mails) == 0 {
			t.Error("no mail was sent")
		}
		for _, s := range append(secrets, p) {
			if strings.Contains(log, s) {
				t.Errorf("the log holds %q", s)
			}
			for _, m := range mails {
				if bytes.Contains(m, []byte(s)) {
					t.Errorf("a mail holds %q", s)
				}
			}
		}
		for _, m := range mails {
			for _, s := range []string{"hospital@", "hôpital", "Hôpital", "psychiatr", "النفسية", "/t/", "Chambre", "Faculté"} {
				if bytes.Contains(decoded(m), []byte(s)) {
					t.Errorf("a mail names a partner or a portal: %q", s)
				}
			}
		}
	})
}

// TestOpenAPIIsCommitted compares the generated document with the reviewed one.
func TestOpenAPIIsCommitted(t *testing.T) {
	t.Parallel()
	for _, s := range worldSettings(t) {
		w := newWorld(t, "", s)
		got, err := w.server.Document()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "../../web/openapi.json", got)
		break
	}
}

// TestEveryPermissionIsUsed keeps the law and the routes together.
func TestEveryPermissionIsUsed(t *testing.T) {
	t.Parallel()
	law, err := policies.Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range schemaModules() {
		for _, r := range append(m.Routes, m.Pages...) {
			used[r.Perm.String()] = true
		}
	}
	var idle []string
	for _, p := range law.Permissions() {
		if !used[p.String()] {
			idle = append(idle, p.String())
		}
	}
	sort.Strings(idle)
	if len(idle) > 0 {
		t.Errorf("the law grants what no route asks for: %v", idle)
	}
}
