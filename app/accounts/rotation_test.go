package accounts_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is a user with a real database and a simulated broker.
type fixture struct {
	t      *testing.T
	pg     *pgtest.DB
	db     *tenant.DB
	broker *broker.Broker
	seeds  []alpacasim.AccountSeed
}

const token = "token-of-the-user"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureOn(t, pgtest.New(t))
}

func newFixtureOn(t *testing.T, db *pgtest.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: db, seeds: alpacasim.DemoAccounts(5)}
	kit.User(t, f.pg, "the-user")
	f.db = tenant.NewDB(f.pg.Pool(t, "paddock_app"), kit.SilentBell{})
	sim, err := alpacasim.New(alpacasim.Config{Seed: 5, Accounts: f.seeds})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	f.broker = kit.Broker(t, server.URL)
	return f
}

func (f *fixture) service(keys string) (*accounts.Service, *credentials.Keyring) {
	f.t.Helper()
	k, err := credentials.ParseKeyring(keys)
	if err != nil {
		f.t.Fatal(err)
	}
	return accounts.New(f.db, k, f.broker), k
}

// connect makes an account and stores the keys of a simulated one.
func (f *fixture) connect(s *accounts.Service, name string, seed alpacasim.AccountSeed) tenant.Admission {
	f.t.Helper()
	made, err := s.Create(f.t.Context(), token, name, "paper")
	if err != nil {
		f.t.Fatal(err)
	}
	a := tenant.Admission{Token: token, Account: made.ID}
	f.put(s, a, seed)
	return a
}

