package trading

import (
	"context"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Closing is how much of a position to close, and for whom. Without a quantity
// and a percentage it is all of it.
type Closing struct {
	Symbol              string  `json:"close" validate:"required,symbol"`
	Qty                 *Amount `json:"qty,omitempty"`
	Percentage          *Amount `json:"percentage,omitempty"`
	CancelOrders        bool    `json:"cancel_orders,omitempty"` // first cancel the symbol's orders, which may hold its shares
	CloseAll            string  `json:"close_all,omitempty"`     // Idempotency-Key of the request that closes all positions
	OrchestratorAgentID string  `json:"orchestrator_agent_id,omitempty" validate:"omitempty,max=128"`
	Tag                 string  `json:"tag,omitempty" validate:"omitempty,max=128"`
	SleeveID            string  `json:"sleeve_id,omitempty" validate:"omitempty,uuid"` // closes what this sleeve holds
}

// Check returns a problem of code invalid_order that names the field.
func (c *Closing) Check() error {
	if err := validate.Struct(c); err != nil {
		return explainField(err)
	}
	for _, f := range []field{{"qty", c.Qty}, {"percentage", c.Percentage}} {
		if err := f.amount.check(f.field); err != nil {
			return err
		}
	}
	switch {
	case c.Qty != nil && c.Percentage != nil:
		return invalidOrder(`Give either "qty" or "percentage", and not both.`)
	case c.Percentage != nil && c.Percentage.GreaterThan(decimal.NewFromInt(100)):
		return invalidOrder(`"percentage" is 100 at the most.`)
	}
	return nil
}

// quantity returns how many units to trade to close the position. A percentage
// is rounded down to what can be traded, as by Alpaca's own endpoint: whole
// units of an option, of a short position and of an asset that is not
// fractionable, and nine places of anything else.
func (c *Closing) quantity(p alpaca.Position, whole bool) (decimal.Decimal, error) {
	held := p.Qty.Abs()
	if c.Qty != nil {
		if c.Qty.GreaterThan(held) {
			return decimal.Zero, problem.New(problem.QtyExceedsPosition, "The position in %s is %s: no more than that can be closed.", p.Symbol, p.Qty)
		}
		return c.Qty.Decimal, nil
	}
	if c.Percentage == nil {
		return held, nil
	}
	places := int32(9)
	if whole {
		places = 0
	}
	qty := held.Mul(c.Percentage.Decimal).Shift(-2).Truncate(places)
	if qty.IsZero() {
		return qty, problem.New(problem.QtyTooSmall, "%s%% of the position in %s is less than can be traded.", c.Percentage, p.Symbol)
	}
	return qty, nil
}

// order returns the market order that closes qty of the position. It says that
// it closes, and Alpaca refuses it if it would open, so that a position that is
// gone when the order arrives does not change its side. Coins cannot be sold
// short, and have no such mark.
func (c *Closing) order(p alpaca.Position, qty decimal.Decimal) *OrderRequest {
	r := &OrderRequest{
		Symbol: p.Symbol, Side: closingSide(p), Type: "market", TimeInForce: "day", Qty: &Amount{Decimal: qty},
		OrchestratorAgentID: c.OrchestratorAgentID, Tag: c.Tag, SleeveID: c.SleeveID, reduceOnly: true,
	}
	if p.AssetClass == alpaca.Crypto {
		r.TimeInForce = "gtc" // crypto has no day orders
	} else {
		r.PositionIntent = r.Side + "_to_close"
	}
	return r
}

// closingSide returns the side of an order that closes the position.
func closingSide(p alpaca.Position) string {
	if p.Qty.IsNegative() {
		return "buy"
	}
	return "sell"
}

// Close closes a position, or a part of it, by a market order that may only
// reduce. The order is sent once, checked by the guards and recorded like any
// other. The broker says what is held, so that a position can be closed that
// the mirror does not know yet.
//
// What would be refused is refused before any order is canceled. From the first
// cancellation on the request is carried out even if the client leaves. Orders
// that fill while they are being canceled count, so that in the end no more is
// closed than was asked for.
//
// It ends with position_not_found, qty_exceeds_position, qty_too_small,
// orders_not_canceled, or as Place does.
func (s *Service) Close(ctx context.Context, a tenant.Admission, key string, c Closing) (Placed, error) {
	if err := c.Check(); err != nil {
		return Placed{}, err
	}
	p, err := prepare(key, "", &c, tenant.Age(time.Now()))
	if err != nil {
		return Placed{}, err
	}
	access, first, err := s.openForClosing(ctx, a, key)
	if first.id != uuid.Nil && first.state != "unsent" { // a retry: what is held has changed since
		return first.retryResult(p.hash)
	}
	var held alpaca.Position
	var qty decimal.Decimal
	if err == nil {
		held, qty, err = s.toClose(ctx, a, c, access)
	}
	if err != nil {
		return s.refuse(ctx, a, p, err)
	}
	if c.CancelOrders {
		ctx = context.WithoutCancel(ctx)
	}
	return s.closeHeld(ctx, a, p, c, access, held, qty)
}

// toClose returns the position, and how much of it to close. It first cancels
// the position's orders, where that is asked for.
func (s *Service) toClose(ctx context.Context, a tenant.Admission, c Closing, access credentials.Access) (held alpaca.Position, qty decimal.Decimal, err error) {
	if held, err = s.position(ctx, a, access, c.Symbol); err != nil {
		return held, qty, err
	}
	whole, err := s.wholeUnits(ctx, a, access, c, held)
	if err != nil {
		return held, qty, err
	}
	if qty, err = c.quantity(held, whole); err != nil || !c.CancelOrders {
		return held, qty, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.cancelAndWait(ctx, a, access, held.Symbol); err != nil {
		return held, qty, err
	}
	return s.rereadPosition(ctx, a, access, held, held.Qty.Abs().Sub(qty))
}

// closeHeld closes qty of a position. An order that is over, but open in the
// mirror because no stream has sent it, must not keep a position from being
// closed. So where the guards refuse, it reads the orders that already close
// the position from the broker, then the position, and tries once more.
func (s *Service) closeHeld(ctx context.Context, a tenant.Admission, p prepared, c Closing, access credentials.Access, held alpaca.Position, qty decimal.Decimal) (Placed, error) {
	first := p
	first.tentative = true
	placed, err := s.submit(ctx, a, first, c.order(held, qty))
	if !problem.Is(err, problem.GuardRefused) {
		return placed, err
	}
	if err = s.refreshClosers(ctx, a, access, held); err == nil {
		held, qty, err = s.rereadPosition(ctx, a, access, held, held.Qty.Abs().Sub(qty))
	}
	if err != nil {
		return s.refuse(ctx, a, p, err)
	}
	return s.submit(ctx, a, p, c.order(held, qty))
}

// wholeUnits reports whether a percentage of a position is rounded down to
// whole units.
func (s *Service) wholeUnits(ctx context.Context, a tenant.Admission, access credentials.Access, c Closing, p alpaca.Position) (bool, error) {
	switch {
	case c.Percentage == nil || p.AssetClass == alpaca.Crypto:
		return false, nil
	case broker.IsOption(p.Symbol) || p.Qty.IsNegative():
		return true, nil
	}
	asset, err := access.Client.Asset(ctx, p.Symbol)
	switch {
	case broker.IsKind(err, broker.NotFound):
		return true, nil // unknown to Alpaca: do not divide it
	case err != nil:
		return false, access.Explain(ctx, err)
	}
	return !asset.Value.Fractionable, nil
}

// openForClosing opens the broker for somebody who may trade on an account that
// is not halted, and finds the first order with this key.
func (s *Service) openForClosing(ctx context.Context, a tenant.Admission, key string) (access credentials.Access, first foundIntent, err error) {
	may, halted := false, ""
	access, err = s.keys.Open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('trade'), coalesce(app.halt_reason($1), '')", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&may, &halted) })
		if key != "" {
			first.queue(b, a.Account, "", key)
		}
	})
	switch {
	case err != nil:
	case !may:
		err = tenant.NotPermitted("trade")
	case halted != "":
		err = haltedClosing(halted)
	}
	return access, first, err
}

// haltedClosing refuses a closing before anything is changed, with the text of
// the trigger that would refuse it.
func haltedClosing(reason string) error {
	message := "Trading on this account is halted"
	if reason = strings.TrimSpace(reason); reason != "" {
		message += ": " + reason
	}
	limit := "halted"
	return verdict{Violations: []Violation{{
		Guard: "switch", Limit: &limit, Message: message + ". Liquidate it with the switch, or have its owner open it again.",
	}}}.problem()
}
