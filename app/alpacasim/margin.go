package alpacasim

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/options"
)

var (
	half         = decimal.New(5, -1)
	thirtyOf100  = decimal.New(3, -1)
	shortMarkup  = decimal.New(103, -2)  // a short sale counts 3 % above the ask
	leastCost    = decimal.NewFromInt(1) // the least value of an order that opens a position
	marginEquity = decimal.NewFromInt(2000)
)

// figures are the sums of an account, by Alpaca's rules:
// https://docs.alpaca.markets/docs/margin-and-short-selling.
type figures struct {
	long, short   decimal.Decimal // market values; short is negative
	equity        decimal.Decimal
	initial       decimal.Decimal // margin of positions and of open orders
	maintenance   decimal.Decimal
	multiplier    decimal.Decimal // of buying power: 1 or 2
	buyingPower   decimal.Decimal
	nonMarginable decimal.Decimal // buying power for crypto and options
	regT          decimal.Decimal
}

// reckon computes the figures of an account, without some open orders.
func (s *Sim) reckon(a *account, except ...*order) figures {
	f := figures{multiplier: decimal.NewFromInt(1)}
	for symbol, p := range a.Positions {
		traded, _ := s.findTraded(symbol)
		value := p.Qty.Mul(s.nbboOf(symbol).mid).Mul(lot(traded.class))
		initial, maintenance := value.Abs(), value.Abs()
		if onMargin(traded.class) {
			initial, maintenance = initial.Mul(half), maintenance.Mul(thirtyOf100)
		}
		if value.IsNegative() {
			f.short = f.short.Add(value)
		} else {
			f.long = f.long.Add(value)
		}
		f.initial, f.maintenance = f.initial.Add(initial), f.maintenance.Add(maintenance)
	}
	f.equity = a.Cash.Add(f.long).Add(f.short)
	if f.equity.GreaterThanOrEqual(marginEquity) && a.Settings.MaxMarginMultiplier != "1" {
		f.multiplier = decimal.NewFromInt(2)
	}
	reserved := decimal.Zero // the orders' cost, and the part of it that must be the account's own money
	for _, o := range a.openOrders() {
		if !o.opens() && o.OrderClass != "mleg" || o.Status == "held" || o.isMultiLeg() || slices.Contains(except, o) {
			continue
		}
		cost := s.cost(o)
		reserved = reserved.Add(cost)
		f.initial = f.initial.Add(own(f, o, cost))
	}
	excess := decimal.Max(f.equity.Sub(f.initial), decimal.Zero)
	cash := decimal.Max(a.Cash.Sub(reserved), decimal.Zero)
	f.nonMarginable = decimal.Min(excess, cash)
	f.regT = excess.Mul(f.multiplier)
	f.buyingPower = f.regT
	if f.multiplier.Equal(decimal.NewFromInt(1)) {
		f.buyingPower = cash
		f.nonMarginable = cash
	}
	return f
}

// own returns the part of an order's cost that must be the account's own money.
func own(f figures, o *order, cost decimal.Decimal) decimal.Decimal {
	if !onMargin(o.AssetClass) {
		return cost
	}
	return cost.Div(f.multiplier)
}

// cost returns what an order's remaining quantity is worth at its limit, or at
// the market.
func (s *Sim) cost(o *order) decimal.Decimal {
	if o.OrderClass == "mleg" {
		return decimal.Max(s.netPrice(o), decimal.Zero).Mul(o.Qty.Sub(o.FilledQty)).Mul(lot("us_option"))
	}
	if o.Notional != nil && o.Target == nil {
		return *o.Notional
	}
	at := s.nbboOf(o.Symbol).ask
	if o.Side == "sell" {
		at = at.Mul(shortMarkup)
	}
	switch {
	case o.LimitPrice != nil && o.Side == "sell":
		at = decimal.Max(at, *o.LimitPrice)
	case o.LimitPrice != nil:
		at = *o.LimitPrice
	case o.StopPrice != nil && o.Side == "buy":
		at = decimal.Max(at, *o.StopPrice)
	}
	return o.rest(at).Mul(at).Mul(lot(o.AssetClass))
}

