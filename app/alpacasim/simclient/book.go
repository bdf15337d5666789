package simclient

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// Orders returns the orders of the account with this key, oldest first,
// including legs and orders that look-ups do not find yet.
func (c *Client) Orders(ctx context.Context, keyID string) (all []alpacasim.Order, err error) {
	err = c.get(ctx, "orders", keyID, &all)
	return all, err
}

// Positions returns the positions of the account with this key, sorted by
// symbol.
func (c *Client) Positions(ctx context.Context, keyID string) (all []alpacasim.Position, err error) {
	err = c.get(ctx, "positions", keyID, &all)
	return all, err
}

// Executions returns all fills of the account with this key, oldest first,
// busted ones included.
func (c *Client) Executions(ctx context.Context, keyID string) (all []alpacasim.Execution, err error) {
	err = c.get(ctx, "executions", keyID, &all)
	return all, err
}

// Account returns the figures of the account with this key, which are all 0
// where there is none.
func (c *Client) Account(ctx context.Context, keyID string) (f alpacasim.Figures, err error) {
	err = c.get(ctx, "account", keyID, &f)
	return f, err
}

// Bust cancels an execution, as an exchange may: the order's fill, the position
// and the cash are as if it had not happened.
func (c *Client) Bust(ctx context.Context, executionID string) error {
	return c.post(ctx, "bust", url.Values{"execution_id": {executionID}})
}

// Correct replaces an execution by one with another price or quantity, both
// above 0.
func (c *Client) Correct(ctx context.Context, executionID string, price, qty decimal.Decimal) error {
	return c.post(ctx, "correct", url.Values{"execution_id": {executionID}, "price": {price.String()}, "qty": {qty.String()}})
}

// Split turns each share of a symbol into ratio shares; below 1 it is a reverse
// split. The shape says how it is written in the list of activities; what is
// between its two entries is in whole seconds.
func (c *Client) Split(ctx context.Context, symbol string, ratio decimal.Decimal, shape alpacasim.SplitShape) error {
	q := url.Values{"symbol": {symbol}, "kind": {"split"}, "ratio": {ratio.String()}}
	if shape.Two {
		seconds, err := whole(shape.Apart, time.Second)
		if err != nil {
			return err
		}
		q.Set("shape", "two")
		q.Set("seconds", seconds)
		q.Set("group", strconv.FormatBool(shape.Group))
	}
	return c.post(ctx, "corporate-action", q)
}

// PayDividend pays an amount in dollars for each share of a symbol to its
// holders; short sellers pay it.
func (c *Client) PayDividend(ctx context.Context, symbol string, amount decimal.Decimal) error {
	return c.post(ctx, "corporate-action", url.Values{"symbol": {symbol}, "kind": {"dividend"}, "amount": {amount.String()}})
}
