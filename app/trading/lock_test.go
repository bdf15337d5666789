package trading_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/tenant"
)

// When two statements run at once, the second waits until the first one's
// transaction ends, and is then checked together with it. This holds for all
// statements that make orders, all guards that count, and all isolation levels.
// The test delays the first one's commit until the second waits, or has run
// without waiting.
func TestGuardsHoldUnderTheLock(t *testing.T) {
	const (
		order = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty, limit_price)
			values ($1, gen_random_uuid()::text, 'u1', '\x00', 'AAPL', 'buy', 'limit', 'day', 10, 100)`
		sale = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty)
			values ($1, gen_random_uuid()::text, 'u1', '\x00', 'AAPL', 'sell', 'market', 'day', 10)`
		closing = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty, reduce_only)
			values ($1, gen_random_uuid()::text, 'u1', '\x00', 'AAPL', 'sell', 'market', 'day', 10, true)`
		again    = `update app.alpaca_orders set intent_state = 'submitting', status = 'submitting' where account_id = $1 and client_order_id = 'unsent'`
		exercise = `insert into app.exercises (account_id, contract, symbol, side, qty, price, reference_price, asked_by)
			values ($1, 'AAPL261218C00100000', 'AAPL', 'buy', 100, 100, 100, 'u1')`
		contract = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty, limit_price)
			values ($1, gen_random_uuid()::text, 'u1', '\x00', 'AAPL261218C00100000', 'buy', 'limit', 'day', 1, 5)`
		spread = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, type, time_in_force, qty, limit_price, order_class, request)
			values ($1, gen_random_uuid()::text, 'u1', '\x00', 'limit', 'day', 1, 5, 'mleg', '{"legs":[
				{"symbol":"AAPL261218C00100000","side":"buy","ratio_qty":"1"},{"symbol":"AAPL261218C00110000","side":"sell","ratio_qty":"1"}]}')`
	)
	for name, tt := range map[string]struct {
		limits, turn  string
		held          string
		first, second string
		isolation     pgx.TxIsoLevel
	}{
		"open orders":                   {limits: `{"max_open_orders":1}`, first: order, second: order},
		"orders a minute":               {limits: `{"orders_per_minute":1}`, first: order, second: order},
		"orders a day":                  {limits: `{"orders_per_day":1}`, first: order, second: order},
		"the position":                  {limits: `{"max_position_qty":"19"}`, first: order, second: order},
		"its worth":                     {limits: `{"max_position_notional":"1999"}`, first: order, second: order},
		"sales that reduce":             {turn: "reduce_only", held: "19", first: sale, second: sale},
		"closings":                      {held: "19", first: closing, second: closing},
		"a closing after a sale":        {held: "19", first: sale, second: closing},
		"a sale after a closing":        {turn: "reduce_only", held: "19", first: closing, second: sale},
		"one that is sent again":        {limits: `{"max_position_qty":"19"}`, first: order, second: again},
		"after one that is sent again":  {limits: `{"max_position_qty":"19"}`, first: again, second: order},
		"an exercise after an order":    {limits: `{"max_position_qty":"109"}`, held: "0", first: order, second: exercise},
		"an order after an exercise":    {limits: `{"max_position_qty":"109"}`, held: "0", first: exercise, second: order},
		"an exercise after a buy of it": {held: "0", first: contract, second: exercise},
		"a buy of what is exercised":    {held: "0", first: exercise, second: contract},
		"an exercise after a spread":    {held: "0", first: spread, second: exercise},
		"a spread of what is exercised": {held: "0", first: exercise, second: spread},
		"the limits themselves":         {first: `select private.set_guards('{"max_position_qty":"9"}') where $1::uuid is not null`, second: order},
		"the switch":                    {held: "19", first: `select private.set_switch('halted', 'a test') where $1::uuid is not null`, second: closing},
		"the position, an old snapshot": {limits: `{"max_position_qty":"19"}`, first: order, second: order, isolation: pgx.RepeatableRead},
		"closings, an old snapshot":     {held: "19", first: closing, second: closing, isolation: pgx.RepeatableRead},
		"closings, serializable":        {held: "19", first: closing, second: closing, isolation: pgx.Serializable},
		"an exercise, an old snapshot":  {limits: `{"max_position_qty":"109"}`, held: "0", first: order, second: exercise, isolation: pgx.RepeatableRead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synced()
			if tt.held != "" {
				d.holds("AAPL", tt.held, "100")
				d.holds("AAPL261218C00100000", "1", "1")
			}
			d.exec(`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, intent_state, status, symbol, side, type, time_in_force, qty, limit_price)
				values ($1, 'unsent', 'u1', '\x00', 'unsent', 'rejected', 'AAPL', 'buy', 'limit', 'day', 10, 100)`, d.owner.Account)
			if tt.limits != "" {
				d.guards(tt.limits)
			}
			if tt.turn != "" {
				d.turn(tt.turn)
			}
			_, err := d.heldUp(tt.first, tt.second, tt.isolation)
			want := []string{"PD422"}
			if tt.isolation != "" {
				// Refused, because its snapshot is older than the end of the first: by the
				// guards, or before by the log's lock, whose row the first has changed.
				want = []string{"25001", "40001"}
			}
			if !slices.Contains(want, tenant.SQLState(err)) {
				t.Errorf("the second one's error is %v, want one of %v", err, want)
			}
		})
	}
}

