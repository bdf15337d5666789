package trading

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"paddock/app/accounts"
	"paddock/app/broker"
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
		OrchestratorAgentID: c.OrchestratorAgentID, Tag: c.Tag, reduceOnly: true,
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
	began := begin()
	o, first, err := s.openForClosing(ctx, a, key)
	if first.id != uuid.Nil && first.state != "unsent" { // a retry: what is held has changed since
		retry, err := first.retryResult(c.requestHash(nil))
		return retry.Placed, err
	}
	var placed Placed
	if err == nil {
		placed, err = s.closeOnce(ctx, a, key, c, o, began)
	}
	if err != nil {
		return s.refuseRequest(ctx, a, key, "", c.requestHash(nil), err)
	}
	return placed, nil
}

// closeOnce is Close without the check for a retry.
func (s *Service) closeOnce(ctx context.Context, a tenant.Admission, key string, c Closing, o access, began age) (Placed, error) {
	held, err := s.position(ctx, a, o, c.Symbol)
	if err != nil {
		return Placed{}, err
	}
	whole, err := s.wholeUnits(ctx, a, o, c, held)
	if err != nil {
		return Placed{}, err
	}
	qty, err := c.quantity(held, whole)
	if err != nil {
		return Placed{}, err
	}
	left := held.Qty.Abs().Sub(qty) // what will be held in the end
	if c.CancelOrders {
		ctx = context.WithoutCancel(ctx)
		if err := s.cancelAndWait(ctx, a, o, held.Symbol); err != nil {
			return Placed{}, err
		}
		if held, qty, err = s.rereadPosition(ctx, a, o, held, left); err != nil {
			return Placed{}, err
		}
	}
	return s.closeHeld(ctx, a, key, c, o, held, qty, began)
}

// closeHeld closes qty of a position. An order that is over, but open in the
// mirror because no stream has sent it, must not keep a position from being
// closed. So where the guards refuse, it reads the orders that already close
// the position from the broker, then the position, and tries once more.
func (s *Service) closeHeld(ctx context.Context, a tenant.Admission, key string, c Closing, o access, held alpaca.Position, qty decimal.Decimal, began age) (Placed, error) {
	placed, err := s.closePosition(ctx, a, key, c, held, qty, began, true)
	if !problem.Is(err, problem.GuardRefused) {
		return placed, err
	}
	if err := s.refreshClosers(ctx, a, o, held); err != nil {
		return Placed{}, err
	}
	held, qty, err = s.rereadPosition(ctx, a, o, held, held.Qty.Abs().Sub(qty))
	if err != nil {
		return Placed{}, err
	}
	return s.closePosition(ctx, a, key, c, held, qty, began, false)
}

// position returns the broker's position in a symbol, or position_not_found.
func (s *Service) position(ctx context.Context, a tenant.Admission, o access, symbol string) (alpaca.Position, error) {
	positions, err := s.readPositions(ctx, a, o.client)
	if err != nil {
		return alpaca.Position{}, s.refused(ctx, a, o.opened, err)
	}
	at := slices.IndexFunc(positions.Value, func(p alpaca.Position) bool { return sameSymbol(p.Symbol, symbol) })
	if at < 0 {
		return alpaca.Position{}, problem.New(problem.PositionNotFound, "This account holds no position in %s. See GET /api/positions.", symbol)
	}
	return positions.Value[at], nil
}

// rereadPosition reads a position again and returns how much of it to close so
// that left remains. It ends with position_not_found where orders have closed
// as much meanwhile.
func (s *Service) rereadPosition(ctx context.Context, a tenant.Admission, o access, before alpaca.Position, left decimal.Decimal) (alpaca.Position, decimal.Decimal, error) {
	now, err := s.position(ctx, a, o, before.Symbol)
	if err != nil && !problem.Is(err, problem.PositionNotFound) {
		return now, decimal.Zero, err
	}
	qty := now.Qty.Abs().Sub(left)
	if err != nil || now.Qty.Sign() != before.Qty.Sign() || !qty.IsPositive() {
		return now, decimal.Zero, problem.New(problem.PositionNotFound,
			"The position in %s was closed by its own orders meanwhile: nothing was left to close. See GET /api/orders.", before.Symbol)
	}
	return now, qty, nil
}

// wholeUnits reports whether a percentage of a position is rounded down to
// whole units.
func (s *Service) wholeUnits(ctx context.Context, a tenant.Admission, o access, c Closing, p alpaca.Position) (bool, error) {
	switch {
	case c.Percentage == nil || p.AssetClass == alpaca.Crypto:
		return false, nil
	case broker.IsOption(p.Symbol) || p.Qty.IsNegative():
		return true, nil
	}
	asset, err := o.client.Asset(ctx, p.Symbol)
	switch {
	case isNotFound(err):
		return true, nil // unknown to Alpaca: do not divide it
	case err != nil:
		return false, s.refused(ctx, a, o.opened, err)
	}
	return !asset.Value.Fractionable, nil
}

