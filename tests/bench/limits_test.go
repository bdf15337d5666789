package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// chainedTokens are four API tokens of the fifth tenant's, each made of the one before, with
// three limits each; and the third account has approvals, and the fourth a sleeve.
const chainedTokens = `
insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at, max_order_notional, orders_per_minute, orders_per_day)
	select ('00000000-0000-4000-9000-00000000000' || n)::uuid, 'bench-user-5', (select array_agg(('00000000-0000-4000-9000-00000000000' || m)::uuid order by m) from generate_series(1, n) m),
		'chain', sha256(convert_to('pdk_chain-' || n, 'UTF8')), 'x', '{read,trade,cancel}', true, now(), now() + interval '1 day', 1000000, 1000000, 1000000 from generate_series(1, 4) n;
insert into private.token_accounts (account_id, token_id) select u.id, t.id from private.api_tokens t join app.user_accounts u on u.user_id = t.user_id;
insert into app.account_guards (account_id, approval_above) select id, 1000000 from app.user_accounts where user_id = 'bench-user-3';
insert into app.sleeves (account_id, name, transferred, made_by) select id, 'sleeve', 100000000, 'x' from app.user_accounts where user_id = 'bench-user-4';
update app.stream_cursors set max_age = '1 hour'`

// BenchmarkIntent measures the transaction that makes an order, without the commit: where
// approvals are set and not needed, in a sleeve, and by an API token of three parents with
// limits each, beside a plain one of a session's.
func BenchmarkIntent(b *testing.B) {
	db := pgtest.New(b)
	fillAccounts(b, db, 5, 100)
	execAll(b, db.AdminURL, fillTokens, chainedTokens, "vacuum analyze")
	conn := db.Conn(b, "paddock_app")
	if _, err := conn.Exec(b.Context(), "set plan_cache_mode = force_generic_plan"); err != nil {
		b.Fatal(err)
	}
	n := 0
	order := func(name, by string, tenant int, sleeve string) *timed {
		return &timed{name: name, do: func() time.Duration {
			n++
			began := time.Now()
			tx, err := conn.Begin(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var batch pgx.Batch
			batch.Queue("select private.admit($1, $2, 'bench')", by, account(tenant))
			batch.Queue(`insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, time_in_force, reference_prices, request_hash, request, sleeve_id)
				values ($1, $2, private.user_id(), 'AAPL', 'buy', 1, 'limit', 100, 'day', '{"AAPL":"100"}', sha256(''), '{}', (select s.id from app.sleeves s where s.account_id = $1 and s.name = $3))`, account(tenant), fmt.Sprint("intent-", n), sleeve)
			if err := tx.SendBatch(b.Context(), &batch).Close(); err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			took := time.Since(began)
			if err := tx.Rollback(b.Context()); err != nil {
				b.Fatal(err)
			}
			return took
		}}
	}
	compareTimes(b, "The transaction that makes an order, without its commit", 300,
		order("plain, by a session", token(1), 1, ""),
		order("token, without limits", "pdk_of-bench-user-1", 1, ""),
		order("approvals, set and not needed, by a token", "pdk_of-bench-user-3", 3, ""),
		order("sleeve, by a session", token(4), 4, "sleeve"),
		order("parents, a token of three with limits each", "pdk_chain-4", 5, ""),
	)
}

// BenchmarkScopes measures an update of the stream that fills an order of an agent, a tag, a
// sleeve, a user and a token, whose round trips are six, beside one whose only round trip is
// the account's.
func BenchmarkScopes(b *testing.B) {
	db := pgtest.New(b)
	fillAccounts(b, db, 5, 0)
	newDesk(b, db, 5)
	execAll(b, db.AdminURL, chainedTokens)
	worker := tenant.NewWorker(db.Pool(b, "paddock_worker"), kit.SilentBell{})
	leases, err := worker.Claim(b.Context(), uuid.New(), time.Hour, 10)
	if err != nil {
		b.Fatal(err)
	}
	admin := db.Conn(b, "admin")
	fill := func(name, account, more, values string) *timed {
		at := -1
		for i, l := range leases {
			if l.Account.String() == account {
				at = i
			}
		}
		if at < 0 {
			b.Fatalf("no lease of %s", account)
		}
		n := 0
		return &timed{name: name, do: func() time.Duration {
			n++
			side := "buy"
			if n%3 == 0 { // two purchases and then a sale, so that the round trips never end
				side = "sell"
			}
			id, when := uuid.New(), time.Date(2026, 6, 1, 14, 0, n, 0, time.UTC)
			if _, err := admin.Exec(context.Background(), fmt.Sprintf(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, symbol, side, type, time_in_force, qty, alpaca_order_id, status, created_at%s)
				values ($1, $2, 'accepted', 'AAPL', $3, 'market', 'day', 1, $4, 'new', $5%s)`, more, values), account, fmt.Sprint("o", n), side, id, when); err != nil {
				b.Fatal(err)
			}
			update, err := json.Marshal(map[string]any{"event_id": fmt.Sprintf("%026d", n), "event": "fill", "execution_id": fmt.Sprint("x", n), "at": when, "timestamp": when,
				"qty": "1", "price": "190", "order": map[string]any{"id": id, "client_order_id": fmt.Sprint("o", n), "symbol": "AAPL", "asset_class": "us_equity", "side": side,
					"type": "market", "time_in_force": "day", "order_class": "", "qty": "1", "filled_qty": "1", "filled_avg_price": "190", "status": "filled", "created_at": when, "updated_at": when, "submitted_at": when}})
			if err != nil {
				b.Fatal(err)
			}
			l := leases[at]
			return once(b, func() error {
				return worker.TxNotify(b.Context(), l, func(b *tenant.Batch) { b.Queue("select app.apply_trade_update($1, $2)", l.Account, update) })
			})
		}}
	}
	compareTimes(b, "An update of the stream that fills an order", 300,
		fill("one, the account's round trip alone", account(1), "", ""),
		fill("six, with agent, tag, sleeve, user and token", account(4), ", submitted_by, orchestrator_agent_id, tag, sleeve_id, token_path",
			", 'bench-user-4', 'agent', 'tag', (select id from app.sleeves where account_id = $1), array['00000000-0000-4000-9000-000000000001'::uuid]"),
	)
	var scopes int
	if err := admin.QueryRow(b.Context(), "select count(distinct scope) from app.trading_positions where account_id = $1", account(4)).Scan(&scopes); err != nil || scopes != 6 {
		b.Errorf("the order has %d scopes, want 6 (%v)", scopes, err)
	}
}
