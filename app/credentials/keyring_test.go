package credentials

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/problem"
)

// key returns a master key whose bytes are all n.
func key(n byte) string {
	raw := rawKey(n)
	return base64.StdEncoding.EncodeToString(raw[:])
}

func rawKey(n byte) [masterKeySize]byte { return sha256.Sum256([]byte{n}) }

func parse(t *testing.T, text string) *Keyring {
	t.Helper()
	k, err := ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// An error about PADDOCK_MASTER_KEYS says what to do and contains no part of a
// key.
func TestKeyringErrors(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, masterKeySize+1))
	for text, want := range map[string]string{
		"":                             "entry 1 is not VERSION:BASE64; make one with paddock keys new",
		key(1):                         "entry 1 is not VERSION:BASE64; make one with paddock keys new",
		"1:" + key(1) + "," + key(2):   "entry 2 is not VERSION:BASE64",
		"1:" + key(1) + ",":            "entry 2 is not VERSION:BASE64",
		key(1) + ":1":                  "the version of entry 1 is not a whole number from 1",
		"0:" + key(1):                  "the version of entry 1 is not",
		"-1:" + key(1):                 "the version of entry 1 is not",
		"1.5:" + key(1):                "the version of entry 1 is not",
		"9999999999:" + key(1):         "the version of entry 1 is not",
		"1:":                           "the key of version 1 is not 32 bytes in base64; make one with paddock keys new",
		"1:" + key(1)[:40]:             "the key of version 1 is not 32 bytes",
		"1:" + long:                    "the key of version 1 is not 32 bytes",
		"1:" + key(1) + "!":            "the key of version 1 is not 32 bytes",
		"1:" + key(1) + ",1:" + key(2): "version 1 stands there twice",
		"1:" + key(1) + ",2:" + key(1): "versions 1 and 2 have the same key",
	} {
		k, err := ParseKeyring(text)
		if err == nil || k != nil || !strings.HasPrefix(err.Error(), "PADDOCK_MASTER_KEYS") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
			continue
		}
		for _, secret := range []string{key(1)[:8], key(2)[:8], long[:8]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q: the error shows a key: %v", text, err)
			}
		}
	}
}

// A master key that a person made up is refused, under any version: what it
// encrypts could be opened by guessing.
func TestWeakMasterKeys(t *testing.T) {
	sequence := func(step byte) (raw []byte) {
		for i := range masterKeySize {
			raw = append(raw, 7+byte(i)*step)
		}
		return raw
	}
	half := rawKey(1)
	for what, raw := range map[string][]byte{
		"zeros":              make([]byte, masterKeySize),
		"one byte":           bytes.Repeat([]byte{0xa5}, masterKeySize),
		"two bytes":          bytes.Repeat([]byte{1, 2}, masterKeySize/2),
		"15 bytes repeated":  bytes.Repeat(half[:15], 3)[:masterKeySize],
		"a half repeated":    bytes.Repeat(half[:16], 2),
		"zeros, and a bit":   append(make([]byte, masterKeySize-1), 1),
		"a few bytes filled": append(bytes.Clone(half[:12]), make([]byte, masterKeySize-12)...),
		"counted up":         sequence(1),
		"counted down":       sequence(0xff),
		"counted in sevens":  sequence(7),
		"a sentence":         []byte("The quick brown fox jumps over a"),
		"hex of 16 bytes":    fmt.Appendf(nil, "%x", half[:16]),
		"base64 as it is":    []byte(key(1))[:masterKeySize],
	} {
		text := base64.StdEncoding.EncodeToString(raw)
		_, err := ParseKeyring("1:" + key(2) + ",7:" + text)
		if len(raw) != masterKeySize || err == nil || !strings.Contains(err.Error(), "the key of version 7 is not random") || strings.Contains(err.Error(), text[:8]) {
			t.Errorf("%s (%d bytes): %v", what, len(raw), err)
		}
	}
	for range 10_000 { // what is random passes
		parse(t, NewMasterKey(1))
	}
}

// Master keys stand between commas or on lines of their own, in any order. Blanks
// and empty lines are ignored.
func TestNewestVersion(t *testing.T) {
	for text, want := range map[string]int{
		"1:" + key(1): 1, "3:" + key(3) + ", 10:" + key(1) + " ,2:" + key(2): 10,
		"1:" + key(1) + "\n": 1, "\r\n4:" + key(3) + "\r\n\r\n 5:" + key(1) + "\n": 5, "2:" + key(3) + ",\n1:" + key(1) + ",7:" + key(2): 7,
	} {
		if got := parse(t, text).Newest(); got != want {
			t.Errorf("%q: %d encrypts, want %d", text, got, want)
		}
	}
}

// A new master key can be parsed, and no two new keys are the same.
func TestNewMasterKey(t *testing.T) {
	first, second := NewMasterKey(7), NewMasterKey(7)
	if first == second || parse(t, first).Newest() != 7 {
		t.Errorf("made %s and %s", first, second)
	}
}

