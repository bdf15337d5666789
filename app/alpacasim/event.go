package alpacasim

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// event is a trade update as it was sent, kept for replay.
type event struct {
	ID    string          `json:"id"` // a ULID
	At    time.Time       `json:"at"`
	Name  string          `json:"name,omitempty"`
	Class string          `json:"class,omitempty"` // of its order
	JSON  json.RawMessage `json:"json"`
}

// update is the part of an update besides the order.
type update struct {
	execution *Execution       // what was executed
	held      *decimal.Decimal // the position after it
	qty       *decimal.Decimal // qty and price, where there is no execution
	price     *decimal.Decimal
	previous  string // the execution that this one busts or corrects
	legs      []legUpdate
}

// legUpdate is a leg's part of a multi-leg order's fill.
type legUpdate struct {
	OrderID     string          `json:"order_id"`
	ExecutionID string          `json:"execution_id"`
	Symbol      string          `json:"symbol"`
	Side        string          `json:"side"`
	Qty         decimal.Decimal `json:"qty"`
	Price       decimal.Decimal `json:"price"`
	PositionQty decimal.Decimal `json:"position_qty"`
}

// tradeUpdate is an event of Alpaca's stream.
type tradeUpdate struct {
	At          time.Time        `json:"at"`
	Event       string           `json:"event"`
	EventID     string           `json:"event_id"`
	ExecutionID string           `json:"execution_id"`
	Previous    string           `json:"previous_execution_id,omitempty"`
	Order       Order            `json:"order"`
	Timestamp   time.Time        `json:"timestamp"`
	Price       *decimal.Decimal `json:"price,omitempty"`
	Qty         *decimal.Decimal `json:"qty,omitempty"`
	PositionQty *decimal.Decimal `json:"position_qty,omitempty"`
	Legs        []legUpdate      `json:"legs,omitempty"`
}

// emit appends an update to the account's events and wakes its streams.
func (s *Sim) emit(a *account, name string, o *order, with update) {
	o.UpdatedAt = s.now()
	u := tradeUpdate{
		At: o.UpdatedAt, Timestamp: o.UpdatedAt, Event: name, EventID: s.newULID(), Order: o.wire(true),
		Qty: with.qty, Price: with.price, PositionQty: with.held, Previous: with.previous, Legs: with.legs,
	}
	if x := with.execution; x != nil {
		u.ExecutionID, u.Price, u.Qty = x.ID, &x.Price, &x.Qty
	} else {
		u.ExecutionID = s.newID()
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err) // cannot happen: plain structs always marshal
	}
	s.happened(a, name, o, with.execution, with.previous)
	a.Events = append(a.Events, event{ID: u.EventID, At: u.At, Name: name, Class: o.OrderClass, JSON: text})
	s.touch(a, o)
	close(s.changed)
	s.changed = make(chan struct{})
}

// newULID makes an id that sorts after all before it. The random part is a
// counter, so that the seed decides it.
func (s *Sim) newULID() string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	s.state.LastULID = max(s.state.LastULID, s.now().UnixMilli())
	s.state.Counter++
	var id [26]byte
	for i, t := 9, uint64(s.state.LastULID); i >= 0; i, t = i-1, t>>5 {
		id[i] = alphabet[t&31]
	}
	for i, n := 25, s.state.Counter; i >= 10; i, n = i-1, n>>5 {
		id[i] = alphabet[n&31]
	}
	return string(id[:])
}
