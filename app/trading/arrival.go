package trading

import (
	"context"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// arrivalTimeout is how long the quote that an order meets may take. One that comes later
// tells of another market.
const arrivalTimeout = time.Second

// arrival is the quote that an order meets, which is asked for while the order is sent.
type arrival struct {
	order uuid.UUID
	come  chan struct{} // closed when it has come, or will not
	quote broker.Quote
	found bool
}

const insertArrivalSQL = `insert into app.arrival_quotes (account_id, order_id, bid, ask) 
	select $1, $2, q.bid, q.ask from (values ($3::numeric, $4::numeric)) q (bid, ask) where q.bid >= 0 and q.ask >= 0 and app.are_amounts(array[q.bid, q.ask])
	on conflict do nothing`

// askArrival asks for the quote that an order meets, beside the order itself, and nobody
// waits for it: an order whose symbol has no quote at this moment, or whose account has
// few requests left, has none. It returns nil where none is asked for.
func (s *Service) askArrival(ctx context.Context, made intent, symbol string) *arrival {
	if !s.QuoteArrivals || symbol == "" {
		return nil
	}
	a := &arrival{order: made.id, come: make(chan struct{})}
	go func() {
		defer close(a.come)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), arrivalTimeout)
		defer cancel()
		a.quote, a.found, _ = made.Client.LowPriorityNoWait().Quote(ctx, symbol)
	}()
	return a
}

// queue records the quote where it has come, with what else is written of the order, and
// reports whether it has.
func (a *arrival) queue(b *tenant.Batch, account uuid.UUID) bool {
	select {
	case <-a.come:
	default:
		return false
	}
	if a.found {
		b.Queue(insertArrivalSQL, account, a.order, a.quote.Bid.String(), a.quote.Ask.String())
	}
	return true
}

// keepArrival records the quote once it comes, after the order's answer.
func (s *Service) keepArrival(ctx context.Context, adm tenant.Admission, a *arrival) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), arrivalTimeout+recordTimeout)
	go func() {
		defer cancel()
		<-a.come
		if !a.found {
			return
		}
		if err := s.db.Tx(ctx, adm, func(b *tenant.Batch) { a.queue(b, adm.Account) }); err != nil {
			s.log.WarnContext(ctx, "the quote that an order met could not be recorded", "order", a.order, "err", err)
		}
	}()
}
