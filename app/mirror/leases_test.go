package mirror_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// rowsOfAccounts makes accounts that have keys and nothing else, as leases need it.
func (w *world) rowsOfAccounts(n int) {
	w.t.Helper()
	w.exec(`insert into app.user_accounts (user_id, name, environment) select 'u1', 'n' || n, 'paper' from generate_series(1, $1::integer) n`, n)
	w.exec(`insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
		select id, 'key', '\xc30d0409', 'aes256-gcm+pgp-sym-aes256', 1, '0000' from app.user_accounts where name like 'n%'`)
}

// claim claims leases for a holder, as a Manager does.
func (w *world) claim(holder uuid.UUID, ttl time.Duration, most int) []tenant.Lease {
	w.t.Helper()
	leases, err := w.worker.Claim(w.t.Context(), holder, ttl, most)
	if err != nil {
		w.t.Fatal(err)
	}
	return leases
}

// pagesRead returns how many pages a statement reads.
func pagesRead(t *testing.T, conn *pgx.Conn, statement string) int {
	t.Helper()
	var plan []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := conn.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+statement).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	return plan[0].Plan.Hit + plan[0].Plan.Read
}

// While somebody holds a snapshot open, Postgres keeps every row that renewals
// leave behind. A renewal, an admission and a look at all accounts read as many
// pages after thousands of them as before.
func TestASnapshotHeldOpenDoesNotSlowLeases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rowsOfAccounts(100)
	holder, other := uuidOf(1), uuidOf(2)
	w.instance(other, 10)
	leases := w.claim(holder, 10*time.Second, 2000)
	if len(leases) == 0 {
		t.Fatal("no lease is held")
	}
	held, err := w.pg.Conn(t, "admin").BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(context.Background())
	if _, err := held.Exec(t.Context(), "select count(*) from private.signs_of_life"); err != nil {
		t.Fatal(err)
	}

	conn := w.pg.Conn(t, "paddock_worker")
	if _, err := conn.Exec(t.Context(), "set plan_cache_mode = force_generic_plan; set synchronous_commit = off"); err != nil {
		t.Fatal(err)
	}
	renew := func(n int) string {
		// Each of another length, so that each is written.
		return fmt.Sprintf("select private.renew_leases('%s', '%d milliseconds', 2000)", holder, 60_000+n)
	}
	measure := func() map[string]int {
		all := map[string]int{}
		for what, statement := range map[string]string{
			"a renewal":              renew(-1),
			"a renewal with nothing": renew(-1),
			"an admission":           fmt.Sprintf("select private.admit_worker('%s', '%s', %d)", leases[0].Account, holder, leases[0].Fence),
			"a look at all accounts": fmt.Sprintf("select count(*) from private.claim_leases('%s', '60 seconds', 2000)", holder),
		} {
			pagesRead(t, conn, statement) // plans are made and catalogues read
			if what == "a renewal" {
				statement = renew(-2)
			}
			all[what] = pagesRead(t, conn, statement)
		}
		return all
	}
	before := measure()
	const renewals = 3000
	for n := range renewals {
		if _, err := conn.Exec(t.Context(), renew(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.admin.Exec(t.Context(), "vacuum analyze private.signs_of_life"); err != nil {
		t.Fatal(err)
	}
	if kept := scan[int](w, "select pg_relation_size('private.signs_of_life')"); kept < renewals*64 {
		t.Fatalf("%d bytes are kept for the snapshot after %d renewals", kept, renewals)
	}
	after := measure()
	t.Logf("pages read before %d renewals: %v, after: %v", renewals, before, after)
	for what, n := range after {
		if n > before[what]*11/10+10 { // the index may be a level deeper
			t.Errorf("%s reads %d pages after %d renewals, and read %d before", what, n, renewals, before[what])
		}
	}
}

// Whether an instance lives is asked of the database's clock alone, and of its
// newest sign of life alone. A clock that was set back a little ends nothing; one
// that was set back by more keeps no instance alive that is dead.
func TestSignsOfLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		signs string // when they were given, each from now
		live  bool
	}{
		"none":                                  {"{}", false},
		"now":                                   {"{0s}", true},
		"almost over":                           {"{-9s}", true},
		"over":                                  {"{-10s}", false},
		"long over":                             {"{-1day}", false},
		"the clock was set back a little":       {"{5s}", true},
		"the clock was set back by more":        {"{11s}", false},
		"the clock was set back by a day":       {"{1day}", false},
		"the newest counts, and not the latest": {"{0s,-1day}", false},
		"the newest counts, after a dead one":   {"{-1day,0s}", true},
		"it called again after the clock was set": {"{1day,0s}", true},
	} {
		holder := uuid.New()
		w.exec("insert into private.stream_instances (holder, most) values ($1, 10)", holder)
		w.exec("insert into private.signs_of_life (holder, given_at, lasts) select $1, clock_timestamp() + at, '10 seconds' from unnest($2::text::interval[]) with ordinality s(at, n) order by n", holder, tt.signs)
		if got := scan[bool](w, "select private.is_live($1)", holder); got != tt.live {
			t.Errorf("%s: lives is %v", name, got)
		}
		if got := scan[bool](w, "select exists (select from private.live_instances() where holder = $1)", holder); got != tt.live {
			t.Errorf("%s: among those that live is %v", name, got)
		}
	}
	// The dead ones are forgotten, and nobody else.
	w.claim(uuidOf(1), time.Minute, 10)
	if n := scan[int](w, "select count(*) from private.stream_instances i where not private.is_live(i.holder)"); n != 1 {
		t.Errorf("%d dead instances are known, besides the one whose sign was over just now", n-1)
	}
	if n := scan[int](w, "select count(*) from private.signs_of_life s where not exists (select from private.stream_instances i where i.holder = s.holder)"); n != 0 {
		t.Errorf("%d signs of forgotten instances are kept", n)
	}
}

