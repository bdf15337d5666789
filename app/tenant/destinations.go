package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// DestinationClaim is an instance's right to send a destination's events.
type DestinationClaim struct {
	Account, Destination, Holder uuid.UUID
	Type                         string // webhook, email, telegram or discord
	Address                      string // "" for mail
	MailTo                       string // of mail; "" where its user has no address that is verified
	TimeZone                     string
	AccountName, Environment     string
	KeyVersion                   int // of the master key under which its secret is encrypted; 0 where it has none
}

// WakeDestinations has every destination looked at that has events to send and that
// nobody works on. It returns how many looks that are.
func (w *Worker) WakeDestinations(ctx context.Context) (woken int, err error) {
	var b Batch
	b.Queue("select private.wake_destinations()").QueryRow(func(row pgx.Row) error { return row.Scan(&woken) })
	err = run(ctx, w.pool, &b)
	return woken, err
}

// WriteSummaries writes the day's summary of each notice for which it is due.
func (w *Worker) WriteSummaries(ctx context.Context) error {
	for ctx.Err() == nil {
		var of *uuid.UUID
		var b Batch
		b.Queue("select private.write_summary()").QueryRow(func(row pgx.Row) error { return row.Scan(&of) })
		if err := run(ctx, w.pool, &b); err != nil || of == nil {
			return err
		}
		w.bell.Ring(*of)
	}
	return ctx.Err()
}

// outagesAtOnce is how many accounts' outages are told of in one transaction.
const outagesAtOnce = 100

// NoteOutages tells by events which accounts' streams have been behind for after, and
// which are live again.
func (w *Worker) NoteOutages(ctx context.Context, after time.Duration) error {
	for ctx.Err() == nil {
		var told int
		var b Batch
		b.Queue("select private.note_outages($1, $2)", after, outagesAtOnce).QueryRow(func(row pgx.Row) error { return row.Scan(&told) })
		if err := run(ctx, w.pool, &b); err != nil || told < outagesAtOnce {
			return err
		}
	}
	return ctx.Err()
}

// BeginDelivery claims a destination for a time, and reports whether there is something
// to do.
func (w *Worker) BeginDelivery(ctx context.Context, account, destination, holder uuid.UUID, ttl time.Duration) (claim DestinationClaim, is bool, err error) {
	claim = DestinationClaim{Account: account, Destination: destination, Holder: holder}
	var b Batch
	b.Queue(`select type, coalesce(address, ''), coalesce(mail_to, ''), time_zone, account_name, environment, coalesce(key_version, 0)
		from private.begin_delivery($1, $2, $3, $4)`, account, destination, holder, ttl).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&claim.Type, &claim.Address, &claim.MailTo, &claim.TimeZone, &claim.AccountName, &claim.Environment, &claim.KeyVersion)
		is = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	// It may switch the destination off, which is an event.
	err = runAndNotify(ctx, w.pool, &b, w.bell, account)
	return claim, is, err
}

// Delivery is what is to be sent.
type Delivery struct {
	// Events are the next ones. The last has no kind where there is none to send up to its
	// number.
	Events []Event
	Secret []byte // without the outer layer
	// Apart says that it is quiet there, so that what is urgent is sent apart from the rest.
	Apart bool
}

// ReadDelivery returns the destination's next events, most at most, and its secret
// without the outer layer, which key opens; key is "" where there is no secret.
func (w *Worker) ReadDelivery(ctx context.Context, c DestinationClaim, key string, most int) (d Delivery, err error) {
	var b Batch
	b.Queue("select secret, apart, seq, coalesce(kind, ''), at, data from private.read_delivery($1, $2, $3, $4, $5)", c.Account, c.Destination, c.Holder, key, most).
		Query(func(rows pgx.Rows) (err error) {
			d.Events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
				var at *time.Time
				var data json.RawMessage
				if err = row.Scan(&d.Secret, &d.Apart, &e.Seq, &e.Kind, &at, &data); at != nil {
					e.At = at.UTC()
				}
				e.Data = data
				return e, err
			})
			return err
		})
	err = run(ctx, w.pool, &b)
	return d, err
}