// heldUp runs two statements as the owner, each in a transaction. It commits
// the first when the second waits for a lock, or has run without waiting. It
// returns the result of the second, and rolls that back.
func (d *desk) heldUp(first, second string, isolation pgx.TxIsoLevel) (answer string, err error) {
	t := d.t
	t.Helper()
	begin := func(isolation pgx.TxIsoLevel) pgx.Tx {
		t.Helper()
		tx, err := d.pg.Conn(t, "paddock_app").BeginTx(t.Context(), pgx.TxOptions{IsoLevel: isolation})
		if err == nil {
			_, err = tx.Exec(t.Context(), "select private.admit($1, $2)", d.owner.Token, d.owner.Account)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	one, two := begin(pgx.ReadCommitted), begin(isolation)
	if _, err := one.Exec(t.Context(), first, d.owner.Account); err != nil {
		t.Fatalf("the first: %v", err)
	}
	answered := make(chan error, 1)
	go func() {
		rows, err := two.Query(context.Background(), second, d.owner.Account)
		if err == nil {
			_, err = pgx.ForEachRow(rows, []any{&answer}, func() error { return nil })
		}
		answered <- err
	}()
	admin, pid := d.pg.Conn(t, "admin"), two.Conn().PgConn().PID()
	for waits := false; !waits && len(answered) == 0; {
		if err := admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock')", pid).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = <-answered
	_ = two.Rollback(t.Context())
	return answer, err
}

// An account, or its keys, cannot be deleted while an order is being inserted,
// and no order can be inserted while they are being deleted.
func TestForgettingHoldsUnderTheLock(t *testing.T) {
	const order = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty, limit_price)
		values ($1, 'just made', 'u1', '\x00', 'AAPL', 'buy', 'limit', 'day', 10, 100)`
	for _, what := range []string{"account", "credentials"} {
		d := newDesk(t)
		forget := "select coalesce(private.delete_" + what + "(null)::text, 'forgotten') where $1::uuid is not null"
		if answer, err := d.heldUp(order, forget, pgx.ReadCommitted); err != nil || !strings.Contains(answer, "just made") {
			t.Errorf("the %s while an order is made: %s, %v", what, answer, err)
		}
	}
	d := newDesk(t)
	if _, err := d.heldUp("select private.delete_account(null) where $1::uuid is not null", order, pgx.ReadCommitted); err == nil {
		t.Error("an order was inserted for an account that is being deleted")
	}
}

// An account, or its user, is deleted although an instance takes the account's first
// lease while the deletion waits for a writer: neither ends by a deadlock.
func TestForgettingWaitsForAFirstLease(t *testing.T) {
	for what, statement := range map[string]string{
		"account": "select private.delete_account('leave')",
		"user":    "select private.delete_user('u1', 'leave')",
	} {
		d := newDesk(t)
		admin := d.pg.Conn(t, "admin")
		exec := func(to interface {
			Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
		}, statement string, args ...any) {
			t.Helper()
			if _, err := to.Exec(t.Context(), statement, args...); err != nil {
				t.Fatalf("the %s: %s: %v", what, statement, err)
			}
		}
		waits := func(conn *pgx.Conn) {
			t.Helper()
			for waits := false; !waits; {
				if err := admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock')", conn.PgConn().PID()).Scan(&waits); err != nil {
					t.Fatal(err)
				}
			}
		}
		begin := func() *pgx.Conn {
			conn := d.pg.Conn(t, "admin")
			exec(conn, "begin")
			return conn
		}
		const log = "select from app.event_heads where account_id = $1 for update"

		writer := begin()
		exec(writer, log, d.owner.Account)
		deletion := d.pg.Conn(t, map[string]string{"account": "paddock_app", "user": "owner"}[what])
		exec(deletion, "begin")
		if what == "account" {
			exec(deletion, "select private.admit($1, $2)", d.owner.Token, d.owner.Account)
		}
		deleted := make(chan error, 1)
		go func() {
			_, err := deletion.Exec(context.Background(), statement)
			deleted <- err
		}()
		waits(deletion)

		exec(admin, "insert into app.stream_leases (account_id, holder) values ($1, gen_random_uuid())", d.owner.Account)
		worker := begin()
		exec(worker, "select from app.stream_leases where account_id = $1 for key share", d.owner.Account)
		recorded := make(chan error, 1)
		go func() {
			_, err := worker.Exec(context.Background(), log, d.owner.Account)
			recorded <- err
		}()
		waits(worker)

		exec(writer, "commit")
		if err := <-recorded; err != nil {
			t.Errorf("the %s: the worker: %v", what, err)
		}
		exec(worker, "commit")
		if err := <-deleted; err != nil {
			t.Errorf("the %s: the deletion: %v", what, err)
		}
	}
}

// The rows of one statement are checked one after another, each together with
// those before it.
func TestGuardsMeasureEachRow(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.guards(`{"max_position_qty":"10"}`)
	d.holds("TSLA", "19", "100")
	for statement, want := range map[string]string{
		`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, limit_price)
			select $1, 'a' || n, 'u1', 'AAPL', 'buy', 'limit', 'day', 5, 100 from generate_series(1, 2) n`: "",
		`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, limit_price)
			select $1, 'b' || n, 'u1', 'AAPL', 'buy', 'limit', 'day', 6, 100 from generate_series(1, 2) n`: "PD422",
		`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, type, time_in_force, qty, reduce_only)
			select $1, 'c' || n, 'u1', 'TSLA', 'sell', 'market', 'day', 10, true from generate_series(1, 2) n`: "PD422",
	} {
		tx, err := d.pg.Conn(t, "paddock_app").Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "select private.admit($1, $2)", d.owner.Token, d.owner.Account); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), statement, d.owner.Account); tenant.SQLState(err) != want {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
		_ = tx.Rollback(t.Context())
	}
}
