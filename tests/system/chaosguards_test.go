package system

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// limits are the guards of a chaosAccount. A zero value is no limit.
type limits struct {
	perDay, perMinute, open int
	position                decimal.Decimal // of a symbol
	positionNotional        decimal.Decimal
	orderNotional           decimal.Decimal
	symbols, sides          []string
}

func narrowLimits(much size) *limits {
	return &limits{perDay: much.clients * much.orders, open: 12, position: decimal.NewFromInt(25), orderNotional: decimal.NewFromInt(3500),
		symbols: []string{"AAPL", "MSFT", "NVDA", "TSLA"}}
}

func strictLimits(size) *limits {
	return &limits{perMinute: 25, positionNotional: decimal.NewFromInt(30_000), orderNotional: decimal.NewFromInt(9000),
		symbols: []string{"AAPL", "TSLA", "QQQ", "BTC/USD", "ETH/USD"}, sides: []string{"buy"}}
}

// guard sets these limits, which the account's programs reach: as the account's guards,
// or as limits of API tokens with which all of its programs sign in.
func (a *chaosAccount) guard(l *limits, byTokens bool) {
	a.limits = l
	counts, amounts := map[string]any{"allowed_symbols": l.symbols}, map[string]any{}
	for name, n := range map[string]int{"orders_per_day": l.perDay, "orders_per_minute": l.perMinute, "max_open_orders": l.open} {
		if n > 0 {
			counts[name] = n
		}
	}
	for name, d := range map[string]decimal.Decimal{"max_position_qty": l.position, "max_position_notional": l.positionNotional, "max_order_notional": l.orderNotional} {
		if d.IsPositive() {
			amounts[name] = d.String()
		}
	}
	if l.sides != nil {
		amounts["allowed_sides"] = l.sides
	}
	if byTokens {
		a.makeTokens(counts, amounts)
		return
	}
	maps.Copy(counts, amounts)
	if status, answer := a.send(http.DefaultClient, http.MethodPut, "/api/guards", "", counts); status != http.StatusOK {
		a.user.w.t.Fatalf("set guards: %d %s", status, answer)
	}
}

// makeTokens has the account's programs sign in with eight API tokens, which have some of
// the limits, and are made of one that has the others.
func (a *chaosAccount) makeTokens(ofRoot, ofEach map[string]any) {
	t := a.user.w.t
	t.Helper()
	makeOne := func(name string, limits map[string]any) (token string) {
		status, answer := a.send(http.DefaultClient, http.MethodPost, "/api/tokens", "", map[string]any{"name": name, "accounts": []string{a.id}, "scopes": []string{"trade"}, "limits": limits})
		var made struct{ Token string }
		if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
			t.Fatalf("make a token: %d %s (%v)", status, answer, err)
		}
		return made.Token
	}
	root := makeOne("root", ofRoot)
	a.tokens = []string{root}
	helpers := []string{}
	for i := range 8 {
		helpers = append(helpers, makeOne(fmt.Sprint(i), ofEach))
	}
	a.tokens = helpers
}

// drift is the factor by which a price may have risen between the moment at which
// a guard used it and the execution. Simulated prices move by a few thousandths in
// that time.
var drift = decimal.New(103, -2)

// guardsPassed reads the broker's record from its beginning and returns each order
// and execution that a guard should have prevented. Guards let closings and orders
// through that only make a position smaller; whether an order is one of these is
// judged by the record too.
func (a *chaosAccount) guardsPassed(history []alpacasim.Happening, rows map[string]row, logged log) (found []string) {
	passed := func(format string, args ...any) {
		found = append(found, "a guard was passed: "+fmt.Sprintf(format, args...))
	}
	b := readBook(history, rows)
	for _, h := range history {
		o, isNew := b.apply(h)
		if h.Event == "OPTRD" && a.limits != nil {
			a.exercisePassed(b, passed)
		}
		if isNew && o.parent == "" {
			a.switchPassed(o, h, logged, passed)
			if a.limits != nil && o.opens {
				a.limitsPassed(b, o, h, passed)
			}
		}
		if h.Execution != nil && h.Event != "trade_bust" && a.limits != nil && o.opens && !b.shaken[o.Symbol] {
			a.executionPassed(b, o, h, passed)
		}
	}
	return found
}

