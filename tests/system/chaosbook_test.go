package system

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // for machines without time zones

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // time/tzdata holds it
	}
	return zone
}()

// book is the state of an account at one moment of the broker's record: what is
// held and which orders are open. It shares no calculation with Paddock.
type book struct {
	rows   map[string]row // Paddock's orders by client_order_id: who sent an order, and when
	legs   map[string]int // the number of legs of each order that has any
	orders map[string]*bookOrder
	held   map[string]decimal.Decimal
	before map[string]decimal.Decimal // what was held before the last happening
	// shaken has the symbols of which an execution was taken back, until nothing
	// is held or open in them. What follows from that nobody asked for, and no
	// guard can prevent it.
	shaken   map[string]bool
	orderly  []sentOrder
	slowest  time.Duration   // the longest time between an intent and its order at the broker
	reducing map[string]bool // spreads of which each leg reduces a position
}

// sentOrder is an order that was sent through Paddock. at is when the broker took
// it.
type sentOrder struct{ at time.Time }

// bookOrder is an order in the book.
type bookOrder struct {
	alpacasim.Order
	parent   string
	row      row
	opens    bool            // when it was placed, it was to make or enlarge a position
	executed decimal.Decimal // dollars
}

func (o *bookOrder) open() bool {
	for _, over := range overStatuses {
		if o.Status == over {
			return false
		}
	}
	return true
}

// remaining returns the quantity that may still be executed of the order. For an
// order of an amount of money it is the least that this buys.
func (o *bookOrder) remaining() decimal.Decimal {
	total := decimal.Zero
	if o.Qty != nil {
		total = *o.Qty
	} else if o.Notional != nil {
		total = o.Notional.Div(decimal.NewFromFloat(opening[o.Symbol] * 1.1))
	}
	return decimal.Max(total.Sub(o.FilledQty), decimal.Zero)
}

// readBook returns the book before the first happening. From the happenings it
// takes only the orders' legs, whether spreads reduce, and slowest.
func readBook(history []alpacasim.Happening, rows map[string]row) *book {
	b := &book{rows: rows, legs: map[string]int{}, orders: map[string]*bookOrder{}, held: map[string]decimal.Decimal{}, shaken: map[string]bool{}, reducing: map[string]bool{}}
	placed := map[string]bool{}
	held := map[string]decimal.Decimal{}
	for _, h := range history {
		if h.Event == "placed" && !placed[h.Order.ID] {
			placed[h.Order.ID] = true
			if r := rows[h.Order.ClientOrderID]; r.Ours {
				b.slowest = max(b.slowest, h.At.Sub(r.CreatedAt))
			}
			if h.Parent != "" {
				b.legs[h.Parent]++
				if h.Order.OrderClass == "mleg" { // a spread reduces where all of its legs do
					reduces, known := b.reducing[h.Parent]
					b.reducing[h.Parent] = (reduces || !known) && against(h.Order.Side, held[h.Order.Symbol])
				}
			}
		}
		held = h.Held
	}
	b.slowest += 50 * time.Millisecond
	return b
}

// against reports whether an order of this side makes what is held smaller.
func against(side string, held decimal.Decimal) bool {
	return side == "sell" && held.IsPositive() || side == "buy" && held.IsNegative()
}

