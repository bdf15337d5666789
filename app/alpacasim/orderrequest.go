package alpacasim

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/options"
)

// orderRequest is the body of POST /v2/orders.
type orderRequest struct {
	Symbol         string           `json:"symbol"`
	Qty            *decimal.Decimal `json:"qty"`
	Notional       *decimal.Decimal `json:"notional"`
	Side           string           `json:"side"`
	Type           string           `json:"type"`
	TimeInForce    string           `json:"time_in_force"`
	LimitPrice     *decimal.Decimal `json:"limit_price"`
	StopPrice      *decimal.Decimal `json:"stop_price"`
	TrailPrice     *decimal.Decimal `json:"trail_price"`
	TrailPercent   *decimal.Decimal `json:"trail_percent"`
	ExtendedHours  bool             `json:"extended_hours"`
	ClientOrderID  string           `json:"client_order_id"`
	OrderClass     string           `json:"order_class"`
	PositionIntent string           `json:"position_intent"`
	TakeProfit     *exitPrices      `json:"take_profit"`
	StopLoss       *exitPrices      `json:"stop_loss"`
	Legs           []legRequest     `json:"legs"`
}

// exitPrices are the prices at which a bracket, oco or oto order leaves its
// position.
type exitPrices struct {
	LimitPrice *decimal.Decimal `json:"limit_price"`
	StopPrice  *decimal.Decimal `json:"stop_price"`
}

// legRequest is a leg of a multi-leg order.
type legRequest struct {
	Symbol         string           `json:"symbol"`
	RatioQty       *decimal.Decimal `json:"ratio_qty"`
	Side           string           `json:"side"`
	PositionIntent string           `json:"position_intent"`
}

func isComplex(class string) bool { return class == "bracket" || class == "oco" || class == "oto" }

var sidesOfIntents = map[string]string{"buy_to_open": "buy", "buy_to_close": "buy", "sell_to_open": "sell", "sell_to_close": "sell"}

// check refuses what is no valid order for any asset.
func (r *orderRequest) check() *refusal {
	invalid := func(message string) *refusal { return refuse(422, 40010001, "%s", message) }
	mleg := r.OrderClass == "mleg"
	switch {
	case !slices.Contains([]string{"", "simple", "bracket", "oco", "oto", "mleg"}, r.OrderClass):
		return invalid("invalid order_class")
	case r.Symbol == "" && !mleg:
		return invalid("symbol is required")
	case r.Side != "buy" && r.Side != "sell" && !mleg:
		return invalid("side must be buy or sell")
	case !slices.Contains([]string{"market", "limit", "stop", "stop_limit", "trailing_stop"}, r.Type):
		return invalid("invalid order type")
	case !slices.Contains([]string{"day", "gtc", "opg", "cls", "ioc", "fok"}, r.TimeInForce):
		return invalid("invalid time_in_force")
	case (r.Qty == nil) == (r.Notional == nil):
		return invalid("qty or notional is required, and not both")
	case r.OrderClass == "oco" && r.LimitPrice == nil && r.TakeProfit != nil && r.TakeProfit.LimitPrice != nil:
		r.LimitPrice = r.TakeProfit.LimitPrice // an oco order is itself the take-profit
	}
	trails := r.Type == "trailing_stop"
	switch {
	case (r.Type == "limit" || r.Type == "stop_limit") == (r.LimitPrice == nil):
		return invalid("limit orders require a limit price, and others take none")
	case (r.Type == "stop" || r.Type == "stop_limit") == (r.StopPrice == nil):
		return invalid("stop orders require a stop price, and others take none")
	case trails && (r.TrailPrice == nil) == (r.TrailPercent == nil):
		return invalid("trailing stop orders require either trail_price or trail_percent")
	case !trails && (r.TrailPrice != nil || r.TrailPercent != nil):
		return invalid("trail_price and trail_percent are for trailing stop orders")
	case r.PositionIntent != "" && sidesOfIntents[r.PositionIntent] != r.Side:
		return invalid("position_intent does not fit the side")
	case len(r.ClientOrderID) > 128:
		return invalid("client_order_id must be no more than 128 characters")
	}
	amounts := []*decimal.Decimal{r.Qty, r.Notional, r.StopPrice, r.TrailPrice, r.TrailPercent}
	if !mleg { // a multi-leg order's negative limit is a credit
		amounts = append(amounts, r.LimitPrice)
	}
	for _, exit := range []*exitPrices{r.TakeProfit, r.StopLoss} {
		if exit != nil {
			amounts = append(amounts, exit.LimitPrice, exit.StopPrice)
		}
	}
	for _, d := range amounts {
		if d != nil && (!sensible(*d) || !d.IsPositive()) {
			return invalid("amounts must be positive, of a sensible size")
		}
	}
	if r.LimitPrice != nil && !sensible(*r.LimitPrice) {
		return invalid("amounts must be positive, of a sensible size")
	}
	if bad := checkPlaces(r.Qty, r.Notional); bad != nil {
		return bad
	}
	return r.checkClass()
}

