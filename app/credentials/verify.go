package credentials

import (
	"context"
	"fmt"
	"slices"

	"paddock/app/tenant"
)

// Verify checks that the master keys are those of the database, before anything
// is encrypted or decrypted with them. The database keeps a check value of each
// version, which the first call with a new version leaves there, unless the
// worker may only read. Its errors are one sentence for the operator.
func (k *Keyring) Verify(ctx context.Context, w *tenant.Worker) error {
	needed, err := w.MasterKeyVersions(ctx)
	if err != nil {
		return fmt.Errorf("look for the versions of the master key that are needed: %w", err)
	}
	unchecked := map[int]tenant.MasterKeyVersion{}
	for _, n := range needed {
		if !slices.Contains(k.versions, n.Version) {
			return fmt.Errorf("PADDOCK_MASTER_KEYS has no key of version %d, which the stored API keys of %d account(s) need: add it again", n.Version, n.Accounts)
		}
		unchecked[n.Version] = n
	}
	for _, version := range k.versions {
		derived, sample := "", unchecked[version].Unchecked
		if sample != nil {
			derived = k.outerKey(version, *sample)
		}
		err := w.CheckMasterKey(ctx, version, k.check(version), sample, derived)
		switch tenant.SQLState(err) {
		case "25006": // nothing speaks against the key, and its check value would now be written
			continue
		case "PD500", "39000":
			return fmt.Errorf("PADDOCK_MASTER_KEYS: the key of version %d is not the one that this database is used with: give that one, or give a new key a version of its own", version)
		}
		if err != nil {
			return fmt.Errorf("check the master key of version %d: %w", version, err)
		}
	}
	return nil
}
