// Package quotes asks Alpaca what accounts' positions trade at, for those who look
// at them. Market data is licensed to each subscriber: what is asked with an
// account's keys is for those who may read that account, and kept for nobody else.
package quotes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/tenant"
)

// Service asks for quotes.
type Service struct {
	db   *tenant.DB
	keys *credentials.Opener
}

// New makes a Service.
func New(db *tenant.DB, keys *credentials.Opener) *Service { return &Service{db, keys} }

// Of begins to ask for one account's quotes. The function that it returns admits
// somebody who may read the account, and asks for what it holds and for these symbols
// besides. It keeps the account's client from one call to the next, as a stream does,
// and is to be called by one goroutine at a time. It ends with needs_credentials,
// credentials_unreadable, or a problem of the broker or of the admission.
func (s *Service) Of(account uuid.UUID) func(ctx context.Context, token string, symbols []string) (json.RawMessage, error) {
	a := asker{service: s, account: account, refused: map[string]bool{}}
	return a.ask
}

// keysFor is how long keys are used before they are opened again. Where others were
// stored, or these were deleted or refused, that ends at once.
const keysFor = time.Minute

// mostHeld bounds how many positions are asked for.
const mostHeld = 500

// asker asks for one account.
type asker struct {
	service *Service
	account uuid.UUID
	access  credentials.Access // of the keys that were opened last
	opened  time.Time          // when; zero where they are to be opened
	stored  time.Time          // which keys those are
	refused map[string]bool    // symbols that Alpaca does not take for any
}

func (a *asker) ask(ctx context.Context, token string, symbols []string) (json.RawMessage, error) {
	admission := tenant.Admission{Token: token, Account: a.account}
	held, stored, err := a.service.state(ctx, admission)
	if err != nil {
		return nil, err
	}
	wanted := a.wanted(held, symbols)
	if len(wanted) == 0 && !stored.IsZero() {
		return text(nil)
	}
	if stored.IsZero() || !stored.Equal(a.stored) || time.Since(a.opened) > keysFor {
		a.opened = time.Time{}
		if a.access, err = a.service.keys.Open(ctx, admission, a.service.db.Tx, nil); err != nil {
			return nil, err
		}
		a.opened, a.stored = time.Now(), stored
	}
	snapshots, err := a.snapshots(ctx, a.access.Client.Spare(), wanted)
	if err != nil {
		a.opened = time.Time{}
		return nil, a.access.Explain(ctx, err)
	}
	return text(snapshots)
}

// state returns the symbols that the account holds, and when its working keys were
// stored; zero where there are none.
func (s *Service) state(ctx context.Context, a tenant.Admission) (held []string, stored time.Time, err error) {
	err = s.db.Read(ctx, a, func(b *tenant.Batch) {
		held, stored = nil, time.Time{}
		b.Queue("select updated_at from private.credentials_metadata() where rejected_at is null").QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&stored); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
		b.Queue("select symbol from app.alpaca_positions where account_id = $1 and qty <> 0 order by symbol limit $2", a.Account, mostHeld).
			Query(func(rows pgx.Rows) (err error) {
				held, err = pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
	})
	return held, stored, err
}

// wanted returns the symbols to ask for, each once.
func (a *asker) wanted(held, watched []string) []string {
	var all []string
	for _, symbol := range slices.Concat(held, watched) {
		if symbol = broker.Symbol(symbol); !a.refused[symbol] && !slices.Contains(all, symbol) {
			all = append(all, symbol)
		}
	}
	return all
}

// mostRefused bounds the memory: what is forgotten is asked for once more.
const mostRefused = 1000

// snapshots asks for these symbols. Alpaca refuses all of them for one that it does
// not take for a symbol, and does not say which: it is found once, by halves.
func (a *asker) snapshots(ctx context.Context, c *broker.Client, symbols []string) ([]broker.Snapshot, error) {
	answer, err := c.Snapshots(ctx, symbols)
	switch {
	case !broker.IsKind(err, broker.Invalid):
		return answer, err
	case len(symbols) == 1:
		if len(a.refused) >= mostRefused {
			clear(a.refused)
		}
		a.refused[symbols[0]] = true
		return nil, nil
	}
	half := len(symbols) / 2
	first, err := a.snapshots(ctx, c, symbols[:half])
	if err != nil {
		return nil, err
	}
	rest, err := a.snapshots(ctx, c, symbols[half:])
	return append(first, rest...), err
}

// quote is a symbol's quote in a message.
type quote struct {
	Symbol string     `json:"symbol"` // as orders have it: BTC/USD
	Price  string     `json:"price"`
	Bid    *string    `json:"bid"` // null where nobody bids
	Ask    *string    `json:"ask"`
	At     *time.Time `json:"at"` // of the price; null where Alpaca does not say
}

// text returns the data of a message.
func text(snapshots []broker.Snapshot) (json.RawMessage, error) {
	list := make([]quote, 0, len(snapshots))
	for _, s := range snapshots {
		q := quote{Symbol: s.Symbol, Price: s.Price.String(), Bid: orNull(s.Bid), Ask: orNull(s.Ask)}
		if !s.At.IsZero() {
			q.At = &s.At
		}
		list = append(list, q)
	}
	all, err := json.Marshal(map[string]any{"quotes": list})
	if err != nil {
		return nil, fmt.Errorf("write quotes as JSON: %w", err)
	}
	return all, nil
}

// orNull returns a price as text, nil where there is none.
func orNull(price decimal.Decimal) *string {
	if !price.IsPositive() {
		return nil
	}
	text := price.String()
	return &text
}