// refreshClosers records the broker's state of the orders that are open here
// and already close this position.
func (s *Service) refreshClosers(ctx context.Context, a tenant.Admission, o access, p alpaca.Position) error {
	opens := "buy"
	if p.Qty.IsNegative() {
		opens = "sell"
	}
	var ids []string
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select alpaca_order_id::text from app.opposing_orders($1, $2, $3)", a.Account, p.Symbol, opens).Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	if err != nil {
		return err
	}
	return s.recordCurrent(ctx, a, o, ids)
}

// sameSymbol reports whether a symbol names a position: Alpaca writes a pair of
// currencies with a slash in orders, and without one in positions.
func sameSymbol(held, asked string) bool {
	return broker.PositionSymbol(held) == broker.PositionSymbol(asked)
}

// closePosition sends the order that closes qty of a position. With try, a
// refusal by the guards makes no event, because the order is tried again.
func (s *Service) closePosition(ctx context.Context, a tenant.Admission, key string, c Closing, p alpaca.Position, qty decimal.Decimal, began age, try bool) (Placed, error) {
	order := c.order(p, qty)
	var request []byte
	sum := c.requestHash(&request)
	return s.submit(ctx, a, submission{
		key: key, request: request, hash: sum, try: try,
		insert: func(b *tenant.Batch, id uuid.UUID, clientOrderID string, f guardInputs) *pgx.QueuedQuery {
			return order.queueIntent(b, a.Account, id, clientOrderID, key, request, sum, f, began)
		},
		send: func(ctx context.Context, client *broker.Client, clientOrderID string) (broker.OrderAnswer, error) {
			sent := order.forBroker()
			sent.ClientOrderID = clientOrderID
			return client.PlaceOrder(ctx, sent)
		},
	})
}

// requestHash identifies a retry: it covers what was asked for, and not what
// was held then.
func (c *Closing) requestHash(text *[]byte) []byte {
	request, err := json.Marshal(c)
	if err != nil {
		panic(err) // cannot happen: strings and decimals always marshal
	}
	if text != nil {
		*text = request
	}
	hash := sha256.Sum256(request)
	return hash[:]
}

// Closed is the result for one position.
type Closed struct {
	Symbol string          `json:"symbol"`
	Status int             `json:"status"` // HTTP status
	Body   json.RawMessage `json:"body"`   // the order, or the problem
	Err    error           `json:"-"`
}

// CloseAll closes every position as Close does, some at a time. With
// CancelOrders it first cancels all open orders. It returns the result for each
// position. A retry with the same key sends and cancels nothing: it returns
// kept, the response to the first request once KeepAnswer has stored it, and
// until then the orders that the first has made.
//
// It ends with orders_not_canceled, request_under_way, idempotency_key_reused,
// or a problem of the admission; then nothing is stored, and the retry tries
// again.
func (s *Service) CloseAll(ctx context.Context, a tenant.Admission, key string, c Closing) (closed []Closed, kept json.RawMessage, err error) {
	if err := checkKey(key); err != nil {
		return nil, nil, err
	}
	if err := validate.StructExcept(&c, "Symbol"); err != nil {
		return nil, nil, explainField(err)
	}
	o, _, err := s.openForClosing(ctx, a, "")
	if key != "" && (err == nil || problem.Is(err, problem.GuardRefused)) { // a retry gets its answer, whatever the switch is by now
		var kept json.RawMessage
		if kept, err = s.firstAnswer(ctx, a, key, c.requestHash(nil), err); err != nil || kept != nil {
			return nil, kept, err
		}
		c.CloseAll = key
		defer func() {
			if err != nil {
				s.forgetAnswer(ctx, a, key)
			}
		}()
	}
	if err != nil {
		return nil, nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if c.CancelOrders {
		if err := s.cancelAndWait(ctx, a, o, ""); err != nil {
			return nil, nil, err
		}
	}
	positions, err := s.readPositions(ctx, a, o.client)
	if err != nil {
		return nil, nil, s.refused(ctx, a, o.opened, err)
	}
	closed = make([]Closed, len(positions.Value))
	var group errgroup.Group
	group.SetLimit(4)
	for i, p := range positions.Value {
		group.Go(func() error {
			of := c
			of.Symbol = p.Symbol
			placed, err := s.closeHeld(ctx, a, "", of, o, p, p.Qty.Abs(), begin())
			closed[i] = Closed{Symbol: p.Symbol, Status: 200, Body: placed.Order, Err: err}
			if err == nil && !placed.Known {
				closed[i].Status = 202
			}
			return nil
		})
	}
	return closed, nil, group.Wait()
}

// access is a client of the broker with the credentials that it uses.
type access struct {
	client *broker.Client
	opened accounts.Opened
}

// openForClosing opens the broker for somebody who may trade on an account that
// is not halted, and finds the first order with this key.
func (s *Service) openForClosing(ctx context.Context, a tenant.Admission, key string) (o access, first foundIntent, err error) {
	if err := checkKey(key); err != nil {
		return o, first, err
	}
	may, halted := false, ""
	o.client, o.opened, err = s.open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('trade'), coalesce(app.halt_reason($1), '')", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&may, &halted) })
		if key != "" {
			first.queue(b, a.Account, "", key)
		}
	})
	switch {
	case err != nil:
	case !may:
		err = notPermitted("trade")
	case halted != "":
		err = haltedClosing(halted)
	}
	return o, first, err
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

