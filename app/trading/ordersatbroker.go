package trading

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	// fallbackTimeout is how long a list waits for the broker before the
	// mirror's list is returned.
	fallbackTimeout = 5 * time.Second
	// brokerPage is the largest number of orders on a page from the broker. One
	// more shows that there is another page.
	brokerPage = broker.OrderPage - 1
	// brokerPages bounds how many of the broker's pages one of ours is made
	// from, where filters that Alpaca cannot combine leave most orders out.
	brokerPages = 20
	// besideStop is how many orders are read after OrderList.stop, where it must
	// be known which come after it: one, and more in case that one changes meanwhile or cannot be read.
	besideStop = 10
	// brokerPageBytes is the size in bytes after which a page ends early.
	brokerPageBytes = 1 << 20
)

// tryBrokerList returns the first page of a list from the broker itself. It
// records nothing, because that is left to the stream's holder. It returns why
// the broker could not be asked, or its answer not be used.
func (s *Service) tryBrokerList(ctx context.Context, a tenant.Admission, l OrderList) ([]byte, error) {
	body, err := s.brokerList(ctx, a, l)
	if code := problem.Of(err).Code; err != nil && ctx.Err() == nil && code != problem.NeedsCredentials && code != problem.BrokerRateLimited {
		s.log.WarnContext(ctx, "the mirror is behind and the broker could not be asked: the list is the mirror's", "err", err)
	}
	return body, err
}

// brokerList returns a page of a list from the broker. A list that began with
// the broker goes on there, because otherwise an order could be missing between
// two pages, or be on both.
func (s *Service) brokerList(ctx context.Context, a tenant.Admission, l OrderList) ([]byte, error) {
	access, err := s.keys.Open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		if l.anchor == nil {
			l.queueAnchor(b, a.Account)
		}
	})
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, fallbackTimeout)
	defer cancel()
	asOf, client := time.Now(), access.Client
	l.Page.Limit = min(l.Page.Limit, brokerPage)
	if l.AtBroker {
		client = client.LowPriority()
	} else {
		client = client.LowPriorityNoWait() // people's orders have priority
	}
	if l, err = l.startAtAnchor(bounded, client); err != nil {
		return nil, l.explainInterrupted(ctx, access, err)
	}
	listed, err := listAtBroker(bounded, client, l)
	if err != nil {
		return nil, l.explainInterrupted(ctx, access, err)
	}
	page := newOrdersPage()
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		sql, args := l.atBroker(a.Account, listed.list(), listed.more)
		b.Queue(sql, args...).Query(func(rows pgx.Rows) error { return page.appendBrokerList(rows, l, listed) })
	})
	if err != nil {
		return nil, err
	}
	return page.end(&asOf, "broker"), nil
}

// startAtAnchor returns a list of the orders before or after one order in the
// broker's terms: it begins after that order, or ends at it.
func (l OrderList) startAtAnchor(ctx context.Context, client *broker.Client) (OrderList, error) {
	id := l.anchorID()
	if id == uuid.Nil {
		return l, nil
	}
	if l.anchor == nil { // the mirror does not have the order yet
		order, err := client.Order(ctx, id.String())
		if err != nil {
			return l, err
		}
		l.anchor = &sortKey{order.Value.CreatedAt, id, order.Value.SubmittedAt, &id}
	}
	if l.anchor.atBroker == nil {
		return l, fmt.Errorf("the order %s is not at the broker", id)
	}
	switch before := l.BeforeOrder != uuid.Nil; {
	case before == l.Ascending: // the list ends there; orders of the same time belong to it until that one comes
		l.stop = *l.anchor.atBroker
		if before {
			end := l.anchor.submitted.Add(time.Microsecond)
			l.Until = &end
		} else {
			end := l.anchor.submitted.Add(-time.Microsecond)
			l.After = &end
		}
	case l.From == uuid.Nil:
		l.From, l.Page.At, l.Page.ID = *l.anchor.atBroker, l.anchor.at, l.anchor.id
	}
	return l, nil
}

// explainInterrupted returns why a list cannot go on.
func (l OrderList) explainInterrupted(ctx context.Context, access credentials.Access, err error) error {
	var e *broker.Error
	if l.AtBroker && ctx.Err() == nil && errors.As(err, &e) {
		switch e.Kind {
		case broker.Canceled: // the account's turn did not come in time
			err = &broker.Error{Kind: broker.RateLimited, RetryAfter: time.Second, Cause: err}
		case broker.NotFound, broker.Invalid:
			return problem.New(problem.InvalidCursor, `Alpaca does not know the order any more at which this page begins. Begin again without "before".`).Because(err)
		}
	}
	return access.Explain(ctx, err)
}

// brokerOrders are orders as the broker lists them.
type brokerOrders struct {
	orders []json.RawMessage
	ids    []uuid.UUID // the broker's ids
	more   bool        // the broker has more
	last   uuid.UUID   // the last order that was read, whether listed or not
	// uncertain means that the list has orders with the submission time of
	// OrderList.stop, which was not among them because a filter hides it: some
	// may belong after it.
	uncertain bool
}

func (t *brokerOrders) list() json.RawMessage {
	text, err := json.Marshal(append([]json.RawMessage{}, t.orders...))
	if err != nil {
		panic(err) // cannot happen: they are parts of valid JSON
	}
	return text
}

