package trading

import (
	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/problem"
)

// shortMargin is the factor by which Alpaca multiplies the ask for the value of
// a short sale (docs.alpaca.markets, "Margin and Short Selling").
var shortMargin = decimal.RequireFromString("1.03")

// estimate computes what the order costs, and the buying power that is left.
func (p *Preview) estimate(r *OrderRequest, m market) {
	p.BuyingPower = BuyingPower{Kind: "buying_power", Now: m.account.BuyingPower, Enough: true}
	switch {
	case broker.IsOption(r.symbols()[0]):
		p.BuyingPower.Kind, p.BuyingPower.Now = "options_buying_power", m.account.Options
	case broker.IsCrypto(r.Symbol):
		p.BuyingPower.Kind, p.BuyingPower.Now = "non_marginable_buying_power", m.account.NonMarginable
	}
	cost, known := r.cost(m.inputs.reference)
	if !known {
		return
	}
	cost = cost.Round(2)
	p.EstimatedCost = &cost
	takes, known := p.takes(r, cost, m.inputs.reference)
	if !known {
		return
	}
	after := p.BuyingPower.Now.Sub(takes)
	p.BuyingPower.After, p.BuyingPower.Enough = &after, !after.IsNegative()
	if !p.BuyingPower.Enough {
		p.Warnings = append(p.Warnings, Warning{problem.InsufficientBuyingPower, "The order takes " + takes.String() + " of the buying power, and there is " + p.BuyingPower.Now.String() + ": Alpaca will most likely refuse it."})
	}
}

// takes returns what the order takes of the buying power: nothing for what
// closes a position, and for a short sale as much as the shares are worth. It
// returns false for an option that is sold short, because Alpaca's margin rules
// decide that.
func (p *Preview) takes(r *OrderRequest, cost decimal.Decimal, prices map[string]decimal.Decimal) (decimal.Decimal, bool) {
	if r.OrderClass == "mleg" {
		return decimal.Max(cost, decimal.Zero), true
	}
	worth := cost.Abs()
	qty := worth
	if r.Qty != nil {
		qty = r.Qty.Decimal
	} else if price, known := prices[r.Symbol]; known {
		qty = worth.Div(price)
	}
	closable := p.Held
	if r.Side == "buy" {
		closable = p.Held.Neg()
	}
	opening := decimal.Max(qty.Sub(decimal.Max(closable, decimal.Zero)), decimal.Zero)
	switch {
	case opening.IsZero():
		return opening, true
	case r.Side == "sell" && broker.IsOption(r.Symbol):
		return decimal.Zero, false
	case r.Side == "sell":
		worth = decimal.Max(worth, qty.Mul(prices[r.Symbol]).Mul(shortMargin))
	}
	return worth.Mul(opening).Div(qty).Round(2), true
}

// cost returns what the order costs, below 0 for what it brings in, and false
// where a price is missing. An option contract is for 100 of its underlying.
func (r *OrderRequest) cost(prices map[string]decimal.Decimal) (decimal.Decimal, bool) {
	if r.OrderClass == "mleg" {
		return r.legsCost(prices)
	}
	signed := func(worth decimal.Decimal) decimal.Decimal {
		if r.Side == "sell" {
			return worth.Neg()
		}
		return worth
	}
	if r.Notional != nil {
		return signed(r.Notional.Decimal), true
	}
	price, known := prices[r.Symbol]
	switch {
	case r.LimitPrice != nil:
		price = r.LimitPrice.Decimal
	case r.OrderClass == "oco":
		price = r.TakeProfit.LimitPrice.Decimal
	case r.StopPrice != nil:
		price = r.StopPrice.Decimal
	case !known:
		return decimal.Zero, false
	}
	return signed(r.Qty.Mul(price).Mul(multiplier(r.Symbol))), true
}

func (r *OrderRequest) legsCost(prices map[string]decimal.Decimal) (decimal.Decimal, bool) {
	if r.LimitPrice != nil {
		return r.LimitPrice.Mul(r.Qty.Decimal).Mul(multiplier(r.Legs[0].Symbol)), true
	}
	total := decimal.Zero
	for _, leg := range r.Legs {
		price, known := prices[leg.Symbol]
		if !known {
			return total, false
		}
		worth := price.Mul(leg.RatioQty.Decimal).Mul(r.Qty.Decimal).Mul(multiplier(leg.Symbol))
		if leg.Side == "sell" || leg.Side == "" && leg.PositionIntent[0] == 's' {
			worth = worth.Neg()
		}
		total = total.Add(worth)
	}
	return total, true
}

func multiplier(symbol string) decimal.Decimal {
	if broker.IsOption(symbol) {
		return decimal.NewFromInt(100)
	}
	return decimal.NewFromInt(1)
}

// warn adds warnings of what Alpaca will do with the order, as far as that is
// known before.
func (p *Preview) warn(r *OrderRequest, m market) {
	add := func(code problem.Code, message string) { p.Warnings = append(p.Warnings, Warning{code, message}) }
	if string(p.Collisions) != "[]" {
		add(problem.WashTrade, "There are open orders of the other side in "+r.Symbol+": Alpaca refuses an order that could trade with one's own.")
	}
	if p.Session.Name != "regular" && p.Session.Name != "continuous" && !r.ExtendedHours {
		add(problem.SessionClosed, "The regular session opens at "+m.clock.NextOpen.UTC().Format(rfc3339)+": the order waits until then.")
	}
	if r.OrderClass == "mleg" {
		return
	}
	switch a := m.asset; {
	case a == nil:
		if !broker.IsOption(r.Symbol) {
			add(problem.AssetUnknown, "Alpaca does not know "+r.Symbol+".")
		}
	case a.Status != alpaca.AssetActive || !a.Tradable:
		add(problem.AssetNotTradable, r.Symbol+" cannot be traded now.")
	case !a.Fractionable && (r.Notional != nil || r.Qty != nil && !r.Qty.IsInteger()):
		add(problem.NotFractionable, r.Symbol+" is traded in whole numbers alone.")
	case r.Side == "sell" && !a.Shortable && r.Qty != nil && r.Qty.GreaterThan(p.Held):
		add(problem.NotShortable, r.Symbol+" cannot be sold short: only what is held can be sold.")
	}
}
