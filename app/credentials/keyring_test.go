package credentials

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// key returns a master key whose bytes are all n.
func key(n byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, masterKeySize))
}

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

// The highest version encrypts, wherever it stands in the list, and blanks are
// ignored.
func TestNewestVersionEncrypts(t *testing.T) {
	for text, want := range map[string]int{"1:" + key(1): 1, "3:" + key(3) + ", 10:" + key(1) + " ,2:" + key(2): 10} {
		if got := parse(t, text).newest(); got != want {
			t.Errorf("%q: %d encrypts, want %d", text, got, want)
		}
	}
}

// A new master key can be parsed, and no two new keys are the same.
func TestNewMasterKey(t *testing.T) {
	first, second := NewMasterKey(7), NewMasterKey(7)
	if first == second || parse(t, first).newest() != 7 {
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
			derived := k.derive(version, account)
			if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(derived) {
				t.Errorf("derived %q", derived)
			}
			where := fmt.Sprint(account, version)
			if other, twice := seen[derived]; twice {
				t.Errorf("%s and %s have the same key", where, other)
			}
			seen[derived] = where
			if same.derive(version, account) != derived {
				t.Errorf("%s: the key depends on more than its master key and its account", where)
			}
			if swapped.derive(version, account) == derived {
				t.Errorf("%s: the key does not depend on the master key", where)
			}
		}
	}
	if got := k.derive(1, a); got != pinned {
		t.Errorf("derived %s, want %s: stored credentials would no longer open", got, pinned)
	}
	versions, keys := k.deriveAll(a)
	if fmt.Sprint(versions) != "[1 2]" || keys[0] != k.derive(1, a) || keys[1] != k.derive(2, a) {
		t.Errorf("all are %v %v", versions, keys)
	}
}

// pinned is a derived key that was computed by another implementation of
// HKDF-SHA256.
const pinned = "cfd6204fa9bc72b0cff41b36fd182c5df3ac8756a8a28791c9170a7a43bb1ed1"

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
	raw := bytes.Repeat([]byte{'k'}, masterKeySize)
	for _, s := range append(shown, log.String(), string(text)) {
		for _, form := range []string{key('k'), string(raw), fmt.Sprintf("%x", raw), strings.Trim(fmt.Sprint(raw), "[]")} {
			if strings.Contains(s, form) {
				t.Errorf("it shows a key: %s", s)
			}
		}
	}
}
