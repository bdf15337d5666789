package trading_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

// sleeve gives the account a sleeve with cash, and returns its id.
func (a *alone) sleeve(name, cash string) string {
	a.t.Helper()
	id := uuid.NewString()
	a.set("insert into app.sleeves (account_id, id, name, transferred, made_by) values ($1, $2, $3, $4, 'owner')", a.account, id, name, cash)
	return id
}

// holds gives a sleeve a round trip, as the executions of its orders do.
func (a *alone) holds(sleeve, symbol, direction, multiplier, in, paid, out, got, held, fees string) {
	a.t.Helper()
	a.set(`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
			opening_qty, last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		values ($1, gen_random_uuid(), 'sleeve', $2, $3, 'us_equity', $5, $4, now(), 'x', 1, now(), 'x', case when $6::numeric = $8::numeric then now() end, $6, $7, $8, $9, $10, 1, $11, 1)`,
		a.account, sleeve, symbol, direction, multiplier, in, paid, out, got, held, fees)
}

// has gives a sleeve ("" for none) an order as the broker describes it.
func (a *alone) has(sleeve, columns, values string) {
	a.t.Helper()
	a.set("insert into app.alpaca_orders (account_id, client_order_id, intent_state, alpaca_order_id, sleeve_id, symbol, type, time_in_force, "+columns+
		") values ($1, gen_random_uuid()::text, 'accepted', gen_random_uuid(), nullif($2, '')::uuid, 'AAPL', 'limit', 'gtc', "+values+")", a.account, sleeve)
}

// refuses sends an order of a sleeve ("" for none), and wants it to be refused with these
// figures: guards with limit and value, and what they need. "" lets it through.
func (a *alone) refuses(want, when, token, sleeve, columns, values string) {
	a.t.Helper()
	if sleeve != "" {
		columns, values = columns+", sleeve_id", values+", '"+sleeve+"'"
	}
	v := a.send(token, columns, values)
	var said []string
	for _, one := range v.Violations {
		said = append(said, strings.Join([]string{one.Guard, one.Limit, one.Value}, " "))
	}
	said = append(said, v.Needs...)
	slices.Sort(said)
	if got := strings.Join(said, ", "); got != want {
		a.t.Errorf("%s: the order is refused by %q, and should be by %q", when, got, want)
	}
}

const (
	limited = "symbol, side, type, time_in_force, qty, limit_price"
	marketd = "symbol, side, type, time_in_force, qty, reference_prices"
)

// What an order of a sleeve may cost is the most that it can be: its limit, its amount of
// money, or five percent more than the market's price or its stop.
func TestWhatAnOrderMayTakeFromItsSleeve(t *testing.T) {
	a := newAlone(t)
	poor := a.sleeve("poor", "0.01")
	const price = `'{"AAPL": 100, "AAPL271217C00150000": 3}'`
	for _, c := range []struct{ what, columns, values, want string }{
		{"a limit", limited, "'AAPL', 'buy', 'limit', 'day', 3, 100", "sleeve_cash 0.01 300"},
		{"a limit for part of a cent", limited, "'AAPL', 'buy', 'limit', 'day', 3, 0.3334", "sleeve_cash 0.01 1.01"},
		{"a market order", marketd, "'AAPL', 'buy', 'market', 'day', 2, " + price, "sleeve_cash 0.01 210"},
		{"a market order without a price", "symbol, side, type, time_in_force, qty", "'AAPL', 'buy', 'market', 'day', 2", "price AAPL"},
		{"a stop", marketd + ", stop_price", "'AAPL', 'buy', 'stop', 'day', 2, " + price + ", 200", "sleeve_cash 0.01 420"},
		{"a stop with a limit", marketd + ", stop_price, limit_price", "'AAPL', 'buy', 'stop_limit', 'day', 2, " + price + ", 200, 220", "sleeve_cash 0.01 440"},
		{"an amount of money", "symbol, side, type, time_in_force, notional, reference_prices", "'AAPL', 'buy', 'market', 'day', 300, " + price, "sleeve_cash 0.01 300"},
		{"an option's contract", limited, "'AAPL271217C00150000', 'buy', 'limit', 'day', 1, 3", "sleeve_cash 0.01 300"},
		{"a sell", limited, "'AAPL', 'sell', 'limit', 'day', 3, 100", "sleeve_position 0 3"},
	} {
		a.refuses(c.want, c.what, a.session, poor, c.columns, c.values)
	}
}