// apply updates the book with a happening. It returns the happening's order, or
// nil if it has none, and whether the order is new.
func (b *book) apply(h alpacasim.Happening) (o *bookOrder, isNew bool) {
	b.before, b.held = b.held, h.Held
	if h.Order == nil {
		return nil, false
	}
	o = b.orders[h.Order.ID]
	if isNew = o == nil; isNew {
		o = &bookOrder{row: b.rows[h.Order.ClientOrderID]}
		o.opens = !against(h.Order.Side, b.held[h.Order.Symbol]) || h.Parent == "" && (h.Order.OrderClass == "bracket" || h.Order.OrderClass == "oto")
		if h.Order.OrderClass == "mleg" && h.Parent == "" {
			o.opens = !b.reducing[h.Order.ID]
		}
		b.orders[h.Order.ID] = o
		if o.row.Ours {
			b.orderly = append(b.orderly, sentOrder{h.At})
		}
	}
	o.Order, o.parent = *h.Order, h.Parent
	if x := h.Execution; x != nil {
		o.executed = o.executed.Add(x.Qty.Mul(x.Price).Mul(lotOf(x.Symbol)))
	}
	if h.Event == "trade_bust" {
		b.shaken[o.Symbol] = true
	}
	if b.shaken[o.Symbol] && b.held[o.Symbol].IsZero() && !b.anyOpen(o.Symbol) {
		delete(b.shaken, o.Symbol)
	}
	return o, isNew
}

func (b *book) anyOpen(symbol string) bool {
	for _, o := range b.orders {
		if o.Symbol == symbol && o.open() {
			return true
		}
	}
	return false
}

// replacing returns the orders that an open order replaces: only one of the two
// counts.
func (b *book) replacing() map[string]bool {
	old := map[string]bool{}
	for _, o := range b.orders {
		if o.Replaces != nil && o.open() {
			old[*o.Replaces] = true
		}
	}
	return old
}

// couldBe returns the position that there would be if all open purchases of the
// symbol were executed. If o replaces another order, what was filled of that one
// counts once: Paddock counts a replacement as the larger of the two, and Alpaca
// does not document what becomes of a part that is filled in between
// (docs/decisions.md).
func (b *book) couldBe(o *bookOrder) decimal.Decimal {
	could, old := b.held[o.Symbol], b.replacing()
	for _, other := range b.orders {
		if other.Symbol == o.Symbol && other.Side == "buy" && other.open() && other.parent == "" && !old[other.ID] {
			could = could.Add(other.remaining())
		}
	}
	if o.Replaces != nil && b.orders[*o.Replaces] != nil {
		could = could.Sub(b.orders[*o.Replaces].FilledQty)
	}
	return could
}

// purchases says what is held of a symbol and which of its open orders buy, with how much may
// still be executed and when Paddock made them: for who looks for a fault.
func (b *book) purchases(symbol string) string {
	all := []string{fmt.Sprintf("%s held", b.held[symbol])}
	for _, o := range b.orders {
		if o.Symbol == symbol && o.Side == "buy" && o.open() {
			all = append(all, fmt.Sprintf("%s %s, %s left of it, filled %s, made at %s", o.ClientOrderID, o.Status, o.remaining(), o.FilledQty, o.row.CreatedAt.Format(time.StampMilli)))
		}
	}
	return strings.Join(all, "; ")
}

// openings returns how many open orders open a position, counting their exits too.
func (b *book) openings() (n int) {
	old := b.replacing()
	for _, o := range b.orders {
		root := o
		if p := b.orders[o.parent]; p != nil {
			root = p
		}
		switch {
		case !root.opens || !o.open() || old[o.ID]:
		case o.parent != "": // a leg is counted with its parent until that is over
			if !root.open() {
				n++
			}
		default:
			n += 1 + b.legs[o.ID]
		}
	}
	return n
}

// sent returns how many orders that sort accepts were sent through Paddock so far.
func (b *book) sent(sort func(sentOrder) bool) (n int) {
	for _, s := range b.orderly {
		if sort(s) {
			n++
		}
	}
	return n
}

// underlying returns the underlying symbol of an option contract, and "" for
// anything else.
func underlying(symbol string) string {
	if len(symbol) < 16 || strings.Contains(symbol, "/") {
		return ""
	}
	return symbol[:len(symbol)-15]
}

// lotOf returns how many units one of a symbol stands for: 100 for a contract.
func lotOf(symbol string) decimal.Decimal {
	if underlying(symbol) != "" {
		return decimal.NewFromInt(100)
	}
	return decimal.NewFromInt(1)
}