// A derived key depends only on its master key and its account, and no two are
// the same. The test pins its value, because credentials that were encrypted
// with it must stay readable.
func TestDerivedKeys(t *testing.T) {
	k := parse(t, "1:"+key(1)+",2:"+key(2))
	same := parse(t, "2:"+key(2)+",1:"+key(1))
	swapped := parse(t, "1:"+key(2)+",2:"+key(1))
	a, b := uuid.MustParse("00000000-0000-4000-8000-000000000001"), uuid.MustParse("00000000-0000-4000-8000-000000000002")
	seen := map[string]string{}
	for _, account := range []uuid.UUID{a, b} {
		for _, version := range []int{1, 2} {
			derived := k.outerKey(version, account)
			if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(derived) {
				t.Errorf("derived %q", derived)
			}
			where := fmt.Sprint(account, version)
			if other, twice := seen[derived]; twice {
				t.Errorf("%s and %s have the same key", where, other)
			}
			seen[derived] = where
			if same.outerKey(version, account) != derived {
				t.Errorf("%s: the key depends on more than its master key and its account", where)
			}
			if swapped.outerKey(version, account) == derived {
				t.Errorf("%s: the key does not depend on the master key", where)
			}
		}
	}
	if got := k.outerKey(1, a); got != pinned {
		t.Errorf("derived %s, want %s: stored credentials would no longer open", got, pinned)
	}
	if got := fmt.Sprintf("%x", k.check(1)); got != pinnedCheck {
		t.Errorf("the check value is %s, want %s: databases in use would refuse their own master key", got, pinnedCheck)
	}
	versions, keys := k.outerKeys(a)
	if fmt.Sprint(versions) != "[1 2]" || keys[0] != k.outerKey(1, a) || keys[1] != k.outerKey(2, a) {
		t.Errorf("all are %v %v", versions, keys)
	}
}

// Both were computed by another implementation of HKDF-SHA256.
const (
	pinned      = "e8d5eeabe2806a8a837438c16112e12a9b779bb5e46bf97570005ee716fd627d"
	pinnedCheck = "c1a3be70222d0b8ad0a23a25e52a7ce0fe1025eb96843047865b46c3d538f63e"
)

// A keyring that is printed or logged by mistake shows no key.
func TestKeyringIsHidden(t *testing.T) {
	k := parse(t, "1:"+key('k'))
	holder := struct{ keys *Keyring }{k}
	shown := []string{k.String(), k.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, NewOpener(nil, k, nil, nil)))
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("x", "keys", k, "value", *k, "holder", holder)
	}
	text, err := json.Marshal(map[string]any{"keys": k, "value": *k})
	if err != nil {
		t.Fatal(err)
	}
	raw := rawKey('k')
	for _, s := range append(shown, log.String(), string(text)) {
		for _, form := range []string{key('k'), string(raw[:]), fmt.Sprintf("%x", raw), strings.Trim(fmt.Sprint(raw), "[]")} {
			if strings.Contains(s, form) {
				t.Errorf("it shows a key: %s", s)
			}
		}
	}
}

// The inner layer opens with its own version and account alone, and no key that
// is passed to the database opens it. A single changed byte keeps it closed.
func TestInnerLayer(t *testing.T) {
	k := parse(t, "1:"+key(1)+",2:"+key(2))
	a, b := uuid.MustParse("00000000-0000-4000-8000-000000000001"), uuid.MustParse("00000000-0000-4000-8000-000000000002")
	keys := broker.Credentials{KeyID: broker.NewSecret("the key's id"), SecretKey: broker.NewSecret("the secret key")}
	encrypted := k.encrypt(1, a, keys)
	if got, err := k.decrypt(1, a, encrypted); err != nil || got.KeyID.Reveal() != "the key's id" || got.SecretKey.Reveal() != "the secret key" {
		t.Fatalf("it does not open: %v", err)
	}
	if bytes.Equal(encrypted, k.encrypt(1, a, keys)) || bytes.Contains(encrypted, []byte("secret")) {
		t.Error("the same keys are encrypted in the same way, or not at all")
	}
	changed := bytes.Clone(encrypted)
	changed[len(changed)-1] ^= 1
	swapped := parse(t, "1:"+key(2)+",2:"+key(1))
	for what, open := range map[string]func() (broker.Credentials, error){
		"another account":    func() (broker.Credentials, error) { return k.decrypt(1, b, encrypted) },
		"another version":    func() (broker.Credentials, error) { return k.decrypt(2, a, encrypted) },
		"another master key": func() (broker.Credentials, error) { return swapped.decrypt(1, a, encrypted) },
		"a changed byte":     func() (broker.Credentials, error) { return k.decrypt(1, a, changed) },
		"nothing":            func() (broker.Credentials, error) { return k.decrypt(1, a, nil) },
	} {
		if got, err := open(); !problem.Is(err, problem.CredentialsUnreadable) || got.KeyID.Reveal() != "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	outer, err := hex.DecodeString(k.outerKey(1, a))
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(outer)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aead.Open(nil, nil, encrypted, nil); err == nil {
		t.Error("the outer layer's key opens the inner layer")
	}
}