// An open order keeps what it may still take, from the moment at which it is made until
// each of its executions is booked, and nothing after.
func TestWhatASleevesOrdersKeep(t *testing.T) {
	for _, c := range []struct{ what, columns, values, available string }{
		{"an order that rests", "side, status, qty, sleeve_cost", "'buy', 'new', 5, 500", "500"},
		{"an order for an answer to come", "side, status, qty, sleeve_cost", "'buy', 'submitting', 5, 500", "500"},
		{"a part that is booked", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'partially_filled', 5, 500, 2, 90, 2, 90", "700"},
		{"a part that is not booked", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price", "'buy', 'partially_filled', 5, 500, 2, 90", "500"},
		{"all of it filled, and a part is booked", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'filled', 5, 500, 5, 90, 2, 90", "700"},
		{"all of it booked", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'filled', 5, 500, 5, 90, 5, 90", "1000"},
		{"a third, to part of a cent", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'partially_filled', 3, 100, 1, 90, 1, 90", "933.33"},
		{"a third, that is whole cents", "side, status, qty, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'partially_filled', 3, 300, 1, 90, 1, 90", "800"},
		{"an amount of money that rests", "side, status, notional, sleeve_cost", "'buy', 'new', 300, 300", "700"},
		{"an amount of money, a part of which is booked", "side, status, notional, sleeve_cost, filled_qty, filled_avg_price, fills_qty, fills_avg_price", "'buy', 'partially_filled', 300, 300, 1, 100, 1, 100", "800"},
		{"a canceled one", "side, status, qty, sleeve_cost", "'buy', 'canceled', 5, 500", "1000"},
		{"a sell", "side, status, qty, sleeve_cost", "'sell', 'new', 5, 0", "1000"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := newAlone(t)
			mine, other := a.sleeve("mine", "1000"), a.sleeve("other", "50")
			a.has(mine, c.columns, c.values)
			a.refuses("sleeve_cash "+c.available+" 2000", "the whole", a.session, mine, limited, "'AAPL', 'buy', 'limit', 'day', 20, 100")
			a.refuses("sleeve_cash 50 2000", "another", a.session, other, limited, "'AAPL', 'buy', 'limit', 'day', 20, 100")
			a.refuses("", "what is left", a.session, mine, limited, "'AAPL', 'buy', 'limit', 'day', 1, "+c.available)
			a.refuses("sleeve_cash 0 0.01", "once that is taken", a.session, mine, limited, "'AAPL', 'buy', 'limit', 'day', 1, 0.01")
		})
	}
}

// A sleeve sells what its round trips have, and what its orders have traded of which the
// executions are not known yet: it never sells those again. Nor does an order of none.
func TestWhatASleeveCanSell(t *testing.T) {
	a := newAlone(t)
	mine, other := a.sleeve("mine", "1000"), a.sleeve("other", "1000")
	const sell = "'AAPL', 'sell', 'limit', 'day', 10.5, 100"
	a.holds(mine, "AAPL", "long", "1", "9", "900", "2", "200", "700", "0")
	a.holds(mine, "TSLA", "long", "1", "9", "900", "0", "0", "900", "0")
	a.refuses("sleeve_position 7 10.5", "what it holds", a.session, mine, limited, sell)
	a.refuses("sleeve_position 0 10.5", "another sleeve", a.session, other, limited, sell)
	a.refuses("sleeves 3 10.5", "no sleeve: of 10 it holds 7", a.session, "", limited, sell)
	a.has(mine, "side, status, qty, filled_qty, filled_avg_price", "'sell', 'filled', 4, 4, 100")
	a.refuses("sleeve_position 3 10.5", "with 4 sold that are not booked", a.session, mine, limited, sell)
	a.has(mine, "side, status, qty, filled_qty, filled_avg_price, sleeve_cost", "'buy', 'filled', 2, 2, 100, 200")
	a.refuses("sleeve_position 5 10.5", "with 2 bought that are not booked", a.session, mine, limited, sell)
	a.refuses("sleeves 5 10.5", "no sleeve: of 10 it holds 5", a.session, "", limited, sell)
	a.has(mine, "side, status, qty", "'sell', 'new', 1")
	a.refuses("sleeve_position 4 10.5", "with one on sale", a.session, mine, limited, sell)
	a.refuses("sleeves 5 10.5", "no sleeve: what a sleeve has on sale is the sleeve's", a.session, "", limited, sell)
	a.has("", "side, status, qty", "'sell', 'new', 2")
	a.refuses("sleeves 3 10.5", "no sleeve, with two on sale", a.session, "", limited, sell)
	a.refuses("sleeve_position 4 10.5", "what others have on sale is theirs", a.session, mine, limited, sell)
	a.refuses("", "all that it can sell", a.session, mine, limited, "'AAPL', 'sell', 'limit', 'day', 4, 100")
	a.refuses("", "all that can be sold outside", a.session, "", limited, "'AAPL', 'sell', 'limit', 'day', 3, 100")

	a.set("update app.stream_cursors set agreed_at = null where account_id = $1", a.account)
	a.refuses("positions", "no sleeve, while what is held is not known", a.session, "", limited, "'AAPL', 'sell', 'limit', 'day', 1, 100")
	a.refuses("", "no sleeve, of a symbol that none holds", a.session, "", limited, "'MSFT', 'sell', 'limit', 'day', 1, 100")
	a.set("insert into app.round_trips_due (account_id, symbol, since) values ($1, 'TSLA', now())", a.account)
	for _, side := range []string{"buy", "sell"} {
		a.refuses("sleeve  ", "while round trips are computed again", a.session, mine, limited, "'TSLA', '"+side+"', 'limit', 'day', 1, 1")
	}
}

// A sleeve that is closed buys nothing, though it had the cash, and sells what came back
// to it; one that is halted sells nothing either.
func TestAClosedSleeveBuysNothing(t *testing.T) {
	a := newAlone(t)
	mine := a.sleeve("mine", "1000")
	a.set("update app.sleeves set closed_at = now() where account_id = $1", a.account)
	a.refuses("sleeve  "+mine, "closed", a.session, mine, limited, "'AAPL', 'buy', 'limit', 'day', 1, 1")
	a.refuses("sleeve_position 0 1", "closed, a sell of what it does not hold", a.session, mine, limited, "'AAPL', 'sell', 'limit', 'day', 1, 1")
	a.holds(mine, "AAPL", "long", "1", "2", "200", "0", "0", "200", "0")
	a.refuses("", "closed, a sell of what came back to it", a.session, mine, limited, "'AAPL', 'sell', 'limit', 'day', 2, 1")
	a.set("update app.sleeves set closed_at = null, switch = 'halted' where account_id = $1", a.account)
	a.refuses("sleeve_switch halted ", "halted", a.session, mine, limited, "'AAPL', 'sell', 'limit', 'day', 1, 1")
}

// The sums of a sleeve are what its round trips say, as they are made, changed and taken
// away, of long and short ones, of contracts and with fees.
func TestSumsOfASleeveAreItsRoundTrips(t *testing.T) {
	a := newAlone(t)
	mine, other := a.sleeve("mine", "10000"), a.sleeve("other", "5")
	is := func(when, want string) {
		t.Helper()
		var got, theirs string
		if err := a.admin.QueryRow(t.Context(), `select concat_ws(' ', trim_scale(s.cash), trim_scale(s.traded), trim_scale(s.fees), trim_scale(s.realized_pl)),
			(select concat_ws(' ', o.cash, o.traded) from app.sleeves o where o.id = $2) from app.sleeves s where s.id = $1`, mine, other).Scan(&got, &theirs); err != nil {
			t.Fatal(err)
		}
		if got != want || theirs != "5 0" {
			t.Errorf("%s: cash, trades, fees and profit are %s, and should be %s; another has %s", when, got, want, theirs)
		}
	}
	a.holds(mine, "AAPL", "long", "1", "10", "1000", "4", "480", "600", "1.5")
	is("10 bought at 100, 4 sold at 120, fees 1.5", "9478.5 -521.5 1.5 80")
	a.holds(mine, "AAPL271217C00150000", "long", "100", "2", "6", "2", "5", "0", "0.5")
	is("two contracts bought at 3 and sold at 2.5", "9378 -622 2 -20")
	a.holds(mine, "TSLA", "short", "1", "3", "600", "1", "150", "400", "0")
	is("3 sold short at 200, 1 bought back at 150", "9828 -172 2 30")
	a.set("update app.trading_positions set exit_qty = 10, exit_notional = 1200, held_cost = 0, fees = 2, closed_at = now() where symbol = 'AAPL'")
	is("the other 6 sold at 120", "10547.5 547.5 2.5 150")
	a.set("delete from app.trading_positions where symbol <> 'AAPL'")
	is("without the others", "10198 198 2 200")
	a.set("delete from app.trading_positions")
	is("without any", "10000 0 0 0")
}

// Cash moves where there is some that nothing may take: not what a sleeve's orders keep,
// not what is in sleeves, and not what the account had a minute ago.
func TestCashThatThereIsToMove(t *testing.T) {
	a := newAlone(t)
	mine, other := a.sleeve("mine", "1000"), a.sleeve("other", "200")
	move := func(what, want, from, to, amount, key string) {
		t.Helper()
		err := a.as(a.session, "select private.move_cash(gen_random_uuid(), nullif($1, '')::uuid, nullif($2, '')::uuid, $3, null, nullif($4, ''))", from, to, amount, key)
		got := ""
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			got = strings.TrimSpace(refused.Code + " " + refused.Detail)
		} else if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: the move ends with %q, and should with %q", what, got, want)
		}
	}
	cash := func(want string) {
		t.Helper()
		var got string
		if err := a.admin.QueryRow(t.Context(), "select string_agg(trim_scale(cash)::text, ' ' order by name) from app.sleeves where account_id = $1", a.account).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("the sleeves have %s, and should have %s", got, want)
		}
	}
	a.has(mine, "side, status, qty, sleeve_cost", "'buy', 'new', 5, 400")
	move("more than its orders leave", "PD446 600", mine, "", "600.01", "")
	move("more than its orders leave, to another", "PD446 600", mine, other, "600.01", "")
	move("before the broker was asked", "PD446", "", mine, "1", "")
	a.set("insert into app.account_balances (account_id, equity, last_equity, cash, as_of) values ($1, 0, 0, 1500, clock_timestamp() - interval '61 seconds')", a.account)
	move("what was a minute ago", "PD446", "", mine, "1", "")
	a.set("update app.account_balances set as_of = clock_timestamp()")
	move("what is in sleeves", "PD446 300", "", mine, "300.01", "")
	a.set(`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source)
		select o.account_id, v.id, o.id, o.alpaca_order_id, 'AAPL', 'us_equity', 1, v.side, 1, v.price, clock_timestamp() + v.after * interval '1 second', v.state, 'stream'
		from app.alpaca_orders o, (values ('a', 'buy', 100, 1, 'live'), ('b', 'sell', 30, 1, 'live'), ('c', 'buy', 7, 1, 'busted'), ('d', 'buy', 9, -5, 'live')) v (id, side, price, after, state)`)
	move("what was spent since", "PD446 230", "", mine, "230.01", "")
	move("all that there is", "", "", mine, "230", "once")
	move("all that there is, again with its key", "", "", mine, "230", "once")
	move("another amount with its key", "PD409", "", mine, "1", "once")
	move("once it is moved", "PD446 0", "", mine, "0.01", "")
	cash("1230 200")
	move("to another", "", mine, other, "830", "")
	cash("400 1030")
	move("out of it", "", other, "", "30", "")
	cash("400 1000")
	a.set("update app.sleeves set closed_at = now(), transferred = transferred - cash where id = $1", other)
	move("out of one that is closed", "PD447", other, "", "1", "")
	move("into one that is closed", "PD447", mine, other, "1", "")
	a.set("update app.sleeves set transferred = transferred + 2 where id = $1", other)
	move("more than came back to it", "PD446 2", other, "", "2.01", "")
	move("what came back to it", "", other, mine, "2", "")
	cash("402 0")
	a.set("update app.sleeves set transferred = transferred - 2 where id = $1", other)
	move("more than it lacks", "PD447", mine, other, "2.01", "")
	move("what it lacks", "", mine, other, "2", "")
	cash("400 0")
}

// A sleeve closes when it has nothing more: no cash, no position, and no order that may
// still trade or of which an execution is not booked.
func TestASleeveThatHasSomethingDoesNotClose(t *testing.T) {
	for _, c := range []struct {
		what, want string
		give       func(a *alone, sleeve string)
	}{
		{"nothing", "", func(*alone, string) {}},
		{"cash", "cash", func(a *alone, s string) { a.set("update app.sleeves set transferred = 0.01 where id = $1", s) }},
		{"a debt", "cash", func(a *alone, s string) { a.set("update app.sleeves set transferred = -0.01 where id = $1", s) }},
		{"an order", "orders", func(a *alone, s string) { a.has(s, "side, status, qty", "'sell', 'new', 1") }},
		{"an execution that is not booked", "orders", func(a *alone, s string) {
			a.has(s, "side, status, qty, filled_qty, filled_avg_price", "'buy', 'filled', 1, 1, 100")
		}},
		{"an order that has ended", "", func(a *alone, s string) { a.has(s, "side, status, qty", "'sell', 'canceled', 1") }},
		{"a position", "positions", func(a *alone, s string) {
			a.holds(s, "AAPL", "long", "1", "2", "200", "1", "200", "100", "0")
		}},
		{"a position that was closed", "", func(a *alone, s string) { a.holds(s, "AAPL", "long", "1", "1", "100", "1", "100", "0", "0") }},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := newAlone(t)
			mine, other := a.sleeve("mine", "0"), a.sleeve("other", "0")
			a.has(other, "side, status, qty", "'sell', 'new', 1")
			a.holds(other, "TSLA", "long", "1", "1", "100", "0", "0", "100", "0")
			c.give(a, mine)
			err := a.as(a.session, fmt.Sprintf("select private.close_sleeve('%s')", mine))
			var refused *pgconn.PgError
			switch {
			case err != nil && (!errors.As(err, &refused) || refused.Code != "PD448"):
				t.Fatal(err)
			case refused == nil && c.want != "", refused != nil && refused.Detail != c.want:
				t.Errorf("it closes with %v, and should be refused for %q", err, c.want)
			}
		})
	}
}

