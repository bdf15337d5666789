package credentials

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// storeAttempts is how often keys are encrypted anew because a rotation has
// changed the version that stores, in the moment since it was asked for.
const storeAttempts = 3

// Store encrypts keys under the version that the database stores under, and
// stores them for the admitted account. They open the broker's account of this id
// and number. more adds statements to the same transaction. It ends with
// credentials_unreadable where the server's master keys are not those of its
// database, or a problem of the admission.
func (k *Keyring) Store(ctx context.Context, db *tenant.DB, a tenant.Admission, c broker.Credentials,
	brokerAccount uuid.UUID, number string, more func(*tenant.Batch)) error {
	return k.underStoringVersion(ctx, db, a, func(b *tenant.Batch, version int) {
		k.queueStore(b, a.Account, version, c, brokerAccount, number)
		more(b)
	})
}

// underStoringVersion runs what queue adds for the version that the database stores
// under, in one transaction, and again where a rotation has changed that meanwhile.
func (k *Keyring) underStoringVersion(ctx context.Context, db *tenant.DB, a tenant.Admission, queue func(b *tenant.Batch, version int)) error {
	var err error
	for range storeAttempts {
		var version int
		if version, err = k.storingVersion(ctx, db, a); err != nil {
			return err
		}
		err = db.TxNotify(ctx, a, func(b *tenant.Batch) { queue(b, version) })
		if tenant.SQLState(err) != "PD501" {
			break
		}
	}
	return explainStoring(err)
}

// storingVersion asks the database under which version it stores, which before
// the first use of any is the newest.
func (k *Keyring) storingVersion(ctx context.Context, db *tenant.DB, a tenant.Admission) (int, error) {
	var version *int
	err := db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.storing_key_version()").QueryRow(func(row pgx.Row) error { return row.Scan(&version) })
	})
	switch {
	case err != nil:
		return 0, err
	case version == nil:
		return k.Newest(), nil
	case !k.has(*version):
		return 0, wrongMasterKey()
	}
	return *version, nil
}

func (k *Keyring) queueStore(b *tenant.Batch, account uuid.UUID, version int, c broker.Credentials, brokerAccount uuid.UUID, number string) {
	id := c.KeyID.Reveal()
	b.Queue("select private.store_credentials($1, $2, $3, 'key', $4, $5, $6, $7)",
		k.outerKey(version, account), version, k.check(version), k.encrypt(version, account, c), id[len(id)-4:], brokerAccount, number)
}

// explainStoring says what an operator must do when the server's master key is
// not the one of this database.
func explainStoring(err error) error {
	switch tenant.SQLState(err) {
	case "PD500", "PD501":
		return wrongMasterKey().Because(err)
	}
	return err
}

func wrongMasterKey() *problem.Problem {
	return problem.New(problem.CredentialsUnreadable,
		"The server's master key is not the one of its database, so that nothing is stored with it. Ask the operator to restore the server's master keys.")
}
