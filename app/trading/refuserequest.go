package trading

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"paddock/app/tenant"
)

// refuseRequest settles that a request for an order is refused before it made
// one. Another request for the same order may be under way: its retry, or the
// one that it is a retry of. If that has made the order by now, refuseRequest
// returns its result. If not, an older one will make none any more, so that the
// client was told the truth. A request that names no order, by neither a key nor
// a client_order_id, has no retry.
func (s *Service) refuseRequest(ctx context.Context, a tenant.Admission, key, clientOrderID string, sum []byte, refused error) (Placed, error) {
	if key == "" && clientOrderID == "" {
		return Placed{}, refused
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	var other foundIntent
	err := s.db.TxNotify(record, a, func(b *tenant.Batch) {
		b.Queue("select app.refuse_request($1, $2, $3)", a.Account, key, clientOrderID)
		other.queue(b, a.Account, clientOrderID, key)
	})
	if err != nil || other.id == uuid.Nil || other.state == "unsent" || other.state == "rejected" {
		return Placed{}, refused
	}
	result, err := other.retryResult(sum)
	return result.Placed, err
}

// age is when something began. As a parameter of a statement it is how long ago
// that was when the statement is sent, after any wait for a connection: so no
// clocks of two machines are compared.
type age time.Time

func begin() age { return age(time.Now()) }

func (a age) IntervalValue() (pgtype.Interval, error) {
	return pgtype.Interval{Microseconds: time.Since(time.Time(a)).Microseconds(), Valid: true}, nil
}