func (f *fixture) put(s *accounts.Service, a tenant.Admission, seed alpacasim.AccountSeed) accounts.Metadata {
	f.t.Helper()
	m, err := s.PutCredentials(f.t.Context(), a, seed.KeyID, seed.SecretKey)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

// open decrypts an account's credentials, as every call to the broker does.
func (f *fixture) open(k *credentials.Keyring, a tenant.Admission) (credentials.Opened, error) {
	var opened credentials.Opened
	err := f.db.Tx(f.t.Context(), a, func(b *tenant.Batch) { k.QueueOpen(b, a.Account, &opened) })
	if err == nil {
		err = opened.Usable()
	}
	return opened, err
}

// wantOpen fails unless decryption returns the account's own keys.
func (f *fixture) wantOpen(what string, k *credentials.Keyring, a tenant.Admission, seed alpacasim.AccountSeed) {
	f.t.Helper()
	o, err := f.open(k, a)
	if err != nil || o.Credentials.KeyID.Reveal() != seed.KeyID || o.Credentials.SecretKey.Reveal() != seed.SecretKey {
		f.t.Errorf("%s: %v", what, err)
	}
}

// Rotating the master key needs no downtime. A version that is added decrypts
// nothing yet and stores nothing, so that instances which lack it can read
// whatever the others store. Only the rotation makes it the one that stores, and
// encrypts all rows under it: the keys stay the same, and so does what is shown of
// them. A row whose version is missing cannot be decrypted, and the error differs
// from that of a missing row.
func TestRotation(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	before, only1 := f.service(v1)
	a := f.connect(before, "a", f.seeds[0])
	b := f.connect(before, "b", f.seeds[1])
	f.wantOpen("before", only1, a, f.seeds[0])

	during, both := f.service(v2 + "," + v1)
	f.wantVerified("both", w, v2+","+v1)
	f.wantOpen("a row of version 1 beside version 2", both, a, f.seeds[0])
	if m := f.put(during, a, f.seeds[0]); m.KeyVersion != 1 || m.KeyLast4 != f.seeds[0].KeyID[16:] || m.EncryptionAlgorithm != "aes256-gcm+pgp-sym-aes256" || m.LastDecryptedAt != nil {
		t.Errorf("stored before the rotation the row is %+v", m)
	}
	f.wantOpen("stored where version 2 is known, read where it is not", only1, a, f.seeds[0])

	generations := f.column("generation")
	r, err := both.Rotate(t.Context(), w, 2, func(credentials.Rotation) {})
	if err != nil || r.Total != 2 || r.Rotated != 2 || r.Done() != 2 {
		t.Errorf("the rotation did %+v (%v)", r, err)
	}
	if now := f.column("generation"); now != generations {
		t.Errorf("generations were %s and are %s: streams begin again for nothing", generations, now)
	}
	if m, err := during.Credentials(t.Context(), b); err != nil || m.KeyVersion != 2 || m.LastDecryptedAt == nil || m.EncryptionAlgorithm != "aes256-gcm+pgp-sym-aes256" || !m.UpdatedAt.Equal(m.CreatedAt) {
		t.Errorf("the other row is %+v (%v)", m, err)
	}
	_, only2 := f.service(v2)
	for what, k := range map[string]*credentials.Keyring{"with both": both, "with version 2 alone": only2} {
		f.wantOpen(what, k, a, f.seeds[0])
		f.wantOpen(what, k, b, f.seeds[1])
	}
	if m := f.put(during, a, f.seeds[0]); m.KeyVersion != 2 {
		t.Errorf("stored after the rotation the row is %+v", m)
	}
	f.wantOpen("stored after the rotation", only2, a, f.seeds[0])

	for what, k := range map[string]*credentials.Keyring{"its version is gone": only1, "its key is another": f.keyring(v1 + "," + other(v2))} {
		_, err := f.open(k, b)
		if p := problem.Of(err); p.Code != problem.CredentialsUnreadable || p.Kind() != problem.KindUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := before.PutCredentials(t.Context(), a, f.seeds[0].KeyID, f.seeds[0].SecretKey); !problem.Is(err, problem.CredentialsUnreadable) {
		t.Errorf("stored by a server that lacks the version that stores: %v", err)
	}
	none, err := during.Create(t.Context(), token, "without keys", "paper")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.open(both, tenant.Admission{Token: token, Account: none.ID}); !problem.Is(err, problem.NeedsCredentials) {
		t.Errorf("without keys: %v", err)
	}
}

// column returns a column of all stored credentials, as a text.
func (f *fixture) column(name string) (text string) {
	f.t.Helper()
	err := f.pg.Conn(f.t, "admin").QueryRow(f.t.Context(), "select string_agg(account_id || ' ' || "+name+", ', ' order by account_id) from private.user_credentials").Scan(&text)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

func (f *fixture) keyring(keys string) *credentials.Keyring {
	f.t.Helper()
	_, k := f.service(keys)
	return k
}

// A ciphertext that is copied to another account's row cannot be decrypted
// there: each account has a key of its own.
func TestMovedCiphertextStaysClosed(t *testing.T) {
	f := newFixture(t)
	s, k := f.service(credentials.NewMasterKey(1))
	a := f.connect(s, "a", f.seeds[0])
	b := f.connect(s, "b", f.seeds[1])
	_, err := f.pg.Conn(t, "admin").Exec(t.Context(), `update private.user_credentials set ciphertext = (
		select ciphertext from private.user_credentials where account_id = $1) where account_id = $2`, a.Account, b.Account)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.open(k, b); !problem.Is(err, problem.CredentialsUnreadable) {
		t.Errorf("decrypting the copied ciphertext: %v", err)
	}
	f.wantOpen("the one it came from", k, a, f.seeds[0])
}

// Keys are encrypted with AES-256, which the first packet of the message names,
// and a ciphertext of pgcrypto's default, AES-128, is not stored.
func TestCredentialsAreEncryptedWithAES256(t *testing.T) {
	f := newFixture(t)
	s, _ := f.service(credentials.NewMasterKey(1))
	a := f.connect(s, "a", f.seeds[0])
	admin := f.pg.Conn(t, "admin")
	var message []byte
	if err := admin.QueryRow(t.Context(), "select ciphertext from private.user_credentials where account_id = $1", a.Account).Scan(&message); err != nil {
		t.Fatal(err)
	}
	// RFC 4880: 4.2.2 for the header, 5.3 for the packet, 9.2 for the ciphers.
	const symmetricKeyPacket, version, aes256 = 0xc0 | 3, 4, 9
	if len(message) < 15 || message[0] != symmetricKeyPacket || message[1] != 13 || message[2] != version || message[3] != aes256 {
		t.Errorf("the message begins with % x, want the cipher 9 in its fourth byte", message[:min(len(message), 15)])
	}
	_, err := admin.Exec(t.Context(), "update private.user_credentials set ciphertext = ext.pgp_sym_encrypt('x', 'y')")
	if tenant.SQLState(err) != "23514" {
		t.Errorf("a ciphertext of AES-128 was stored: %v", err)
	}
}

// Keys are tried at the broker before they are stored. Keys that are refused
// change nothing, and no error contains them.
func TestPutCredentials(t *testing.T) {
	f := newFixture(t)
	s, k := f.service(credentials.NewMasterKey(1))
	a := f.connect(s, "a", f.seeds[0])
	other, err := s.Create(t.Context(), token, "other", "paper")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		account    uuid.UUID
		id, secret string
		code       problem.Code
	}{
		"a wrong secret":      {a.Account, f.seeds[0].KeyID, "wrongwrongwrongwrong", problem.CredentialsRejected},
		"another's":           {a.Account, f.seeds[1].KeyID, f.seeds[1].SecretKey, problem.DifferentBrokerAccount},
		"one connected twice": {other.ID, f.seeds[0].KeyID, f.seeds[0].SecretKey, problem.BrokerAccountInUse},
		"a header's end":      {a.Account, f.seeds[0].KeyID + "\r\nX: y", f.seeds[0].SecretKey, problem.InvalidCredentials},
		"nothing":             {a.Account, "", "", problem.InvalidCredentials},
		"a whole book":        {a.Account, strings.Repeat("x", 201), f.seeds[0].SecretKey, problem.InvalidCredentials},
		"no account":          {uuid.New(), f.seeds[1].KeyID, f.seeds[1].SecretKey, problem.AccountForbidden},
	} {
		_, err := s.PutCredentials(t.Context(), tenant.Admission{Token: token, Account: tt.account}, tt.id, tt.secret)
		if !problem.Is(err, tt.code) {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
			continue
		}
		for _, secret := range []string{tt.id, tt.secret} {
			if secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows a key: %v", name, err)
			}
		}
	}
	f.wantOpen("what was there", k, a, f.seeds[0])

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.PutCredentials(ctx, a, f.seeds[0].KeyID, f.seeds[0].SecretKey); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// Every decryption adds a row to the account's audit log. Neither that row nor
// any other contains a key.
func TestDecryptionsAreAudited(t *testing.T) {
	f := newFixture(t)
	s, k := f.service(credentials.NewMasterKey(1))
	a := f.connect(s, "a", f.seeds[0])
	for range 3 {
		f.wantOpen("an opening", k, a, f.seeds[0])
	}
	var decrypted, stored int
	var key bool
	err := f.pg.Conn(t, "admin").QueryRow(t.Context(), `select count(*) filter (where action = 'credentials.decrypt' and kind = 'user' and actor = 'the-user'),
		count(*) filter (where action = 'credentials.store'), coalesce(bool_or(detail::text like '%' || $2 || '%'), false)
		from app.audit_log where account_id = $1`, a.Account, f.seeds[0].SecretKey).Scan(&decrypted, &stored, &key)
	if err != nil || decrypted != 3 || stored != 1 || key {
		t.Errorf("the audit has %d decryptions and %d stores (%v), a key: %v", decrypted, stored, err, key)
	}
	if err := s.DeleteCredentials(t.Context(), a, true); err != nil {
		t.Fatal(err)
	}
	if _, err := f.open(k, a); !problem.Is(err, problem.NeedsCredentials) {
		t.Errorf("after they were deleted: %v", err)
	}
}
