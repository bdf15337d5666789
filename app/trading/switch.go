package trading

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/passthrough"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Switch is a turn of the account's switch, and what else is to happen with it.
type Switch struct {
	To           string `json:"switch" validate:"required,oneof=open reduce_only halted"`
	Reason       string `json:"reason" validate:"max=500"`
	CancelOrders bool   `json:"cancel_orders"` // cancel all open orders
	Liquidate    bool   `json:"liquidate"`     // cancel all orders and close all positions
	// SuspendTrade sets Alpaca's own suspend_trade, which stops other programs
	// with these keys too; nil leaves it as it is.
	SuspendTrade *bool `json:"suspend_trade"`
}

// Check returns a problem of code invalid_switch.
func (w *Switch) Check() error {
	if err := validate.Struct(w); err != nil {
		return problem.New(problem.InvalidSwitch, "%s", problem.Of(explainField(err)).Message)
	}
	switch {
	case !utf8.ValidString(w.Reason) || strings.ContainsRune(w.Reason, 0):
		return problem.New(problem.InvalidSwitch, `"reason" must be plain text.`)
	case w.To == "open" && (w.CancelOrders || w.Liquidate):
		return problem.New(problem.InvalidSwitch, `"cancel_orders" and "liquidate" go with reduce_only or halted.`)
	}
	return nil
}

// Turned is the result of a turn, step by step.
type Turned struct {
	Guards   json.RawMessage `json:"guards"`
	Steps    []Step          `json:"steps"`
	WindDown json.RawMessage `json:"wind_down"` // what goes on after the response; null where there is nothing to do
	Running  bool            `json:"-"`
}

// Step is something that a turn of the switch did, could not do, or is still
// doing.
type Step struct {
	Name    string   `json:"name"` // switch, suspend_trade, cancel_orders or liquidate
	Done    bool     `json:"done"`
	Message string   `json:"message,omitempty"`
	Closed  []Closed `json:"closed,omitempty"`
	Err     error    `json:"-"`
}

// windDownWait is how long the response waits for a wind-down to end. Most end
// in a second; for others the response says what is left.
const windDownWait = 3 * time.Second

// Turn turns the switch at once, and has orders canceled and positions closed
// as asked. That is done by a wind-down: it is stored in the database and
// carried out by whichever instance holds the account's stream, until nothing
// is left or a person is told what is. The response waits a moment for it and
// says how far it is; GET /api/guards and the account's events say the rest.
//
// Alpaca's own suspend_trade is set at the end of the wind-down, because it
// would stop closings too. A retry with the same key turns nothing and returns
// the state of its wind-down.
//
// It ends with invalid_switch, invalid_idempotency_key, idempotency_key_reused,
// or with not_permitted before anything was done.
func (s *Service) Turn(ctx context.Context, a tenant.Admission, key string, w Switch) (Turned, error) {
	if err := w.Check(); err != nil {
		return Turned{}, err
	}
	if err := CheckKey(key); err != nil {
		return Turned{}, err
	}
	if err := s.checkMayTurn(ctx, a, w); err != nil {
		return Turned{}, err
	}
	ctx = context.WithoutCancel(ctx) // carried out even if the client leaves
	var t Turned
	id, err := s.setSwitch(ctx, a, key, w)
	if err != nil {
		return t, err
	}
	t.add("switch", nil)
	if w.SuspendTrade != nil && id == nil {
		t.add("suspend_trade", s.suspend(ctx, a, *w.SuspendTrade))
	}
	down, err := s.awaitWindDown(ctx, a, id)
	if err != nil {
		return t, err
	}
	down.addSteps(&t, w)
	t.Guards, err = s.Guards(ctx, a)
	return t, err
}

func (t *Turned) add(name string, err error) {
	step := Step{Name: name, Done: err == nil, Err: err}
	if err != nil {
		step.Message = problem.Of(err).Message
	}
	t.Steps = append(t.Steps, step)
}

// checkMayTurn refuses, before anything is done, what the database would refuse
// halfway.
func (s *Service) checkMayTurn(ctx context.Context, a tenant.Admission, w Switch) error {
	scopes := []string{"cancel"}
	if w.Liquidate {
		scopes = append(scopes, "trade")
	}
	if w.SuspendTrade != nil {
		scopes = append(scopes, "manage")
	}
	var refused error
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		for _, scope := range scopes {
			b.Queue("select private.has_scope($1)", scope).QueryRow(func(row pgx.Row) error {
				var may bool
				err := row.Scan(&may)
				if err == nil && !may && refused == nil {
					refused = tenant.NotPermitted(scope)
				}
				return err
			})
		}
	})
	if err == nil {
		err = refused
	}
	return err
}

// setSwitch turns the switch and begins the wind-down in one transaction.
func (s *Service) setSwitch(ctx context.Context, a tenant.Admission, key string, w Switch) (id *uuid.UUID, err error) {
	request, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(request)
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.set_switch($1, $2, $3, $4, $5, nullif($6, ''), $7)", w.To, w.Reason, w.CancelOrders, w.Liquidate, w.SuspendTrade, key, sum[:]).
			QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
	})
	if tenant.SQLState(err) == "PD409" {
		err = idempotencyKeyReused()
	}
	return id, err
}

// suspend sets Alpaca's own suspend_trade.
func (s *Service) suspend(ctx context.Context, a tenant.Admission, on bool) error {
	answer, err := s.relay.Do(ctx, a, passthrough.Call{
		Scope: "manage", Check: "See GET /api/account/configurations.", Request: broker.SuspendTrade(on),
	})
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
