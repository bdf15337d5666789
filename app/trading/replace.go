package trading

import (
	"context"
	"encoding/json"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Replacement is a client's change of an open order, with Alpaca's names. A
// field that is left out does not change.
type Replacement struct {
	Qty           *Amount       `json:"qty,omitempty"`
	Notional      *Amount       `json:"notional,omitempty"` // for an indication of interest in an IPO
	TimeInForce   string        `json:"time_in_force,omitempty" validate:"omitempty,oneof=day gtc opg cls ioc fok"`
	LimitPrice    *Amount       `json:"limit_price,omitempty"`
	StopPrice     *Amount       `json:"stop_price,omitempty"`
	Trail         *Amount       `json:"trail,omitempty"` // trail_price or trail_percent, as the order has it
	Instructions  *Instructions `json:"advanced_instructions,omitempty"`
	ClientOrderID string        `json:"client_order_id,omitempty" validate:"omitempty,max=128,printascii"`
	// Where these are left out, the old order's are kept.
	OrchestratorAgentID string `json:"orchestrator_agent_id,omitempty" validate:"omitempty,max=128"`
	Tag                 string `json:"tag,omitempty" validate:"omitempty,max=128"`
	Reason              string `json:"reason,omitempty" validate:"omitempty,max=500"` // why it is changed
}

// Check returns a problem of code invalid_order that names the field.
func (r *Replacement) Check() error {
	if err := validate.Struct(r); err != nil {
		return explainField(err)
	}
	if err := checkTexts(r.Tag, r.OrchestratorAgentID, r.Reason); err != nil {
		return err
	}
	for _, f := range []field{{"qty", r.Qty}, {"notional", r.Notional}, {"stop_price", r.StopPrice}, {"trail", r.Trail}} {
		if err := f.amount.check(f.field); err != nil {
			return err
		}
	}
	if err := r.LimitPrice.CheckSize("limit_price"); err != nil { // a multi-leg order's may be a credit
		return err
	}
	if err := r.Instructions.check(); err != nil {
		return err
	}
	switch {
	case r.Qty != nil && r.Notional != nil:
		return invalidOrder(`Give either "qty" or "notional", and not both.`)
	case r.Qty == nil && r.Notional == nil && r.TimeInForce == "" && r.LimitPrice == nil && r.StopPrice == nil && r.Trail == nil && r.Instructions == nil:
		return invalidOrder(`Say what to change: "qty", "notional", "time_in_force", "limit_price", "stop_price", "trail" or "advanced_instructions".`)
	}
	return nil
}

// Replace asks the broker once for another order in place of an open one, and
// returns the new order. It is an intent like any other: a retry sends nothing,
// a lost answer is looked up, and the guards check what the order would become.
// The broker may still reject the new order after it was accepted; then the old
// one remains.
//
// It ends with order_not_found, order_not_replaceable, or as Place does.
func (s *Service) Replace(ctx context.Context, a tenant.Admission, id uuid.UUID, key string, r Replacement) (Placed, error) {
	if err := r.Check(); err != nil {
		return Placed{}, err
	}
	began := tenant.Age(time.Now())
	old, err := s.replaceable(ctx, a, id)
	if err != nil {
		return Placed{}, err
	}
	p, err := prepare(key, r.ClientOrderID, struct {
		Replaces uuid.UUID `json:"replaces"`
		*Replacement
	}{*old.AlpacaID, &r}, began)
	if err != nil {
		return Placed{}, err
	}
	return s.submit(ctx, a, p, &replacement{Replacement: r, old: old})
}

// replaceable returns the order that is to be replaced.
func (s *Service) replaceable(ctx context.Context, a tenant.Admission, id uuid.UUID) (found, error) {
	var f found
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) { queueFind(b, &f, orderByIDSQL, a.Account, id) })
	if err == nil && f.AlpacaID == nil {
		err = problem.New(problem.OrderNotReplaceable, "This order is not at the broker: its state is %q.", f.State)
	}
	return f, err
}

// replacement is a Replacement together with the order that it replaces.
type replacement struct {
	Replacement
	old found
}

