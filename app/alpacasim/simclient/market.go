package simclient

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// SetPrice sets a symbol's price, in dollars.
func (c *Client) SetPrice(ctx context.Context, symbol string, to decimal.Decimal) error {
	return c.post(ctx, "price", url.Values{"symbol": {symbol}, "price": {to.String()}})
}

// Step moves the market n times now, 1 to 10,000.
func (c *Client) Step(ctx context.Context, n int) error {
	return c.post(ctx, "step", url.Values{"n": {strconv.Itoa(n)}})
}

// SetClock sets the simulator's time to t; it goes on from there.
func (c *Client) SetClock(ctx context.Context, t time.Time) error {
	return c.post(ctx, "clock", url.Values{"at": {t.Format(time.RFC3339Nano)}})
}

// SetClockOffset sets how far the simulator's time is ahead of its machine's;
// below 0 it is behind. 0 sets it right again.
func (c *Client) SetClockOffset(ctx context.Context, ahead time.Duration) error {
	return c.post(ctx, "clock", url.Values{"offset": {ahead.String()}})
}

// SetAlwaysOpen makes the market keep New York's hours, or never close.
func (c *Client) SetAlwaysOpen(ctx context.Context, open bool) error {
	return c.post(ctx, "clock", url.Values{"always_open": {strconv.FormatBool(open)}})
}

// SetSkew is SetClockOffset by the endpoint that takes seconds, up to a million
// of them.
func (c *Client) SetSkew(ctx context.Context, ahead time.Duration) error {
	return c.post(ctx, "skew", url.Values{"seconds": {strconv.FormatFloat(ahead.Seconds(), 'f', -1, 64)}})
}

// SetFillPlan makes orders of a symbol fill in equal parts, one at each move of
// the market, or as usual with 0.
func (c *Client) SetFillPlan(ctx context.Context, symbol string, parts int) error {
	return c.post(ctx, "fill-plan", url.Values{"symbol": {symbol}, "parts": {strconv.Itoa(parts)}})
}

// Halt stops all trading in a symbol, or resumes it. Orders wait meanwhile.
func (c *Client) Halt(ctx context.Context, symbol string, on bool) error {
	return c.post(ctx, "halt", url.Values{"symbol": {symbol}, "on": {strconv.FormatBool(on)}})
}

// SetCryptoFees turns Alpaca's crypto fees on, in a shape, or off.
func (c *Client) SetCryptoFees(ctx context.Context, on bool, shape alpacasim.FeeShape) error {
	return c.post(ctx, "crypto-fees", url.Values{"on": {strconv.FormatBool(on)}, "shape": {string(shape)}})
}
