package export

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
)

// AccountNameSQL reads the name of the account $1, for the name of the file.
const AccountNameSQL = "select name from app.user_accounts where id = $1"

// Page is some rows of a list: as many as are held in memory at once.
type Page struct {
	Columns []string
	Rows    [][]string
	More    bool // there is another page
}

// ReadPage reads a page's rows from a query for page.Limit+1 rows, in the order of a
// column of times and of the column id, and lets page begin after the last one. A
// column of the name paging.Spread is left out.
func ReadPage(rows pgx.Rows, column string, page *paging.Page) (p Page, err error) {
	var shown []int
	at, id := -1, -1
	for i, f := range rows.FieldDescriptions() {
		switch f.Name {
		case paging.Spread:
			continue
		case column:
			at = i
		case "id":
			id = i
		}
		shown, p.Columns = append(shown, i), append(p.Columns, f.Name)
	}
	for rows.Next() {
		if p.More = len(p.Rows) == page.Limit; p.More {
			continue // the extra row shows that there is another page
		}
		values, err := rows.Values()
		if err != nil {
			return p, err
		}
		row := make([]string, len(shown))
		for i, n := range shown {
			row[i] = textOf(values[n])
		}
		p.Rows = append(p.Rows, row)
		page.At, page.ID = values[at].(time.Time), uuid.UUID(values[id].([16]byte))
	}
	return p, rows.Err()
}
