package system

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// rawOrder makes an intent as the server does, by a statement of its own.
const rawOrder = `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, time_in_force, request_hash, request, sleeve_id$COLUMN)
	values ('$ACCOUNT', 'raw-' || gen_random_uuid(), private.user_id(), 'MSFT', '$SIDE', $QTY, 'limit', 400, 'day', sha256(''), '{}', $IN$VALUE)`

// rawAttacks are what somebody tries who has the password of paddock_app and an agent's
// token. Each must be refused, or change nothing. $ACCOUNT is the account, $SLEEVE the agent's
// sleeve, $OTHER the other one, and $TOKEN the id of the token.
var rawAttacks = []string{
	"update app.sleeves set transferred = transferred + 100000 where id = '$SLEEVE'",
	"insert into app.sleeve_transfers (account_id, to_sleeve_id, amount, made_by) values ('$ACCOUNT', '$SLEEVE', 100000, 'x')",
	"select private.move_cash(gen_random_uuid(), null, '$SLEEVE', 100000, null, null)",
	"select private.move_cash(gen_random_uuid(), '$OTHER', '$SLEEVE', 1, null, null)",
	"select private.change_sleeve('$SLEEVE', '{\"name\":\"mine\"}')",
	"update app.alpaca_orders set sleeve_cost = 0 where account_id = '$ACCOUNT'",
	"update app.alpaca_orders set sleeve_id = '$OTHER' where account_id = '$ACCOUNT'",
	"update app.alpaca_orders set token_path = null where account_id = '$ACCOUNT'",
	"update app.alpaca_orders set created_at = now() - interval '1 day' where account_id = '$ACCOUNT'",
	"update app.alpaca_orders set fills_qty = 0 where account_id = '$ACCOUNT'",
	"delete from app.alpaca_orders where account_id = '$ACCOUNT'",
	"update app.alpaca_orders set status = 'canceled' where account_id = '$ACCOUNT' and is_open",
	"update app.alpaca_orders set intent_state = 'dismissed', status = 'rejected' where account_id = '$ACCOUNT' and intent_state in ('submitting', 'accepted') and is_open",
	"update app.alpaca_orders set filled_qty = qty, status = 'filled' where account_id = '$ACCOUNT' and is_open",
	"update app.alpaca_positions set qty = 0 where account_id = '$ACCOUNT'",
	"update app.account_balances set cash = 1000000, equity = 1000000 where account_id = '$ACCOUNT'",
	"update app.stream_cursors set doubts = 0 where account_id = '$ACCOUNT'",
	"select private.record_answer('{1}', '{00}', o.broker_order || '{\"status\": \"canceled\", \"updated_at\": \"2100-01-01T00:00:00Z\"}', '') from app.alpaca_orders o where o.account_id = '$ACCOUNT' and o.is_open and o.broker_order is not null",
	"select private.record_not_placed(null, null, o.id, 'rejected', 'no', 1, '', null) from app.alpaca_orders o where o.account_id = '$ACCOUNT' and o.intent_state = 'submitting'",
	"select private.record_position_list('{1}', '{00}', '[]', now(), '{}')",
	"select private.record_balance('{1}', '{00}', 1000000, 1000000, 1000000, '0')",
	"update app.order_counts set sent = 0 where account_id = '$ACCOUNT'",
	"update private.token_order_counts set sent = 0 where account_id = '$ACCOUNT'",
	"update private.api_tokens set orders_per_minute = null where id = '$TOKEN'",
	"update private.token_accounts set sleeve_id = null where token_id = '$TOKEN'",
	"insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at) select account_id, 'raw', id, alpaca_order_id, symbol, 'us_equity', 1, 'sell', 100, 1000, now() from app.alpaca_orders where account_id = '$ACCOUNT' and alpaca_order_id is not null limit 1",
	"update app.trading_positions set entry_notional = 0 where account_id = '$ACCOUNT'",
	"update app.approvals set state = 'approved' where account_id = '$ACCOUNT'",
	"insert into app.approval_words (account_id, approval_id, user_id, word, digest) select account_id, id, proposed_by, 'approve', digest from app.approvals where account_id = '$ACCOUNT' and state = 'pending' limit 1",
	"select private.give_word(id, digest, 'approve', 1, null) from app.approvals where account_id = '$ACCOUNT' and state = 'pending' limit 1",
	"update app.jobs set state = 'waiting' where account_id = '$ACCOUNT' and state = 'pending_approval'",
	"select private.set_guards('{}')",
	"select private.reset_token('$TOKEN')",
	"select private.make_token(gen_random_uuid(), 'wider', sha256('pdk_wider'), 'x', '{trade}', '{$ACCOUNT}', false, null, '1 day', '{}', '{$OTHER}')",
}

// rawOrders are intents that would spend or sell what the sleeve has not, or that would not
// be counted: quantity, side, sleeve, and a further column with its value.
var rawOrders = [][5]string{
	{"1000", "buy", "'$SLEEVE'"},
	{"1000", "buy", "null"},
	{"1", "buy", "'$OTHER'"},
	{"1", "buy", "'$SLEEVE'", ", sleeve_cost", ", 0"},
	{"1", "buy", "'$SLEEVE'", ", token_path", ", null"},
	{"1000", "sell", "'$SLEEVE'"},
	{"1000", "sell", "null", ", reduce_only", ", true"},
}

// attackBySQL tries each of them again and again until done is closed, by turns as the agents
// of all fleets, each in a transaction of its own that is committed. It fails the test where
// one changes something, and returns how many were tried and refused.
func (w *world) attackBySQL(done <-chan struct{}, fleets []*fleet, dice *rand.Rand) func() int64 {
	attacks := append([]string{}, rawAttacks...)
	for _, o := range rawOrders {
		attacks = append(attacks, strings.NewReplacer("$QTY", o[0], "$SIDE", o[1], "$IN", o[2], "$COLUMN", o[3], "$VALUE", o[4]).Replace(rawOrder))
	}
	return repeatBySQL(done, 50*time.Millisecond, w.postgres.URL("paddock_app"), func(conn *pgx.Conn) (refused bool) {
		f := fleets[dice.IntN(len(fleets))]
		g := f.agents[dice.IntN(len(f.agents))]
		other := f.a.sleeves[0]
		if g.sleeve == other {
			other = f.a.sleeves[1]
		}
		attack := strings.NewReplacer("$ACCOUNT", f.a.id, "$SLEEVE", g.sleeve, "$OTHER", other, "$TOKEN", g.id).Replace(one(dice, attacks))
		switch n, err := raw(conn, g.token, f.a.id, attack); {
		case conn.IsClosed():
		case err == nil && n > 0:
			w.t.Errorf("%s did this by SQL: %s", g.name, attack)
		case err != nil && strings.HasPrefix(sqlState(err), "08"), sqlState(err) == "57P01", sqlState(err) == "57014", sqlState(err) == "55P03":
		default:
			return true
		}
		return false
	})
}

// raw commits a statement after an admission by a token, and returns how many rows it
// changed or returned.
func raw(conn *pgx.Conn, token, account, statement string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it may be over
	if _, err := tx.Exec(ctx, "select private.admit($1, $2)", token, account); err != nil {
		return 0, err
	}
	tag, err := tx.Exec(ctx, statement)
	if err != nil {
		return 0, err
	}
	return tag.RowsAffected(), tx.Commit(ctx)
}

func sqlState(err error) string {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
