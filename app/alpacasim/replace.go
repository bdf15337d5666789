package alpacasim

import (
	"slices"

	"github.com/shopspring/decimal"
)

// replaceRequest is the body of PATCH /v2/orders/{order_id}.
type replaceRequest struct {
	Qty           *decimal.Decimal `json:"qty"`
	Notional      *decimal.Decimal `json:"notional"`
	TimeInForce   string           `json:"time_in_force"`
	LimitPrice    *decimal.Decimal `json:"limit_price"`
	StopPrice     *decimal.Decimal `json:"stop_price"`
	Trail         *decimal.Decimal `json:"trail"`
	ClientOrderID string           `json:"client_order_id"`
}

// check refuses changes that an order does not allow.
func (r *replaceRequest) check(a *account, old *order) *refusal {
	for _, d := range []*decimal.Decimal{r.Qty, r.StopPrice, r.Trail, r.LimitPrice} {
		if d != nil && (!sensible(*d) || !d.IsPositive() && (d != r.LimitPrice || old.OrderClass != "mleg")) {
			return refuse(422, 40010001, "amounts must be positive, of a sensible size")
		}
	}
	no := func(message string) *refusal { return refuse(422, 42210000, "%s", message) }
	if bad := checkPlaces(r.Qty, r.Notional); bad != nil {
		return bad
	}
	coins := old.AssetClass == "crypto" // which can be divided
	switch {
	case slices.Contains([]string{"accepted", "pending_new", "pending_cancel", "pending_replace"}, old.Status):
		return refuse(422, 42210000, "cannot replace order in %s status", old.Status)
	case !old.cancelable() || old.isMultiLeg():
		return refuse(422, 42210000, "order is not replaceable: it is in %q state", old.Status)
	case old.Notional != nil || r.Notional != nil:
		return no("notional orders cannot be replaced")
	case a.byClientID[r.ClientOrderID] != nil:
		return refuse(422, 40010001, "client_order_id must be unique")
	case len(r.ClientOrderID) > 128:
		return refuse(422, 40010001, "client_order_id must be no more than 128 characters")
	case r.TimeInForce != "" && !slices.Contains([]string{"day", "gtc", "opg", "cls", "ioc", "fok"}, r.TimeInForce):
		return refuse(422, 40010001, "invalid time_in_force")
	case r.LimitPrice != nil && old.LimitPrice == nil:
		return no("limit_price cannot be set on this order type")
	case r.StopPrice != nil && (old.StopPrice == nil || old.Type == "trailing_stop"):
		return no("stop_price cannot be set on this order type")
	case r.Trail != nil && old.Type != "trailing_stop":
		return no("trail cannot be set on this order type")
	case r.Qty != nil && !coins && !old.Qty.IsInteger():
		return no("qty of fractional orders cannot be changed")
	case r.Qty != nil && !coins && !r.Qty.IsInteger():
		return no("qty must be a whole number")
	case r.LimitPrice != nil && old.OrderClass == "mleg" && !isMultipleOf(*r.LimitPrice, penny):
		return no("limit price must be limited to 2 decimal places")
	}
	same := func(to, from *decimal.Decimal) bool { return to == nil || from != nil && to.Equal(*from) }
	trail := old.TrailPrice
	if trail == nil {
		trail = old.TrailPercent
	}
	if same(r.Qty, old.Qty) && same(r.LimitPrice, old.LimitPrice) && same(r.StopPrice, old.StopPrice) && same(r.Trail, trail) &&
		(r.TimeInForce == "" || r.TimeInForce == old.TimeInForce) {
		return no("order parameters are not changed")
	}
	return nil
}

// replace puts a new order in place of an old one, or begins to, where a fault
// will reject it.
func (s *Sim) replace(a *account, old *order, r replaceRequest) (*order, *refusal) {
	if bad := r.check(a, old); bad != nil {
		return nil, bad
	}
	// Alpaca gives the new order the whole quantity of the old one, whatever of it
	// is filled already (github.com/alpacahq/Alpaca-API/issues/165). An exit trades
	// what is left to exit.
	qty := *old.Qty
	if old.Parent != "" {
		qty = qty.Sub(old.FilledQty)
	}
	changed := orderRequest{
		Symbol: old.Symbol, Qty: &qty, Side: old.Side, Type: old.Type, TimeInForce: old.TimeInForce, LimitPrice: old.LimitPrice, StopPrice: old.StopPrice,
		TrailPrice: old.TrailPrice, TrailPercent: old.TrailPercent, ExtendedHours: old.ExtendedHours, OrderClass: old.OrderClass, ClientOrderID: r.ClientOrderID,
		PositionIntent: old.PositionIntent,
	}
	if r.Qty != nil {
		changed.Qty = r.Qty
	}
	if r.TimeInForce != "" {
		changed.TimeInForce = r.TimeInForce
	}
	if r.LimitPrice != nil {
		changed.LimitPrice = r.LimitPrice
	}
	if r.StopPrice != nil {
		changed.StopPrice = r.StopPrice
	}
	switch {
	case r.Trail != nil && old.TrailPrice != nil:
		changed.TrailPrice = r.Trail
	case r.Trail != nil:
		changed.TrailPercent = r.Trail
	}
	traded := asset{symbol: old.Symbol, class: old.AssetClass}
	if old.OrderClass != "mleg" {
		traded, _ = s.findTraded(old.Symbol)
		if bad := s.checkAsset(a, changed, traded); bad != nil {
			return nil, bad
		}
	}
	o := s.newOrder(changed, traded)
	o.AssetID, o.Replaces, o.Parent = old.AssetID, &old.ID, old.Parent
	if old.Parent == "" && old.OrderClass != "mleg" {
		if bad := s.afford(a, o, old); bad != nil {
			return nil, bad
		}
	}
	s.hide(a, o, "PATCH")
	if old.Status != "held" && old.OrderClass != "mleg" && s.met(ReplaceReject, "", a) {
		o.Status, o.Doom, o.Parent = "pending_new", ReplaceReject, ""
		s.add(a, o)
		old.Was, old.Status = old.Status, "pending_replace"
		s.emit(a, "pending_replace", old, update{})
		return o, nil
	}
	s.takePlace(a, old, o)
	return o, nil
}

// takePlace closes the old order and puts the new one in its place: with its
// legs, or as the leg that it was.
func (s *Sim) takePlace(a *account, old, o *order) {
	now := s.now()
	held := old.Status == "held"
	if held {
		o.Status = "held"
	}
	old.Status, old.ReplacedBy, old.ReplacedAt = "replaced", &o.ID, &now
	s.add(a, o)
	for _, leg := range old.legs {
		leg.Parent = o.ID
		if leg.isMultiLeg() {
			qty := o.Qty.Mul(*leg.RatioQty)
			leg.Qty = &qty
		} else {
			leg.Qty = o.Qty
		}
		s.touch(a, leg)
	}
	o.legs, old.legs = old.legs, nil
	s.emit(a, "replaced", old, update{})
	if held {
		s.emit(a, "held", o, update{})
		return
	}
	s.begin(a, o)
}
