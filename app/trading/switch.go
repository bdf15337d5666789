package trading

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Limits are the guards of an account; nil is no limit.
type Limits struct {
	MaxOrderNotional    *Amount  `json:"max_order_notional"`
	MaxPositionNotional *Amount  `json:"max_position_notional"`
	MaxPositionQty      *Amount  `json:"max_position_qty"`
	MaxOpenOrders       *int     `json:"max_open_orders" validate:"omitempty,min=0,max=1000000"`
	OrdersPerMinute     *int     `json:"orders_per_minute" validate:"omitempty,min=0,max=1000000"`
	OrdersPerDay        *int     `json:"orders_per_day" validate:"omitempty,min=0,max=1000000"`
	DailyLossLimit      *Amount  `json:"daily_loss_limit"`
	AllowedSymbols      []string `json:"allowed_symbols" validate:"omitempty,max=500,dive,symbol"`
	AllowedSides        []string `json:"allowed_sides" validate:"omitempty,dive,oneof=buy sell"`
}

// Check brings the symbols into their normal form, and answers a problem of code
// invalid_guards that names the field.
func (l *Limits) Check() error {
	for i := range l.AllowedSymbols {
		l.AllowedSymbols[i] = broker.Symbol(l.AllowedSymbols[i])
	}
	wrong := func(err error) error {
		return problem.New(problem.Invalid, "invalid_guards", "%s", problem.Of(err).Message)
	}
	if err := validate.Struct(l); err != nil {
		return wrong(explainField(err))
	}
	for _, f := range []field{
		{"max_order_notional", l.MaxOrderNotional}, {"max_position_notional", l.MaxPositionNotional},
		{"max_position_qty", l.MaxPositionQty}, {"daily_loss_limit", l.DailyLossLimit},
	} {
		if err := f.amount.checkSize(f.field); err != nil {
			return wrong(err)
		}
		if f.amount != nil && f.amount.IsNegative() {
			return wrong(invalidOrder("%q must be 0 or more.", f.field))
		}
	}
	return nil
}

// Guards answers the account's guards, and how much of them is used.
func (s *Service) Guards(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var guards json.RawMessage
	err := s.db.Do(ctx, a, func(b *tenant.Batch) { queueGuards(b, a, &guards) })
	return guards, err
}

