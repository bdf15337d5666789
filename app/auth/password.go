package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf16"

	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"

	"paddock/app/problem"
)

// Better Auth's scrypt parameters: 32 MiB for each hash.
const (
	scryptN, scryptR, scryptP = 16384, 16, 1
	keyLength                 = 64
	minPassword, maxPassword  = 8, 128 // in UTF-16 units
)

// errBusy means that too many passwords wait to be hashed.
var errBusy = errors.New("too many sign-ins at once")

// hasher hashes few passwords at a time, so that a flood of sign-ins does not
// use up the memory. Some may wait; the rest are refused.
type hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	runs    atomic.Int64 // how often scrypt ran; tests compare it for known and unknown emails
}

// maxWaiting is how many hashes may wait for each that runs.
const maxWaiting = 16

func newHasher(parallel int) *hasher {
	return &hasher{slots: make(chan struct{}, parallel), waiting: make(chan struct{}, parallel*(1+maxWaiting))}
}

// hash returns the text to store: salt:key, both in hex.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	text := hex.EncodeToString(salt)
	key, err := h.derive(ctx, password, text)
	if err != nil {
		return "", err
	}
	return text + ":" + hex.EncodeToString(key), nil
}

// dummyHash is checked where there is no user, so that the answer takes as long
// as for a user.
const dummyHash = "00000000000000000000000000000000:" +
	"0000000000000000000000000000000000000000000000000000000000000000" +
	"0000000000000000000000000000000000000000000000000000000000000000"

// verify reports whether the password is the one that was hashed. An empty or
// malformed hash takes as long, and never matches.
func (h *hasher) verify(ctx context.Context, password, stored string) (bool, error) {
	salt, key, ok := strings.Cut(stored, ":")
	want, err := hex.DecodeString(key)
	if !ok || err != nil || len(want) != keyLength {
		salt, _, _ = strings.Cut(dummyHash, ":")
		want = nil
	}
	got, err := h.derive(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return len(want) == keyLength && subtle.ConstantTimeCompare(got, want) == 1, nil
}

// derive runs scrypt. As in Better Auth, the salt is its hex text.
func (h *hasher) derive(ctx context.Context, password, salt string) ([]byte, error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, errBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.runs.Add(1)
	key, err := scrypt.Key([]byte(norm.NFKC.String(password)), []byte(salt), scryptN, scryptR, scryptP, keyLength)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return key, nil
}

// checkLength refuses passwords that are too short or too long.
func checkLength(password string) error {
	if utf16Length(password) < minPassword {
		return refuse(problem.AuthPasswordTooShort, "Password too short")
	}
	return checkNotTooLong(password)
}

// checkNotTooLong refuses texts that cannot be a password before they are
// hashed.
func checkNotTooLong(password string) error {
	if utf16Length(password) > maxPassword {
		return refuse(problem.AuthPasswordTooLong, "Password too long")
	}
	return nil
}

// utf16Length returns the length as JavaScript counts it.
func utf16Length(text string) int { return len(utf16.Encode([]rune(text))) }