// cancelTimeout bounds how long canceled orders may take to be over.
const cancelTimeout = 10 * time.Second

// cancelAndWait cancels the open orders of a symbol, or with "" all of them,
// and waits until they are over, because until then they hold what is to be
// sold. It ends with orders_not_canceled.
func (s *Service) cancelAndWait(ctx context.Context, a tenant.Admission, o access, symbol string) error {
	ctx, cancel := context.WithTimeout(ctx, cancelTimeout)
	defer cancel()
	asked := map[string]bool{}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		open, err := o.client.Orders(ctx, alpaca.GetOrdersRequest{Status: "open", Limit: 500})
		if err != nil {
			return s.refused(ctx, a, o.opened, err)
		}
		left := slices.DeleteFunc(open.Value, func(order alpaca.Order) bool { return symbol != "" && !trades(order, symbol) })
		if len(left) == 0 {
			return s.recordCurrent(ctx, a, o, slices.Collect(maps.Keys(asked)))
		}
		if symbol == "" && len(asked) == 0 {
			if err := o.client.CancelAllOrders(ctx); err != nil {
				return s.refused(ctx, a, o.opened, err)
			}
			for _, order := range left {
				asked[order.ID] = true
			}
		}
		for _, order := range left {
			if asked[order.ID] {
				continue
			}
			asked[order.ID] = true
			var refusal *broker.Error
			// An order that is over by now needs no cancellation.
			if err := o.client.CancelOrder(ctx, order.ID); err != nil && !(errors.As(err, &refusal) && (refusal.Kind == broker.Invalid || refusal.Kind == broker.NotFound)) {
				return s.refused(ctx, a, o.opened, err)
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			p := problem.New(problem.OrdersNotCanceled, "Some open orders are not over yet, so nothing was closed. See GET /api/orders?status=open, and try again.")
			p.RetryAfter = 5 * time.Second
			return p
		}
	}
}

// trades reports whether an order trades a symbol, by a leg too.
func trades(order alpaca.Order, symbol string) bool {
	return sameSymbol(order.Symbol, symbol) || slices.ContainsFunc(order.Legs, func(leg alpaca.Order) bool { return sameSymbol(leg.Symbol, symbol) })
}

// recordKnownSQL records the state of an order that is known here, without its
// legs.
const recordKnownSQL = `select app.record_order($1, $2::jsonb - 'legs', '') from app.alpaca_orders
	where account_id = $1 and alpaca_order_id = ($2::jsonb->>'id')::uuid`

// recordCurrent records the broker's state of orders without waiting for the
// stream: until the mirror knows that they are over, they hold what is to be
// sold for the guards too. An order that is not known here holds nothing. The
// stream's holder records it, because it was placed elsewhere, or is a leg of
// an order whose answer was lost.
func (s *Service) recordCurrent(ctx context.Context, a tenant.Admission, o access, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	newest, err := o.client.Orders(ctx, alpaca.GetOrdersRequest{Status: "all", Limit: 500, Direction: "desc"})
	if err != nil {
		return s.refused(ctx, a, o.opened, err)
	}
	said := map[string]json.RawMessage{}
	for i, order := range newest.Value {
		said[order.ID] = newest.Items[i]
	}
	for _, id := range ids {
		if said[id] != nil {
			continue
		}
		answer, err := o.client.Order(ctx, id)
		if err != nil {
			return s.refused(ctx, a, o.opened, err)
		}
		said[id] = answer.Raw
	}
	return s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		for _, id := range ids {
			b.Queue(recordKnownSQL, a.Account, string(said[id]))
		}
	})
}
