package broker

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// OrderPage is the largest number of orders on one of Alpaca's pages.
const OrderPage = 500

// ErrStuck: a list of orders cannot be read to its end.
var ErrStuck = errors.New("the broker's list of orders does not go on: more were submitted in one second than a page holds")

// OrderPlace is a place in a list of orders, newest first: behind the order with
// this id, which was submitted at this time. Where the id is empty it is behind
// all that were submitted later than the second of the time. The zero value is
// the beginning of the list.
type OrderPlace struct {
	ID string
	At time.Time
}

// OrderPages reads a list of orders, newest first, page by page. An order may be
// on two pages.
//
// Each page begins after the last order of the page before, by its id. By times
// alone one cannot get past more orders with the same time than a page holds. A
// broker that does not accept ids is asked by times all the same; where that
// gets no further, the list ends with ErrStuck instead of looking complete.
type OrderPages struct {
	client *Client
	first  url.Values // asks for the beginning of the list
	after  time.Time
	asked  url.Values // asks for the next page; nil where there is none
	byTime bool
	stuck  bool
	seen   map[string]bool // the orders of the last page
	place  OrderPlace
}

// OrderPages returns the pages of a list of orders from a place on: to the end
// of the list, or to the first order submitted before a time (the zero time is
// none). q are Alpaca's own parameters (status, nested and others), without those
// of paging.
func (c *Client) OrderPages(q url.Values, after time.Time, from OrderPlace) *OrderPages {
	p := &OrderPages{client: c, first: maps.Clone(q), after: after, place: from}
	p.first.Set("limit", strconv.Itoa(OrderPage))
	p.first.Set("direction", "desc")
	if !after.IsZero() {
		p.first.Set("after", after.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	switch {
	case from.ID != "":
		p.asked = p.behindID()
	case !from.At.IsZero():
		p.asked = p.behindTime()
	default:
		p.asked = p.first
	}
	return p
}

// More reports whether there is more to read.
func (p *OrderPages) More() bool { return p.asked != nil }

// Place returns where the next page begins.
func (p *OrderPages) Place() OrderPlace { return p.place }

// behindID asks for what comes after the place's order. Alpaca accepts an id only
// without times.
func (p *OrderPages) behindID() url.Values {
	q := maps.Clone(p.first)
	q.Del("after")
	q.Set("before_order_id", p.place.ID)
	return q
}

// behindTime asks for what comes after the place's time, in whole seconds, rounded
// up, so that the page overlaps the one before it.
func (p *OrderPages) behindTime() url.Values {
	q := maps.Clone(p.first)
	q.Set("until", p.place.At.UTC().Truncate(time.Second).Add(time.Second).Format(time.RFC3339))
	return q
}

// Next reads the next page.
func (p *OrderPages) Next(ctx context.Context) (OrdersAnswer, error) {
	if p.stuck {
		return OrdersAnswer{}, ErrStuck
	}
	answer, err := p.client.OrdersBy(ctx, p.asked)
	if IsKind(err, Invalid, NotFound) && p.asked.Has("before_order_id") {
		if p.place.At.IsZero() {
			return answer, ErrStuck
		}
		p.byTime, p.asked = true, p.behindTime()
		answer, err = p.client.OrdersBy(ctx, p.asked)
	}
	if err == nil {
		p.advance(answer)
	}
	return answer, err
}

// advance goes on behind a page.
func (p *OrderPages) advance(page OrdersAnswer) {
	ids, goesOn := make(map[string]bool, len(page.Value)), false
	for _, o := range page.Value {
		goesOn = !p.seen[o.ID]
		ids[o.ID] = true
		p.place.ID = o.ID
		if !o.SubmittedAt.IsZero() {
			p.place.At = o.SubmittedAt
		}
	}
	p.seen = ids
	switch {
	case page.Listed < OrderPage, !p.after.IsZero() && !p.place.At.IsZero() && p.place.At.Before(p.after):
		p.asked = nil
	case goesOn && !p.byTime:
		p.asked = p.behindID()
	case p.place.At.IsZero(), p.byTime && !goesOn:
		p.stuck = true
	default:
		p.byTime, p.asked = true, p.behindTime()
	}
}
