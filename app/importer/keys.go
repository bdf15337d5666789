package importer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Keys are the API keys that the program before Paddock had in its environment.
type Keys struct{ KeyID, SecretKey broker.Secret }

// names are the variables in which such programs have their keys, most usual
// first.
var keyNames, secretNames = []string{"APCA_API_KEY_ID", "ALPACA_API_KEY_ID", "ALPACA_API_KEY", "ALPACA_KEY_ID", "ALPACA_KEY"},
	[]string{"APCA_API_SECRET_KEY", "ALPACA_API_SECRET_KEY", "ALPACA_SECRET_KEY", "ALPACA_API_SECRET", "ALPACA_SECRET"}

// FindKeys looks for API keys in the environment, through lookup (os.LookupEnv),
// and returns the names of the variables that it took. Two variables that say
// different things are an error.
func FindKeys(lookup func(string) (string, bool)) (keys *Keys, names [2]string, err error) {
	find := func(all []string) (value, name string, err error) {
		for _, n := range all {
			switch v, ok := lookup(n); {
			case !ok || v == "":
			case value == "":
				value, name = v, n
			case v != value:
				return "", "", fmt.Errorf("%s and %s are both set and differ: leave the one that is right", name, n)
			}
		}
		return value, name, nil
	}
	key, keyName, err := find(keyNames)
	if err != nil {
		return nil, names, err
	}
	secret, secretName, err := find(secretNames)
	if err != nil {
		return nil, names, err
	}
	switch {
	case key == "" && secret == "":
		return nil, names, nil
	case key == "" || secret == "":
		return nil, names, errors.New("of the two API keys one is set in the environment and the other is not: set APCA_API_KEY_ID and APCA_API_SECRET_KEY, or import with --without-keys")
	}
	return &Keys{broker.NewSecret(key), broker.NewSecret(secret)}, [2]string{keyName, secretName}, nil
}

// MoveKeys stores the keys for the account in the ordinary way: store checks them
// with Alpaca and encrypts them, for a session of the account's owner that ends
// with this call.
func (i *Import) MoveKeys(ctx context.Context, keys *Keys, store func(context.Context, tenant.Admission, *Keys) error) error {
	token := rand.Text() + rand.Text()
	err := i.target.do(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "select private.begin_import_session($1, $2, $3)", i.begun.account, i.begun.id, token)
		return err
	})
	if err != nil {
		return explainTarget(err)
	}
	stored := store(ctx, tenant.Admission{Token: token, Account: i.begun.account}, keys)
	ended := i.target.do(context.WithoutCancel(ctx), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.WithoutCancel(ctx), "select private.end_import_session($1, $2, $3, $4)", i.begun.account, i.begun.id, token, stored == nil)
		return err
	})
	return errors.Join(stored, explainTarget(ended))
}