// However long an instance says that its sign of life counts, it counts for an hour
// at most; and it is the instance's own alone.
func TestNobodyLivesForever(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ttl := range []time.Duration{2 * time.Hour, 100 * 365 * 24 * time.Hour, 0, -time.Hour} {
		for what, call := range map[string]func() error{
			"claiming": func() error { _, err := w.worker.Claim(t.Context(), uuidOf(1), ttl, 10); return err },
			"renewing": func() error { _, err := w.worker.Renew(t.Context(), uuidOf(1), ttl, 10); return err },
		} {
			if err := call(); tenant.SQLState(err) != "23514" {
				t.Errorf("%s for %s: %v", what, ttl, err)
			}
		}
	}
	if n := scan[int](w, "select count(*) from app.stream_leases"); n != 0 {
		t.Errorf("%d leases are held", n)
	}
}

// A holder that could not renew for longer than its leases last, and whose accounts
// nobody took, goes on under the same fences. Of those that somebody took it writes
// nothing more.
func TestALateHolderGoesOnWhereNobodyCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rowsOfAccounts(3)
	late, other := uuidOf(1), uuidOf(2)
	before := w.claim(late, time.Minute, 10)
	write := func(l tenant.Lease) error { return w.worker.Tx(t.Context(), l, func(*tenant.Batch) {}) }
	w.kill(late)
	for _, l := range before {
		if err := write(l); !problem.Is(err, problem.AccountForbidden) {
			t.Fatalf("a dead holder was admitted: %v", err)
		}
	}
	taken := map[uuid.UUID]bool{}
	w.instance(uuidOf(3), 10) // so that the other's share is half of them
	for _, l := range w.claim(other, time.Minute, 10) {
		taken[l.Account] = true
	}
	if len(taken) != 2 {
		t.Fatalf("the other took %d of 4", len(taken))
	}
	if _, err := w.worker.Renew(t.Context(), late, time.Minute, 10); err != nil {
		t.Fatal(err)
	}
	for _, l := range before {
		if err := write(l); (err == nil) == taken[l.Account] {
			t.Errorf("of an account that was taken (%v): %v", taken[l.Account], err)
		}
	}
}