// switchPassed reports an order that was placed while the account was halted, or
// that opened a position while the switch was at reduce_only. Two kinds of order
// are allowed: the closings of a wind-down, and orders whose intent was made before
// the switch was turned. The latter are canceled when they appear, or closed
// (docs/architecture.md).
func (a *chaosAccount) switchPassed(o *bookOrder, h alpacasim.Happening, logged log, passed func(string, ...any)) {
	for _, t := range a.turns {
		if h.At.Before(t.answered) || h.At.After(t.opened) {
			continue
		}
		r := o.row
		made, turned := logged.made[r.ClientOrderID], logged.turned[t.reason]
		if turned == 0 {
			passed("%s: no event says that the switch was turned", t.reason)
			continue
		}
		if r.Ours && made != 0 && made < turned || r.WindDown || t.to == "reduce_only" && !o.opens {
			continue
		}
		passed("%s was placed while the account was %s (%s); its intent is event %d, and the switch %d", r.ClientOrderID, t.to, t.reason, made, turned)
	}
}

// limitsPassed reports each limit that an order which opens a position passes, at
// the moment at which the broker took it.
func (a *chaosAccount) limitsPassed(b *book, o *bookOrder, h alpacasim.Happening, passed func(string, ...any)) {
	l, name := a.limits, o.ClientOrderID
	if o.OrderClass != "mleg" {
		if !slices.Contains(l.symbols, o.Symbol) && !slices.Contains(l.symbols, underlying(o.Symbol)) {
			passed("%s %ss %s", name, o.Side, o.Symbol)
		}
		if l.sides != nil && !slices.Contains(l.sides, o.Side) {
			passed("%s opens by a %s of %s", name, o.Side, o.Symbol)
		}
	}
	if o.Qty != nil && o.Side == "buy" && o.Type == "limit" && l.orderNotional.IsPositive() {
		if worth := o.Qty.Mul(*o.LimitPrice).Mul(lotOf(o.Symbol)); worth.GreaterThan(l.orderNotional) {
			passed("%s is for %s at %s", name, o.Qty, o.LimitPrice)
		}
	}
	if o.Notional != nil && l.orderNotional.IsPositive() && o.Notional.GreaterThan(l.orderNotional) {
		passed("%s is for %s dollars", name, o.Notional)
	}
	if l.position.IsPositive() && o.Side == "buy" && !b.shaken[o.Symbol] {
		if could := b.couldBe(o); could.GreaterThan(l.position) {
			passed("with %s the position in %s could be %s, and may be %s", name, o.Symbol, could, l.position)
		}
	}
	if open := b.openings(); l.open > 0 && open > l.open {
		passed("with %s %d orders are open, and %d may be", name, open, l.open)
	}
	day := h.At.In(newYork).Format(time.DateOnly)
	today := b.sent(func(s sentOrder) bool { return s.at.In(newYork).Format(time.DateOnly) == day })
	if l.perDay > 0 && today > l.perDay {
		passed("%s is number %d of the day, and %d may be", name, today, l.perDay)
	}
	// A guard counts by the time at which an intent was made. From then until the
	// order is placed it takes at most b.slowest. So the limit of a minute holds
	// for the orders that are placed within a minute less b.slowest.
	minute := b.sent(func(s sentOrder) bool { return s.at.After(h.At.Add(-time.Minute + b.slowest)) })
	if l.perMinute > 0 && minute > l.perMinute {
		passed("%s is number %d of its minute, and %d may be", name, minute, l.perMinute)
	}
}

// executionPassed reports an execution of an order that opens a position, if it is
// worth more than an order may be, or makes the position larger than it may be.
func (a *chaosAccount) executionPassed(b *book, o *bookOrder, h alpacasim.Happening, passed func(string, ...any)) {
	l, x := a.limits, h.Execution
	if worth := o.executed.Div(drift); l.orderNotional.IsPositive() && worth.GreaterThan(l.orderNotional) {
		passed("%s was executed for %s", o.ClientOrderID, o.executed)
	}
	held := b.held[x.Symbol].Abs()
	if l.position.IsPositive() && held.GreaterThan(l.position) {
		passed("%s of %s are held, and %s may be", held, x.Symbol, l.position)
	}
	if worth := held.Mul(x.Price).Mul(lotOf(x.Symbol)); l.positionNotional.IsPositive() && worth.Div(drift).GreaterThan(l.positionNotional) {
		passed("%s of %s are held, worth %s, and %s may be", held, x.Symbol, worth, l.positionNotional)
	}
}

// exercisePassed reports an exercise whose shares are worth more than one order
// may be: guards treat an exercise as an order for the shares.
func (a *chaosAccount) exercisePassed(b *book, passed func(string, ...any)) {
	for symbol, qty := range b.held {
		moved := qty.Sub(b.before[symbol])
		worth := moved.Abs().Mul(decimal.NewFromFloat(opening[symbol] * 0.9))
		if underlying(symbol) == "" && a.limits.orderNotional.IsPositive() && worth.GreaterThan(a.limits.orderNotional) {
			passed("an exercise traded %s of %s", moved, symbol)
		}
	}
}
