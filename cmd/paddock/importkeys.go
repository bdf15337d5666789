package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"paddock/app/accounts"
	"paddock/app/broker"
	"paddock/app/config"
	"paddock/app/doctor"
	"paddock/app/importer"
	"paddock/app/tenant"
)

// foundKeys are the API keys of the old program, and the variables that had them.
type foundKeys struct {
	*importer.Keys
	names [2]string
}

// takeKeys takes the old program's keys out of the environment, so that nothing
// else in this process finds them there.
func takeKeys(without bool) (foundKeys, error) {
	keys, names, err := importer.FindKeys(os.LookupEnv)
	switch {
	case without:
		keys = nil
	case err != nil:
		return foundKeys{}, err
	case keys == nil:
		return foundKeys{}, errors.New("the environment has no API keys of the old program: set APCA_API_KEY_ID and APCA_API_SECRET_KEY, or import with --without-keys and let the owner store them later")
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "APCA_") || name == names[0] || name == names[1] {
			if err := os.Unsetenv(name); err != nil {
				return foundKeys{}, fmt.Errorf("take %s out of the environment: %w", name, err)
			}
		}
	}
	return foundKeys{keys, names}, nil
}

// keyStore stores the keys for an account as its owner would.
type keyStore struct {
	keys     foundKeys
	accounts *accounts.Service
	close    func()
}

// openKeyStore checks all that storing keys takes before anything is moved.
func openKeyStore(ctx context.Context, keys foundKeys) (*keyStore, error) {
	s := &keyStore{keys: keys, close: func() {}}
	if keys.Keys == nil {
		return s, nil
	}
	c, err := config.FromEnvironment()
	if err != nil {
		return nil, fmt.Errorf("to store API keys an import needs the environment of paddock serve, or --without-keys: %w", err)
	}
	if err := doctor.Start(ctx, c, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	ring, err := c.MasterKeys.Read(ctx)
	if err != nil {
		return nil, err
	}
	alpaca, err := broker.New(broker.Config{PaperURL: c.PaperURL, LiveURL: c.LiveURL, DataURL: c.DataURL})
	if err != nil {
		return nil, err
	}
	pools, err := openPools(ctx, c, nil)
	if err != nil {
		alpaca.Close()
		return nil, err
	}
	s.close = func() {
		pools.close()
		alpaca.Close()
	}
	if err := ring.Verify(ctx, tenant.NewWorker(pools.worker, nil)); err != nil {
		s.close()
		return nil, err
	}
	s.accounts = accounts.New(tenant.NewDB(pools.app, nil), ring, alpaca)
	return s, nil
}

// put stores the keys, if there are any.
func (s *keyStore) put(ctx context.Context, i *importer.Import, out io.Writer) error {
	if s.keys.Keys == nil {
		fmt.Fprintln(out, "No API keys were stored: the account's owner does it in the console, or with PUT /api/accounts/:id/credentials.")
		return nil
	}
	err := i.MoveKeys(ctx, s.keys.Keys, func(ctx context.Context, a tenant.Admission, keys *importer.Keys) error {
		_, err := s.accounts.PutCredentials(ctx, a, keys.KeyID.Reveal(), keys.SecretKey.Reveal())
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The API keys in %s and %s were checked with Alpaca and stored. Take them out of the environment: paddock serve does not start with APCA_ variables.\n",
		s.keys.names[0], s.keys.names[1])
	return nil
}
