-- The journal: every execution, and the round trips that are computed from
-- them, for the account as a whole, by agent and by tag.

set local role paddock_owner;

-- How much of an order its fills account for, and how often the broker has
-- been asked for those that are missing.
alter table app.alpaca_orders
  add column fills_qty numeric not null default 0,
  add column fills_asked_at timestamptz,
  add column fills_asked integer not null default 0;
alter table app.alpaca_orders alter column fills_qty set statistics 0;
create index alpaca_orders_fills_idx on app.alpaca_orders (account_id, created_at) where filled_qty <> fills_qty and symbol is not null;
grant update (fills_qty, fills_asked_at, fills_asked) on app.alpaca_orders to paddock_worker;

-- One row an execution. Ids are compared as bytes: they decide between equal
-- times, and on every machine alike.
create table app.fills (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  -- The stream's name for it. The list of activities has names of its own, and
  -- nobody says that they are the same.
  execution_id text collate "C" not null check (char_length(execution_id) between 1 and 255),
  id uuid not null default gen_random_uuid(),
  order_id uuid not null,
  alpaca_order_id uuid not null,
  symbol text not null,
  asset_class text not null,
  multiplier numeric not null,
  side text not null check (side in ('buy', 'sell')),
  qty numeric check (qty > 0),
  price numeric,
  at timestamptz not null,
  -- A busted execution was taken back, a corrected one has another in its place.
  state text not null default 'live' check (state in ('live', 'busted', 'corrected')),
  previous_execution_id text collate "C",
  source text not null check (source in ('stream', 'activities')),
  orchestrator_agent_id text,
  tag text,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (account_id, execution_id),
  foreign key (account_id, order_id) references app.alpaca_orders (account_id, id) on delete cascade,
  -- What is taken back before it was told of has neither quantity nor price.
  check (state <> 'live' or qty is not null and price is not null)
);
create index fills_symbol_idx on app.fills (account_id, symbol, at, execution_id);
create index fills_newest_idx on app.fills (account_id, at desc, id desc);
create index fills_order_idx on app.fills (account_id, order_id);
create index fills_previous_idx on app.fills (account_id, previous_execution_id) where previous_execution_id is not null;

-- What changes a position or costs something besides trades, by the broker's
-- activity ids.
create table app.journal_adjustments (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  activity_id text collate "C" not null check (char_length(activity_id) between 1 and 255),
  kind text not null check (kind in ('SPLIT', 'FEE', 'CFEE', 'OPEXP', 'OPEXC', 'OPASN', 'OPTRD')),
  -- A pair of coins without its slash; null: nobody can tell which position it is of.
  symbol text,
  at timestamptz not null,
  qty numeric,
  price numeric,
  net_amount numeric not null default 0,
  group_id text,
  description text,
  canceled boolean not null default false,
  -- What the journal made of it: a split makes new_parts of old_parts, and all
  -- else is an agent's and a tag's where that is certain.
  old_parts numeric,
  new_parts numeric,
  orchestrator_agent_id text,
  tag text,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (account_id, activity_id)
);
create index journal_adjustments_symbol_idx on app.journal_adjustments (account_id, symbol, at, activity_id);
create index journal_adjustments_newest_idx on app.journal_adjustments (account_id, at desc);

-- One row a round trip and scope, from a position's opening to its close. Sums
-- are kept and no averages: sums are exact. Notionals are quantity times
-- price, a split leaves them as they are.
drop table app.trading_positions;
create table app.trading_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  scope text not null check (scope in ('account', 'agent', 'tag')),
  scope_value text not null check ((scope = 'account') = (scope_value = '')),
  symbol text not null,
  asset_class text not null,
  multiplier numeric not null,
  direction text not null check (direction in ('long', 'short')),
  opened_at timestamptz not null,
  opened_id text collate "C" not null,
  -- How much of the execution that opened it is of this trip: the rest closed
  -- the one before.
  opening_qty numeric not null check (opening_qty > 0),
  last_at timestamptz not null,
  last_id text collate "C" not null,
  closed_at timestamptz,
  entry_qty numeric not null check (entry_qty > 0),
  entry_notional numeric not null,
  exit_qty numeric not null check (exit_qty between 0 and entry_qty),
  exit_notional numeric not null,
  held_cost numeric not null,  -- of entry_notional, what is still held
  max_qty numeric not null,
  fees numeric not null,
  fills integer not null,
  -- Before fees.
  realized_pl numeric not null generated always as
    (multiplier * case direction when 'long' then exit_notional - entry_notional + held_cost else entry_notional - held_cost - exit_notional end) stored,
  primary key (account_id, id),
  check ((closed_at is null) = (exit_qty < entry_qty)),
  check (closed_at is null or held_cost = 0)
);
create unique index trading_positions_open_idx on app.trading_positions (account_id, scope, scope_value, symbol) where closed_at is null;
create index trading_positions_opened_idx on app.trading_positions (account_id, scope, opened_at desc, id desc);
create index trading_positions_place_idx on app.trading_positions (account_id, symbol, scope, scope_value, last_at, last_id);

alter table app.fills
  alter column account_id set statistics 0, alter column execution_id set statistics 0, alter column id set statistics 0,
  alter column order_id set statistics 0, alter column alpaca_order_id set statistics 0, alter column symbol set statistics 0,
  alter column qty set statistics 0, alter column price set statistics 0, alter column previous_execution_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0;
alter table app.journal_adjustments
  alter column account_id set statistics 0, alter column activity_id set statistics 0, alter column symbol set statistics 0,
  alter column qty set statistics 0, alter column price set statistics 0, alter column net_amount set statistics 0,
  alter column group_id set statistics 0, alter column description set statistics 0, alter column old_parts set statistics 0,
  alter column new_parts set statistics 0, alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0;
