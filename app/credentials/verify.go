package credentials

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// Verify checks that the master keys are those of the database, before anything
// is encrypted or decrypted with them. The database keeps a check value of each
// version, which the first call with a new version leaves there, unless the
// worker may only read; the newest of a new database's first call is the one under
// which credentials are stored. Its errors are one sentence for the operator.
func (k *Keyring) Verify(ctx context.Context, w *tenant.Worker) error {
	known, err := w.MasterKeyVersions(ctx, nil, nil)
	if err != nil {
		return fmt.Errorf("look for the versions of the master key that are needed: %w", err)
	}
	unchecked := map[int]*uuid.UUID{}
	for _, v := range known {
		if !k.has(v.Version) && v.Accounts > 0 {
			return fmt.Errorf("%s has no key of version %d, which the stored API keys of %d account(s) need: add it again", k.name, v.Version, v.Accounts)
		}
		if !k.has(v.Version) && v.Stores {
			return k.lacksStoring(v.Version)
		}
		unchecked[v.Version] = v.Unchecked
	}
	_, checks := k.checks()
	for _, version := range k.versions { // the newest last, so that a wrong old key leaves nothing of a new one
		derived, sample := "", unchecked[version]
		if sample != nil {
			derived = k.outerKey(version, *sample)
		}
		err := w.CheckMasterKey(ctx, version, k.check(version), sample, derived, version == k.Newest(), checks)
		switch tenant.SQLState(err) {
		case "25006": // nothing speaks against the key, and its check value would now be written
			continue
		case "PD500", "39000":
			return k.isAnother(version)
		}
		if err != nil {
			return fmt.Errorf("check the master key of version %d: %w", version, err)
		}
	}
	return nil
}

func (k *Keyring) lacksStoring(version int) error {
	return fmt.Errorf("%s has no key of version %d, under which this database stores API keys: add it", k.name, version)
}

func (k *Keyring) isAnother(version int) error {
	return fmt.Errorf("%s: the key of version %d is not the one that this database is used with: give that one, or give a new key a version of its own", k.name, version)
}
