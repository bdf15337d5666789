package system

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// limits are the guards of a chaosAccount.
type limits struct {
	perDay, open  int
	position      decimal.Decimal // of a symbol
	orderNotional decimal.Decimal
	symbols       []string
}

// guard sets limits that the account's programs meet.
func (a *chaosAccount) guard(much size) {
	a.limits = &limits{
		perDay: much.clients * much.orders * 4 / 5, open: 12, position: decimal.NewFromInt(25), orderNotional: decimal.NewFromInt(3500),
		symbols: []string{"AAPL", "MSFT", "NVDA", "TSLA"},
	}
	status, answer := a.send(http.DefaultClient, http.MethodPut, "/api/guards", "", map[string]any{
		"orders_per_day": a.limits.perDay, "max_open_orders": a.limits.open, "max_position_qty": a.limits.position.String(),
		"max_order_notional": a.limits.orderNotional.String(), "allowed_symbols": a.limits.symbols,
	})
	if status != http.StatusOK {
		a.user.w.t.Fatalf("set guards: %d %s", status, answer)
	}
}

// guardsPassed computes again, from the broker's own book, what the guards are
// there to prevent. What only closes is let through by all of them: here that
// is what sells.
func (a *chaosAccount) guardsPassed(there []alpacasim.Order, executions []alpacasim.Execution) (found []string) {
	if a.limits == nil {
		return nil
	}
	passed := func(format string, args ...any) {
		found = append(found, "a guard was passed: "+fmt.Sprintf(format, args...))
	}
	bought := 0
	for _, o := range there {
		if o.Side == "sell" {
			continue
		}
		bought++
		if !slices.Contains(a.limits.symbols, o.Symbol) {
			passed("%s buys %s", o.ClientOrderID, o.Symbol)
		}
		if o.Qty != nil && o.LimitPrice != nil && o.Qty.Mul(*o.LimitPrice).GreaterThan(a.limits.orderNotional) {
			passed("%s is for %s at %s", o.ClientOrderID, o.Qty, o.LimitPrice)
		}
	}
	if bought > a.limits.perDay {
		passed("%d orders bought in a day, and %d may be", bought, a.limits.perDay)
	}
	if most := openAtOnce(there); most > a.limits.open {
		passed("%d orders were open at once, and %d may be", most, a.limits.open)
	}
	held := map[string]decimal.Decimal{}
	for _, x := range executions {
		if x.Busted {
			continue
		}
		qty := x.Qty
		if strings.HasPrefix(x.Side, "sell") {
			qty = qty.Neg()
		}
		if held[x.Symbol] = held[x.Symbol].Add(qty); held[x.Symbol].GreaterThan(a.limits.position) {
			passed("%s of %s were held, and %s may be", held[x.Symbol], x.Symbol, a.limits.position)
		}
	}
	return found
}

// openAtOnce is the most orders that were open at one moment. An order and what
// replaces it are one, and what only closes is none.
func openAtOnce(there []alpacasim.Order) int {
	type change struct {
		at time.Time
		by int
	}
	var changes []change
	for _, o := range there {
		if o.Side == "sell" && (o.OrderClass == "" || o.OrderClass == "simple") {
			continue
		}
		if o.Replaces == nil {
			changes = append(changes, change{o.CreatedAt, 1})
		}
		if o.Status == "replaced" || o.Status == "rejected" && o.Replaces != nil {
			continue
		}
		for _, end := range []*time.Time{o.FilledAt, o.CanceledAt, o.ExpiredAt, o.FailedAt, o.ReplacedAt} {
			if end != nil {
				changes = append(changes, change{*end, -1})
				break
			}
		}
	}
	slices.SortFunc(changes, func(x, y change) int {
		if !x.at.Equal(y.at) {
			return x.at.Compare(y.at)
		}
		return x.by - y.by
	})
	most, open := 0, 0
	for _, c := range changes {
		open += c.by
		most = max(most, open)
	}
	return most
}
