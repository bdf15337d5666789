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
  asked_by text,  -- null: Paddock itself, for a repair
  idempotency_key text check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea,
  cancel_orders boolean not null default false,
  liquidate boolean not null default false check (cancel_orders or not liquidate),
  suspend_trade boolean,  -- how Alpaca's own switch is set in the end; null leaves it
  -- Intents whose answer was missing when it began.
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

-- What a request that sends several orders was answered, for its retry.
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
grant select, insert (account_id, asked_by, idempotency_key, request_hash, cancel_orders, liquidate, suspend_trade, on_their_way, state, needs_keys, message, ended_at),
  update (state, needs_keys, message, updated_at, ended_at) on app.wind_downs to paddock_gate;
create policy worker_all on app.wind_downs to paddock_worker
  using (account_id = (select private.account_id('work')))
  with check (account_id = (select private.account_id('work')));
grant select, insert (account_id, repair_symbol, repair_qty), update (state, message, remaining, canceled_at, updated_at, ended_at)
  on app.wind_downs to paddock_worker;

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
grant execute on function app.record_refusal(uuid, uuid, text, text, integer, text) to paddock_app, paddock_worker;
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
drop function private.running_wind_downs(uuid);
drop function private.set_switch(text, text, boolean, boolean, boolean, text, bytea);
{{ template "func/old/set_switch_1.sql" . }}
{{ template "func/old/set_guards_1.sql" . }}
grant execute on function private.set_switch(text, text) to paddock_app;
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
drop trigger guard_new on app.exercises;
drop function app.record_refusal(uuid, uuid, text, text, integer, text);
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
