package broker

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// OrderPage is how many orders Alpaca puts on a page at most.
const OrderPage = 500

// ErrStuck: a list of orders cannot be read to its end.
var ErrStuck = errors.New("the broker's list of orders does not go on: more were submitted in one second than a page holds")

// AllOrders reads a list of orders, newest first, and hands on page after page:
// to its end, to the first that was submitted before a time (the zero time is
// none), or so many pages. q are Alpaca's own parameters (status, nested and
// others), but for the page. An order may be on two pages.
//
// Each page begins after the last order of the one before it, by its id. By
// times alone a list cannot be read past more orders of one time than a page
// holds. A broker that does not take ids is asked by times all the same, and
// where that leads no further, the list ends with ErrStuck and not as if it were
// whole.
func (c *Client) AllOrders(ctx context.Context, q url.Values, after time.Time, most int, page func(OrdersAnswer) error) error {
	first := maps.Clone(q)
	first.Set("limit", strconv.Itoa(OrderPage))
	first.Set("direction", "desc")
	if !after.IsZero() {
		first.Set("after", after.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	asked, byTime := first, false
	seen := map[string]bool{}
	var reached time.Time // the oldest time that was seen
	for range most {
		answer, err := c.OrdersBy(ctx, asked)
		var e *Error
		refused := errors.As(err, &e) && (e.Kind == Invalid || e.Kind == NotFound) && asked.Has("before_order_id")
		if err != nil && !refused {
			return err
		}
		goesOn, last := false, ""
		if !refused {
			if err := page(answer); err != nil {
				return err
			}
			if answer.Listed < OrderPage {
				return nil
			}
			for _, o := range answer.Value {
				goesOn, last = !seen[o.ID], o.ID
				seen[o.ID] = true
				if !o.SubmittedAt.IsZero() {
					reached = o.SubmittedAt
				}
			}
			if !after.IsZero() && !reached.IsZero() && reached.Before(after) {
				return nil
			}
		}
		switch {
		case goesOn && !byTime:
			// Alpaca takes ids without times alone.
			asked = maps.Clone(first)
			asked.Del("after")
			asked.Set("before_order_id", last)
		case reached.IsZero(), byTime && !goesOn:
			return ErrStuck
		default:
			// Whole seconds, rounded up: the page overlaps the one before it.
			asked, byTime = maps.Clone(first), true
			asked.Set("until", reached.UTC().Truncate(time.Second).Add(time.Second).Format(time.RFC3339))
		}
	}
	return nil
}
