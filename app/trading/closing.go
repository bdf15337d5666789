package trading

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
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

// Closing says how much of a position is to be closed, and for whom. Without a
// quantity and a percentage it is all of it.
type Closing struct {
	Symbol              string  `json:"close" validate:"required,symbol"`
	Qty                 *Amount `json:"qty,omitempty"`
	Percentage          *Amount `json:"percentage,omitempty"`
	CancelOrders        bool    `json:"cancel_orders,omitempty"` // those of the symbol, which may hold its shares, come first
	OrchestratorAgentID string  `json:"orchestrator_agent_id,omitempty" validate:"omitempty,max=128"`
	Tag                 string  `json:"tag,omitempty" validate:"omitempty,max=128"`
}

// Check answers a problem of code invalid_order that names the field.
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

// of is how many are traded to close the position, as far as the asset can be
// divided: an option contract cannot, anything else to nine places.
func (c *Closing) of(p alpaca.Position) (decimal.Decimal, error) {
	held := p.Qty.Abs()
	if c.Qty != nil {
		if c.Qty.GreaterThan(held) {
			return decimal.Zero, problem.New(problem.Unprocessable, "qty_exceeds_position", "The position in %s is %s: no more than that can be closed.", p.Symbol, p.Qty)
		}
		return c.Qty.Decimal, nil
	}
	if c.Percentage == nil {
		return held, nil
	}
	places := int32(9)
	if broker.IsOption(p.Symbol) {
		places = 0
	}
	qty := held.Mul(c.Percentage.Decimal).Shift(-2).Truncate(places)
	if qty.IsZero() {
		return qty, problem.New(problem.Unprocessable, "qty_too_small", "%s%% of the position in %s is less than can be traded.", c.Percentage, p.Symbol)
	}
	return qty, nil
}

// order is the market order that closes it.
func (c *Closing) order(p alpaca.Position) (*OrderRequest, error) {
	qty, err := c.of(p)
	if err != nil {
		return nil, err
	}
	r := &OrderRequest{
		Symbol: p.Symbol, Side: "sell", Type: "market", TimeInForce: "day", Qty: &Amount{Decimal: qty},
		OrchestratorAgentID: c.OrchestratorAgentID, Tag: c.Tag,
	}
	if p.Qty.IsNegative() {
		r.Side = "buy"
	}
	switch {
	case p.AssetClass == alpaca.Crypto:
		r.TimeInForce = "gtc" // there is no day
	case broker.IsOption(p.Symbol):
		r.PositionIntent = r.Side + "_to_close"
	}
	return r, nil
}

// Close closes a position, or a part of it, by a market order of ours: it is
// sent once, guarded and recorded like any other, and answered like one. The
// broker says what is held, so that a position can be closed that the mirror
// has not heard of.
//
// It ends with position_not_found, qty_exceeds_position, qty_too_small,
// orders_not_canceled, or as Place does.
func (s *Service) Close(ctx context.Context, a tenant.Admission, key string, c Closing) (Placed, error) {
	if err := c.Check(); err != nil {
		return Placed{}, err
	}
	client, first, err := s.mayClose(ctx, a, key)
	if err != nil {
		return Placed{}, err
	}
	if first.id != uuid.Nil && first.state != "unsent" { // what was held then has changed since
		retry, err := first.again(c.sum(nil))
		return retry.Placed, err
	}
	positions, err := s.readPositions(ctx, a, client.client)
	if err != nil {
		return Placed{}, s.refused(ctx, a, client.opened, err)
	}
	at := slices.IndexFunc(positions.Value, func(p alpaca.Position) bool { return named(p.Symbol, c.Symbol) })
	if at < 0 {
		return Placed{}, problem.New(problem.NotFound, "position_not_found", "This account holds no position in %s. See GET /api/positions.", c.Symbol)
	}
	if c.CancelOrders {
		if err := s.clear(ctx, a, client, positions.Value[at].Symbol); err != nil {
			return Placed{}, err
		}
	}
	placed, err := s.closePosition(ctx, a, key, c, positions.Value[at])
	if problem.Is(err, "guard_refused") {
		// An order that is over by now, and of which no stream has told yet, must
		// not keep a position from being closed.
		if err := s.refreshClosers(ctx, a, client, positions.Value[at]); err != nil {
			return Placed{}, err
		}
		placed, err = s.closePosition(ctx, a, key, c, positions.Value[at])
	}
	return placed, err
}

