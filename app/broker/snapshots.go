package broker

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"
)

// Snapshot is what the market said last of a symbol.
type Snapshot struct {
	Symbol string // in its normal form: see Symbol
	// Price is that of the last trade. A contract of options may not have traded
	// for days: its price is the middle of a fair quote, where there is one. So is
	// that of a symbol without a trade.
	Price decimal.Decimal
	At    time.Time       // of the trade or quote that the price is of; zero where Alpaca does not say
	Bid   decimal.Decimal // 0 where nobody bids
	Ask   decimal.Decimal // 0 where nobody asks
}

// symbolsPerCall is how many symbols one call asks for: Alpaca takes no more
// contracts of options.
const symbolsPerCall = 100

// Snapshots returns what the market said last of these symbols, in one call for
// each kind of them that there is: shares, coins and options. A symbol without a
// price, or of a kind that the account may not see, is left out. It ends with Invalid
// where Alpaca takes one of them for none: it does not say which.
func (c *Client) Snapshots(ctx context.Context, symbols []string) ([]Snapshot, error) {
	var all []Snapshot
	for kind, of := range kinds(symbols) {
		slices.Sort(of)
		for some := range slices.Chunk(slices.Compact(of), symbolsPerCall) {
			snapshots, err := c.snapshots(ctx, kind, some)
			if err != nil && !IsKind(err, Forbidden, NotFound) {
				return nil, err
			}
			all = append(all, snapshots...)
		}
	}
	return all, nil
}

func (c *Client) snapshots(ctx context.Context, kind string, symbols []string) ([]Snapshot, error) {
	answer, err := c.data(ctx, "snapshots", func(sdk *marketdata.Client) error {
		var err error
		switch kind {
		case "option":
			_, err = sdk.GetOptionSnapshots(symbols, marketdata.GetOptionSnapshotRequest{})
		case "crypto":
			_, err = sdk.GetCryptoSnapshots(symbols, marketdata.GetCryptoSnapshotRequest{})
		default:
			_, err = sdk.GetSnapshots(symbols, marketdata.GetSnapshotRequest{})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	of, err := bySymbol(kind, answer.Raw)
	if err != nil {
		return nil, &Error{Kind: Unavailable, HTTPStatus: http.StatusOK, Cause: err}
	}
	var snapshots []Snapshot
	for _, symbol := range symbols {
		if s, known := readSnapshot(symbol, kind, of[symbol]); known {
			snapshots = append(snapshots, s)
		}
	}
	return snapshots, nil
}

// bySymbol parses an answer; that of shares has no field around its symbols.
func bySymbol(kind string, text []byte) (of map[string]json.RawMessage, err error) {
	if kind == "stock" {
		err = json.Unmarshal(text, &of)
		return of, err
	}
	var said struct{ Snapshots map[string]json.RawMessage }
	err = json.Unmarshal(text, &said)
	return said.Snapshots, err
}

// readSnapshot reads a symbol's part of an answer, digit by digit: the SDK would
// make floats of the prices.
func readSnapshot(symbol, kind string, text json.RawMessage) (s Snapshot, known bool) {
	var said struct {
		LatestTrade, LatestQuote json.RawMessage
	}
	if json.Unmarshal(text, &said) != nil {
		return s, false
	}
	s.Symbol = symbol
	s.Bid, _ = Amount(said.LatestQuote, "bp")
	s.Ask, _ = Amount(said.LatestQuote, "ap")
	trade, _ := Amount(said.LatestTrade, "p")
	if q := (quote{s.Ask, s.Bid}); q.isFair() && (kind == "option" || !trade.IsPositive()) {
		s.Price, s.At = s.Bid.Add(s.Ask).Div(decimal.NewFromInt(2)), timeOf(said.LatestQuote)
	} else {
		s.Price, s.At = trade, timeOf(said.LatestTrade)
	}
	return s, s.Price.IsPositive()
}

// timeOf returns the time of a trade or quote, zero where there is none.
func timeOf(text json.RawMessage) time.Time {
	var said struct{ T time.Time }
	if json.Unmarshal(text, &said) != nil {
		return time.Time{}
	}
	return said.T.UTC()
}