// cutAt removes the orders from the first on that is one of these.
func (t *brokerOrders) cutAt(beyond []uuid.UUID) {
	at := slices.IndexFunc(t.ids, func(id uuid.UUID) bool { return slices.Contains(beyond, id) })
	if at >= 0 {
		t.orders, t.ids, t.more = t.orders[:at], t.ids[:at], false
	}
}

// listAtBroker reads as many of the broker's orders as a page has, and one more
// if there is one. Where a filter hides the order at which the list ends,
// orders of the same time may be before or after it, and the broker is asked
// which are after.
func listAtBroker(ctx context.Context, client *broker.Client, l OrderList) (*brokerOrders, error) {
	listed, err := readAtBroker(ctx, client, l)
	if err != nil || !listed.uncertain {
		return listed, err
	}
	answer, err := client.OrdersBy(ctx, l.forBroker(l.stop, besideStop))
	if err != nil {
		return nil, err
	}
	var beyond []uuid.UUID
	for _, o := range answer.Value {
		id, err := uuid.Parse(o.ID)
		if err != nil {
			return nil, fmt.Errorf("read the id of an order of the broker's: %w", err)
		}
		beyond = append(beyond, id)
	}
	listed.cutAt(beyond)
	return listed, nil
}

func readAtBroker(ctx context.Context, client *broker.Client, l OrderList) (*brokerOrders, error) {
	listed := &brokerOrders{last: l.From}
	limit := l.Page.Limit + 1
	for range brokerPages {
		answer, err := client.OrdersBy(ctx, l.forBroker(listed.last, limit))
		if err != nil {
			return nil, err
		}
		listed.more = answer.Listed >= limit
		for i, o := range answer.Value {
			id, err := uuid.Parse(o.ID)
			if err != nil {
				return nil, fmt.Errorf("read the id of an order of the broker's: %w", err)
			}
			if id == l.stop {
				listed.more, listed.uncertain = false, false
				break
			}
			listed.last = id
			if within, over := l.within(o.SubmittedAt); over {
				listed.more = false
				break
			} else if within {
				listed.orders, listed.ids = append(listed.orders, answer.Items[i]), append(listed.ids, id)
				// The broker's times are finer than those stored here.
				listed.uncertain = listed.uncertain || l.stop != uuid.Nil && o.SubmittedAt.Sub(l.anchor.submitted).Abs() <= time.Microsecond
			}
		}
		switch {
		case len(listed.orders) >= limit, !listed.more:
			return listed, nil
		case len(answer.Value) == 0:
			return nil, broker.ErrStuck // nothing on a whole page can be read
		}
	}
	return listed, nil
}

// within reports whether an order submitted at this time is in the list, and
// whether the list ends with it. Alpaca does not accept times together with an
// order's id.
func (l OrderList) within(at time.Time) (within, over bool) {
	switch {
	case at.IsZero():
		return true, false
	case l.After != nil && !at.After(*l.After):
		return false, !l.Ascending
	case l.Until != nil && !at.Before(*l.Until):
		return false, l.Ascending
	}
	return true, false
}

// appendBrokerList writes a page from the broker's orders and those of our
// intents that it does not know. Its cursor has the position in both.
func (p *ordersPage) appendBrokerList(rows pgx.Rows, l OrderList, listed *brokerOrders) error {
	if err := rows.Err(); err != nil {
		return err
	}
	column := map[string]int{}
	for i, f := range rows.FieldDescriptions() {
		column[f.Name] = i
	}
	next := brokerCursor{page: l.Page, from: l.From}
	n, full, start := 0, false, len(p.body)
	body, err := paging.AppendRows(p.body, rows, func(values [][]byte, length int) bool {
		n++
		if id := values[column["alpaca_order_id"]]; id != nil {
			copy(next.from[:], id)
		} else {
			next.page.StartAfter(values[column["created_at"]], values[column["id"]])
		}
		full = n == l.Page.Limit || length-start >= brokerPageBytes
		return !full
	})
	another := full && rows.Next()
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return err
	}
	p.body, p.next = body, "null"
	switch {
	case another:
		p.next = next.text()
	case listed.more: // skip orders that were read and not listed
		next.from = listed.last
		p.next = next.text()
	}
	return nil
}

// brokerCursor is the position in a list from the broker: an order there, and a
// position among our own intents.
type brokerCursor struct {
	page paging.Page
	from uuid.UUID
}

// text returns the cursor as JSON.
func (c brokerCursor) text() string {
	place := c.page.Cursor()
	return `"` + base64.RawURLEncoding.EncodeToString(append(place[:], c.from[:]...)) + `"`
}

// parseBrokerCursor splits a cursor of the broker's pages into one of ours and
// the broker's order; that is uuid.Nil where the page had none of the broker's
// orders.
func parseBrokerCursor(before string) (place string, from uuid.UUID, is bool) {
	raw, err := base64.RawURLEncoding.DecodeString(before)
	if err != nil || len(raw) != 24+16 {
		return before, uuid.Nil, false
	}
	return base64.RawURLEncoding.EncodeToString(raw[:24]), uuid.UUID(raw[24:]), true
}