// mostPlaces is the largest number of decimal places of a quantity.
const mostPlaces = 9

func checkPlaces(qty, notional *decimal.Decimal) *refusal {
	for name, d := range map[string]*decimal.Decimal{"qty": qty, "notional": notional} {
		if d != nil && !d.Truncate(mostPlaces).Equal(*d) {
			return refuse(422, 42210000, "%s must be limited to %d decimal places", name, mostPlaces)
		}
	}
	return nil
}

func sensible(d decimal.Decimal) bool {
	return d.Exponent() <= 12 && d.Exponent() >= -12 && d.NumDigits() <= 24
}

// checkClass refuses what an order class does not allow.
func (r *orderRequest) checkClass() *refusal {
	switch r.OrderClass {
	case "", "simple":
		if r.TakeProfit != nil || r.StopLoss != nil || len(r.Legs) > 0 {
			return refuse(422, 40010001, "simple orders take no take_profit, stop_loss or legs")
		}
		return nil
	case "mleg":
		return r.checkMultiLeg()
	}
	name, profit, loss := r.OrderClass, r.TakeProfit, r.StopLoss
	hasProfit, hasLoss := profit != nil && profit.LimitPrice != nil, loss != nil && loss.StopPrice != nil
	switch {
	case name == "bracket" && !hasProfit, name == "oco" && !hasProfit:
		return refuse(422, 40010001, "%s orders require take_profit.limit_price", name)
	case name == "bracket" && !hasLoss, name == "oco" && !hasLoss:
		return refuse(422, 40010001, "%s orders require stop_loss.stop_price", name)
	case name == "oto" && hasProfit == hasLoss:
		return refuse(422, 40010001, "oto orders require either take_profit.limit_price or stop_loss.stop_price")
	case name == "oco" && r.Type != "limit":
		return refuse(422, 40010001, "oco orders must be limit orders")
	case name == "oco" && !r.LimitPrice.Equal(*profit.LimitPrice):
		return refuse(422, 40010001, "the limit_price of an oco order is that of its take_profit")
	case r.Type == "trailing_stop":
		return refuse(422, 42210000, "%s orders cannot be trailing stop orders", name)
	case r.TimeInForce != "day" && r.TimeInForce != "gtc":
		return refuse(422, 42210000, "%s orders must be day or gtc", name)
	case r.ExtendedHours:
		return refuse(422, 42210000, "%s orders cannot be extended hours orders", name)
	case r.Notional != nil || !r.Qty.IsInteger():
		return refuse(422, 42210000, "fractional orders must be simple orders")
	}
	return nil
}

func (r *orderRequest) checkMultiLeg() *refusal {
	switch {
	case r.Symbol != "" || r.Side != "":
		return refuse(422, 40010001, "mleg orders name symbols and sides in their legs")
	case r.Type != "market" && r.Type != "limit":
		return refuse(422, 42210000, "mleg orders must be market or limit orders")
	case r.TimeInForce != "day":
		return refuse(422, 42210000, "mleg orders must be day orders")
	case r.Notional != nil || !r.Qty.IsInteger():
		return refuse(422, 42210000, "mleg orders require a whole qty")
	case r.LimitPrice != nil && !isMultipleOf(*r.LimitPrice, penny):
		return refuse(422, 42210000, "limit price must be limited to 2 decimal places")
	case len(r.Legs) < 2 || len(r.Legs) > 4:
		return refuse(422, 42210000, "mleg orders have two to four legs")
	}
	seen := map[string]bool{}
	for i, leg := range r.Legs {
		if leg.Side == "" {
			r.Legs[i].Side = sidesOfIntents[leg.PositionIntent]
			leg = r.Legs[i]
		}
		switch {
		case leg.Side != "buy" && leg.Side != "sell":
			return refuse(422, 40010001, "each leg requires a side or a position_intent")
		case leg.PositionIntent != "" && sidesOfIntents[leg.PositionIntent] != leg.Side:
			return refuse(422, 40010001, "position_intent does not fit the side")
		case leg.RatioQty == nil || !sensible(*leg.RatioQty) || !leg.RatioQty.IsInteger() || !leg.RatioQty.IsPositive():
			return refuse(422, 40010001, "each leg requires a whole ratio_qty")
		case seen[leg.Symbol]:
			return refuse(422, 42210000, "each leg must be of another contract")
		}
		seen[leg.Symbol] = true
	}
	return nil
}

