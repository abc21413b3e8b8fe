package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// line is one measured call beside its bare line.
type line struct {
	what      string
	calls     int    // of one block
	tenant    string // as which the bare line acts
	headers   map[string]string
	app, bare request
	warm      func(app, bare target) error
	then      func(answers [][]byte)
}

type jobs struct{ lines []line }

func fixed(path string) func(int) string { return func(int) string { return path } }

// jobs signs two users in and makes the lines.
func (w *world) jobs(ctx context.Context, d *sql.DB, app target) (jobs, error) {
	one := func(query string) (out string, err error) {
		err = d.QueryRowContext(ctx, query).Scan(&out)
		return out, err
	}
	signIn := func(tenant, email string) (map[string]string, error) {
		b, err := app.do(request{method: "POST", path: fixed("/t/" + tenant + "/api/v1/session"), status: 201,
			body: func(int) ([]byte, string) {
				return asJSON(map[string]string{"email": email, "password": w.password}), "application/json"
			}}, 0)
		if err != nil {
			return nil, err
		}
		var a struct{ Token string }
		return map[string]string{"Authorization": "Bearer " + field(b, "token", &a.Token)}, nil
	}
	worker, err := signIn("coordination", "worker@coordination.demo")
	if err != nil {
		return jobs{}, err
	}
	intake, err := signIn("hospital", "intake@hospital.demo")
	if err != nil {
		return jobs{}, err
	}
	coordinator, err := signIn("coordination", "coordinator@coordination.demo")
	if err != nil {
		return jobs{}, err
	}
	chamber, err := signIn("chamber", "intake@chamber.demo")
	if err != nil {
		return jobs{}, err
	}
	var desk, hospital, there, service, unit, agreement string
	for _, x := range []struct {
		into  *string
		query string
	}{
		{&desk, "select id from tenants where slug = 'coordination'"}, {&hospital, "select id from tenants where slug = 'hospital'"}, {&there, "select id from tenants where slug = 'chamber'"},
	} {
		if *x.into, err = one(x.query); err != nil {
			return jobs{}, err
		}
	}
	if service, err = one("select s.id from services s join service_needs n on n.service_id = s.id where n.need = 'literacy' and s.tenant_id = '" + there + "' and s.organization_id is null order by s.id limit 1"); err != nil {
		return jobs{}, err
	}
	if agreement, err = one("select id from agreements where tenant_id = '" + desk + "' and number not like '2019/%' and state = 'in_force' and cast(parties as text) like '%hospital%'"); err != nil {
		return jobs{}, err
	}
	if unit, err = one("select from_unit from referrals where from_tenant = '" + desk + "' order by id desc limit 1"); err != nil {
		return jobs{}, err
	}
	persons, err := column(ctx, d, fmt.Sprintf("select c.person_id from consents c where c.tenant_id = '%s' and cast(c.recipients as text) like '%%chamber%%' and c.withdrawn_at is null and not exists (select 1 from referrals r where r.person_id = c.person_id) order by c.id limit 3000", desk))
	if err != nil {
		return jobs{}, err
	}
	shown, err := column(ctx, d, fmt.Sprintf("select id from referrals where to_tenant = '%s' and from_unit = '%s' and sent_at is not null and is_open order by id desc limit 200", hospital, unit))
	if err != nil {
		return jobs{}, err
	}
	calls, writes := 400, 100
	if len(persons) < w.blocks*writes+1 || len(shown) < 100 {
		return jobs{}, fmt.Errorf("%d persons wait and %d referrals are open: remove %s and let the world be made again", len(persons), len(shown), w.folder)
	}
	var sent []string
	document := ""
	get := func(path func(int) string) request { return request{method: "GET", path: path, status: 200} }
	post := func(path func(int) string, status int, body func(int) ([]byte, string)) request {
		return request{method: "POST", path: path, status: status, body: body}
	}
	none := func(int) ([]byte, string) { return []byte("{}"), "application/json" }
	api := func(tenant, path string) string { return "/t/" + tenant + "/api/v1" + path }
	warm := func(l line, n int) func(app, bare target) error {
		return func(app, bare target) error {
			app.headers = l.headers
			if _, _, _, _, _, err := app.block(l.app, 0, n); err != nil {
				return err
			}
			_, _, _, _, _, err := bare.block(l.bare, 0, n)
			return err
		}
	}
	var out jobs
	reads := []line{
		{what: "inbox JSON", headers: intake, tenant: hospital, app: get(fixed(api("hospital", "/referrals?box=in&limit=25&state=sent,acknowledged,accepted,no_show,recall_requested"))), bare: get(fixed("/inbox"))},
		{what: "inbox HTML", headers: intake, tenant: hospital, app: get(fixed("/t/hospital/referrals?box=in")), bare: get(fixed("/inbox"))},
		{what: "referral page", headers: intake, tenant: hospital, app: get(func(i int) string { return "/t/hospital/referrals/" + shown[i%len(shown)] }), bare: get(func(i int) string { return "/referral/" + shown[i%len(shown)] })},
	}
	reads = append(reads,
		line{what: "agreement page", headers: coordinator, tenant: desk, app: get(fixed("/t/coordination/agreements/" + agreement)), bare: get(fixed("/agreement/" + agreement))},
		line{what: "directory", headers: worker, tenant: desk, app: get(fixed(api("coordination", "/services?need=psychiatric"))), bare: get(fixed("/agreement/" + agreement))})
	for _, l := range reads {
		l.calls = calls
		l.warm = warm(l, len(shown))
		out.lines = append(out.lines, l)
	}
	out.lines = append(out.lines,
		line{what: "send", calls: writes, headers: worker, tenant: desk, bare: post(fixed("/send"), 200, none),
			app: post(fixed(api("coordination", "/referrals")), 201, func(i int) ([]byte, string) {
				return asJSON(map[string]any{"person_id": persons[i], "need": "literacy", "service_id": service, "priority": "routine", "reason": "Souhaite apprendre à lire et à écrire", "send": true}), "application/json"
			}),
			then: func(answers [][]byte) {
				for _, a := range answers {
					var id string
					if state := field(a, "state", new(string)); state == "sent" {
						sent = append(sent, field(a, "id", &id))
					}
				}
			}},
		line{what: "accept", calls: writes, headers: chamber, tenant: there,
			app:  post(func(i int) string { return api("chamber", "/referrals/"+sent[i]+"/accept") }, 200, func(int) ([]byte, string) { return []byte(`{"version":2}`), "application/json" }),
			bare: post(func(i int) string { return "/accept/" + shown[i%len(shown)] }, 200, none)},
		line{what: "upload 1 MB", calls: 48, headers: worker, tenant: desk,
			app:  post(fixed(api("coordination", "/documents")), 201, func(i int) ([]byte, string) { return form(shown[i%len(shown)], megabyte(i)) }),
			bare: post(fixed("/up"), 200, func(i int) ([]byte, string) { return megabyte(i), "application/octet-stream" }),
			then: func(answers [][]byte) { field(answers[0], "id", &document) }},
		line{what: "download 1 MB", calls: 96, headers: worker, tenant: desk,
			app: get(func(int) string { return api("coordination", "/documents/"+document+"/content") }), bare: get(fixed("/down"))},
	)
	for i := range out.lines {
		l := &out.lines[i]
		if l.app.leaves = 150 * time.Millisecond; l.what == "send" || l.what == "accept" {
			l.app.leaves = 800 * time.Millisecond
		}
	}
	return out, nil
}

// field reads one text of a JSON answer into v and gives it.
func field(b []byte, name string, v *string) string {
	var m map[string]any
	_ = json.Unmarshal(b, &m)
	*v = strings.TrimSpace(fmt.Sprint(m[name]))
	return *v
}

func column(ctx context.Context, d *sql.DB, query string) (out []string, err error) {
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
