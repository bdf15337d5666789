package alpacasim

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// Step moves the market once: first prices, then the orders that they fill.
func (s *Sim) Step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, a := range s.assets {
		p := s.state.Prices[a.symbol]
		p.Move(s.tape(a, p.Base).At(now))
	}
	s.moved = true
	s.closeDay()
	for _, a := range s.inOrder {
		s.postDue(a)
		for _, o := range a.openOrders() {
			if o.open() { // an order before it may have closed it
				s.advance(a, o)
			}
		}
	}
	s.recordEquity()
	s.save()
}

// advance changes an order as the market, the time and its faults require.
func (s *Sim) advance(a *account, o *order) {
	switch {
	case o.isMultiLeg():
		return // it moves with its parent
	case o.Doom != "":
		s.doom(a, o)
		return
	case o.Status == "pending_replace":
		return // until its replacement is decided
	case o.Status == "held":
		s.watch(a, o)
		return
	}
	if end, ends := s.end(o); ends && !s.now().Before(end) {
		s.expire(a, o)
		return
	}
	if s.state.Halted[o.Symbol] {
		return
	}
	if !s.trades(a, o) {
		if o.TimeInForce == "ioc" || o.TimeInForce == "fok" {
			s.finish(a, o, "canceled")
		}
		return
	}
	if o.Status == "accepted" {
		s.toMarket(a, o)
		s.emit(a, "new", o, update{})
	}
	if s.now().Sub(o.Since) < s.config.FillDelay {
		return
	}
	s.tryFill(a, o)
	if !o.open() {
		return
	}
	switch o.TimeInForce { // these had their one chance
	case "ioc", "fok":
		s.finish(a, o, "canceled")
	case "opg", "cls":
		s.expire(a, o)
	}
}

// toMarket makes an order executable from now on.
func (s *Sim) toMarket(a *account, o *order) {
	o.Status, o.Since = "new", s.now()
	for _, leg := range o.legs {
		if leg.isMultiLeg() {
			leg.Status = "new"
			s.touch(a, leg)
		}
	}
}

// trades reports whether an order can be executed in the current session.
func (s *Sim) trades(a *account, o *order) bool {
	now := s.now()
	switch {
	case o.AssetClass == "crypto", !s.state.Hours:
		return true
	case o.TimeInForce == "opg":
		return !now.Before(calendar.NextOpen(o.SubmittedAt))
	case o.TimeInForce == "cls":
		return !now.Before(calendar.NextClose(o.SubmittedAt))
	}
	switch ses := s.marketSession(); {
	case ses == calendar.Regular:
		return true
	case !o.ExtendedHours || ses == calendar.Closed:
		return false
	case ses == calendar.Overnight:
		traded, _ := s.findTraded(o.Symbol)
		return !a.Settings.DisableOvernight && traded.canTradeOvernight()
	}
	return true
}

// end returns when an order expires, if it does: a day order with its trading
// day's regular session, or with its post-market; one that is good till
// canceled after 90 days; one for a contract with the contract.
func (s *Sim) end(o *order) (time.Time, bool) {
	switch {
	case o.AssetClass == "us_option" && !s.state.Hours:
		c, _ := options.Parse(o.Symbol)
		return c.Expires.UTC(), true
	case !s.state.Hours || o.AssetClass == "crypto":
		return time.Time{}, false
	case o.ExpiresAt != nil:
		return *o.ExpiresAt, true
	}
	of := func(day calendar.Day) time.Time {
		if o.ExtendedHours {
			return day.End
		}
		return day.Close
	}
	switch o.TimeInForce {
	case "day":
		if day, trading := calendar.DayAt(o.SubmittedAt); trading && o.SubmittedAt.Before(of(day)) {
			return of(day).UTC(), true
		}
		return of(calendar.NextDay(o.SubmittedAt)).UTC(), true
	case "gtc":
		return calendar.NextClose(o.SubmittedAt.AddDate(0, 0, 90)).UTC(), true
	}
	return time.Time{}, false
}

func (s *Sim) expire(a *account, o *order) { s.finish(a, o, "expired") }

// tryFill executes an order, or a part of it, when the market has reached it.
func (s *Sim) tryFill(a *account, o *order) {
	if o.OrderClass == "mleg" {
		s.tryFillMultiLeg(a, o)
		return
	}
	market := s.nbboOf(o.Symbol)
	at := market.at(o.Side)
	if s.trail(o) {
		s.touch(a, o)
	}
	if o.StopPrice != nil && !o.Triggered {
		if o.Side == "buy" && at.LessThan(*o.StopPrice) || o.Side == "sell" && at.GreaterThan(*o.StopPrice) {
			return
		}
		o.Triggered = true
		s.touch(a, o)
	}
	if o.LimitPrice != nil && (o.Side == "buy" && at.GreaterThan(*o.LimitPrice) || o.Side == "sell" && at.LessThan(*o.LimitPrice)) {
		if !o.Rested {
			o.Rested = true
			s.touch(a, o)
		}
		return
	}
	if o.Qty == nil && o.Target == nil { // a notional order becomes its quantity
		target := o.rest(at)
		if target.IsZero() {
			return
		}
		o.Target = &target
	}
	part, whole := s.part(o, at)
	if o.TimeInForce == "fok" && !whole {
		return
	}
	s.fill(a, o, part, at)
}

