package trading

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// verdict is the result of app.check_guards for an order.
type verdict struct {
	Violations []Violation `json:"violations"`
	Needs      []string    `json:"needs"`
	Reducing   *bool       `json:"reducing"`
}

// Violation is a guard that refuses an order.
type Violation struct {
	Guard   string  `json:"guard"`
	Limit   *string `json:"limit"`
	Value   *string `json:"value"` // the value that the order would lead to
	Message string  `json:"message"`
}

// guardInputs are facts that guards need and Postgres does not have. They are
// asked of the broker, for one order.
type guardInputs struct {
	reference map[string]decimal.Decimal // prices by symbol
	account   *balance
}

// balance is the account's worth according to the broker.
type balance struct {
	equity, lastEquity decimal.Decimal
	asked              time.Time // by our clock, which is used only to tell how long ago that was
}

// balanceOf returns the account's worth, and nil where the answer lacks it: a
// missing equity is not an equity of zero.
func balanceOf(account broker.AccountAnswer, asked time.Time) *balance {
	equity, known := broker.Amount(account.Raw, "equity")
	last, lastKnown := broker.Amount(account.Raw, "last_equity")
	if !known || !lastKnown {
		return nil
	}
	return &balance{equity: equity, lastEquity: last, asked: asked}
}

// recordBalanceSQL takes how long ago the broker was asked, so that the clocks
// of two machines are never compared.
const recordBalanceSQL = `insert into app.account_balances as b (account_id, equity, last_equity, as_of) values ($1, $2, $3, clock_timestamp() - $4::interval)
	on conflict (account_id) do update set equity = excluded.equity, last_equity = excluded.last_equity, as_of = excluded.as_of
	where b.as_of < excluded.as_of`

// queue records the inputs that belong to the account and not to one order.
func (f guardInputs) queue(b *tenant.Batch, account uuid.UUID) {
	if f.account != nil {
		b.Queue(recordBalanceSQL, account, f.account.equity.String(), f.account.lastEquity.String(), time.Since(f.account.asked))
	}
}

// prices returns the order's reference_prices.
func (f guardInputs) prices() []byte {
	if len(f.reference) == 0 {
		return nil
	}
	text, err := json.Marshal(f.reference)
	if err != nil {
		panic(err) // cannot happen: decimals always marshal
	}
	return text
}

// commitGuarded is commitIntent, repeated with what the guards need to know:
// prices, or the account's worth.
func (s *Service) commitGuarded(ctx context.Context, a tenant.Admission, sub submission) (made intent, client *broker.Client, opened accounts.Opened, err error) {
	onRefusal := func(v verdict) {
		if !sub.try {
			s.appendRefusal(ctx, a, sub, v)
		}
	}
	err = s.withGuards(ctx, a, onRefusal, func(f guardInputs) (err error) {
		made, client, opened, err = s.commitIntent(ctx, a, sub, f)
		return err
	})
	return made, client, opened, err
}

// withGuards runs try until the account's guards accept or refuse, and asks the
// broker for what they need in between. onRefusal is called with a refusal
// before it is returned. What guards need may change meanwhile, for example
// when the mirror agrees for the first time. What was asked for once and is
// still missing is not available. Only for the mirror does it wait again,
// within mirrorTimeout.
func (s *Service) withGuards(ctx context.Context, a tenant.Admission, onRefusal func(verdict), try func(guardInputs) error) error {
	var known guardInputs
	var asked []string
	waits, deadline := true, time.Now().Add(s.mirrorTimeout)
	for {
		err := try(known)
		v, is := verdictIn(err)
		if !is {
			return err
		}
		if len(v.Violations) > 0 {
			if onRefusal != nil {
				onRefusal(v)
			}
			return v.problem()
		}
		before := len(asked)
		for _, need := range v.Needs {
			if !slices.Contains(asked, need) {
				asked = append(asked, need)
			}
		}
		current := false
		if waits && slices.Contains(v.Needs, "positions") {
			if current, err = s.awaitCurrentMirror(ctx, a, deadline); err != nil {
				return err
			}
			waits = current
		}
		// The mirror may have been current and be in doubt again by now,
		// because fills arrive at any time.
		if len(asked) == before && !current {
			return v.needsProblem()
		}
		if known, err = s.fetchInputs(ctx, a, asked); err != nil {
			return err
		}
	}
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

// fetchInputs asks the broker for what a verdict needs.
func (s *Service) fetchInputs(ctx context.Context, a tenant.Admission, needs []string) (guardInputs, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return guardInputs{}, err
	}
	f, err := inputsFrom(ctx, client, needs)
	if err != nil {
		return guardInputs{}, s.refused(ctx, a, opened, err)
	}
	return f, nil
}

func inputsFrom(ctx context.Context, client *broker.Client, needs []string) (f guardInputs, err error) {
	var symbols []string
	for _, need := range needs {
		if symbol, is := strings.CutPrefix(need, "price "); is {
			symbols = append(symbols, symbol)
		}
		if need == "equity" {
			asked := time.Now()
			account, err := client.Account(ctx)
			if err != nil {
				return f, err
			}
			f.account = balanceOf(account, asked)
		}
	}
	if len(symbols) > 0 {
		f.reference, err = client.Prices(ctx, symbols)
	}
	return f, err
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

// appendRefusal adds the refusal to the account's events. The order is refused
// even where that fails.
func (s *Service) appendRefusal(ctx context.Context, a tenant.Admission, sub submission, v verdict) {
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	violations, err := json.Marshal(v.Violations)
	if err == nil {
		err = s.db.TxNotify(record, a, func(b *tenant.Batch) {
			b.Queue(`select private.append_event('guard', jsonb_build_object('event', 'refused', 'violations', $1::jsonb, 'request', $2::jsonb,
				'submitted_by', private.user_id()), null)`, violations, sub.request)
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "a guard's refusal could not be added to the events", "account", a.Account, "err", err)
	}
}
