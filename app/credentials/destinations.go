package credentials

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// The secrets of webhooks and notices are encrypted as API keys are, by the same two keys of their
// account. What a ciphertext is of is bound to the inner layer, so that one that is
// moved, to another destination or to where API keys stand, does not open.

func boundTo(destination uuid.UUID) []byte { return append([]byte("destination "), destination[:]...) }

// StoreSecret encrypts the secret of a destination, and calls queue with what to store, in a
// transaction of the admitted account: the derived key of the outer layer, the version of
// the master key and its check value, and what is encrypted, nil for an empty secret. It ends with
// credentials_unreadable where the server's master keys are not those of its database, or a
// problem of the admission.
func (k *Keyring) StoreSecret(ctx context.Context, db *tenant.DB, a tenant.Admission, destination uuid.UUID, secret broker.Secret,
	queue func(b *tenant.Batch, outer string, version int, check, encrypted []byte)) error {
	return k.underStoringVersion(ctx, db, a, func(b *tenant.Batch, version int) {
		var encrypted []byte
		if secret != (broker.Secret{}) {
			encrypted = k.sealSecret(version, a.Account, destination, secret)
		}
		queue(b, k.outerKey(version, a.Account), version, k.check(version), encrypted)
	})
}

// sealSecret puts the inner layer around a destination's secret.
func (k *Keyring) sealSecret(version int, account, destination uuid.UUID, secret broker.Secret) []byte {
	return k.inner(version, account).Seal(nil, nil, []byte(secret.Reveal()), boundTo(destination)) // #nosec G407 -- this cipher makes its own nonce, at random
}

// OuterKey returns the derived key of the outer layer around a destination's secret. It ends
// with credentials_unreadable where the server lacks the version.
func (k *Keyring) OuterKey(version int, account uuid.UUID) (string, error) {
	if !k.has(version) {
		return "", wrongMasterKey()
	}
	return k.outerKey(version, account), nil
}

// OpenSecret takes the inner layer off a destination's secret.
func (k *Keyring) OpenSecret(version int, account, destination uuid.UUID, encrypted []byte) (broker.Secret, error) {
	text, err := k.inner(version, account).Open(nil, nil, encrypted, boundTo(destination))
	if err != nil {
		return broker.Secret{}, unreadable(errors.New("the inner layer of a destination's secret does not open"))
	}
	return broker.NewSecret(string(text)), nil
}

// rotateSecrets encrypts the secrets of destinations under version to that are under another.
// One that no key opens stays as it is: it has to be made again.
func (k *Keyring) rotateSecrets(ctx context.Context, w *tenant.Worker, to int) error {
	var after tenant.SecretToRotate
	for ctx.Err() == nil {
		var batch []tenant.SecretToRotate
		err := patiently(ctx, func(ctx context.Context) (err error) {
			if batch, err = w.SecretsToRotate(ctx, to, after, rotateBatch); err != nil {
				return err
			}
			for _, one := range batch {
				if err := k.rotateSecret(ctx, w, one, to); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		after = batch[len(batch)-1]
	}
	return ctx.Err()
}

func (k *Keyring) rotateSecret(ctx context.Context, w *tenant.Worker, s tenant.SecretToRotate, to int) error {
	key, err := k.OuterKey(s.Version, s.Account)
	if err != nil {
		return err
	}
	if s, err = w.OpenSecretToRotate(ctx, s, key); err != nil || s.Encrypted == nil {
		return err
	}
	secret, err := k.OpenSecret(s.Version, s.Account, s.Destination, s.Encrypted)
	if err != nil {
		return nil // no key opens it
	}
	return w.RotateSecret(ctx, s, key, to, k.check(to), k.outerKey(to, s.Account), k.sealSecret(to, s.Account, s.Destination, secret))
}
