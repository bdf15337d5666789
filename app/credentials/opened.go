package credentials

import (
	"encoding/json"
	"errors"

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

// plaintext is the text that is encrypted, as JSON.
type plaintext struct {
	KeyID     string `json:"key_id"`
	SecretKey string `json:"secret_key"`
}

// QueueOpen queues the decryption of the admitted account's credentials; into
// is filled when the batch has run.
func (k *Keyring) QueueOpen(b *tenant.Batch, account uuid.UUID, into *Opened) {
	versions, keys := k.outerKeys(account)
	b.Queue("select environment, key_version, encrypted, generation, rejected, owner from private.read_credentials($1, $2)", versions, keys).
		QueryRow(func(row pgx.Row) error {
			var environment string
			var version int
			var encrypted []byte
			err := row.Scan(&environment, &version, &encrypted, &into.Generation, &into.rejected, &into.Owner)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			if err != nil {
				return explainDecryption(err)
			}
			into.Credentials, err = k.decrypt(version, account, encrypted)
			into.found = err == nil
			into.Environment = broker.Environment(environment)
			return err
		})
}

// encrypt puts the inner layer around an account's keys.
func (k *Keyring) encrypt(version int, account uuid.UUID, c broker.Credentials) []byte {
	text, err := json.Marshal(plaintext{KeyID: c.KeyID.Reveal(), SecretKey: c.SecretKey.Reveal()})
	if err != nil {
		panic(err) // cannot happen: strings always marshal
	}
	return k.inner(version, account).Seal(nil, nil, text, nil) // #nosec G407 -- this cipher makes its own nonce, at random
}

// decrypt takes the inner layer off.
func (k *Keyring) decrypt(version int, account uuid.UUID, encrypted []byte) (broker.Credentials, error) {
	var p plaintext
	text, err := k.inner(version, account).Open(nil, nil, encrypted, nil)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return broker.Credentials{}, unreadable(errors.New("the inner layer does not open"))
	}
	return broker.Credentials{KeyID: broker.NewSecret(p.KeyID), SecretKey: broker.NewSecret(p.SecretKey)}, nil
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
		return unreadable(err)
	}
	return err
}

func unreadable(err error) error {
	return problem.New(problem.CredentialsUnreadable,
		"This account's keys cannot be decrypted with the server's master keys. Ask the operator to restore them, or store the keys again.").Because(err)
}
