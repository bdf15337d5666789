package alpacasim

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// SplitShape is the form of a split in the list of activities: one entry with
// the difference, or two, as Alpaca writes it. The first of two removes the old
// shares, and the second adds the new ones some time later. Positions change
// with the first.
type SplitShape struct {
	Two   bool
	Apart time.Duration // between the two
	Group bool          // whether both have the same group_id
}

// Split is SplitAs with one entry.
func (s *Sim) Split(symbol string, ratio decimal.Decimal) bool {
	return s.SplitAs(symbol, ratio, SplitShape{})
}

// SplitAs turns each share of a symbol into ratio shares, in its price, in all
// positions and in all open orders. ratio is above 0; below 1 it is a reverse
// split. It reports whether the symbol is an equity that is traded here.
func (s *Sim) SplitAs(symbol string, ratio decimal.Decimal, shape SplitShape) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	traded, ok := s.findAsset(symbol)
	if !ok || traded.class != "us_equity" || !ratio.IsPositive() {
		return false
	}
	defer s.save()
	p := s.state.Prices[traded.symbol]
	scale := func(price decimal.Decimal) decimal.Decimal { return price.Div(ratio).Round(4) }
	p.Cents = max(scale(decimal.NewFromInt(p.Cents)).IntPart(), 1)
	p.Base = max(scale(decimal.NewFromInt(p.Base)).IntPart(), 1)
	s.moved = true
	if last, known := s.state.Closes[traded.symbol]; known {
		s.state.Closes[traded.symbol] = scale(last)
	}
	for _, a := range s.inOrder {
		s.splitOrders(a, traded.symbol, ratio, scale)
		held := a.Positions[traded.symbol]
		if held == nil {
			continue
		}
		before := held.Qty
		held.Qty, held.Avg, held.DayAvg = held.Qty.Mul(ratio), scale(held.Avg), scale(held.DayAvg)
		s.recordSplit(a, traded.symbol, ratio, before, held.Qty, shape)
	}
	return true
}

func (s *Sim) recordSplit(a *account, symbol string, ratio, before, after decimal.Decimal, shape SplitShape) {
	entry := activity{ActivityType: "SPLIT", Symbol: symbol, Description: fmt.Sprintf("Stock split, %s for 1", ratio)}
	if !shape.Two {
		more := after.Sub(before)
		entry.Qty = &more
		s.record(a, entry)
		return
	}
	entry.SubType = "FSPLIT"
	if ratio.LessThan(decimal.NewFromInt(1)) {
		entry.SubType = "RSPLIT"
	}
	if shape.Group {
		entry.GroupID = s.newID()
	}
	remove, add, gone := entry, entry, before.Neg()
	remove.Qty, remove.Description = &gone, entry.Description+": REMOVE"
	add.Qty, add.Description = &after, entry.Description+": ADD"
	s.record(a, remove)
	if shape.Apart == 0 {
		s.record(a, add)
		return
	}
	a.Due = append(a.Due, dueActivity{s.now().Add(shape.Apart), add})
}

// splitOrders restates open orders in the new shares. The filled part of an
// order is in old shares, and its rest is canceled.
func (s *Sim) splitOrders(a *account, symbol string, ratio decimal.Decimal, scale func(decimal.Decimal) decimal.Decimal) {
	for _, o := range a.openOrders() {
		if o.Symbol != symbol || !o.open() {
			continue
		}
		if o.FilledQty.IsPositive() {
			s.finish(a, o, "canceled")
			continue
		}
		for _, price := range []**decimal.Decimal{&o.LimitPrice, &o.StopPrice, &o.TrailPrice, &o.HWM} {
			if *price != nil {
				scaled := scale(**price)
				*price = &scaled
			}
		}
		if o.Qty != nil {
			more := o.Qty.Mul(ratio)
			o.Qty = &more
		}
		s.emit(a, "restated", o, update{})
	}
}

// PayDividend pays an amount for each share of a symbol to its holders; short
// sellers pay it. It reports whether the symbol is an equity that is traded
// here.
func (s *Sim) PayDividend(symbol string, amount decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	traded, ok := s.findAsset(symbol)
	if !ok || traded.class != "us_equity" {
		return false
	}
	defer s.save()
	for _, a := range s.inOrder {
		held := a.held(traded.symbol)
		if held.IsZero() {
			continue
		}
		paid := held.Mul(amount).Round(2)
		a.Cash = a.Cash.Add(paid)
		s.record(a, activity{ActivityType: "DIV", SubType: "CDIV", Symbol: traded.symbol, Qty: &held, PerShareAmount: &amount, NetAmount: paid})
	}
	return true
}

// closeDay records the figures of the last close once the regular session has
// ended, and settles the contracts that expired with it.
func (s *Sim) closeDay() {
	last := s.lastCloseOnce()
	if last.Before(s.state.LastClose) { // the clock was set back: that close is still to come
		s.state.LastClose = last
	}
	if !last.After(s.state.LastClose) {
		return
	}
	s.state.LastClose = last
	for symbol, p := range s.state.Prices {
		s.state.Closes[symbol] = p.Mid()
	}
	s.moved = true
	for _, a := range s.inOrder {
		s.expireContracts(a)
		f := s.reckon(a)
		a.LastEquity, a.LastMaintenance = f.equity, f.maintenance
		for symbol, p := range a.Positions {
			p.DayAvg = s.nbboOf(symbol).mid
		}
		s.touch(a)
	}
}

// lastCloseOnce returns the newest close, and computes it only when it may have
// changed.
func (s *Sim) lastCloseOnce() time.Time {
	now := s.now()
	if now.Before(s.day.from) || !now.Before(s.day.to) {
		s.day.from, s.day.to = calendar.LastClose(now), calendar.NextClose(now)
	}
	return s.day.from
}
