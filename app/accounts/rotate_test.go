package accounts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

// many makes accounts with made-up keys, which no broker has checked, and returns
// what is wanted of each.
func (f *fixture) many(k *credentials.Keyring, count int) map[uuid.UUID]broker.Credentials {
	f.t.Helper()
	want := map[uuid.UUID]broker.Credentials{}
	var mu sync.Mutex
	var storing sync.WaitGroup
	next := make(chan int)
	for range 4 {
		storing.Go(func() {
			for n := range next {
				user := fmt.Sprint("user-", n/100)
				var account uuid.UUID
				err := f.db.Tx(f.t.Context(), tenant.Admission{Token: "token-of-" + user}, func(b *tenant.Batch) {
					b.Queue("select private.create_account($1, 'paper')", fmt.Sprint("account-", n)).QueryRow(func(row pgx.Row) error { return row.Scan(&account) })
				})
				if err == nil {
					keys := madeUp(n)
					a := tenant.Admission{Token: "token-of-" + user, Account: account}
					err = k.Store(f.t.Context(), f.db, a, keys, uuid.New(), fmt.Sprint(n), func(*tenant.Batch) {})
					mu.Lock()
					want[account] = keys
					mu.Unlock()
				}
				if err != nil {
					f.t.Error(err)
				}
			}
		})
	}
	for n := range count {
		if n%100 == 0 {
			kit.User(f.t, f.pg, fmt.Sprint("user-", n/100))
		}
		next <- n
	}
	close(next)
	storing.Wait()
	if len(want) != count {
		f.t.Fatalf("%d of %d accounts were made", len(want), count)
	}
	return want
}

func madeUp(n int) broker.Credentials {
	return broker.Credentials{KeyID: broker.NewSecret(fmt.Sprintf("PK%018d", n)), SecretKey: broker.NewSecret(fmt.Sprintf("%040d", n))}
}

// wantAll fails unless each account's keys are the wanted ones.
func (f *fixture) wantAll(what string, k *credentials.Keyring, want map[uuid.UUID]broker.Credentials) {
	f.t.Helper()
	rows, err := f.pg.Conn(f.t, "admin").Query(f.t.Context(), "select id, user_id from app.user_accounts")
	if err != nil {
		f.t.Fatal(err)
	}
	owners := map[uuid.UUID]string{}
	var id uuid.UUID
	var owner string
	for rows.Next() {
		if err := rows.Scan(&id, &owner); err != nil {
			f.t.Fatal(err)
		}
		owners[id] = owner
	}
	for account, keys := range want {
		opened, err := f.open(k, tenant.Admission{Token: "token-of-" + owners[account], Account: account})
		if err != nil || opened.Credentials.KeyID.Reveal() != keys.KeyID.Reveal() || opened.Credentials.SecretKey.Reveal() != keys.SecretKey.Reveal() {
			f.t.Errorf("%s: account %s of %s: %v", what, account, owners[account], err)
		}
	}
}

