package alpacasim

import (
	"time"

	"github.com/shopspring/decimal"
)

// Execution is one fill, or partial fill, of an order.
type Execution struct {
	ID            string          `json:"id"`
	OrderID       string          `json:"order_id"`
	ClientOrderID string          `json:"client_order_id"`
	Symbol        string          `json:"symbol"`
	Side          string          `json:"side"`
	Qty           decimal.Decimal `json:"qty"`
	Price         decimal.Decimal `json:"price"`
	At            time.Time       `json:"at"`
	Type          string          `json:"type"` // fill or partial_fill
	CumQty        decimal.Decimal `json:"cum_qty"`
	LeavesQty     decimal.Decimal `json:"leaves_qty"`
	OrderStatus   string          `json:"order_status"`
	// Busted means that it does not count any more: it was busted, or corrected
	// by another whose Previous is this one's ID.
	Busted   bool   `json:"busted"`
	Previous string `json:"previous,omitempty"`
}

// execute records an execution of an order, after its filled quantity and
// status were updated.
func (s *Sim) execute(a *account, o *order, kind string, qty, at decimal.Decimal) *Execution {
	x := &Execution{
		ID: s.newID(), OrderID: o.ID, ClientOrderID: o.ClientOrderID, Symbol: o.Symbol, Side: o.Side, Qty: qty, Price: at, At: s.now(),
		Type: kind, CumQty: o.FilledQty, LeavesQty: o.rest(at), OrderStatus: o.Status,
	}
	s.keep(a, x)
	return x
}

// keep adds an execution to the account.
func (s *Sim) keep(a *account, x *Execution) {
	a.Executions = append(a.Executions, x)
	a.noteExecution(x)
	a.unsaved.executions = append(a.unsaved.executions, x)
	s.touch(a)
}

// noteExecution adds it to the maps.
func (a *account) noteExecution(x *Execution) {
	a.executed[x.ID] = x
	if o := a.byID[x.OrderID]; o != nil {
		o.fills = append(o.fills, x)
	}
}

// average computes an order's filled quantity and average price from its
// executions that count.
func (o *order) average() {
	spent, qty := decimal.Zero, decimal.Zero
	for _, x := range o.fills {
		if !x.Busted {
			spent, qty = spent.Add(x.Qty.Mul(x.Price)), qty.Add(x.Qty)
		}
	}
	o.FilledQty, o.FilledAvgPrice = qty, nil
	if qty.IsPositive() {
		average := spent.Div(qty).Round(6)
		o.FilledAvgPrice = &average
	}
}

// Bust cancels an execution, as an exchange may: the order's fill, the position
// and the cash are as if it had not happened. It reports whether there is such
// an execution that still counts.
func (s *Sim) Bust(executionID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.save()
	a, x := s.execution(executionID)
	if x == nil {
		return false
	}
	o := a.byID[x.OrderID]
	held := s.takeBack(a, o, x)
	o.average()
	s.followPartner(a, o)
	s.emit(a, "trade_bust", o, update{qty: &x.Qty, price: &x.Price, held: &held, previous: x.ID})
	return true
}

// Correct replaces an execution by one with another price or quantity, both
// above 0. It reports whether there is such an execution that still counts.
func (s *Sim) Correct(executionID string, price, qty decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.save()
	a, x := s.execution(executionID)
	if x == nil {
		return false
	}
	o := a.byID[x.OrderID]
	s.takeBack(a, o, x)
	right := *x
	right.ID, right.Price, right.Qty, right.Busted, right.Previous = s.newID(), price, qty, false, x.ID
	right.CumQty = x.CumQty.Sub(x.Qty).Add(qty)
	s.keep(a, &right)
	held := a.trade(o.Symbol, o.signed(qty), price, lot(o.AssetClass))
	o.average()
	s.followPartner(a, o)
	s.emit(a, "trade_correct", o, update{execution: &right, held: &held, previous: x.ID})
	return true
}

func (s *Sim) execution(id string) (*account, *Execution) {
	for _, a := range s.inOrder {
		if x := a.executed[id]; x != nil && !x.Busted {
			return a, x
		}
	}
	return nil, nil
}

func (s *Sim) takeBack(a *account, o *order, x *Execution) (held decimal.Decimal) {
	x.Busted = true
	a.unsaved.executions = append(a.unsaved.executions, x)
	return a.untrade(o.Symbol, o.signed(x.Qty), x.Price, lot(o.AssetClass))
}
