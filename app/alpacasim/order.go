package alpacasim

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Order is an order as Alpaca writes it.
type Order struct {
	ID             string           `json:"id"`
	ClientOrderID  string           `json:"client_order_id"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	SubmittedAt    time.Time        `json:"submitted_at"`
	FilledAt       *time.Time       `json:"filled_at"`
	ExpiredAt      *time.Time       `json:"expired_at"`
	CanceledAt     *time.Time       `json:"canceled_at"`
	FailedAt       *time.Time       `json:"failed_at"`
	ReplacedAt     *time.Time       `json:"replaced_at"`
	ReplacedBy     *string          `json:"replaced_by"`
	Replaces       *string          `json:"replaces"`
	AssetID        string           `json:"asset_id"`
	Symbol         string           `json:"symbol"`
	AssetClass     string           `json:"asset_class"`
	Notional       *decimal.Decimal `json:"notional"`
	Qty            *decimal.Decimal `json:"qty"`
	FilledQty      decimal.Decimal  `json:"filled_qty"`
	FilledAvgPrice *decimal.Decimal `json:"filled_avg_price"`
	OrderClass     string           `json:"order_class"`
	OrderType      string           `json:"order_type"`
	Type           string           `json:"type"`
	Side           string           `json:"side"`
	PositionIntent string           `json:"position_intent"`
	TimeInForce    string           `json:"time_in_force"`
	LimitPrice     *decimal.Decimal `json:"limit_price"`
	StopPrice      *decimal.Decimal `json:"stop_price"`
	Status         string           `json:"status"`
	ExtendedHours  bool             `json:"extended_hours"`
	Legs           []Order          `json:"legs"`
	TrailPercent   *decimal.Decimal `json:"trail_percent"`
	TrailPrice     *decimal.Decimal `json:"trail_price"`
	HWM            *decimal.Decimal `json:"hwm"`
	Subtag         *string          `json:"subtag"`
	Source         *string          `json:"source"`
}

func (o *Order) open() bool {
	return slices.Contains([]string{"new", "accepted", "partially_filled", "pending_new"}, o.Status)
}

// orderRequest is the body of POST /v2/orders.
type orderRequest struct {
	Symbol        string           `json:"symbol"`
	Qty           *decimal.Decimal `json:"qty"`
	Notional      *decimal.Decimal `json:"notional"`
	Side          string           `json:"side"`
	Type          string           `json:"type"`
	TimeInForce   string           `json:"time_in_force"`
	LimitPrice    *decimal.Decimal `json:"limit_price"`
	StopPrice     *decimal.Decimal `json:"stop_price"`
	ExtendedHours bool             `json:"extended_hours"`
	ClientOrderID string           `json:"client_order_id"`
	OrderClass    string           `json:"order_class"`
}

// refusal is an error as Alpaca writes it.
type refusal struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func refuse(status, code int, format string, args ...any) *refusal {
	return &refusal{status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// place accepts an order, or says why not. s.mu is held.
func (s *Sim) place(a *account, r orderRequest) (*Order, *refusal) {
	if bad := r.check(); bad != nil {
		return nil, bad
	}
	if r.ClientOrderID == "" {
		r.ClientOrderID = s.newID()
	}
	for _, o := range a.Orders {
		if o.ClientOrderID == r.ClientOrderID {
			return nil, refuse(422, 40010001, "client_order_id must be unique")
		}
	}
	traded, ok := s.findAsset(r.Symbol)
	if !ok {
		return nil, refuse(422, 42210000, "asset %q not found", r.Symbol)
	}
	now := s.now()
	o := &Order{
		ID: s.newID(), ClientOrderID: r.ClientOrderID, CreatedAt: now, UpdatedAt: now, SubmittedAt: now,
		AssetID: assetID(traded.symbol), Symbol: traded.symbol, AssetClass: traded.class,
		Notional: r.Notional, Qty: r.Qty, OrderClass: r.OrderClass, OrderType: r.Type, Type: r.Type, Side: r.Side,
		TimeInForce: r.TimeInForce, LimitPrice: r.LimitPrice, StopPrice: r.StopPrice, ExtendedHours: r.ExtendedHours, Status: "new",
	}
	if bad := s.afford(a, o); bad != nil {
		return nil, bad
	}
	a.Orders = append(a.Orders, o)
	s.emit(a, "new", o, nil)
	return o, nil
}

func (r *orderRequest) check() *refusal {
	amounts := []*decimal.Decimal{r.Qty, r.Notional, r.LimitPrice, r.StopPrice}
	switch {
	case r.Symbol == "":
		return refuse(422, 40010001, "symbol is required")
	case r.Side != "buy" && r.Side != "sell":
		return refuse(422, 40010001, "side must be buy or sell")
	case !slices.Contains([]string{"market", "limit", "stop", "stop_limit"}, r.Type):
		return refuse(422, 40010001, "invalid order type")
	case !slices.Contains([]string{"day", "gtc", "opg", "cls", "ioc", "fok"}, r.TimeInForce):
		return refuse(422, 40010001, "invalid time_in_force")
	case (r.Qty == nil) == (r.Notional == nil):
		return refuse(422, 40010001, "qty or notional is required, and not both")
	case (r.Type == "limit" || r.Type == "stop_limit") == (r.LimitPrice == nil):
		return refuse(422, 40010001, "limit orders require a limit price, and others take none")
	case (r.Type == "stop" || r.Type == "stop_limit") == (r.StopPrice == nil):
		return refuse(422, 40010001, "stop orders require a stop price, and others take none")
	case r.OrderClass != "" && r.OrderClass != "simple":
		return refuse(422, 40010001, "order class %q is not simulated", r.OrderClass)
	case len(r.ClientOrderID) > 128:
		return refuse(422, 40010001, "client_order_id must be no more than 128 characters")
	}
	for _, d := range amounts {
		if d == nil {
			continue
		}
		if d.Exponent() > 12 || d.Exponent() < -12 || d.NumDigits() > 24 || !d.IsPositive() {
			return refuse(422, 40010001, "amounts must be positive, of a sensible size")
		}
	}
	return nil
}

// afford refuses what the account has not the money or the shares for.
func (s *Sim) afford(a *account, o *Order) *refusal {
	held, promised := decimal.Zero, decimal.Zero
	if p := a.Positions[o.Symbol]; p != nil {
		held = p.Qty
	}
	for _, other := range a.openOrders() {
		if other.Symbol != o.Symbol {
			continue
		}
		if other.Side != o.Side {
			return refuse(403, 40310000, "potential wash trade detected. use complex orders (existing order id: %s)", other.ID)
		}
		if other.Side == "sell" && other.Qty != nil {
			promised = promised.Add(other.Qty.Sub(other.FilledQty))
		}
	}
	if o.Side == "sell" && held.IsPositive() && o.Qty != nil {
		if available := held.Sub(promised); o.Qty.GreaterThan(available) {
			return refuse(403, 40310000, "insufficient qty available for order (requested: %s, available: %s)", o.Qty, available)
		}
		return nil
	}
	if o.Side == "sell" && o.AssetClass == "crypto" {
		return refuse(403, 40310000, "insufficient balance for %s (crypto cannot be sold short)", o.Symbol)
	}
	if left := a.Cash.Sub(s.reserved(a)); s.cost(o).GreaterThan(left) {
		return refuse(403, 40310000, "insufficient buying power")
	}
	return nil
}

// cancel ends an open order.
func (s *Sim) cancel(a *account, o *Order) *refusal {
	if !o.open() {
		return refuse(422, 42210000, "order is already in %q state", o.Status)
	}
	now := s.now()
	o.Status, o.CanceledAt, o.UpdatedAt = "canceled", &now, now
	s.emit(a, "canceled", o, nil)
	return nil
}

// largeOrder is the quantity from which an order is filled in two parts.
var largeOrder = decimal.NewFromInt(1000)

// tryFill executes an order when the market reaches it.
func (s *Sim) tryFill(a *account, o *Order) bool {
	p := s.state.Prices[o.Symbol]
	at := p.ask()
	if o.Side == "sell" {
		at = p.bid()
	}
	better := func(limit decimal.Decimal) bool {
		return o.Side == "buy" && at.LessThanOrEqual(limit) || o.Side == "sell" && at.GreaterThanOrEqual(limit)
	}
	triggered := func(stop decimal.Decimal) bool {
		return o.Side == "buy" && at.GreaterThanOrEqual(stop) || o.Side == "sell" && at.LessThanOrEqual(stop)
	}
	switch {
	case s.now().Sub(o.SubmittedAt) < s.config.FillDelay:
		return false
	case o.StopPrice != nil && o.Status == "new" && !triggered(*o.StopPrice):
		return false
	case o.LimitPrice != nil && !better(*o.LimitPrice):
		return false
	}
	if o.Qty == nil { // a notional order becomes its quantity
		qty := o.Notional.Div(at).Truncate(9)
		if qty.IsZero() {
			return false
		}
		o.Qty = &qty
	}
	rest := o.Qty.Sub(o.FilledQty)
	part := rest
	if o.FilledQty.IsZero() && o.Qty.GreaterThanOrEqual(largeOrder) {
		part = o.Qty.Div(decimal.NewFromInt(2)).Floor()
	}
	s.fill(a, o, part, at)
	return true
}

func (s *Sim) fill(a *account, o *Order, qty, at decimal.Decimal) {
	now := s.now()
	spent := decimal.Zero
	if o.FilledAvgPrice != nil {
		spent = o.FilledQty.Mul(*o.FilledAvgPrice)
	}
	o.FilledQty = o.FilledQty.Add(qty)
	average := spent.Add(qty.Mul(at)).Div(o.FilledQty).Round(6)
	o.FilledAvgPrice, o.UpdatedAt = &average, now
	name := "partial_fill"
	o.Status = "partially_filled"
	if o.FilledQty.Equal(*o.Qty) {
		name, o.Status, o.FilledAt = "fill", "filled", &now
	}
	signed := qty
	if o.Side == "sell" {
		signed = qty.Neg()
	}
	p := a.trade(o.Symbol, signed, at)
	s.emit(a, name, o, &execution{id: s.newID(), qty: qty, price: at, held: p.Qty})
}

// newID makes the next id of this seed.
func (s *Sim) newID() string {
	s.state.Counter++
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "paddock simulated %d %d", s.config.Seed, s.state.Counter)).String()
}
