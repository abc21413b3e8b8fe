package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// part is where a workbook of one sheet keeps its rows.
const part = "xl/worksheets/sheet1.xml"

// xlsxWriter writes the rows of the one sheet itself, into the zip as it leaves.
// excelize makes everything around them: its own stream writer gives no byte before
// the last row and keeps long tables in a temporary file, in clear.
type xlsxWriter struct {
	zip     *zip.Writer
	rows    io.Writer
	columns []Column
	n       int
	after   []byte // what follows the rows
	rest    []*zip.File
	line    bytes.Buffer
	day     int // style of a day
}

// XLSX begins a workbook of one sheet; from right to left where its readers write so.
func XLSX(w io.Writer, title string, rtl bool, columns []Column) (Writer, error) {
	x := &xlsxWriter{columns: columns, n: 1}
	model, err := x.model(title, rtl)
	if err != nil {
		return nil, err
	}
	book, err := zip.NewReader(bytes.NewReader(model), int64(len(model)))
	if err != nil {
		return nil, err
	}
	x.zip = zip.NewWriter(w)
	var before []byte
	for _, f := range book.File {
		if f.Name != part {
			x.rest = append(x.rest, f)
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		var found bool
		if before, x.after, found = bytes.Cut(whole, []byte("</sheetData>")); !found {
			return nil, io.ErrUnexpectedEOF
		}
	}
	for _, f := range x.rest {
		if err := x.zip.Copy(f); err != nil {
			return nil, err
		}
	}
	if x.rows, err = x.zip.Create(part); err != nil {
		return nil, err
	}
	_, err = x.rows.Write(before)
	return x, err
}

// model is the workbook with its headings and no rows: styles, widths, direction,
// the first row standing still.
func (x *xlsxWriter) model(title string, rtl bool) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	const name = "Sheet1"
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return nil, err
	}
	form := "dd/mm/yyyy"
	if x.day, err = f.NewStyle(&excelize.Style{CustomNumFmt: &form}); err != nil {
		return nil, err
	}
	for i, c := range x.columns {
		cell, err := excelize.CoordinatesToCellName(i+1, 1)
		if err != nil {
			return nil, err
		}
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return nil, err
		}
		if err := f.SetCellStr(name, cell, c.Title); err != nil {
			return nil, err
		}
		if err := f.SetCellStyle(name, cell, cell, bold); err != nil {
			return nil, err
		}
		if err := f.SetColWidth(name, column, column, max(c.Width, 8)); err != nil {
			return nil, err
		}
	}
	if err := f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	if err := f.SetSheetView(name, 0, &excelize.ViewOptions{RightToLeft: &rtl}); err != nil {
		return nil, err
	}
	if err := f.SetSheetName(name, sheetName(title)); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// sheetName is a title as a sheet may be called: at most 31 signs, some not.
func sheetName(title string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, title))
	return strings.TrimSpace(string(clean[:min(len(clean), 31)]))
}

// Row writes one row. Cells are texts or days, never formulas.
func (x *xlsxWriter) Row(cells ...string) error {
	x.n++
	b := &x.line
	b.Reset()
	b.WriteString(`<row r="` + strconv.Itoa(x.n) + `">`)
	for i, c := range cells {
		if c == "" {
			continue
		}
		name, err := excelize.CoordinatesToCellName(i+1, x.n)
		if err != nil {
			return err
		}
		if i < len(x.columns) && x.columns[i].Kind == Day {
			if day, err := time.Parse(time.DateOnly, c); err == nil {
				b.WriteString(`<c r="` + name + `" s="` + strconv.Itoa(x.day) + `"><v>` + strconv.Itoa(serial(day)) + `</v></c>`)
				continue
			}
		}
		b.WriteString(`<c r="` + name + `" t="inlineStr"><is><t xml:space="preserve">`)
		if err := xml.EscapeText(b, []byte(c)); err != nil {
			return err
		}
		b.WriteString(`</t></is></c>`)
	}
	b.WriteString(`</row>`)
	_, err := x.rows.Write(b.Bytes())
	return err
}

// serial is a day as spreadsheets count them: 1 January 1900 is 1, and 1900 had a
// 29 February.
func serial(day time.Time) int {
	return int(day.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24)
}

func (x *xlsxWriter) Close() error {
	if _, err := x.rows.Write(append([]byte("</sheetData>"), x.after...)); err != nil {
		return err
	}
	return x.zip.Close()
}