// afford refuses an order for which the account lacks the money, the shares or
// the permission. Open orders reserve theirs, except the given one, which this
// order replaces.
func (s *Sim) afford(a *account, o *order, except ...*order) *refusal {
	if bad := s.washTrade(a, o, except...); bad != nil {
		return bad
	}
	held := a.held(o.Symbol)
	closes := o.signed(held).IsNegative()
	inferred := o.Side + "_to_open"
	if closes {
		inferred = o.Side + "_to_close"
	}
	if o.PositionIntent != "" && o.PositionIntent != inferred {
		return refuse(422, 42210000, "position intent mismatch, inferred: %s, specified: %s", inferred, o.PositionIntent)
	}
	o.PositionIntent = inferred
	switch {
	case closes:
		return s.affordClosing(a, o, held, except...)
	case o.Side == "sell":
		if bad := s.affordShort(a, o); bad != nil {
			return bad
		}
	}
	f := s.reckon(a, except...)
	cost, power := s.cost(o), f.buyingPower
	if cost.LessThan(leastCost) {
		return refuse(403, 40310000, "cost basis must be >= minimal amount of order %s", leastCost)
	}
	if !onMargin(o.AssetClass) {
		power = f.nonMarginable
		if o.AssetClass == "us_option" && o.Side == "sell" {
			cost = s.security(o)
		}
	}
	if cost.GreaterThan(power) {
		return refuse(403, 40310000, "insufficient buying power").with(map[string]any{"buying_power": power, "cost_basis": cost})
	}
	return nil
}

// washTrade refuses an order that could trade with another of the same account.
// Orders with exits are exempt.
func (s *Sim) washTrade(a *account, o *order, except ...*order) *refusal {
	if isComplex(o.OrderClass) {
		return nil
	}
	for _, other := range a.openOrders() {
		if other.Symbol != o.Symbol || other.Side == o.Side || other.Status == "held" || other.isMultiLeg() || slices.Contains(except, other) {
			continue
		}
		kind := "market/stop"
		if other.Type == "limit" || other.Type == "stop_limit" {
			kind = "limit"
		}
		return refuse(403, 40310000, "potential wash trade detected. use complex orders").with(map[string]any{
			"existing_order_id": other.ID, "reject_reason": "opposite side " + kind + " order exists"})
	}
	return nil
}

func (s *Sim) affordClosing(a *account, o *order, held decimal.Decimal, except ...*order) *refusal {
	available, related := s.unclaimed(a, o.Symbol, except...)
	wanted := o.rest(s.nbboOf(o.Symbol).at(o.Side))
	if !wanted.GreaterThan(available) {
		return nil
	}
	if o.AssetClass == "crypto" {
		return s.poorInCoins(o, held, available)
	}
	return refuse(403, 40310000, "insufficient qty available for order (requested: %s, available: %s)", wanted, available).with(map[string]any{
		"available": available, "existing_qty": held, "held_for_orders": held.Abs().Sub(available), "symbol": o.Symbol, "related_orders": related})
}

func (s *Sim) poorInCoins(o *order, held, available decimal.Decimal) *refusal {
	coin, _, _ := strings.Cut(o.Symbol, "/")
	return refuse(403, 40310000, "insufficient balance for %s (requested: %s, available: %s)", coin, o.rest(s.nbboOf(o.Symbol).bid), available).with(
		map[string]any{"available": available, "balance": held, "symbol": coin})
}

// affordShort refuses short sales where they are not allowed.
func (s *Sim) affordShort(a *account, o *order) *refusal {
	traded, _ := s.findTraded(o.Symbol)
	switch {
	case traded.class == "crypto":
		return s.poorInCoins(o, decimal.Zero, decimal.Zero)
	case traded.class == "us_option":
		c, _ := options.Parse(o.Symbol)
		if c.Kind == "call" && s.available(a, c.Root).LessThan(o.Qty.Mul(lot("us_option"))) {
			return refuse(403, 40310000, "account not eligible to trade uncovered option contracts")
		}
		return nil
	case a.Settings.NoShorting:
		return refuse(403, 40310000, "account is not allowed to short")
	case !traded.canShort():
		return refuse(422, 42210000, "asset %q cannot be sold short", traded.symbol)
	case o.Notional != nil || !o.Qty.IsInteger():
		return refuse(422, 42210000, "fractional orders cannot be sold short")
	case s.reckon(a).multiplier.Equal(decimal.NewFromInt(1)):
		return refuse(403, 40310000, "account is not allowed to short")
	}
	return nil
}

// security returns the money that a written contract requires: a put's strike;
// a call is covered by shares.
func (s *Sim) security(o *order) decimal.Decimal {
	c, _ := options.Parse(o.Symbol)
	if c.Kind == "call" {
		return decimal.Zero
	}
	return o.Qty.Mul(c.Strike).Mul(lot("us_option"))
}
