// Package oldprogram makes the database of a program of one tenant, as there were
// before Paddock: its tables have no account, stand in schema public beside Better
// Auth's, and its keys are in its environment.
package oldprogram

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Size is how many rows each table gets.
type Size struct{ Orders, Positions, Trips, Logs int }

// Email and Password are those of the program's user.
const (
	Email    = "old@example.com"
	Password = "correct horse 2"
)

// hash is Better Auth's hash of Password.
const hash = "14d76b12063fabd8e96a7970c4121fa9:076719ede6eba207af952d3ca60664d3425306296661e3ee7a407c1d1ad7d892b3334afbf2c19e6909735c7d4f6791e69a8d686a1ace06350bb076991570b60c"

// tables are the program's tables. Times of its logs have no zone.
const tables = `
create table "user" (id text primary key, name text not null, email text not null unique, "emailVerified" boolean not null, image text,
	"createdAt" timestamptz default now() not null, "updatedAt" timestamptz default now() not null);
create table session (id text primary key, "expiresAt" timestamptz not null, token text not null unique, "createdAt" timestamptz default now() not null,
	"updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text, "userId" text not null references "user" on delete cascade);
create table account (id text primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user" on delete cascade,
	"accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, scope text,
	password text, "createdAt" timestamptz default now() not null, "updatedAt" timestamptz not null);
create table verification (id text primary key, identifier text not null, value text not null, "expiresAt" timestamptz not null,
	"createdAt" timestamptz default now() not null, "updatedAt" timestamptz default now() not null);
create type order_side as enum ('buy', 'sell');
create table alpaca_orders (id uuid primary key, alpaca_order_id uuid unique, client_order_id text unique, symbol text not null, side order_side not null,
	order_type text not null, time_in_force text not null, qty numeric, notional numeric, limit_price numeric(18, 6), filled_qty numeric not null default 0,
	filled_avg_price double precision, status text not null, agent_id text, reasoning text, submitted_at timestamptz, filled_at timestamptz,
	cancelled_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create table alpaca_positions (symbol text primary key, qty numeric not null, side text not null, avg_entry_price numeric, market_value numeric,
	cost_basis numeric, current_price numeric, unrealized_pl numeric, updated_at timestamptz not null default now());
create table trading_positions (id serial primary key, symbol text not null, side text not null, quantity numeric not null, entry_price numeric not null,
	exit_price numeric, realized_pnl numeric, status text not null, opened_at timestamptz not null, closed_at timestamptz, strategy text, notes text);
create table agent_logs (id bigserial primary key, agent_name text, level text not null, message text not null, metadata jsonb,
	created_at timestamp not null default now());
`

// Make makes the tables and fills them, with the same rows each time. Where scale
// allows, values are as awkward as real ones: fractions, pairs of coins, levels and
// statuses in other spellings.
func Make(ctx context.Context, conn *pgx.Conn, size Size) error {
	if _, err := conn.Exec(ctx, tables); err != nil {
		return fmt.Errorf("make the old program's tables: %w", err)
	}
	const start = "timestamptz '2024-01-02 14:30:00+00'"
	for _, fill := range []struct {
		sql  string
		args []any
	}{
		{`insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values ('0ldUser0000000000000000000000000', 'Old', $1, true, ` + start + `, ` + start + `)`, []any{Email}},
		{`insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			values ('0ldAccount0000000000000000000000', '0ldUser0000000000000000000000000', 'credential', '0ldUser0000000000000000000000000', $1, ` + start + `, ` + start + `)`, []any{hash}},
		{`insert into session (id, "expiresAt", token, "updatedAt", "userId") values ('s', now() + interval '1 day', 'the-old-session-0000000000000000', now(), '0ldUser0000000000000000000000000')`, nil},
		{`insert into alpaca_orders (id, alpaca_order_id, client_order_id, symbol, side, order_type, time_in_force, qty, notional, limit_price, filled_qty,
				filled_avg_price, status, agent_id, reasoning, submitted_at, filled_at, cancelled_at, created_at, updated_at)
			select md5('order ' || n)::uuid, md5('alpaca ' || n)::uuid, 'old-' || n,
				(array['AAPL', 'MSFT', 'BTC/USD', 'ETHUSD', 'NVDA', 'BRK.B'])[1 + n % 6], (case when n % 2 = 0 then 'buy' else 'sell' end)::order_side,
				case when n % 3 = 0 then 'limit' else 'market' end, case when n % 6 in (2, 3) then 'gtc' else 'day' end,
				case when n % 10 <> 0 then 1 + n % 97 + (n % 6 in (2, 3))::int * 0.123456789 end, case when n % 10 = 0 then 100.5 + n % 1000 end,
				case when n % 3 = 0 then 100 + (n % 1000) * 0.01 end,
				case when n % 4 <> 0 then 1 + n % 97 + (n % 6 in (2, 3))::int * 0.123456789 else 0 end, case when n % 4 <> 0 then 100 + (n % 1000) * 0.01 end,
				case when n % 4 <> 0 then 'filled' when n % 8 = 0 then 'cancelled' else 'EXPIRED' end,
				case when n % 5 <> 0 then 'agent-' || n % 5 end, 'because ' || n, t.at, case when n % 4 <> 0 then t.at + interval '2 seconds' end,
				case when n % 8 = 0 then t.at + interval '1 minute' end, t.at - interval '0.1 seconds', t.at + interval '1 minute'
			from generate_series(1, $1::int) n cross join lateral (select ` + start + ` + n * interval '37.000123 seconds' as at) t`, []any{size.Orders}},
		{`insert into alpaca_positions (symbol, qty, side, avg_entry_price, market_value, cost_basis, current_price, unrealized_pl, updated_at)
			select 'SYM' || chr(65 + n % 26) || chr(65 + n / 26), n, case when n % 2 = 0 then 'long' else 'short' end, 10.25, n * 10.5, n * 10.25, 10.5, n * 0.25, ` + start + `
			from generate_series(1, $1::int) n`, []any{size.Positions}},
		{`insert into trading_positions (symbol, side, quantity, entry_price, exit_price, realized_pnl, status, opened_at, closed_at, strategy, notes)
			select (array['AAPL', 'BTC/USD'])[1 + n % 2], 'long', n % 50 + 1, 100.123, 101.5, (n % 50 + 1) * 1.377, 'closed', t.at, t.at + interval '1 hour',
				'momentum', 'note ' || n
			from generate_series(1, $1::int) n cross join lateral (select ` + start + ` + n * interval '1 hour' as at) t`, []any{size.Trips}},
		{`insert into agent_logs (agent_name, level, message, metadata, created_at)
			select 'agent-' || n % 5, (array['info', 'WARNING', 'debug', 'error', 'fatal'])[1 + n % 5], 'thought ' || n || repeat(' and so on', n % 20),
				case when n % 3 = 0 then jsonb_build_object('step', n, 'score', 0.5, 'tags', array['a', 'ü']) end,
				timestamp '2024-01-02 09:30:00' + n * interval '11.5 seconds'
			from generate_series(1, $1::int) n`, []any{size.Logs}},
	} {
		if _, err := conn.Exec(ctx, fill.sql, fill.args...); err != nil {
			return fmt.Errorf("fill the old program's tables: %w", err)
		}
	}
	return nil
}
