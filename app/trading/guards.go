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

// verdict is what the account's guards say of an order: app.check_guards.
type verdict struct {
	Violations []Violation `json:"violations"`
	Needs      []string    `json:"needs"`
	Reducing   *bool       `json:"reducing"`
}

// Violation is one guard that refuses an order.
type Violation struct {
	Guard   string  `json:"guard"`
	Limit   *string `json:"limit"`
	Value   *string `json:"value"` // what the order would make of it
	Message string  `json:"message"`
}

// facts are what guards must know and Postgres does not: they are asked of the
// broker, for one order.
type facts struct {
	reference map[string]decimal.Decimal // by symbol
	account   *balance
}

// balance is the account's worth by the broker's word.
type balance struct {
	equity, lastEquity decimal.Decimal
	asked              time.Time // by this process, whose clock tells nothing but how long ago that was
}

// balanceOf returns what an answer says the account is worth; nil where it does
// not say: a missing equity is no equity of zero.
func balanceOf(account broker.AccountAnswer, asked time.Time) *balance {
	equity, known := broker.Amount(account.Raw, "equity")
	last, lastKnown := broker.Amount(account.Raw, "last_equity")
	if !known || !lastKnown {
		return nil
	}
	return &balance{equity: equity, lastEquity: last, asked: asked}
}

// recordBalance is told how long ago the broker was asked: the clocks of two
// machines are never compared.
const recordBalance = `insert into app.account_balances as b (account_id, equity, last_equity, as_of) values ($1, $2, $3, clock_timestamp() - $4::interval)
	on conflict (account_id) do update set equity = excluded.equity, last_equity = excluded.last_equity, as_of = excluded.as_of
	where b.as_of < excluded.as_of`

// queue records what belongs to the account and not to one order.
func (f facts) queue(b *tenant.Batch, account uuid.UUID) {
	if f.account != nil {
		b.Queue(recordBalance, account, f.account.equity.String(), f.account.lastEquity.String(), time.Since(f.account.asked))
	}
}

// prices are the order's reference_prices.
func (f facts) prices() []byte {
	if len(f.reference) == 0 {
		return nil
	}
	text, err := json.Marshal(f.reference)
	if err != nil {
		panic(err) // decimals always marshal
	}
	return text
}

// guarded is commitIntent, with what the guards ask for: where they must know a
// price or the account's worth, the broker is asked and the intent made again.
func (s *Service) guarded(ctx context.Context, a tenant.Admission, sub submission) (made intent, client *broker.Client, opened accounts.Opened, err error) {
	tell := func(v verdict) {
		if !sub.try {
			s.tellRefused(ctx, a, sub, v)
		}
	}
	err = s.allowed(ctx, a, tell, func(f facts) (err error) {
		made, client, opened, err = s.commitIntent(ctx, a, sub, f)
		return err
	})
	return made, client, opened, err
}

// allowed runs try until the account's guards let it pass or refuse it, and asks
// the broker for what they lack. tell is told a refusal before it is returned.
// What guards need may change meanwhile, as when the mirror agrees for the first
// time; what was asked for once and is still lacking is not to be had. The
// mirror alone is waited for again, as long as mirrorPatience lasts.
func (s *Service) allowed(ctx context.Context, a tenant.Admission, tell func(verdict), try func(facts) error) error {
	var known facts
	var asked []string
	waits, patience := true, time.Now().Add(s.mirrorPatience)
	for {
		err := try(known)
		v, is := verdictIn(err)
		if !is {
			return err
		}
		if len(v.Violations) > 0 {
			if tell != nil {
				tell(v)
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
			if current, err = s.untilCurrent(ctx, a, patience); err != nil {
				return err
			}
			waits = current
		}
		// The mirror may have been current, and be in doubt again by now: fills
		// come when they come.
		if len(asked) == before && !current {
			return v.unanswered()
		}
		if known, err = s.learn(ctx, a, asked); err != nil {
			return err
		}
	}
}

// verdictIn reads the verdict with which Postgres refused an intent.
func verdictIn(err error) (verdict, bool) {
	var pg *pgconn.PgError
	var v verdict
	if !errors.As(err, &pg) || pg.Code != "PD422" {
		return v, false
	}
	return v, json.Unmarshal([]byte(pg.Detail), &v) == nil
}

// learn asks the broker for what a verdict needs.
func (s *Service) learn(ctx context.Context, a tenant.Admission, needs []string) (facts, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return facts{}, err
	}
	f, err := ask(ctx, client, needs)
	if err != nil {
		return facts{}, s.refused(ctx, a, opened, err)
	}
	return f, nil
}

func ask(ctx context.Context, client *broker.Client, needs []string) (f facts, err error) {
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

// problem tells which guard refused, and by how much.
func (v verdict) problem() error {
	message := v.Violations[0].Message
	if n := len(v.Violations) - 1; n > 0 {
		message += fmt.Sprintf(" (And %d more: see details.)", n)
	}
	p := problem.New(problem.GuardRefused, "%s", message)
	p.Details = map[string]any{"violations": v.Violations}
	return p
}

// unanswered is a verdict that still needs something after the broker was asked.
func (v verdict) unanswered() error {
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

// tellRefused adds the refusal to the account's events. That is news and not a
// promise: without it the order is refused all the same.
func (s *Service) tellRefused(ctx context.Context, a tenant.Admission, sub submission, v verdict) {
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
