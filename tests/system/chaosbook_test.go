package system

import (
	"strings"
	"time"
	_ "time/tzdata" // New York's clock, where the machine knows no zones

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

// book is the broker's record of an account, read from its beginning: what is
// held and open at a moment. It knows nothing of how Paddock reckons.
type book struct {
	rows   map[string]row // what Paddock has, by client_order_id: whose an order is, and since when
	legs   map[string]int // of each order that has any
	orders map[string]*bookOrder
	held   map[string]decimal.Decimal
	before map[string]decimal.Decimal // what was held before the last happening
	// shaken are symbols of which an execution was taken back, until nothing is
	// held and open in them: what follows from that nobody asked for, and no
	// guard can prevent.
	shaken   map[string]bool
	orderly  []sentOrder
	slowest  time.Duration // between an intent and its being placed, the most there was
	reducing map[string]bool
}

// sentOrder is one that was sent through Paddock, and when the broker took it.
type sentOrder struct{ at time.Time }

// bookOrder is an order in the book.
type bookOrder struct {
	alpacasim.Order
	parent   string
	row      row
	opens    bool            // when it was placed, it made a position or enlarged one
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

// remaining is what may still be executed of it. Of an amount of money it is
// what that buys at the least.
func (o *bookOrder) remaining() decimal.Decimal {
	total := decimal.Zero
	if o.Qty != nil {
		total = *o.Qty
	} else if o.Notional != nil {
		total = o.Notional.Div(decimal.NewFromFloat(opening[o.Symbol] * 1.1))
	}
	return decimal.Max(total.Sub(o.FilledQty), decimal.Zero)
}

// readBook begins with an empty book. It looks ahead for nothing but the legs
// that orders will have.
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

// against reports whether a side makes what is held smaller.
func against(side string, held decimal.Decimal) bool {
	return side == "sell" && held.IsPositive() || side == "buy" && held.IsNegative()
}

// apply brings the book to after a happening, and answers its order, if it is of
// one, and whether that is new.
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

// replacing are the orders that another one, which is open, is to replace: of
// the two one counts.
func (b *book) replacing() map[string]bool {
	old := map[string]bool{}
	for _, o := range b.orders {
		if o.Replaces != nil && o.open() {
			old[*o.Replaces] = true
		}
	}
	return old
}

// couldBe is what the position could be, once all that is open and buys has been
// executed. Of an order that replaces another, what that one had been filled by
// then counts once: Paddock counts a replacement as the larger of the two, and
// Alpaca does not document what becomes of a part that is filled in between
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

// openings is how many orders are open that open something, with their exits.
func (b *book) openings() (n int) {
	old := b.replacing()
	for _, o := range b.orders {
		root := o
		if p := b.orders[o.parent]; p != nil {
			root = p
		}
		switch {
		case !root.opens || !o.open() || old[o.ID]:
		case o.parent != "": // its legs are counted with it until it is over
			if !root.open() {
				n++
			}
		default:
			n += 1 + b.legs[o.ID]
		}
	}
	return n
}

// sent is how many orders of some sort were sent through Paddock until now.
func (b *book) sent(sort func(sentOrder) bool) (n int) {
	for _, s := range b.orderly {
		if sort(s) {
			n++
		}
	}
	return n
}

// underlying is the root of a contract's symbol, and "" of anything else.
func underlying(symbol string) string {
	if len(symbol) < 16 || strings.Contains(symbol, "/") {
		return ""
	}
	return symbol[:len(symbol)-15]
}

// lotOf is how many units one of a symbol stands for.
func lotOf(symbol string) decimal.Decimal {
	if underlying(symbol) != "" {
		return decimal.NewFromInt(100)
	}
	return decimal.NewFromInt(1)
}
