package importer_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paddock/app/importer"
	"paddock/tests/kit"
	"paddock/tests/oldprogram"
)

// A source whose tables and columns have other names, or lack some, is moved by
// its mapping: by names, by expressions, and some of its rows alone.
func TestOtherNamesAreMapped(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 400, Positions: 5, Trips: 7, Logs: 60}, `
		create schema trading;
		alter table alpaca_orders rename to broker_trades;
		alter table broker_trades set schema trading;
		alter table agent_logs set schema trading;
		alter table trading.broker_trades rename symbol to instrument;
		alter table trading.broker_trades rename created_at to made;
		alter table trading.broker_trades alter made drop default;
		alter table trading.broker_trades alter made type bigint using (extract(epoch from made) * 1000000)::bigint;
		alter table trading.broker_trades add venue text;
		update trading.broker_trades set venue = case when client_order_id like '%7' then 'elsewhere' else 'alpaca' end;
		alter table trading.broker_trades drop column client_order_id;
		drop table alpaca_positions, trading_positions`, func(m *importer.Mapping) {
		m.Schema = "trading"
		m.TimeZone = "America/New_York"
		m.Owner = oldprogram.Email
		for _, name := range []string{"users", "sign_ins"} {
			m.Tables[name].From = ""
		}
		m.Tables["alpaca_positions"].From = ""
		m.Tables["trading_positions"].From = ""
		orders := m.Tables["alpaca_orders"]
		orders.From, orders.Key, orders.Where = "broker_trades", "id", "venue = 'alpaca'"
		orders.Columns = map[string]string{"id": "id", "alpaca_order_id": "alpaca_order_id", "symbol": "instrument", "side": "side", "status": "status",
			"qty": "qty", "filled_qty": "filled_qty", "created_at": "=to_timestamp(made / 1000000.0)", "tag": "='old ' || order_type"}
		logs := m.Tables["agent_logs"]
		logs.From, logs.Key = "agent_logs", "id"
		logs.Columns = map[string]string{"id": "id", "message": "message", "created_at": "created_at", "level": "level", "orchestrator_agent_id": "agent_name"}
	})
	kit.User(t, m.new, "somebody")
	m.Mapping.Owner = "somebody@example.com"
	by := m.run()
	if by["alpaca_orders"].Taken != 360 || by["agent_logs"].Taken != 60 {
		t.Errorf("%+v", by)
	}
	if got := one[string](t, m.admin, "select concat_ws(' ', symbol, tag, created_at at time zone 'UTC', client_order_id = alpaca_order_id::text) from app.alpaca_orders where id = md5('order 3')::uuid"); got !=
		"ETH/USD old limit 2024-01-02 14:31:50.900369 t" {
		t.Errorf("an order is %s", got)
	}
	if got := one[string](t, m.admin, "select min(created_at at time zone 'UTC')::text from app.agent_logs"); got != "2024-01-02 14:30:11.5" {
		t.Errorf("a time in New York is %s in UTC", got)
	}
}