// An API token trades on each account in the sleeve to which it is bound there, and what it
// made is bound with it; a token that is bound to none on this account is not.
func TestATokenTradesInItsSleeveOfTheAccount(t *testing.T) {
	a := newAlone(t)
	mine, other := a.sleeve("mine", "1000"), a.sleeve("other", "1000")
	a.set("update private.token_accounts set sleeve_id = $1 where token_id = $2", mine, a.child)
	a.refuses("sleeve "+mine+" "+other, "another sleeve", a.helperToken, other, limited, "'AAPL', 'buy', 'limit', 'day', 1, 1")
	a.refuses("sleeve_cash 1000 1001", "none named", a.helperToken, "", limited, "'AAPL', 'buy', 'limit', 'day', 1, 1001")
	a.refuses("", "the token that made it", a.rootToken, other, limited, "'AAPL', 'buy', 'limit', 'day', 1, 1")
	a.refuses("", "its owner", a.session, other, limited, "'AAPL', 'buy', 'limit', 'day', 1, 1")

	var second uuid.UUID
	if err := a.app.QueryRow(t.Context(), "with x as materialized (select private.admit($1, null)) select private.create_account('two', 'paper') from x", a.session).Scan(&second); err != nil {
		t.Fatal(err)
	}
	a.set("insert into private.token_accounts (account_id, token_id) values ($1, $2)", second, a.child)
	a.account = second
	a.refuses("", "on another account it is bound to none", a.helperToken, "", limited, "'AAPL', 'buy', 'limit', 'day', 1, 5000")
}

