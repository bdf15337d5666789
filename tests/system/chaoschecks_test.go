package system

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// record is a broker's record of an account that a test makes up.
type record struct {
	at      time.Time
	history []alpacasim.Happening
	held    map[string]decimal.Decimal
	rows    map[string]row
	logged  log
}

func newRecord() *record {
	return &record{at: time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC), held: map[string]decimal.Decimal{}, rows: map[string]row{},
		logged: log{made: map[string]int64{}, turned: map[string]int64{"halt": 10}, overshot: map[string]bool{}}}
}

func (r *record) happens(event string, o alpacasim.Order, x *alpacasim.Execution) {
	r.at = r.at.Add(100 * time.Millisecond)
	held := map[string]decimal.Decimal{}
	for symbol, qty := range r.held {
		if !qty.IsZero() {
			held[symbol] = qty
		}
	}
	r.history = append(r.history, alpacasim.Happening{At: r.at, Event: event, Order: &o, Execution: x, Held: held})
}

// order records an order that is given as "side qty symbol price", where price 0
// means a market order, and fills so much of it.
func (r *record) order(words string, filled int64, as row) {
	var side, symbol, price string
	var qty int64
	if _, err := fmt.Sscan(words, &side, &qty, &symbol, &price); err != nil {
		panic(err)
	}
	id := fmt.Sprint("order-", len(r.history))
	amount, limit := decimal.NewFromInt(qty), decimal.RequireFromString(price)
	o := alpacasim.Order{ID: id, ClientOrderID: id, Symbol: symbol, Side: side, Type: "market", Qty: &amount, Status: "new"}
	if limit.IsPositive() {
		o.Type, o.LimitPrice = "limit", &limit
	}
	as.Ours, as.ClientOrderID, as.CreatedAt = true, id, r.at
	r.rows[id] = as
	if r.logged.made[id] = 20; as.State == "before" {
		r.logged.made[id] = 5
	}
	r.happens("placed", o, nil)
	if filled > 0 {
		o.FilledQty, o.Status = decimal.NewFromInt(filled), "filled"
		moved := o.FilledQty
		if side == "sell" {
			moved = moved.Neg()
		}
		r.held[symbol] = r.held[symbol].Add(moved)
		r.happens("fill", o, &alpacasim.Execution{OrderID: id, Symbol: symbol, Side: side, Qty: o.FilledQty, Price: decimal.NewFromInt(100)})
	}
}

// Each check of TestChaos can fail: it finds its fault in a made-up record, and
// finds nothing in a record without faults.
func TestChaosChecksCanFail(t *testing.T) {
	plain, closing := row{}, row{ReduceOnly: true}
	limits := limits{perDay: 4, perMinute: 3, open: 2, position: decimal.NewFromInt(20), orderNotional: decimal.NewFromInt(1500), positionNotional: decimal.NewFromInt(2500),
		symbols: []string{"AAPL", "MSFT"}, sides: []string{"buy"}}
	kind := chaosKind{shares: []string{"AAPL", "MSFT"}}
	for name, c := range map[string]struct {
		write func(r *record)
		want  string // a part of what is found, or "" if nothing may be found
	}{
		"all is well": {func(r *record) {
			r.order("buy 10 AAPL 0", 10, plain)
			r.order("sell 10 AAPL 0", 10, closing)
		}, ""},
		"a closing through zero": {func(r *record) {
			r.order("buy 10 MSFT 0", 10, plain)
			r.order("sell 10 MSFT 0", 10, closing)
			r.order("buy 10 AAPL 0", 10, plain)
			r.order("sell 12 AAPL 0", 12, closing)
			r.order("buy 2 AAPL 0", 2, closing)
		}, "took the position in AAPL from 10 to -2"},
		"a closing of what is gone": {func(r *record) { r.order("sell 5 AAPL 0", 5, closing) }, "took the position in AAPL from 0 to -5"},
		"a closing that somebody was told of": {func(r *record) {
			r.logged.overshot["order-0"] = true
			r.order("sell 5 AAPL 0", 5, closing)
		}, "opens by a sell"},
		"a short that nobody asked for": {func(r *record) {
			r.order("buy 3 AAPL 0", 3, plain)
			r.order("sell 4 AAPL 0", 4, plain)
		}, "nobody asked for -1 of AAPL"},
		"a large order":       {func(r *record) { r.order("buy 15 AAPL 101", 0, plain) }, "is for 15 at 101"},
		"a large execution":   {func(r *record) { r.order("buy 16 AAPL 0", 16, plain) }, "was executed for 1600"},
		"a forbidden symbol":  {func(r *record) { r.order("buy 1 TSLA 1", 0, plain) }, "buys TSLA"},
		"a forbidden side":    {func(r *record) { r.order("sell 1 AAPL 1", 0, plain) }, "opens by a sell of AAPL"},
		"a large position":    {func(r *record) { r.order("buy 12 AAPL 100", 0, plain); r.order("buy 9 AAPL 100", 0, plain) }, "could be 21"},
		"a position of worth": {func(r *record) { r.held["AAPL"] = decimal.NewFromInt(20); r.order("buy 6 AAPL 0", 6, plain) }, "could be 26|was|26 of AAPL are held, and|worth 2600"},
		"many open": {func(r *record) {
			r.order("buy 1 AAPL 100", 0, plain)
			r.order("buy 1 AAPL 100", 0, plain)
			r.order("buy 1 AAPL 100", 0, plain)
		}, "3 orders are open"},
		"many in a minute": {func(r *record) {
			for range 4 {
				r.order("buy 1 AAPL 0", 1, plain)
			}
		}, "number 4 of its minute"},
		"many in a day": {func(r *record) {
			for range 5 {
				r.at = r.at.Add(time.Hour)
				r.order("buy 1 AAPL 0", 1, plain)
			}
		}, "number 5 of the day"},
		"an order while halted": {func(r *record) {
			r.at = r.at.Add(10 * time.Minute)
			r.order("buy 1 AAPL 1", 0, plain)
		}, "while the account was halted"},
		"an order on its way while halted": {func(r *record) {
			r.at = r.at.Add(10 * time.Minute)
			r.order("buy 1 AAPL 1", 0, row{State: "before"})
		}, ""},
		"a wind-down's closing while halted": {func(r *record) {
			r.order("buy 1 AAPL 0", 1, plain)
			r.at = r.at.Add(10 * time.Minute)
			r.order("sell 1 AAPL 0", 1, row{ReduceOnly: true, WindDown: true})
		}, ""},
		"a person's closing while halted": {func(r *record) {
			r.order("buy 1 AAPL 0", 1, plain)
			r.at = r.at.Add(10 * time.Minute)
			r.order("sell 1 AAPL 0", 1, closing)
		}, "while the account was halted"},
	} {
		r := newRecord()
		a := &chaosAccount{kind: kind, limits: &limits, turns: []turn{{reason: "halt", to: "halted", answered: r.at.Add(9 * time.Minute), opened: r.at.Add(11 * time.Minute)}}}
		c.write(r)
		var found []string
		found = append(found, a.guardsPassed(r.history, r.rows, r.logged)...)
		found = append(found, closingsPassed(r.history, r.rows, r.logged)...)
		found = append(found, a.unasked(r.history, r.rows, r.logged)...)
		all := strings.Join(found, "\n")
		if c.want == "" && all != "" {
			t.Errorf("%s: found %s", name, all)
		}
		if wants := strings.Split(c.want, "|"); c.want != "" && !strings.Contains(all, wants[0]) {
			t.Errorf("%s: found %q, want %q", name, all, c.want)
		}
	}
}