alter table app.trading_positions
  alter column account_id set statistics 0, alter column id set statistics 0, alter column scope_value set statistics 0,
  alter column symbol set statistics 0, alter column opened_id set statistics 0, alter column opening_qty set statistics 0,
  alter column last_id set statistics 0, alter column entry_qty set statistics 0, alter column entry_notional set statistics 0,
  alter column exit_qty set statistics 0, alter column exit_notional set statistics 0, alter column held_cost set statistics 0,
  alter column max_qty set statistics 0, alter column fees set statistics 0, alter column realized_pl set statistics 0;

alter table app.fills               enable row level security, force row level security;
alter table app.journal_adjustments enable row level security, force row level security;
alter table app.trading_positions   enable row level security, force row level security;

-- All three are the broker's word and what follows from it: the worker alone
-- writes them.
create policy app_reads on app.fills for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.fills to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.fills for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.fills to paddock_app;
grant select, insert, delete, update (execution_id, qty, price, at, state, previous_execution_id, source) on app.fills to paddock_worker;
grant select (account_id, id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source,
  orchestrator_agent_id, tag) on app.fills to paddock_report;

create policy app_reads on app.journal_adjustments for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.journal_adjustments to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.journal_adjustments for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.journal_adjustments to paddock_app;
grant select, insert, update (canceled, old_parts, new_parts, orchestrator_agent_id, tag) on app.journal_adjustments to paddock_worker;
grant select (account_id, activity_id, kind, symbol, at, qty, price, net_amount, description, canceled, old_parts, new_parts,
  orchestrator_agent_id, tag) on app.journal_adjustments to paddock_report;

create policy app_reads on app.trading_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.trading_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.trading_positions for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.trading_positions to paddock_app;
grant select, insert, delete, update (last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost,
  max_qty, fees, fills) on app.trading_positions to paddock_worker;
grant select (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, closed_at, entry_qty,
  entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills, realized_pl) on app.trading_positions to paddock_report;

{{ template "func/asset_class.sql" . }}
{{ template "func/multiplier.sql" . }}
{{ template "func/claim_fill.sql" . }}
{{ template "func/add_up_fills.sql" . }}
{{ template "func/attribute_adjustment.sql" . }}
{{ template "func/write_trading_position.sql" . }}
{{ template "func/old/rejournal_scope_1.sql" . }}
{{ template "func/rejournal.sql" . }}
{{ template "func/record_execution.sql" . }}
{{ template "func/replace_fills.sql" . }}
{{ template "func/old/record_adjustments_1.sql" . }}
{{ template "func/apply_trade_update.sql" . }}
grant execute on function app.asset_class(app.alpaca_orders), app.multiplier(app.alpaca_orders),
  app.claim_fill(uuid, uuid, text, numeric, numeric), app.add_up_fills(uuid, uuid),
  app.attribute_adjustment(uuid, text, text, timestamptz), app.write_trading_position(app.trading_positions),
  app.rejournal_scope(uuid, text, text, text, timestamptz, text), app.rejournal(uuid, text, timestamptz, text),
  app.record_execution(uuid, uuid, text, jsonb, timestamptz), app.replace_fills(uuid, uuid, jsonb),
  app.record_adjustments(uuid, jsonb) to paddock_worker;

create view report.fills with (security_invoker = true, security_barrier = true) as
  select account_id, id as fill_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source,
    orchestrator_agent_id, tag
  from app.fills;
create view report.adjustments with (security_invoker = true, security_barrier = true) as
  select account_id, activity_id, kind, symbol, at, qty, price, net_amount, description, canceled, old_parts, new_parts,
    orchestrator_agent_id, tag
  from app.journal_adjustments;
create view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select account_id, id as trading_position_id, scope, nullif(scope_value, '') as scope_value, symbol, asset_class, multiplier, direction,
    opened_at, closed_at, entry_qty - exit_qty as qty, max_qty, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, fills,
    entry_notional / entry_qty as avg_entry_price, exit_notional / nullif(exit_qty, 0) as avg_exit_price,
    held_cost / nullif(entry_qty - exit_qty, 0) as avg_held_price, realized_pl, fees, realized_pl - fees as net_pl
  from app.trading_positions;
grant select on report.fills, report.adjustments, report.trading_positions to paddock_report;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop view report.trading_positions, report.adjustments, report.fills;
{{ template "func/old/apply_trade_update_2.sql" . }}
drop function app.record_adjustments(uuid, jsonb);
drop function app.replace_fills(uuid, uuid, jsonb);
drop function app.record_execution(uuid, uuid, text, jsonb, timestamptz);
drop function app.rejournal(uuid, text, timestamptz, text);
drop function app.rejournal_scope(uuid, text, text, text, timestamptz, text);
drop function app.write_trading_position(app.trading_positions);
drop function app.attribute_adjustment(uuid, text, text, timestamptz);
drop function app.add_up_fills(uuid, uuid);
drop function app.claim_fill(uuid, uuid, text, numeric, numeric);
drop function app.multiplier(app.alpaca_orders);
drop function app.asset_class(app.alpaca_orders);
drop table app.trading_positions, app.journal_adjustments, app.fills;
alter table app.alpaca_orders drop column fills_qty, drop column fills_asked_at, drop column fills_asked;

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
alter table app.trading_positions
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column opened_qty set statistics 0,
  alter column closed_qty set statistics 0, alter column avg_entry_price set statistics 0, alter column avg_exit_price set statistics 0,
  alter column realized_pl set statistics 0, alter column fees set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0;
alter table app.trading_positions enable row level security, force row level security;
create policy app_reads on app.trading_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.trading_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select on app.trading_positions to paddock_app;
grant select, insert, update, delete on app.trading_positions to paddock_worker;
reset role;
