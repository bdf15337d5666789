package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Opener opens accounts' keys for requests.
type Opener struct {
	db     *tenant.DB
	keys   *Keyring
	broker *broker.Broker
	log    *slog.Logger
}

// NewOpener makes an Opener.
func NewOpener(db *tenant.DB, keys *Keyring, b *broker.Broker, log *slog.Logger) *Opener {
	return &Opener{db, keys, b, log}
}

// Transaction is Tx or TxNotify of tenant.DB.
type Transaction func(context.Context, tenant.Admission, func(*tenant.Batch)) error

// Access is a client of the broker, for one request, and the keys that it uses.
type Access struct {
	Client    *broker.Client
	keys      Opened
	admission tenant.Admission
	opener    *Opener
}

// Open admits the request, decrypts the account's keys and makes a client of
// the broker. queue, unless it is nil, adds statements to the same transaction,
// between the admission and the decryption. It ends with needs_credentials,
// credentials_unreadable, or a problem of the admission.
func (o *Opener) Open(ctx context.Context, a tenant.Admission, do Transaction, queue func(*tenant.Batch)) (Access, error) {
	opened := Access{admission: a, opener: o}
	err := do(ctx, a, func(b *tenant.Batch) {
		if queue != nil {
			queue(b)
		}
		o.keys.QueueOpen(b, a.Account, &opened.keys)
	})
	if err == nil {
		err = opened.keys.Usable()
	}
	if err == nil {
		opened.Client, err = opened.keys.Client(o.broker, a.Account, broker.WithSharer(Sharer(a)))
	}
	return opened, err
}

// Proof returns what shows the database that this process can open an account's keys, for
// its functions that record what the broker said: the account's derived key of each
// version (private.require_keys).
func (o *Opener) Proof(account uuid.UUID) (versions []int32, keys []string) {
	return o.keys.outerKeys(account)
}

// Sharer names who shares the account's requests with others: each API token by itself,
// the orders that are sent later together, and people together.
func Sharer(a tenant.Admission) string {
	switch {
	case a.Ticket != nil:
		return "jobs"
	case strings.HasPrefix(a.Token, "pdk_"):
		sum := sha256.Sum256([]byte(a.Token))
		return "token " + hex.EncodeToString(sum[:8])
	}
	return "people"
}

// noteTimeout bounds writing down that keys are refused.
const noteTimeout = 10 * time.Second

// Explain returns an error of the client as a problem. Where the broker refuses
// the keys, that is written down.
func (a Access) Explain(ctx context.Context, err error) error {
	if Refused(err) {
		note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
		if failed := a.opener.db.TxNotify(note, a.admission, a.keys.QueueRefused); failed != nil {
			a.opener.log.WarnContext(ctx, "could not note that the broker refuses the keys", "err", failed)
		}
	}
	return problem.FromBroker(err)
}
