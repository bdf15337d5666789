package auth

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// aead returns the cipher with which Better Auth encrypts what it keeps in the database
// for itself: XChaCha20-Poly1305, with the digest of its secret as the key.
func (s *Service) aead() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(s.config.Secret))
	return chacha20poly1305.NewX(key[:])
}

// encrypt returns a text encrypted: the nonce and what follows, in hex.
func (s *Service) encrypt(text string) (string, error) {
	aead, err := s.aead()
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return hex.EncodeToString(aead.Seal(nonce, nonce, []byte(text), nil)), nil
}

// secretVersion matches what a Better Auth server with several secrets writes before a
// text: which of them it is encrypted with. The one that we have opens it, or none.
var secretVersion = regexp.MustCompile(`^\$ba\$[0-9]+\$`)

// errUndecryptable means that a text was encrypted with another secret. It says nothing
// of the text.
var errUndecryptable = errors.New("what two-factor authentication has stored does not open with BETTER_AUTH_SECRET")

// decrypt returns a text that encrypt, or a Better Auth server, has encrypted.
func (s *Service) decrypt(stored string) (string, error) {
	aead, err := s.aead()
	if err != nil {
		return "", fmt.Errorf("decrypt: %w", err)
	}
	sealed, err := hex.DecodeString(secretVersion.ReplaceAllString(stored, ""))
	if err != nil || len(sealed) < aead.NonceSize() {
		return "", errUndecryptable
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return "", errUndecryptable
	}
	return string(text), nil
}

// decryptSecret returns a TOTP secret. One that came to a Better Auth server from
// another program is base32, and says so.
func (s *Service) decryptSecret(stored string) ([]byte, error) {
	text, err := s.decrypt(stored)
	if err != nil {
		return nil, err
	}
	encoded, isBase32 := strings.CutPrefix(text, "base32:")
	if !isBase32 {
		return []byte(text), nil
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(encoded), "="))
	if err != nil {
		return nil, errUndecryptable
	}
	return secret, nil
}
