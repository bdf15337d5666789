-- The journal: every execution, and the round trips that are computed from them,
-- for the account as a whole, by agent, by tag and by sleeve. All of it comes from the broker
-- or follows from that, so only the worker writes it.

set local role paddock_owner;

-- One row an execution. Ids put executions of the same time in order. They are
-- compared as bytes (collation C), so that this order is the same on every machine.
create table app.fills (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  -- The id that the stream has for it. The list of activities has other ids, and
  -- Alpaca does not say which of them belong together.
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
  -- A busted execution was taken back; a corrected one was replaced by another.
  state text not null default 'live' check (state in ('live', 'busted', 'corrected')),
  previous_execution_id text collate "C",
  source text not null check (source in ('stream', 'activities')),
  orchestrator_agent_id text,
  tag text,
  sleeve_id uuid,  -- the order's
  submitted_by text,  -- likewise, as is the next
  token_id uuid,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (account_id, execution_id),
  foreign key (account_id, order_id) references app.alpaca_orders (account_id, id) on delete cascade,
  -- If its bust or correction comes first, it has neither quantity nor price.
  check (state <> 'live' or qty is not null and price is not null),
  constraint fills_bounded check (app.is_amount(multiplier) and app.is_amount(qty) and app.is_amount(price))
);
comment on table app.fills is 'Executions of orders, one row each, including those that were taken back or corrected.';
create index fills_symbol_idx on app.fills (account_id, symbol, at, execution_id);
create index fills_newest_idx on app.fills (account_id, at desc, id desc);
create index fills_order_idx on app.fills (account_id, order_id);
create index fills_previous_idx on app.fills (account_id, previous_execution_id) where previous_execution_id is not null;
alter table app.fills enable row level security, force row level security,
  alter column account_id set statistics 0, alter column execution_id set statistics 0, alter column id set statistics 0,
  alter column order_id set statistics 0, alter column alpaca_order_id set statistics 0, alter column symbol set statistics 0,
  alter column qty set statistics 0, alter column price set statistics 0, alter column previous_execution_id set statistics 0,
  alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0, alter column sleeve_id set statistics 0,
  alter column submitted_by set statistics 0, alter column token_id set statistics 0;
create policy app_reads on app.fills for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.fills to paddock_app;
create policy worker_all on app.fills to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert, delete, update (qty, price, at, state, previous_execution_id) on app.fills to paddock_worker;
create policy report_reads on app.fills for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, execution_id, id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, state, source,
  orchestrator_agent_id, tag, sleeve_id, submitted_by, token_id) on app.fills to paddock_report;

-- What changes a position or costs something without a trade, by the broker's
-- activity ids. A split comes in two entries, and a fee may have a day and no time.
create table app.journal_adjustments (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  activity_id text collate "C" not null check (char_length(activity_id) between 1 and 255),
  kind text not null check (kind in ('SPLIT', 'FEE', 'CFEE', 'OPEXP', 'OPEXC', 'OPASN', 'OPTRD')),
  sub_type text,
  -- A pair of coins has no slash here. Null: nobody can tell which position it is of.
  symbol text,
  at timestamptz not null,
  day date not null,         -- the broker's, which is New York's
  qty numeric,
  price numeric,
  net_amount numeric not null default 0,
  group_id text,
  description text,
  canceled boolean not null default false,
  -- What the journal derived from it: a split turns old_parts into new_parts, and
  -- anything else has the agent, tag, sleeve, user and API token that it belongs to, if that is certain.
  old_parts numeric,
  new_parts numeric,
  split_of text collate "C",  -- the first entry of the split that this one belongs to
  orchestrator_agent_id text,
  tag text,
  sleeve_id uuid,
  attributed_to text,  -- the user
  token_id uuid,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (account_id, activity_id),
  constraint journal_adjustments_bounded check (app.is_amount(qty) and app.is_amount(price) and app.is_amount(net_amount)
    and app.is_amount(old_parts) and app.is_amount(new_parts))
);
comment on table app.journal_adjustments is 'What changes a position or costs something without a trade: splits, fees, and what becomes of options.';
create index journal_adjustments_symbol_idx on app.journal_adjustments (account_id, symbol, at, activity_id);
create index journal_adjustments_newest_idx on app.journal_adjustments (account_id, at desc);
alter table app.journal_adjustments enable row level security, force row level security,
  alter column account_id set statistics 0, alter column activity_id set statistics 0, alter column sub_type set statistics 0,
  alter column symbol set statistics 0, alter column day set statistics 0, alter column qty set statistics 0,
  alter column price set statistics 0, alter column net_amount set statistics 0, alter column group_id set statistics 0,
  alter column description set statistics 0, alter column old_parts set statistics 0, alter column new_parts set statistics 0,
  alter column split_of set statistics 0, alter column orchestrator_agent_id set statistics 0, alter column tag set statistics 0,
  alter column sleeve_id set statistics 0, alter column attributed_to set statistics 0, alter column token_id set statistics 0;
