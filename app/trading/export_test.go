package trading

import (
	"time"

	"github.com/google/uuid"
)

// SetSyncPatience changes how long a reconciliation is waited for.
func (s *Service) SetSyncPatience(d time.Duration) { s.syncPatience = d }

// SetMirrorPatience changes how long an order waits for a mirror that is current.
func (s *Service) SetMirrorPatience(d time.Duration) { s.mirrorPatience = d }

// Statement is the query of a page of the mirror.
func (l OrderList) Statement() string {
	sql, _ := l.inMirror(uuid.Nil)
	return sql
}