// No row is lost in silence: what Paddock cannot store is counted and named with
// its reason, and all other rows are moved.
func TestRowsThatCannotBeTakenAreNamed(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 3000, Positions: 4, Trips: 3, Logs: 100}, `
		alter table alpaca_orders alter column qty type text, drop constraint alpaca_orders_client_order_id_key, drop constraint alpaca_orders_alpaca_order_id_key;
		alter table alpaca_positions drop constraint alpaca_positions_pkey, add column id serial primary key;
		alter table agent_logs alter column metadata type text;
		update alpaca_orders set qty = 'many' where client_order_id = 'old-11';
		update alpaca_orders set qty = '-1' where client_order_id = 'old-12';
		update alpaca_orders set status = 'new', alpaca_order_id = null where client_order_id = 'old-13';
		update alpaca_orders set status = 'new' where client_order_id = 'old-14';
		update alpaca_orders set client_order_id = 'old-15' where client_order_id = 'old-2900';
		update alpaca_orders set alpaca_order_id = md5('alpaca 16')::uuid where client_order_id = 'old-17';
		update alpaca_orders set qty = '1e131071' where client_order_id = 'old-18';
		update alpaca_orders set qty = 'NaN' where client_order_id = 'old-19';
		update alpaca_orders set status = 'rejected', alpaca_order_id = null, filled_qty = 0 where client_order_id = 'old-20';
		insert into alpaca_positions (symbol, qty, side) select symbol, 5, 'long' from alpaca_positions limit 1;
		update agent_logs set level = 'shout' where id = 1;
		update agent_logs set message = repeat('x', 10001) where id = 2;
		update agent_logs set metadata = '{"not' where id = 3;
		update agent_logs set metadata = '{"nul": "\u0000"}' where id = 4;
		insert into account (id, "accountId", "providerId", "userId", "accessToken", "updatedAt")
			select 'g', 'g', 'google', id, 'a-token', now() from "user";
		insert into "user" (id, name, email, "emailVerified") values ('u2', 'Two', 'two@example.com', false), ('u3', 'Three', 'nobody', false);
		insert into account (id, "accountId", "providerId", "userId", password, "updatedAt")
			values ('a2', 'u2', 'credential', 'u2', '$2b$10$bcryptbcryptbcrypt', now())`, nil)
	by := m.run()
	all := m.refusals()
	want := map[string]string{
		"users u3":           "it has no email address",
		"sign_ins g":         "by their password alone",
		"sign_ins a2":        "not hashed as Better Auth does",
		"alpaca_positions 5": "another row of the source has its symbol",
		"agent_logs 1":       `level "shout"`,
		"agent_logs 2":       "longer than 10000",
		"agent_logs 3":       "Postgres refuses its values",
		"agent_logs 4":       "Postgres refuses its values",
	}
	for n, reason := range map[string]string{"11": "invalid input syntax", "12": "alpaca_orders_qty_check", "13": "nobody can tell", "18": "alpaca_orders_bounded",
		"19": "alpaca_orders_bounded"} {
		want["alpaca_orders "+one[string](t, m.oldConn, "select md5('order ' || $1)::uuid::text", n)] = reason
	}
	// Of two orders with one name either is taken, and the other named.
	for _, pair := range [][2]string{{"15", "2900"}, {"16", "17"}} {
		named := 0
		for _, n := range pair {
			key := "alpaca_orders " + one[string](t, m.oldConn, "select md5('order ' || $1)::uuid::text", n)
			if strings.Contains(all[key], "is here already") {
				named++
				want[key] = "is here already"
			}
		}
		if named != 1 {
			t.Errorf("of the orders %v %d are named", pair, named)
		}
	}
	for key, part := range want {
		if !strings.Contains(all[key], part) {
			t.Errorf("%s is refused because %q, want %q", key, all[key], part)
		}
	}
	if len(all) != len(want) {
		t.Errorf("refused: %q", slices.Sorted(maps.Keys(all)))
	}
	if by["alpaca_orders"].Refused != 7 || by["alpaca_orders"].Taken != 2993 {
		t.Errorf("orders: %+v", by["alpaca_orders"])
	}
	// One that is open and one that was rejected at once are what they were.
	if got := one[string](t, m.admin, "select string_agg(concat_ws(' ', client_order_id, intent_state, status, is_open), ', ' order by client_order_id) from app.alpaca_orders where client_order_id in ('old-14', 'old-20')"); got !=
		"old-14 accepted new t, old-20 rejected rejected f" {
		t.Errorf("%s", got)
	}
	for key, reason := range all {
		if strings.HasPrefix(key, "sign_ins") && strings.Contains(reason, "bcrypt") {
			t.Errorf("the reason of %s shows a password's hash", key)
		}
	}
}

// An import changes no user who is here already: not their password, and not what
// they own.
func TestUsersWhoAreHereStayAsTheyAre(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 10}, `insert into "user" (id, name, email, "emailVerified") values ('stranger', 'S', 'ada@example.com', true);
		insert into account (id, "accountId", "providerId", "userId", password, "updatedAt")
			select 'stranger', 'stranger', 'credential', 'stranger', a.password, now() from account a limit 1`, nil)
	kit.User(t, m.new, "ada") // ada@example.com, and no password
	kit.User(t, m.new, "stranger")
	before := one[string](t, m.admin, `select string_agg(u::text, ';' order by id) from auth."user" u`)
	by := m.run()
	if by["users"].Taken != 1 || by["users"].Refused != 1 || by["sign_ins"].Taken != 1 || by["sign_ins"].Refused != 1 {
		t.Errorf("%+v", by)
	}
	if after := one[string](t, m.admin, `select string_agg(u::text, ';' order by id) from auth."user" u where email <> $1`, oldprogram.Email); after != before {
		t.Errorf("users who were here are\n%s\nand were\n%s", after, before)
	}
	if got := signIn(t, m.new, "ada@example.com", oldprogram.Password); got == 200 {
		t.Error("the old program's password opens another user's account")
	}

	// The owner may be a user who is here: then the account is theirs, and undo
	// keeps them.
	second := moveFrom(t, oldprogram.Size{Orders: 10}, "", nil)
	kit.User(t, second.new, "eve")
	exec(t, second.admin, `update auth."user" set email = '`+oldprogram.Email+`' where id = 'eve'`)
	second.run()
	if got := one[string](t, second.admin, "select user_id from app.user_accounts"); got != "eve" {
		t.Errorf("the account is %s's", got)
	}
	undone, err := importer.Undo(t.Context(), second.new.Conn(t, "owner"), second.ID(), nil)
	if err != nil || undone.Removed["account"] != 1 {
		t.Fatal(undone, err)
	}
	if n := one[int](t, second.admin, `select count(*) from auth."user"`); n != 1 {
		t.Errorf("%d users are left, want 1", n)
	}
}

