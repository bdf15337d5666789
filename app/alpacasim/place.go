package alpacasim

import (
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// place accepts an order, or returns why not. s.mu is held.
func (s *Sim) place(a *account, r orderRequest) (*order, *refusal) {
	if a.Settings.SuspendTrade {
		return nil, refuse(403, 40310000, "new orders are rejected by user request")
	}
	if bad := r.check(); bad != nil {
		return nil, bad
	}
	if a.byClientID[r.ClientOrderID] != nil {
		return nil, refuse(422, 40010001, "client_order_id must be unique")
	}
	if r.OrderClass == "mleg" {
		return s.placeMultiLeg(a, r)
	}
	traded, ok := s.findTraded(r.Symbol)
	if !ok {
		return nil, refuse(422, 42210000, "asset %q not found", r.Symbol)
	}
	if bad := s.checkContract(traded); bad != nil {
		return nil, bad
	}
	if bad := s.checkAsset(a, r, traded); bad != nil {
		return nil, bad
	}
	if bad := s.checkDirection(a, r, traded); bad != nil {
		return nil, bad
	}
	if bad := s.checkExits(r, traded); bad != nil {
		return nil, bad
	}
	o := s.newOrder(r, traded)
	if bad := s.afford(a, o); bad != nil {
		return nil, bad
	}
	s.hide(a, o, "POST")
	s.add(a, o)
	s.addExits(a, o, r)
	s.begin(a, o)
	return o, nil
}

func (s *Sim) newOrder(r orderRequest, traded asset) *order {
	now := s.now()
	if r.ClientOrderID == "" {
		r.ClientOrderID = s.newID()
	}
	o := &order{Since: now, Order: Order{
		ID: s.newID(), ClientOrderID: r.ClientOrderID, CreatedAt: now, UpdatedAt: now, SubmittedAt: now,
		AssetID: assetID(traded.symbol), Symbol: traded.symbol, AssetClass: traded.class,
		Notional: r.Notional, Qty: r.Qty, OrderClass: r.OrderClass, OrderType: r.Type, Type: r.Type, Side: r.Side, PositionIntent: r.PositionIntent,
		TimeInForce: r.TimeInForce, LimitPrice: r.LimitPrice, StopPrice: r.StopPrice, TrailPrice: r.TrailPrice, TrailPercent: r.TrailPercent,
		ExtendedHours: r.ExtendedHours, Status: "accepted",
	}}
	s.trail(o)
	if end, ends := s.end(o); ends {
		o.ExpiresAt = &end
	}
	return o
}

// begin sends an order to the market, or makes it wait for its session. The
// response has its status from before that.
func (s *Sim) begin(a *account, o *order) {
	o.Status, o.first = "accepted", "accepted"
	if s.trades(a, o) {
		s.toMarket(a, o)
		o.first = "pending_new"
	}
	s.emit(a, o.Status, o, update{})
}

// hide makes look-ups find a new order late, where a fault wants it.
func (s *Sim) hide(a *account, o *order, method string) {
	if late, is := s.meets(Late, method, a); is {
		until := s.now().Add(late.Delay)
		o.Hidden = &until
	}
}

// checkDirection refuses a bracket that would reduce a position, and an oco
// order that would not.
func (s *Sim) checkDirection(a *account, r orderRequest, traded asset) *refusal {
	held := a.held(traded.symbol)
	reduces := held.IsPositive() && r.Side == "sell" || held.IsNegative() && r.Side == "buy"
	switch {
	case r.OrderClass == "bracket" && reduces:
		return refuse(422, 42210000, "bracket orders must be entry orders")
	case r.OrderClass == "oco" && !reduces:
		return refuse(422, 42210000, "oco orders must be exit orders")
	}
	return nil
}

// checkExits refuses exits on the wrong side of the entry.
func (s *Sim) checkExits(r orderRequest, traded asset) *refusal {
	if !isComplex(r.OrderClass) {
		return nil
	}
	market := s.nbboOf(traded.symbol)
	base := market.at(r.Side)
	switch {
	case r.OrderClass == "oco":
		base = market.mid
	case r.LimitPrice != nil:
		base = *r.LimitPrice
	case r.StopPrice != nil:
		base = *r.StopPrice
	}
	up, above, below := decimal.NewFromInt(1), ">= base_price + 0.01", "<= base_price - 0.01"
	if (r.Side == "sell") != (r.OrderClass == "oco") {
		up, above, below = up.Neg(), below, above // a short position's exits are the other way round
	}
	cent := decimal.New(1, -2)
	wrong := func(price *decimal.Decimal, direction decimal.Decimal) bool {
		return price != nil && price.Sub(base).Mul(direction).LessThan(cent)
	}
	switch {
	case r.TakeProfit != nil && r.OrderClass != "oco" && wrong(r.TakeProfit.LimitPrice, up):
		return refuse(422, 42210000, "take_profit.limit_price must be %s", above).with(map[string]any{"base_price": base})
	case r.StopLoss != nil && wrong(r.StopLoss.StopPrice, up.Neg()):
		return refuse(422, 42210000, "stop_loss.stop_price must be %s", below).with(map[string]any{"base_price": base})
	}
	return nil
}

// addExits adds the legs that close the position that the order opens; those of
// an oco order close an existing one.
func (s *Sim) addExits(a *account, o *order, r orderRequest) {
	if !isComplex(r.OrderClass) {
		return
	}
	side, intent := "sell", "sell_to_close"
	if (o.Side == "sell") != (r.OrderClass == "oco") {
		side, intent = "buy", "buy_to_close"
	}
	exit := func(kind string, limit, stop *decimal.Decimal) {
		leg := s.newOrder(orderRequest{
			Qty: o.Qty, OrderClass: r.OrderClass, Type: kind, Side: side, PositionIntent: intent, TimeInForce: o.TimeInForce, LimitPrice: limit, StopPrice: stop,
		}, asset{symbol: o.Symbol, class: o.AssetClass})
		leg.Parent, leg.Status = o.ID, "held"
		s.add(a, leg)
	}
	if r.TakeProfit != nil && r.TakeProfit.LimitPrice != nil && r.OrderClass != "oco" {
		exit("limit", r.TakeProfit.LimitPrice, nil)
	}
	if r.StopLoss != nil && r.StopLoss.StopPrice != nil {
		kind := "stop"
		if r.StopLoss.LimitPrice != nil {
			kind = "stop_limit"
		}
		exit(kind, r.StopLoss.LimitPrice, r.StopLoss.StopPrice)
	}
}

func (s *Sim) checkContract(traded asset) *refusal {
	if traded.inactive {
		return refuse(422, 42210000, "asset %q is not active", traded.symbol)
	}
	if c, ok := options.Parse(traded.symbol); ok && c.Expired(s.now()) {
		return refuse(422, 42210000, "contract %q has expired", c.Symbol)
	}
	return nil
}

// placeMultiLeg accepts an order of several contracts that are traded together.
func (s *Sim) placeMultiLeg(a *account, r orderRequest) (*order, *refusal) {
	if a.Settings.MaxOptionsLevel < 3 {
		return nil, refuse(403, 40310000, "account not eligible to trade multi-leg option orders")
	}
	if r.Type == "market" && s.marketSession() != calendar.Regular {
		return nil, refuse(422, 42210000, "options market orders are only allowed during market hours")
	}
	parent := s.newOrder(r, asset{})
	parent.AssetID = ""
	var legs []*order
	for _, l := range r.Legs {
		traded, ok := s.findTraded(l.Symbol)
		if !ok || traded.class != "us_option" {
			return nil, refuse(422, 42210000, "asset %q is no option contract", l.Symbol)
		}
		if bad := s.checkContract(traded); bad != nil {
			return nil, bad
		}
		qty := r.Qty.Mul(*l.RatioQty)
		leg := s.newOrder(orderRequest{Qty: &qty, OrderClass: "mleg", Side: l.Side, PositionIntent: l.PositionIntent, TimeInForce: r.TimeInForce}, traded)
		leg.RatioQty, leg.Parent = l.RatioQty, parent.ID
		if leg.PositionIntent == "" {
			leg.PositionIntent = l.Side + "_to_open"
			if leg.signed(a.held(leg.Symbol)).IsNegative() {
				leg.PositionIntent = l.Side + "_to_close"
			}
		}
		if available := s.available(a, leg.Symbol); !leg.opens() && qty.GreaterThan(available) {
			return nil, refuse(403, 40310000, "insufficient qty available for order (requested: %s, available: %s)", qty, available).with(map[string]any{
				"available": available, "existing_qty": a.held(leg.Symbol), "symbol": leg.Symbol})
		}
		legs = append(legs, leg)
	}
	parent.legs = legs
	power := s.reckon(a).nonMarginable
	if cost := s.cost(parent); cost.GreaterThan(power) {
		return nil, refuse(403, 40310000, "insufficient options buying power").with(map[string]any{"options_buying_power": power, "cost_basis": cost})
	}
	parent.legs = nil
	s.hide(a, parent, "POST")
	s.add(a, parent)
	for _, leg := range legs {
		s.add(a, leg)
	}
	s.begin(a, parent)
	return parent, nil
}

// netPrice returns the price of one unit of a multi-leg order at its limit, or
// at the market; a credit is negative.
func (s *Sim) netPrice(o *order) decimal.Decimal {
	if o.LimitPrice != nil {
		return *o.LimitPrice
	}
	return s.netMarket(o)
}

func (s *Sim) netMarket(o *order) decimal.Decimal {
	net := decimal.Zero
	for _, leg := range o.legs {
		net = net.Add(leg.signed(*leg.RatioQty).Mul(s.nbboOf(leg.Symbol).at(leg.Side)))
	}
	return net
}