// refreshClosers records how the orders stand at the broker that are open here
// and close this position already.
func (s *Service) refreshClosers(ctx context.Context, a tenant.Admission, o opening, p alpaca.Position) error {
	opens := "buy"
	if p.Qty.IsNegative() {
		opens = "sell"
	}
	var ids []string
	err := s.db.Do(ctx, a, func(b *tenant.Batch) {
		b.Queue("select alpaca_order_id::text from app.opposing_orders($1, $2, $3)", a.Account, p.Symbol, opens).Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	if err != nil {
		return err
	}
	return s.recordAsTheyStand(ctx, a, o, ids)
}

// named tells whether a symbol means a position: Alpaca spells a pair of
// currencies with a slash in orders, and without one in positions.
func named(held, asked string) bool {
	return strings.ReplaceAll(held, "/", "") == strings.ReplaceAll(asked, "/", "")
}

// closePosition sends the order that closes a position.
func (s *Service) closePosition(ctx context.Context, a tenant.Admission, key string, c Closing, p alpaca.Position) (Placed, error) {
	order, err := c.order(p)
	if err != nil {
		return Placed{}, err
	}
	var request []byte
	sum := c.sum(&request)
	return s.submit(ctx, a, submission{
		key: key, request: request, sum: sum,
		insert: func(b *tenant.Batch, id uuid.UUID, clientOrderID string, f facts) *pgx.QueuedQuery {
			return order.queueIntent(b, a.Account, id, clientOrderID, key, request, sum, f)
		},
		send: func(ctx context.Context, client *broker.Client, clientOrderID string) (broker.OrderAnswer, error) {
			sent := order.forBroker()
			sent.ClientOrderID = clientOrderID
			return client.PlaceOrder(ctx, sent)
		},
	})
}

// sum is what a retry is told by: what was asked for, not what was held then.
func (c *Closing) sum(text *[]byte) []byte {
	request, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and decimals always marshal
	}
	if text != nil {
		*text = request
	}
	hash := sha256.Sum256(request)
	return hash[:]
}

// Closed is what became of one position.
type Closed struct {
	Symbol string          `json:"symbol"`
	Status int             `json:"status"` // as HTTP has it
	Body   json.RawMessage `json:"body"`   // the order, or the problem
	Err    error           `json:"-"`
}

// CloseAll closes every position, with the same care as Close, some at a time.
// With CancelOrders all open orders are canceled before. It answers what became
// of each; key names the whole, and each of its orders by its symbol. It ends
// with orders_not_canceled, or a problem of the admission.
func (s *Service) CloseAll(ctx context.Context, a tenant.Admission, key string, c Closing) ([]Closed, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := validate.StructExcept(&c, "Symbol"); err != nil {
		return nil, explainField(err)
	}
	client, _, err := s.mayClose(ctx, a, "")
	if err != nil {
		return nil, err
	}
	if c.CancelOrders {
		if err := s.clear(ctx, a, client, ""); err != nil {
			return nil, err
		}
	}
	positions, err := s.readPositions(ctx, a, client.client)
	if err != nil {
		return nil, s.refused(ctx, a, client.opened, err)
	}
	closed := make([]Closed, len(positions.Value))
	var group errgroup.Group
	group.SetLimit(4)
	for i, p := range positions.Value {
		group.Go(func() error {
			of, own := c, key
			of.Symbol = p.Symbol
			if key != "" {
				own = key + " " + p.Symbol
			}
			placed, err := s.closePosition(ctx, a, own, of, p)
			closed[i] = Closed{Symbol: p.Symbol, Status: 200, Body: placed.Order, Err: err}
			if err == nil && !placed.Known {
				closed[i].Status = 202
			}
			return nil
		})
	}
	return closed, group.Wait()
}

// opening is a client, with what it was opened by.
type opening struct {
	client *broker.Client
	opened accounts.Opened
}

// mayClose opens the broker to whoever may trade, and finds what the key was
// first sent with.
func (s *Service) mayClose(ctx context.Context, a tenant.Admission, key string) (o opening, first foundIntent, err error) {
	if err := checkKey(key); err != nil {
		return o, first, err
	}
	may := false
	o.client, o.opened, err = s.open(ctx, a, s.db.Do, func(b *tenant.Batch) {
		b.Queue("select private.may('trade')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		if key != "" {
			first.queue(b, a.Account, "", key)
		}
	})
	if err == nil && !may {
		err = notPermitted("trade")
	}
	return o, first, err
}

// clearTime bounds how long canceled orders may take to be over.
const clearTime = 10 * time.Second

// clear cancels the open orders of a symbol, or with "" all of them, and waits
// until they are over: until then they hold what is to be sold. It ends with
// orders_not_canceled.
func (s *Service) clear(ctx context.Context, a tenant.Admission, o opening, symbol string) error {
	ctx, cancel := context.WithTimeout(ctx, clearTime)
	defer cancel()
	asked := map[string]bool{}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		open, err := o.client.Orders(ctx, alpaca.GetOrdersRequest{Status: "open", Limit: 500})
		if err != nil {
			return s.refused(ctx, a, o.opened, err)
		}
		left := slices.DeleteFunc(open.Value, func(order alpaca.Order) bool { return symbol != "" && !named(order.Symbol, symbol) })
		if len(left) == 0 {
			return s.recordAsTheyStand(ctx, a, o, slices.Collect(maps.Keys(asked)))
		}
		for _, order := range left {
			if asked[order.ID] {
				continue
			}
			asked[order.ID] = true
			var refusal *broker.Error
			// One that is over by now needs no cancelation.
			if err := o.client.CancelOrder(ctx, order.ID); err != nil && !(errors.As(err, &refusal) && (refusal.Kind == broker.Invalid || refusal.Kind == broker.NotFound)) {
				return s.refused(ctx, a, o.opened, err)
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			p := problem.New(problem.Unavailable, "orders_not_canceled", "Some open orders are not over yet, so nothing was closed. See GET /api/orders?status=open, and try again.")
			p.RetryAfter = 5 * time.Second
			return p
		}
	}
}

// recordAsTheyStand records how orders stand at the broker, without waiting for
// the stream to tell: until the mirror knows that they are over, they hold what
// is to be sold for the guards as well.
func (s *Service) recordAsTheyStand(ctx context.Context, a tenant.Admission, o opening, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	newest, err := o.client.Orders(ctx, alpaca.GetOrdersRequest{Status: "all", Limit: 500, Direction: "desc"})
	if err != nil {
		return s.refused(ctx, a, o.opened, err)
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(newest.Raw, &raws); err != nil || len(raws) != len(newest.Value) {
		return fmt.Errorf("read the broker's list of orders: %w", err)
	}
	said := map[string]json.RawMessage{}
	for i, order := range newest.Value {
		said[order.ID] = raws[i]
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
	return s.db.Write(ctx, a, func(b *tenant.Batch) {
		for _, id := range ids {
			b.Queue(recordPlaced, a.Account, []byte(said[id]), "")
		}
	})
}