// A replacement is paid beside the order that it replaces, which may fill until it is
// replaced, and it may then fill as a whole. What has ended of the first is free again.
func TestAReplacementIsPaidBesideWhatItReplaces(t *testing.T) {
	a := newAlone(t)
	mine := a.sleeve("mine", "1000")
	a.has(mine, "side, status, qty, sleeve_cost", "'buy', 'new', 5, 600")
	var replaced string
	if err := a.admin.QueryRow(t.Context(), "select alpaca_order_id from app.alpaca_orders where sleeve_cost = 600").Scan(&replaced); err != nil {
		t.Fatal(err)
	}
	replace := func(price string) string {
		return "'AAPL', 'buy', 'limit', 'day', 1, " + price + ", 'replace', '" + replaced + "'"
	}
	const columns = limited + ", action, replaces"
	a.refuses("sleeve_cash 400 400.01", "more than is left beside it", a.session, "", columns, replace("400.01"))
	a.refuses("", "all that is left beside it", a.session, "", columns, replace("400"))
	a.set("delete from app.alpaca_orders where action = 'replace'")
	a.set("update app.alpaca_orders set status = 'partially_filled', filled_qty = 2, filled_avg_price = 120 where sleeve_cost = 600")
	a.refuses("sleeve_cash 400 401", "while two of its five have filled and are not booked", a.session, "", columns, replace("401"))
	a.holds(mine, "AAPL", "long", "1", "2", "240", "0", "0", "240", "0")
	a.set("update app.alpaca_orders set fills_qty = 2, fills_avg_price = 120 where sleeve_cost = 600")
	a.refuses("sleeve_cash 400 401", "once they are booked", a.session, "", columns, replace("401"))
	a.set("update app.alpaca_orders set status = 'replaced' where sleeve_cost = 600")
	a.refuses("", "once it is replaced, the next takes what it kept", a.session, mine, limited, "'AAPL', 'buy', 'limit', 'day', 1, 760")
}

