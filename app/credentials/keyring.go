// Package credentials opens the API keys that are stored for an account: given
// the master keys and an admitted request, or the holder of a lease, it returns
// a client of the broker that uses them. In the database they are encrypted, by
// a key that only this package derives.
package credentials

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"paddock/app/broker"
)

// masterKeySize is the length of a master key in bytes.
const masterKeySize = 32

// minDistinct is how many different bytes a master key has at the least. Of 32
// random ones some 30 differ; that fewer than 16 do is as good as impossible.
const minDistinct = 16

// Keyring holds the master keys by version. From one of them and an account's id
// it derives that account's two keys. The keys of the inner layer encrypt here and
// never leave the process; those of the outer layer are passed to the database.
// So what is logged of a statement opens no account, and a ciphertext that is
// moved to another row cannot be decrypted.
type Keyring struct {
	name     string // of the setting that it comes from, for errors
	versions []int  // newest last
	masters  map[int]broker.Secret
}

// NewMasterKey makes an entry of this version for a keyring.
func NewMasterKey(version int) string {
	key := make([]byte, masterKeySize)
	rand.Read(key) // never fails
	return fmt.Sprintf("%d:%s", version, base64.StdEncoding.EncodeToString(key))
}

// ParseKeyring reads master keys: entries "version:base64" of 32 random bytes,
// separated by commas or on lines of their own. All versions decrypt; which one
// encrypts, the database says. Keys that are not random, and a key that is there
// twice, are refused. Its errors never show a key. Whether the keys are those of
// a database, Verify checks.
func ParseKeyring(text string) (*Keyring, error) { return parseKeyring(masterKeysSetting, text) }

// parseKeyring is ParseKeyring for the setting of this name, with which errors
// begin.
func parseKeyring(name, text string) (*Keyring, error) {
	k := &Keyring{name: name, masters: map[int]broker.Secret{}}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, entry := range strings.Split(strings.Join(lines, ","), ",") {
		if entry = strings.TrimSpace(entry); entry == "" && len(lines) > 1 {
			continue // an empty line, or a comma at the end of one
		}
		number, encoded, ok := strings.Cut(entry, ":")
		if !ok {
			return nil, fmt.Errorf("%s: entry %d is not VERSION:BASE64; make one with paddock keys new", name, i+1)
		}
		version, err := strconv.Atoi(number)
		if err != nil || version < 1 || version > 1_000_000 {
			return nil, fmt.Errorf("%s: the version of entry %d is not a whole number from 1", name, i+1)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != masterKeySize {
			return nil, fmt.Errorf("%s: the key of version %d is not 32 bytes in base64; make one with paddock keys new", name, version)
		}
		if _, twice := k.masters[version]; twice {
			return nil, fmt.Errorf("%s: version %d stands there twice", name, version)
		}
		if !looksRandom(key) {
			return nil, fmt.Errorf("%s: the key of version %d is not random, so that it could be guessed; make one with paddock keys new", name, version)
		}
		for _, other := range k.versions {
			if k.masters[other].Reveal() == string(key) {
				return nil, fmt.Errorf("%s: versions %d and %d have the same key; make one with paddock keys new", name, other, version)
			}
		}
		k.masters[version] = broker.NewSecret(string(key))
		k.versions = append(k.versions, version)
	}
	if len(k.versions) == 0 {
		return nil, fmt.Errorf("%s is empty; make a key with paddock keys new", name)
	}
	sort.Ints(k.versions)
	return k, nil
}

// looksRandom reports whether a key may have come from a random source. It
// finds keys that a person made: one byte or a few bytes repeated, a sequence,
// and text.
func looksRandom(key []byte) bool {
	distinct := map[byte]bool{}
	text, sequence := true, true
	for i, b := range key {
		distinct[b] = true
		text = text && b >= ' ' && b <= '~'
		sequence = sequence && (i < 2 || b-key[i-1] == key[1]-key[0])
	}
	half := len(key) / 2
	return len(distinct) >= minDistinct && !text && !sequence && !bytes.Equal(key[:half], key[half:])
}

// Newest returns the highest version.
func (k *Keyring) Newest() int { return k.versions[len(k.versions)-1] }

// has reports whether there is a key of this version.
func (k *Keyring) has(version int) bool { return slices.Contains(k.versions, version) }

// derive returns 32 bytes that follow from the master key of a version and from
// what they are for.
func (k *Keyring) derive(version int, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(k.masters[version].Reveal()), nil, purpose, 32)
	if err != nil {
		panic(err) // only a length over 255 hashes can fail
	}
	return key
}

// outerKey returns the account's key of the outer layer in hex, as pgcrypto takes
// it.
func (k *Keyring) outerKey(version int, account uuid.UUID) string {
	return hex.EncodeToString(k.derive(version, "paddock credential\x00"+string(account[:])))
}

// inner returns the cipher of the account's inner layer.
func (k *Keyring) inner(version int, account uuid.UUID) cipher.AEAD {
	block, err := aes.NewCipher(k.derive(version, "paddock inner credential\x00"+string(account[:])))
	if err != nil {
		panic(err) // only the key's length can be wrong
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // cannot fail with AES
	}
	return aead
}

// check returns the check value of a version, which the database keeps. It is
// derived as the accounts' keys are, so that the master key, which has 256
// random bits, does not follow from it.
func (k *Keyring) check(version int) []byte { return k.derive(version, "paddock master key check") }

// checks returns all versions with the check value of each.
func (k *Keyring) checks() (versions []int32, values [][]byte) {
	for _, v := range k.versions {
		versions = append(versions, int32(v))
		values = append(values, k.check(v))
	}
	return versions, values
}

// outerKeys returns all versions with the account's key of the outer layer of
// each. The database knows which one a row needs.
func (k *Keyring) outerKeys(account uuid.UUID) (versions []int32, keys []string) {
	for _, v := range k.versions {
		versions = append(versions, int32(v))
		keys = append(keys, k.outerKey(v, account))
	}
	return versions, keys
}

// String keeps the keys out of every log, for the value and its pointer.
func (k Keyring) String() string { return fmt.Sprintf("keyring of %d versions", len(k.versions)) }

// GoString keeps the keys out of %#v.
func (k Keyring) GoString() string { return k.String() }

// Format keeps the keys out of every other verb.
func (k Keyring) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }
