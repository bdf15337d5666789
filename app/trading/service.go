// Package trading is orders, positions and the broker's account, for one
// admitted account at a time. No transaction is open while the broker is
// called: one admits and reads the keys, then comes the call, then one records.
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

// Service answers everything about trading.
type Service struct {
	db     *tenant.DB
	keys   *accounts.Keyring
	broker *broker.Broker
	log    *slog.Logger
	// patience is how long the broker's answer to an order may take.
	patience time.Duration
	// syncPatience is how long a reconciliation is waited for.
	syncPatience time.Duration
	// mirrorPatience is how long an order waits for a mirror that its guards
	// can trust.
	mirrorPatience time.Duration
	// MirrorMaxAge is how long ago the mirror may have agreed with the broker
	// where no stream keeps it, before lists ask the broker; a minute unless set.
	MirrorMaxAge time.Duration
}

// New makes a Service.
func New(db *tenant.DB, keys *accounts.Keyring, b *broker.Broker, log *slog.Logger) *Service {
	return &Service{db: db, keys: keys, broker: b, log: log, patience: 30 * time.Second, syncPatience: 25 * time.Second, mirrorPatience: 3 * time.Second, MirrorMaxAge: time.Minute}
}

// recordTimeout bounds what is written after a broker's answer, which no
// longer depends on whether the client still waits.
const recordTimeout = 10 * time.Second

// transaction is tenant.DB's Tx or TxNotify.
type transaction func(context.Context, tenant.Admission, func(*tenant.Batch)) error

// open admits the request, decrypts the account's keys and makes a client of
// the broker. queue adds what else belongs into that transaction.
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

// refused notes that the broker refuses the keys, when that is what err says,
// and answers err in words for people.
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

// BrokerAccount answers the broker's account, as the broker wrote it.
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

// Positions asks the broker for the account's positions, records them, and
// answers them as the broker wrote them.
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

// maxRefreshed bounds how many orders are asked for one by one where positions
// are not what was counted.
const maxRefreshed = 20

// unendedOf are the open orders of symbols, by the broker's ids.
const unendedOf = `select alpaca_order_id::text from app.alpaca_orders
	where account_id = $1 and app.position_symbol(symbol) = any ($2) and alpaca_order_id is not null
		and not app.is_ended(status)
	order by created_at desc limit $3`

// readPositions asks the broker for the account's positions and records them as
// far as it is known which fills they hold. Where they are not what is counted,
// and orders are open here that may have been filled unseen, those are asked
// for, which counts their fills. Where the mirror is left in doubt, a
// reconciliation is asked for.
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
		b.Queue(askSyncInDoubt, a.Account)
	})
	if err != nil || len(unsettled) == 0 {
		return positions, err
	}
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(unendedOf, a.Account, unsettled, maxRefreshed).Query(func(rows pgx.Rows) (err error) {
			orders, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	for _, id := range orders {
		answer, err := client.Order(ctx, id)
		if err != nil {
			s.log.WarnContext(ctx, "an order that may have been filled unseen could not be asked for", "account", a.Account, "alpaca_order_id", id, "err", err)
			break // what is counted stands
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
