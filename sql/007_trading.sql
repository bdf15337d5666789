-- Orders, positions and the journal. Keys, unique constraints and indexes
-- begin with account_id: that shards, and keeps other tenants' values out of
-- every plan and error.

set local role paddock_owner;

-- One row an order: first the intent, committed before the broker is called,
-- then the mirror of what the broker says of it.
create table app.alpaca_orders (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  client_order_id text not null check (char_length(client_order_id) between 1 and 128),
  -- submitting: the broker's answer is not known. unsent: it surely never
  -- reached the broker, and a retry sends it. unknown: it stayed unclear and
  -- waits for a person. Orders placed elsewhere are 'accepted' when seen.
  intent_state text not null default 'submitting'
    check (intent_state in ('submitting', 'accepted', 'rejected', 'unsent', 'unknown')),
  -- SHA-256 of the request, by which a retry is told from another order.
  request_hash bytea,
  submitted_by text,
  orchestrator_agent_id text check (char_length(orchestrator_agent_id) <= 128),
  tag text check (char_length(tag) <= 128),

  symbol text,
  side text check (side in ('buy', 'sell')),
  type text,
  time_in_force text,
  order_class text not null default '',
  qty numeric check (qty > 0),
  notional numeric check (notional > 0),
  limit_price numeric,
  stop_price numeric,
  extended_hours boolean not null default false,

  alpaca_order_id uuid,
  status text not null default 'submitting',
  status_message text,
  filled_qty numeric not null default 0 check (filled_qty >= 0),
  filled_avg_price numeric,
  broker_request_id text,
  broker_error_code integer,
  broker_updated_at timestamptz,
  broker_order jsonb,
  -- How often, and since when, a missing answer has been asked for.
  looked_up_at timestamptz,
  lookups integer not null default 0,

  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  filled_at timestamptz,
  canceled_at timestamptz,
  updated_at timestamptz not null default now(),

  primary key (account_id, id),
  unique (account_id, client_order_id),
  unique (account_id, alpaca_order_id)
);
create index alpaca_orders_newest_idx on app.alpaca_orders (account_id, created_at desc, id desc);
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc)
  where status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown');
create index alpaca_orders_submitting_idx on app.alpaca_orders (account_id, created_at)
  where intent_state = 'submitting';

create table app.alpaca_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  asset_id uuid,
  asset_class text,
  exchange text,
  qty numeric not null,  -- negative when short
  avg_entry_price numeric,
  cost_basis numeric,
  market_value numeric,
  current_price numeric,
  unrealized_pl numeric,
  broker_position jsonb,
  as_of timestamptz not null,
  primary key (account_id, symbol)
);

-- The journal: one row a round trip, from a position's opening to its close.
create table app.trading_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  symbol text not null,
  side text not null check (side in ('long', 'short')),
  opened_qty numeric not null check (opened_qty > 0),
  closed_qty numeric not null default 0 check (closed_qty between 0 and opened_qty),
  avg_entry_price numeric not null,
  avg_exit_price numeric,
  realized_pl numeric not null default 0,
  fees numeric not null default 0,
  orchestrator_agent_id text,
  tag text,
  opened_at timestamptz not null,
  closed_at timestamptz,
  primary key (account_id, id),
  check ((closed_at is null) = (closed_qty < opened_qty))
);
create index trading_positions_opened_idx on app.trading_positions (account_id, opened_at desc);
create unique index trading_positions_open_idx on app.trading_positions (account_id, symbol) where closed_at is null;

create table app.agent_logs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  user_id text,
  orchestrator_agent_id text check (char_length(orchestrator_agent_id) <= 128),
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  message text not null check (char_length(message) between 1 and 10000),
  data jsonb,
  created_at timestamptz not null default now(),
  primary key (account_id, id)
);
create index agent_logs_newest_idx on app.agent_logs (account_id, created_at desc, id desc);

-- Planner statistics are made over all tenants, and EXPLAIN tells them: the
-- columns that hold a tenant's own words or amounts have none.
alter table app.alpaca_orders
  alter column account_id set statistics 0, alter column id set statistics 0, alter column client_order_id set statistics 0,
  alter column request_hash set statistics 0, alter column submitted_by set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0, alter column symbol set statistics 0,
  alter column qty set statistics 0, alter column notional set statistics 0, alter column limit_price set statistics 0,
  alter column stop_price set statistics 0, alter column alpaca_order_id set statistics 0,
  alter column filled_qty set statistics 0, alter column filled_avg_price set statistics 0,
  alter column status_message set statistics 0, alter column broker_request_id set statistics 0, alter column broker_order set statistics 0;
