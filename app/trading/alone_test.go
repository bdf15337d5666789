package trading_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// alone is an account, its owner's session and an API token with one that was made of it,
// in a database to which no server is connected: what happens here, Postgres does.
type alone struct {
	t                      *testing.T
	admin, app             *pgx.Conn
	account, root, child   uuid.UUID
	session                string
	rootToken, helperToken string
}

func newAlone(t *testing.T) *alone {
	t.Helper()
	db := pgtest.New(t)
	a := &alone{t: t, admin: db.Conn(t, "admin"), app: db.Conn(t, "paddock_app"), root: uuid.New(), child: uuid.New(), rootToken: "pdk_root", helperToken: "pdk_child"}
	a.session = kit.UserBy(t, db.Conn(t, "paddock_auth"), "owner")
	if err := a.app.QueryRow(t.Context(), "with x as materialized (select private.admit($1, null)) select private.create_account('one', 'paper') from x", a.session).Scan(&a.account); err != nil {
		t.Fatal(err)
	}
	a.set("insert into app.stream_cursors (account_id, agreed_at) values ($1, now() - interval '1 second')", a.account)
	a.set("insert into app.alpaca_positions (account_id, symbol, qty, current_price, as_of) values ($1, 'AAPL', 10, 150, now())", a.account)
	for _, token := range []struct {
		text string
		id   uuid.UUID
		path []uuid.UUID
	}{{a.rootToken, a.root, []uuid.UUID{a.root}}, {a.helperToken, a.child, []uuid.UUID{a.root, a.child}}} {
		a.set(`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
			values ($1, 'owner', $2, 'x', sha256(convert_to($3, 'UTF8')), 'x', '{read,trade,cancel}', true, now(), now() + interval '1 hour')`, token.id, token.path, token.text)
		a.set("insert into private.token_accounts (account_id, token_id) values ($1, $2)", a.account, token.id)
	}
	return a
}

// set prepares a scene behind the policies.
func (a *alone) set(sql string, args ...any) {
	a.t.Helper()
	if _, err := a.admin.Exec(a.t.Context(), sql, args...); err != nil {
		a.t.Fatalf("%s: %v", sql, err)
	}
}

// as runs a statement as paddock_app, admitted by a session or a token.
func (a *alone) as(token, sql string, args ...any) error {
	a.t.Helper()
	return a.by(a.app, "", token, sql, args...)
}

// asRecorder runs a statement as the functions do that record what the broker said, in a
// transaction that is admitted by this token.
func (a *alone) asRecorder(token, sql string, args ...any) error {
	a.t.Helper()
	return a.by(a.admin, "paddock_recorder", token, sql, args...)
}

// by runs a statement in an admitted transaction on a connection, and as a role unless it
// is "".
func (a *alone) by(conn *pgx.Conn, role, token, sql string, args ...any) error {
	a.t.Helper()
	tx, err := conn.Begin(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(a.t.Context()) }()
	if _, err := tx.Exec(a.t.Context(), "select private.admit($1, $2)", token, a.account); err != nil {
		a.t.Fatal(err)
	}
	if role != "" {
		if _, err := tx.Exec(a.t.Context(), "set local role "+role); err != nil {
			a.t.Fatal(err)
		}
	}
	if _, err := tx.Exec(a.t.Context(), sql, args...); err != nil {
		return err
	}
	return tx.Commit(a.t.Context())
}

// order sends an order for one share and returns the guards that refuse it.
func (a *alone) order(token, side string) string {
	a.t.Helper()
	var guards []string
	for _, v := range a.send(token, "symbol, side, qty, type, time_in_force, limit_price", "'AAPL', '"+side+"', 1, 'limit', 'gtc', 100").Violations {
		guards = append(guards, v.Guard)
	}
	slices.Sort(guards)
	return strings.Join(guards, " ")
}

// verdict is what the guards say of an order.
type verdict struct {
	Violations []struct{ Guard, Limit, Value string }
	Needs      []string
}

