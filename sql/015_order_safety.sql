-- What comes in is taken in one form, and an order is over in one sense.

set local role paddock_owner;

{{ template "func/order_symbol.sql" . }}
grant execute on function app.order_symbol(text) to paddock_app, paddock_worker, paddock_gate;

-- The owner is held by RLS too, but for this.
alter table app.account_guards no force row level security;
update app.account_guards g
  set allowed_symbols = (select array_agg(app.order_symbol(s) order by n) from unnest(g.allowed_symbols) with ordinality a (s, n))
  where array_length(g.allowed_symbols, 1) > 0;
alter table app.account_guards force row level security;

{{ template "func/is_ended.sql" . }}
grant execute on function app.is_ended(text) to paddock_app, paddock_worker, paddock_gate;
drop index app.alpaca_orders_open_idx, app.alpaca_orders_unended_idx;
revoke select (is_open) on app.alpaca_orders from paddock_gate;
alter table app.alpaca_orders drop column is_open;
alter table app.alpaca_orders add column is_open boolean not null generated always as (not app.is_ended(status)) stored;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol) where not app.is_ended(status);
grant select (is_open) on app.alpaca_orders to paddock_gate;
{{ template "func/opposing_orders.sql" . }}

-- What the broker says beyond our columns, kept beside its whole answer so that
-- a list need not read that.
{{ template "func/order_others.sql" . }}
grant execute on function app.order_others(jsonb) to paddock_app, paddock_worker, paddock_gate;
alter table app.alpaca_orders add column others jsonb not null generated always as (app.order_others(broker_order)) stored;
-- What else a refusal of the broker's says, for its retry.
alter table app.alpaca_orders add column broker_refusal jsonb check (jsonb_typeof(broker_refusal) = 'object');
alter table app.alpaca_orders alter column others set statistics 0, alter column broker_refusal set statistics 0;
grant update (broker_refusal) on app.alpaca_orders to paddock_app, paddock_worker;
{{ template "func/order_json.sql" . }}
{{ template "func/old/orders_as_told_2.sql" . }}

reset role;

-- Nothing may block a revocation: no transaction that changes something rings.