func queueGuards(b *tenant.Batch, a tenant.Admission, into *json.RawMessage) {
	b.Queue("select app.guards_json($1)", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// SetGuards sets all limits and answers them. It ends with invalid_guards, or
// not_permitted for everybody but the owner.
func (s *Service) SetGuards(ctx context.Context, a tenant.Admission, l Limits) (json.RawMessage, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	var guards json.RawMessage
	err = s.db.Write(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.set_guards($1)", text)
		queueGuards(b, a, &guards)
	})
	return guards, err
}

// Switch is how the account's switch is to be turned, and what else is to
// happen with it.
type Switch struct {
	To           string `json:"switch" validate:"required,oneof=open reduce_only halted"`
	Reason       string `json:"reason" validate:"max=500"`
	CancelOrders bool   `json:"cancel_orders"` // all open ones
	Liquidate    bool   `json:"liquidate"`     // cancels all orders and closes all positions
	// SuspendTrade sets Alpaca's own switch, which stops other programs with
	// these keys too; nil leaves it.
	SuspendTrade *bool `json:"suspend_trade"`
}

// Check answers a problem of code invalid_switch.
func (w *Switch) Check() error {
	if err := validate.Struct(w); err != nil {
		return problem.New(problem.Invalid, "invalid_switch", "%s", problem.Of(explainField(err)).Message)
	}
	switch {
	case !utf8.ValidString(w.Reason) || strings.ContainsRune(w.Reason, 0):
		return problem.New(problem.Invalid, "invalid_switch", `"reason" must be plain text.`)
	case w.To == "open" && (w.CancelOrders || w.Liquidate):
		return problem.New(problem.Invalid, "invalid_switch", `"cancel_orders" and "liquidate" go with reduce_only or halted.`)
	}
	return nil
}

// Turned is what became of each step.
type Turned struct {
	Guards json.RawMessage `json:"guards"`
	Steps  []Step          `json:"steps"`
}

// Step is one thing that a turn of the switch did, or could not do.
type Step struct {
	Name    string   `json:"name"` // switch, cancel_orders, liquidate or suspend_trade
	Done    bool     `json:"done"`
	Message string   `json:"message,omitempty"`
	Closed  []Closed `json:"closed,omitempty"`
	Err     error    `json:"-"`
}

// Turn turns the switch, then cancels orders, closes positions and sets
// Alpaca's own switch, as far as that was asked for. Positions are closed under
// reduce_only: an account that is to be halted is halted after that. A step
// that fails is told of and stops none behind it, but the switch is turned
// first or nothing is done.
//
// It ends with invalid_switch, or with not_permitted before anything was done.
func (s *Service) Turn(ctx context.Context, a tenant.Admission, key string, w Switch) (Turned, error) {
	if err := w.Check(); err != nil {
		return Turned{}, err
	}
	if err := s.mayTurn(ctx, a, w); err != nil {
		return Turned{}, err
	}
	ctx = context.WithoutCancel(ctx) // what was begun is carried through
	var t Turned
	first := w.To
	if w.Liquidate && w.To == "halted" {
		first = "reduce_only"
	}
	if err := s.setSwitch(ctx, a, first, w.Reason); err != nil {
		return t, err
	}
	t.add("switch", nil)
	if w.CancelOrders && !w.Liquidate {
		t.add("cancel_orders", s.cancelAll(ctx, a))
	}
	if w.Liquidate {
		closed, err := s.CloseAll(ctx, a, key, Closing{CancelOrders: true})
		if err == nil {
			err = notAll(closed)
		}
		t.add("liquidate", err)
		t.Steps[len(t.Steps)-1].Closed = closed
	}
	if first != w.To {
		t.add("switch", s.setSwitch(ctx, a, w.To, w.Reason))
	}
	if w.SuspendTrade != nil {
		t.add("suspend_trade", s.suspend(ctx, a, *w.SuspendTrade))
	}
	var err error
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

// mayTurn refuses before anything is done what the database would refuse in
// the middle.
func (s *Service) mayTurn(ctx context.Context, a tenant.Admission, w Switch) error {
	scopes := []string{"cancel"}
	if w.Liquidate {
		scopes = append(scopes, "trade")
	}
	if w.SuspendTrade != nil {
		scopes = append(scopes, "manage")
	}
	var refused error
	err := s.db.Do(ctx, a, func(b *tenant.Batch) {
		for _, scope := range scopes {
			b.Queue("select private.may($1)", scope).QueryRow(func(row pgx.Row) error {
				var may bool
				err := row.Scan(&may)
				if err == nil && !may && refused == nil {
					refused = notPermitted(scope)
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

func (s *Service) setSwitch(ctx context.Context, a tenant.Admission, to, reason string) error {
	return s.db.Write(ctx, a, func(b *tenant.Batch) { b.Queue("select private.set_switch($1, $2)", to, reason) })
}

// cancelAll cancels all open orders and waits until they are over.
func (s *Service) cancelAll(ctx context.Context, a tenant.Admission) error {
	client, opened, err := s.open(ctx, a, s.db.Do, nil)
	if err != nil {
		return err
	}
	return s.clear(ctx, a, opening{client, opened}, "")
}

func notAll(closed []Closed) error {
	left := 0
	for _, c := range closed {
		if c.Err != nil {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return problem.New(problem.Conflict, "positions_left", "%d of %d positions could not be closed: see closed.", left, len(closed))
}

// suspend sets Alpaca's own switch.
func (s *Service) suspend(ctx context.Context, a tenant.Admission, on bool) error {
	answer, err := s.Relay(ctx, a, Relayed{
		Scope: "manage", Check: "See GET /api/account/configurations.",
		Request: broker.Request{
			Method: http.MethodPatch, Path: []string{"v2", "account", "configurations"}, Kind: "v2/account",
			Body: fmt.Appendf(nil, `{"suspend_trade":%t}`, on),
		},
	})
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