// send sends an order with these columns and values and returns what the guards say of it.
func (a *alone) send(token, columns, values string) (v verdict) {
	a.t.Helper()
	err := a.as(token, "insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, request, "+columns+
		") values ($1, gen_random_uuid()::text, private.user_id(), sha256(''), '{}', "+values+")", a.account)
	var refused *pgconn.PgError
	if err != nil && (!errors.As(err, &refused) || refused.Code != "PD422" || json.Unmarshal([]byte(refused.Detail), &v) != nil) {
		a.t.Fatal(err)
	}
	return v
}

func (a *alone) wants(token, side, guards, when string) {
	a.t.Helper()
	if got := a.order(token, side); got != guards {
		a.t.Errorf("%s: an order to %s is refused by %q, and should be by %q", when, side, got, guards)
	}
}

// With every server stopped, Postgres by itself refuses what opens a position once the
// account's heartbeat stays away, and lets through what closes one.
func TestHeartbeatOfAnAccount(t *testing.T) {
	a := newAlone(t)
	a.set("insert into app.account_guards (account_id, heartbeat_seconds) values ($1, 5)", a.account)
	a.wants(a.session, "buy", "heartbeat", "before any heartbeat")
	a.wants(a.session, "sell", "", "before any heartbeat")
	if err := a.as(a.session, "select private.beat()"); err != nil {
		t.Fatal(err)
	}
	a.wants(a.session, "buy", "", "after a heartbeat")
	a.set("update app.heartbeats set beaten_at = clock_timestamp() - interval '4 seconds'")
	a.wants(a.session, "buy", "", "within the time")
	a.set("update app.heartbeats set beaten_at = clock_timestamp() - interval '5 seconds'")
	a.wants(a.session, "buy", "heartbeat", "after the time")
	a.wants(a.session, "sell", "", "after the time")
	a.set("update app.heartbeats set beaten_at = clock_timestamp() + interval '1 hour'")
	a.wants(a.session, "buy", "heartbeat", "once the clock was set back")
	if err := a.as(a.rootToken, "select private.beat()"); err != nil {
		t.Fatal(err)
	}
	a.wants(a.session, "buy", "", "after a heartbeat at the new time, by a token that may trade the account")
}

// Each API token must have its own heartbeat: a helper's keeps nobody else alive, and the
// helper ends with the one that made it.
func TestHeartbeatOfAToken(t *testing.T) {
	a := newAlone(t)
	a.set("update private.api_tokens set heartbeat_seconds = 5 where id = $1", a.root)
	a.set("update private.api_tokens set heartbeat_seconds = 60 where id = $1", a.child)
	beat := func(token string) {
		t.Helper()
		if err := a.as(token, "select private.beat()"); err != nil {
			t.Fatal(err)
		}
	}
	a.wants(a.session, "buy", "", "a session has no heartbeat of a token's")
	a.wants(a.helperToken, "buy", "heartbeat heartbeat", "without any")
	beat(a.helperToken)
	a.wants(a.helperToken, "buy", "heartbeat", "with the helper's own alone")
	a.wants(a.rootToken, "buy", "heartbeat", "with its helper's alone")
	beat(a.session)
	a.wants(a.rootToken, "buy", "heartbeat", "with the session's")
	beat(a.rootToken)
	a.wants(a.helperToken, "buy", "", "with both")
	a.wants(a.rootToken, "buy", "", "with both")
	a.set("update private.token_heartbeats set beaten_at = clock_timestamp() - interval '6 seconds'")
	a.wants(a.helperToken, "buy", "heartbeat", "once that of the one that made it stays away")
	a.wants(a.helperToken, "sell", "", "a closing")
}