// On a live account who has not shown a password or a code lately gives a sleeve no cash,
// lets it do no more and resets no mark of it.
func TestSleevesOfALiveAccountTakeAStepUp(t *testing.T) {
	a := newAlone(t)
	mine := a.sleeve("mine", "1000")
	a.set("update app.sleeves set switch = 'reduce_only', max_order_notional = 100, max_drawdown = 100 where id = $1", mine)
	a.set("update app.user_accounts set environment = 'live' where id = $1", a.account)
	a.set("update auth.session set \"steppedUpAt\" = '-infinity'")
	for _, c := range []struct{ sql, want string }{
		{"select private.move_cash(gen_random_uuid(), null, $1, 1, null, null)", "PD419"},
		{"select private.move_cash(gen_random_uuid(), $1, null, 1, null, null)", ""},
		{`select private.change_sleeve($1, '{"max_order_notional": 101}')`, "PD419"},
		{`select private.change_sleeve($1, '{"max_drawdown": 101}')`, "PD419"},
		{`select private.change_sleeve($1, '{"max_drawdown": null}')`, "PD419"},
		{`select private.change_sleeve($1, '{"max_drawdown": 99, "max_order_notional": 99}')`, ""},
		{`select private.change_sleeve($1, '{"switch": "open"}')`, "PD419"},
		{`select private.change_sleeve($1, '{"switch": "halted"}')`, ""},
		{"select private.reset_sleeve_mark($1)", "PD419"},
	} {
		err := a.as(a.session, c.sql, mine)
		var refused *pgconn.PgError
		if got := ""; errors.As(err, &refused) {
			if got = refused.Code; got != c.want {
				t.Errorf("%s: %v", c.sql, err)
			}
		} else if err != nil || c.want != "" {
			t.Errorf("%s ends with %v, and should with %q", c.sql, err, c.want)
		}
	}
}

