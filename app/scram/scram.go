// Package scram makes the verifiers that Postgres keeps of logins' passwords.
// Whoever sets a password sends its verifier in the statement, so that neither
// a log of statements nor pg_stat_statements has a password.
package scram

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// iterations is Postgres' own number, and the least of RFC 7677.
const iterations = 4096

// Verifier returns the text that Postgres keeps of a password (RFC 5802,
// "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey"), which CREATE ROLE and
// ALTER ROLE take in the password's place. It has no character that needs
// quoting, and the password does not follow from it if that is random. The
// password must be ASCII; any other would need SASLprep first.
func Verifier(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	return verifier(password, salt, iterations)
}

func verifier(password string, salt []byte, iterations int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the SCRAM key: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
