// Package export writes lists as CSV (RFC 4180) while they are read: given a function
// that reads a list page by page, it writes a line for the names of the columns and one
// for each row. Of a list of any length one page is in memory, and nothing is open
// while a client reads.
package export

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
)

// Table is a list that is to be written: its name as a file, and its rows.
type Table struct {
	Name  string
	first Page
	next  func(context.Context) (Page, error)
}

// Begin reads the first page, so that what is refused is refused before anything is
// written. next returns page after page, as long as there is more.
func Begin(ctx context.Context, next func(context.Context) (Page, error)) (*Table, error) {
	first, err := next(ctx)
	if err != nil {
		return nil, err
	}
	return &Table{first: first, next: next}, nil
}

// Write writes all rows.
func (t *Table) Write(ctx context.Context, out io.Writer) error {
	table := csv.NewWriter(out)
	table.UseCRLF = true
	if err := table.Write(t.first.Columns); err != nil {
		return fmt.Errorf("write the names of the columns: %w", err)
	}
	for page := t.first; ; {
		for _, row := range page.Rows {
			for i := range row {
				row[i] = Cell(row[i])
			}
			if err := table.Write(row); err != nil {
				return fmt.Errorf("write a row: %w", err)
			}
		}
		if !page.More {
			table.Flush()
			return table.Error()
		}
		var err error
		if page, err = t.next(ctx); err != nil {
			return err
		}
	}
}
