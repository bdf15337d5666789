package trading

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Placed is the result of sending an order: the order as it is in Postgres, and
// whether the broker's answer is known.
type Placed struct {
	Order json.RawMessage
	Known bool
}

// The intent is committed before the broker is called. It is made only for an
// account with keys, and not where the client_order_id or key is taken: then
// the second statement finds the first order. An intent that never reached the
// broker is sent again by its retry.
const (
	insertIntentSQL = `with made as (
		insert into app.alpaca_orders as o (account_id, client_order_id, idempotency_key, id, request_hash, request, submitted_by,
			orchestrator_agent_id, tag, symbol, side, type, time_in_force, order_class, position_intent, qty, notional, limit_price,
			stop_price, trail_price, trail_percent, extended_hours, reference_prices, reduce_only, requested_at)
		select $1, app.client_order_id_for_key($1, $3, $2), nullif($3, ''), $4, $5, $6, private.user_id(), nullif($7, ''), nullif($8, ''), app.order_symbol(nullif($9, '')),
			nullif($10, ''), $11, $12, $13, nullif($14, ''), $15, $16, $17, $18, $19, $20, $21, $22, $23, now() - $24::interval
		where exists (select from private.credentials_metadata() where rejected_at is null)` + resendUnsentSQL
	recordPlacedSQL = `with r as (select * from app.record_order($1, $2, $3)), said as (
		select private.append_event('order', app.order_event('accepted', r.recorded), null) from r where r.changed)
		select app.order_json(r.recorded), (select count(*) from said) from r`
	recordRefusedSQL = `select app.record_refusal($1, $2, $6, $3, $4, $5, $7)`
	acceptedOrderSQL = `select app.order_json(o) from app.alpaca_orders o where account_id = $1 and id = $2 and intent_state = 'accepted'`
)

// Place sends an order to the broker, once. A retry with the same
// client_order_id or idempotency key, and the same body, returns the result of
// the first request and sends nothing, unless the first never reached the
// broker. With another body it ends with client_order_id_taken or
// idempotency_key_reused. When the broker's answer is lost, Place returns the
// order with Known false: it is looked up at the broker until its outcome is
// known, and never sent again. key is "" for none.
//
// It ends with invalid_order, invalid_idempotency_key, client_order_id_taken,
// idempotency_key_reused, order_unknown or order_dismissed (at a retry),
// guard_refused, account_not_synced, price_unknown, order_rejected (with the
// broker's words), needs_credentials, broker_rate_limited or broker_unavailable
// (surely not placed), or a problem of the admission.
func (s *Service) Place(ctx context.Context, a tenant.Admission, key string, r OrderRequest) (Placed, error) {
	if err := r.Check(); err != nil {
		return Placed{}, err
	}
	request, sum := r.text()
	began := begin()
	return s.submit(ctx, a, submission{
		key: key, clientOrderID: r.ClientOrderID, request: request, hash: sum,
		insert: func(b *tenant.Batch, id uuid.UUID, clientOrderID string, f guardInputs) *pgx.QueuedQuery {
			return r.queueIntent(b, a.Account, id, clientOrderID, key, request, sum, f, began)
		},
		send: func(ctx context.Context, c *broker.Client, clientOrderID string) (broker.OrderAnswer, error) {
			sent := r.forBroker()
			sent.ClientOrderID = clientOrderID
			return c.WithFields(r.Instructions.fields()).PlaceOrder(ctx, sent)
		},
	})
}

func (r *OrderRequest) queueIntent(b *tenant.Batch, account, id uuid.UUID, clientOrderID, key string, request, sum []byte, f guardInputs, began age) *pgx.QueuedQuery {
	return b.Queue(insertIntentSQL, account, clientOrderID, key, id, sum, request, r.OrchestratorAgentID, r.Tag, r.Symbol, r.Side, r.Type,
		r.TimeInForce, r.OrderClass, r.PositionIntent, r.Qty, r.Notional, r.LimitPrice, r.StopPrice, r.TrailPrice, r.TrailPercent, r.ExtendedHours, f.prices(),
		r.reduceOnly, began)
}

// rejected is the problem of an order that the broker refused, the first time
// and at each retry.
func rejected(said problem.Broker) *problem.Problem {
	p := problem.New(problem.OrderRejected, "%s", sentence("Alpaca refused the order", said.Message))
	p.Broker = &said
	return p
}

func (s *Service) recordPlaced(ctx context.Context, a tenant.Admission, intent Placed, answer broker.OrderAnswer) (Placed, error) {
	var order json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(recordPlacedSQL, a.Account, []byte(answer.Raw), answer.RequestID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&order, nil) })
	})
	if err != nil {
		// The order is placed and its intent is committed: it will be found at
		// the broker by its client_order_id.
		s.log.ErrorContext(ctx, "an order was placed and could not be recorded; it will be looked up", "account", a.Account, "err", err)
		return intent, nil
	}
	return Placed{Order: order, Known: true}, nil
}

// sentence appends the broker's words to ours; it may have given none.
func sentence(ours, theirs string) string {
	if theirs == "" {
		return ours + " without a reason."
	}
	return ours + ": " + theirs
}

// recordRefused records that the order was surely not placed, and why: the
// broker refused it, or it never arrived, and then its retry may be sent. An
// order that is at the broker by now, because a wind-down has sent this closing
// again, is returned: only its first sending was refused.
func (s *Service) recordRefused(ctx context.Context, a tenant.Admission, id uuid.UUID, opened accounts.Opened, refusal *broker.Error) (Placed, error) {
	p := problem.Of(s.refused(ctx, a, opened, refusal))
	state := "unsent"
	if p.Kind() == problem.KindUnprocessable || p.Kind() == problem.KindNotFound {
		state = "rejected"
		p = rejected(problem.Broker{Code: refusal.Code, Message: refusal.Message, RequestID: refusal.RequestID, More: refusal.More}).Because(refusal)
	}
	reason := refusal.Message
	if state == "unsent" {
		reason = p.Message
	}
	var existing found
	var accepted json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(recordRefusedSQL, a.Account, id, reason, refusal.Code, refusal.RequestID, state, refusal.MoreJSON())
		b.Queue(acceptedOrderSQL, a.Account, id).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&accepted); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
		if other, err := uuid.Parse(refusal.ExistingOrderID); err == nil {
			queueFind(b, &existing, orderByIDSQL, a.Account, other)
		}
	})
	if refusal.ExistingOrderID != "" {
		p = collided(p, refusal.ExistingOrderID, existing.order)
	}
	if problem.Is(err, problem.OrderNotFound) {
		err = nil
	}
	if err != nil {
		s.log.ErrorContext(ctx, "a refused order could not be recorded; it will be looked up", "account", a.Account, "order", id, "err", err)
	}
	if accepted != nil {
		return Placed{Order: accepted, Known: true}, nil
	}
	return Placed{}, p
}

// collided adds the order with which this one would have traded.
func collided(p *problem.Problem, id string, order json.RawMessage) *problem.Problem {
	collisions := []json.RawMessage{}
	if len(order) > 0 { // an order placed elsewhere just now is not known here yet
		collisions = append(collisions, order)
	}
	p.Details = map[string]any{"existing_order_id": id, "collisions": collisions}
	p.Message = strings.TrimSuffix(p.Message, ".") + ". It would trade with your own order " + id + ": cancel that one first, or let one bracket or oco order do both."
	return p
}