// under returns how many credentials are under each version, as a text.
func (f *fixture) under() (text string) {
	f.t.Helper()
	err := f.pg.Conn(f.t, "admin").QueryRow(f.t.Context(), "select string_agg(key_version || ': ' || n, ', ' order by key_version) from (select key_version, count(*) as n from private.user_credentials group by 1) v").Scan(&text)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

func ignore(credentials.Rotation) {}

// A rotation that is ended after any batch leaves every row readable, keeps what
// it did, and goes on when it is called again.
func TestARotationGoesOn(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	k := f.keyring(v1 + "," + v2)
	want := f.many(f.keyring(v1), 130)
	for i, under := range []string{"1: 80, 2: 50", "1: 30, 2: 100"} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := k.Rotate(ctx, w, 2, func(credentials.Rotation) { cancel() })
		if !errors.Is(err, context.Canceled) || r.Rotated != 50 || r.Total != 130-50*i {
			t.Fatalf("a rotation that was ended did %+v (%v)", r, err)
		}
		if got := f.under(); got != under {
			t.Errorf("then %s are under the versions, want %s", got, under)
		}
		f.wantAll("half-way", k, want)
	}
	r, err := k.Rotate(t.Context(), w, 2, ignore)
	if err != nil || r.Rotated != 30 || r.Total != 30 || f.under() != "2: 130" {
		t.Errorf("the last one did %+v (%v), and %s are under the versions", r, err, f.under())
	}
	f.wantAll("at the end", f.keyring(v2), want)
	if r, err = k.Rotate(t.Context(), w, 2, ignore); err != nil || r.Total != 0 || r.Done() != 0 {
		t.Errorf("one more did %+v (%v)", r, err)
	}

	// Each decryption, and each change, is in the audit log, in nobody's name.
	var decrypted, rotated int
	if err := f.pg.Conn(t, "admin").QueryRow(t.Context(), `select count(distinct account_id) filter (where action = 'credentials.decrypt' and detail->>'for' = 'rotation' and kind = 'operator'),
		count(*) filter (where action = 'credentials.rotate' and kind = 'operator' and detail = '{"from": 1, "to": 2}') from app.audit_log`).Scan(&decrypted, &rotated); err != nil || decrypted != 130 || rotated != 130 {
		t.Errorf("the audit has decryptions of %d accounts and %d rotations (%v)", decrypted, rotated, err)
	}
}

// Two rotations at once do no harm: each row is rotated once, by one of them.
func TestTwoRotationsAtOnce(t *testing.T) {
	f := newFixture(t)
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	k := f.keyring(v1 + "," + v2)
	want := f.many(f.keyring(v1), 150)
	var rotated atomic.Int64
	var both sync.WaitGroup
	for range 2 {
		w := f.worker()
		both.Go(func() {
			r, err := k.Rotate(t.Context(), w, 2, ignore)
			rotated.Add(int64(r.Rotated))
			if err != nil || r.Rotated+r.Elsewhere > 150 || len(r.Unreadable) > 0 {
				t.Errorf("one did %+v (%v)", r, err)
			}
		})
	}
	both.Wait()
	var audited int
	if err := f.pg.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from app.audit_log where action = 'credentials.rotate'").Scan(&audited); err != nil || rotated.Load() != 150 || audited != 150 || f.under() != "2: 150" {
		t.Errorf("together they rotated %d, the audit has %d (%v), and %s are under the versions", rotated.Load(), audited, err, f.under())
	}
	f.wantAll("afterwards", f.keyring(v2), want)
}

// Two rotations to different versions end with one that wins: the other stops and
// says so, and nothing is lost.
func TestARotationEndsAnother(t *testing.T) {
	f := newFixture(t)
	v1, v2, v3 := credentials.NewMasterKey(1), credentials.NewMasterKey(2), credentials.NewMasterKey(3)
	k := f.keyring(v1 + "," + v2 + "," + v3)
	want := f.many(f.keyring(v1), 110)
	var second credentials.Rotation
	_, err := k.Rotate(t.Context(), f.worker(), 2, func(credentials.Rotation) {
		var err error
		if second, err = k.Rotate(t.Context(), f.worker(), 3, ignore); err != nil {
			t.Error(err)
		}
	})
	if second.Rotated != 110 {
		t.Errorf("the second did %+v", second)
	}
	if got := f.under(); err != nil && !strings.Contains(err.Error(), "another rotation has made another version") || got != "3: 110" {
		t.Errorf("the first ended with %v, and %s are under the versions", err, got)
	}
	f.wantAll("afterwards", f.keyring(v3), want)
}

