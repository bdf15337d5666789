package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// WebhookClaim is an instance's right to send a webhook's events.
type WebhookClaim struct {
	Account, Webhook, Holder uuid.UUID
	URL                      string
	KeyVersion               int // of the master key under which its secret is encrypted
}

// WakeWebhooks has every webhook looked at that has events to send and that nobody
// works on. It returns how many looks that are.
func (w *Worker) WakeWebhooks(ctx context.Context) (woken int, err error) {
	var b Batch
	b.Queue("select private.wake_webhooks()").QueryRow(func(row pgx.Row) error { return row.Scan(&woken) })
	err = run(ctx, w.pool, &b)
	return woken, err
}

// BeginDelivery claims a webhook for a time, and reports whether there is something to
// do.
func (w *Worker) BeginDelivery(ctx context.Context, account, webhook, holder uuid.UUID, ttl time.Duration) (claim WebhookClaim, is bool, err error) {
	claim = WebhookClaim{Account: account, Webhook: webhook, Holder: holder}
	var b Batch
	b.Queue("select url, key_version from private.begin_delivery($1, $2, $3, $4)", account, webhook, holder, ttl).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&claim.URL, &claim.KeyVersion)
		is = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	// It may switch the webhook off, which is an event.
	err = runAndNotify(ctx, w.pool, &b, w.bell, account)
	return claim, is, err
}

// ReadDelivery returns the webhook's next events, most at most, and its secret without
// the outer layer, which key opens. The last event has no kind where there is none to
// send up to its number.
func (w *Worker) ReadDelivery(ctx context.Context, c WebhookClaim, key string, most int) (events []Event, secret []byte, err error) {
	var b Batch
	b.Queue("select secret, seq, coalesce(kind, ''), at, data from private.read_delivery($1, $2, $3, $4, $5)", c.Account, c.Webhook, c.Holder, key, most).
		Query(func(rows pgx.Rows) (err error) {
			events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
				var at *time.Time
				var data json.RawMessage
				if err = row.Scan(&secret, &e.Seq, &e.Kind, &at, &data); at != nil {
					e.At = at.UTC()
				}
				e.Data = data
				return e, err
			})
			return err
		})
	err = run(ctx, w.pool, &b)
	return events, secret, err
}

// Delivered is how far a webhook came.
type Delivered struct {
	Seq    int64  // the newest event that was taken or passed over; 0 for none
	Status int    // HTTP's; 0 without a response
	Error  string // why the next one was not taken; "" where all were
}

// EndDelivery records how far a webhook came, and gives it back. A webhook is switched
// off that has taken nothing for giveUp. It reports whether the claim was its holder's.
func (w *Worker) EndDelivery(ctx context.Context, c WebhookClaim, d Delivered, giveUp time.Duration) (is bool, err error) {
	var status *int
	var failure *string
	if d.Status != 0 {
		status = &d.Status
	}
	if d.Error != "" {
		failure = &d.Error
	}
	var b Batch
	b.Queue("select private.end_delivery($1, $2, $3, $4, $5, $6, $7)", c.Account, c.Webhook, c.Holder, d.Seq, status, failure, giveUp).
		QueryRow(func(row pgx.Row) error { return row.Scan(&is) })
	err = runAndNotify(ctx, w.pool, &b, w.bell, c.Account)
	return is, err
}

// SecretToRotate is a webhook whose secret is encrypted under another version of the
// master key than is wanted; and the secret without its outer layer, once it was opened.
type SecretToRotate struct {
	Account, Webhook uuid.UUID
	Version          int
	Encrypted        []byte
}

// SecretsToRotate returns webhooks whose secrets are not under this version, after one
// and at most so many.
func (w *Worker) SecretsToRotate(ctx context.Context, version int, after SecretToRotate, most int) (list []SecretToRotate, err error) {
	var b Batch
	b.Queue("select account_id, webhook_id, key_version, null::bytea from private.webhook_secrets_to_rotate($1, $2, $3, $4)", version, after.Account, after.Webhook, most).
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SecretToRotate])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// OpenSecretToRotate takes the outer layer off a webhook's secret; Encrypted stays nil
// where the derived key does not open it, or it changed meanwhile.
func (w *Worker) OpenSecretToRotate(ctx context.Context, s SecretToRotate, key string) (SecretToRotate, error) {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select encrypted from private.open_webhook_secrets_to_rotate($1, $2, $3, $4)", []uuid.UUID{s.Account}, []uuid.UUID{s.Webhook}, []int32{int32(s.Version)}, []string{key}).
		QueryRow(func(row pgx.Row) error {
			err := row.Scan(&s.Encrypted)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
	err := run(ctx, w.pool, &b)
	return s, err
}

// RotateSecret replaces a webhook's secret by the same under another version. key opened
// it; toKey and encrypted are what it becomes.
func (w *Worker) RotateSecret(ctx context.Context, s SecretToRotate, key string, to int, check []byte, toKey string, encrypted []byte) error {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select private.rotate_webhook_secrets($1, $2, $3, $4, $5, $6, $7, $8, $9)", []uuid.UUID{s.Account}, []uuid.UUID{s.Webhook}, []int32{int32(s.Version)},
		[]string{key}, [][]byte{s.Encrypted}, to, check, []string{toKey}, [][]byte{encrypted})
	return run(ctx, w.pool, &b)
}

// WebhookCounts is how many webhooks there are, over all accounts.
type WebhookCounts struct {
	Working int64 // that are on and take events
	Failing int64 // that are on and did not take the next event
	GivenUp int64 // that were switched off within the last day, because they took nothing for long
}

// WebhookCounts returns the counts.
func (w *Worker) WebhookCounts(ctx context.Context) (counts WebhookCounts, err error) {
	var b Batch
	b.Queue("select working, failing, given_up from private.webhook_counts()").
		QueryRow(func(row pgx.Row) error { return row.Scan(&counts.Working, &counts.Failing, &counts.GivenUp) })
	err = run(ctx, w.pool, &b)
	return counts, err
}
