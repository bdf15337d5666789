package alpacasim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Order is an order in Alpaca's JSON.
type Order struct {
	ID             string           `json:"id"`
	ClientOrderID  string           `json:"client_order_id"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	SubmittedAt    time.Time        `json:"submitted_at"`
	FilledAt       *time.Time       `json:"filled_at"`
	ExpiredAt      *time.Time       `json:"expired_at"`
	ExpiresAt      *time.Time       `json:"expires_at,omitempty"`
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
	PositionIntent string           `json:"position_intent,omitempty"`
	TimeInForce    string           `json:"time_in_force"`
	LimitPrice     *decimal.Decimal `json:"limit_price"`
	StopPrice      *decimal.Decimal `json:"stop_price"`
	Status         string           `json:"status"`
	ExtendedHours  bool             `json:"extended_hours"`
	Legs           []Order          `json:"legs"`
	TrailPercent   *decimal.Decimal `json:"trail_percent"`
	TrailPrice     *decimal.Decimal `json:"trail_price"`
	HWM            *decimal.Decimal `json:"hwm"`
	RatioQty       *decimal.Decimal `json:"ratio_qty,omitempty"`
	Subtag         *string          `json:"subtag"`
	Source         *string          `json:"source"`
}

// order is an order in the book, with what Alpaca does not show.
type order struct {
	Order
	Parent    string           `json:"sim_parent,omitempty"`    // for a leg, the id of its parent order
	Since     time.Time        `json:"sim_since"`               // when it went to the market
	Rested    bool             `json:"sim_rested,omitempty"`    // the market did not reach its limit when it came
	Triggered bool             `json:"sim_triggered,omitempty"` // its stop price was reached
	Target    *decimal.Decimal `json:"sim_target,omitempty"`    // the quantity that a notional order became
	Hidden    *time.Time       `json:"sim_hidden,omitempty"`    // until when look-ups do not find it
	Doom      Fault            `json:"sim_doom,omitempty"`      // the fault that happens to it at the next move
	Was       string           `json:"sim_was,omitempty"`       // its status before a pending one

	legs    []*order
	fills   []*Execution
	unsaved bool
	first   string // its status in the response to its request
}

// wire returns the order as responses have it, with its legs where asked for. A
// multi-leg order always has its legs.
func (o *order) wire(nested bool) Order {
	w := o.Order
	if nested || o.OrderClass == "mleg" {
		for _, leg := range o.legs {
			if leg.Status != "replaced" {
				w.Legs = append(w.Legs, leg.Order)
			}
		}
	}
	return w
}

// answer returns the order as the response to its request has it: with its
// first status, which changes a moment later.
func (o *order) answer() Order {
	w := o.wire(true)
	if o.first == "" {
		return w
	}
	w.Status, w.UpdatedAt = o.first, o.CreatedAt
	for i := range w.Legs {
		if w.OrderClass == "mleg" {
			w.Legs[i].Status = o.first
		}
	}
	return w
}

// open reports whether the order may still change.
func (o *order) open() bool {
	return o.cancelable() || o.Status == "pending_cancel" || o.Status == "pending_replace"
}

func (o *order) cancelable() bool {
	return slices.Contains([]string{"new", "accepted", "partially_filled", "pending_new", "held"}, o.Status)
}

// opens reports whether the order opens or enlarges a position.
func (o *order) opens() bool { return strings.HasSuffix(o.PositionIntent, "_to_open") }

// isMultiLeg reports whether this is a leg of a multi-leg order, which changes
// with its parent alone.
func (o *order) isMultiLeg() bool { return o.OrderClass == "mleg" && o.Parent != "" }

// rest returns what is not filled yet; of a notional order without a quantity,
// what it would be at a price.
func (o *order) rest(at decimal.Decimal) decimal.Decimal {
	switch {
	case o.Target != nil:
		return o.Target.Sub(o.FilledQty)
	case o.Qty != nil:
		return o.Qty.Sub(o.FilledQty)
	}
	return o.Notional.Div(at).Truncate(9)
}

// signed returns a quantity with the sign of its effect on the position.
func (o *order) signed(qty decimal.Decimal) decimal.Decimal {
	if o.Side == "sell" {
		return qty.Neg()
	}
	return qty
}

// refusal is an error in Alpaca's JSON.
type refusal struct {
	status  int
	code    int
	message string
	details map[string]any // further fields of the error's body
}

func refuse(status, code int, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// with adds fields to the error's body.
func (r *refusal) with(details map[string]any) *refusal {
	r.details = details
	return r
}

func (r *refusal) body() map[string]any {
	body := map[string]any{"code": r.code, "message": r.message}
	for name, value := range r.details {
		body[name] = value
	}
	return body
}

// newID makes the next id of this seed.
func (s *Sim) newID() string {
	s.state.Counter++
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "paddock simulated %d %d", s.config.Seed, s.state.Counter)).String()
}

func assetID(symbol string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("paddock simulated asset "+symbol)).String()
}