create policy app_reads on app.journal_adjustments for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.journal_adjustments to paddock_app;
create policy worker_all on app.journal_adjustments to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select,
  insert (account_id, activity_id, kind, sub_type, symbol, at, day, qty, price, net_amount, group_id, description, canceled),
  update (canceled, old_parts, new_parts, split_of, orchestrator_agent_id, tag, sleeve_id, attributed_to, token_id)
  on app.journal_adjustments to paddock_worker;
create policy report_reads on app.journal_adjustments for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, activity_id, kind, sub_type, symbol, at, day, qty, price, net_amount, description, canceled, old_parts, new_parts,
  split_of, orchestrator_agent_id, tag, sleeve_id, attributed_to, token_id) on app.journal_adjustments to paddock_report;

-- One row for each round trip and scope, from a position's opening to its close.
-- It has sums and no averages, because sums are exact. Notionals are quantity
-- times price, and a split does not change them.
create table app.trading_positions (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null,
  scope text not null check (scope in ('account', 'agent', 'tag', 'sleeve', 'user', 'token')),
  scope_value text not null check ((scope = 'account') = (scope_value = '')),
  symbol text not null,
  asset_class text not null,
  multiplier numeric not null,
  direction text not null check (direction in ('long', 'short')),
  opened_at timestamptz not null,
  opened_id text collate "C" not null,
  -- How much of the execution that opened it belongs to this trip. The rest closed
  -- the trip before.
  opening_qty numeric not null check (opening_qty > 0),
  last_at timestamptz not null,
  last_id text collate "C" not null,
  closed_at timestamptz,
  entry_qty numeric not null check (entry_qty > 0),
  entry_notional numeric not null,
  exit_qty numeric not null check (exit_qty between 0 and entry_qty),
  exit_notional numeric not null,
  held_cost numeric not null,  -- the part of entry_notional that is still held
  max_qty numeric not null,
  fees numeric not null,
  fills integer not null,
  -- Before fees.
  realized_pl numeric not null generated always as
    (multiplier * case direction when 'long' then exit_notional - entry_notional + held_cost else entry_notional - held_cost - exit_notional end) stored,
  primary key (account_id, id),
  check ((closed_at is null) = (exit_qty < entry_qty)),
  check (closed_at is null or held_cost = 0),
  constraint trading_positions_bounded check (app.are_amounts(array[multiplier, opening_qty, entry_qty, entry_notional, exit_qty, exit_notional,
    held_cost, max_qty, fees, realized_pl]))
);
comment on table app.trading_positions is 'Round trips, from a position''s opening to its close: of the account as a whole, and of each agent, tag, sleeve, user and API token.';
create unique index trading_positions_open_idx on app.trading_positions (account_id, scope, scope_value, symbol) where closed_at is null;
create index trading_positions_opened_idx on app.trading_positions (account_id, scope, opened_at desc, id desc);
create index trading_positions_value_idx on app.trading_positions (account_id, scope, scope_value, opened_at desc, id desc) where scope <> 'account';
create index trading_positions_closed_idx on app.trading_positions (account_id, closed_at desc) where closed_at is not null; -- for reports
create index trading_positions_place_idx on app.trading_positions (account_id, symbol, scope, scope_value, last_at, last_id);
alter table app.trading_positions enable row level security, force row level security,
  alter column account_id set statistics 0, alter column id set statistics 0, alter column scope_value set statistics 0,
  alter column symbol set statistics 0, alter column opened_id set statistics 0, alter column opening_qty set statistics 0,
  alter column last_id set statistics 0, alter column entry_qty set statistics 0, alter column entry_notional set statistics 0,
  alter column exit_qty set statistics 0, alter column exit_notional set statistics 0, alter column held_cost set statistics 0,
  alter column max_qty set statistics 0, alter column fees set statistics 0, alter column realized_pl set statistics 0;
create policy app_reads on app.trading_positions for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.trading_positions to paddock_app;
create policy worker_all on app.trading_positions to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert, delete, update (last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost,
  max_qty, fees, fills) on app.trading_positions to paddock_worker;
create policy report_reads on app.trading_positions for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, closed_at, entry_qty,
  entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills, realized_pl) on app.trading_positions to paddock_report;

