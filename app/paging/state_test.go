package paging_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/tenant"
)

// The state of an account is another one after each statement that changes a row which
// lists show, whoever runs it: so that no list is taken for unchanged which is not.
func TestEveryChangeGivesAnotherState(t *testing.T) {
	f := newFixture(t)
	admin := f.db.Conn(t, "admin")
	state := func() string {
		t.Helper()
		page := paging.Page{}
		if err := f.tenant.Tx(t.Context(), tenant.Admission{Token: f.token, Account: f.account}, func(b *tenant.Batch) {
			page.State.Queue(b, tenant.Admission{Account: f.account})
		}); err != nil {
			t.Fatal(err)
		}
		return page.State.Tag()
	}
	account := "'" + f.account.String() + "'"
	seen := map[string]string{state(): "the beginning"}
	for _, sql := range []string{
		`insert into app.alpaca_orders (account_id, client_order_id, intent_state) values ($A, 'a', 'accepted')`,
		`update app.alpaca_orders set status = 'new' where account_id = $A`,
		`update app.alpaca_orders set broker_request_id = 'x' where account_id = $A`,
		`update app.alpaca_orders set alpaca_order_id = id, symbol = 'AAPL' where account_id = $A`,
		`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
			select account_id, 'x', id, id, 'AAPL', 'us_equity', 1, 'buy', 1, 1, now(), 'stream' from app.alpaca_orders where account_id = $A`,
		`update app.fills set state = 'busted' where account_id = $A`,
		`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id,
				entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
			values ($A, gen_random_uuid(), 'account', '', 'AAPL', 'us_equity', 1, 'long', now(), 'x', 1, now(), 'x', 1, 1, 0, 0, 1, 1, 0, 1)`,
		`update app.trading_positions set fees = 1 where account_id = $A`,
		`insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ($A, 'AAPL', 1, 2, now())`,
		`update app.journal_gaps set broker_qty = 3 where account_id = $A`,
		`delete from app.journal_gaps where account_id = $A`,
		`delete from app.trading_positions where account_id = $A`,
		`delete from app.fills where account_id = $A`,
		`delete from app.alpaca_orders where account_id = $A`,
		`insert into app.stream_cursors (account_id, agreed_at) values ($A, now())`,
		`update app.stream_cursors set agreed_at = now() + interval '1 second' where account_id = $A`,
	} {
		if tag, err := admin.Exec(t.Context(), strings.ReplaceAll(sql, "$A", account)); err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: %v %v", sql, tag, err)
		}
		now := state()
		if before, known := seen[now]; known || now == "" {
			t.Errorf("after %s the state is %s, as after %s", sql, now, before)
		}
		seen[now] = sql
	}
}

// A page that the client has reads no rows.
func TestAKnownStateReadsNothing(t *testing.T) {
	f := newFixture(t)
	who := tenant.Admission{Token: f.token, Account: f.account}
	read := func(known string) (rows int, state paging.State) {
		t.Helper()
		state = paging.KnownState(known)
		condition, args := state.Changed([]any{f.account})
		if err := f.tenant.Tx(t.Context(), who, func(b *tenant.Batch) {
			state.Queue(b, who)
			b.Queue("select 1 from app.user_accounts where id = $1"+condition, args...).Query(func(r pgx.Rows) error {
				for r.Next() {
					rows++
				}
				return r.Err()
			})
		}); err != nil {
			t.Fatal(err)
		}
		return rows, state
	}
	rows, state := read("")
	if rows != 1 || state.Unchanged() {
		t.Errorf("without a tag: %d rows, %v", rows, state)
	}
	tag := state.Tag()
	if rows, state := read(tag); rows != 0 || !state.Unchanged() {
		t.Errorf("with the tag: %d rows, %v", rows, state)
	}
	if rows, state := read(`"another"`); rows != 1 || state.Unchanged() {
		t.Errorf("with another tag: %d rows, %v", rows, state)
	}
}
