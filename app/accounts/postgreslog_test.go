package accounts_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"regexp"
	"testing"

	"paddock/app/credentials"
	"paddock/tests/pgtest"
)

// A server that logs every statement with all its values has no API key in its
// log, and what is there opens none: the derived keys that it logs take off the
// outer layer alone, of what it logs and of what is stored.
func TestALogOfEveryValueOpensNothing(t *testing.T) {
	own := pgtest.StartOwnWith(t, map[string]string{
		"log_statement": "all", "log_min_duration_statement": "0", "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1", "log_min_messages": "info",
	})
	f := newFixtureOn(t, own.DB)
	s, k := f.service(credentials.NewMasterKey(1) + "," + credentials.NewMasterKey(2))
	a := f.connect(s, "a", f.seeds[0])
	f.wantOpen("the keys", k, a, f.seeds[0])
	if _, err := s.PutCredentials(t.Context(), a, f.seeds[1].KeyID, f.seeds[1].SecretKey); err == nil { // another account's: the statement fails, which is logged otherwise
		t.Fatal("keys of another broker account were stored")
	}
	log, err := os.ReadFile(own.Server.LogPath())
	if err != nil {
		t.Fatal(err)
	}

	// noKeys fails where a text has an API key in one of the forms in which
	// Postgres and JSON write bytes.
	noKeys := func(where string, text []byte) {
		t.Helper()
		for _, seed := range f.seeds[:2] {
			for _, secret := range []string{seed.KeyID, seed.SecretKey} {
				for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))[:20]} {
					if bytes.Contains(text, []byte(form)) {
						t.Errorf("an API key is in %s", where)
					}
				}
			}
		}
	}
	noKeys("the log", log)

	// Everything in the log that could be a key, tried on everything that could
	// be encrypted.
	admin := own.Conn(t, "admin")
	var encrypted [][]byte
	for _, m := range regexp.MustCompile(`\\x([0-9a-f]{64,})`).FindAllSubmatch(log, -1) {
		raw, err := hex.DecodeString(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		encrypted = append(encrypted, raw)
	}
	var stored []byte
	if err := admin.QueryRow(t.Context(), "select ciphertext from private.user_credentials").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, m := range regexp.MustCompile(`[0-9a-f]{64}`).FindAllSubmatch(log, -1) {
		for _, message := range append(encrypted, stored) {
			var outer []byte
			if err := admin.QueryRow(t.Context(), "select ext.pgp_sym_decrypt_bytea($1, $2)", message, string(m[0])).Scan(&outer); err == nil {
				opened++
				noKeys("what the log opens", outer)
			}
		}
	}
	if opened == 0 || len(encrypted) == 0 {
		t.Errorf("of the log's values %d looked encrypted and %d opened something: the search proves nothing", len(encrypted), opened)
	}
}
