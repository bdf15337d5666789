package isolation

import (
	"context"
	"crypto/md5"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/problem"
	"paddock/app/tenant"
)

var poolAttacks = []attack{
	{
		name: "a plan prepared for one tenant and run for the next",
		weak: []string{"alter function private.account_id(text) immutable",
			"alter policy app_reads on app.alpaca_orders using (account_id = private.account_id('read'))"},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("set plan_cache_mode = force_generic_plan")
			// The victim's request comes first on this connection, which keeps
			// its plan.
			s.mustAsk("begin; select private.admit('" + l.b.Token + "', '$B'); prepare orders as select * from app.alpaca_orders; execute orders; commit")
			s.begin()
			s.take("execute orders")
			s.end()
			s.take("execute orders")
		},
	},
	{
		name:   "stacked statements through the product's own pool",
		direct: true, // the pool prepares nothing by name through a pooler
		weakFn: func(l *lab) { l.simple = true },
		run: func(l *lab) {
			// The attacker's input becomes part of a statement's text. It
			// replaces a prepared statement of the pool by one of the attacker's.
			pool := onePool(l)
			const kept = "select client_order_id from app.alpaca_orders where account_id = $1"
			names := map[string]bool{}
			prepared := func(ctx context.Context, conn *pgx.Conn) {
				rows, err := conn.Query(ctx, "select name from pg_prepared_statements where statement = '"+kept+"'", pgx.QueryExecModeSimpleProtocol)
				if err != nil {
					l.t.Fatal(err)
				}
				list, err := pgx.CollectRows(rows, pgx.RowTo[string])
				if err != nil {
					l.t.Fatal(err)
				}
				for _, name := range list {
					names[name] = true
				}
			}
			db := tenant.NewDB(pool, nil)
			read := func(x tenantOf) error {
				return db.Tx(l.t.Context(), tenant.Admission{Token: x.Token, Account: x.Account}, func(b *tenant.Batch) {
					b.Queue(kept, x.Account).Query(func(rows pgx.Rows) error {
						_, err := pgx.CollectRows(rows, pgx.RowTo[string])
						return err
					})
				})
			}
			if err := read(l.a); err != nil {
				l.t.Fatal(err)
			}
			onConn(l, pool, prepared)
			if len(names) == 0 {
				l.t.Fatal("the pool keeps no statement: this attack has no aim any more")
			}
			// The attacker's statement writes what it finds to a large object,
			// which the attacker reads later as the same role.
			object := uuid.New().ID() / 2
			for name := range names {
				injected := fmt.Sprintf(`select 1; deallocate %s; prepare %s as select x::text from (select lo_from_bytea(%d, string_agg(o::text, '')::bytea) x from app.alpaca_orders o where $1::uuid is not null) l`,
					pgx.Identifier{name}.Sanitize(), pgx.Identifier{name}.Sanitize(), object)
				inject(l, pool, injected)
			}
			if err := read(l.b); err != nil && !l.simple {
				l.t.Errorf("the victim's request failed: %v", err)
			}
			s := l.as("paddock_app")
			s.take(fmt.Sprintf("select convert_from(lo_get(%d), 'UTF8')", object))
		},
	},
	{
		name:   "a connection spoilt by session settings",
		weakFn: func(l *lab) { l.simple = true }, // a pool that resets nothing
		run: func(l *lab) {
			for _, spoil := range []string{
				"app.seal=x", "app.account_id=$B", "app.user_id=$B_USER", "row_security=off", "search_path=evil", "client_encoding=LATIN1", "TimeZone=Asia/Kathmandu",
				"DateStyle=German", "IntervalStyle=sql_standard", "bytea_output=escape", "statement_timeout=1", "lock_timeout=1",
				"default_transaction_read_only=on", "default_transaction_isolation=serializable", "default_transaction_deferrable=on", "plan_cache_mode=force_generic_plan",
				"extra_float_digits=-15", "xmloption=document", "array_nulls=off", "transform_null_equals=on", "enable_indexscan=off", "synchronous_commit=off",
				"default_text_search_config=simple", "lc_numeric=C", "standard_conforming_strings=off", "backslash_quote=off", "quote_all_identifiers=on", "role=paddock_app",
			} {
				name, value, _ := strings.Cut(l.fill(spoil), "=")
				pool := onePool(l)
				// A timeout of 1 ms may end the attacker's own request, and the
				// setting is undone with it.
				if err := l.spoil(pool, name, value); err != nil && !problem.Is(err, problem.DatabaseUnavailable) && tenant.SQLState(err) != "57014" {
					l.t.Fatalf("%s: %v", spoil, err)
				}
				l.next(pool, spoil)
				pool.Close()
			}
		},
	},
}

