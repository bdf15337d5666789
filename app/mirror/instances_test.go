package mirror_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/alpacasim"
	"paddock/app/mirror"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

// newFleet is a world with more accounts, each of another user.
func newFleet(t *testing.T, more int, change ...func(*alpacasim.Config)) (*world, []tenant.Admission) {
	t.Helper()
	w := newWorld(t, change...)
	all := []tenant.Admission{w.account}
	for i := range more {
		all = append(all, w.connectUser(i))
	}
	return w, all
}

// connectUser makes user number n with an account here and at the broker, and
// stores its keys.
func (w *world) connectUser(n int) tenant.Admission {
	w.t.Helper()
	seed := alpacasim.AccountSeed{KeyID: fmt.Sprintf("PKFLEET%06d", n), SecretKey: fmt.Sprintf("secret-of-the-fleet-%06d", n)}
	w.sim.AddAccount(seed)
	token := kit.User(w.t, w.pg, fmt.Sprintf("fleet%d", n))
	service := accounts.New(w.db, w.keys, w.broker)
	made, err := service.Create(w.t.Context(), token, "one", "paper")
	if err != nil {
		w.t.Fatal(err)
	}
	a := tenant.Admission{Token: token, Account: made.ID}
	if _, err := service.PutCredentials(w.t.Context(), a, seed.KeyID, seed.SecretKey); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// hearRings wakes a Manager whenever the doorbell rings, as cmd/paddock does.
func (w *world) hearRings(m *mirror.Manager) {
	w.t.Helper()
	channel, err := w.worker.Channel(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	conn := w.pg.Conn(w.t, "paddock_worker")
	if _, err := conn.Exec(w.t.Context(), "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return
			}
			m.Wake()
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
}

// ringing returns a doorbell that rings in the database.
func (w *world) ringing() *tenant.Doorbell {
	bell := tenant.NewDoorbell(w.pg.Pool(w.t, "paddock_worker"), nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = bell.Run(ctx) }() // returns nil when ctx ends
	w.t.Cleanup(func() { cancel(); <-done })
	return bell
}

// holds returns for how many accounts each holder has a lease, the largest
// number first.
func (w *world) holds() []int {
	w.t.Helper()
	return scan[[]int](w, `select coalesce(array_agg(n order by n desc), '{}') from (
		select count(*) as n from app.stream_leases where private.is_live(holder) group by holder) h`)
}

// instance makes an instance of the server that lives for an hour, and can stream
// so many accounts.
func (w *world) instance(holder uuid.UUID, most int) {
	w.t.Helper()
	w.exec("insert into private.stream_instances (holder, most) values ($1, $2)", holder, most)
	w.exec("insert into private.signs_of_life (holder, lasts) values ($1, '1 hour')", holder)
}

// kill makes the last sign of life of an instance one that counts no more.
func (w *world) kill(holder uuid.UUID) {
	w.t.Helper()
	w.exec("update private.signs_of_life set given_at = clock_timestamp() - lasts where holder = $1", holder)
}

// The share of each instance is the smallest number at which all accounts have
// a holder, given the maximum of each instance.
func TestShareOfAnInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		most   []int // share is that of the last one
		wanted int
		share  int
	}{
		"nobody lives":                        {nil, 10, 0},
		"nothing is wanted":                   {[]int{2000, 2000}, 0, 0},
		"one takes all":                       {[]int{2000}, 7, 7},
		"one takes all, also without streams": {[]int{5}, 7, 7},
		"halves":                              {[]int{2000, 2000}, 10, 5},
		"rounded up":                          {[]int{2000, 2000, 2000}, 10, 4},
		"more than there are":                 {[]int{10, 10, 10, 10}, 2, 1},
		"a small one is filled up":            {[]int{10, 2000, 2000}, 1000, 495},
		"two small ones":                      {[]int{10, 100, 2000}, 1000, 890},
		"one that takes none":                 {[]int{0, 2000, 2000}, 10, 5},
		"the small one itself":                {[]int{2000, 2000, 10}, 1000, 10},
		"not room for all":                    {[]int{10, 20}, 1000, 505},
		"not room for all, by the smaller":    {[]int{20, 10}, 1000, 495},
		"not room for one":                    {[]int{10, 10}, 21, 11},
	} {
		w.exec("delete from private.stream_instances")
		w.exec("delete from private.signs_of_life")
		for i, most := range tt.most {
			w.instance(uuidOf(byte(i)), most)
		}
		w.instance(uuidOf(99), 2000)
		w.kill(uuidOf(99))
		most := 7
		if n := len(tt.most); n > 0 {
			most = tt.most[n-1]
		}
		if got := scan[int](w, "select private.lease_share($1, $2)", tt.wanted, most); got != tt.share {
			t.Errorf("%s: %d, want %d", name, got, tt.share)
		}
	}
}

