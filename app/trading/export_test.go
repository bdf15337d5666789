package trading

import (
	"time"

	"github.com/google/uuid"
)

// SetSyncPatience changes how long a reconciliation is waited for.
func (s *Service) SetSyncPatience(d time.Duration) { s.syncPatience = d }

// Statement is the query of a page of the mirror.
func (l OrderList) Statement() string {
	sql, _ := l.inMirror(uuid.Nil)
	return sql
}
