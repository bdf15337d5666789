package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// queueKeyCheck queues the counting of a check of API keys at the broker, or,
// with refused, that the broker refused them: see private.count_key_check. The
// batch ends with too_many_key_checks where the user has had as many as one may.
func queueKeyCheck(b *tenant.Batch, refused bool) {
	b.Queue("select private.count_key_check($1)", refused).QueryRow(func(row pgx.Row) error {
		var wait *time.Duration
		if err := row.Scan(&wait); err != nil || wait == nil {
			return err
		}
		p := problem.New(problem.TooManyKeyChecks,
			"You may have API keys checked at Alpaca 10 times in a minute and 100 times in a day, and keys that it refuses count three times. Wait as Retry-After says.")
		p.RetryAfter = *wait
		return p
	})
}

// noteTimeout bounds counting that keys were refused.
const noteTimeout = 10 * time.Second

// checkKeys reads the broker's account that keys open, and counts it where the
// broker refuses them.
func (s *Service) checkKeys(ctx context.Context, a tenant.Admission, client *broker.Client) (broker.AccountAnswer, error) {
	account, err := client.CheckKeys(ctx)
	if broker.IsKind(err, broker.Unauthorized, broker.Forbidden) {
		note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
		if failed := s.db.Tx(note, a, func(b *tenant.Batch) { queueKeyCheck(b, true) }); failed != nil {
			return account, failed
		}
	}
	return account, err
}
