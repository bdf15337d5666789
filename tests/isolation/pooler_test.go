package isolation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/bouncer"
	"paddock/tests/pgtest"
)

// leftovers are what a client can leave on a connection of Postgres beyond its
// transaction. The client is admitted as the attacker.
var leftovers = []struct {
	what    string
	leave   []string // each is a message of its own; $A, $B and the like are filled in
	inquire string   // returns rows where something of it is still there
}{
	{"settings of an admission", []string{"select set_config('app.account_id', '$B', false), set_config('app.user_id', '$B_USER', false), set_config('app.seal', 'x', false)"},
		"select 1 where coalesce(current_setting('app.account_id', true), '') <> ''"},
	{"row_security", []string{"set row_security = off"}, "select 1 where current_setting('row_security') = 'off'"},
	{"search_path", []string{"set search_path = app, pg_catalog"}, "select 1 where current_setting('search_path') like 'app%'"},
	{"a read-only session", []string{"set default_transaction_read_only = on"}, "select 1 where current_setting('default_transaction_read_only') = 'on'"},
	{"how commits are waited for", []string{"set synchronous_commit = local"}, "select 1 where current_setting('synchronous_commit') = 'local'"},
	{"a timeout", []string{"set statement_timeout = '1h'"}, "select 1 where current_setting('statement_timeout') = '1h'"},
	{"the role", []string{"set role paddock_app"}, "select 1 where current_setting('role') = 'paddock_app'"},
	{"an advisory lock", []string{"select pg_advisory_lock(4711)"}, "select 1 from pg_locks where locktype = 'advisory' and objid = 4711 and pid = pg_backend_pid()"},
	{"a temporary table", []string{"create temporary table mine as select * from app.alpaca_orders"}, "select 1 from pg_class where relname = 'mine'"},
	{"a prepared statement", []string{"prepare mine as select * from app.alpaca_orders"}, "select 1 from pg_prepared_statements where name = 'mine'"},
	{"a cursor WITH HOLD", []string{"declare mine cursor with hold for select * from app.alpaca_orders"}, "select 1 from pg_cursors where name = 'mine'"},
	{"a channel", []string{"listen mine"}, "select 1 from pg_listening_channels() c where c = 'mine'"},
}

// What a client leaves on a connection that a pooler hands on shows the next tenant
// no row but the tenant's own; and a client that comes after that request finds
// nothing of the tenant's on it. Where PgBouncer resets the connection after each
// transaction nothing is left at all.
func TestNothingCrossesOnAPooledConnection(t *testing.T) {
	db := pgtest.New(t)
	m := newMakers(t, db)
	for _, resets := range []bool{false, true} {
		pooler := bouncer.Start(t, bouncer.Options{Mode: "transaction", URLs: []string{db.URL("paddock_app")}, Connections: 1, Resets: resets})
		for _, left := range leftovers {
			t.Run(fmt.Sprintf("%s, reset %v", strings.ReplaceAll(left.what, " ", "_"), resets), func(t *testing.T) {
				l := m.lab(t, db)
				l.through = pooler.URL
				before := l.state()
				s := l.as("paddock_app")
				s.begin()
				refused := false
				for _, statement := range left.leave {
					if _, err := s.ask(statement); err != nil {
						refused = true // as temporary tables are
					}
				}
				s.end()
				there, err := s.ask(left.inquire)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case resets && len(there) > 0:
					t.Errorf("%s is left on a connection that was reset", left.what)
				case !resets && !refused && len(there) == 0:
					t.Errorf("%s is not left: this test has no aim any more", left.what)
				}

				// The product's own request, on the only connection that there is.
				pool := onePool(l)
				var orders []string
				var zone string
				err = tenant.NewDB(pool, nil).Tx(t.Context(), tenant.Admission{Token: l.b.Token, Account: l.b.Account}, func(b *tenant.Batch) {
					b.Queue("select client_order_id from app.alpaca_orders").Query(func(rows pgx.Rows) (err error) {
						orders, err = pgx.CollectRows(rows, pgx.RowTo[string])
						return err
					})
					b.Queue("select current_setting('TimeZone')").QueryRow(func(row pgx.Row) error { return row.Scan(&zone) })
				})
				if left.what == "row_security" && !resets {
					// Postgres refuses, rather than leave rows out. So who has the login's
					// password can disturb others here, and read nothing.
					if !problem.Is(err, problem.NotPermitted) {
						t.Errorf("after %s the next tenant is answered %v", left.what, err)
					}
				} else if err != nil || len(orders) != 1 || orders[0] != l.b.ClientOrder || zone != "UTC" {
					t.Errorf("after %s the next tenant has %q in %s (%v)", left.what, orders, zone, err)
				}
				pool.Close()

				// The attacker again, on the connection that served the tenant.
				s.loot()
				for _, statement := range []string{"execute mine", "fetch all from mine", "move backward all in mine", "fetch backward all from mine", "select * from mine", "select * from pg_prepared_statements", "select * from pg_cursors",
					"select current_setting('app.account_id', true), current_setting('app.user_id', true), current_setting('app.origin', true), current_setting('app.seal', true)"} {
					_ = s.take(statement) // what it returns is in the haul
				}
				_, _ = s.ask("rollback; deallocate all; close all; unlisten *; select pg_advisory_unlock_all(); reset all") // for the next one
				if got := l.verdict(before); got != "" {
					t.Errorf("%s: the attacker has %s", left.what, got)
				}
			})
		}
	}
}
