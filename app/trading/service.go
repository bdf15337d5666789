// Package trading places, replaces, cancels and lists orders, closes positions,
// sets guards and the switch, and passes calls through to the broker, for one
// admitted account at a time. Its input are checked requests with an admission;
// it returns JSON for the response. No transaction is open while the broker is
// called: one admits the request and reads the keys, then comes the call, then
// another transaction records the answer.
//
// Intent, guard, closing, wind-down and round trip are explained in
// docs/glossary.md.
package trading

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Service serves everything about trading.
type Service struct {
	db     *tenant.DB
	keys   *accounts.Keyring
	broker *broker.Broker
	log    *slog.Logger
	// orderTimeout is how long the broker's answer to an order may take.
	orderTimeout time.Duration
	// syncTimeout is how long a request waits for a reconciliation.
	syncTimeout time.Duration
	// mirrorTimeout is how long an order waits for a mirror that its guards can
	// trust.
	mirrorTimeout time.Duration
	// MirrorMaxAge is how long after a reconciliation lists use the mirror
	// where no stream keeps it; a minute unless set.
	MirrorMaxAge time.Duration
}

// New makes a Service.
func New(db *tenant.DB, keys *accounts.Keyring, b *broker.Broker, log *slog.Logger) *Service {
	return &Service{db: db, keys: keys, broker: b, log: log, orderTimeout: 30 * time.Second, syncTimeout: 25 * time.Second, mirrorTimeout: 3 * time.Second, MirrorMaxAge: time.Minute}
}

// recordTimeout bounds writing the broker's answer, which is written whether
// the client still waits or not.
const recordTimeout = 10 * time.Second

// transaction is tenant.DB's Tx or TxNotify.
type transaction func(context.Context, tenant.Admission, func(*tenant.Batch)) error

// open admits the request, decrypts the account's keys and makes a client of
// the broker. queue adds further statements to that transaction.
func (s *Service) open(ctx context.Context, a tenant.Admission, do transaction, queue func(*tenant.Batch)) (*broker.Client, accounts.Opened, error) {
	var opened accounts.Opened
	err := do(ctx, a, func(b *tenant.Batch) {
		if queue != nil {
			queue(b)
		}
		s.keys.QueueOpen(b, a.Account, &opened)
	})
	if err != nil {
		return nil, opened, err
	}
	if err := opened.Usable(); err != nil {
		return nil, opened, err
	}
	client, err := s.broker.Client(opened.Environment, opened.Credentials, broker.WithAccount(a.Account.String()))
	return client, opened, err
}

// refused records that the broker refuses the keys, when err says so, and
// returns err as a problem.
func (s *Service) refused(ctx context.Context, a tenant.Admission, o accounts.Opened, err error) error {
	var b *broker.Error
	if errors.As(err, &b) && b.Kind == broker.Unauthorized {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		defer cancel()
		noted := s.db.TxNotify(record, a, func(batch *tenant.Batch) {
			batch.Queue("select private.mark_credentials_rejected($1)", o.Generation)
		})
		if noted != nil {
			s.log.WarnContext(ctx, "could not note that the broker refuses the keys", "account", a.Account, "err", noted)
		}
	}
	return accounts.FromBroker(err)
}

// BrokerAccount returns the broker's account, in the broker's JSON.
func (s *Service) BrokerAccount(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return nil, err
	}
	account, err := client.Account(ctx)
	if err != nil {
		return nil, s.refused(ctx, a, opened, err)
	}
	return account.Raw, nil
}

// Positions reads the account's positions from the broker, records them, and
// returns them in the broker's JSON.
func (s *Service) Positions(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	client, opened, err := s.open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return nil, err
	}
	positions, err := s.readPositions(ctx, a, client)
	if err != nil {
		return nil, s.refused(ctx, a, opened, err)
	}
	return positions.Raw, nil
}

// maxRefreshed bounds how many orders are read one by one where positions
// differ from what is counted.
const maxRefreshed = 20

// openOrdersOfSQL selects the open orders of symbols, by the broker's ids.
const openOrdersOfSQL = `select alpaca_order_id::text from app.alpaca_orders
	where account_id = $1 and app.position_symbol(symbol) = any ($2) and alpaca_order_id is not null
		and not app.is_ended(status)
	order by created_at desc limit $3`

// readPositions reads the account's positions from the broker and records them
// as far as it is certain which fills they include. Where they differ from what
// is counted, and open orders may have been filled unseen, it reads those,
// which counts their fills. Where the mirror remains in doubt, it asks for a
// reconciliation.
func (s *Service) readPositions(ctx context.Context, a tenant.Admission, client *broker.Client) (broker.PositionsAnswer, error) {
	var asOf time.Time
	var moves []byte
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select clock_timestamp(), app.position_moves($1)", a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&asOf, &moves) })
	})
	if err != nil {
		return broker.PositionsAnswer{}, err
	}
	positions, err := client.Positions(ctx)
	if err != nil {
		return positions, err
	}
	var unsettled, orders []string
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select unsettled from app.reconcile_positions($1, $2, $3, $4, null, null)", a.Account, []byte(positions.Raw), asOf, moves).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled) })
		b.Queue(askSyncInDoubtSQL, a.Account)
	})
	if err != nil || len(unsettled) == 0 {
		return positions, err
	}
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(openOrdersOfSQL, a.Account, unsettled, maxRefreshed).Query(func(rows pgx.Rows) (err error) {
			orders, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	for _, id := range orders {
		answer, err := client.Order(ctx, id)
		if err != nil {
			s.log.WarnContext(ctx, "an order that may have been filled unseen could not be asked for", "account", a.Account, "alpaca_order_id", id, "err", err)
			break // the counted quantity remains
		}
		if _, err := s.recordPlaced(ctx, a, Placed{}, answer); err != nil {
			return positions, err
		}
	}
	return positions, err
}

func orderNotFound() error {
	return problem.New(problem.OrderNotFound, "This account has no order of this id. See GET /api/orders.")
}
