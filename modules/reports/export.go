package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/platform/sheet"
	"shubbak/tenants"
)

// Export is one register on its way out.
type Export struct {
	s     *Service
	ask   Ask
	lines *lines
	first []referrals.Line
	end   error
	begun bool
	out   writer
	to    redirect
}

// writer is one of the three formats.
type writer interface {
	Line(ctx context.Context, l referrals.Line) error
	Close() error
}

// redirect lets a format that remembers its writer go on in the next piece.
type redirect struct{ io.Writer }

// Name is what the file is called.
func (e *Export) Name() string {
	return fmt.Sprintf("register_%s_%s.%s", e.ask.From, e.ask.To, e.ask.Format)
}

// MediaType is that of the format.
func (e *Export) MediaType() string {
	return map[string]string{"csv": sheet.CSVType, "xlsx": sheet.XLSXType, "json": "application/json"}[e.ask.Format]
}

// Write makes the next piece; io.EOF comes with the last one.
func (e *Export) Write(ctx context.Context, w io.Writer) error {
	e.to.Writer = w
	list, end := e.first, e.end
	if !e.begun {
		e.begun, e.first = true, nil
		var err error
		if e.out, err = e.open(ctx); err != nil {
			return err
		}
	} else if list, end = e.lines.next(ctx); end != nil && end != io.EOF {
		return end
	}
	for _, l := range list {
		if err := e.out.Line(ctx, l); err != nil {
			return err
		}
	}
	if end == io.EOF {
		if err := e.out.Close(); err != nil {
			return err
		}
	}
	return end
}

func (e *Export) open(ctx context.Context) (writer, error) {
	if e.ask.Format == "json" {
		_, err := fmt.Fprintf(&e.to, `{"from":%q,"to":%q,"items":[`, e.ask.From, e.ask.To)
		return &jsonLines{w: &e.to}, err
	}
	a := tenants.From(ctx)
	t := &table{e: e, lang: a.Lang, names: map[string]string{}, words: map[string]string{}}
	t.columns = columnsOf(e.ask.Box)
	var heads []sheet.Column
	for _, c := range t.columns {
		heads = append(heads, sheet.Column{Title: t.word("reports.col." + c.key), Kind: c.kind, Width: c.width})
	}
	var err error
	if e.ask.Format == "csv" {
		t.Writer, err = sheet.CSV(&e.to, heads)
	} else {
		t.Writer, err = sheet.XLSX(&e.to, t.word("reports.title"), a.Lang == i18n.Arabic, heads)
	}
	return t, err
}

type jsonLines struct {
	w    io.Writer
	more bool
}

func (j *jsonLines) Line(_ context.Context, l referrals.Line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if j.more {
		b = append([]byte(",\n"), b...)
	}
	j.more = true
	_, err = j.w.Write(b)
	return err
}

func (j *jsonLines) Close() error {
	_, err := io.WriteString(j.w, "]}\n")
	return err
}

// column is one column of the table, in the order of the register.
type column struct {
	key   string
	kind  sheet.Kind
	width float64
}

// columnsOf puts the receiver's own number first in its own register.
func columnsOf(box string) []column {
	number, own := column{key: "number", width: 12}, column{key: "receiver_number", width: 14}
	out := []column{own, number}
	if box == "out" {
		out = []column{number}
	}
	if box == "" {
		out = append(out, column{key: "direction", width: 10})
	}
	return append(out, []column{{"sent_at", sheet.Day, 13}, {"partner", sheet.Text, 34}, {"need", sheet.Text, 24}, {"service", sheet.Text, 34}, {"priority", sheet.Text, 12},
		{"name", sheet.Text, 26}, {"state", sheet.Text, 20}, {"accepted_at", sheet.Day, 13}, {"starts_at", sheet.Day, 13}, {"ended_at", sheet.Day, 13}, {"outcome", sheet.Text, 26}}...)
}

// table writes lines in the reader's words.
type table struct {
	sheet.Writer
	e       *Export
	lang    i18n.Lang
	columns []column
	names   map[string]string // of tenants
	words   map[string]string // few, and asked for each line
}

func (t *table) word(key string) string {
	w, ok := t.words[key]
	if !ok {
		w = t.e.s.Catalog.T(t.lang, key, nil)
		t.words[key] = w
	}
	return w
}

func (t *table) Line(ctx context.Context, l referrals.Line) error {
	cells := make([]string, len(t.columns))
	for i, c := range t.columns {
		cells[i] = t.cell(ctx, c.key, l)
	}
	return t.Row(cells...)
}

func (t *table) cell(ctx context.Context, key string, l referrals.Line) string {
	switch key {
	case "number":
		return l.Number
	case "receiver_number":
		return l.ReceiverNumber
	case "direction":
		return t.word("reports.box." + l.Direction)
	case "sent_at":
		return day(&l.SentAt)
	case "partner":
		return t.partner(ctx, l.Partner)
	case "need":
		return t.word("need." + l.Need)
	case "service":
		return i18n.Words{Ar: l.Service.Ar, Fr: l.Service.Fr, En: l.Service.En}.In(t.lang)
	case "priority":
		return t.word("urgency." + l.Priority)
	case "name":
		return l.Name
	case "state":
		if l.State == referrals.Sent && l.Direction == "in" {
			return t.word("state.sent.receiver")
		}
		return t.word("state." + string(l.State))
	case "accepted_at":
		return day(l.AcceptedAt)
	case "starts_at":
		return l.StartsAtLocal[:min(len(l.StartsAtLocal), len(time.DateOnly))]
	case "ended_at":
		return day(l.EndedAt)
	case "outcome":
		return t.outcome(l)
	}
	return ""
}

// outcome is how a referral ended: the result, or the coded reason.
func (t *table) outcome(l referrals.Line) string {
	switch {
	case l.Outcome != "":
		return t.word("outcome." + l.Outcome)
	case l.ReasonCode == "":
		return ""
	case l.State == referrals.Declined:
		return t.word("decline." + l.ReasonCode)
	case l.State == referrals.Failed:
		return t.word("fail." + l.ReasonCode)
	case l.State == referrals.Recalled:
		return t.word("recall." + l.ReasonCode)
	}
	return ""
}

func (t *table) partner(ctx context.Context, slug string) string {
	if _, ok := t.names[slug]; !ok {
		t.names[slug] = slug
		if x, err := t.e.s.Tenants.BySlug(ctx, slug); err == nil && x != nil {
			t.names[slug] = x.Name(t.lang)
		}
	}
	return t.names[slug]
}

// day is the day of an instant in the zone, "" for none.
func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.In(clock.Casablanca()).Format(time.DateOnly)
}
