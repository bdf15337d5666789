package trading

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	MaxDrawdown         *Amount  `json:"max_drawdown"` // below the high-water mark, in dollars
	MaxRefusals         *int     `json:"max_refusals" validate:"omitempty,min=1,max=1000000"`
	HeartbeatSeconds    *int     `json:"heartbeat_seconds" validate:"omitempty,min=5,max=86400"`
	AllowedSymbols      []string `json:"allowed_symbols" validate:"omitempty,max=500,dive,symbol"`
	AllowedSides        []string `json:"allowed_sides" validate:"omitempty,dive,oneof=buy sell"`
	// BuyBackOvershoot makes Paddock trade back what a closing traded beyond
	// the position.
	BuyBackOvershoot bool `json:"buy_back_overshoot"`
	// ApprovalAbove is what an order that opens something must be worth, in dollars, to
	// wait for a person's word; 0: each does. It is for orders of API tokens, and with
	// FourEyes for everybody's.
	ApprovalAbove   *Amount `json:"approval_above"`
	ApprovalsNeeded *int    `json:"approvals_needed" validate:"omitempty,min=1,max=10"`      // people; nil is 1
	ApprovalSeconds *int    `json:"approval_seconds" validate:"omitempty,min=60,max=604800"` // how long it waits; nil is 3600
	// FourEyes says that nobody approves what they, or an API token of theirs, propose,
	// and that what lets more through takes another person's word.
	FourEyes bool `json:"four_eyes"`
}

// Check brings the symbols into their normal form, and returns a problem of
// code invalid_guards that names the field.
func (l *Limits) Check() error {
	for i := range l.AllowedSymbols {
		l.AllowedSymbols[i] = broker.Symbol(l.AllowedSymbols[i])
	}
	wrong := func(err error) error {
		return problem.New(problem.InvalidGuards, "%s", problem.Of(err).Message)
	}
	if err := validate.Struct(l); err != nil {
		return wrong(explainField(err))
	}
	for _, f := range []field{
		{"max_order_notional", l.MaxOrderNotional}, {"max_position_notional", l.MaxPositionNotional},
		{"max_position_qty", l.MaxPositionQty}, {"daily_loss_limit", l.DailyLossLimit},
		{"max_drawdown", l.MaxDrawdown}, {"approval_above", l.ApprovalAbove},
	} {
		if err := f.amount.CheckSize(f.field); err != nil {
			return wrong(err)
		}
		if f.amount != nil && f.amount.IsNegative() {
			return wrong(invalidOrder("%q must be 0 or more.", f.field))
		}
	}
	return nil
}

// Guards returns the account's guards, and how much of each is used.
func (s *Service) Guards(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var guards json.RawMessage
	err := s.db.Read(ctx, a, func(b *tenant.Batch) { queueGuards(b, a, &guards) })
	return guards, err
}

func queueGuards(b *tenant.Batch, a tenant.Admission, into *json.RawMessage) {
	b.Queue("select app.guards_json($1)", a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// SetGuards sets all limits and returns them. It ends with invalid_guards, or
// not_permitted for anybody but the owner.
func (s *Service) SetGuards(ctx context.Context, a tenant.Admission, l Limits) (json.RawMessage, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	var guards json.RawMessage
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.set_guards($1)", text)
		queueGuards(b, a, &guards)
	})
	return guards, err
}

// ResetHighWaterMark lets the account's high-water mark begin anew with the next equity
// that is read, and returns the guards. It ends with step_up_required on a live account,
// or not_permitted for anybody but the owner.
func (s *Service) ResetHighWaterMark(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var guards json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.reset_high_water_mark()")
		queueGuards(b, a, &guards)
	})
	return guards, err
}

// Beat notes a heartbeat of the account, and of the API token that sends it. It returns
// when that was and until when it holds for each. It ends with not_permitted for who may
// not trade.
func (s *Service) Beat(ctx context.Context, a tenant.Admission) (beat json.RawMessage, err error) {
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.beat()").QueryRow(func(row pgx.Row) error { return row.Scan(&beat) })
	})
	return beat, err
}

// verdict is the result of app.check_guards for an order.
type verdict struct {
	Violations []Violation `json:"violations"`
	Needs      []string    `json:"needs"`
	Reducing   *bool       `json:"reducing"`
	Approval   *Needed     `json:"approval"`
}

// Needed is the word of people that an order needs.
type Needed struct {
	Above    string `json:"above"` // the limit
	Worth    string `json:"worth"` // of the order
	Needed   int    `json:"needed"`
	Seconds  int    `json:"seconds"` // how long it waits for it
	FourEyes bool   `json:"four_eyes"`
}

// Violation is a guard that refuses an order.
type Violation struct {
	Guard   string  `json:"guard"`
	Limit   *string `json:"limit"`
	Value   *string `json:"value"` // the value that the order would lead to
	Message string  `json:"message"`
}

// verdictIn parses the verdict with which Postgres refused an intent.
func verdictIn(err error) (verdict, bool) {
	var pg *pgconn.PgError
	var v verdict
	if !errors.As(err, &pg) || pg.Code != "PD422" {
		return v, false
	}
	return v, json.Unmarshal([]byte(pg.Detail), &v) == nil
}

// problem returns which guards refused, and by how much.
func (v verdict) problem() error {
	message := v.Violations[0].Message
	if n := len(v.Violations) - 1; n > 0 {
		message += fmt.Sprintf(" (And %d more: see details.)", n)
	}
	p := problem.New(problem.GuardRefused, "%s", message)
	p.Details = map[string]any{"violations": v.Violations}
	return p
}

// needsProblem is the problem of a verdict that still needs something after the
// broker was asked.
func (v verdict) needsProblem() error {
	for _, need := range v.Needs {
		if need == "positions" {
			p := problem.New(problem.AccountNotSynced,
				"This account has guards, and what Paddock knows of its orders and positions may not be what Alpaca has now. They are being read again: try again in a few seconds.")
			p.RetryAfter = 2 * time.Second
			return p
		}
		if need == "odd" {
			p := problem.New(problem.AccountNotSynced,
				"This account has guards, and Alpaca has an order or a position that cannot be read: see odd in GET /api/accounts/:id/health. Close or cancel it at Alpaca, or try again later.")
			p.RetryAfter = 30 * time.Second
			return p
		}
		if symbol, is := strings.CutPrefix(need, "price "); is {
			return problem.New(problem.PriceUnknown,
				"Alpaca gives no price for %s, so this account's guards cannot be checked. Check the symbol, or send a limit order to buy.", symbol)
		}
	}
	return problem.New(problem.BrokerUnavailable, "Alpaca does not say what this account is worth now, and its guards ask for that. Try again in a few seconds.")
}