// Delivered is how far a destination came.
type Delivered struct {
	Apart  bool          // as in Delivery
	Seq    int64         // the newest event that was taken or passed over; 0 for none
	Status int           // HTTP's; 0 without a response
	Error  string        // why the next one was not taken; "" where all were
	Wait   time.Duration // nothing is sent before
}

// EndDelivery records how far a destination came, and gives it back. One is switched
// off that has taken nothing for giveUp. It reports whether the claim was its holder's.
func (w *Worker) EndDelivery(ctx context.Context, c DestinationClaim, d Delivered, giveUp time.Duration) (is bool, err error) {
	var status *int
	var failure *string
	if d.Status != 0 {
		status = &d.Status
	}
	if d.Error != "" {
		failure = &d.Error
	}
	var b Batch
	b.Queue("select private.end_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9)", c.Account, c.Destination, c.Holder, d.Apart, d.Seq, status, failure, d.Wait, giveUp).
		QueryRow(func(row pgx.Row) error { return row.Scan(&is) })
	err = runAndNotify(ctx, w.pool, &b, w.bell, c.Account)
	return is, err
}

// SecretToRotate is a destination whose secret is encrypted under another version of the
// master key than is wanted; and the secret without its outer layer, once it was opened.
type SecretToRotate struct {
	Account, Destination uuid.UUID
	Version              int
	Encrypted            []byte
}

// SecretsToRotate returns destinations whose secrets are not under this version, after one
// and at most so many.
func (w *Worker) SecretsToRotate(ctx context.Context, version int, after SecretToRotate, most int) (list []SecretToRotate, err error) {
	var b Batch
	b.Queue("select account_id, destination_id, key_version, null::bytea from private.destination_secrets_to_rotate($1, $2, $3, $4)", version, after.Account, after.Destination, most).
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SecretToRotate])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// OpenSecretToRotate takes the outer layer off a destination's secret; Encrypted stays nil
// where the derived key does not open it, or it changed meanwhile.
func (w *Worker) OpenSecretToRotate(ctx context.Context, s SecretToRotate, key string) (SecretToRotate, error) {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select encrypted from private.open_destination_secrets_to_rotate($1, $2, $3, $4)", []uuid.UUID{s.Account}, []uuid.UUID{s.Destination}, []int32{int32(s.Version)}, []string{key}).
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

// RotateSecret replaces a destination's secret by the same under another version. key opened
// it; toKey and encrypted are what it becomes.
func (w *Worker) RotateSecret(ctx context.Context, s SecretToRotate, key string, to int, check []byte, toKey string, encrypted []byte) error {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select private.rotate_destination_secrets($1, $2, $3, $4, $5, $6, $7, $8, $9)", []uuid.UUID{s.Account}, []uuid.UUID{s.Destination}, []int32{int32(s.Version)},
		[]string{key}, [][]byte{s.Encrypted}, to, check, []string{toKey}, [][]byte{encrypted})
	return run(ctx, w.pool, &b)
}

// DestinationCount is how many destinations of a type there are, over all accounts.
type DestinationCount struct {
	Type    string
	Working int64 // that are on and take events
	Failing int64 // that are on and did not take the next event
	GivenUp int64 // that were switched off within the last day, because they took nothing for long
}

// DestinationCounts returns the counts of the types of which there are any.
func (w *Worker) DestinationCounts(ctx context.Context) (counts []DestinationCount, err error) {
	var b Batch
	b.Queue("select type, working, failing, given_up from private.destination_counts()").Query(func(rows pgx.Rows) (err error) {
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[DestinationCount])
		return err
	})
	err = run(ctx, w.pool, &b)
	return counts, err
}