// becomes returns the order that the old one becomes. Its exits are left out.
func (r *replacement) becomes() (*OrderRequest, error) {
	var order OrderRequest
	if err := json.Unmarshal(r.old.order, &order); err != nil {
		return nil, err
	}
	order.OrderClass, order.ClientOrderID = "", ""
	set := func(field **Amount, to *Amount) {
		if to != nil {
			*field = to
		}
	}
	set(&order.Qty, r.Qty)
	set(&order.Notional, r.Notional)
	set(&order.LimitPrice, r.LimitPrice)
	set(&order.StopPrice, r.StopPrice)
	if order.TrailPrice != nil {
		set(&order.TrailPrice, r.Trail)
	} else if order.TrailPercent != nil {
		set(&order.TrailPercent, r.Trail)
	}
	if r.TimeInForce != "" {
		order.TimeInForce = r.TimeInForce
	}
	return &order, nil
}

// The intent is the new order: the old one with the changes, in its place, as a
// leg too.
const insertReplacementSQL = `with made as (
	insert into app.alpaca_orders as o (account_id, client_order_id, idempotency_key, id, request_hash, request, submitted_by,
		orchestrator_agent_id, tag, reason, action, replaces, parent_alpaca_order_id, symbol, side, type, time_in_force, order_class,
		position_intent, qty, notional, limit_price, stop_price, trail_price, trail_percent, extended_hours, reference_prices, reduce_only, requested_at)
	select $1, app.client_order_id_for_key($1, $3, $2), nullif($3, ''), $4, $5, $6, private.user_id(), coalesce(nullif($7, ''), old.orchestrator_agent_id),
		coalesce(nullif($8, ''), old.tag), nullif($18, ''), 'replace', old.alpaca_order_id, old.parent_alpaca_order_id, old.symbol, old.side, old.type,
		coalesce(nullif($9, ''), old.time_in_force), old.order_class, old.position_intent, case when $16::numeric is null then coalesce($10, old.qty) end,
		coalesce($16, case when $10::numeric is null then old.notional end), coalesce($11, old.limit_price),
		coalesce($12, old.stop_price), case when old.trail_price is not null then coalesce($13, old.trail_price) end,
		case when old.trail_percent is not null then coalesce($13, old.trail_percent) end, old.extended_hours, $14, old.reduce_only, now() - $17::interval
	from app.alpaca_orders old
	where old.account_id = $1 and old.id = $15 and old.alpaca_order_id is not null
		and private.has_working_keys()` + resendUnsentSQL

func (r *replacement) intentSQL(prices []byte, began tenant.Age) (sql string, parameters []any) {
	return insertReplacementSQL, []any{r.OrchestratorAgentID, r.Tag, r.TimeInForce, r.Qty, r.LimitPrice, r.StopPrice, r.Trail, prices,
		r.old.ID, r.Notional, began, r.Reason}
}

func (r *replacement) symbol() string { return r.old.Symbol }

// send replaces the order at the broker, and then reads the one that was
// replaced.
func (r *replacement) send(ctx context.Context, c *broker.Client, clientOrderID string) (answer sent, err error) {
	if answer.order, err = c.WithFields(r.fields()).ReplaceOrder(ctx, r.old.AlpacaID.String(), r.forBroker(clientOrderID)); err == nil {
		answer.replaced, _ = c.Order(ctx, r.old.AlpacaID.String()) // the stream sends it too
	}
	return answer, err
}

func (r *Replacement) forBroker(clientOrderID string) alpaca.ReplaceOrderRequest {
	return alpaca.ReplaceOrderRequest{
		Qty: r.Qty.decimal(), LimitPrice: r.LimitPrice.decimal(), StopPrice: r.StopPrice.decimal(), Trail: r.Trail.decimal(),
		TimeInForce: alpaca.TimeInForce(r.TimeInForce), ClientOrderID: clientOrderID,
	}
}

// fields returns what the SDK's request lacks.
func (r *Replacement) fields() broker.Fields {
	fields := r.Instructions.fields()
	if r.Notional != nil {
		if fields == nil {
			fields = broker.Fields{}
		}
		fields["notional"] = r.Notional
	}
	return fields
}