// The high-water mark rises with what is read of the account, falls by the owner's reset
// alone, and does not take a reading from before that for one after it.
func TestHighWaterMark(t *testing.T) {
	a := newAlone(t)
	a.set("insert into app.account_guards (account_id, max_drawdown) values ($1, 100)", a.account)
	read := func(equity, age string) {
		t.Helper()
		if err := a.asRecorder(a.session, `insert into app.account_balances as b (account_id, equity, last_equity, as_of) values ($1, $2, 1000, clock_timestamp() - $3::interval)
			on conflict (account_id) do update set equity = excluded.equity, as_of = excluded.as_of`, a.account, equity, age); err != nil {
			t.Fatal(err)
		}
	}
	read("1000", "0")
	a.wants(a.session, "buy", "", "at the mark")
	read("1200", "0")
	read("1100.01", "0")
	a.wants(a.session, "buy", "", "above the limit")
	read("1100", "0")
	a.wants(a.session, "buy", "max_drawdown", "at the limit, though above the last close")
	read("1100", "0")
	a.wants(a.session, "sell", "", "a closing")
	for _, raw := range []string{"update app.high_water_marks set equity = 1", "delete from app.high_water_marks", "insert into app.high_water_marks (account_id) values ('" + a.account.String() + "')"} {
		if err := a.as(a.session, raw); err == nil {
			t.Errorf("%s is let through", raw)
		}
	}
	if err := a.as(a.rootToken, "select private.reset_high_water_mark()"); err == nil {
		t.Error("a token resets the mark")
	}
	if err := a.as(a.session, "select private.reset_high_water_mark()"); err != nil {
		t.Fatal(err)
	}
	read("1200", "10 seconds")
	read("1100", "0")
	a.wants(a.session, "buy", "", "after the reset, and a reading from before it")
	a.set("update app.high_water_marks set equity = null, reached_at = null, reset_at = clock_timestamp() + interval '1 hour'")
	read("1200", "0")
	read("1000", "0")
	a.wants(a.session, "buy", "max_drawdown", "after the clock was set back since the reset")
}

// After so many refusals in a row, by guards or by the broker, the account's switch lets
// closings through alone and the token opens nothing, until a person says so; an order
// that the broker takes ends the run.
func TestRefusalsInARow(t *testing.T) {
	a := newAlone(t)
	a.set("insert into app.account_guards (account_id, max_refusals, max_order_notional) values ($1, 3, 1000000)", a.account)
	a.set("update private.api_tokens set max_refusals = 2 where id = $1", a.root)
	refused := func(token string) {
		t.Helper()
		if err := a.as(token, `select private.append_event('guard', '{"event": "refused", "violations": [], "request": {}}')`); err != nil {
			t.Fatal(err)
		}
	}
	answered := func(token, how string) {
		t.Helper()
		a.wants(token, "buy", "", "an order that the broker is to answer")
		answer := "update app.alpaca_orders set intent_state = 'accepted', status = 'canceled', alpaca_order_id = gen_random_uuid() where account_id = $1 and intent_state = 'submitting'"
		if how == "rejected" {
			answer = "select app.record_refusal($1, o.id, 'rejected', 'no', 1, 'x') from app.alpaca_orders o where o.account_id = $1 and o.intent_state = 'submitting'"
		}
		if err := a.asRecorder(token, answer, a.account); err != nil {
			t.Fatal(err)
		}
	}
	refused(a.session)
	answered(a.session, "rejected")
	answered(a.session, "accepted")
	refused(a.session)
	refused(a.session)
	a.wants(a.session, "buy", "", "after two, since an order was taken between")
	answered(a.session, "rejected") // this one, and that of the line above
	a.wants(a.session, "buy", "switch", "after three")
	a.wants(a.session, "sell", "", "a closing")
	if err := a.as(a.rootToken, "select private.set_switch('open', null)"); err == nil {
		t.Error("a token opens the switch")
	}
	if err := a.as(a.session, "select private.set_switch('open', null)"); err != nil {
		t.Fatal(err)
	}
	refused(a.session)
	a.wants(a.session, "buy", "", "after it was opened, with one refusal since")

	answered(a.session, "accepted")
	refused(a.helperToken)
	answered(a.helperToken, "rejected")
	a.wants(a.rootToken, "buy", "max_refusals", "after two of its helper's")
	a.wants(a.helperToken, "buy", "max_refusals", "after two of its own")
	a.wants(a.helperToken, "sell", "", "a closing")
	a.wants(a.session, "buy", "", "the user's own")
	answered(a.session, "accepted")
	a.wants(a.rootToken, "buy", "max_refusals", "though the broker took another's order")
	for _, token := range []string{a.rootToken, a.helperToken} {
		if err := a.as(token, "select private.reset_token($1)", a.root); err == nil {
			t.Error("a token resets one")
		}
	}
	if err := a.as(a.session, "select private.reset_token($1)", a.root); err != nil {
		t.Fatal(err)
	}
	a.wants(a.helperToken, "buy", "", "after it was reset")
}
