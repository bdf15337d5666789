package export_test

import (
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"paddock/app/export"
)

// What a spreadsheet would compute begins with an apostrophe; numbers and all else stay
// as they are.
func TestFormulasAreTexts(t *testing.T) {
	for _, text := range []string{"", "-5", "-0.000000001", "-1234567890123456789012345678.5", "5", "1e5", "AAPL", "a=b", "2026-01-01T00:00:00.000000Z", "'quoted", " =1"} {
		if got := export.Cell(text); got != text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
	for _, text := range []string{"=1+1", "+1", "-1+1", "--1", "-", "-1,5", "-.5", "-5.", "-5\n", "@A1", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a"} {
		if got := export.Cell(text); got != "'"+text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}

// A table has a line of names and the rows of all pages, quoted so that they are read as
// they were; what breaks off in the middle is an error and no end.
func TestTablesAreQuoted(t *testing.T) {
	pages := []export.Page{{Columns: []string{"a", "b"}, Rows: [][]string{{`say "x", y`, "two\nlines"}, {"=1", "-1.5"}}, More: true}, {Rows: [][]string{{"", " z"}}}}
	n := 0
	table, err := export.Begin(t.Context(), func(context.Context) (export.Page, error) { n++; return pages[n-1], nil })
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := table.Write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if want := "a,b\r\n\"say \"\"x\"\", y\",\"two\r\nlines\"\r\n'=1,-1.5\r\n,\" z\"\r\n"; out.String() != want {
		t.Errorf("the table is %q, want %q", out.String(), want)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != `say "x", y` || rows[1][1] != "two\nlines" {
		t.Errorf("it is read as %q (%v)", rows, err)
	}
	broken := errors.New("broken")
	n = 0
	table, err = export.Begin(t.Context(), func(context.Context) (export.Page, error) {
		if n++; n > 1 {
			return export.Page{}, broken
		}
		return pages[0], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Write(t.Context(), &out); !errors.Is(err, broken) {
		t.Errorf("a table that breaks off ends with %v", err)
	}
}

func TestFilesAreNamed(t *testing.T) {
	now := time.Date(2026, 11, 25, 23, 0, 0, 0, time.UTC)
	day := func(n int) *time.Time { d := time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC); return &d }
	for want, f := range map[string]export.File{
		"Swing-orders-2026-11-25.csv":                      {Account: "Swing", What: "orders"},
		"Grün-Co-1-fills-2026-01-02-to-2026-11-25.csv":     {Account: " Grün & Co/1 ", What: "fills", From: day(2)},
		"account-orders-until-2026-01-03.csv":              {Account: "../..", What: "orders", To: day(3)},
		"a-b-orders-2026-01-02-to-2026-01-03.csv":          {Account: "a\r\nb\"", What: "orders", From: day(2), To: day(3)},
		strings.Repeat("x", 60) + "-orders-2026-11-25.csv": {Account: strings.Repeat("x", 90), What: "orders"},
	} {
		if got := f.Name(now); got != want {
			t.Errorf("%+v is called %s, want %s", f, got, want)
		}
	}
}