// trail moves a trailing stop's high-water mark, and its stop with it. A stop
// that the market has reached stays. It reports whether the mark moved.
func (s *Sim) trail(o *order) bool {
	if o.Type != "trailing_stop" || o.Triggered {
		return false
	}
	mark := s.nbboOf(o.Symbol).mid
	if o.HWM != nil {
		if o.Side == "sell" {
			mark = decimal.Max(mark, *o.HWM)
		} else {
			mark = decimal.Min(mark, *o.HWM)
		}
		if mark.Equal(*o.HWM) {
			return false
		}
	}
	var distance decimal.Decimal
	if o.TrailPrice != nil {
		distance = *o.TrailPrice
	} else {
		distance = mark.Mul(*o.TrailPercent).Shift(-2)
	}
	stop := mark.Add(o.signed(distance)).Round(4)
	o.HWM, o.StopPrice = &mark, &stop
	return true
}

// largeOrder is the quantity from which an order is filled in two parts.
var largeOrder = decimal.NewFromInt(1000)

// part returns how much of an order is filled now: all of it, or one of as many
// equal parts as the symbol's plan has, the last with what remains.
func (s *Sim) part(o *order, at decimal.Decimal) (part decimal.Decimal, whole bool) {
	rest := o.rest(at)
	total := rest.Add(o.FilledQty)
	parts := int64(s.state.FillPlans[o.Symbol])
	if parts == 0 && total.GreaterThanOrEqual(largeOrder) && o.TimeInForce != "fok" {
		parts = 2
	}
	if parts < 2 {
		return rest, o.FilledQty.IsZero()
	}
	places := int32(9)
	if total.IsInteger() {
		places = 0
	}
	part = total.Div(decimal.NewFromInt(parts)).Truncate(places)
	if part.IsZero() || rest.LessThan(part.Mul(decimal.NewFromInt(2))) {
		return rest, part.IsZero()
	}
	return part, false
}

// fill books an execution of an order and sends its update.
func (s *Sim) fill(a *account, o *order, qty, at decimal.Decimal) {
	now := s.now()
	o.FilledQty = o.FilledQty.Add(qty)
	name := "partial_fill"
	o.Status = "partially_filled"
	if !o.rest(at).IsPositive() {
		name, o.Status, o.FilledAt = "fill", "filled", &now
	}
	x := s.execute(a, o, name, qty, at)
	held := a.trade(o.Symbol, o.signed(qty), at, lot(o.AssetClass))
	o.average()
	s.emit(a, name, o, update{execution: x, held: &held})
	s.chargeCoins(a, o, x)
	s.followPartner(a, o)
	s.afterFill(a, o)
}

// tryFillMultiLeg executes all legs together, when they cost no more than the
// limit.
func (s *Sim) tryFillMultiLeg(a *account, o *order) {
	if slices.ContainsFunc(o.legs, func(leg *order) bool { return s.state.Halted[leg.Symbol] }) {
		return
	}
	net := s.netMarket(o)
	if o.LimitPrice != nil && net.GreaterThan(*o.LimitPrice) {
		return
	}
	now := s.now()
	var told []legUpdate
	for _, leg := range o.legs {
		at := s.nbboOf(leg.Symbol).at(leg.Side)
		leg.FilledQty, leg.Status, leg.FilledAt, leg.UpdatedAt = *leg.Qty, "filled", &now, now
		x := s.execute(a, leg, "fill", *leg.Qty, at)
		held := a.trade(leg.Symbol, leg.signed(*leg.Qty), at, lot(leg.AssetClass))
		leg.average()
		s.happened(a, "fill", leg, x, "")
		told = append(told, legUpdate{OrderID: leg.ID, ExecutionID: x.ID, Symbol: leg.Symbol, Side: leg.Side, Qty: *leg.Qty, Price: at, PositionQty: held})
		s.touch(a, leg)
	}
	o.FilledQty, o.FilledAvgPrice, o.Status, o.FilledAt = *o.Qty, &net, "filled", &now
	s.emit(a, "fill", o, update{price: &net, qty: o.Qty, legs: told})
}

// finish closes an open order as canceled or expired.
func (s *Sim) finish(a *account, o *order, status string) {
	s.conclude(a, o, status)
	s.emit(a, status, o, update{})
	s.afterEnd(a, o, status)
}

// conclude closes an order without an update.
func (s *Sim) conclude(a *account, o *order, status string) {
	now := s.now()
	o.Status, o.UpdatedAt, o.Doom, o.Was = status, now, "", ""
	switch status {
	case "canceled":
		o.CanceledAt = &now
	case "expired":
		o.ExpiredAt = &now
	case "rejected":
		o.FailedAt = &now
	}
	s.happened(a, "ended", o, nil, "")
	s.touch(a, o)
}
