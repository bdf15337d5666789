package trading

import (
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/problem"
)

// OrderRequest is an order from a client, with Alpaca's names. Amounts are
// decimals: a JSON string, or a JSON number whose digits are kept as written.
type OrderRequest struct {
	Symbol              string        `json:"symbol,omitempty" validate:"omitempty,symbol"`
	Side                string        `json:"side,omitempty" validate:"omitempty,oneof=buy sell"`
	Type                string        `json:"type" validate:"required,oneof=market limit stop stop_limit trailing_stop"`
	TimeInForce         string        `json:"time_in_force" validate:"required,oneof=day gtc opg cls ioc fok"`
	OrderClass          string        `json:"order_class,omitempty" validate:"omitempty,oneof=simple bracket oco oto mleg"`
	PositionIntent      string        `json:"position_intent,omitempty" validate:"omitempty,oneof=buy_to_open buy_to_close sell_to_open sell_to_close"`
	Qty                 *Amount       `json:"qty,omitempty"`
	Notional            *Amount       `json:"notional,omitempty"`
	LimitPrice          *Amount       `json:"limit_price,omitempty"`
	StopPrice           *Amount       `json:"stop_price,omitempty"`
	TrailPrice          *Amount       `json:"trail_price,omitempty"`
	TrailPercent        *Amount       `json:"trail_percent,omitempty"`
	ExtendedHours       bool          `json:"extended_hours,omitempty"`
	TakeProfit          *TakeProfit   `json:"take_profit,omitempty"`
	StopLoss            *StopLoss     `json:"stop_loss,omitempty"`
	Legs                []Leg         `json:"legs,omitempty" validate:"omitempty,max=4,dive"`
	Instructions        *Instructions `json:"advanced_instructions,omitempty"`
	ClientOrderID       string        `json:"client_order_id,omitempty" validate:"omitempty,max=128,printascii"`
	OrchestratorAgentID string        `json:"orchestrator_agent_id,omitempty" validate:"omitempty,max=128"`
	Tag                 string        `json:"tag,omitempty" validate:"omitempty,max=128"`
	Reason              string        `json:"reason,omitempty" validate:"omitempty,max=500"` // why, for who approves it and for the books
	SleeveID            string        `json:"sleeve_id,omitempty" validate:"omitempty,uuid"` // the sleeve to which it belongs

	reduceOnly bool // a closing: it may only reduce a position
}

// TakeProfit is the leg that closes a bracket, oco or oto order with a gain.
type TakeProfit struct {
	LimitPrice *Amount `json:"limit_price,omitempty"`
}

// StopLoss is the leg that closes one with a loss; with a limit_price it is a
// stop_limit order.
type StopLoss struct {
	StopPrice  *Amount `json:"stop_price,omitempty"`
	LimitPrice *Amount `json:"limit_price,omitempty"`
}

// Leg is one contract of a multi-leg option order.
type Leg struct {
	Symbol         string  `json:"symbol" validate:"required,symbol"`
	RatioQty       *Amount `json:"ratio_qty"`
	Side           string  `json:"side,omitempty" validate:"omitempty,oneof=buy sell"`
	PositionIntent string  `json:"position_intent,omitempty" validate:"omitempty,oneof=buy_to_open buy_to_close sell_to_open sell_to_close"`
}

// symbolText matches Alpaca's symbols: AAPL, BRK.B, BTC/USD, and option
// contracts.
var symbolText = regexp.MustCompile(`^[A-Z0-9][A-Z0-9./-]{0,31}$`)

// Check brings the symbols into their normal form, and returns a problem of
// code invalid_order that names the field and what it should be. What an asset
// allows is left to Alpaca.
func (r *OrderRequest) Check() error {
	r.Symbol = broker.Symbol(r.Symbol)
	for i := range r.Legs {
		r.Legs[i].Symbol = broker.Symbol(r.Legs[i].Symbol)
	}
	if uuid.Validate(r.Symbol) == nil {
		return invalidOrder(`"symbol" is the id of an asset. Give its symbol: GET /api/assets/%s has it.`, strings.ToLower(r.Symbol))
	}
	if err := validate.Struct(r); err != nil {
		return explainField(err)
	}
	if err := checkTexts(r.Tag, r.OrchestratorAgentID, r.Reason); err != nil {
		return err
	}
	for _, a := range r.amounts() {
		if err := a.amount.check(a.field); err != nil {
			return err
		}
	}
	if err := r.Instructions.check(); err != nil {
		return err
	}
	if r.OrderClass == "mleg" {
		return r.checkLegs()
	}
	if err := r.LimitPrice.check("limit_price"); err != nil {
		return err
	}
	switch {
	case r.Symbol == "":
		return invalidOrder(`"symbol" is missing.`)
	case r.Side == "":
		return invalidOrder(`"side" is missing.`)
	case len(r.Legs) > 0:
		return invalidOrder(`"legs" are for orders of the class mleg.`)
	case (r.Qty == nil) == (r.Notional == nil):
		return invalidOrder(`Give either "qty" or "notional", and not both.`)
	case against(r.Side, r.PositionIntent):
		return invalidOrder(`"side" is %s and "position_intent" is %s: they contradict each other.`, r.Side, r.PositionIntent)
	case r.ExtendedHours && r.Type != "limit":
		return invalidOrder(`"extended_hours" is for limit orders.`)
	}
	if err := r.checkPrices(); err != nil {
		return err
	}
	return r.checkClass()
}

