// Package blockorders has one order divided among several accounts of a user. How it is
// divided, and that each account's part is asked for under that account's own admission, is
// decided in Postgres (private.make_block_order), in one transaction; from there on each part
// is an order like others, which a job sends.
package blockorders

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/app/wait"
)

// Service is for requests.
type Service struct {
	db      *tenant.DB
	trading *trading.Service
	// WaitFor is for how long a request waits for its parts; 10 s unless set.
	WaitFor time.Duration
}

// New makes a Service.
func New(db *tenant.DB, trading *trading.Service) *Service {
	return &Service{db, trading, 10 * time.Second}
}

// poll is the time between two looks at the parts of a block order.
const poll = 50 * time.Millisecond

// equitiesAtOnce is how many accounts are asked of Alpaca at once for one request.
const equitiesAtOnce = 8

const (
	findSQL    = `select private.find_block_order($1, $2)`
	makeSQL    = `select private.make_block_order($1, $2, $3)`
	previewSQL = `select private.preview_block_order($1)`
	readSQL    = `select private.read_block_order($1)`
	listSQL    = `select id, made_at, rest as "*" from private.list_block_orders($1, $2, $3)`
)

// Make divides an order among accounts and has each part sent. It returns the block order,
// and whether all that is to be sent has been, for which it waits unless async. The same
// request under the same key makes nothing and returns the first.
//
// It ends with invalid_block_order, invalid_order, invalid_idempotency_key,
// idempotency_key_reused, account_forbidden or not_permitted (then nothing is made on any
// account), too_many_jobs, or where equity must be known as trading.BrokerAccount does.
func (s *Service) Make(ctx context.Context, a tenant.Admission, key string, o BlockOrder, async bool) (block json.RawMessage, sent bool, err error) {
	if err = o.check(); err == nil && key == "" {
		err = problem.New(problem.InvalidIdempotencyKey, "A block order needs the header Idempotency-Key, such as a UUID: with it the request can be repeated and sends nothing twice.")
	}
	if err == nil {
		err = trading.CheckKey(key)
	}
	if err != nil {
		return nil, false, err
	}
	text, hash := o.text()
	if o.needsBroker() {
		// A retry must not depend on whether Alpaca answers now.
		if block, err = s.ask(ctx, a, findSQL, key, hash); err == nil && block == nil {
			err = s.askBroker(ctx, a, &o)
		}
	}
	if err == nil && block == nil {
		block, err = s.ask(ctx, a, makeSQL, key, hash, text)
	}
	if err != nil {
		return nil, false, err
	}
	return s.await(ctx, a, block, async)
}

// await reads a block order until all that is to be sent has been.
func (s *Service) await(ctx context.Context, a tenant.Admission, block json.RawMessage, async bool) (json.RawMessage, bool, error) {
	until := time.Now().Add(s.WaitFor)
	for {
		var now struct {
			ID       uuid.UUID `json:"id"`
			UnderWay bool      `json:"under_way"`
		}
		if err := json.Unmarshal(block, &now); err != nil {
			return nil, false, err
		}
		if !now.UnderWay || async || time.Now().After(until) {
			return block, !now.UnderWay, nil
		}
		if !wait.For(ctx, poll) {
			return nil, false, ctx.Err()
		}
		again, err := s.ask(ctx, a, readSQL, now.ID)
		if err != nil || again == nil {
			return block, false, nil //nolint:nilerr // it is made, and goes on
		}
		block = again
	}
}

// Preview returns how the order would be divided now, and makes nothing. It ends as Make
// does.
func (s *Service) Preview(ctx context.Context, a tenant.Admission, o BlockOrder) (json.RawMessage, error) {
	err := o.check()
	if err == nil && o.needsBroker() {
		err = s.askBroker(ctx, a, &o)
	}
	if err != nil {
		return nil, err
	}
	text, _ := o.text()
	return s.ask(ctx, a, previewSQL, text)
}

// Get returns a block order, with what became of each part. It ends with
// block_order_not_found.
func (s *Service) Get(ctx context.Context, a tenant.Admission, id uuid.UUID) (json.RawMessage, error) {
	block, err := s.ask(ctx, a, readSQL, id)
	if err == nil && block == nil {
		err = problem.New(problem.BlockOrderNotFound, "You have no block order of this id. Copy it from GET /api/block-orders.")
	}
	return block, err
}

// List returns {"block_orders":[…],"next_cursor":…}, newest first.
func (s *Service) List(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	list := page.List("block_orders", "made_at")
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) { b.Queue(listSQL, page.At, page.ID, page.Limit+1).Query(list.Read) })
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

// ask runs one statement that returns a document.
func (s *Service) ask(ctx context.Context, a tenant.Admission, sql string, args ...any) (document json.RawMessage, err error) {
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&document) })
	})
	return document, explain(err)
}

// askBroker asks Alpaca for what must be known to divide the order: what each account is
// worth, and whether the symbol is traded in fractions. No account is asked about that is
// not the user's: each is admitted by itself.
func (s *Service) askBroker(ctx context.Context, a tenant.Admission, o *BlockOrder) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(equitiesAtOnce)
	for i := range o.Accounts {
		of := tenant.Admission{Token: a.Token, Account: o.Accounts[i].id}
		if i == 0 && o.inFractions() {
			group.Go(func() error { return about(of.Account, s.trading.CheckFractions(within, of, o.Order.Symbol)) })
		}
		if o.byEquity() {
			group.Go(func() error {
				_, err := s.trading.BrokerAccount(within, of)
				return about(of.Account, err)
			})
		}
	}
	return group.Wait()
}

// about adds to a problem which account it is of.
func about(account uuid.UUID, err error) error {
	var p *problem.Problem
	if errors.As(err, &p) && p.Details == nil && p.Code != problem.AccountForbidden {
		p.Details = map[string]any{"account_id": account}
	}
	return err
}

// explain turns the refusals of the functions above into problems.
func explain(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "PD472":
		return problem.New(problem.IdempotencyKeyReused, "This Idempotency-Key was sent with another request. Send a new key, or repeat the first request unchanged.").Because(pg)
	case "PD473":
		p := problem.New(problem.BrokerUnavailable, "Alpaca does not say what these accounts are worth now, so that nothing can be divided by it: %s. Try again in a few seconds.", pg.Detail).Because(pg)
		p.RetryAfter = 2 * time.Second
		return p
	case "PD474":
		return invalid("%s", pg.Detail).Because(pg)
	case "PD475":
		p := problem.New(problem.NotPermitted, "You may not trade on the account %s, or it is paused, so that nothing was sent to any. Leave it out, or ask its owner.", pg.Detail).Because(pg)
		p.Details = map[string]any{"account_id": pg.Detail}
		return p
	}
	if tenant.Unstorable(err) {
		return invalid("A text in the order cannot be stored: it is not valid UTF-8.").Because(err)
	}
	return err
}

func invalid(format string, args ...any) *problem.Problem {
	return problem.New(problem.InvalidBlockOrder, format, args...)
}