// A sleeve's high-water mark rises with prices that are read, and moves with no transfer.
// So far below it as the limit says, the sleeve buys nothing and sells what it holds, until
// its owner resets the mark.
func TestDrawdownOfASleeve(t *testing.T) {
	a := newAlone(t)
	mine, other := a.sleeve("mine", "2000"), a.sleeve("other", "2000")
	a.set("update app.sleeves set max_drawdown = 100 where id in ($1, $2)", mine, other)
	price := func(of string) {
		t.Helper()
		a.set("update app.alpaca_positions set current_price = nullif($2, '')::numeric where account_id = $1 and symbol = 'AAPL'", a.account, of)
		if err := a.asRecorder(a.session, "select private.raise_sleeve_marks()"); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(when, want string) {
		t.Helper()
		var got string
		if err := a.admin.QueryRow(t.Context(), `select concat_ws(' ', s->>'equity', coalesce(s->>'high_water_mark', '-'), coalesce(s->>'drawdown', '-'), s->>'unrealized_pl')
			from jsonb_array_elements(app.sleeves_json($1)->'sleeves') s where s->>'name' = 'mine'`, a.account).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: equity, mark, drawdown and unrealized profit are %s, and should be %s", when, got, want)
		}
	}
	const buy, sell = "'AAPL', 'buy', 'limit', 'day', 1, 1", "'AAPL', 'sell', 'limit', 'day', 1, 1"
	a.holds(mine, "AAPL", "long", "1", "10", "1500", "0", "0", "1500", "0")
	shown("as bought", "2000 2000 0 0")
	price("160")
	shown("risen by 100", "2100 2100 0 100")
	price("150.01")
	shown("fallen by 99.90", "2000.1 2100 99.9 0.1")
	a.refuses("", "a cent above the limit", a.session, mine, limited, buy)
	price("150")
	a.refuses("sleeve_max_drawdown 100 100", "at the limit", a.session, mine, limited, buy)
	a.refuses("", "a sell", a.session, mine, limited, sell)
	a.refuses("", "another sleeve", a.session, other, limited, buy)
	a.refuses("", "none", a.session, "", limited, buy)
	a.refuses("sleeve_max_drawdown 100 200", "by the price that the order came with", a.session, mine, limited+", reference_prices", buy+`, '{"AAPL": 140}'`)
	a.refuses("", "by the better price that it came with", a.session, mine, limited+", reference_prices", buy+`, '{"AAPL": 155}'`)

	for _, amount := range []string{"500", "-900"} { // cash moved in, and out, is neither profit nor loss
		a.set("update app.sleeves set transferred = transferred + $2 where id = $1", mine, amount)
		a.refuses("sleeve_max_drawdown 100 100", "after a transfer of "+amount, a.session, mine, limited, buy)
	}
	shown("after the transfers", "1600 1700 100 0")

	// What is sold is profit or loss as what is held is.
	a.set("update app.trading_positions set exit_qty = 4, exit_notional = 640, held_cost = 900 where scope = 'sleeve'")
	shown("with 4 sold at 160", "1640 1700 60 0")
	a.refuses("", "with 4 sold at 160", a.session, mine, limited, buy)
	a.set("update app.trading_positions set fees = 50 where scope = 'sleeve'")
	a.refuses("sleeve_max_drawdown 100 110", "with fees", a.session, mine, limited, buy)

	price("")
	shown("without a price", "1700 -")
	a.refuses("price AAPL", "without a price", a.session, mine, limited, buy)
	price("150")
	a.set("insert into app.round_trips_due (account_id, symbol, since) values ($1, 'TSLA', now())", a.account)
	price("500")
	a.set("delete from app.round_trips_due")
	a.set("update app.alpaca_positions set current_price = 150 where symbol = 'AAPL'")
	shown("read while round trips were computed again", "1590 1700 110 0")

	for _, raw := range []string{"update app.sleeves set highest_pl = 0", "update app.sleeves set max_drawdown = null"} {
		if err := a.as(a.session, raw); err == nil {
			t.Errorf("%s is let through", raw)
		}
	}
	if err := a.as(a.rootToken, fmt.Sprintf("select private.reset_sleeve_mark('%s')", mine)); err == nil {
		t.Error("a token resets the mark")
	}
	if err := a.as(a.session, fmt.Sprintf("select private.reset_sleeve_mark('%s')", mine)); err != nil {
		t.Fatal(err)
	}
	shown("after a reset", "1590 1590 0 0")
	a.refuses("", "after a reset", a.session, mine, limited, buy)
	price("")
	if err := a.as(a.session, fmt.Sprintf("select private.reset_sleeve_mark('%s')", mine)); err != nil {
		t.Fatal(err)
	}
	shown("after a reset without a price", "- -")
	price("140")
	shown("once there is a price", "1530 1530 0 -60")
}