// instances claims leases for several instances, as Managers do, and releases
// leases that are surplus.
type instances struct {
	w    *world
	held map[uuid.UUID][]tenant.Lease
}

// look claims leases for a holder, releases the surplus ones and returns their
// number.
func (in *instances) look(holder uuid.UUID, ttl time.Duration, most int) int {
	in.w.t.Helper()
	leases, err := in.w.worker.Claim(in.w.t.Context(), holder, ttl, most)
	if err != nil {
		in.w.t.Fatal(err)
	}
	var surplus []uuid.UUID
	for _, l := range leases {
		if l.Surplus {
			surplus = append(surplus, l.Account)
		}
	}
	if len(surplus) > 0 {
		if err := in.w.worker.Release(in.w.t.Context(), holder, surplus); err != nil {
			in.w.t.Fatal(err)
		}
	}
	in.held[holder] = slices.DeleteFunc(leases, func(l tenant.Lease) bool { return l.Surplus })
	return len(surplus)
}

// Accounts move evenly to a new instance, a few at a time, and then stay. What
// one instance cannot hold, the others do.
func TestLeasesAreSharedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Leases need keys to be stored, but not that they can be decrypted.
	w.exec(`insert into app.user_accounts (user_id, name, environment) select 'u1', 'n' || n, 'paper' from generate_series(1, 99) n`)
	w.exec(`insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
		select id, 'key', '\xc30d0409', 'aes256-gcm+pgp-sym-aes256', 1, '0000' from app.user_accounts where name like 'n%'`)
	in := &instances{w, map[uuid.UUID][]tenant.Lease{}}
	first, second, third, small := uuidOf(1), uuidOf(2), uuidOf(3), uuidOf(4)
	if gives := in.look(first, time.Minute, 2000); gives != 0 || len(in.held[first]) != 100 {
		t.Fatalf("alone it holds %d and releases %d", len(in.held[first]), gives)
	}
	if in.look(second, time.Minute, 2000); len(in.held[second]) != 0 {
		t.Fatalf("the second took %d leases that are held", len(in.held[second]))
	}
	settle := func(what string, all ...uuid.UUID) {
		t.Helper()
		looks, most := 0, 0
		for quiet := 0; quiet < 2*len(all); looks++ {
			if looks > 200 {
				t.Fatalf("%s: accounts keep moving: %v", what, w.holds())
			}
			before := len(in.held[all[looks%len(all)]])
			gives := in.look(all[looks%len(all)], time.Minute, 2000)
			most = max(most, gives)
			quiet++
			if gives > 0 || len(in.held[all[looks%len(all)]]) != before {
				quiet = 0
			}
		}
		t.Logf("%s: %v after %d looks, at most %d at a look", what, w.holds(), looks, most)
		if most > 5 {
			t.Errorf("%s: %d were released at one look", what, most)
		}
	}
	settle("two", first, second)
	if got := w.holds(); len(got) != 2 || got[0] > 55 || got[0]+got[1] != 100 {
		t.Errorf("two hold %v", got)
	}
	settle("three", first, second, third)
	if got := w.holds(); len(got) != 3 || got[0] > 38 || got[0]+got[1]+got[2] != 100 {
		t.Errorf("three hold %v", got)
	}
	// A fourth instance joins that can hold little, and two die.
	in.look(small, time.Minute, 3)
	w.kill(second)
	w.kill(third)
	in.look(small, time.Minute, 3)
	in.look(first, time.Minute, 2000)
	if got := w.holds(); !slices.Equal(got, []int{97, 3}) {
		t.Errorf("after two died, and with a small one, %v are held", got)
	}
}

