package tenant

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/origin"
)

// MasterKeyVersion is a version of the master key that the database knows or
// stored credentials need.
type MasterKeyVersion struct {
	Version  int
	Accounts int64 // how many accounts' credentials need it
	// Unchecked is one of these accounts where the version has no check value
	// yet, and nil otherwise.
	Unchecked *uuid.UUID
	Stores    bool       // credentials are stored under it
	RetiredAt *time.Time // nothing is stored under it again since then
	// Matches is whether the check value that was passed is the one that the
	// database keeps; nil where either is missing.
	Matches *bool
}

// MasterKeyVersions returns the versions of the master key that the database
// knows or needs, the oldest first. versions and checks are the check values to
// compare.
func (w *Worker) MasterKeyVersions(ctx context.Context, versions []int32, checks [][]byte) (list []MasterKeyVersion, err error) {
	var b Batch
	b.Queue("select key_version, accounts, unchecked_account, stores, retired_at, matches from private.master_key_versions($1, $2) order by 1", versions, checks).
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[MasterKeyVersion])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// CheckMasterKey compares the check value of a version with the one that the
// database keeps, which it keeps from the first call on. Where the version is
// unchecked, key is the derived key of that account. mayStore says that the
// version becomes the one that stores where none does. checks are the check values
// of all keys that the caller has: a new version is taken only from who has the one
// that stores. It ends with SQLSTATE PD500 or 39000 where the master key is not the
// one of this version.
func (w *Worker) CheckMasterKey(ctx context.Context, version int, check []byte, unchecked *uuid.UUID, key string, mayStore bool, checks [][]byte) error {
	return w.exec(ctx, "select private.check_master_key($1, $2, $3, $4, $5, $6)", version, check, unchecked, key, mayStore, checks)
}

// AnnounceKeyring records that a running instance has these versions of the
// master key, for so long. It ends with SQLSTATE PD501 where the version that
// stores is not among them.
func (w *Worker) AnnounceKeyring(ctx context.Context, holder uuid.UUID, versions []int32, live time.Duration) error {
	return w.exec(ctx, "select private.announce_keyring($1, $2, $3)", holder, versions, live)
}

// WithdrawKeyring records that an instance is over.
func (w *Worker) WithdrawKeyring(ctx context.Context, holder uuid.UUID) error {
	return w.exec(ctx, "select private.announce_keyring($1, null, null)", holder)
}

// LiveKeyring is versions of the master key that running instances have.
type LiveKeyring struct {
	Versions  []int32 `json:"versions"`
	Instances int64   `json:"instances"` // how many have just these
}

// LiveKeyrings returns which versions the running instances have.
func (w *Worker) LiveKeyrings(ctx context.Context) (list []LiveKeyring, err error) {
	var b Batch
	b.Queue("select versions, instances from private.live_keyrings() order by 1").
		Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[LiveKeyring])
			return err
		})
	err = run(ctx, w.pool, &b)
	return list, err
}

// SetStoringKeyVersion makes a version the one under which credentials are
// stored. checks are the check values of all keys that the caller has. It ends with
// SQLSTATE PD500 where check is not the version's check value, or the one of the
// version that stores now is not among checks; and with 55000 and a sentence for the
// operator where it cannot be.
func (w *Worker) SetStoringKeyVersion(ctx context.Context, version int, check []byte, checks [][]byte) error {
	return w.exec(ctx, "select private.set_storing_key_version($1, $2, $3)", version, check, checks)
}

// RetireMasterKey retires a version. check is the check value of the version that
// stores. It ends with SQLSTATE PD500 where it is not, and with 55000 and a
// sentence for the operator where the version cannot be retired.
func (w *Worker) RetireMasterKey(ctx context.Context, version int, check []byte) error {
	return w.exec(ctx, "select private.retire_master_key($1, $2)", version, check)
}

// exec runs one statement in a transaction without an admission.
func (w *Worker) exec(ctx context.Context, sql string, args ...any) error {
	var b Batch
	b.tellOperator(ctx)
	b.Queue(sql, args...)
	return run(ctx, w.pool, &b)
}

// tellOperator tells the audit who runs the command that this transaction is of.
func (b *Batch) tellOperator(ctx context.Context) {
	b.Queue("select set_config('app.operator', $1, true)", origin.Operator(ctx))
}
