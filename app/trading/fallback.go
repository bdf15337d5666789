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

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

const (
	// fallbackPatience is how long a list waits for the broker: with the mirror
	// there is another answer.
	fallbackPatience = 5 * time.Second
	// brokerPage is the most orders that a page from the broker has: one more says
	// that there is another.
	brokerPage = broker.OrderPage - 1
	// brokerPages bounds how many of the broker's pages one of ours is made of,
	// where filters that Alpaca does not take together leave most orders out.
	brokerPages = 20
	// besideStop is how many orders behind the one at which a list ends are asked
	// for: one, and more in case it changes meanwhile or cannot be read.
	besideStop = 10
	// brokerPageBytes is after how many bytes a page ends early.
	brokerPageBytes = 1 << 20
)

// brokerOrders answers the first page of a list from the broker itself, without
// writing any of it: what it tells of belongs to the stream's holder to record.
// nil where the broker could not be asked, or its answer not be used.
func (s *Service) brokerOrders(ctx context.Context, a tenant.Admission, l OrderList) []byte {
	body, err := s.askOrders(ctx, a, l)
	if code := problem.Of(err).Code; err != nil && ctx.Err() == nil && code != problem.NeedsCredentials && code != problem.BrokerRateLimited {
		s.log.WarnContext(ctx, "the mirror is behind and the broker could not be asked: the list is the mirror's", "account", a.Account, "err", err)
	}
	return body
}

// askOrders answers a page of a list that is read from the broker. One that has
// begun there goes on there: only so is no order lost between two pages, or
// shown on both.
func (s *Service) askOrders(ctx context.Context, a tenant.Admission, l OrderList) ([]byte, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		if l.aside == nil {
			l.queueAside(b, a.Account)
		}
	})
	if err != nil {
		return nil, err
	}
	hurry, cancel := context.WithTimeout(ctx, fallbackPatience)
	defer cancel()
	asOf := time.Now()
	l.Page.Limit = min(l.Page.Limit, brokerPage)
	if l.AtBroker {
		client = client.LowPriority()
	} else {
		client = client.LowPriorityNoWait() // orders come first
	}
	if l, err = l.begunAside(hurry, client); err != nil {
		return nil, s.interrupted(ctx, a, l, opened, err)
	}
	told, err := listAtBroker(hurry, client, l)
	if err != nil {
		return nil, s.interrupted(ctx, a, l, opened, err)
	}
	page := newOrdersPage(l.Page.Limit)
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		sql, args := l.atBroker(a.Account, told.list(), told.more)
		b.Queue(sql, args...).Query(func(rows pgx.Rows) error { return page.appendTold(rows, l, told) })
	})
	if err != nil {
		return nil, err
	}
	return page.end(&asOf, "broker"), nil
}

// begunAside is the list with one side of an order in the broker's terms: it
// begins behind that order, or ends there.
func (l OrderList) begunAside(ctx context.Context, client *broker.Client) (OrderList, error) {
	id := l.beside()
	if id == uuid.Nil {
		return l, nil
	}
	if l.aside == nil { // which the mirror does not have yet
		order, err := client.Order(ctx, id.String())
		if err != nil {
			return l, err
		}
		l.aside = &place{order.Value.CreatedAt, id, order.Value.SubmittedAt, &id}
	}
	if l.aside.atBroker == nil {
		return l, fmt.Errorf("the order %s is not at the broker", id)
	}
	switch before := l.BeforeOrder != uuid.Nil; {
	case before == l.Ascending: // it ends there: those of the same time count until it comes
		l.stop = *l.aside.atBroker
		if before {
			end := l.aside.submitted.Add(time.Microsecond)
			l.Until = &end
		} else {
			end := l.aside.submitted.Add(-time.Microsecond)
			l.After = &end
		}
	case l.From == uuid.Nil:
		l.From, l.Page.At, l.Page.ID = *l.aside.atBroker, l.aside.at, l.aside.id
	}
	return l, nil
}

// interrupted says why a list cannot go on.
func (s *Service) interrupted(ctx context.Context, a tenant.Admission, l OrderList, opened accounts.Opened, err error) error {
	var e *broker.Error
	if l.AtBroker && ctx.Err() == nil && errors.As(err, &e) {
		switch e.Kind {
		case broker.Canceled: // its turn did not come in time
			err = &broker.Error{Kind: broker.RateLimited, RetryAfter: time.Second, Cause: err}
		case broker.NotFound, broker.Invalid:
			return problem.New(problem.InvalidCursor, `Alpaca does not know the order any more at which this page begins. Begin again without "before".`).Because(err)
		}
	}
	return s.refused(ctx, a, opened, err)
}