// Mistakes of the mapping are said before anything is begun, in sentences that
// name what to change.
func TestMistakesOfTheMapping(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 5, Logs: 5}, `create sequence numbers; insert into agent_logs (level, message) values ('info', 'again');
		create table twice (k int, message text, created_at timestamptz); insert into twice values (1, 'a', now()), (1, 'b', now()), (null, 'c', now())`, nil)
	before := everything(t, m.admin)
	for _, c := range []struct {
		break_ func(*importer.Mapping)
		want   string
	}{
		{func(m *importer.Mapping) { m.Owner = "nobody" }, `"owner" is not an email address`},
		{func(m *importer.Mapping) { m.Owner = "nobody@example.com" }, "neither the source nor Paddock has a user"},
		{func(m *importer.Mapping) { m.Environment = "test" }, "paper or live"},
		{func(m *importer.Mapping) { m.Account = " x" }, `"account" must be a name`},
		{func(m *importer.Mapping) { m.TimeZone = "Mars" }, `"time_zone"`},
		{func(m *importer.Mapping) { m.Tables["fills"] = &importer.TableMapping{From: "fills"} }, `no table "fills"`},
		{func(m *importer.Mapping) { m.Tables["agent_logs"].Columns["colour"] = "x" }, `no column "colour"`},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].Columns["status"] = "" }, `alpaca_orders needs "status"`},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].From = "orders" }, "the source has no table public.orders"},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].Columns["tag"] = "colour" }, `has no column "colour"`},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].Columns["tag"] = "=nothing" }, "an expression or a condition of the mapping"},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].Columns["tag"] = "=nextval('public.numbers')" }, "cannot execute nextval() in a read-only transaction"},
		{func(m *importer.Mapping) { m.Tables["alpaca_orders"].Key = "side" }, "cannot be the key"},
		{func(m *importer.Mapping) {
			m.Tables["agent_logs"] = &importer.TableMapping{From: "twice", Key: "k", Columns: map[string]string{"message": "message", "created_at": "created_at"}}
		}, "1 rows have none, and 1 have one that another row has"},
		{func(m *importer.Mapping) {
			for _, t := range m.Tables {
				t.From = ""
			}
		}, "names no table to move"},
	} {
		func() {
			source, err := importer.OpenSource(t.Context(), m.old.Conn(t, "owner"), false)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close(context.Background())
			mapping, err := source.Guess(t.Context(), "public", "", "Old", "paper")
			if err != nil {
				t.Fatal(err)
			}
			c.break_(mapping)
			file := filepath.Join(t.TempDir(), "mapping.json")
			if err := mapping.Write(file); err != nil {
				t.Fatal(err)
			}
			if mapping, err = importer.ReadMapping(file); err == nil {
				_, _, err = (&importer.Import{Source: source, Conn: m.new.Conn(t, "owner"), Mapping: mapping}).Plan(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		}()
	}
	if !maps.Equal(before, everything(t, m.admin)) {
		t.Error("a mistake left something behind")
	}
}

// The old tables may stand in Paddock's own database.
func TestInPlace(t *testing.T) {
	m := &move{t: t, new: moveFrom(t, oldprogram.Size{}, "", nil).new}
	m.old, m.admin = m.new, m.new.Conn(t, "admin")
	m.oldConn = m.new.Conn(t, "owner")
	exec(t, m.admin, "grant create, usage on schema public to "+m.oldConn.Config().User)
	exec(t, m.oldConn, "set search_path = public")
	if err := oldprogram.Make(t.Context(), m.oldConn, oldprogram.Size{Orders: 500, Positions: 5, Trips: 5, Logs: 50}); err != nil {
		t.Fatal(err)
	}
	m.open(true, nil)
	if by := m.run(); by["alpaca_orders"].Taken != 500 || by["users"].Taken != 1 {
		t.Errorf("%+v", by)
	}
	m.open(true, func(m *importer.Mapping) { m.Schema = "app" })
	if _, _, err := m.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "Paddock's own") {
		t.Errorf("an import of Paddock's own tables: %v", err)
	}
}