alter table app.alpaca_positions
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column qty set statistics 0,
  alter column avg_entry_price set statistics 0, alter column cost_basis set statistics 0, alter column market_value set statistics 0,
  alter column unrealized_pl set statistics 0, alter column broker_position set statistics 0;
alter table app.trading_positions
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column opened_qty set statistics 0,
  alter column closed_qty set statistics 0, alter column avg_entry_price set statistics 0, alter column avg_exit_price set statistics 0,
  alter column realized_pl set statistics 0, alter column fees set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0;
alter table app.agent_logs
  alter column account_id set statistics 0, alter column user_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column message set statistics 0, alter column data set statistics 0;

alter table app.alpaca_orders     enable row level security, force row level security;
alter table app.alpaca_positions  enable row level security, force row level security;
alter table app.trading_positions enable row level security, force row level security;
alter table app.agent_logs        enable row level security, force row level security;

-- Orders: whoever may read sees them, whoever may trade makes intents, and
-- whoever may cancel records the broker's answers. Nobody deletes one.
create policy app_reads on app.alpaca_orders for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy app_inserts on app.alpaca_orders for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and submitted_by = (select private.user_id()));
create policy app_updates on app.alpaca_orders for update to paddock_app
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
create policy worker_all on app.alpaca_orders to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select on app.alpaca_orders to paddock_app, paddock_worker;
grant insert (account_id, id, client_order_id, request_hash, submitted_by, orchestrator_agent_id, tag, symbol, side, type,
  time_in_force, order_class, qty, notional, limit_price, stop_price, extended_hours) on app.alpaca_orders to paddock_app;
grant insert (account_id, client_order_id, intent_state, symbol, side, type, time_in_force, order_class, qty, notional,
  limit_price, stop_price, extended_hours, alpaca_order_id, status, filled_qty, filled_avg_price, broker_request_id,
  broker_updated_at, broker_order, created_at, submitted_at, filled_at, canceled_at, updated_at) on app.alpaca_orders to paddock_worker;
grant update (intent_state, symbol, side, type, time_in_force, order_class, qty, notional, limit_price, stop_price,
  extended_hours, alpaca_order_id, status, status_message, filled_qty, filled_avg_price, broker_request_id,
  broker_error_code, broker_updated_at, broker_order, submitted_at, filled_at, canceled_at, updated_at, looked_up_at, lookups)
  on app.alpaca_orders to paddock_app, paddock_worker;
-- Leases tell which accounts have an answer missing, and need no more than that.
create policy gate_reads on app.alpaca_orders for select to paddock_gate using (true);
grant select (account_id, intent_state, created_at) on app.alpaca_orders to paddock_gate;

-- Positions: a mirror, brought up to date by whoever asks the broker.
create policy app_all on app.alpaca_positions to paddock_app
  using (account_id = (select private.account_id('read')))
  with check (account_id = (select private.account_id('read')));
create policy worker_all on app.alpaca_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert, delete, update (asset_id, asset_class, exchange, qty, avg_entry_price, cost_basis, market_value,
  current_price, unrealized_pl, broker_position, as_of) on app.alpaca_positions to paddock_app, paddock_worker;

-- The journal is computed from fills, so the worker alone writes it.
create policy app_reads on app.trading_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.trading_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select on app.trading_positions to paddock_app;
grant select, insert, update, delete on app.trading_positions to paddock_worker;

create policy app_reads on app.agent_logs for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy app_inserts on app.agent_logs for insert to paddock_app
  with check (account_id = (select private.account_id('log')) and user_id = (select private.user_id()));
grant select, insert (account_id, id, user_id, orchestrator_agent_id, level, message, data) on app.agent_logs to paddock_app;

-- Plain functions of whoever calls them: RLS holds inside them as outside.
{{ template "func/rfc3339.sql" . }}
{{ template "func/old/order_json_1.sql" . }}
{{ template "func/old/record_order_1.sql" . }}
{{ template "func/old/record_positions_1.sql" . }}
{{ template "func/old/apply_trade_update_1.sql" . }}
grant execute on function app.rfc3339(timestamptz), app.order_json(app.alpaca_orders) to paddock_app, paddock_worker;
grant execute on function app.record_order(uuid, jsonb, text) to paddock_app, paddock_worker;
grant execute on function app.record_positions(uuid, jsonb, timestamptz) to paddock_app, paddock_worker;
grant execute on function app.apply_trade_update(uuid, jsonb) to paddock_worker;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop function app.apply_trade_update(uuid, jsonb);
drop function app.record_positions(uuid, jsonb, timestamptz);
drop function app.record_order(uuid, jsonb, text);
drop function app.order_json(app.alpaca_orders);
drop function app.rfc3339(timestamptz);
drop table app.agent_logs, app.trading_positions, app.alpaca_positions, app.alpaca_orders;
reset role;
