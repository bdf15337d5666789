package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// leasesOf makes a database in which five instances hold n accounts with keys and an
// open order each, and returns its worker and the first of the holders.
func leasesOf(b *testing.B, n int) (*tenant.Worker, uuid.UUID) {
	b.Helper()
	ctx, db := b.Context(), pgtest.New(b)
	admin := db.Conn(b, "admin")
	for _, text := range append([]string{fillStreamed}, fillStreamedToo...) {
		if _, err := admin.Exec(ctx, text, n); err != nil {
			b.Fatalf("%.60s…: %v", text, err)
		}
	}
	for _, text := range []string{
		`insert into private.master_keys (key_version, check_value, stores) values (1, decode(repeat('00', 32), 'hex'), true)`,
		`insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
			select id, 'key', '\xc30d0409' || convert_to(repeat('x', 200), 'UTF8'), 'aes256-gcm+pgp-sym-aes256', 1, '0000' from app.user_accounts`,
		"insert into app.stream_cursors (account_id, agreed_at) select id, now() from app.user_accounts on conflict do nothing",
		`insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty, limit_price,
				alpaca_order_id, status, filled_qty, submitted_at)
			select id, 'bench', 'accepted', user_id, 'AAPL', 'buy', 'limit', 'gtc', 1, 190.25, gen_random_uuid(), 'new', 0, now() from app.user_accounts`,
		"vacuum analyze",
	} {
		if _, err := admin.Exec(ctx, text); err != nil {
			b.Fatalf("%.60s…: %v", text, err)
		}
	}
	worker := tenant.NewWorker(db.Pool(b, "paddock_worker"), nil)
	holders := make([]uuid.UUID, 5)
	for i := range holders { // all live before the first takes its share
		holders[i] = uuid.New()
		if _, err := worker.Renew(ctx, holders[i], leaseTTL, streamed); err != nil {
			b.Fatal(err)
		}
	}
	for _, holder := range holders {
		leases, err := worker.Claim(ctx, holder, leaseTTL, streamed)
		if err != nil || len(leases) != n/len(holders) {
			b.Fatalf("%d of %d leases are held (%v)", len(leases), n, err)
		}
	}
	return worker, holders[0]
}

// leaseTTL is longer than the benchmark takes.
const leaseTTL = 30 * time.Minute

// BenchmarkLeases measures what leases cost one of five instances: a renewal, which
// comes every second or two and must cost the same however many accounts there are,
// and what looks at all accounts, which comes every ten seconds or more seldom.
func BenchmarkLeases(b *testing.B) {
	ctx := b.Context()
	fmt.Printf("\none of five instances\n")
	renewals := func(n int) func() float64 {
		worker, holder := leasesOf(b, n)
		for what, call := range map[string]func() error{
			"a look at all accounts":               func() error { _, err := worker.Claim(ctx, holder, leaseTTL, streamed); return err },
			"what the metrics ask of a deployment": func() error { _, err := worker.DeploymentState(ctx, time.Hour); return err },
		} {
			var took []time.Duration
			for range 15 {
				began := time.Now()
				if err := call(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			fmt.Printf("  %6d accounts: %s: %s\n", n, what, took[len(took)/2])
		}
		return func() float64 {
			done, began := 0, time.Now()
			for ; time.Since(began) < time.Second; done++ {
				if _, err := worker.Renew(ctx, holder, leaseTTL, streamed); err != nil {
					b.Fatal(err)
				}
			}
			return float64(done) / time.Since(began).Seconds()
		}
	}
	few, many := renewals(100), renewals(10_000)
	compare(b, "renewals of one of five instances, of 100 and of 10,000 accounts",
		&contender{name: "few accounts", run: few}, &contender{name: "many accounts", run: many})
}
