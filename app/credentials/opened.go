package credentials

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Opened is an account's decrypted credentials. It lives as long as one request
// or one stream.
type Opened struct {
	Environment broker.Environment
	Credentials broker.Credentials
	Generation  int64  // grows when the keys are replaced
	Owner       string // the user who owns the account
	found       bool
	rejected    bool
}

// plaintext is the text that is encrypted.
type plaintext struct {
	KeyID     string `json:"key_id"`
	SecretKey string `json:"secret_key"`
}

// QueueOpen queues the decryption of the admitted account's credentials; into
// is filled when the batch has run.
func (k *Keyring) QueueOpen(b *tenant.Batch, account uuid.UUID, into *Opened) {
	versions, keys := k.deriveAll(account)
	b.Queue("select environment, plaintext, generation, rejected, owner from private.read_credentials($1, $2)", versions, keys).
		QueryRow(func(row pgx.Row) error {
			var environment string
			var text []byte
			err := row.Scan(&environment, &text, &into.Generation, &into.rejected, &into.Owner)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			if err != nil {
				return explainDecryption(err)
			}
			var p plaintext
			if err := json.Unmarshal(text, &p); err != nil {
				return fmt.Errorf("read the decrypted credentials: they are not what was stored")
			}
			into.found = true
			into.Environment = broker.Environment(environment)
			into.Credentials = broker.Credentials{KeyID: broker.NewSecret(p.KeyID), SecretKey: broker.NewSecret(p.SecretKey)}
			return nil
		})
}

// QueueStore queues the encryption of keys for the admitted account. They open
// the broker's account of this id and number.
func (k *Keyring) QueueStore(b *tenant.Batch, account uuid.UUID, c broker.Credentials, brokerAccount uuid.UUID, number string) {
	id, version := c.KeyID.Reveal(), k.newest()
	text, err := json.Marshal(plaintext{KeyID: id, SecretKey: c.SecretKey.Reveal()})
	if err != nil {
		panic(err) // cannot happen: strings always marshal
	}
	b.Queue("select private.store_credentials($1, $2, 'key', $3, $4, $5, $6)",
		k.derive(version, account), version, string(text), id[len(id)-4:], brokerAccount, number)
}

// Usable returns needs_credentials where there are no keys or
// the broker has refused them.
func (o *Opened) Usable() error {
	switch {
	case !o.found:
		return problem.New(problem.NeedsCredentials, "This account has no API keys yet. Store them with PUT /api/accounts/:id/credentials.")
	case o.rejected:
		return problem.New(problem.NeedsCredentials, "Alpaca refuses this account's API keys. Make new ones at Alpaca and store them with PUT /api/accounts/:id/credentials.")
	}
	return nil
}

// Client returns a client of the broker for the account that the keys are of.
func (o *Opened) Client(b *broker.Broker, account uuid.UUID, more ...broker.Option) (*broker.Client, error) {
	return b.Client(o.Environment, o.Credentials, append(more, broker.WithAccount(account.String(), o.Owner))...)
}

// Refused reports whether an error means that the broker takes these keys no
// longer. QueueRefused then queues a note of it.
func Refused(err error) bool {
	return broker.IsKind(err, broker.Unauthorized)
}

// QueueRefused queues a note that the broker refuses the keys, unless they were
// replaced meanwhile. A request that may only read notes nothing.
func (o *Opened) QueueRefused(b *tenant.Batch) {
	b.Queue("select private.mark_credentials_rejected($1) where private.has_scope('cancel') or private.has_scope('work')", o.Generation)
}

// explainDecryption says what an operator must do when a row cannot be
// decrypted.
func explainDecryption(err error) error {
	switch tenant.SQLState(err) {
	case "PD500", "39000":
		return problem.New(problem.CredentialsUnreadable,
			"This account's keys cannot be decrypted with the server's master keys. Ask the operator to restore PADDOCK_MASTER_KEYS, or store the keys again.").Because(err)
	}
	return err
}
