package sheet_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"testing"

	"shubbak/platform/sheet"

	"github.com/xuri/excelize/v2"
)

var columns = []sheet.Column{{Title: "الرقم", Width: 12}, {Title: "تاريخ الإرسال", Kind: sheet.Day, Width: 14}, {Title: "الاسم"}}

var rows = [][]string{
	{"2026/0147", "2026-11-23", "محمد <بنعلي> & \"co\""},
	{"2026/0148", "", "=HYPERLINK(\"http://x\")"},
	{"2026/0149", "not a day", "  +212 661"},
	{"2026/0150", "1999-01-01", "a,b\nc"},
}

func TestCSVIsReadByWhatReadsCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := sheet.CSV(&b, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(r...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(b.String(), "\ufeff")
	if !marked {
		t.Error("no mark before the text")
	}
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(got) != 5 {
		t.Fatal(len(got), err)
	}
	if got[0][0] != "الرقم" || got[1][2] != rows[0][2] || got[4][2] != rows[3][2] {
		t.Errorf("%q", got)
	}
	for _, formula := range []string{got[2][2], got[3][2]} {
		if !strings.HasPrefix(formula, "'") {
			t.Errorf("%q would be run", formula)
		}
	}
	for _, sign := range []string{"=1", "+1", "-1", "@x", "\tx", "\rx", "＝1"} {
		b.Reset()
		w, _ := sheet.CSV(&b, columns)
		_ = w.Row(sign)
		if !strings.Contains(b.String(), "'"+strings.TrimPrefix(sign, "\r")) {
			t.Errorf("%q would be run", sign)
		}
	}
}

func TestXLSXIsReadByWhatReadsXLSX(t *testing.T) {
	t.Parallel()
	for _, rtl := range []bool{true, false} {
		var b bytes.Buffer
		w, err := sheet.XLSX(&b, "سجل الإحالات [2026]: القسم الأول من السجل", rtl, columns)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if err := w.Row(r...); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		name := f.GetSheetName(0)
		got, err := f.GetRows(name)
		if err != nil || len(got) != 5 {
			t.Fatal(len(got), err)
		}
		view, err := f.GetSheetView(name, 0)
		if err != nil || view.RightToLeft == nil || *view.RightToLeft != rtl {
			t.Errorf("right to left is not %v (%v)", rtl, err)
		}
		if got[0][0] != "الرقم" || got[1][1] != "23/11/2026" || got[1][2] != rows[0][2] || got[3][1] != "not a day" || got[4][1] != "01/01/1999" {
			t.Errorf("%q", got)
		}
		if formula, err := f.GetCellFormula(name, "C3"); err != nil || formula != "" || got[2][2] != rows[1][2] {
			t.Errorf("a text became the formula %q, %q", formula, got[2][2])
		}
	}
}

// TestALongTableTakesNoMemory: what has been written is gone.
func TestALongTableTakesNoMemory(t *testing.T) {
	t.Parallel()
	var n counter
	w, err := sheet.XLSX(&n, "x", false, columns)
	if err != nil {
		t.Fatal(err)
	}
	first := int64(0)
	for i := range 100_000 {
		if err := w.Row(strconv.Itoa(i*7919), "2026-11-23", strings.Repeat(strconv.Itoa(i), 5)); err != nil {
			t.Fatal(err)
		}
		if i == 20_000 {
			first = int64(n)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if first < 100_000 {
		t.Errorf("after a fifth of the rows only %d bytes of %d have left", first, int64(n))
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)
