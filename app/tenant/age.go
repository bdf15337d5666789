package tenant

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Age is when something began. As a parameter of a statement it is how long ago
// that was when the statement is sent, after any wait for a connection: so no
// clocks of two machines are compared. The statement subtracts it from now(), which
// is when its transaction began, and not from clock_timestamp(), which is later by
// as long as the statement waited for a lock.
type Age time.Time

// IntervalValue implements pgtype.IntervalValuer.
func (a Age) IntervalValue() (pgtype.Interval, error) {
	return pgtype.Interval{Microseconds: time.Since(time.Time(a)).Microseconds(), Valid: true}, nil
}