// checkTexts returns a problem where one of a client's own words cannot be stored.
func checkTexts(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return invalidOrder(`"tag", "orchestrator_agent_id" and "reason" must be plain text.`)
		}
	}
	return nil
}

// checkPrices requires the prices that the order's type needs, and allows no
// others.
func (r *OrderRequest) checkPrices() error {
	limited := r.Type == "limit" || r.Type == "stop_limit"
	stopped := r.Type == "stop" || r.Type == "stop_limit"
	trailing := r.Type == "trailing_stop"
	switch {
	case limited && r.LimitPrice == nil && r.OrderClass != "oco": // an oco order's limit is in take_profit
		return invalidOrder(`A %s order needs a "limit_price".`, r.Type)
	case !limited && r.LimitPrice != nil:
		return invalidOrder(`A %s order takes no "limit_price".`, r.Type)
	case stopped && r.StopPrice == nil:
		return invalidOrder(`A %s order needs a "stop_price".`, r.Type)
	case !stopped && r.StopPrice != nil:
		return invalidOrder(`A %s order takes no "stop_price".`, r.Type)
	case trailing && (r.TrailPrice == nil) == (r.TrailPercent == nil):
		return invalidOrder(`A trailing_stop order needs either "trail_price" or "trail_percent", and not both.`)
	case !trailing && (r.TrailPrice != nil || r.TrailPercent != nil):
		return invalidOrder(`"trail_price" and "trail_percent" are for trailing_stop orders.`)
	}
	return nil
}

// checkClass requires the legs that the order's class needs, and allows no
// others.
func (r *OrderRequest) checkClass() error {
	gain := r.TakeProfit != nil && r.TakeProfit.LimitPrice != nil
	loss := r.StopLoss != nil && r.StopLoss.StopPrice != nil
	switch {
	case r.TakeProfit != nil && !gain:
		return invalidOrder(`"take_profit" needs a "limit_price".`)
	case r.StopLoss != nil && !loss:
		return invalidOrder(`"stop_loss" needs a "stop_price".`)
	}
	switch r.OrderClass {
	case "", "simple":
		if gain || loss {
			return invalidOrder(`"take_profit" and "stop_loss" are for orders of the class bracket, oco or oto.`)
		}
	case "bracket":
		if !gain || !loss {
			return invalidOrder(`A bracket order needs "take_profit" and "stop_loss".`)
		}
	case "oco":
		switch {
		case !gain || !loss || r.Type != "limit":
			return invalidOrder(`An oco order is a limit order with "take_profit" and "stop_loss".`)
		case r.LimitPrice != nil && !r.LimitPrice.Equal(r.TakeProfit.LimitPrice.Decimal):
			return invalidOrder(`"limit_price" and "take_profit.limit_price" are one price of an oco order: they differ here.`)
		}
	case "oto":
		if gain == loss {
			return invalidOrder(`An oto order needs either "take_profit" or "stop_loss", and not both.`)
		}
	}
	if (gain || loss) && r.Notional != nil {
		return invalidOrder(`An order with "take_profit" or "stop_loss" needs a "qty", not a "notional".`)
	}
	return nil
}

