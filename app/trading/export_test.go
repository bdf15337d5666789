package trading

import (
	"time"

	"github.com/google/uuid"
)

// SetSyncTimeout changes how long a request waits for a reconciliation.
func (s *Service) SetSyncTimeout(d time.Duration) { s.syncTimeout = d }

// SetMirrorTimeout changes how long an order waits for a current mirror.
func (s *Service) SetMirrorTimeout(d time.Duration) { s.mirrorTimeout = d }

// SetCancelTimeout changes how long canceled orders may take to be over.
func (s *Service) SetCancelTimeout(d time.Duration) { s.cancelTimeout = d }

// Statement returns the query of a page from the mirror.
func (l OrderList) Statement() string {
	sql, _ := l.inMirror(uuid.Nil)
	return sql
}
