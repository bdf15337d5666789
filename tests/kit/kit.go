// Package kit makes what most tests begin with: users who are signed in, a
// client of the broker, and master keys. It also waits for conditions.
package kit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/tests/pgtest"
)

// User makes a user with this id through sign-in's database login, and returns
// the token of a session that lasts a day.
func User(t testing.TB, db *pgtest.DB, id string) (token string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL("paddock_auth")) // not db.Conn, which stays open until the test ends: a test may have hundreds of users
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	return UserBy(t, conn, id)
}

// UserBy is User by a connection of that login's, for tests that make many.
func UserBy(t testing.TB, conn *pgx.Conn, id string) (token string) {
	t.Helper()
	token = "token-of-" + id
	var both pgx.Batch
	both.Queue(`insert into auth."user" (id, name, email, "emailVerified") values ($1, $1, $1 || '@example.com', false)`, id)
	both.Queue(`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
		values ('session-of-' || $1, now() + interval '1 day', $2, now(), $1)`, id, token)
	if err := conn.SendBatch(t.Context(), &both).Close(); err != nil {
		t.Fatal(err)
	}
	return token
}

// Keys returns a keyring with one master key.
func Keys(t testing.TB) *credentials.Keyring {
	t.Helper()
	keys, err := credentials.ParseKeyring(credentials.NewMasterKey(1))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Broker returns a client of the broker for which paper, live and market data
// are all at this URL.
func Broker(t testing.TB, url string, change ...func(*broker.Config)) *broker.Broker {
	t.Helper()
	c := broker.Config{PaperURL: url, LiveURL: url, DataURL: url}
	for _, f := range change {
		f(&c)
	}
	b, err := broker.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// SilentBell is a doorbell for tests in which nobody listens.
type SilentBell struct{}

// Ring does nothing.
func (SilentBell) Ring(uuid.UUID) {}

// Eventually waits until check returns true, and fails the test after half a
// minute.
func Eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	Within(t, 30*time.Second, what, func() error {
		if !check() {
			return errors.New("it is not so")
		}
		return nil
	})
}

// Within waits until check returns nil, and fails the test when that takes
// longer than most.
func Within(t testing.TB, most time.Duration, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("waited for %s: %v", what, err)
}
