package trading

import "github.com/google/uuid"

// Statement is the query of a page of the mirror.
func (l OrderList) Statement() string {
	sql, _ := l.inMirror(uuid.Nil)
	return sql
}
