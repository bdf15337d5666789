package system

import (
	"fmt"
	"slices"

	"paddock/app/alpacasim"
)

// closingsPassed reads the broker's record again, and tells of each closing (of
// a person, of a request that closes all, of a wind-down) that did more than
// close: it took a position through zero, or enlarged one. The one exception is
// what cannot be seen from here: the position changed between our look and the
// execution. Then an event must have told of it.
func closingsPassed(history []alpacasim.Happening, rows map[string]row, logged log) (found []string) {
	b := readBook(history, rows)
	for _, h := range history {
		o, _ := b.apply(h)
		if h.Execution == nil || h.Event == "trade_correct" || !o.row.ReduceOnly {
			continue
		}
		before, after := b.before[o.Symbol], b.held[o.Symbol]
		reduced := after.Abs().LessThan(before.Abs()) && (after.IsZero() || after.Sign() == before.Sign())
		if !reduced && !logged.overshot[o.ClientOrderID] {
			found = append(found, fmt.Sprintf("the closing %s (%s %s) took the position in %s from %s to %s, and nobody was told",
				o.ClientOrderID, o.Side, h.Execution.Qty, o.Symbol, before, after))
		}
	}
	return found
}

// unasked reads the broker's record again, and tells of each position that none
// of the account's programs ever asks for: a short one where nothing is sold
// short, a long one where things are only sold short, and anything else at all.
func (a *chaosAccount) unasked(history []alpacasim.Happening, rows map[string]row, logged log) (found []string) {
	b := readBook(history, rows)
	told := map[string]bool{}
	overshot := map[string]bool{} // symbols: from then on somebody knows
	for _, h := range history {
		o, _ := b.apply(h)
		if o != nil && logged.overshot[o.ClientOrderID] {
			overshot[o.Symbol] = true
		}
		for symbol, qty := range b.held {
			option := underlying(symbol) != ""
			long := slices.Contains(a.kind.shares, symbol) || slices.Contains(a.kind.exits, symbol) || slices.Contains(a.kind.coins, symbol) || option && a.kind.options
			short := slices.Contains(a.kind.shorts, symbol) || option && a.kind.spreads
			if qty.IsPositive() && long || qty.IsNegative() && short || b.shaken[symbol] || overshot[symbol] || told[symbol] {
				continue
			}
			told[symbol] = true
			found = append(found, fmt.Sprintf("nobody asked for %s of %s, since %s", qty, symbol, happeningText(h)))
		}
	}
	return found
}

func happeningText(h alpacasim.Happening) string {
	if h.Order == nil {
		return h.Event
	}
	return fmt.Sprintf("%s of %s (%s %s %s)", h.Event, h.Order.ClientOrderID, h.Order.Side, h.Order.Type, h.Order.OrderClass)
}
