package alpacasim

import "github.com/shopspring/decimal"

// Position is what an account holds of a symbol; a short position is negative.
type Position struct {
	Symbol        string          `json:"symbol"`
	Qty           decimal.Decimal `json:"qty"`
	Available     decimal.Decimal `json:"qty_available"`
	AvgEntryPrice decimal.Decimal `json:"avg_entry_price"`
}

// Figures are the sums of an account, in dollars.
type Figures struct {
	Cash              decimal.Decimal `json:"cash"`
	Equity            decimal.Decimal `json:"equity"`
	LastEquity        decimal.Decimal `json:"last_equity"`
	LongMarketValue   decimal.Decimal `json:"long_market_value"`
	ShortMarketValue  decimal.Decimal `json:"short_market_value"`
	InitialMargin     decimal.Decimal `json:"initial_margin"`
	MaintenanceMargin decimal.Decimal `json:"maintenance_margin"`
	BuyingPower       decimal.Decimal `json:"buying_power"`
}

// Orders returns the orders of the account with this key, oldest first,
// including legs and orders that look-ups do not find yet.
func (s *Sim) Orders(keyID string) []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Order
	if a := s.byKey[keyID]; a != nil {
		for _, o := range a.Orders {
			all = append(all, o.wire(false))
		}
	}
	return all
}

// Positions returns the positions of the account with this key, sorted by
// symbol.
func (s *Sim) Positions(keyID string) []Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Position
	if a := s.byKey[keyID]; a != nil {
		for _, symbol := range a.symbols() {
			p := a.Positions[symbol]
			available := s.available(a, symbol)
			if p.Qty.IsNegative() {
				available = available.Neg()
			}
			all = append(all, Position{symbol, p.Qty, available, p.Avg})
		}
	}
	return all
}

// Executions returns all fills of the account with this key, oldest first,
// busted ones included.
func (s *Sim) Executions(keyID string) []Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Execution
	if a := s.byKey[keyID]; a != nil {
		for _, x := range a.Executions {
			all = append(all, *x)
		}
	}
	return all
}

// Account returns the figures of the account with this key, and whether there
// is one.
func (s *Sim) Account(keyID string) (Figures, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byKey[keyID]
	if a == nil {
		return Figures{}, false
	}
	f := s.reckon(a)
	return Figures{a.Cash, f.equity, a.LastEquity, f.long, f.short, f.initial, f.maintenance, f.buyingPower}, true
}
