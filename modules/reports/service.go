package reports

import (
	"context"
	"io"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// Ask is what somebody wants of the register. Days are whole days of the zone, both
// included.
type Ask struct {
	Box      string // in, out, or "" for both
	From, To string // YYYY-MM-DD
	Unit     ids.ID[ids.Unit]
	Format   string // json, csv, xlsx
}

// longest is the longest period of one register, in days.
const longest = 5 * 366

// check names what is wrong, and gives the period as instants.
func (a Ask) check() (from, to time.Time, err error) {
	var f fault.Collect
	from, err = time.ParseInLocation(time.DateOnly, a.From, clock.Casablanca())
	if err != nil {
		f.Add("from", "malformed")
	}
	to, err = time.ParseInLocation(time.DateOnly, a.To, clock.Casablanca())
	switch {
	case err != nil:
		f.Add("to", "malformed")
	case to.Before(from), to.Sub(from) > longest*24*time.Hour:
		f.Add("to", "out_of_range")
	}
	if a.Box != "" && a.Box != "in" && a.Box != "out" {
		f.Add("box", "unknown")
	}
	if a.Format != "json" && a.Format != "csv" && a.Format != "xlsx" {
		f.Add("format", "unknown")
	}
	return from, to.AddDate(0, 0, 1), f.Err()
}

// pageSize is how many lines are read, and held, at once.
const pageSize = 500

// lines reads a register box by box, page by page.
type lines struct {
	s     *Service
	boxes []referrals.Period
	place referrals.Place
}

// next gives the next page; io.EOF comes with the last one.
func (l *lines) next(ctx context.Context) ([]referrals.Line, error) {
	for len(l.boxes) > 0 {
		list, place, err := l.s.Referrals.Register(ctx, l.boxes[0], l.place, pageSize)
		if err != nil {
			return nil, err
		}
		if l.place = place; place == (referrals.Place{}) {
			l.boxes = l.boxes[1:]
		}
		if len(list) > 0 && len(l.boxes) > 0 {
			return list, nil
		}
		if len(l.boxes) == 0 {
			return list, io.EOF
		}
	}
	return nil, io.EOF
}

// Begin opens a register: it reads the first page, so that refusals come before the
// answer, and writes the one audit entry of the export before the first line leaves.
func (s *Service) Begin(ctx context.Context, a Ask) (*Export, error) {
	from, to, err := a.check()
	if err != nil {
		return nil, err
	}
	e := &Export{s: s, ask: a, lines: &lines{s: s}}
	for _, box := range []string{"in", "out"} {
		if a.Box == "" || a.Box == box {
			e.lines.boxes = append(e.lines.boxes, referrals.Period{Box: box, From: from, To: to, Unit: a.Unit})
		}
	}
	if e.first, e.end = e.lines.next(ctx); e.end != nil && e.end != io.EOF {
		return nil, e.end
	}
	fields := []string{"register", a.Format, a.From, a.To}
	if a.Box != "" {
		fields = append(fields, a.Box)
	}
	return e, s.Audit.Opened(ctx, audit.Entry{Action: "export", Object: "referral", ID: a.Unit.String(), Fields: fields})
}

// month is the period that a page proposes: this month so far.
func (s *Service) month(v *web.View) (from, to string) {
	now := v.Local(v.Now)
	return now.AddDate(0, 0, 1-now.Day()).Format(time.DateOnly), now.Format(time.DateOnly)
}
