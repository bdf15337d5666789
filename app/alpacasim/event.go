package alpacasim

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// event is a trade update as it is sent, kept for replay.
type event struct {
	ID   string          `json:"id"` // a ULID
	At   time.Time       `json:"at"`
	JSON json.RawMessage `json:"json"`
}

// execution is what a fill adds to its update.
type execution struct {
	id               string
	qty, price, held decimal.Decimal
}

// tradeUpdate is an event of Alpaca's stream.
type tradeUpdate struct {
	At          time.Time        `json:"at"`
	Event       string           `json:"event"`
	EventID     string           `json:"event_id"`
	ExecutionID string           `json:"execution_id"`
	Order       *Order           `json:"order"`
	Timestamp   time.Time        `json:"timestamp"`
	Price       *decimal.Decimal `json:"price,omitempty"`
	Qty         *decimal.Decimal `json:"qty,omitempty"`
	PositionQty *decimal.Decimal `json:"position_qty,omitempty"`
}

// emit appends an update to the account's events and wakes its streams.
func (s *Sim) emit(a *account, name string, o *Order, x *execution) {
	u := tradeUpdate{At: s.now(), Event: name, EventID: s.newULID(), Order: o}
	u.Timestamp = u.At
	if x != nil {
		u.ExecutionID, u.Price, u.Qty, u.PositionQty = x.id, &x.price, &x.qty, &x.held
	} else {
		u.ExecutionID = s.newID()
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	a.Events = append(a.Events, event{ID: u.EventID, At: u.At, JSON: text})
	close(s.changed)
	s.changed = make(chan struct{})
}

// newULID makes an id that sorts after all before it: a ULID whose random part
// is a counter, so that a seed decides it.
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