// Keys that a user stores while the rotation has read the old ones are kept: the
// rotation changes a row only where it is what it has read. The row is held by a
// lock here until it has changed, once to other keys under the same version and
// once as a user's request changes it.
func TestARotationOverwritesNoNewKeys(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	k := f.keyring(v1 + "," + v2)
	s, only1 := f.service(v1)
	a := f.connect(s, "a", f.seeds[0])
	admin := f.pg.Conn(t, "admin")
	var first []byte
	if err := admin.QueryRow(t.Context(), "select ciphertext from private.user_credentials").Scan(&first); err != nil {
		t.Fatal(err)
	}
	// Other keys of the same account, stored in the same way.
	newer := madeUp(7)
	if err := only1.Store(t.Context(), f.db, a, newer, uuid.New(), "x", func(*tenant.Batch) {}); tenant.SQLState(err) != "PD409" {
		t.Fatalf("keys of another broker account: %v", err)
	}
	var brokerAccount uuid.UUID
	if err := admin.QueryRow(t.Context(), "select alpaca_account_id from app.user_accounts").Scan(&brokerAccount); err != nil {
		t.Fatal(err)
	}
	if err := only1.Store(t.Context(), f.db, a, newer, brokerAccount, "x", func(*tenant.Batch) {}); err != nil {
		t.Fatal(err)
	}

	tx, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select from private.user_credentials for update"); err != nil {
		t.Fatal(err)
	}
	done := make(chan credentials.Rotation)
	go func() {
		r, err := k.Rotate(context.WithoutCancel(t.Context()), w, 2, ignore)
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	watcher := f.pg.Conn(t, "admin")
	kit.Eventually(t, "the rotation to wait for the row", func() bool {
		var waits bool
		err := watcher.QueryRow(t.Context(), "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%rotate_credentials%')").Scan(&waits)
		return err == nil && waits
	})
	if _, err := tx.Exec(t.Context(), "set local session_replication_role = replica"); err != nil { // version 1 stores no more
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "update private.user_credentials set ciphertext = $1", first); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.Rotated != 0 || r.Elsewhere != 1 || f.under() != "1: 1" {
		t.Errorf("the rotation did %+v, and %s are under the versions", r, f.under())
	}
	f.wantOpen("what was put there meanwhile", only1, a, f.seeds[0])
	f.rotate(k, 2)
	f.wantOpen("what was put there meanwhile, rotated", k, a, f.seeds[0])
}

