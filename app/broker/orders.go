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

// AllOrders reads a list of orders, newest first, and calls page for each page:
// to the end of the list, to the first order submitted before a time (the zero
// time is none), or at most most pages. q are Alpaca's own parameters (status,
// nested and others), without those of paging. An order may be on two pages.
//
// Each page begins after the last order of the page before, by its id. By times
// alone one cannot get past more orders with the same time than a page holds. A
// broker that does not accept ids is asked by times all the same; where that
// gets no further, the list ends with ErrStuck instead of looking complete.
func (c *Client) AllOrders(ctx context.Context, q url.Values, after time.Time, most int, page func(OrdersAnswer) error) error {
	first := maps.Clone(q)
	first.Set("limit", strconv.Itoa(OrderPage))
	first.Set("direction", "desc")
	if !after.IsZero() {
		first.Set("after", after.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	asked, byTime := first, false
	seen := map[string]bool{}
	var reached time.Time // the oldest time so far
	for range most {
		answer, err := c.OrdersBy(ctx, asked)
		refused := IsKind(err, Invalid, NotFound) && asked.Has("before_order_id")
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
			// Alpaca accepts an id only without times.
			asked = maps.Clone(first)
			asked.Del("after")
			asked.Set("before_order_id", last)
		case reached.IsZero(), byTime && !goesOn:
			return ErrStuck
		default:
			// Whole seconds, rounded up, so that the page overlaps the one
			// before it.
			asked, byTime = maps.Clone(first), true
			asked.Set("until", reached.UTC().Truncate(time.Second).Add(time.Second).Format(time.RFC3339))
		}
	}
	return nil
}
