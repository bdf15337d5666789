package trading

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
)

// windDownPoll is the time between two readings of a wind-down's state.
const windDownPoll = 100 * time.Millisecond

// selectWindDownSQL reads a wind-down and the closings that it has made.
const selectWindDownSQL = `select app.wind_down_json(w), w.state, coalesce(w.message, ''),
		(select coalesce(jsonb_agg(jsonb_build_object('symbol', o.symbol, 'status',
				case o.intent_state when 'submitting' then 202 when 'accepted' then 200 else 422 end,
				'body', app.order_json(o)) order by o.created_at), '[]')
			from app.alpaca_orders o where o.account_id = w.account_id and o.wind_down_id = w.id)
	from app.wind_downs w where w.account_id = $1 and w.id = $2`

// windDown is the state of a wind-down.
type windDown struct {
	text    json.RawMessage
	state   string
	message string
	closed  []Closed
}

// awaitWindDown waits a moment for a wind-down to end. It returns nil where
// there is none.
func (s *Service) awaitWindDown(ctx context.Context, a tenant.Admission, id *uuid.UUID) (*windDown, error) {
	if id == nil {
		return nil, nil
	}
	deadline := time.Now().Add(windDownWait)
	for {
		var d windDown
		err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
			b.Queue(selectWindDownSQL, a.Account, *id).QueryRow(func(row pgx.Row) error { return row.Scan(&d.text, &d.state, &d.message, &d.closed) })
		})
		if err != nil || d.state != "running" || time.Now().After(deadline) {
			return &d, err
		}
		select {
		case <-time.After(windDownPoll):
		case <-ctx.Done():
			return &d, ctx.Err()
		}
	}
}

// addSteps adds the steps of a wind-down to the result of the turn.
func (d *windDown) addSteps(t *Turned, w Switch) {
	done, message := true, ""
	var closed []Closed
	if d != nil {
		t.WindDown, t.Running = d.text, d.state == "running"
		done, message, closed = d.state == "done", d.message, d.closed
		if t.Running && message == "" {
			message = "It goes on. GET /api/guards and the account's events say how far it is."
		}
	}
	switch {
	case w.Liquidate:
		t.Steps = append(t.Steps, Step{Name: "liquidate", Done: done, Message: message, Closed: closed})
	case w.CancelOrders || d != nil:
		t.Steps = append(t.Steps, Step{Name: "cancel_orders", Done: done, Message: message, Closed: closed})
	}
	if w.SuspendTrade != nil && d != nil {
		t.Steps = append(t.Steps, Step{Name: "suspend_trade", Done: done, Message: message})
	}
}
