// Package trading places, replaces, cancels and lists orders, closes positions,
// and sets guards and the switch, for one admitted account at a time. Its input are checked requests with an admission;
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
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/credentials"
	"paddock/app/passthrough"
	"paddock/app/tenant"
	"paddock/app/underway"
)

// Service serves everything about trading.
type Service struct {
	db    *tenant.DB
	keys  *credentials.Opener
	relay *passthrough.Relay
	log   *slog.Logger
	// orderTimeout is how long the broker's answer to an order may take.
	orderTimeout time.Duration
	// cancelTimeout bounds how long canceled orders may take to be over.
	cancelTimeout time.Duration
	// syncTimeout is how long a request waits for a reconciliation.
	syncTimeout time.Duration
	// mirrorTimeout is how long an order waits for a mirror that its guards can
	// trust.
	mirrorTimeout time.Duration
	// MirrorMaxAge is how long after a reconciliation lists use the mirror
	// where no stream keeps it; a minute unless set.
	MirrorMaxAge time.Duration
	// UnderWay, unless it is nil, has the orders whose answer is not recorded yet: the
	// account's stream lets the answer go first.
	UnderWay *underway.Orders
	// QuoteArrivals has the quote that each order meets asked for and kept.
	QuoteArrivals bool
	// OnOrder, unless it is nil, is told what became of each request for an
	// order: one of OrderResults.
	OnOrder func(result string)
	// OnGuard, unless it is nil, is told of each guard that refuses an order.
	OnGuard func(guard string)
}

// New makes a Service.
func New(db *tenant.DB, keys *credentials.Opener, log *slog.Logger) *Service {
	return &Service{db: db, keys: keys, relay: passthrough.New(db, keys), log: log, orderTimeout: 30 * time.Second, cancelTimeout: 10 * time.Second, syncTimeout: 25 * time.Second, mirrorTimeout: 3 * time.Second, MirrorMaxAge: time.Minute}
}

// recordTimeout bounds writing the broker's answer, which is written whether
// the client still waits or not.
const recordTimeout = 10 * time.Second

// BrokerAccount returns the broker's account, in the broker's JSON. What it is
// worth is recorded for reports where the user may do more than read.
func (s *Service) BrokerAccount(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var records bool
	access, err := s.keys.Open(ctx, a, s.db.Tx, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('trade')").QueryRow(func(row pgx.Row) error { return row.Scan(&records) })
	})
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	account, err := access.Client.Account(ctx)
	if err != nil {
		return nil, access.Explain(ctx, err)
	}
	if worth := balanceOf(account, asked); worth != nil && records {
		if err := s.db.Tx(ctx, a, func(b *tenant.Batch) { s.queueBalance(b, a.Account, worth) }); err != nil {
			s.log.WarnContext(ctx, "what the account is worth could not be recorded for reports", "err", err)
		}
	}
	return account.Raw, nil
}