// Users who store keys during a rotation have these stored, whichever comes first,
// and no request of theirs fails.
func TestUsersStoreKeysDuringARotation(t *testing.T) {
	f := newFixture(t)
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	k := f.keyring(v1 + "," + v2)
	f.wantVerified("version 1", f.worker(), v1)
	f.wantVerified("both", f.worker(), v1+","+v2)
	want := f.many(k, 60)
	ids := slices.SortedFunc(maps.Keys(want), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	brokerAccounts := map[uuid.UUID]uuid.UUID{}
	rows, err := f.pg.Conn(t, "admin").Query(t.Context(), "select id, alpaca_account_id from app.user_accounts")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id, at uuid.UUID
		if err := rows.Scan(&id, &at); err != nil {
			t.Fatal(err)
		}
		brokerAccounts[id] = at
	}
	w := f.worker()
	for round, to := range []int{2, 1, 2} {
		var all sync.WaitGroup
		for part := range 3 {
			all.Go(func() {
				for i := part; i < len(ids); i += 3 {
					n := 1000*(round+1) + i
					a := tenant.Admission{Token: "token-of-user-0", Account: ids[i]}
					if err := k.Store(t.Context(), f.db, a, madeUp(n), brokerAccounts[ids[i]], "x", func(*tenant.Batch) {}); err != nil {
						t.Errorf("storing keys during a rotation: %v", err)
					}
				}
			})
		}
		all.Go(func() {
			if _, err := k.Rotate(t.Context(), w, to, ignore); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		for i, id := range ids {
			want[id] = madeUp(1000*(round+1) + i)
		}
		if got := f.under(); got != fmt.Sprintf("%d: 60", to) {
			t.Errorf("after the rotation %s are under the versions", got)
		}
		f.wantAll("after the rotation", k, want)
	}
}

// No rotation goes to a version that a running instance lacks: it could not read
// what the others store. One that starts during the rotation is refused in turn,
// and one that was cut off from the database ends by itself.
func TestARotationWaitsForEveryInstance(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	old, both := f.keyring(v1), f.keyring(v1+","+v2)
	log := slog.New(slog.DiscardHandler)
	f.wantVerified("the old", w, v1)
	running, err := old.Announce(t.Context(), w, log)
	if err != nil {
		t.Fatal(err)
	}
	up, err := both.Announce(t.Context(), w, log)
	if err != nil {
		t.Fatal(err)
	}
	defer up.End(context.WithoutCancel(t.Context()))
	before := f.stored()
	_, err = both.Rotate(t.Context(), w, 2, ignore)
	if err == nil || !strings.Contains(err.Error(), "1 running instance(s) lack version 2 of the master key: add it") || strings.Contains(err.Error(), "SQLSTATE") {
		t.Errorf("a rotation to a version that an instance lacks: %v", err)
	}
	if s, err := both.Status(t.Context(), w); err != nil || !strings.Contains(s.Next(), "Give version 2 to the 1 running instance(s)") {
		t.Errorf("next is %q (%v)", s.Next(), err)
	}
	f.exec("delete from private.master_keys where key_version = 2") // which the attempt made known
	if now := f.stored(); now != before {
		t.Errorf("it changed\n%s to\n%s", before, now)
	}

	// What was killed counts no more after a while.
	f.exec("update private.instance_keyrings set live_until = now() where versions = '{1}'")
	f.rotate(both, 2)
	if err := running.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "lacks the key under which this database stores API keys") || strings.Contains(err.Error(), "\n") {
		t.Errorf("an instance that comes back without the key goes on: %v", err)
	}
	if _, err := old.Announce(t.Context(), w, log); err == nil || !strings.Contains(err.Error(), "PADDOCK_MASTER_KEYS lacks the key") {
		t.Errorf("an instance that starts without the key: %v", err)
	}
	f.wantRefused("a start without the key", w, v1, "has no key of version 2, under which this database stores API keys")
}

// An instance that starts while a rotation begins is seen by it, or sees it.
func TestAnInstanceThatStartsMeetsTheRotation(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	old, both := f.keyring(v1), f.keyring(v1+","+v2)
	f.wantVerified("the old", w, v1)
	f.wantVerified("both", w, v1+","+v2)
	refused := [2]int{}
	for range 40 {
		var starts, rotates error
		var instance *credentials.Announcement
		var all sync.WaitGroup
		all.Go(func() { instance, starts = old.Announce(t.Context(), w, slog.New(slog.DiscardHandler)) })
		all.Go(func() { _, rotates = both.Rotate(t.Context(), w, 2, ignore) })
		all.Wait()
		switch {
		case starts == nil && rotates == nil:
			t.Fatal("an instance runs without the version to which a rotation went")
		case starts == nil:
			refused[1]++
			instance.End(t.Context())
		default:
			refused[0]++
		}
		f.rotate(both, 1)
	}
	t.Logf("the instance was refused %d times, and the rotation %d times", refused[0], refused[1])
}

// A retired version stores nothing any more, whatever statement tries: not that of
// a server which still has it. It can be retired only when nothing needs it, and
// only by who has the key that stores.
func TestARetiredVersionStoresNothing(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	s, only1 := f.service(v1)
	a := f.connect(s, "a", f.seeds[0])
	both := f.keyring(v1 + "," + v2)
	refuse := func(what string, k *credentials.Keyring, version int, want string) {
		t.Helper()
		if err := k.Retire(t.Context(), w, version); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SQLSTATE") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	f.wantVerified("both", w, v1+","+v2)
	refuse("the version that stores", both, 1, "credentials are stored under version 1 of the master key: rotate to another version first")
	refuse("an unknown version", both, 3, "has never used version 3")
	if err := w.SetStoringKeyVersion(t.Context(), 2, checkOf(t, v2), [][]byte{checkOf(t, v1)}); err != nil {
		t.Fatal(err)
	}
	refuse("a version that is needed", both, 1, "the credentials of 1 account(s) are still encrypted under version 1")
	f.rotate(both, 2)
	refuse("with a wrong key", f.keyring(v1+","+other(v2)), 1, "the key of version 2 is not the one")
	if err := w.RetireMasterKey(t.Context(), 1, checkOf(t, v1)); tenant.SQLState(err) != "PD500" {
		t.Errorf("retired with the old key alone: %v", err)
	}
	for range 2 { // the second time changes nothing
		if err := both.Retire(t.Context(), w, 1); err != nil {
			t.Fatal(err)
		}
	}
	status, err := both.Status(t.Context(), w)
	if err != nil || status.Versions[0].State != "retired" || status.Versions[0].RetiredAt == nil || time.Since(*status.Versions[0].RetiredAt) > time.Minute || status.Next() != "" || !status.Complete {
		t.Errorf("the status is %+v (%v)", status, err)
	}

	before := f.stored()
	if _, err := s.PutCredentials(t.Context(), a, f.seeds[0].KeyID, f.seeds[0].SecretKey); !problem.Is(err, problem.CredentialsUnreadable) {
		t.Errorf("a server with the retired version alone stored: %v", err)
	}
	if _, err := only1.Rotate(t.Context(), w, 1, ignore); err == nil || !strings.Contains(err.Error(), "version 1 of the master key is retired") {
		t.Errorf("a rotation back: %v", err)
	}
	admin := f.pg.Conn(t, "admin")
	for _, statement := range []string{
		"update private.user_credentials set key_version = 1",
		"insert into private.user_credentials select (jsonb_populate_record(c, '{\"key_version\": 1}')).* from private.user_credentials c on conflict (account_id) do update set key_version = 1",
	} {
		if _, err := admin.Exec(t.Context(), statement); tenant.SQLState(err) != "PD501" {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if _, err := admin.Exec(t.Context(), "update private.master_keys set stores = not stores"); tenant.SQLState(err) != "23514" {
		t.Errorf("a retired version was made to store: %v", err)
	}
	if now := f.stored(); now != before {
		t.Errorf("what is stored changed from\n%s to\n%s", before, now)
	}
	f.wantVerified("with the retired version", w, v1+","+v2)
	f.wantRefused("another key of the retired version", w, other(v1)+","+v2, "the key of version 1 is not the one")
	f.wantOpen("the keys", f.keyring(v2), a, f.seeds[0])
}

// A rotation leaves a row that was damaged as it is, says whose it is, and rotates
// all others. It begins with no wrong key, and shows none.
func TestARotationTellsWhatItCannotRead(t *testing.T) {
	f := newFixture(t)
	w := f.worker()
	v1, v2 := credentials.NewMasterKey(1), credentials.NewMasterKey(2)
	s, _ := f.service(v1)
	a, b := f.connect(s, "a", f.seeds[0]), f.connect(s, "b", f.seeds[1])
	k := f.keyring(v1 + "," + v2)
	f.exec(fmt.Sprintf(`update private.user_credentials set ciphertext = (select ciphertext from private.user_credentials where account_id = '%s') where account_id = '%s'`, a.Account, b.Account))
	for what, keys := range map[string]string{"a wrong old key": other(v1) + "," + v2, "the same key under another version": "1:" + v2[2:] + "," + "2:" + v1[2:]} {
		f.wantRefused(what, w, keys, "the key of version 1 is not the one")
	}
	if _, err := k.Rotate(t.Context(), w, 3, ignore); err == nil || !strings.Contains(err.Error(), "has no key of version 3: make one with paddock keys new --version 3") {
		t.Errorf("to a version that is not there: %v", err)
	}
	r, err := k.Rotate(t.Context(), w, 2, ignore)
	if err != nil || r.Rotated != 1 || !slices.Equal(r.Unreadable, []uuid.UUID{b.Account}) || r.Done() != 2 || f.under() != "1: 1, 2: 1" {
		t.Errorf("it did %+v (%v), and %s are under the versions", r, err, f.under())
	}
	f.wantOpen("the other's", k, a, f.seeds[0])
	later, _ := f.service(v1 + "," + v2)
	f.put(later, b, f.seeds[1])
	f.wantOpen("stored again", k, b, f.seeds[1])

	_, err = f.keyring(v1+","+v2).Rotate(t.Context(), w, 2, ignore)
	if err != nil {
		t.Error(err)
	}
	if _, err := f.keyring(v1+","+other(v2)).Rotate(t.Context(), w, 2, ignore); err == nil || !strings.Contains(err.Error(), "the key of version 2 is not the one") {
		t.Errorf("with a wrong new key: %v", err)
	}
}
