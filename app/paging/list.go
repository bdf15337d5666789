package paging

import "github.com/jackc/pgx/v5"

// List is a response while it is written: {"<name>":[…],"next_cursor":…}.
type List struct {
	page   Page
	name   string
	column string
	body   []byte
	next   string
}

// List begins the response that has the page's rows under a name. They are
// ordered by a column of times, and by id.
func (p Page) List(name, column string) *List {
	l := &List{page: p, name: name, column: column, next: "null"}
	l.body = append(Scratch(), l.opening()...)
	return l
}

func (l *List) opening() string { return `{"` + l.name + `":` }

// Read writes the rows of a query for Limit+1 rows, in the place of those of an
// earlier call.
func (l *List) Read(rows pgx.Rows) (err error) {
	l.body, l.next, err = l.page.AppendRowsBy(l.column, l.body[:len(l.opening())], rows)
	return err
}

// JSON returns the response, once the rows were read. It ends the use of the list.
func (l *List) JSON() []byte {
	return Keep(append(append(append(l.body, `,"next_cursor":`...), l.next...), '}'))
}

// Empty returns the response without any row.
func (l *List) Empty() []byte { return []byte(l.opening() + `[],"next_cursor":null}`) }