// toldOrders are orders as the broker lists them.
type toldOrders struct {
	orders []json.RawMessage
	ids    []uuid.UUID // there
	more   bool        // it has more of them
	last   uuid.UUID   // of those that were looked at
	// Orders are among them that were submitted when the one was at which the list
	// ends, and that one is not: a filter may hide it.
	unsure bool
}

func (t *toldOrders) list() json.RawMessage {
	text, err := json.Marshal(append([]json.RawMessage{}, t.orders...))
	if err != nil {
		panic(err) // they came out of valid JSON
	}
	return text
}

// endsAt leaves out the orders from the first on that is one of these.
func (t *toldOrders) endsAt(beyond []uuid.UUID) {
	at := slices.IndexFunc(t.ids, func(id uuid.UUID) bool { return slices.Contains(beyond, id) })
	if at >= 0 {
		t.orders, t.ids, t.more = t.orders[:at], t.ids[:at], false
	}
}

// listAtBroker reads as many of the broker's orders as a page has, and one more
// where there is one. Where the order is hidden at which the list ends, those of
// its time are on either side of it, and the broker knows on which.
func listAtBroker(ctx context.Context, client *broker.Client, l OrderList) (*toldOrders, error) {
	told, err := readAtBroker(ctx, client, l)
	if err != nil || !told.unsure {
		return told, err
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
	told.endsAt(beyond)
	return told, nil
}

func readAtBroker(ctx context.Context, client *broker.Client, l OrderList) (*toldOrders, error) {
	told := &toldOrders{last: l.From}
	limit := l.Page.Limit + 1
	for range brokerPages {
		answer, err := client.OrdersBy(ctx, l.forBroker(told.last, limit))
		if err != nil {
			return nil, err
		}
		told.more = answer.Listed >= limit
		for i, o := range answer.Value {
			id, err := uuid.Parse(o.ID)
			if err != nil {
				return nil, fmt.Errorf("read the id of an order of the broker's: %w", err)
			}
			if id == l.stop {
				told.more, told.unsure = false, false
				break
			}
			told.last = id
			if within, over := l.within(o.SubmittedAt); over {
				told.more = false
				break
			} else if within {
				told.orders, told.ids = append(told.orders, answer.Items[i]), append(told.ids, id)
				// The broker's times are finer than what is kept here.
				told.unsure = told.unsure || l.stop != uuid.Nil && o.SubmittedAt.Sub(l.aside.submitted).Abs() <= time.Microsecond
			}
		}
		switch {
		case len(told.orders) >= limit, !told.more:
			return told, nil
		case len(answer.Value) == 0:
			return nil, broker.ErrStuck // nothing of a whole page can be read
		}
	}
	return told, nil
}

// within says whether an order that was submitted at a time is asked for, and
// whether the list is over with it. Alpaca takes times together with no order's
// id.
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

// appendTold writes a page that is made of the broker's orders and of our intents
// that it does not know. Its cursor says where both go on.
func (p *ordersPage) appendTold(rows pgx.Rows, l OrderList, told *toldOrders) error {
	if err := rows.Err(); err != nil {
		return err
	}
	column := map[string]int{}
	for i, f := range rows.FieldDescriptions() {
		column[f.Name] = i
	}
	next := brokerCursor{page: l.Page, from: l.From}
	n, full, start := 0, false, len(p.body)
	body, err := tenant.AppendRows(p.body, rows, func(values [][]byte, length int) bool {
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
	case told.more: // what else was looked at is not asked for
		next.from = told.last
		p.next = next.text()
	}
	return nil
}

// brokerCursor is where a list goes on that is read from the broker: behind an
// order there, and behind a place among our own intents.
type brokerCursor struct {
	page tenant.Page
	from uuid.UUID
}

// text is the cursor as JSON.
func (c brokerCursor) text() string {
	place := c.page.Cursor()
	return `"` + base64.RawURLEncoding.EncodeToString(append(place[:], c.from[:]...)) + `"`
}

// parseBrokerCursor reads a cursor of the broker's pages, into one of a page of
// ours and the order there: none where the page before had none of the broker's.
func parseBrokerCursor(before string) (place string, from uuid.UUID, is bool) {
	raw, err := base64.RawURLEncoding.DecodeString(before)
	if err != nil || len(raw) != 24+16 {
		return before, uuid.Nil, false
	}
	return base64.RawURLEncoding.EncodeToString(raw[:24]), uuid.UUID(raw[24:]), true
}