// checkAsset refuses what the asset, its class or the time does not allow.
func (s *Sim) checkAsset(a *account, r orderRequest, traded asset) *refusal {
	no := func(message string) *refusal { return refuse(422, 42210000, "%s", message) }
	fractional := r.Notional != nil || !r.Qty.IsInteger()
	if r.StopPrice != nil && (r.TimeInForce == "ioc" || r.TimeInForce == "fok") {
		return no("stop orders cannot be " + r.TimeInForce + " orders")
	}
	switch traded.class {
	case "crypto":
		switch {
		case r.OrderClass != "" && r.OrderClass != "simple":
			return no("crypto orders must be simple orders")
		case !slices.Contains([]string{"market", "limit", "stop_limit"}, r.Type):
			return no("invalid order type for crypto order")
		case r.TimeInForce != "gtc" && r.TimeInForce != "ioc":
			return no("invalid crypto time_in_force")
		case r.ExtendedHours:
			return no("crypto orders cannot be extended hours orders")
		}
		return nil
	case "us_option":
		switch {
		case r.OrderClass != "" && r.OrderClass != "simple":
			return no("options orders must be simple or mleg orders")
		case r.Type != "market" && r.Type != "limit":
			return no("invalid order type for options order")
		case r.TimeInForce != "day":
			return no("invalid options time_in_force")
		case r.ExtendedHours:
			return no("options orders cannot be extended hours orders")
		case fractional:
			return no("options orders require a whole qty")
		case a.Settings.MaxOptionsLevel == 0:
			return refuse(403, 40310000, "account not eligible to trade options contracts")
		case r.Type == "market" && s.marketSession() != calendar.Regular:
			return no("options market orders are only allowed during market hours")
		}
		return checkTick(traded.symbol, r.LimitPrice)
	}
	if bad := r.checkPennies(); bad != nil {
		return bad
	}
	switch {
	case fractional && !traded.canFraction():
		return refuse(403, 40310000, "asset %q is not fractionable", traded.symbol)
	case fractional && !a.Settings.FractionalTrading:
		return refuse(403, 40310000, "account is not allowed to trade fractional shares")
	case fractional && r.TimeInForce != "day":
		return no("fractional orders must be DAY orders")
	case fractional && r.Type == "trailing_stop":
		return no("fractional orders cannot be trailing stop orders")
	case r.ExtendedHours && (r.Type != "limit" || r.TimeInForce != "day" && r.TimeInForce != "gtc"):
		return no("extended hours orders must be DAY or GTC limit orders")
	case r.Type == "trailing_stop" && r.TimeInForce != "day" && r.TimeInForce != "gtc":
		return no("trailing stop orders must be DAY or GTC orders")
	case (r.TimeInForce == "opg" || r.TimeInForce == "cls") && r.Type != "market" && r.Type != "limit":
		return no("opg and cls orders must be market or limit orders")
	case s.state.Hours && r.TimeInForce == "opg" && calendar.Within(s.now(), 9*time.Hour+28*time.Minute, 19*time.Hour):
		return no("opg orders are accepted before 9:28am and after 7:00pm ET")
	case s.state.Hours && r.TimeInForce == "cls" && s.pastClosingAuction():
		return no("cls orders are accepted before 3:50pm, or ten minutes before the close of a half day, and after 7:00pm ET")
	}
	return nil
}

// checkPennies refuses prices between two cents, or, below a dollar, between
// two hundredths of a cent: Rule 612 of the SEC's Regulation NMS.
func (r *orderRequest) checkPennies() *refusal {
	prices := map[string]*decimal.Decimal{"limit_price": r.LimitPrice, "stop_price": r.StopPrice}
	if r.Type == "trailing_stop" {
		delete(prices, "stop_price") // it follows the market's prices
	}
	for name, price := range prices {
		if price == nil {
			continue
		}
		places := int32(2)
		if price.LessThan(decimal.NewFromInt(1)) {
			places = 4
		}
		if !price.Truncate(places).Equal(*price) {
			return refuse(422, 42210000, "invalid %s %s. sub-penny increment does not fulfill minimum pricing criteria", name, price)
		}
	}
	return nil
}

// pastClosingAuction reports whether an order comes too late for the day's
// closing auction and too early for the next one's.
func (s *Sim) pastClosingAuction() bool {
	now := s.now()
	day, _ := calendar.DayAt(now)
	return calendar.Within(now, day.Close.Sub(calendar.Midnight(day.Close))-10*time.Minute, 19*time.Hour)
}

var penny = decimal.New(1, -2)

func isMultipleOf(price, step decimal.Decimal) bool { return price.Mod(step).IsZero() }

// checkTick refuses prices of options between two steps. Alpaca sends them to the
// one exchange that takes them, or rejects them.
func checkTick(symbol string, limit *decimal.Decimal) *refusal {
	root, _ := options.Root(symbol)
	switch {
	case limit == nil:
	case !isMultipleOf(*limit, penny):
		return refuse(422, 42210000, "limit price must be limited to 2 decimal places")
	case !isMultipleOf(*limit, options.Tick(root, *limit)):
		return refuse(422, 42210000, "invalid limit_price %s. options of %s are priced in steps of 0.05 from 3.00 on", limit, root)
	}
	return nil
}
