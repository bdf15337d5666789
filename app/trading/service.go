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

	"paddock/app/accounts"
	"paddock/app/broker"
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

// access is a client of the broker with the credentials that it uses.
type access struct {
	client *broker.Client
	opened accounts.Opened
}

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