// An exercise is paid by the sleeve that holds the contract: it is refused where the sleeve
// cannot pay for the shares, and keeps their cost until it is booked. A put delivers what
// the sleeve has. A token of another sleeve exercises nothing of it.
func TestAnExerciseIsOfTheSleeveThatHoldsTheContract(t *testing.T) {
	a := newAlone(t)
	const call, put = "AAPL271217C00100000", "AAPL271217P00100000"
	mine, other := a.sleeve("mine", "10499"), a.sleeve("other", "20000")
	a.set("update private.token_accounts set sleeve_id = $1 where token_id = $2", other, a.child)
	for _, contract := range []string{call, put} {
		a.holds(mine, contract, "long", "100", "1", "0", "0", "0", "0", "0")
		a.set("insert into app.alpaca_positions (account_id, symbol, qty, current_price, as_of) values ($1, $2, 1, 5, now())", a.account, contract)
	}
	exercise := func(when, token, contract, side, want string) {
		t.Helper()
		err := a.as(token, `insert into app.exercises (account_id, contract, symbol, side, qty, price, reference_price, asked_by) values ($1, $2, 'AAPL', $3, 100, 100, 99, private.user_id())`, a.account, contract, side)
		got := ""
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == "PD422" {
			var v verdict
			if err := json.Unmarshal([]byte(refused.Detail), &v); err != nil || len(v.Violations) == 0 {
				t.Fatal(refused.Detail, err)
			}
			got = strings.Join([]string{v.Violations[0].Guard, v.Violations[0].Limit, v.Violations[0].Value}, " ")
		} else if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: the exercise is refused by %q, and should be by %q", when, got, want)
		}
	}
	exercise("a sleeve that cannot pay", a.session, call, "buy", "sleeve_cash 10499 10500")
	exercise("a sleeve without shares", a.session, put, "sell", "sleeve_position 0 100")
	a.set("update app.sleeves set transferred = 10500 where id = $1", mine)
	exercise("a token of another sleeve", a.helperToken, call, "buy", "sleeve "+other+" "+mine)
	exercise("a sleeve that can pay", a.session, call, "buy", "")
	a.refuses("sleeve_cash 500 501", "with the shares to be paid", a.session, mine, limited, "'MSFT', 'buy', 'limit', 'day', 1, 501")
	err := a.as(a.session, "select private.move_cash(gen_random_uuid(), $1, null, 501, null, null)", mine)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "PD446" || refused.Detail != "500" {
		t.Errorf("cash that the exercise takes is moved: %v", err)
	}
	a.set("update app.exercises set state = 'refused'")
	a.refuses("", "once it is refused", a.session, mine, limited, "'MSFT', 'buy', 'limit', 'day', 1, 501")
	a.set("update app.exercises set state = 'accepted'")
	a.set("update app.trading_positions set exit_qty = entry_qty, closed_at = now() where symbol = $1", call)
	a.refuses("", "once it is booked", a.session, mine, limited, "'MSFT', 'buy', 'limit', 'day', 1, 501")
}

