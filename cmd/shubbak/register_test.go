package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/ids"

	"github.com/xuri/excelize/v2"
)

// file takes a register as a file.
func (u user) file(query string) answer {
	u.w.t.Helper()
	return u.w.call("GET", "/t/"+u.tenant+"/api/v1/reports/register?"+query, u.token, nil, nil)
}

func csvRows(t *testing.T, a answer) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(a.want(200).Raw, []byte("\ufeff"))
	if !marked {
		t.Error("no mark before the text")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheRegister(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital, chamber := w.as("worker@coordination.demo"), w.as("intake@hospital.demo"), w.as("intake@chamber.demo")
		p := desk.person(map[string]any{"given_name": "Ghita", "family_name": "Mansouri"})
		desk.consent(p, "hospital")
		closed := desk.refer(p, nil).want(201).text("id")
		number := desk.get("/referrals/" + closed).want(200).text("number")
		find := func(a answer) map[string]any {
			t.Helper()
			for _, x := range a.want(200).at("items").([]any) {
				if m := x.(map[string]any); m["number"] == number {
					return m
				}
			}
			t.Fatal("the referral does not stand in the register")
			return nil
		}
		t.Run("holds of the person what the reader may see", func(t *testing.T) {
			if m := find(desk.file("box=out")); m["name"] != "Ghita Mansouri" || m["partner"] != "hospital" || m["direction"] != "out" {
				t.Errorf("the sender's line: %v", m)
			}
			if m := find(hospital.file("box=in")); m["name"] != nil || m["partner"] != "coordination" {
				t.Errorf("before acceptance: %v", m)
			}
			hospital.do(closed, "accept", map[string]any{"receiver_number": "=R-77"}).want(200)
			if m := find(hospital.file("box=in")); m["name"] != nil {
				t.Error("a register opens nothing")
			}
			hospital.get("/referrals/" + closed).want(200)
			if m := find(hospital.file("")); m["name"] != "Ghita Mansouri" || m["receiver_number"] != "=R-77" {
				t.Errorf("after opening: %v", m)
			}
			if strings.Contains(string(chamber.file("").want(200).Raw), number+`"`) && strings.Contains(string(chamber.file("").Raw), "Ghita") {
				t.Error("another partner reads it")
			}
		})
		t.Run("as CSV, with the receiver's own number first and no formulas", func(t *testing.T) {
			rows := csvRows(t, hospital.file("box=in&format=csv"))
			found := false
			for _, r := range rows[1:] {
				if r[1] == number {
					found = true
					if r[0] != "'=R-77" || !contains(r, "Ghita Mansouri") {
						t.Errorf("%q", r)
					}
				}
			}
			if !found || len(rows[0]) != len(rows[1]) {
				t.Error("the line is missing")
			}
			if own := csvRows(t, desk.file("box=out&format=csv")); own[1][0] == "" || len(own[0]) != len(rows[0])-1 {
				t.Errorf("the sender's register: %q", own[0])
			}
		})
		t.Run("as XLSX, from right to left for who reads Arabic", func(t *testing.T) {
			a := hospital.file("box=in&format=xlsx").want(200)
			if d := a.Header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="register_`) || !strings.HasSuffix(d, `.xlsx"`) {
				t.Error(d)
			}
			f, err := excelize.OpenReader(bytes.NewReader(a.Raw))
			if err != nil {
				t.Fatal(err)
			}
			v, err := f.GetSheetView(f.GetSheetName(0), 0)
			if err != nil || v.RightToLeft == nil || !*v.RightToLeft {
				t.Error("the sheet does not run from right to left", err)
			}
			rows, err := f.GetRows(f.GetSheetName(0))
			if err != nil || len(rows) < 5 || rows[0][0] != "رقمكم" {
				t.Fatalf("%d rows %v", len(rows), err)
			}
		})
		t.Run("of a period and of a unit within reach", func(t *testing.T) {
			day := func(days int) string { return w.clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
			if n := len(desk.file("from=" + day(2) + "&to=" + day(3)).want(200).at("items").([]any)); n != 0 {
				t.Errorf("%d referrals of the day after tomorrow", n)
			}
			unit := desk.get("/referrals/" + closed).text("from.unit")
			if m := find(desk.file("box=out&unit=" + unit)); m["number"] != number {
				t.Error("not in its unit")
			}
			other := w.as("head@hospital.demo")
			if n := len(other.file("unit="+unit).want(200, 404).Raw); n > 200 && strings.Contains(string(other.file("unit="+unit).Raw), number) {
				t.Error("the register of a unit of another tenant")
			}
		})
		t.Run("every export is one entry in the audit trail, before the answer", func(t *testing.T) {
			const q = "select count(*) from audit_entries where action = 'export' and tenant_id = ?"
			before := w.count(q, w.tenantID("hospital"))
			hospital.file("format=csv").want(200)
			if n := w.count(q, w.tenantID("hospital")); n != before+1 {
				t.Errorf("%d entries, want %d", n, before+1)
			}
		})
		t.Run("refusals", func(t *testing.T) {
			for _, q := range []string{"from=2026-02-30", "to=yesterday", "from=2026-05-01&to=2026-04-01", "from=1900-01-01", "box=all", "format=pdf", "unit=x"} {
				desk.file(q).code(400, "unreadable")
			}
			w.as("reception@coordination.demo").file("").code(403, "forbidden")
			w.as("doctor@hospital.demo").file("").code(403, "forbidden")
			w.call("GET", "/t/hospital/api/v1/reports/register", "", nil, nil).code(401, "unauthenticated")
			desk.page("/reports/register?box=out&format=csv&from=31&from_month=2&from_year=2026&to=1&to_month=3&to_year=2026").want(422)
			desk.page("/reports/register?box=out&format=csv&from=1&from_month=1&from_year=2026&to=31&to_month=12&to_year=2026").want(200)
		})
	})
}

// crowd puts n copies of a sent referral into the register of its two tenants.
func (w *world) crowd(id string, n int) {
	w.t.Helper()
	for done := 0; done < n; done += 5000 {
		q := `with recursive x(i) as (select 1 union all select i + 1 from x where i < ?)
			insert into referrals (` + strings.Join(referralColumns, ", ") + `) select ` + strings.Join(w.copied(done), ", ") + ` from referrals r, x where r.id = ?`
		err := w.db.AsSystem(context.Background(), "test", func(ctx context.Context) error {
			_, err := db.Conn(ctx).NewRaw(q, min(5000, n-done), id).Exec(ctx)
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

var referralColumns = strings.Fields(`id number receiver_number from_tenant to_tenant from_unit to_unit from_user person_id key_id service_id need priority basis consent_id agreement_id parent_id exception
	state version sequence is_open to_decide before_recall owner_tenant owner_user due_at due_for due_since decide_since decide_used reason_code by_whom outcome result aftercare redirect_to starts_local
	place bring estimate open_slices "grant" wanted card_age_band card_sex card_district card_language card_triage card_documents created_at sent_at accepted_at opened_at opened_by ended_at`)

// copied are the expressions of the copies: an id and a number of their own, ended.
func (w *world) copied(from int) []string {
	base := ids.New[ids.Referral]().String()[:24]
	out := make([]string, len(referralColumns))
	for i, c := range referralColumns {
		switch c {
		case "id":
			out[i] = fmt.Sprintf("'%s' || substr(cast(100000000000 + %d + x.i as text), 1, 12)", base, from)
			if w.name == "real" {
				out[i] = "cast(" + out[i] + " as uuid)"
			}
		case "number":
			out[i] = fmt.Sprintf("'2026/9' || cast(%d + x.i as text)", from)
		case "sent_at": // each database has its own calendar
			if w.name == "real" {
				out[i] = fmt.Sprintf("r.sent_at - make_interval(secs => %d + x.i)", from)
				continue
			}
			out[i] = fmt.Sprintf("strftime('%%Y-%%m-%%d %%H:%%M:%%S+00:00', r.sent_at, '-' || cast(%d + x.i as text) || ' seconds')", from)
		case "is_open":
			out[i] = "false"
		default:
			out[i] = "r." + c
		}
	}
	return out
}

// TestALongRegisterTakesNoMemory: 200,000 lines over a slow line, cut, and taken
// again; and by a reader who never reads.
func TestALongRegisterTakesNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for name, s := range worldSettings(t) {
		t.Run(name, func(t *testing.T) { // one after the other: both look at the heap
			s.patience = patience
			longRegister(t, newWorld(t, name, s))
		})
	}
}

// patience is how long the server of this test waits for a reader who takes nothing.
const patience = 2 * time.Second

func longRegister(t *testing.T, w *world) {
	desk := w.as("worker@coordination.demo")
	const n = 200_000
	w.crowd(desk.sent(nil), n)
	ask := func(query string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, w.url+"/t/coordination/api/v1/reports/register?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+desk.token)
		dial := &net.Dialer{Control: smallBuffer} // or the line takes in more than is read
		res, err := (&http.Transport{DialContext: dial.DialContext, DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	t.Run("cut", func(t *testing.T) {
		res := ask("box=out&format=csv")
		if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	})
	before := heap()
	peak := watchHeap(t)
	formats := []string{"csv", "xlsx"}
	if w.name == "real" {
		formats = formats[:1] // the sheet is made from the same rows
	}
	for _, format := range formats {
		t.Run("taken again as "+format, func(t *testing.T) {
			start := time.Now()
			res := ask("box=out&format=" + format)
			defer res.Body.Close()
			lines, size := 0, 0
			err := slowly(res.Body, 2*patience, func(b []byte) { lines, size = lines+bytes.Count(b, []byte("\n")), size+len(b) })
			if err != nil {
				t.Fatal("the file is not whole:", err)
			}
			t.Logf("%d bytes in %v", size, time.Since(start).Round(time.Millisecond))
			if format == "csv" && lines < n {
				t.Errorf("%d lines", lines)
			}
		})
	}
	if now := peak(); now > before+96<<20 {
		t.Errorf("the heap grew from %d to %d MB", before>>20, now>>20)
	} else {
		t.Logf("the heap grew from %d to %d MB at most", before>>20, now>>20)
	}
	t.Run("a reader who never reads is let go", func(t *testing.T) {
		c, err := net.Dial("tcp", w.serving.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /t/coordination/api/v1/reports/register?box=out&format=csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+desk.token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		until(t, "the answer is begun", func() bool { return exporting() > 0 })
		until(t, "its goroutine ends", func() bool { return exporting() == 0 })
	})
}
