package accounts_test

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// other returns another master key of the same version.
func other(key string) string {
	version, _, _ := strings.Cut(key, ":")
	return version + strings.TrimPrefix(credentials.NewMasterKey(1), "1")
}

// checkOf returns the check value of a master key.
func checkOf(t *testing.T, key string) []byte {
	t.Helper()
	_, text, _ := strings.Cut(key, ":")
	master, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	check, err := hkdf.Key(sha256.New, master, nil, "paddock master key check", 32)
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// rotate makes a version the one that stores, and encrypts everything under it.
func (f *fixture) rotate(k *credentials.Keyring, to int) {
	f.t.Helper()
	r, err := k.Rotate(f.t.Context(), f.worker(), to, func(credentials.Rotation) {})
	if err != nil || r.Rotated != r.Total {
		f.t.Fatalf("rotate to version %d: %+v (%v)", to, r, err)
	}
}

func (f *fixture) exec(statements ...string) {
	f.t.Helper()
	admin := f.pg.Conn(f.t, "admin")
	for _, statement := range statements {
		if _, err := admin.Exec(f.t.Context(), statement); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) worker() *tenant.Worker {
	f.t.Helper()
	return tenant.NewWorker(f.pg.Pool(f.t, "paddock_worker"), nil)
}

// wantRefused fails unless a keyring is refused in one sentence that contains
// want and shows no key.
func (f *fixture) wantRefused(what string, w *tenant.Worker, keys, want string) {
	f.t.Helper()
	err := f.keyring(keys).Verify(f.t.Context(), w)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		f.t.Errorf("%s: %v, want %q", what, err, want)
		return
	}
	for _, entry := range strings.Split(keys, ",") {
		if _, key, _ := strings.Cut(entry, ":"); strings.Contains(err.Error(), key[:8]) {
			f.t.Errorf("%s: the error shows a key: %v", what, err)
		}
	}
}

func (f *fixture) wantVerified(what string, w *tenant.Worker, keys string) {
	f.t.Helper()
	if err := f.keyring(keys).Verify(f.t.Context(), w); err != nil {
		f.t.Errorf("%s: %v", what, err)
	}
}

// stored returns what the database keeps of keys and master keys, as a text.
func (f *fixture) stored() string {
	f.t.Helper()
	var text string
	err := f.pg.Conn(f.t, "admin").QueryRow(f.t.Context(), `select concat(
		(select string_agg(c::text, ';' order by c::text) from private.user_credentials c), '|',
		(select string_agg(m::text, ';' order by m::text) from private.master_keys m))`).Scan(&text)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// A master key is that of its database from its first use on: another one under
// its version is refused at the start, whatever other versions stand beside it,
// and changes nothing.
func TestOnlyTheDatabasesMasterKeyIsTaken(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	f.wantVerified("the first", w, v1)
	f.wantVerified("the first again", w, v1)
	f.wantRefused("another, before anything is stored", w, other(v1), "the key of version 1 is not the one")

	s, _ := f.service(v1)
	a := f.connect(s, "a", f.seeds[0])
	before := f.stored()
	f.wantRefused("another", w, other(v1), "the key of version 1 is not the one")
	f.wantRefused("another beside a new version", w, other(v1)+","+v2, "the key of version 1 is not the one")
	f.wantRefused("the keys of two versions exchanged", w, "1:"+v2[2:]+",2:"+v1[2:], "the key of version 1 is not the one")
	f.wantRefused("a new version alone", w, v2, "has no key of version 1, which the stored API keys of 1 account(s) need")
	if now := f.stored(); now != before {
		t.Errorf("what is stored changed from\n%s to\n%s", before, now)
	}

	f.wantVerified("with a new version", w, v1+","+v2)
	f.wantRefused("another new one", w, v1+","+other(v2), "the key of version 2 is not the one")
	f.wantVerified("as before", w, v1)
	both := f.keyring(v1 + "," + v2)
	f.rotate(both, 2)
	f.wantRefused("without the new version", w, v1, "has no key of version 2, which the stored API keys of 1 account(s) need")
	f.wantVerified("without the old one, which nothing needs", w, v2)
	f.wantOpen("the keys", both, a, f.seeds[0])
	f.wantOpen("the keys, from before", f.keyring(v2), a, f.seeds[0])
}

// A server whose master key was never checked stores nothing with a wrong one:
// the database refuses it.
func TestNothingIsStoredUnderAWrongMasterKey(t *testing.T) {
	f := newFixture(t)
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	k := f.keyring(v1 + "," + v2)
	first, _ := f.service(v1)
	a := f.connect(first, "a", f.seeds[0])
	f.rotate(k, 2)
	before := f.stored()
	for what, keys := range map[string]string{"another key": other(v2), "another key beside the old one": v1 + "," + other(v2)} {
		wrong, _ := f.service(keys)
		if _, err := wrong.PutCredentials(t.Context(), a, f.seeds[0].KeyID, f.seeds[0].SecretKey); !problem.Is(err, problem.CredentialsUnreadable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if now := f.stored(); now != before {
		t.Errorf("what is stored changed from\n%s to\n%s", before, now)
	}
	f.wantOpen("the keys", k, a, f.seeds[0])
}

// Of instances that start at once on a new database with different keys, those
// of one key start, and no others.
func TestInstancesAgreeOnAMasterKey(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	one := credentials.NewMasterKey(1)
	for round, keys := range [][]string{
		{one, other(one)},
		{one + "," + credentials.NewMasterKey(2), one + "," + credentials.NewMasterKey(2)},
	} {
		if _, err := f.pg.Conn(t, "admin").Exec(t.Context(), "delete from private.master_keys"); err != nil {
			t.Fatal(err)
		}
		var started [2]int
		var mu sync.Mutex
		var starting sync.WaitGroup
		for i := range 12 {
			k := f.keyring(keys[i%2])
			starting.Go(func() {
				err := k.Verify(context.WithoutCancel(t.Context()), w)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					started[i%2]++
				} else if !strings.Contains(err.Error(), "is not the one that this database is used with") {
					t.Error(err)
				}
			})
		}
		starting.Wait()
		if min(started[0], started[1]) != 0 || max(started[0], started[1]) != 6 {
			t.Errorf("round %d: of 6 instances each, %d and %d started", round, started[0], started[1])
		}
	}
}

// Keys that were stored before their version had a check value are opened
// instead, one of each version.
func TestUncheckedVersionsAreOpened(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	only1, _ := f.service(v1)
	both, k := f.service(v1 + "," + v2)
	a := f.connect(only1, "a", f.seeds[0])
	if err := w.SetStoringKeyVersion(t.Context(), 2, checkOf(t, v2), [][]byte{checkOf(t, v1)}); err != nil {
		t.Fatal(err)
	}
	b := f.connect(both, "b", f.seeds[1])
	if _, err := f.pg.Conn(t, "admin").Exec(t.Context(), "delete from private.master_keys"); err != nil {
		t.Fatal(err)
	}
	before := f.stored()
	f.wantRefused("a wrong old key", w, other(v1)+","+v2, "the key of version 1 is not the one")
	if now := f.stored(); now != before {
		t.Errorf("a refused start left\n%s", now)
	}
	f.wantRefused("a wrong new key", w, v1+","+other(v2), "the key of version 2 is not the one")
	if _, err := both.PutCredentials(t.Context(), b, f.seeds[1].KeyID, f.seeds[1].SecretKey); !problem.Is(err, problem.CredentialsUnreadable) {
		t.Errorf("stored under a version that nobody has checked: %v", err)
	}
	f.wantVerified("both", w, v1+","+v2)
	f.wantOpen("the first account's", k, a, f.seeds[0])
	f.wantOpen("the second account's", k, b, f.seeds[1])
}

// Who has the worker's login and no key adds no version of the master key, has none
// store, and keeps no rotation waiting once they are gone.
func TestTheLoginAloneDecidesNoVersion(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	f.wantVerified("the first", w, v1)
	made := checkOf(t, credentials.NewMasterKey(9))
	for _, shown := range [][][]byte{nil, {}, {nil}, {made}, {checkOf(t, other(v1))}} {
		if err := w.SetStoringKeyVersion(t.Context(), 9, made, shown); tenant.SQLState(err) != "PD500" {
			t.Errorf("a made-up version stores, with %d keys shown: %v", len(shown), err)
		}
		if err := w.CheckMasterKey(t.Context(), 9, made, nil, "", true, shown); tenant.SQLState(err) != "PD500" {
			t.Errorf("a made-up version was added, with %d keys shown: %v", len(shown), err)
		}
	}
	f.wantVerified("both", w, v1+","+v2) // whose owner has the key that stores adds one
	for _, shown := range [][][]byte{nil, {checkOf(t, v2)}} {
		if err := w.SetStoringKeyVersion(t.Context(), 2, checkOf(t, v2), shown); tenant.SQLState(err) != "PD500" {
			t.Errorf("a version stores for who lacks the one that stores now: %v", err)
		}
	}
	if err := w.AnnounceKeyring(t.Context(), uuid.New(), []int32{1}, 100*365*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	var left time.Duration
	if err := f.pg.Conn(t, "admin").QueryRow(t.Context(), "select max(live_until) - clock_timestamp() from private.instance_keyrings").Scan(&left); err != nil || left > 5*time.Minute {
		t.Errorf("an instance is taken for alive for %v (%v)", left, err)
	}
}