// Undo keeps what later work depends on, and says so: orders that the broker has
// described since, and with them the account and its owner.
func TestUndoKeepsWhatLaterWorkDependsOn(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 5000, Positions: 4, Trips: 5, Logs: 100}, "", nil)
	m.run()
	exec(t, m.admin, `update app.alpaca_orders set broker_updated_at = now() where client_order_id in ('old-5', 'old-6');
		insert into app.stream_cursors (account_id, agreed_at) select id, now() from app.user_accounts`)
	undone, err := importer.Undo(t.Context(), m.new.Conn(t, "owner"), m.ID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if undone.Removed["alpaca_orders"] != 4998 || undone.Kept["alpaca_orders"] != 2 || undone.Kept["alpaca_positions"] != 4 ||
		undone.Removed["agent_logs"] != 100 || undone.Kept["account"] != 1 || undone.Kept["users"] != 1 {
		t.Errorf("%+v", undone)
	}
	if got := one[string](t, m.admin, "select string_agg(client_order_id, ' ' order by client_order_id) from app.alpaca_orders where import_id is null"); got != "old-5 old-6" {
		t.Errorf("kept: %s", got)
	}
	if _, err := importer.Undo(t.Context(), m.new.Conn(t, "owner"), m.ID(), nil); err == nil || !strings.Contains(err.Error(), "there is no import") {
		t.Errorf("undoing twice: %v", err)
	}
}

// Two runs of one import at once take no row twice; the second finds out and ends,
// or goes on from where the first is.
func TestTwoRunsAtOnce(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 20000, Logs: 20000}, "", nil)
	if _, err := m.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := m.Import
	m.open(false, nil)
	if resumed, err := m.Begin(t.Context()); err != nil || !resumed {
		t.Fatal(resumed, err)
	}
	other := make(chan error, 1)
	go func() { other <- first.Move(t.Context()) }()
	mine := m.Move(t.Context())
	for _, err := range []error{mine, <-other} {
		if err != nil && !strings.Contains(err.Error(), "another run of this import is at work") {
			t.Error(err)
		}
	}
	if err := m.Move(t.Context()); err != nil { // whatever is left
		t.Fatal(err)
	}
	all, err := m.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !c.Agrees() {
			t.Errorf("%+v", c)
		}
	}
	if n := one[int](t, m.admin, "select count(*) from app.alpaca_orders"); n != 20000 {
		t.Errorf("%d orders", n)
	}
}

// A difference between the two sides is found, whichever column it is in.
func TestADifferenceIsFound(t *testing.T) {
	m := moveFrom(t, oldprogram.Size{Orders: 50, Positions: 3, Trips: 3, Logs: 5}, "", nil)
	before := m.run()
	for _, c := range []struct{ table, change string }{
		{"alpaca_orders", "update app.alpaca_orders set filled_avg_price = filled_avg_price + 0.01 where client_order_id = 'old-3'"},
		{"alpaca_orders", "update app.alpaca_orders set created_at = created_at + interval '1 microsecond' where client_order_id = 'old-4'"},
		{"alpaca_orders", "update app.alpaca_orders set orchestrator_agent_id = null where client_order_id = 'old-6'"},
		{"alpaca_orders", "delete from app.alpaca_orders where client_order_id = 'old-7'"},
		{"agent_logs", "update app.agent_logs set message = message || '.' where message like 'thought 1%'"},
		{"trading_positions", "update app.imported_trading_positions set data = data - 'notes' where key = '1'"},
		{"alpaca_positions", "update app.alpaca_positions set qty = -qty where symbol = (select min(symbol) from app.alpaca_positions)"},
		{"sign_ins", `update auth.account set password = repeat('0', 32) || ':' || repeat('0', 128)`},
	} {
		exec(t, m.admin, c.change)
		all, err := m.Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, now := range all {
			if now.Table == c.table && (now.Agrees() || now.HereChecksum == before[c.table].HereChecksum) {
				t.Errorf("not found: %s", c.change)
			}
			before[now.Table] = now
		}
	}
}