set local role paddock_owner;
drop trigger access_changed on app.account_grants;
drop trigger access_shortened on auth.session;
drop trigger access_changed on auth.session;
drop trigger ring_for_others on app.account_events;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.access_changed();
drop function private.ring_for_others();
drop function private.ring(uuid[]);
{{ template "func/ring.sql" . }}
grant execute on function private.ring(uuid[]) to paddock_worker;
{{ template "func/admit.sql" . }}
{{ template "func/admit_worker.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

-- A split comes in two entries, and a fee may have a day and no time.
set local role paddock_owner;
alter table app.journal_adjustments
  add column sub_type text,
  add column day date,         -- the broker's, which is New York's
  add column split_of text collate "C";  -- of a split's entries, the first of the same split
alter table app.journal_adjustments no force row level security;
update app.journal_adjustments set day = (at at time zone 'America/New_York')::date,
  split_of = case when kind = 'SPLIT' and not canceled then (select min(g.activity_id) from app.journal_adjustments g
    where g.account_id = journal_adjustments.account_id and g.symbol = journal_adjustments.symbol and g.kind = 'SPLIT' and not g.canceled
      and g.at = journal_adjustments.at and g.group_id is not distinct from journal_adjustments.group_id) end;
alter table app.journal_adjustments force row level security;
alter table app.journal_adjustments alter column day set not null,
  alter column sub_type set statistics 0, alter column day set statistics 0, alter column split_of set statistics 0;
grant update (split_of) on app.journal_adjustments to paddock_worker;
{{ template "func/activity_at.sql" . }}
{{ template "func/pair_splits.sql" . }}
{{ template "func/rejournal_scope.sql" . }}
{{ template "func/record_adjustments.sql" . }}
grant execute on function app.activity_at(jsonb), app.pair_splits(uuid, text) to paddock_worker;

-- Where the journal and the broker hold different quantities: no profit is shown
-- of the round trips that were open then, or came later.
create table app.journal_gaps (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  symbol text not null,
  journal_qty numeric not null,
  broker_qty numeric not null check (broker_qty <> journal_qty),
  trips_since timestamptz not null,
  told_gap numeric, -- the difference that the account's log was told of
  since timestamptz not null default clock_timestamp(),
  primary key (account_id, symbol)
);
alter table app.journal_gaps
  alter column account_id set statistics 0, alter column symbol set statistics 0, alter column journal_qty set statistics 0,
  alter column broker_qty set statistics 0, alter column told_gap set statistics 0;
alter table app.journal_gaps enable row level security, force row level security;
create policy app_reads on app.journal_gaps for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.journal_gaps to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
create policy report_reads on app.journal_gaps for select to paddock_report
  using (account_id = any ((select private.report_accounts())::uuid[]));
grant select on app.journal_gaps to paddock_app;
grant select, insert, delete, update (journal_qty, broker_qty, trips_since, told_gap) on app.journal_gaps to paddock_worker;
grant select (account_id, symbol, journal_qty, broker_qty, trips_since, since) on app.journal_gaps to paddock_report;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard', 'journal'));
{{ template "func/journal_against_mirror.sql" . }}
{{ template "func/compare_journal.sql" . }}
grant execute on function app.journal_against_mirror(uuid), app.compare_journal(uuid) to paddock_worker;
create or replace view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select t.account_id, t.id as trading_position_id, t.scope, nullif(t.scope_value, '') as scope_value, t.symbol, t.asset_class, t.multiplier,
    t.direction, t.opened_at, t.closed_at, t.entry_qty - t.exit_qty as qty, t.max_qty, t.entry_qty, t.entry_notional, t.exit_qty,
    t.exit_notional, t.held_cost, t.fills, t.entry_notional / t.entry_qty as avg_entry_price,
    t.exit_notional / nullif(t.exit_qty, 0) as avg_exit_price, t.held_cost / nullif(t.entry_qty - t.exit_qty, 0) as avg_held_price,
    case when g.symbol is null then t.realized_pl end as realized_pl, t.fees,
    case when g.symbol is null then t.realized_pl - t.fees end as net_pl, g.symbol is null as complete
  from app.trading_positions t
  left join app.journal_gaps g on g.account_id = t.account_id and g.symbol = t.symbol and coalesce(t.closed_at, 'infinity') >= g.trips_since;
create view report.journal_gaps with (security_invoker = true, security_barrier = true) as
  select account_id, symbol, journal_qty, broker_qty, trips_since, since from app.journal_gaps;
grant select on report.journal_gaps to paddock_report;
reset role;

-- Forgetting an account or its keys asks what becomes of its open orders.
set local role paddock_owner;
grant select (id, client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders to paddock_gate;
revoke delete on app.user_accounts from paddock_app;
drop policy app_deletes on app.user_accounts;
grant delete on app.user_accounts to paddock_gate;
reset role;
grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials();
{{ template "func/orders_in_the_way.sql" . }}
{{ template "func/delete_account.sql" . }}
{{ template "func/delete_credentials.sql" . }}
grant execute on function private.delete_account(text), private.delete_credentials(text) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

-- Items of the broker's that are not in its documented form are kept as they
-- came, and take no others with them; and why a reconciliation failed.

set local role paddock_owner;

create table app.odd_items (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  what text not null check (what in ('order', 'position', 'activity', 'update')),
  -- The broker's id, or a position's symbol; md5: and a digest where it has none.
  item_id text not null check (char_length(item_id) between 1 and 200),
  why text not null check (char_length(why) <= 2000),  -- which fields, and what they hold instead
  said text not null,                                  -- the item as it came
  unread boolean not null,                             -- nothing of it could be used
  -- It is an order that may still be filled, or a position, and how much of what
  -- cannot be told.
  uncounted boolean not null,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  primary key (account_id, what, item_id)
);
alter table app.odd_items
  alter column account_id set statistics 0, alter column item_id set statistics 0, alter column why set statistics 0, alter column said set statistics 0;
alter table app.odd_items enable row level security, force row level security;
create policy app_reads on app.odd_items for select to paddock_app
  using (account_id = (select private.account_id('read')));
create policy worker_all on app.odd_items to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select on app.odd_items to paddock_app;
grant select, delete, insert (account_id, what, item_id, why, said, unread, uncounted), update (why, said, unread, uncounted, last_at)
  on app.odd_items to paddock_worker;

alter table app.stream_cursors
  add column sync_error text check (char_length(sync_error) <= 500),  -- why the last reconciliation failed; null when it did not
  add column sync_error_at timestamptz,
  -- When the newest order was submitted that has been listed, by the broker's
  -- clock: from there on the next reconciliation lists.
  add column newest_order_at timestamptz,
  add check ((sync_error is null) = (sync_error_at is null));

{{ template "func/note_odd_items.sql" . }}
{{ template "func/uncounted.sql" . }}
{{ template "func/take_order.sql" . }}
{{ template "func/read_position.sql" . }}
{{ template "func/old/record_positions_4.sql" . }}
grant execute on function app.note_odd_items(uuid, text, jsonb, text[], boolean), app.take_order(uuid, text, text, timestamptz, interval) to paddock_worker;
grant execute on function app.uncounted(uuid), app.read_position(uuid, jsonb, timestamptz) to paddock_app, paddock_worker;

reset role;

-- A closing only closes, and a halt comes to an end. Orders that may only reduce
-- a position, wind-downs of whole accounts, exercises under the guards, and
-- answers that a retry is given again.

set local role paddock_owner;

alter table app.alpaca_orders
  -- It may only make a position smaller: app.closing_verdict decides.
  add column reduce_only boolean not null default false,
  -- The wind-down that it is a closing of.
  add column wind_down_id uuid,
  add constraint alpaca_orders_wind_down_reduces check (reduce_only or wind_down_id is null);
create index alpaca_orders_closings_idx on app.alpaca_orders (account_id, symbol, (coalesce(filled_at, broker_updated_at)) desc) where reduce_only and filled_qty > 0;
create index alpaca_orders_wind_down_idx on app.alpaca_orders (account_id, wind_down_id) where wind_down_id is not null;
alter table app.alpaca_orders alter column wind_down_id set statistics 0;
grant insert (reduce_only) on app.alpaca_orders to paddock_app;
grant insert (id, request_hash, request, reduce_only, wind_down_id) on app.alpaca_orders to paddock_worker;
grant select (id, reduce_only) on app.alpaca_orders to paddock_gate;

-- A closing can trade more than is left where something fills at the broker
-- between the look and the order. With this, what it opened is bought back.
alter table app.account_guards add column buy_back_overshoot boolean not null default false;
grant insert (buy_back_overshoot), update (buy_back_overshoot) on app.account_guards to paddock_gate;

-- What is left to do after the switch was turned: open orders to cancel,
-- positions to close. The stream's holder does it, under its lease, until
-- nothing is left or a person is told what is, and why.
create table app.wind_downs (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  asked_by text,  -- null: Paddock itself, for a repair or an order that appeared late
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea,
  cancel_orders boolean not null default false,
  liquidate boolean not null default false check (cancel_orders or not liquidate),
  suspend_trade boolean,  -- how Alpaca's own switch is set in the end; null leaves it
  -- Intents whose answer was missing when it began, and that appeared after.
  on_their_way uuid[] not null default '{}',
  -- What a closing overshot and is to be traded back: below 0 where it is short.
  repair_symbol text,
  repair_qty numeric check (repair_qty <> 0),
  -- stuck: a person must act. superseded: another turn of the switch ended it.
  state text not null default 'running' check (state in ('running', 'done', 'stuck', 'superseded')),
  needs_keys boolean not null default false,  -- it is stuck for want of working keys
  message text check (char_length(message) <= 1000),
  -- orders and on_their_way (counts), positions (symbol, qty, and why it is left)
  remaining jsonb not null default '{}' check (jsonb_typeof(remaining) = 'object'),
  canceled_at timestamptz,  -- when all orders were canceled by one call
  asked_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (account_id, id),
  unique (account_id, idempotency_key),
  check ((repair_symbol is null) = (repair_qty is null)),
  check ((state = 'running') = (ended_at is null))
);
create unique index wind_downs_running_idx on app.wind_downs (account_id) where state = 'running' and repair_symbol is null;
create index wind_downs_newest_idx on app.wind_downs (account_id, asked_at desc);
alter table app.alpaca_orders add foreign key (account_id, wind_down_id) references app.wind_downs (account_id, id);

-- The exercise of an option, as it was asked for: it opens shares, so it is
-- counted with the orders while the contracts are held.
create table app.exercises (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  contract text not null,
  symbol text not null,                                  -- of the underlying
  side text not null check (side in ('buy', 'sell')),    -- a call buys the shares, a put sells them
  qty numeric not null check (qty > 0),                  -- shares
  price numeric not null check (price > 0),              -- the strike
  reference_price numeric,                               -- the market's
  state text not null default 'asked' check (state in ('asked', 'accepted', 'refused')),
  asked_by text not null,
  requested_at timestamptz not null default clock_timestamp(),
  primary key (account_id, id)
);
create index exercises_symbol_idx on app.exercises (account_id, symbol, requested_at);

-- What a request that sends several orders was answered, for its retry; and the
-- keys of turns of the switch.
create table app.kept_answers (
  account_id uuid not null references app.user_accounts (id) on delete cascade,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea not null,
  answer jsonb,  -- null while it is under way, or where its server ended
  asked_by text not null,
  asked_at timestamptz not null default clock_timestamp(),
  primary key (account_id, idempotency_key)
);

alter table app.wind_downs
  alter column account_id set statistics 0, alter column id set statistics 0, alter column asked_by set statistics 0,
  alter column idempotency_key set statistics 0, alter column request_hash set statistics 0, alter column on_their_way set statistics 0,
  alter column repair_symbol set statistics 0, alter column repair_qty set statistics 0, alter column message set statistics 0,
  alter column remaining set statistics 0;
alter table app.exercises
  alter column account_id set statistics 0, alter column id set statistics 0, alter column contract set statistics 0,
  alter column symbol set statistics 0, alter column qty set statistics 0, alter column price set statistics 0,
  alter column reference_price set statistics 0, alter column asked_by set statistics 0;
alter table app.kept_answers
  alter column account_id set statistics 0, alter column idempotency_key set statistics 0, alter column request_hash set statistics 0,
  alter column answer set statistics 0, alter column asked_by set statistics 0;

alter table app.wind_downs   enable row level security, force row level security;
alter table app.exercises    enable row level security, force row level security;
alter table app.kept_answers enable row level security, force row level security;

-- Whoever is admitted sees wind-downs, as they see the guards; the door of the
-- switch begins one, and the worker carries it on.
create policy app_reads on app.wind_downs for select to paddock_app using (account_id = (select private.account_id()));
grant select on app.wind_downs to paddock_app;
create policy gate_all on app.wind_downs to paddock_gate using (true) with check (true);
grant select, insert (account_id, asked_by, idempotency_key, request_hash, cancel_orders, liquidate, suspend_trade, on_their_way, state, needs_keys, message, ended_at,
    repair_symbol, repair_qty),
  update (state, needs_keys, message, on_their_way, updated_at, ended_at) on app.wind_downs to paddock_gate;
create policy worker_all on app.wind_downs to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, update (state, message, remaining, canceled_at, updated_at, ended_at) on app.wind_downs to paddock_worker;

create policy app_reads on app.exercises for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.exercises for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and asked_by = (select private.user_id()));
create policy app_updates on app.exercises for update to paddock_app
  using (account_id = (select private.account_id('cancel')))
  with check (account_id = (select private.account_id('cancel')));
grant select, insert (account_id, id, contract, symbol, side, qty, price, reference_price, asked_by), update (state) on app.exercises to paddock_app;
create policy worker_reads on app.exercises for select to paddock_worker using (account_id = (select private.account_id('work')));
grant select on app.exercises to paddock_worker;

create policy app_reads on app.kept_answers for select to paddock_app using (account_id = (select private.account_id('read')));
create policy app_inserts on app.kept_answers for insert to paddock_app
  with check (account_id = (select private.account_id('trade')) and asked_by = (select private.user_id()));
create policy app_updates on app.kept_answers for update to paddock_app
  using (account_id = (select private.account_id('cancel')) and answer is null)
  with check (account_id = (select private.account_id('cancel')));
-- A request that ended before it did anything may be made again.
create policy app_deletes on app.kept_answers for delete to paddock_app
  using (account_id = (select private.account_id('cancel')) and answer is null);
grant select, insert (account_id, idempotency_key, request_hash, asked_by), update (answer), delete on app.kept_answers to paddock_app;
create policy gate_all on app.kept_answers to paddock_gate using (true) with check (true);
grant select, insert (account_id, idempotency_key, request_hash, asked_by) on app.kept_answers to paddock_gate;

-- The worker's closings pass the guards as everybody's orders do.
create policy worker_reads on app.account_guards for select to paddock_worker using (account_id = (select private.account_id('work')));
grant select on app.account_guards to paddock_worker;

drop function app.open_quantities(uuid, text, uuid);
{{ template "func/multi_leg_legs.sql" . }}
{{ template "func/order_lines.sql" . }}
{{ template "func/orders_made_by.sql" . }}
{{ template "func/open_quantities.sql" . }}
{{ template "func/closable.sql" . }}
{{ template "func/closing_verdict.sql" . }}
{{ template "func/order_verdict.sql" . }}
{{ template "func/guard_order.sql" . }}
{{ template "func/guard_exercise.sql" . }}
{{ template "func/wind_down_json.sql" . }}
{{ template "func/guards_json.sql" . }}
{{ template "func/closings_to_make.sql" . }}
{{ template "func/make_closing.sql" . }}
{{ template "func/wind_down_progress.sql" . }}
{{ template "func/record_refusal.sql" . }}
{{ template "func/note_overshoot.sql" . }}
{{ template "func/find_overshoot.sql" . }}
{{ template "func/place_of_order.sql" . }}
{{ template "func/is_unanswered.sql" . }}
{{ template "func/halted_because.sql" . }}
{{ template "func/on_their_way.sql" . }}
grant execute on function app.place_of_order(uuid, uuid), app.is_unanswered(uuid), app.halted_because(uuid) to paddock_app;
grant execute on function app.on_their_way(uuid, uuid) to paddock_worker;
grant execute on function app.note_overshoot(app.alpaca_orders, numeric), app.find_overshoot(app.alpaca_orders, numeric) to paddock_app, paddock_worker;
grant execute on function app.record_refusal(uuid, uuid, text, text, integer, text, jsonb) to paddock_app, paddock_worker;
grant execute on function app.multi_leg_legs(app.alpaca_orders), app.open_quantities(uuid, text, uuid, numeric, boolean),
  app.closable(uuid, text, text, boolean, uuid), app.closing_verdict(app.alpaca_orders) to paddock_app, paddock_worker;
grant execute on function app.order_lines(app.alpaca_orders), app.underlying(text), app.violation(text, text, text, text),
  app.held_quantity(uuid, text) to paddock_worker;
grant execute on function app.wind_down_json(app.wind_downs) to paddock_app, paddock_worker, paddock_gate;
grant execute on function app.rfc3339(timestamptz) to paddock_gate;
grant execute on function app.closings_to_make(uuid, uuid), app.make_closing(uuid, uuid, text, text, numeric),
  app.wind_down_progress(uuid, uuid, text, text, jsonb) to paddock_worker;
create trigger guard_new before insert on app.exercises for each row execute function app.guard_exercise();
reset role;

grant create on schema private to paddock_gate;
grant usage on schema app to paddock_gate;
set local role paddock_gate;
drop function private.set_switch(text, text);
{{ template "func/set_switch.sql" . }}
{{ template "func/set_guards.sql" . }}
{{ template "func/running_wind_downs.sql" . }}
{{ template "func/begin_repair.sql" . }}
{{ template "func/cancel_late.sql" . }}
grant execute on function private.begin_repair(text, numeric), private.cancel_late(uuid) to paddock_app, paddock_worker;
{{ template "func/wind_downs_need_keys.sql" . }}
grant execute on function private.set_switch(text, text, boolean, boolean, boolean, text, bytea) to paddock_app;
grant execute on function private.running_wind_downs(uuid) to paddock_worker;
grant execute on function private.wind_downs_need_keys() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger wind_downs_need_keys after insert or update of rejected_at, generation or delete on private.user_credentials
  for each row execute function private.wind_downs_need_keys();
reset role;

---- create above / drop below ----

set local role paddock_owner;
drop trigger wind_downs_need_keys on private.user_credentials;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.wind_downs_need_keys();
drop function private.begin_repair(text, numeric);
drop function private.cancel_late(uuid);
drop function private.running_wind_downs(uuid);
drop function private.set_switch(text, text, boolean, boolean, boolean, text, bytea);
{{ template "func/old/set_switch_1.sql" . }}
{{ template "func/old/set_guards_1.sql" . }}
grant execute on function private.set_switch(text, text) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
drop trigger guard_new on app.exercises;
drop function app.on_their_way(uuid, uuid);
drop function app.halted_because(uuid);
drop function app.is_unanswered(uuid);
drop function app.place_of_order(uuid, uuid);
drop function app.find_overshoot(app.alpaca_orders, numeric);
drop function app.note_overshoot(app.alpaca_orders, numeric);
drop function app.record_refusal(uuid, uuid, text, text, integer, text, jsonb);
drop function app.wind_down_progress(uuid, uuid, text, text, jsonb);
drop function app.make_closing(uuid, uuid, text, text, numeric);
drop function app.closings_to_make(uuid, uuid);
drop function app.guard_exercise();
{{ template "func/old/guards_json_1.sql" . }}
drop function app.wind_down_json(app.wind_downs);
{{ template "func/old/guard_order_1.sql" . }}
{{ template "func/old/order_verdict_1.sql" . }}
drop function app.closing_verdict(app.alpaca_orders);
drop function app.closable(uuid, text, text, boolean, uuid);
drop function app.open_quantities(uuid, text, uuid, numeric, boolean);
{{ template "func/old/orders_made_by_1.sql" . }}
{{ template "func/old/order_lines_1.sql" . }}
drop function app.multi_leg_legs(app.alpaca_orders);
{{ template "func/old/open_quantities_1.sql" . }}
grant execute on function app.open_quantities(uuid, text, uuid) to paddock_app;
revoke execute on function app.order_lines(app.alpaca_orders), app.underlying(text), app.violation(text, text, text, text),
  app.held_quantity(uuid, text) from paddock_worker;
revoke execute on function app.rfc3339(timestamptz) from paddock_gate;
revoke select on app.account_guards from paddock_worker;
drop policy worker_reads on app.account_guards;
alter table app.account_guards drop column buy_back_overshoot;
alter table app.alpaca_orders drop column wind_down_id, drop column reduce_only;
drop table app.kept_answers, app.exercises, app.wind_downs;
revoke insert (id, request_hash, request) on app.alpaca_orders from paddock_worker;
revoke select (id) on app.alpaca_orders from paddock_gate;
-- The log keeps its numbers, without gaps.
reset role;

set local role paddock_owner;
{{ template "func/old/record_positions_3.sql" . }}
drop function app.read_position(uuid, jsonb, timestamptz);
drop function app.take_order(uuid, text, text, timestamptz, interval);
drop function app.uncounted(uuid);
drop function app.note_odd_items(uuid, text, jsonb, text[], boolean);
alter table app.stream_cursors drop column sync_error, drop column sync_error_at, drop column newest_order_at;
drop table app.odd_items;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
drop function private.delete_credentials(text);
drop function private.delete_account(text);
drop function private.orders_in_the_way(uuid, text);
{{ template "func/old/delete_credentials_1.sql" . }}
grant execute on function private.delete_credentials() to paddock_app;
reset role;
revoke create on schema private from paddock_gate;
set local role paddock_owner;
revoke delete on app.user_accounts from paddock_gate;
create policy app_deletes on app.user_accounts for delete to paddock_app
  using (id = (select private.account_id('manage')));
grant delete on app.user_accounts to paddock_app;
revoke select (id, client_order_id, symbol, side, type, qty, notional, status) on app.alpaca_orders from paddock_gate;
reset role;

set local role paddock_owner;
drop view report.journal_gaps, report.trading_positions;
create view report.trading_positions with (security_invoker = true, security_barrier = true) as
  select account_id, id as trading_position_id, scope, nullif(scope_value, '') as scope_value, symbol, asset_class, multiplier, direction,
    opened_at, closed_at, entry_qty - exit_qty as qty, max_qty, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, fills,
    entry_notional / entry_qty as avg_entry_price, exit_notional / nullif(exit_qty, 0) as avg_exit_price,
    held_cost / nullif(entry_qty - exit_qty, 0) as avg_held_price, realized_pl, fees, realized_pl - fees as net_pl
  from app.trading_positions;
grant select on report.trading_positions to paddock_report;
drop function app.compare_journal(uuid);
drop function app.journal_against_mirror(uuid);
drop table app.journal_gaps;
-- The log keeps its numbers, without gaps.
alter table app.account_events no force row level security;
update app.account_events set kind = 'account' where kind = 'journal';
alter table app.account_events force row level security;
alter table app.account_events drop constraint account_events_kind_check;
alter table app.account_events add constraint account_events_kind_check
  check (kind in ('order', 'position', 'agent_log', 'account', 'credentials', 'guard'));
{{ template "func/old/record_adjustments_1.sql" . }}
{{ template "func/old/rejournal_scope_1.sql" . }}
drop function app.pair_splits(uuid, text);
drop function app.activity_at(jsonb);
alter table app.journal_adjustments drop column split_of, drop column day, drop column sub_type;
reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/admit_worker_1.sql" . }}
{{ template "func/old/admit_1.sql" . }}
drop function private.ring(uuid[]);
{{ template "func/old/ring_2.sql" . }}
grant execute on function private.ring(uuid[]) to paddock_app, paddock_worker;
{{ template "func/old/ring_for_others_1.sql" . }}
{{ template "func/old/access_changed_1.sql" . }}
grant execute on function private.ring_for_others(), private.access_changed() to paddock_owner;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
create trigger ring_for_others after insert on app.account_events
  for each statement execute function private.ring_for_others();
create trigger access_changed after delete on auth.session
  for each row execute function private.access_changed();
create trigger access_shortened after update on auth.session
  for each row when (new."expiresAt" < old."expiresAt" or new.token <> old.token) execute function private.access_changed();
create trigger access_changed after update or delete on app.account_grants
  for each row execute function private.access_changed();
reset role;

set local role paddock_owner;
{{ template "func/old/orders_as_told_1.sql" . }}
{{ template "func/old/order_json_2.sql" . }}
revoke update (broker_refusal) on app.alpaca_orders from paddock_app, paddock_worker;
alter table app.alpaca_orders drop column others, drop column broker_refusal;
drop function app.order_others(jsonb);
{{ template "func/old/opposing_orders_1.sql" . }}
drop index app.alpaca_orders_open_idx, app.alpaca_orders_unended_idx;
revoke select (is_open) on app.alpaca_orders from paddock_gate;
alter table app.alpaca_orders drop column is_open;
alter table app.alpaca_orders add column is_open boolean not null generated always as (
  status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'unknown')) stored;
create index alpaca_orders_open_idx on app.alpaca_orders (account_id, created_at desc, id desc) where is_open;
create index alpaca_orders_unended_idx on app.alpaca_orders (account_id, symbol)
  where status not in ('filled', 'canceled', 'expired', 'rejected', 'replaced');
grant select (is_open) on app.alpaca_orders to paddock_gate;
drop function app.is_ended(text);
drop function app.order_symbol(text);
reset role;