-- Where the journal and the broker hold different quantities: no profit is shown
-- of the round trips that were open then, or came later.
create table app.journal_gaps (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  journal_qty numeric not null,
  broker_qty numeric not null check (broker_qty <> journal_qty),
  trips_since timestamptz not null,
  logged_gap numeric, -- the difference that an event was last appended for
  since timestamptz not null default clock_timestamp(),
  primary key (account_id, symbol),
  constraint journal_gaps_bounded check (app.is_amount(journal_qty) and app.is_amount(broker_qty) and app.is_amount(logged_gap))
);
comment on table app.journal_gaps is 'Where the journal and the broker hold different quantities, since when, and from which round trips on no profit is shown.';
alter table app.journal_gaps enable row level security, force row level security,
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column journal_qty set statistics 0,
  alter column broker_qty set statistics 0, alter column logged_gap set statistics 0;
create policy app_reads on app.journal_gaps for select to paddock_app
  using (account_id = (select private.account_id('read')));
grant select on app.journal_gaps to paddock_app;
create policy worker_all on app.journal_gaps to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert (account_id, symbol, journal_qty, broker_qty, trips_since, logged_gap), delete,
  update (journal_qty, broker_qty, trips_since, logged_gap) on app.journal_gaps to paddock_worker;
create policy report_reads on app.journal_gaps for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select (account_id, symbol, journal_qty, broker_qty, trips_since, since) on app.journal_gaps to paddock_report;

-- Symbols whose executions were imported, and whose round trips are computed again
-- afterwards, a part at a time, since a symbol may have a hundred thousand.
create table app.round_trips_due (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  since timestamptz not null,       -- the earliest execution that is new
  -- The execution to go on with; null: it has not begun, and the round trips are as
  -- they were.
  reached_at timestamptz,
  reached_id text collate "C",
  primary key (account_id, symbol),
  check ((reached_at is null) = (reached_id is null))
);
comment on table app.round_trips_due is 'Symbols whose round trips are to be computed again after an import of executions, and how far that is.';
alter table app.round_trips_due enable row level security, force row level security,
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column reached_id set statistics 0;
create policy worker_all on app.round_trips_due to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert (account_id, symbol, since), update (since, reached_at, reached_id), delete on app.round_trips_due to paddock_worker;
-- Orders of sleeves wait for them (app.check_sleeve).
create policy app_reads on app.round_trips_due for select to paddock_app using (account_id = (select private.account_id()));
grant select (account_id) on app.round_trips_due to paddock_app;

create trigger note_change after insert or update or delete on app.fills for each row execute function private.note_change();
create trigger note_change after insert or update or delete on app.trading_positions for each row execute function private.note_change();
create trigger note_change after insert or update or delete on app.journal_gaps for each row execute function private.note_change();

{{ template "func/009/asset_class.sql" . }}
{{ template "func/009/multiplier.sql" . }}
{{ template "func/009/match_stream_fill.sql" . }}
{{ template "func/009/update_fills_totals.sql" . }}
{{ template "func/009/record_execution.sql" . }}
{{ template "func/009/match_listed_fills.sql" . }}
{{ template "func/009/replace_fills.sql" . }}
{{ template "func/009/activity_time.sql" . }}
{{ template "func/009/attribute_adjustment.sql" . }}
{{ template "func/009/pair_splits.sql" . }}
{{ template "func/009/record_adjustments.sql" . }}
{{ template "func/009/write_trading_position.sql" . }}
{{ template "func/009/recompute_scope_round_trips.sql" . }}
{{ template "func/009/recompute_scopes.sql" . }}
{{ template "func/009/recompute_round_trips.sql" . }}
{{ template "func/009/recompute_exercised.sql" . }}
{{ template "func/009/continue_round_trips.sql" . }}
{{ template "func/009/find_journal_gaps.sql" . }}
{{ template "func/009/record_journal_gaps.sql" . }}
grant execute on function app.asset_class, app.multiplier, app.match_stream_fill, app.update_fills_totals, app.record_execution,
  app.match_listed_fills, app.replace_fills, app.activity_time, app.attribute_adjustment, app.pair_splits, app.record_adjustments,
  app.write_trading_position, app.recompute_scope_round_trips, app.recompute_scopes, app.recompute_round_trips, app.recompute_exercised, app.continue_round_trips,
  app.find_journal_gaps, app.record_journal_gaps to paddock_worker;

reset role;

---- create above / drop below ----

set local role paddock_owner;
drop function app.record_journal_gaps, app.find_journal_gaps, app.continue_round_trips, app.recompute_exercised, app.recompute_round_trips, app.recompute_scopes,
  app.recompute_scope_round_trips,
  app.write_trading_position, app.record_adjustments, app.pair_splits, app.attribute_adjustment, app.activity_time,
  app.replace_fills, app.match_listed_fills, app.record_execution, app.update_fills_totals, app.match_stream_fill, app.multiplier, app.asset_class;
drop table app.round_trips_due, app.journal_gaps, app.trading_positions, app.journal_adjustments, app.fills;
reset role;
