package tenant

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MasterKeyVersion is a version of the master key that stored credentials need.
type MasterKeyVersion struct {
	Version  int
	Accounts int64 // how many need it
	// Unchecked is one of these accounts where the version has no check value
	// yet, and nil otherwise.
	Unchecked *uuid.UUID
}

// MasterKeyVersions returns the versions of the master key that stored
// credentials need.
func (w *Worker) MasterKeyVersions(ctx context.Context) (list []MasterKeyVersion, err error) {
	var b Batch
	b.Queue("select key_version, accounts, unchecked_account from private.master_key_versions() order by 1").
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[MasterKeyVersion])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// CheckMasterKey compares the check value of a version with the one that the
// database keeps, which it keeps from the first call on. Where the version is
// unchecked, key is the derived key of that account. It ends with SQLSTATE PD500
// or 39000 where the master key is not the one of this version.
func (w *Worker) CheckMasterKey(ctx context.Context, version int, check []byte, unchecked *uuid.UUID, key string) error {
	var b Batch
	b.Queue("select private.check_master_key($1, $2, $3, $4)", version, check, unchecked, key)
	return run(ctx, w.pool, &b)
}