// checkLegs checks a multi-leg order, whose legs have symbol, side and intent.
func (r *OrderRequest) checkLegs() error {
	switch {
	case len(r.Legs) < 2:
		return invalidOrder(`An mleg order needs two to four "legs".`)
	case r.Symbol != "" || r.Side != "" || r.PositionIntent != "":
		return invalidOrder(`In an mleg order "symbol", "side" and "position_intent" stand in its legs.`)
	case r.TakeProfit != nil || r.StopLoss != nil:
		return invalidOrder(`An mleg order takes no "take_profit" or "stop_loss".`)
	case r.Qty == nil || r.Notional != nil:
		return invalidOrder(`An mleg order needs a "qty" and takes no "notional".`)
	case r.Type != "market" && r.Type != "limit":
		return invalidOrder(`An mleg order is a market or a limit order.`)
	case (r.Type == "limit") != (r.LimitPrice != nil):
		return invalidOrder(`An mleg order needs a "limit_price" when its type is limit, and takes none otherwise.`)
	case r.StopPrice != nil || r.TrailPrice != nil || r.TrailPercent != nil || r.ExtendedHours:
		return invalidOrder(`An mleg order takes no "stop_price", "trail_price", "trail_percent" or "extended_hours".`)
	}
	if err := r.LimitPrice.CheckSize("limit_price"); err != nil {
		return err
	}
	contracts := map[string]bool{}
	common := new(big.Int) // the greatest common divisor of the ratios so far
	for i, leg := range r.Legs {
		switch {
		case leg.RatioQty == nil || leg.Side == "" && leg.PositionIntent == "":
			return invalidOrder(`Each of the "legs" needs a "ratio_qty" and a "side" or "position_intent".`)
		case against(leg.Side, leg.PositionIntent):
			return invalidOrder(`"legs[%d].side" is %s and its "position_intent" is %s: they contradict each other.`, i, leg.Side, leg.PositionIntent)
		case contracts[leg.Symbol]:
			return invalidOrder(`"legs[%d].symbol" is %s, which another leg has too: put both into one.`, i, leg.Symbol)
		case !leg.RatioQty.IsInteger():
			return invalidOrder(`"legs[%d].ratio_qty" must be a whole number from 1.`, i)
		}
		contracts[leg.Symbol] = true
		common.GCD(nil, nil, common, leg.RatioQty.BigInt())
	}
	if common.Cmp(big.NewInt(1)) != 0 {
		return invalidOrder(`The "ratio_qty" of the "legs" can all be divided by %s: do that, and make the order's "qty" larger by as much.`, common)
	}
	return nil
}

// against reports whether a side and an intent contradict each other.
func against(side, intent string) bool {
	return side != "" && intent != "" && !strings.HasPrefix(intent, side+"_")
}

// field is an amount with its name in JSON.
type field struct {
	field  string
	amount *Amount
}

// amounts returns all of the order's amounts that must be positive. A
// limit_price is not among them: that of several legs may be a credit.
func (r *OrderRequest) amounts() []field {
	all := []field{
		{"qty", r.Qty}, {"notional", r.Notional}, {"stop_price", r.StopPrice}, {"trail_price", r.TrailPrice}, {"trail_percent", r.TrailPercent},
	}
	if r.TakeProfit != nil {
		all = append(all, field{"take_profit.limit_price", r.TakeProfit.LimitPrice})
	}
	if r.StopLoss != nil {
		all = append(all, field{"stop_loss.stop_price", r.StopLoss.StopPrice}, field{"stop_loss.limit_price", r.StopLoss.LimitPrice})
	}
	for _, leg := range r.Legs {
		all = append(all, field{"legs.ratio_qty", leg.RatioQty})
	}
	return all
}

// forBroker returns the order in the SDK's form.
func (r *OrderRequest) forBroker() alpaca.PlaceOrderRequest {
	request := alpaca.PlaceOrderRequest{
		Symbol:         r.Symbol,
		Qty:            r.Qty.decimal(),
		Notional:       r.Notional.decimal(),
		Side:           alpaca.Side(r.Side),
		Type:           alpaca.OrderType(r.Type),
		TimeInForce:    alpaca.TimeInForce(r.TimeInForce),
		OrderClass:     alpaca.OrderClass(r.OrderClass),
		PositionIntent: alpaca.PositionIntent(r.PositionIntent),
		LimitPrice:     r.LimitPrice.decimal(),
		StopPrice:      r.StopPrice.decimal(),
		TrailPrice:     r.TrailPrice.decimal(),
		TrailPercent:   r.TrailPercent.decimal(),
		ExtendedHours:  r.ExtendedHours,
		ClientOrderID:  r.ClientOrderID,
	}
	if r.TakeProfit != nil {
		request.TakeProfit = &alpaca.TakeProfit{LimitPrice: r.TakeProfit.LimitPrice.decimal()}
	}
	if r.StopLoss != nil {
		request.StopLoss = &alpaca.StopLoss{StopPrice: r.StopLoss.StopPrice.decimal(), LimitPrice: r.StopLoss.LimitPrice.decimal()}
	}
	for _, leg := range r.Legs {
		request.Legs = append(request.Legs, alpaca.Leg{
			Symbol: leg.Symbol, RatioQty: leg.RatioQty.Decimal, Side: alpaca.Side(leg.Side), PositionIntent: alpaca.PositionIntent(leg.PositionIntent),
		})
	}
	return request
}

func invalidOrder(format string, args ...any) *problem.Problem {
	return problem.New(problem.InvalidOrder, format, args...)
}
