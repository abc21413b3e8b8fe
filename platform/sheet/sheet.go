// Package sheet writes tables for other programs, row by row: CSV and XLSX. Rows
// leave as they are written, so a table of any length takes the same memory and
// nothing of it lies in a temporary file.
package sheet

import (
	"encoding/csv"
	"io"
	"strings"
)

// Kind says how a column's cells are written.
type Kind int

// The kinds of columns.
const (
	Text Kind = iota
	// Day holds YYYY-MM-DD; an empty cell stays empty.
	Day
)

// Column is one column with its heading.
type Column struct {
	Title string
	Kind  Kind
	Width float64 // in signs
}

// Writer takes the rows; Close ends the table, and only then is it whole.
type Writer interface {
	Row(cells ...string) error
	Close() error
}

// MediaTypes of the formats.
const (
	CSVType  = "text/csv; charset=utf-8"
	XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

type csvWriter struct{ w *csv.Writer }

// CSV begins a table of comma-separated values: UTF-8 with its mark, which
// spreadsheets want before they believe it.
func CSV(w io.Writer, columns []Column) (Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csvWriter{csv.NewWriter(w)}
	c.w.UseCRLF = true // RFC 4180
	titles := make([]string, len(columns))
	for i, x := range columns {
		titles[i] = x.Title
	}
	return c, c.Row(titles...)
}

func (c csvWriter) Row(cells ...string) error {
	safe := make([]string, len(cells))
	for i, x := range cells {
		safe[i] = harmless(x)
	}
	if err := c.w.Write(safe); err != nil {
		return err
	}
	c.w.Flush() // into the piece that is being made
	return c.w.Error()
}

func (c csvWriter) Close() error { return c.w.Error() }

// harmless keeps a cell from being run as a formula where the file is opened: what
// somebody typed is shown with an apostrophe before it (OWASP, CSV injection). Full
// width signs count too: some spreadsheets fold them.
func harmless(cell string) string {
	if first := strings.TrimLeft(cell, " \u00a0"); first != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(first)[0]) {
		return "'" + cell
	}
	return cell
}