// While the holder of a lease is inside a transaction, nobody else gets the
// lease, whether it ends or is released. Afterwards the old holder can write
// nothing more, even in a transaction that it had begun before.
func TestNoTakeoverInsideATransaction(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"the lease ends", "the lease is given back"} {
		w := newWorld(t)
		old, next := uuidOf(1), uuidOf(2)
		leases, err := w.worker.Claim(t.Context(), old, time.Second, 10)
		if err != nil || len(leases) != 1 {
			t.Fatalf("the first holds %v (%v)", leases, err)
		}
		conn := w.pg.Conn(t, "paddock_worker")
		begin := func() pgx.Tx {
			t.Helper()
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return tx
		}
		admit := func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "select private.admit_worker($1, $2, $3)", leases[0].Account, old, leases[0].Fence)
			return err
		}
		write := func(tx pgx.Tx, id string) error {
			_, err := tx.Exec(t.Context(), "select app.apply_trade_update($1, $2)", leases[0].Account,
				payload(update(id, "new", time.Now(), map[string]any{"client_order_id": id}, nil)))
			return err
		}
		tx := begin()
		if err := admit(tx); err != nil {
			t.Fatal(err)
		}
		if way == "the lease ends" {
			w.eventually("the end of the lease", func() bool {
				return !scan[bool](w, "select private.is_live($1)", old)
			})
		} else if err := w.worker.Release(t.Context(), old, nil); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if taken, err := w.worker.Claim(t.Context(), next, time.Minute, 10); err != nil || len(taken) != 0 {
				t.Fatalf("%s: the next holder took %v in the middle of a transaction (%v)", way, taken, err)
			}
		}
		if err := write(tx, "01A"); err != nil {
			t.Fatalf("%s: the transaction cannot be finished: %v", way, err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		idle := begin() // begun before the takeover, to be admitted after it
		if _, err := idle.Exec(t.Context(), "select 1"); err != nil {
			t.Fatal(err)
		}
		taken, err := w.worker.Claim(t.Context(), next, time.Minute, 10)
		if err != nil || len(taken) != 1 || taken[0].Fence <= leases[0].Fence || taken[0].LastEventID != "01A" {
			t.Fatalf("%s: afterwards the next holder has %v (%v)", way, taken, err)
		}
		if err := admit(idle); tenant.SQLState(err) != "PD403" {
			t.Errorf("%s: the old holder was admitted after the takeover: %v", way, err)
		}
		_ = idle.Rollback(t.Context()) // the transaction has failed already
		err = w.worker.TxNotify(t.Context(), leases[0], func(b *tenant.Batch) {
			b.Queue("select app.apply_trade_update($1, $2)", leases[0].Account, payload(update("01B", "new", time.Now(), map[string]any{"client_order_id": "01B"}, nil)))
		})
		if !problem.Is(err, problem.AccountForbidden) || w.order("01B") != "missing" {
			t.Errorf("%s: the old holder wrote after the takeover: %v, %s", way, err, w.order("01B"))
		}
	}
}

// An instance that stops rings the doorbell, so that the others take its
// accounts at once and not at their next look at the leases.
func TestStopRingsTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rarely := func(c *mirror.Config) { c.RenewEvery, c.LeaseTTL = 10*time.Minute, time.Hour }
	_, stop := w.run(rarely)
	w.eventually("the first instance", func() bool { return w.front.open.Load() == 1 })
	second, _ := w.run(rarely)
	w.hearRings(second)
	w.eventually("the second to live", func() bool { return scan[int](w, "select count(*) from private.live_instances()") == 2 })
	before := w.front.connects.Load()
	began := time.Now()
	stop()
	w.eventually("the second to stream", func() bool { return w.front.connects.Load() > before && w.front.open.Load() == 1 })
	t.Logf("it took %s", time.Since(began))
}