// A renewal tells what must be known soon, of the holder's own accounts alone, and
// its mark changes with what a look at all accounts would find.
func TestRenewalsTellWhatHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, other := uuidOf(1), uuidOf(2)
	w.claim(mine, time.Minute, 10)
	renew := func(holder uuid.UUID) tenant.News {
		t.Helper()
		n, err := w.worker.Renew(t.Context(), holder, time.Minute, 10)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	mark := renew(mine).Mark
	changes := func(what string, change func()) {
		t.Helper()
		if again := renew(mine).Mark; again != mark {
			t.Errorf("before %s the mark changed without a reason", what)
		}
		change()
		now := renew(mine).Mark
		if now == mark {
			t.Errorf("%s changes no mark", what)
		}
		mark = now
	}
	changes("storing keys again", w.storeKeys)
	changes("refused keys", func() { w.exec("update private.user_credentials set rejected_at = now()") })
	changes("another mode", func() { w.exec("update app.user_accounts set stream_mode = 'ws' where id = $1", w.account.Account) })
	changes("another account", func() { w.rowsOfAccounts(1) })
	changes("deleted keys", func() { w.exec("delete from private.user_credentials where account_id <> $1", w.account.Account) })
	changes("an instance that comes", func() { renew(other) })
	changes("an instance that may stream more", func() {
		if _, err := w.worker.Renew(t.Context(), other, time.Minute, 11); err != nil {
			t.Fatal(err)
		}
	})
	changes("an instance that dies", func() { w.kill(other) })
	changes("an instance that lives again", func() { renew(other) })
	changes("accounts that an instance gives back", func() {
		if err := w.worker.Release(t.Context(), other, []uuid.UUID{w.account.Account}); err != nil {
			t.Fatal(err)
		}
	})
	changes("an instance that stops", func() {
		if err := w.worker.Release(t.Context(), other, nil); err != nil {
			t.Fatal(err)
		}
	})

	w.exec("update private.user_credentials set rejected_at = null")
	w.exec("insert into app.syncs (account_id, asked, asked_by) values ($1, 7, 'u1')", w.account.Account)
	w.exec("insert into app.wind_downs (account_id, state) values ($1, 'running')", w.account.Account)
	w.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty, created_at)
		values ($1, 'lost', 'submitting', 'u1', 'AAPL', 'buy', 'market', 'day', 1, now())`, w.account.Account)
	w.exec("update app.alpaca_orders set created_at = now() - interval '4 seconds'")
	n := renew(mine)
	if len(n.Unresolved) != 1 || n.Unresolved[0] != w.account.Account || n.Syncs[w.account.Account] != 7 ||
		len(n.WindingDown) != 1 || n.WindingDown[0] != w.account.Account {
		t.Errorf("of its account it is told %+v", n)
	}
	if n := renew(other); len(n.Unresolved)+len(n.Syncs)+len(n.WindingDown) != 0 {
		t.Errorf("of another's account it is told %+v", n)
	}
}

// A change is counted when it is committed: a transaction that takes long is found
// as soon as it is over, and not when the clock has all accounts looked at.
func TestAChangeThatTakesLongIsFoundSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.ClaimEvery, c.RenewPause = time.Hour, time.Millisecond })
	w.eventually("the stream", func() bool { return w.front.open.Load() == 1 })
	before := w.front.connects.Load()
	tx, err := w.pg.Conn(t, "admin").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "update private.user_credentials set generation = generation + 1"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // time for ten renewals, and two looks that would come too early
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("a stream with the new keys", func() bool { return w.front.connects.Load() > before && w.front.open.Load() == 1 })
}