// The broker exercises all contracts that the account holds by then. So none is exercised
// while somebody's order may still buy some, or once there are more than were counted; and
// none is bought while they are exercised.
func TestAnExerciseTakesWhatWasChecked(t *testing.T) {
	a := newAlone(t)
	const call, another = "AAPL271217C00100000", "AAPL271217C00110000"
	mine := a.sleeve("mine", "20000")
	a.set("insert into app.alpaca_positions (account_id, symbol, qty, current_price, as_of) values ($1, $2, 1, 5, now())", a.account, call)
	exercise := func(when, want string) {
		t.Helper()
		err := a.as(a.session, `insert into app.exercises (account_id, contract, symbol, side, qty, price, reference_price, asked_by)
			values ($1, $2, 'AAPL', 'buy', 100, 100, 99, private.user_id())`, a.account, call)
		got := ""
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			got = refused.Code
		}
		if got != want {
			t.Errorf("%s: the exercise ends with %q (%v), and should with %q", when, got, err, want)
		}
	}
	buy := func(contract string) string { return "'" + contract + "', 'buy', 'limit', 'day', 1, 5" }
	ended := func() { a.set("update app.alpaca_orders set status = 'canceled'") }

	for of, sleeve := range map[string]string{"of none": "", "of a sleeve": mine} {
		a.has(sleeve, "side, status, qty", "'buy', 'new', 1")
		exercise("with an order of another symbol, "+of, "")
		a.set("delete from app.exercises")
		a.set("update app.alpaca_orders set symbol = $1", call)
		exercise("with an order that may buy the contract, "+of, "PD422")
		ended()
	}
	a.set("update app.alpaca_positions set qty = 2 where symbol = $1", call)
	exercise("with more than was counted", "PD422")
	a.set("update app.alpaca_positions set qty = 1 where symbol = $1", call)
	exercise("as it was counted", "")

	for of, sleeve := range map[string]string{"of none": "", "of a sleeve": mine} {
		a.refuses("exercise  ", "while it is exercised, "+of, a.session, sleeve, limited, buy(call))
		a.refuses("", "another contract, "+of, a.session, sleeve, limited, buy(another))
	}
	a.set("update app.exercises set state = 'accepted'")
	a.refuses("exercise  ", "while the broker does it", a.session, mine, limited, buy(call))
	a.set("update app.exercises set state = 'refused'")
	a.refuses("", "once it is refused", a.session, mine, limited, buy(call))
	ended()
	a.set("update app.exercises set state = 'accepted', requested_at = clock_timestamp() - interval '61 seconds'")
	a.refuses("", "a minute later", a.session, mine, limited, buy(call))
}
