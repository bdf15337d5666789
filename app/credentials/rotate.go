package credentials

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// rotateBatch is how many accounts are rotated in one transaction. It holds their
// rows for some ten milliseconds, for which requests of these accounts wait.
const rotateBatch = 50

// Rotation is how far a rotation has come.
type Rotation struct {
	To      int // version of the master key
	Total   int // credentials that were under another version when it began
	Rotated int // encrypted under the new version by this rotation
	// Elsewhere is how many changed meanwhile: stored anew by their user, deleted,
	// or rotated by a second rotation. None of these is under an old version.
	Elsewhere  int
	Unreadable []uuid.UUID // accounts whose credentials no key opens; they stay as they are
}

// Done returns how many credentials were dealt with.
func (r Rotation) Done() int { return r.Rotated + r.Elsewhere + len(r.Unreadable) }

// Rotate makes a version of the master key the one that stores, and encrypts all
// credentials under it that are under another, batch by batch, in the order of the
// accounts' ids. What was done stays done: after an end at any point, the next
// call goes on. progress is called after each batch. When ctx ends, the running
// batch is finished, and the error is ctx's. Its other errors are one sentence for
// the operator. Verify must have been called.
//
// The secrets of webhooks and notices follow; they are not counted.
//
// An API key is in clear here alone: Postgres sees the outer layers.
func (k *Keyring) Rotate(ctx context.Context, w *tenant.Worker, to int, progress func(Rotation)) (Rotation, error) {
	r := Rotation{To: to}
	if !k.has(to) {
		return r, fmt.Errorf("%s has no key of version %d: make one with paddock keys new --version %d and add it", k.name, to, to)
	}
	_, checks := k.checks()
	if err := w.SetStoringKeyVersion(ctx, to, k.check(to), checks); err != nil {
		return r, k.explainOperator(err, to)
	}
	known, err := w.MasterKeyVersions(ctx, nil, nil)
	if err != nil {
		return r, fmt.Errorf("count the credentials to rotate: %w", err)
	}
	for _, v := range known {
		if v.Version != to {
			r.Total += int(v.Accounts)
		}
	}
	var after uuid.UUID
	for ctx.Err() == nil {
		var batch []tenant.ToRotate
		// A batch that has begun is finished.
		err := patiently(ctx, func(ctx context.Context) (err error) {
			batch, err = w.CredentialsToRotate(ctx, to, after, rotateBatch)
			if err != nil || len(batch) == 0 {
				return err
			}
			return k.rotateBatch(ctx, w, batch, &r)
		})
		if err != nil {
			return r, k.explainOperator(err, to)
		}
		if len(batch) == 0 {
			return r, k.explainOperator(k.rotateSecrets(ctx, w, to), to)
		}
		after = batch[len(batch)-1].Account
		progress(r)
	}
	return r, ctx.Err()
}

// rotateBatch rotates some accounts' credentials in one transaction, and counts
// them.
func (k *Keyring) rotateBatch(ctx context.Context, w *tenant.Worker, batch []tenant.ToRotate, r *Rotation) error {
	versions := map[uuid.UUID]int{}
	var accounts []uuid.UUID
	var from []int32
	var keys []string
	for _, one := range batch {
		if !k.has(one.Version) {
			return fmt.Errorf("%s has no key of version %d, which stored API keys need: add it again", k.name, one.Version)
		}
		versions[one.Account] = one.Version
		accounts = append(accounts, one.Account)
		from = append(from, int32(one.Version))
		keys = append(keys, k.outerKey(one.Version, one.Account))
	}
	opened, err := w.OpenCredentialsToRotate(ctx, accounts, from, keys)
	if err != nil {
		return err
	}
	var rotated tenant.Rotated
	var unreadable []uuid.UUID
	for _, one := range opened {
		version := versions[one.Account]
		keys, err := k.decrypt(version, one.Account, one.Encrypted)
		if err != nil {
			unreadable = append(unreadable, one.Account)
			continue
		}
		rotated.Accounts = append(rotated.Accounts, one.Account)
		rotated.Versions = append(rotated.Versions, int32(version))
		rotated.Keys = append(rotated.Keys, k.outerKey(version, one.Account))
		rotated.Was = append(rotated.Was, one.Encrypted)
		rotated.ToKeys = append(rotated.ToKeys, k.outerKey(r.To, one.Account))
		rotated.Encrypted = append(rotated.Encrypted, k.encrypt(r.To, one.Account, keys))
	}
	changed, err := w.RotateCredentials(ctx, rotated, r.To, k.check(r.To))
	if err != nil {
		return err
	}
	r.Rotated += changed
	r.Unreadable = append(r.Unreadable, unreadable...)
	r.Elsewhere += len(batch) - changed - len(unreadable)
	return nil
}

// patience is how long a rotation waits for a database that is not available.
const patience = time.Minute

// patiently calls do, again while the database is not available: a restart of
// Postgres ends no rotation. Where ctx ends, do is not interrupted and not called
// again.
func patiently(ctx context.Context, do func(context.Context) error) error {
	for from := time.Now(); ; {
		err := do(context.WithoutCancel(ctx))
		if !problem.Is(err, problem.DatabaseUnavailable) || time.Since(from) > patience {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

// Retire retires a version of the master key, which no stored credentials need:
// nothing can be stored under it from then on. Its errors are one sentence for the
// operator. Verify must have been called.
func (k *Keyring) Retire(ctx context.Context, w *tenant.Worker, version int) error {
	known, err := w.MasterKeyVersions(ctx, nil, nil)
	if err != nil {
		return fmt.Errorf("look for the version that stores: %w", err)
	}
	for _, v := range known {
		if v.Stores {
			return k.explainOperator(w.RetireMasterKey(ctx, version, k.check(v.Version)), v.Version)
		}
	}
	return errors.New("this database stores under no version of the master key yet: start paddock serve first")
}

// explainOperator returns what the database says to an operator, in its words.
func (k *Keyring) explainOperator(err error, version int) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "55000":
		return errors.New(pg.Message)
	case "PD500":
		return k.isAnother(version)
	case "PD501":
		return fmt.Errorf("another rotation has made another version of the master key the one that stores, so this one to version %d ends: see paddock keys status", version)
	}
	return err
}