// A second instance takes its share of the streams from the first. An instance
// that stops hands its streams over at once, and the accounts of one that died
// are streamed again within 15 seconds. No update is lost or recorded twice.
func TestInstancesComeAndGo(t *testing.T) {
	t.Parallel()
	w, _ := newFleet(t, 11)
	usual := func(c *mirror.Config) { c.RenewEvery, c.RenewPause, c.LeaseTTL = 0, 0, 0 }
	streaming := func(n int) bool { return int(w.front.open.Load()) == n }
	up := func() int {
		return scan[int](w, `select count(*) from app.stream_cursors c join app.stream_leases l using (account_id)
			where c.streaming is not null and private.is_live(l.holder)`)
	}
	first, stopFirst := w.run(usual)
	w.hearRings(first)
	w.eventually("the first to stream all", func() bool { return streaming(12) && up() == 12 })
	second, _ := w.run(usual)
	w.hearRings(second)
	w.eventually("half of them at each", func() bool {
		h := w.holds()
		return len(h) == 2 && h[0] <= 7 && h[0]+h[1] == 12 && streaming(12) && up() == 12
	})
	// This instance dies later, when it loses its connections to the database.
	pool := w.pg.Pool(t, "paddock_worker")
	w.run(usual, func(c *mirror.Config) { c.Worker = tenant.NewWorker(pool, kit.SilentBell{}) })
	w.eventually("a third of them at each", func() bool {
		h := w.holds()
		return len(h) == 3 && h[0] <= 5 && h[0]+h[1]+h[2] == 12 && up() == 12
	})

	leaves := time.Now()
	stopFirst()
	w.eventually("the others to have what the first had", func() bool { return len(w.holds()) == 2 && up() == 12 && streaming(12) })
	drained := time.Since(leaves)

	dies := time.Now()
	pool.Close()
	w.eventually("the second to have all", func() bool {
		h := w.holds()
		return len(h) == 1 && h[0] == 12 && up() == 12
	})
	died := time.Since(dies)
	t.Logf("handed over %s after a stop, and %s after a death", drained, died)
	if drained > 5*time.Second {
		t.Errorf("a stop handed over after %s", drained)
	}
	if died > 15*time.Second {
		t.Errorf("a death was noticed after %s", died)
	}
	w.buy("AAPL", "1", "a")
	w.sim.Step()
	w.waitForOrder("a", "accepted filled 1")
	w.wantNoGap()
}

// counting is a log that counts the messages with a text.
type counting struct {
	slog.Handler
	text string
	seen *atomic.Int64
}

func (h counting) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.text) {
		h.seen.Add(1)
	}
	return h.Handler.Handle(ctx, r)
}

func (h counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	return counting{h.Handler.WithAttrs(attrs), h.text, h.seen}
}

// Accounts beyond what all instances may stream are held without a stream: they
// are reconciled, their lost orders are looked up, their users are told, and the
// operator is, once. With room for them they have streams.
func TestAccountsBeyondTheMaximumAreReconciled(t *testing.T) {
	t.Parallel()
	w, all := newFleet(t, 3)
	log := counting{slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}), "without a stream", new(atomic.Int64)}
	two := func(c *mirror.Config) {
		c.MaxStreams, c.Reconcile, c.Logger = 2, 200*time.Millisecond, slog.New(log)
	}
	m, _ := w.run(two)
	const noted = "select count(*) from app.stream_cursors where streaming is null and note like 'Paddock has as many streams%'"
	agreed := func(since time.Time) int {
		return scan[int](w, "select count(*) from app.stream_cursors where agreed_at > $1", since)
	}
	began := scan[time.Time](w, "select now()")
	w.eventually("all accounts to agree", func() bool { return agreed(began) == len(all) })
	w.eventually("two streams", func() bool { return w.front.open.Load() == 2 && scan[int](w, noted) == 2 })
	again := scan[time.Time](w, "select now()")
	w.eventually("those without a stream to agree again", func() bool { return agreed(again) == len(all) })
	if streams, without := m.Streams(); streams != 2 || without != 2 || log.seen.Load() != 1 {
		t.Errorf("there are %d streams and %d accounts without one, which was logged %d times", streams, without, log.seen.Load())
	}

	other, _ := w.run(two)
	w.eventually("four streams on two instances", func() bool {
		_, without := m.Streams()
		_, alsoWithout := other.Streams()
		return w.front.open.Load() == 4 && without+alsoWithout == 0 && scan[int](w, noted) == 0
	})
	if got := w.holds(); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("the instances hold %v", got)
	}
}
