package tenant

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ToRotate is an account whose credentials are encrypted under another version
// of the master key than is wanted.
type ToRotate struct {
	Account uuid.UUID
	Version int
}

// CredentialsToRotate returns the accounts whose credentials are not under this
// version, in the order of their ids, after one and at most so many.
func (w *Worker) CredentialsToRotate(ctx context.Context, version int, after uuid.UUID, most int) (list []ToRotate, err error) {
	var b Batch
	b.Queue("select account_id, key_version from private.credentials_to_rotate($1, $2, $3)", version, after, most).
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ToRotate])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// OpenedToRotate is an account's credentials without their outer layer, in which
// they are encrypted still. Encrypted is nil where the derived key does not open
// them.
type OpenedToRotate struct {
	Account   uuid.UUID
	Encrypted []byte
}

// OpenCredentialsToRotate takes the outer layer off the credentials of accounts,
// with the derived key of each. One whose credentials are gone, or under another
// version by now, is left out.
func (w *Worker) OpenCredentialsToRotate(ctx context.Context, accounts []uuid.UUID, versions []int32, keys []string) (list []OpenedToRotate, err error) {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select account_id, encrypted from private.open_credentials_to_rotate($1, $2, $3)", accounts, versions, keys).
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[OpenedToRotate])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// Rotated is what accounts' credentials were opened with and what they become;
// the nth entry of each list is of the nth account.
type Rotated struct {
	Accounts  []uuid.UUID
	Versions  []int32
	Keys      []string // derived keys that opened them
	Was       [][]byte // what they opened
	ToKeys    []string // derived keys of the new version
	Encrypted [][]byte // what is encrypted with them
}

// RotateCredentials replaces credentials by the same under another version, all
// in one transaction, and returns of how many accounts: those that changed since
// they were opened are left as they are. It ends with SQLSTATE PD501 where
// another version stores by now.
func (w *Worker) RotateCredentials(ctx context.Context, r Rotated, to int, check []byte) (changed int, err error) {
	var b Batch
	b.tellOperator(ctx)
	b.Queue("select private.rotate_credentials($1, $2, $3, $4, $5, $6, $7, $8)", r.Accounts, r.Versions, r.Keys, r.Was, to, check, r.ToKeys, r.Encrypted).
		Query(func(rows pgx.Rows) error {
			accounts, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			changed = len(accounts)
			return err
		})
	err = run(ctx, w.pool, &b)
	return changed, err
}