// spoil changes a session setting in a request of the attacker's. That is one of
// the product's transactions or, on the weakened copy, one after which nothing
// resets the connection.
func (l *lab) spoil(pool *pgxpool.Pool, name, value string) error {
	const set = "select set_config($1, $2, false)"
	if !l.simple {
		return tenant.NewDB(pool, nil).Tx(l.t.Context(), tenant.Admission{Token: l.a.Token, Account: l.a.Account}, func(b *tenant.Batch) {
			b.Queue(set, name, value)
		})
	}
	return pgx.BeginFunc(l.t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(l.t.Context(), "select private.admit($1, $2)", l.a.Token, l.a.Account); err != nil {
			return err
		}
		_, err := tx.Exec(l.t.Context(), set, name, value)
		return err
	})
}

// onePool opens the product's pool with a single connection, so that the next
// tenant gets the connection that the attacker used.
func onePool(l *lab) *pgxpool.Pool {
	l.t.Helper()
	config := tenant.PoolConfig{URL: l.db.URL("paddock_app"), MaxConns: 1, Name: "isolation"}
	if l.through != nil {
		config.URL, config.ThroughPooler = l.through(config.URL), true
	}
	pool, err := tenant.OpenPool(l.t.Context(), config)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(pool.Close)
	return pool
}

// onConn runs fn on the pool's one connection.
func onConn(l *lab, pool *pgxpool.Pool, fn func(context.Context, *pgx.Conn)) {
	l.t.Helper()
	conn, err := pool.Acquire(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Release()
	fn(l.t.Context(), conn.Conn())
}

// inject runs the attacker's text, as if the product put its statements together
// from strings.
func inject(l *lab, pool *pgxpool.Pool, text string) {
	onConn(l, pool, func(ctx context.Context, conn *pgx.Conn) {
		if l.simple {
			_, _ = conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol)
			return
		}
		var batch pgx.Batch // as tenant sends it; Exec without values would use the simple protocol
		batch.Queue(text)
		_ = conn.SendBatch(ctx, &batch).Close()
	})
}

// next makes a request of the victim's on a pool that the attacker has used. It
// must succeed, and return the victim's own rows unchanged.
func (l *lab) next(pool *pgxpool.Pool, after string) {
	l.t.Helper()
	const said = "grüße, 現金"
	var order, zone, echo string
	queue := func(b *tenant.Batch) {
		b.Queue("select client_order_id, current_setting('TimeZone') from app.alpaca_orders").QueryRow(func(row pgx.Row) error { return row.Scan(&order, &zone) })
		// What arrives must be what was sent. In another encoding it is not.
		b.Queue("select md5(convert_to($1, 'UTF8'))", said).QueryRow(func(row pgx.Row) error { return row.Scan(&echo) })
		b.Queue("update app.user_accounts set name = name where id = $1", l.b.Account) // a change that leaves no trace
	}
	var err error
	if l.simple {
		err = pgx.BeginFunc(l.t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(l.t.Context(), "select private.admit($1, $2)", l.b.Token, l.b.Account); err != nil {
				return err
			}
			if err := tx.QueryRow(l.t.Context(), "select client_order_id, current_setting('TimeZone') from app.alpaca_orders").Scan(&order, &zone); err != nil {
				return err
			}
			return tx.QueryRow(l.t.Context(), "select md5(convert_to($1, 'UTF8'))", said).Scan(&echo)
		})
	} else {
		err = tenant.NewDB(pool, nil).Tx(l.t.Context(), tenant.Admission{Token: l.b.Token, Account: l.b.Account}, queue)
	}
	if err != nil {
		l.haul.learn("how to stop the next tenant with %s: %v", after, err)
	} else if order != l.b.ClientOrder || zone != "UTC" || echo != fmt.Sprintf("%x", md5.Sum([]byte(said))) {
		l.haul.learn("how to mislead the next tenant with %s: %q %q %q", after, order, zone, echo)
	}
}
