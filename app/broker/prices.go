package broker

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"
)

// Prices returns the most that a unit of each symbol costs now, in dollars: the
// ask of a fair quote, and otherwise the highest of bid, ask and last trade. A
// bid alone does not bound the price, and an ask of ten times the last trade is
// a market maker's stub at which nothing trades: neither counts. A symbol
// without a price is left out. Results have the symbols as they were given;
// market data is asked for by its own form. The prices are not cached, since
// what an account may see depends on its plan.
func (c *Client) Prices(ctx context.Context, symbols []string) (map[string]decimal.Decimal, error) {
	known, err := c.prices(ctx, symbols)
	if err != nil {
		return nil, err
	}
	prices := map[string]decimal.Decimal{}
	for _, asked := range symbols {
		if price, ok := known[Symbol(asked)]; ok {
			prices[asked] = price
		}
	}
	return prices, nil
}

func (c *Client) prices(ctx context.Context, symbols []string) (map[string]decimal.Decimal, error) {
	prices := map[string]decimal.Decimal{}
	for kind, of := range kinds(symbols) {
		quotes, err := c.quotes(ctx, kind, of)
		if err != nil && !isNoPrice(err) {
			return nil, err
		}
		var unfair []string
		for _, symbol := range of {
			if q := quotes[symbol]; q.isFair() {
				prices[symbol] = q.ask
			} else {
				unfair = append(unfair, symbol)
			}
		}
		if len(unfair) == 0 {
			continue
		}
		trades, err := c.trades(ctx, kind, unfair)
		if err != nil && !isNoPrice(err) {
			return nil, err
		}
		for _, symbol := range unfair {
			if price := quotes[symbol].worst(trades[symbol]); price.IsPositive() {
				prices[symbol] = price
			}
		}
	}
	return prices, nil
}

// isNoPrice reports whether the account may not see a kind of data, or there is
// none. That is a missing price, and no failure.
func isNoPrice(err error) bool {
	return IsKind(err, Forbidden, NotFound, Invalid)
}

// quote is the newest quote of a symbol; 0 where nobody bids or asks.
type quote struct{ ask, bid decimal.Decimal }

// Bounds of a fair quote, and of a stub.
var (
	fairSpread = decimal.RequireFromString("1.5") // of the bid
	stub       = decimal.NewFromInt(10)           // times the last trade
)

// isFair reports whether the quote's ask is what a unit costs.
func (q quote) isFair() bool {
	return q.bid.IsPositive() && q.ask.GreaterThanOrEqual(q.bid) && q.ask.LessThanOrEqual(q.bid.Mul(fairSpread))
}

// worst returns the most that a unit may cost where the quote is not fair; 0
// where that is unknown.
func (q quote) worst(trade decimal.Decimal) decimal.Decimal {
	switch {
	case !trade.IsPositive() && !q.ask.IsPositive():
		return decimal.Zero
	case trade.IsPositive() && q.ask.GreaterThanOrEqual(trade.Mul(stub)):
		return decimal.Max(q.bid, trade)
	}
	return decimal.Max(q.ask, q.bid, trade)
}

// Quote is what is bid and asked for a symbol; 0 where nobody does.
type Quote struct{ Bid, Ask decimal.Decimal }

// Quote returns the newest quote of a symbol. found is false where the account may see
// none, or there is none.
func (c *Client) Quote(ctx context.Context, symbol string) (q Quote, found bool, err error) {
	symbol = Symbol(symbol)
	for kind, of := range kinds([]string{symbol}) {
		quotes, err := c.quotes(ctx, kind, of)
		if isNoPrice(err) {
			return Quote{}, false, nil
		}
		if err != nil {
			return Quote{}, false, err
		}
		of, found := quotes[symbol]
		return Quote{Bid: of.bid, Ask: of.ask}, found, nil
	}
	return Quote{}, false, nil
}

// kinds groups symbols, in their normal form, by the endpoint that serves them.
func kinds(symbols []string) map[string][]string {
	by := map[string][]string{}
	for _, symbol := range symbols {
		switch symbol = Symbol(symbol); {
		case IsOption(symbol):
			by["option"] = append(by["option"], symbol)
		case IsCrypto(symbol):
			by["crypto"] = append(by["crypto"], symbol)
		default:
			by["stock"] = append(by["stock"], symbol)
		}
	}
	return by
}

func (c *Client) quotes(ctx context.Context, kind string, symbols []string) (map[string]quote, error) {
	answer, err := c.data(ctx, "quotes", func(sdk *marketdata.Client) error {
		var err error
		switch kind {
		case "option":
			_, err = sdk.GetLatestOptionQuotes(symbols, marketdata.GetLatestOptionQuoteRequest{})
		case "crypto":
			_, err = sdk.GetLatestCryptoQuotes(symbols, marketdata.GetLatestCryptoQuoteRequest{})
		default:
			_, err = sdk.GetLatestQuotes(symbols, marketdata.GetLatestQuoteRequest{})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// The SDK reads prices into floats; the broker's digits are exact.
	var said struct{ Quotes map[string]json.RawMessage }
	if err := json.Unmarshal(answer.Raw, &said); err != nil {
		return nil, &Error{Kind: Unavailable, HTTPStatus: http.StatusOK, Cause: err}
	}
	quotes := map[string]quote{}
	for symbol, text := range said.Quotes {
		ask, _ := Amount(text, "ap")
		bid, _ := Amount(text, "bp")
		quotes[symbol] = quote{ask, bid}
	}
	return quotes, nil
}

func (c *Client) trades(ctx context.Context, kind string, symbols []string) (map[string]decimal.Decimal, error) {
	answer, err := c.data(ctx, "trades", func(sdk *marketdata.Client) error {
		var err error
		switch kind {
		case "option":
			_, err = sdk.GetLatestOptionTrades(symbols, marketdata.GetLatestOptionTradeRequest{})
		case "crypto":
			_, err = sdk.GetLatestCryptoTrades(symbols, marketdata.GetLatestCryptoTradeRequest{})
		default:
			_, err = sdk.GetLatestTrades(symbols, marketdata.GetLatestTradeRequest{})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var said struct{ Trades map[string]json.RawMessage }
	if err := json.Unmarshal(answer.Raw, &said); err != nil {
		return nil, &Error{Kind: Unavailable, HTTPStatus: http.StatusOK, Cause: err}
	}
	trades := map[string]decimal.Decimal{}
	for symbol, text := range said.Trades {
		if price, known := Amount(text, "p"); known {
			trades[symbol] = price
		}
	}
	return trades, nil
}

// data calls the data host.
func (c *Client) data(ctx context.Context, endpoint string, do func(*marketdata.Client) error) (Answer[struct{}], error) {
	return retryOnce(ctx, func() (Answer[struct{}], error) {
		return call(ctx, c, c.broker.config.DataURL, endpoint, func(x *roundTrip) error {
			return do(marketdata.NewClient(marketdata.ClientOpts{
				APIKey: c.credentials.KeyID.Reveal(), APISecret: c.credentials.SecretKey.Reveal(),
				BaseURL: c.broker.config.DataURL, RetryLimit: -1, HTTPClient: x.client(),
			}))
		}, func(body []byte) (Answer[struct{}], error) { return Answer[struct{}]{Raw: body}, nil })
	})
}
