package alpacasim

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// HistorySeed is the history of an account that has traded for long: market orders
// for one share each, bought and sold in turn and all filled, spread evenly over the
// days before the start. They leave cash and positions as they are.
type HistorySeed struct {
	Orders  int      `json:"orders"`
	Days    int      `json:"days"`    // 365 when absent
	Symbols []string `json:"symbols"` // a purchase and its sale in one, then in the next; AAPL when absent
}

// maxPastOrders bounds what a simulator keeps in memory.
const maxPastOrders = 1_000_000

// checkHistory returns what is wrong with an account's history.
func (s *Sim) checkHistory(a AccountSeed) error {
	h := a.History
	if h == nil {
		return nil
	}
	if h.Orders < 0 || h.Orders > maxPastOrders || h.Days < 0 {
		return fmt.Errorf("the account %s has a history of %d orders in %d days: give up to %d orders, and days that are not negative", a.KeyID, h.Orders, h.Days, maxPastOrders)
	}
	for _, symbol := range h.Symbols {
		if known, ok := s.findAsset(symbol); !ok || known.class != "us_equity" {
			return fmt.Errorf("the account %s has a history in %s, which is no stock here: list it among the assets", a.KeyID, symbol)
		}
	}
	return nil
}

// remember gives a new account its history. s.mu is held.
func (s *Sim) remember(a *account, h *HistorySeed) {
	if h == nil || h.Orders == 0 {
		return
	}
	symbols, days := h.Symbols, h.Days
	if len(symbols) == 0 {
		symbols = []string{"AAPL"}
	}
	if days == 0 {
		days = 365
	}
	span := time.Duration(days) * 24 * time.Hour
	start := s.now().Add(-span)
	for i := range h.Orders {
		known, ok := s.findAsset(symbols[i/2%len(symbols)])
		if !ok {
			continue
		}
		side := []string{"buy", "sell"}[i%2]
		s.rememberOrder(a, known, side, start.Add(time.Duration(float64(span)*float64(i)/float64(h.Orders))))
	}
}

// rememberOrder adds an order that was filled when it was placed. s.mu is held.
func (s *Sim) rememberOrder(a *account, traded asset, side string, at time.Time) {
	one, price := decimal.NewFromInt(1), s.state.Prices[traded.symbol].Mid()
	filled := at.Add(time.Millisecond)
	id := s.newID()
	o := &order{Since: at, Order: Order{
		ID: id, ClientOrderID: id, CreatedAt: at, SubmittedAt: at, UpdatedAt: filled, FilledAt: &filled,
		AssetID: assetID(traded.symbol), Symbol: traded.symbol, AssetClass: traded.class, Qty: &one, FilledQty: one, FilledAvgPrice: &price,
		OrderType: "market", Type: "market", Side: side, TimeInForce: "day", Status: "filled",
	}}
	a.add(o)
	s.touch(a, o)
	s.keep(a, &Execution{
		ID: s.newID(), OrderID: id, ClientOrderID: id, Symbol: o.Symbol, Side: side, Qty: one, Price: price, At: filled,
		Type: "fill", CumQty: one, LeavesQty: decimal.Zero, OrderStatus: "filled",
	})
}
