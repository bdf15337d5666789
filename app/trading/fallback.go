package trading

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	// fallbackPatience is how long a list waits for the broker: with the mirror
	// there is another answer.
	fallbackPatience = 5 * time.Second
	// brokerPage is the most orders that Alpaca lists at once.
	brokerPage = 500
	// listSkew is how much earlier an order may have been made here than it was
	// submitted at the broker, clocks that differ included.
	listSkew = time.Minute
)

// brokerOrders answers a list from the broker itself, without writing any of
// it: what it tells of belongs to the stream's holder to record. nil where the
// broker could not be asked, or its answer not be used.
func (s *Service) brokerOrders(ctx context.Context, a tenant.Admission, l OrderList) []byte {
	body, err := s.askOrders(ctx, a, l)
	if code := problem.Of(err).Code; err != nil && ctx.Err() == nil && code != accounts.CodeNeedsCredentials && code != "broker_rate_limited" {
		s.log.WarnContext(ctx, "the mirror is behind and the broker could not be asked: the list is the mirror's", "account", a.Account, "err", err)
	}
	return body
}

func (s *Service) askOrders(ctx context.Context, a tenant.Admission, l OrderList) ([]byte, error) {
	client, opened, err := s.open(ctx, a, s.db.Do, nil)
	if err != nil {
		return nil, err
	}
	hurry, cancel := context.WithTimeout(ctx, fallbackPatience)
	defer cancel()
	if id := l.beside(); id != uuid.Nil && l.aside == nil { // which the mirror does not have yet
		order, err := client.Sparing().Order(hurry, id.String())
		if err != nil {
			return nil, s.refused(ctx, a, opened, err)
		}
		l.aside = &place{order.Value.CreatedAt, id}
	}
	asOf := time.Now()
	orders, err := listAtBroker(hurry, client.Sparing(), l) // orders come first
	if err != nil {
		return nil, s.refused(ctx, a, opened, err)
	}
	l.Page.Limit = min(l.Page.Limit, brokerPage-1) // one more says that there is another page
	page := newOrdersPage(l.Page.Limit)
	err = s.db.Do(ctx, a, func(b *tenant.Batch) {
		sql, args := l.atBroker(a.Account, orders)
		b.Queue(sql, args...).Query(func(rows pgx.Rows) error { return page.append(rows, l.Page) })
	})
	if err != nil {
		return nil, err
	}
	return page.end(&asOf, "broker"), nil
}

// listAtBroker passes a list on to Alpaca: its SDK does not know all filters.
func listAtBroker(ctx context.Context, client *broker.Client, l OrderList) (json.RawMessage, error) {
	answer, err := client.Relay(ctx, broker.Request{
		Host: broker.Trading, Method: http.MethodGet, Path: []string{"v2", "orders"}, Query: l.forBroker(), Kind: "orders",
	})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the broker's list of orders: %w", err)
	}
	return text, nil
}
