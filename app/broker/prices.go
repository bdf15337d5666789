package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"
)

// Prices answers what a unit of each symbol costs now at the most: the ask, or
// where nobody asks the bid or the last trade, in dollars. A symbol without any
// of them is left out. They are named as they were asked for, and asked for as
// market data has them. The prices are this account's: they are kept for nobody.
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
		for _, ask := range []func(context.Context, string, []string, map[string]decimal.Decimal) error{c.quotes, c.trades} {
			missing := without(of, prices)
			if len(missing) == 0 {
				break
			}
			// One kind of data that the account has no right to is no price.
			var e *Error
			if err := ask(ctx, kind, missing, prices); err != nil && !(errors.As(err, &e) && (e.Kind == Forbidden || e.Kind == NotFound || e.Kind == Invalid)) {
				return nil, err
			}
		}
	}
	return prices, nil
}

// kinds groups symbols by the endpoints that know them, in their normal form.
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

func without(symbols []string, known map[string]decimal.Decimal) []string {
	var rest []string
	for _, symbol := range symbols {
		if _, ok := known[symbol]; !ok {
			rest = append(rest, symbol)
		}
	}
	return rest
}

func (c *Client) quotes(ctx context.Context, kind string, symbols []string, into map[string]decimal.Decimal) error {
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
		return err
	}
	// The SDK reads prices into floats; the broker's own digits are exact.
	var said struct{ Quotes map[string]json.RawMessage }
	if err := json.Unmarshal(answer.Raw, &said); err != nil {
		return &Error{Kind: Unavailable, HTTPStatus: http.StatusOK, Cause: err}
	}
	for symbol, quote := range said.Quotes {
		ask, _ := Amount(quote, "ap")
		bid, _ := Amount(quote, "bp")
		if price := decimal.Max(ask, bid); price.IsPositive() {
			into[symbol] = price
		}
	}
	return nil
}

func (c *Client) trades(ctx context.Context, kind string, symbols []string, into map[string]decimal.Decimal) error {
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
		return err
	}
	var said struct{ Trades map[string]json.RawMessage }
	if err := json.Unmarshal(answer.Raw, &said); err != nil {
		return &Error{Kind: Unavailable, HTTPStatus: http.StatusOK, Cause: err}
	}
	for symbol, trade := range said.Trades {
		if price, known := Amount(trade, "p"); known && price.IsPositive() {
			into[symbol] = price
		}
	}
	return nil
}

// data calls the data host.
func (c *Client) data(ctx context.Context, endpoint string, do func(*marketdata.Client) error) (Answer[struct{}], error) {
	return again(ctx, func() (Answer[struct{}], error) {
		return call(ctx, c, c.broker.config.DataURL, endpoint, func(x *exchange) error {
			return do(marketdata.NewClient(marketdata.ClientOpts{
				APIKey: c.credentials.KeyID.Reveal(), APISecret: c.credentials.SecretKey.Reveal(),
				BaseURL: c.broker.config.DataURL, RetryLimit: -1, HTTPClient: x.client(),
			}))
		}, func(body []byte) (Answer[struct{}], error) { return Answer[struct{}]{Raw: body}, nil })
	})
}
