package accounts

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Metadata is what may be shown of stored credentials: never a key.
type Metadata struct {
	Kind                string     `json:"kind"`      // key or oauth
	KeyLast4            string     `json:"key_last4"` // of the key id, not of the secret
	EncryptionAlgorithm string     `json:"encryption_algorithm"`
	KeyVersion          int        `json:"key_version"` // of the master key
	LastDecryptedAt     *time.Time `json:"last_decrypted_at"`
	RejectedAt          *time.Time `json:"rejected_at"` // when the broker refused them
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

const selectMetadataSQL = `select kind, key_last4, encryption_algorithm, key_version, last_decrypted_at, rejected_at,
	created_at, updated_at from private.credentials_metadata()`

func queueMetadata(b *tenant.Batch, into *Metadata) {
	b.Queue(selectMetadataSQL).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&into.Kind, &into.KeyLast4, &into.EncryptionAlgorithm, &into.KeyVersion,
			&into.LastDecryptedAt, &into.RejectedAt, &into.CreatedAt, &into.UpdatedAt)
		for _, t := range []*time.Time{into.LastDecryptedAt, into.RejectedAt, &into.CreatedAt, &into.UpdatedAt} {
			if t != nil {
				*t = t.UTC()
			}
		}
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.New(problem.NoCredentials, "This account has no API keys yet. Store them with PUT /api/accounts/:id/credentials.")
		}
		return err
	})
}

// Credentials returns what may be shown of an account's credentials. It ends
// with no_credentials where there are none.
func (s *Service) Credentials(ctx context.Context, a tenant.Admission) (Metadata, error) {
	var m Metadata
	err := s.db.Read(ctx, a, func(b *tenant.Batch) { queueMetadata(b, &m) })
	return m, err
}

// keyText matches a part of Alpaca's keys. They are sent in a header, where
// other characters would fail with a less clear message.
var keyText = regexp.MustCompile(`^[A-Za-z0-9/+=_-]{8,200}$`)

// PutCredentials checks keys at the broker, stores them encrypted, and records
// which broker account they open. It ends with invalid_credentials,
// too_many_key_checks, credentials_rejected, different_broker_account, broker_account_in_use,
// not_permitted, step_up_required, or a problem of the broker.
func (s *Service) PutCredentials(ctx context.Context, a tenant.Admission, keyID, secretKey string) (Metadata, error) {
	if !keyText.MatchString(keyID) || !keyText.MatchString(secretKey) {
		return Metadata{}, problem.New(problem.InvalidCredentials,
			`Give "key_id" and "secret_key" as Alpaca shows them: letters and digits, without spaces.`)
	}
	var environment, owner string
	var manages bool
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select environment, user_id, private.has_scope('manage') from app.user_accounts where id = $1", a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&environment, &owner, &manages) })
	})
	if err != nil {
		return Metadata{}, toProblem(err)
	}
	if !manages {
		return Metadata{}, notManaged()
	}
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.require_step_up()") // as storing them does, before Alpaca is asked
		queueKeyCheck(b, false)
	})
	if err != nil {
		return Metadata{}, err
	}

	keys := broker.Credentials{KeyID: broker.NewSecret(keyID), SecretKey: broker.NewSecret(secretKey)}
	client, err := s.broker.Client(broker.Environment(environment), keys, broker.WithAccount(a.Account.String(), owner))
	if err != nil {
		return Metadata{}, err
	}
	account, err := s.checkKeys(ctx, a, client)
	if err != nil {
		return Metadata{}, explainCheck(err, environment)
	}
	alpacaID, err := uuid.Parse(account.Value.ID)
	if err != nil {
		return Metadata{}, problem.New(problem.BrokerUnavailable, "Alpaca's answer could not be understood. Try again in a minute.").Because(err)
	}

	var m Metadata
	err = s.keys.Store(ctx, s.db, a, keys, alpacaID, account.Value.AccountNumber, func(b *tenant.Batch) { queueMetadata(b, &m) })
	return m, toProblem(err)
}

func explainCheck(err error, environment string) error {
	var b *broker.Error
	if !errors.As(err, &b) {
		return err
	}
	if b.Kind == broker.Unauthorized || b.Kind == broker.Forbidden {
		p := problem.New(problem.CredentialsRejected,
			"Alpaca refuses these keys for a %s account. Check that both were copied whole and belong to %s trading.", environment, environment)
		p.Broker = &problem.Broker{Code: b.Code, Message: b.Message, RequestID: b.RequestID}
		return p.Because(err)
	}
	return problem.FromBroker(err)
}

// DeleteCredentials deletes an account's keys; it is no error if there are
// none. Unless leaveOrders is set, open orders end it with open_orders and a
// list of them, and nothing is deleted.
func (s *Service) DeleteCredentials(ctx context.Context, a tenant.Admission, leaveOrders bool) error {
	var inTheWay []byte
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.delete_credentials($1)", openOrdersArg(leaveOrders)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&inTheWay) })
	})
	if err != nil {
		return toProblem(err)
	}
	return openOrdersProblem(inTheWay)
}
