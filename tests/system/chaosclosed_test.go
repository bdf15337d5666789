package system

import (
	"fmt"
	"slices"

	"paddock/app/alpacasim"
)

// closingsPassed reads the broker's record and returns each closing that did more
// than close: it took a position through zero, or enlarged one. That cannot be
// prevented if the position changed between the moment at which Paddock read it
// and the execution. Then it is allowed if an overshot event tells of it.
func closingsPassed(history []alpacasim.Happening, rows map[string]row, logged log) (found []string) {
	b := readBook(history, rows)
	told := map[string]bool{} // symbols whose executions are told
	for _, h := range history {
		o, _ := b.apply(h)
		if h.Execution == nil || h.Event == "trade_correct" || !o.row.ReduceOnly {
			continue
		}
		before, after := b.before[o.Symbol], b.held[o.Symbol]
		reduced := after.Abs().LessThan(before.Abs()) && (after.IsZero() || after.Sign() == before.Sign())
		if !reduced && !logged.overshot[o.ClientOrderID] {
			if !told[o.Symbol] {
				told[o.Symbol] = true
				found = append(found, "what happened in "+o.Symbol+":"+traded(history, o.Symbol))
			}
			found = append(found, fmt.Sprintf("the closing %s (%s %s) took the position in %s from %s to %s, and nobody was told",
				o.ClientOrderID, o.Side, h.Execution.Qty, o.Symbol, before, after))
		}
	}
	return found
}

// unasked reads the broker's record and returns each position that none of the
// account's programs asks for: a short one in a symbol that is never sold short, a
// long one in a symbol that is only sold short, and one in any other symbol.
func (a *chaosAccount) unasked(history []alpacasim.Happening, rows map[string]row, logged log) (found []string) {
	b := readBook(history, rows)
	told := map[string]bool{}
	overshot := map[string]bool{} // symbols of which an event said that a closing did too much
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

// traded returns all executions in a symbol, and the position after each.
func traded(history []alpacasim.Happening, symbol string) (text string) {
	for _, h := range history {
		if h.Execution != nil && h.Order.Symbol == symbol {
			text += fmt.Sprintf("\n\t%s %s %s %s of %s, which by the broker's clock was at %v and updated at %v, leaves %s", h.At.Format("15:04:05.000"), h.Event,
				h.Execution.Side, h.Execution.Qty, h.Order.ClientOrderID, h.Order.FilledAt, h.Order.UpdatedAt, h.Held[symbol])
		}
	}
	return text
}
