package agents

import (
	"github.com/google/uuid"

	"paddock/app/paging"
)

// InOrder is the statement before the query of a list.
const InOrder = inOrderSQL

// Statement returns the query of a list, and its arguments.
func Statement(f Filter, account uuid.UUID, page paging.Page) (string, []any, error) {
	s, page, err := f.check(page)
	if err != nil {
		return "", nil, err
	}
	query, args := s.statement(account, page)
	return query, args, nil
}
